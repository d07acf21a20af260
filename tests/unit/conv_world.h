/* A convolution with memory for all three passes, each buffer between guards: for the
 * tests and benchmarks of ops/nn. The buffers are as long as the contract says and not a
 * byte longer; AddressSanitizer refuses the guards, elsewhere their bytes are checked. */
#ifndef ATELIER_TESTS_CONV_WORLD_H
#define ATELIER_TESTS_CONV_WORLD_H

#include "ops/base/memory.h"
#include "ops/base/rng.h"
#include "ops/isa/bf16.h"
#include "ops/nn/conv.h"

#include <math.h>

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

enum { CONV_GUARD = 512 /* bytes */, CONV_GUARD_BYTE = 0xa5, CONV_JUNK_BYTE = 0xff };

typedef struct conv_buffer {
    unsigned char *base;
    void *memory; /* AT_ALIGN-aligned */
    size_t bytes;
} conv_buffer;

/* Filled with NaN, so that what is read before it is written shows. */
static inline conv_buffer conv_buffer_new(size_t bytes) {
    conv_buffer it = {.bytes = bytes};
    void *base = NULL;
    if (posix_memalign(&base, 4096, bytes + 2 * (size_t)CONV_GUARD))
        abort();
    it.base = base;
    it.memory = it.base + CONV_GUARD;
    memset(it.base, CONV_GUARD_BYTE, bytes + 2 * (size_t)CONV_GUARD);
    memset(it.memory, CONV_JUNK_BYTE, bytes);
    ASAN_POISON_MEMORY_REGION(it.base, CONV_GUARD);
    ASAN_POISON_MEMORY_REGION(it.base + CONV_GUARD + bytes, CONV_GUARD);
    return it;
}

/* Whether nothing wrote past its ends. */
static inline bool conv_buffer_intact(const conv_buffer *it) {
    ASAN_UNPOISON_MEMORY_REGION(it->base, it->bytes + 2 * (size_t)CONV_GUARD);
    const unsigned char *after = it->base + CONV_GUARD + it->bytes;
    bool intact = true;
    for (int i = 0; i < CONV_GUARD; i++)
        intact &= it->base[i] == CONV_GUARD_BYTE && after[i] == CONV_GUARD_BYTE;
    ASAN_POISON_MEMORY_REGION(it->base, CONV_GUARD);
    ASAN_POISON_MEMORY_REGION(it->base + CONV_GUARD + it->bytes, CONV_GUARD);
    return intact;
}

static inline void conv_buffer_free(conv_buffer *it) {
    if (it->base)
        ASAN_UNPOISON_MEMORY_REGION(it->base, it->bytes + 2 * (size_t)CONV_GUARD);
    free(it->base);
    *it = (conv_buffer){0};
}

typedef struct conv_map {
    at_blocked map;
    conv_buffer buffer;
} conv_map;

/* All zero. */
static inline conv_map conv_map_new_of(at_element element, int32_t n, int32_t c,
                                       int32_t h, int32_t w, at_halo halo) {
    conv_map it;
    at_blocked planned = at_blocked_plan_of(element, n, c, h, w, halo);
    it.buffer = conv_buffer_new(at_blocked_bytes(&planned));
    it.map = at_blocked_at(&planned, it.buffer.memory);
    at_blocked_clear(&it.map);
    return it;
}

static inline conv_map conv_map_new(int32_t n, int32_t c, int32_t h, int32_t w,
                                    at_halo halo) {
    return conv_map_new_of(AT_FLOAT32, n, c, h, w, halo);
}

static inline size_t conv_map_count(const at_blocked *map) {
    return (size_t)map->n * (size_t)map->c * (size_t)map->h * (size_t)map->w;
}

/* Of a map of floats. */
static inline float *conv_map_slot(const at_blocked *map, int32_t n, int32_t c, int32_t y,
                                   int32_t x) {
    return map->data + (size_t)n * map->image + (size_t)(c / AT_BLOCK) * map->plane +
           (size_t)y * map->row + (size_t)x * AT_BLOCK + (size_t)(c % AT_BLOCK);
}

/* Standard normal. */
static inline void conv_map_fill(const at_blocked *map, at_rng *rng) {
    for (int32_t n = 0; n < map->n; n++)
        for (int32_t c = 0; c < map->c; c++)
            for (int32_t y = 0; y < map->h; y++)
                for (int32_t x = 0; x < map->w; x++)
                    *conv_map_slot(map, n, c, y, x) = (float)at_rng_normal(rng);
}

