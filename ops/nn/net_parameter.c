/* Parameters of a net: names, values in and out, initialisation; and the batch's images
 * into the input. */
#include "ops/base/rng.h"
#include "ops/isa/bf16.h"
#include "ops/nn/net_run.h"

#include <math.h>
#include <string.h>

size_t at_net_parameter_count(const at_net_plan *plan) {
    return plan->entry_count;
}

const char *at_net_parameter_name(const at_net_plan *plan, size_t index) {
    return plan->entries[index].name;
}

static const at_node *node_of(const at_net_plan *plan, size_t index) {
    return &plan->nodes[plan->entries[index].node];
}

const at_parameter *at_net_parameter(const at_net_plan *plan, size_t index) {
    return &node_of(plan, index)->parameters[plan->entries[index].parameter];
}

size_t at_net_parameter_values(const at_net_plan *plan, size_t index) {
    const at_parameter *parameter = at_net_parameter(plan, index);
    size_t values = 1;
    for (int i = 0; i < parameter->rank; i++)
        values *= (size_t)parameter->shape[i];
    return values;
}

int at_net_parameter_find(const at_net_plan *plan, const char *name) {
    for (size_t i = 0; i < plan->entry_count; i++)
        if (strcmp(plan->entries[i].name, name) == 0)
            return (int)i;
    return -1;
}

static size_t offset_of(const at_net_plan *plan, size_t index) {
    return plan->offsets[plan->entries[index].node][plan->entries[index].parameter];
}

/* Where dense value i of a parameter is kept. */
static size_t place(const at_net_plan *plan, size_t index, size_t i) {
    const at_node *node = node_of(plan, index);
    bool moved = node->layer->place && plan->entries[index].parameter == 0;
    return offset_of(plan, index) + (moved ? node->layer->place(node, i) : i);
}

static void gather(const at_net_plan *plan, size_t index, const float *from,
                   float *dense) {
    size_t values = at_net_parameter_values(plan, index);
    for (size_t i = 0; i < values; i++)
        dense[i] = from[place(plan, index, i)];
}

void at_net_get(const at_net *net, size_t index, float *dense) {
    gather(net->plan, index, net->parameters, dense);
}

void at_net_gradient(const at_net *net, size_t index, float *dense) {
    gather(net->plan, index, net->gradients, dense);
}

/* Dense values [first, first + count). The taps of a kernel lie evenly apart, so that a
 * place is asked for once a kernel. */
static void put(at_net *net, size_t index, size_t first, size_t count,
                const float *dense) {
    const at_parameter *parameter = at_net_parameter(net->plan, index);
    size_t taps =
        parameter->rank == 4 ? (size_t)(parameter->shape[2] * parameter->shape[3]) : 1;
    size_t apart = taps > 1 ? place(net->plan, index, 1) - place(net->plan, index, 0) : 0;
    for (size_t i = 0; i < count;) {
        size_t run = taps - (first + i) % taps;
        float *to = net->parameters + place(net->plan, index, first + i);
        run = run < count - i ? run : count - i;
        for (size_t k = 0; k < run; k++)
            to[k * apart] = dense[i + k];
        i += run;
    }
}

void at_net_set(at_net *net, size_t index, const float *dense) {
    put(net, index, 0, at_net_parameter_values(net->plan, index), dense);
}

enum {
    DRAWN = 1 << 14, /* values that one generator draws, so that threads can share */
    ROW = 1 << 8
};

typedef struct at_draw {
    at_net *net;
    size_t index; /* of the parameter */
    uint64_t seed;
} at_draw;

/* Drawn in the dense order and put in place one by one: the numbers depend neither on how
 * the engine keeps them nor on the threads. */
static void draw(void *context, size_t chunk) {
    const at_draw *it = context;
    const at_net_plan *plan = it->net->plan;
    float deviation = sqrtf(2.0F / (float)at_net_parameter(plan, it->index)->fan_in);
    at_rng rng;
    at_rng_init(&rng, it->seed + (it->index << 32) + chunk);
    size_t values = at_net_parameter_values(plan, it->index);
    size_t end = (chunk + 1) * DRAWN < values ? (chunk + 1) * DRAWN : values;
    float drawn[ROW];
    for (size_t i = chunk * DRAWN; i < end; i += ROW) {
        size_t count = end - i < ROW ? end - i : ROW;
        at_rng_normals(&rng, drawn, count);
        for (size_t k = 0; k < count; k++)
            drawn[k] *= deviation;
        put(it->net, it->index, i, count, drawn);
    }
}

