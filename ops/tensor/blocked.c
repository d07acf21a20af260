#include "ops/tensor/blocked.h"

#include "ops/isa/bf16.h"

#include <assert.h>
#include <string.h>

at_halo at_halo_join(at_halo a, at_halo b) {
    return (at_halo){
        .top = a.top > b.top ? a.top : b.top,
        .left = a.left > b.left ? a.left : b.left,
        .bottom = a.bottom > b.bottom ? a.bottom : b.bottom,
        .right = a.right > b.right ? a.right : b.right,
    };
}

/* Planes a multiple of 4096 bytes apart would all fall into the same sets of the L1. */
static size_t stagger(size_t floats) {
    return floats % 1024 == 0 ? floats + AT_BLOCK : floats;
}

at_blocked at_blocked_plan(int32_t n, int32_t c, int32_t h, int32_t w, at_halo halo) {
    return at_blocked_plan_of(AT_FLOAT32, n, c, h, w, halo);
}

at_blocked at_blocked_plan_of(at_element element, int32_t n, int32_t c, int32_t h,
                              int32_t w, at_halo halo) {
    assert(n > 0 && c > 0 && h > 0 && w > 0);
    at_blocked map = {.n = n, .c = c, .h = h, .w = w, .halo = halo, .pixel = element};
    map.row = (size_t)(w + halo.left + halo.right) * element;
    map.plane = stagger((size_t)(h + halo.top + halo.bottom) * map.row);
    map.image = stagger((size_t)at_blocks(c) * map.plane);
    return map;
}

size_t at_blocked_bytes(const at_blocked *map) {
    return (size_t)map->n * map->image * sizeof(float);
}

at_blocked at_blocked_at(const at_blocked *map, void *memory) {
    assert((uintptr_t)memory % AT_ALIGN == 0);
    at_blocked placed = *map;
    placed.data = (float *)memory + (size_t)map->halo.top * map->row +
                  (size_t)map->halo.left * map->pixel;
    return placed;
}

void at_blocked_clear(const at_blocked *map) {
    float *first = map->data - (size_t)map->halo.top * map->row -
                   (size_t)map->halo.left * map->pixel;
    memset(first, 0, at_blocked_bytes(map));
}

/* Everything of a plane but its pixels. */
static void clear_halo(const at_blocked *map, float *plane) {
    size_t left = (size_t)map->halo.left * map->pixel;
    size_t right = (size_t)map->halo.right * map->pixel;
    size_t width = (size_t)map->w * map->pixel;
    float *first = plane - (size_t)map->halo.top * map->row - left;
    memset(first, 0, (size_t)map->halo.top * map->row * sizeof *first);
    for (int32_t y = 0; y < map->h; y++) {
        float *row = plane + (size_t)y * map->row;
        memset(row - left, 0, left * sizeof *row);
        memset(row + width, 0, right * sizeof *row);
    }
    memset(plane + (size_t)map->h * map->row - left, 0,
           (size_t)map->halo.bottom * map->row * sizeof *first);
}

/* The channels past c of a map's last block. */
static void clear_padding(const at_blocked *map, float *plane) {
    size_t each = map->pixel * sizeof *plane / AT_BLOCK; /* bytes of a channel */
    size_t kept = (size_t)(map->c % AT_BLOCK) * each;
    for (int32_t y = 0; y < map->h; y++)
        for (int32_t x = 0; x < map->w; x++)
            memset((char *)(plane + (size_t)y * map->row + (size_t)x * map->pixel) + kept,
                   0, AT_BLOCK * each - kept);
}

void at_blocked_clear_border(const at_blocked *map, int part, int parts) {
    int32_t blocks = at_blocks(map->c);
    int64_t from = (int64_t)map->n * part / parts;
    int64_t to = (int64_t)map->n * (part + 1) / parts;
    for (int64_t n = from; n < to; n++)
        for (int32_t block = 0; block < blocks; block++) {
            float *plane =
                map->data + (size_t)n * map->image + (size_t)block * map->plane;
            clear_halo(map, plane);
            if (block + 1 == blocks && map->c % AT_BLOCK)
                clear_padding(map, plane);
        }
}

static float *pixel_of(const at_blocked *map, int32_t n, int32_t c, int32_t y,
                       int32_t x) {
    return map->data + (size_t)n * map->image + (size_t)(c / AT_BLOCK) * map->plane +
           (size_t)y * map->row + (size_t)x * map->pixel;
}

float at_blocked_get(const at_blocked *map, int32_t n, int32_t c, int32_t y, int32_t x) {
    const float *pixel = pixel_of(map, n, c, y, x);
    size_t k = (size_t)(c % AT_BLOCK);
    return map->pixel == AT_BFLOAT16 ? at_bf16_get(pixel, k) : pixel[k];
}

void at_blocked_set(const at_blocked *map, int32_t n, int32_t c, int32_t y, int32_t x,
                    float value) {
    float *pixel = pixel_of(map, n, c, y, x);
    size_t k = (size_t)(c % AT_BLOCK);
    if (map->pixel == AT_BFLOAT16)
        at_bf16_set(pixel, k, value);
    else
        pixel[k] = value;
}

void at_blocked_from_nchw(const at_blocked *map, const float *nchw) {
    for (int32_t n = 0; n < map->n; n++)
        for (int32_t c = 0; c < map->c; c++)
            for (int32_t y = 0; y < map->h; y++)
                for (int32_t x = 0; x < map->w; x++)
                    at_blocked_set(map, n, c, y, x, *nchw++);
}

void at_blocked_to_nchw(const at_blocked *map, float *nchw) {
    for (int32_t n = 0; n < map->n; n++)
        for (int32_t c = 0; c < map->c; c++)
            for (int32_t y = 0; y < map->h; y++)
                for (int32_t x = 0; x < map->w; x++)
                    *nchw++ = at_blocked_get(map, n, c, y, x);
}