/* The same values under another halo, in the precision of `to`. */
static inline void conv_map_copy(const at_blocked *from, const at_blocked *to) {
    for (int32_t n = 0; n < from->n; n++)
        for (int32_t c = 0; c < from->c; c++)
            for (int32_t y = 0; y < from->h; y++)
                for (int32_t x = 0; x < from->w; x++)
                    at_blocked_set(to, n, c, y, x, at_blocked_get(from, n, c, y, x));
}

/* Junk where a call has to write: its channels, inside the halo. */
static inline void conv_map_spoil(const at_blocked *map) {
    for (int32_t n = 0; n < map->n; n++)
        for (int32_t c = 0; c < map->c; c++)
            for (int32_t y = 0; y < map->h; y++)
                for (int32_t x = 0; x < map->w; x++)
                    at_blocked_set(map, n, c, y, x, NAN);
}

/* Whether the halo, the channels past c and the gaps between planes are zero still. */
static inline bool conv_map_clean(const conv_map *it) {
    at_blocked map = it->map;
    size_t bytes = it->buffer.bytes, count = bytes / sizeof(float);
    float *copy = at_alloc_array(count, sizeof *copy);
    memcpy(copy, it->buffer.memory, bytes);
    map.data = copy + (it->map.data - (float *)it->buffer.memory);
    for (int32_t n = 0; n < map.n; n++)
        for (int32_t c = 0; c < map.c; c++)
            for (int32_t y = 0; y < map.h; y++)
                for (int32_t x = 0; x < map.w; x++)
                    at_blocked_set(&map, n, c, y, x, 0);
    bool clean = true;
    for (size_t i = 0; i < count; i++)
        clean &= copy[i] == 0;
    at_free(copy);
    return clean;
}

/* The data of a case: maps without a halo, and packed weights. */
typedef struct conv_world {
    at_conv_shape shape;
    conv_map x, y, add;
    conv_buffer weights, bias;
} conv_world;

static inline conv_world conv_world_new(const at_conv_shape *shape, uint64_t seed) {
    conv_world it = {.shape = *shape};
    at_halo none = {0};
    int32_t rows = at_conv_rows(shape), columns = at_conv_columns(shape);
    it.x = conv_map_new(shape->n, shape->c, shape->h, shape->w, none);
    it.y = conv_map_new(shape->n, shape->k, rows, columns, none);
    it.add = conv_map_new(shape->n, shape->k, rows, columns, none);
    it.weights = conv_buffer_new(at_conv_weights(shape) * sizeof(float));
    it.bias = conv_buffer_new((size_t)at_blocks(shape->k) * AT_BLOCK * sizeof(float));
    at_rng rng;
    at_rng_init(&rng, seed);
    size_t count =
        (size_t)shape->k * (size_t)shape->c * (size_t)shape->r * (size_t)shape->s;
    float *kcrs = at_alloc_array(count, sizeof *kcrs);
    for (size_t i = 0; i < count; i++)
        kcrs[i] = (float)at_rng_normal(&rng);
    at_conv_pack(shape, kcrs, it.weights.memory);
    at_free(kcrs);
    memset(it.bias.memory, 0, it.bias.bytes);
    for (int32_t k = 0; k < shape->k; k++)
        ((float *)it.bias.memory)[k] = (float)at_rng_normal(&rng);
    conv_map_fill(&it.x.map, &rng);
    conv_map_fill(&it.y.map, &rng);
    conv_map_fill(&it.add.map, &rng);
    return it;
}

/* To numbers that bfloat16 has: then its products are exact, and what a bfloat16 pass
 * gives differs from the reference by the sums' and the last rounding alone. */
static inline void conv_world_round(conv_world *it) {
    conv_map *maps[] = {&it->x, &it->y, &it->add};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        for (size_t k = 0; k < maps[i]->buffer.bytes / sizeof(float); k++)
            ((float *)maps[i]->buffer.memory)[k] =
                at_bf16_round(((float *)maps[i]->buffer.memory)[k]);
    for (size_t k = 0; k < it->weights.bytes / sizeof(float); k++)
        ((float *)it->weights.memory)[k] =
            at_bf16_round(((float *)it->weights.memory)[k]);
}

static inline void conv_world_free(conv_world *it) {
    conv_buffer_free(&it->x.buffer);
    conv_buffer_free(&it->y.buffer);
    conv_buffer_free(&it->add.buffer);
    conv_buffer_free(&it->weights);
    conv_buffer_free(&it->bias);
}

#endif