void at_net_initialize(at_net *net, uint64_t seed) {
    const at_net_plan *plan = net->plan;
    memset(net->parameters, 0, plan->sizes.parameters);
    memset(net->state, 0, plan->sizes.state);
    net->steps = 0;
    net->seed = seed;
    for (size_t i = 0; i < plan->entry_count; i++) {
        const at_parameter *parameter = at_net_parameter(plan, i);
        size_t values = at_net_parameter_values(plan, i);
        at_draw work = {.net = net, .index = i, .seed = seed};
        if (parameter->role == AT_ROLE_WEIGHT)
            at_pool_run(net->pool, (values + DRAWN - 1) / DRAWN, draw, &work);
        else if (parameter->role == AT_ROLE_SCALE || parameter->role == AT_ROLE_VARIANCE)
            for (size_t k = 0; k < values; k++)
                net->parameters[offset_of(plan, i) + k] = 1;
    }
    at_net_prepare(net);
}

at_net_memory at_net_memory_of(at_net *net) {
    return (at_net_memory){.parameters = net->parameters,
                           .state = net->state,
                           .parameter_floats = net->plan->parameter_floats,
                           .state_floats = net->plan->sizes.state / sizeof(float),
                           .steps = net->steps,
                           .seed = net->seed};
}

void at_net_restore(at_net *net, const at_net_memory *memory) {
    memcpy(net->parameters, memory->parameters, net->plan->sizes.parameters);
    memcpy(net->state, memory->state, net->plan->sizes.state);
    net->steps = memory->steps;
    net->seed = memory->seed;
}

void at_net_copy(at_net *to, const at_net *from) {
    if (to->host != from)
        memcpy(to->parameters, from->parameters, to->plan->sizes.parameters);
    at_net_prepare(to);
}

/* ---- images ---- */

/* The first channels of a pixel; the others are 0. */
static inline void put_pixel(const at_blocked *map, float *to, const float *from,
                             size_t channels) {
    bool narrow = map->pixel == AT_BFLOAT16;
    memset(to, 0, map->pixel * sizeof *to);
    for (size_t c = 0; c < channels; c++)
        if (narrow)
            at_bf16_set(to, c, from[c]);
        else
            to[c] = from[c];
}

static void load_floats(const at_net *net, int32_t n, int32_t row) {
    const at_blocked *map = &net->input;
    size_t area = (size_t)map->h * (size_t)map->w;
    const float *image = net->batch.nchw + (size_t)n * (size_t)map->c * area;
    for (int32_t block = 0; block < at_blocks(map->c); block++) {
        float *to = at_plane(map, n, block).data + (size_t)row * map->row;
        int32_t first = block * AT_BLOCK;
        for (size_t x = 0; x < (size_t)map->w; x++, to += map->pixel) {
            float pixel[AT_BLOCK];
            for (int32_t k = 0; k < AT_BLOCK; k++)
                pixel[k] = first + k < map->c ? image[(size_t)(first + k) * area +
                                                      (size_t)row * (size_t)map->w + x]
                                              : 0;
            put_pixel(map, to, pixel, AT_BLOCK);
        }
    }
}

static void load_bytes(const at_net *net, int32_t n, int32_t row) {
    const at_blocked *map = &net->input;
    const at_batch *batch = &net->batch;
    size_t channels = (size_t)map->c, width = (size_t)map->w;
    const uint8_t *from =
        batch->bytes + ((size_t)n * (size_t)map->h + (size_t)row) * width * channels;
    float *to = at_plane(map, n, 0).data + (size_t)row * map->row;
    for (size_t x = 0; x < width; x++, from += channels, to += map->pixel) {
        float pixel[AT_BLOCK];
        for (size_t c = 0; c < channels; c++)
            pixel[c] = ((float)from[c] - batch->mean[c]) * batch->scale[c];
        put_pixel(map, to, pixel, channels);
    }
}

void at_net_load(const at_net *net, int part) {
    const at_blocked *map = &net->input;
    size_t rows = (size_t)net->batch.count * (size_t)map->h;
    int parts = net->plan->options.parts;
    size_t end = at_share(rows, part + 1, parts);
    for (size_t i = at_share(rows, part, parts); i < end; i++) {
        int32_t n = (int32_t)(i / (size_t)map->h), row = (int32_t)(i % (size_t)map->h);
        if (net->batch.nchw)
            load_floats(net, n, row);
        else
            load_bytes(net, n, row);
    }
    if (part == 0 && net->plan->options.training)
        for (int32_t n = net->batch.count; n < map->n; n++)
            for (int32_t block = 0; block < at_blocks(map->c); block++)
                at_clear_plane(map, n, block);
}
