#include "ops/nn/conv_winograd.h"

bool at_winograd_fits(const at_conv_shape *shape) {
    return shape->r == 3 && shape->s == 3 && shape->stride == 1 && shape->pad >= 0 &&
           shape->pad <= 2 && shape->c > 4;
}

bool at_winograd_tiles_of(const at_winograd_transforms *f, int32_t n, int32_t h,
                          int32_t w, int32_t pad, at_winograd_tiles *out) {
    const int64_t rows = (h + f->tile - 1) / f->tile;
    const int64_t columns = (w + f->tile - 1) / f->tile;
    const int64_t count = n * rows * columns;
    if (count <= 0 || count > INT32_MAX / 64)
        return false;
    *out = (at_winograd_tiles){.f = f,
                               .rows = (int32_t)rows,
                               .columns = (int32_t)columns,
                               .count = (int32_t)count,
                               .h = h,
                               .w = w,
                               .pad = pad,
                               .points = (f->tile + 2) * (f->tile + 2)};
    return true;
}

at_winograd_room at_winograd_room_of(const at_winograd_tiles *tiles, int32_t blocks,
                                     int32_t count) {
    const size_t lines = (size_t)(count | 1);
    const size_t step = ((size_t)blocks * lines) | 1;
    return (at_winograd_room){.block = lines * AT_BLOCK,
                              .step = step * AT_BLOCK,
                              .floats = (size_t)tiles->points * step * AT_BLOCK};
}

size_t at_winograd_weights_step(int32_t c_blocks, int32_t k_blocks) {
    return (size_t)c_blocks * (size_t)k_blocks * AT_BLOCK * AT_BLOCK + AT_BLOCK;
}

/* Tiles of one row of one image. */
typedef struct run {
    int32_t image, row, column, count;
} run;

/* The run that begins with tile t, up to `end`. */
static run run_from(const at_winograd_tiles *tiles, int32_t t, int32_t end) {
    const int32_t of_image = tiles->rows * tiles->columns;
    run it = {.image = t / of_image,
              .row = t % of_image / tiles->columns,
              .column = t % tiles->columns};
    it.count = tiles->columns - it.column;
    if (it.count > end - t)
        it.count = end - t;
    return it;
}

static int at_most(int32_t value, int limit) {
    return value < limit ? value : limit;
}

static float *plane(const at_blocked *map, int32_t image, int32_t block) {
    return map->data + (ptrdiff_t)((size_t)image * map->image) +
           (ptrdiff_t)((size_t)block * map->plane);
}

/* Where pixel (y, x) is, or would be. */
static float *pixel(const at_blocked *map, float *plane, int32_t y, int32_t x) {
    return plane + (ptrdiff_t)map->row * y + (ptrdiff_t)x * (ptrdiff_t)map->pixel;
}

/* Which of `side` pixels from `at` on exist in [-before, length + after). */
static void exists(int32_t at, int side, int32_t length, int32_t before, int32_t after,
                   int *first, int *end) {
    *first = at < -before ? at_most(-before - at, side) : 0;
    *end = at_most(length + after - at, side);
    if (*end < *first)
        *end = *first;
}

/* A run's tiles' own pixels. Inline, because GCC takes a function that does nothing but
 * prefetch for one that does nothing, and leaves its calls out. */
static inline __attribute__((always_inline)) void
fetch_run(const at_winograd_tiles *tiles, const at_blocked *map, run it) {
    const int32_t m = tiles->f->tile, x = it.column * m;
    const int32_t pixels = at_most(it.count * m, map->w - x);
    for (int32_t b = 0; b < at_blocks(map->c); b++)
        for (int32_t y = it.row * m; y < (it.row + 1) * m && y < map->h; y++) {
            const float *at = pixel(map, plane(map, it.image, b), y, x);
            for (int32_t i = 0; i < pixels; i++)
                __builtin_prefetch(at + (ptrdiff_t)i * AT_BLOCK, 0, 2);
        }
}

void at_winograd_fetch(const at_winograd_tiles *tiles, const at_winograd_ahead *ahead,
                       int share, int shares) {
    if (!ahead->map)
        return;
    const int32_t first = ahead->which.first;
    const at_winograd_range some =
        at_winograd_share(ahead->which.end - first, share, shares);
    for (int32_t t = first + some.first; t < first + some.end;) {
        const run it = run_from(tiles, t, first + some.end);
        fetch_run(tiles, ahead->map, it);
        t += it.count;
    }
}

