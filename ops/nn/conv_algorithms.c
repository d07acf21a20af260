#include "ops/nn/conv_algorithms.h"

#include <string.h>

#define ENTRY(name) &name,
static const at_conv_algorithm *const all[] = {AT_CONV_ALGORITHMS(ENTRY)};
#undef ENTRY

enum { ALL = sizeof all / sizeof *all };

const at_conv_algorithm *at_conv_algorithm_at(size_t index) {
    return index < ALL ? all[index] : NULL;
}

const at_conv_algorithm *at_conv_algorithm_named(at_conv_pass pass, const char *name) {
    for (size_t i = 0; i < ALL; i++)
        if (all[i]->pass == pass && strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}
