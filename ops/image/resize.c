#include "ops/image/resize.h"
#include "ops/base/memory.h"
#include "ops/isa/isa.h"
#include "ops/isa/pixels.h"

#include <string.h>

/* Both directions are sums of lines (ops/isa/pixels.h): down the columns of lines that
 * are rows of the picture, along the rows of lines that are columns of a strip: STRIP
 * rows turned so that what stands side by side in a line comes from different rows. */
enum { STRIP = 16, ONE = 1 << AT_PIXELS_BITS };

typedef struct plan {
    at_pixels_taps taps;
    void *memory;
} plan;

static at_status plan_init(plan *p, int32_t in, int32_t out, at_error *err) {
    double scale = (double)in / out, wide = scale < 1 ? 1 : scale;
    p->taps.most = (int32_t)(wide + 1) * 2 + 1;
    size_t n = (size_t)out;
    p->memory = at_alloc_array(n * (2 + (size_t)p->taps.most), sizeof(int32_t));
    double *w = at_alloc_array((size_t)p->taps.most, sizeof *w);
    if (!p->memory || !w) {
        at_free(p->memory);
        at_free(w);
        return at_fail(err, AT_NO_MEMORY, "not enough memory to resize an image");
    }
    p->taps.first = p->memory;
    p->taps.count = p->taps.first + n;
    p->taps.weights = p->taps.count + n;
    for (int32_t i = 0; i < out; i++) {
        double center = (i + 0.5) * scale, sum = 0;
        int32_t from = (int32_t)(center - wide + 0.5),
                to = (int32_t)(center + wide + 0.5);
        from = center - wide + 0.5 < 0 ? 0 : from;
        to = to > in ? in : to;
        for (int32_t k = 0; k < to - from; k++) {
            double at = (k + from - center + 0.5) / wide;
            at = at < 0 ? -at : at;
            w[k] = at < 1 ? 1 - at : 0;
            sum += w[k];
        }
        p->taps.first[i] = from;
        p->taps.count[i] = to - from;
        for (int32_t k = 0; k < to - from; k++)
            p->taps.weights[(size_t)i * (size_t)p->taps.most + (size_t)k] =
                (int32_t)(0.5 + w[k] / sum * ONE);
    }
    at_free(w);
    return AT_OK;
}

typedef uint8_t bytes __attribute__((vector_size(STRIP)));

/* Row i, column j of a square of 16 bytes goes to row j, column i: four times the rows of
 * the upper half are shuffled among those of the lower. */
static void turn(bytes row[STRIP]) {
    for (int round = 0; round < 4; round++) {
        bytes next[STRIP];
        for (size_t i = 0; i < STRIP / 2; i++) {
            bytes a = row[i], b = row[i + STRIP / 2];
            next[2 * i] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20,
                                                  5, 21, 6, 22, 7, 23);
            next[2 * i + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27,
                                                      12, 28, 13, 29, 14, 30, 15, 31);
        }
        memcpy(row, next, sizeof next);
    }
}

/* `rows` (at most STRIP) rows of `width` bytes from `from` to strip: (width, STRIP). */
static void to_strip(const uint8_t *from, int32_t rows, size_t width, uint8_t *strip) {
    size_t x = 0;
    for (; rows == STRIP && x + STRIP <= width; x += STRIP) {
        bytes square[STRIP];
        for (size_t y = 0; y < STRIP; y++)
            memcpy(&square[y], from + y * width + x, STRIP);
        turn(square);
        memcpy(strip + x * STRIP, square, sizeof square);
    }
    for (; x < width; x++)
        for (size_t y = 0; y < (size_t)rows; y++)
            strip[x * STRIP + y] = from[y * width + x];
}

static void from_strip(const uint8_t *strip, int32_t rows, size_t width, uint8_t *to) {
    size_t x = 0;
    for (; rows == STRIP && x + STRIP <= width; x += STRIP) {
        bytes square[STRIP];
        memcpy(square, strip + x * STRIP, sizeof square);
        turn(square);
        for (size_t y = 0; y < STRIP; y++)
            memcpy(to + y * width + x, &square[y], STRIP);
    }
    for (; x < width; x++)
        for (size_t y = 0; y < (size_t)rows; y++)
            to[y * width + x] = strip[x * STRIP + y];
}

static at_status resize_rows(const at_image *in, int32_t w, at_image *out,
                             at_error *err) {
    plan p;
    size_t c = (size_t)in->c, from = (size_t)in->w * c, to = (size_t)w * c;
    AT_TRY(plan_init(&p, in->w, w, err));
    uint8_t *strip = at_alloc_zero((from + to) * STRIP);
    at_status status =
        strip ? at_image_new(w, in->h, in->c, out, err)
              : at_fail(err, AT_NO_MEMORY, "not enough memory to resize an image");
    for (int32_t y = 0; y < in->h && !status; y += STRIP) {
        int32_t rows = in->h - y < STRIP ? in->h - y : STRIP;
        to_strip(in->pixels + (size_t)y * from, rows, from, strip);
        at_isa_pick()->pixels->blend(strip, STRIP * c, &p.taps, w, STRIP * c,
                                     strip + from * STRIP);
        from_strip(strip + from * STRIP, rows, to, at_image_own(out) + (size_t)y * to);
    }
    at_free(strip);
    at_free(p.memory);
    return status;
}

static at_status resize_columns(const at_image *in, int32_t h, at_image *out,
                                at_error *err) {
    plan p;
    size_t width = (size_t)in->w * (size_t)in->c;
    AT_TRY(plan_init(&p, in->h, h, err));
    at_status status = at_image_new(in->w, h, in->c, out, err);
    if (!status)
        at_isa_pick()->pixels->blend(in->pixels, width, &p.taps, h, width,
                                     at_image_own(out));
    at_free(p.memory);
    return status;
}

at_status at_image_resize(const at_image *in, int32_t w, int32_t h, at_image *out,
                          at_error *err) {
    at_image rows = *in;
    rows.owned = NULL;
    *out = (at_image){0};
    if (w != in->w)
        AT_TRY(resize_rows(in, w, &rows, err));
    if (h != in->h) {
        at_status status = resize_columns(&rows, h, out, err);
        at_image_fini(&rows);
        return status;
    }
    if (!rows.owned) { /* of the same size already */
        AT_TRY(at_image_new(w, h, in->c, &rows, err));
        memcpy(at_image_own(&rows), in->pixels, (size_t)w * (size_t)h * (size_t)in->c);
    }
    *out = rows;
    return AT_OK;
}