static void gather_run(const at_winograd_tiles *tiles, const at_blocked *map, run it,
                       float *from, float *v, size_t step) {
    const at_winograd_transforms *f = tiles->f;
    const int32_t m = f->tile;
    const int side = m + 2;
    const int32_t y = it.row * m - tiles->pad;
    at_winograd_clip clip;
    exists(y, side, map->h, map->halo.top, map->halo.bottom, &clip.top, &clip.bottom);
    bool whole_rows = clip.top == 0 && clip.bottom == side;
    for (int32_t i = 0; i < it.count;) {
        const int32_t x = (it.column + i) * m - tiles->pad;
        exists(x, side, map->w, map->halo.left, map->halo.right, &clip.left, &clip.right);
        float *at = pixel(map, from, y, x), *to = v + (ptrdiff_t)i * AT_BLOCK;
        if (whole_rows && clip.left == 0 && clip.right == side) {
            /* This and all that follow and do not pass the edge. */
            int count =
                at_most((map->w + map->halo.right - x - side) / m + 1, it.count - i);
            f->input(at, map->row, count, to, step);
            i += count;
        } else {
            f->input_clipped(at, map->row, clip, to, step);
            i++;
        }
    }
}

void at_winograd_gather(const at_winograd_tiles *tiles, const at_blocked *map,
                        at_winograd_range which, float *v, const at_winograd_room *room) {
    for (int32_t b = 0; b < at_blocks(map->c); b++)
        for (int32_t t = which.first; t < which.end;) {
            run it = run_from(tiles, t, which.end);
            gather_run(tiles, map, it, plane(map, it.image, b),
                       v + (size_t)b * room->block + (size_t)(t - which.first) * AT_BLOCK,
                       room->step);
            t += it.count;
        }
}

/* The tiles of a run that end at or before the right edge of the outputs. */
static int whole_columns(const at_winograd_tiles *tiles, run it) {
    int32_t whole = tiles->w / tiles->f->tile - it.column;
    return whole < 0 ? 0 : at_most(whole, it.count);
}

void at_winograd_gather_adjoint(const at_winograd_tiles *tiles, const at_blocked *map,
                                at_winograd_range which, float *d,
                                const at_winograd_room *room) {
    const int m = tiles->f->tile;
    for (int32_t b = 0; b < at_blocks(map->c); b++)
        for (int32_t t = which.first; t < which.end;) {
            run it = run_from(tiles, t, which.end);
            const int whole = whole_columns(tiles, it);
            const int rows = at_most(tiles->h - it.row * m, m);
            const float *from =
                pixel(map, plane(map, it.image, b), it.row * m, it.column * m);
            float *to =
                d + (size_t)b * room->block + (size_t)(t - which.first) * AT_BLOCK;
            if (whole)
                tiles->f->output_adjoint(from, map->row, rows, m, whole, to, room->step);
            if (whole < it.count)
                tiles->f->output_adjoint(
                    from + (ptrdiff_t)whole * m * (ptrdiff_t)map->pixel, map->row, rows,
                    tiles->w % m, 1, to + (ptrdiff_t)whole * AT_BLOCK, room->step);
            t += it.count;
        }
}

void at_winograd_scatter(const at_winograd_tiles *tiles, const at_blocked *map,
                         at_winograd_range which, at_winograd_range blocks,
                         const float *m, const at_winograd_room *room,
                         const at_conv_store *store) {
    const int side = tiles->f->tile;
    const size_t padded = (size_t)at_blocks(map->c) * AT_BLOCK;
    for (int32_t b = blocks.first; b < blocks.end; b++)
        for (int32_t t = which.first; t < which.end;) {
            run it = run_from(tiles, t, which.end);
            const int whole = whole_columns(tiles, it);
            const int rows = at_most(tiles->h - it.row * side, side);
            const int32_t y = it.row * side, x = it.column * side;
            float *to = pixel(map, plane(map, it.image, b), y, x);
            const float *from = m + (size_t)(b - blocks.first) * room->block +
                                (size_t)(t - which.first) * AT_BLOCK;
            at_winograd_store each = {.relu = store->relu};
            if (store->bias)
                each.bias = store->bias + (size_t)b * AT_BLOCK;
            if (store->add) {
                each.add = pixel(store->add, plane(store->add, it.image, b), y, x);
                each.add_row = store->add->row;
            }
            if (store->statistics) {
                each.sums = store->statistics + (size_t)b * AT_BLOCK;
                each.squares = each.sums + padded;
            }
            if (whole)
                tiles->f->output(from, room->step, whole, to, map->row, rows, side,
                                 &each);
            if (whole < it.count) {
                const ptrdiff_t past = (ptrdiff_t)whole * side * (ptrdiff_t)map->pixel;
                if (each.add)
                    each.add += past;
                tiles->f->output(from + (ptrdiff_t)whole * AT_BLOCK, room->step, 1,
                                 to + past, map->row, rows, tiles->w % side, &each);
            }
            t += it.count;
        }
}
