#include "ops/nn/layers.h"

#include <string.h>

#define ENTRY(name) &name,
static const at_layer *const all[] = {AT_LAYERS(ENTRY)};
#undef ENTRY

enum { ALL = sizeof all / sizeof *all };

const at_layer *at_layer_at(size_t index) {
    return index < ALL ? all[index] : NULL;
}

const at_layer *at_layer_named(const char *name) {
    for (size_t i = 0; i < ALL; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}

void at_clear_plane(const at_blocked *map, int32_t n, int32_t block) {
    at_view plane = at_plane(map, n, block);
    for (int32_t i = 0; i < map->h; i++)
        memset(plane.data + (size_t)i * plane.row, 0,
               (size_t)map->w * map->pixel * sizeof(float));
}

void at_each_plane(const at_layer_call *call, const at_blocked *to, int part,
                   void (*each)(const at_layer_call *call, int32_t n, int32_t block)) {
    int32_t blocks = at_blocks(to->c), count = call->batch->count;
    int parts = call->node->parts;
    size_t planes = (size_t)count * (size_t)blocks;
    size_t end = at_share(planes, part + 1, parts);
    for (size_t i = at_share(planes, part, parts); i < end; i++)
        each(call, (int32_t)(i / (size_t)blocks), (int32_t)(i % (size_t)blocks));
    if (!call->node->training || !to->data)
        return;
    size_t rest = (size_t)(to->n - count) * (size_t)blocks;
    end = at_share(rest, part + 1, parts);
    for (size_t i = at_share(rest, part, parts); i < end; i++)
        at_clear_plane(to, count + (int32_t)(i / (size_t)blocks),
                       (int32_t)(i % (size_t)blocks));
}
