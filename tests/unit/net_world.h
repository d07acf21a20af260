/* Nets for tests: a spec to a net with one call, random batches, gradients by name. */
#ifndef ATELIER_TESTS_NET_WORLD_H
#define ATELIER_TESTS_NET_WORLD_H

#include "unit.h"

#include "ops/base/rng.h"
#include "ops/nn/net.h"

#include <math.h>

typedef struct net_data {
    at_batch batch;
    float *images, *targets;
    int32_t *labels;
} net_data;

static inline net_data net_data_new(at_dims dims, int32_t count, int32_t classes,
                                    uint64_t seed) {
    net_data data;
    at_rng rng;
    at_rng_init(&rng, seed);
    size_t values = (size_t)count * (size_t)dims.c * (size_t)dims.h * (size_t)dims.w;
    data.images = at_alloc_array(values, sizeof(float));
    data.labels = at_alloc_array((size_t)count, sizeof(int32_t));
    data.targets = at_alloc_array((size_t)(count * classes), sizeof(float));
    for (size_t i = 0; i < values; i++)
        data.images[i] = (float)at_rng_normal(&rng);
    for (int32_t i = 0; i < count; i++)
        data.labels[i] = (int32_t)at_rng_below(&rng, (uint64_t)classes);
    for (int32_t i = 0; i < count * classes; i++)
        data.targets[i] = (float)at_rng_below(&rng, 2);
    data.batch = (at_batch){.count = count,
                            .nchw = data.images,
                            .labels = data.labels,
                            .targets = data.targets};
    return data;
}

static inline void net_data_free(net_data *data) {
    at_free(data->images);
    at_free(data->labels);
    at_free(data->targets);
}

static inline at_net *net_make(const at_net_spec *spec, const at_net_options *options,
                               at_pool *pool) {
    at_error err;
    at_net_plan *plan;
    at_net *net;
    assert_ok(at_net_plan_new(spec, options, &plan, &err), &err);
    assert_ok(at_net_new(&plan, pool, NULL, &net, &err), &err);
    return net;
}

/* Every scale and shift off its start, so that a fault in either shows. */
static inline void net_shake(at_net *net, uint64_t seed) {
    const at_net_plan *plan = at_net_plan_of(net);
    at_rng rng;
    at_rng_init(&rng, seed);
    for (size_t i = 0; i < at_net_parameter_count(plan); i++) {
        const at_parameter *parameter = at_net_parameter(plan, i);
        if (parameter->role == AT_ROLE_WEIGHT)
            continue;
        size_t count = at_net_parameter_values(plan, i);
        float *values = at_alloc_array(count, sizeof *values);
        at_net_get(net, i, values);
        for (size_t k = 0; k < count; k++)
            values[k] = parameter->learned || parameter->role == AT_ROLE_MEAN
                            ? values[k] + 0.2F * (float)at_rng_normal(&rng)
                            : values[k];
        at_net_set(net, i, values);
        at_free(values);
    }
}

static inline uint64_t net_hash(at_net *net) { /* FNV-1a of the parameters' bits */
    at_net_memory memory = at_net_memory_of(net);
    const unsigned char *bytes = (const unsigned char *)memory.parameters;
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < memory.parameter_floats * sizeof(float); i++)
        hash = (hash ^ bytes[i]) * 1099511628211u;
    return hash;
}

#endif
