#include "ops/image/resize.h"
#include "ops/base/memory.h"

#include <string.h>

/* Weights are whole numbers of this many bits, as they fit 32 bits with 8 of a pixel. */
enum { BITS = 22, HALF = 1 << (BITS - 1) };

/* What one direction needs: for each pixel out the first pixel in, how many, and their
 * weights. */
typedef struct plan {
    int32_t *first, *count; /* (out) */
    int32_t *weights;       /* (out, most) */
    int32_t most;
    void *memory;
} plan;

static at_status plan_init(plan *p, int32_t in, int32_t out, at_error *err) {
    double scale = (double)in / out, wide = scale < 1 ? 1 : scale;
    p->most = (int32_t)(wide + 1) * 2 + 1;
    size_t n = (size_t)out;
    p->memory = at_alloc_array(n * (2 + (size_t)p->most), sizeof(int32_t));
    double *w = at_alloc_array((size_t)p->most, sizeof *w);
    if (!p->memory || !w) {
        at_free(p->memory);
        at_free(w);
        return at_fail(err, AT_NO_MEMORY, "not enough memory to resize an image");
    }
    p->first = p->memory;
    p->count = p->first + n;
    p->weights = p->count + n;
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
        p->first[i] = from;
        p->count[i] = to - from;
        for (int32_t k = 0; k < to - from; k++)
            p->weights[(size_t)i * (size_t)p->most + (size_t)k] =
                (int32_t)(0.5 + w[k] / sum * (1 << BITS));
    }
    at_free(w);
    return AT_OK;
}

static uint8_t clip(int32_t sum) {
    int32_t value = sum >> BITS;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* One row along: `out` pixels of c channels. */
static inline __attribute__((always_inline)) void
along(const plan *p, const uint8_t *in, uint8_t *to, int32_t out, size_t c) {
    for (int32_t i = 0; i < out; i++) {
        const uint8_t *from = in + (size_t)p->first[i] * c;
        const int32_t *w = p->weights + (size_t)i * (size_t)p->most;
        int32_t sum[3] = {HALF, HALF, HALF};
        for (int32_t k = 0; k < p->count[i]; k++)
            for (size_t j = 0; j < c; j++)
                sum[j] += from[(size_t)k * c + j] * w[k];
        for (size_t j = 0; j < c; j++)
            to[(size_t)i * c + j] = clip(sum[j]);
    }
}

/* One row out of several rows in: the sums of a row are kept side by side, so that the
 * compiler can work on many at once. */
static void across(const plan *p, const at_image *in, int32_t i, int32_t *sums,
                   uint8_t *to) {
    size_t width = (size_t)in->w * (size_t)in->c;
    for (size_t x = 0; x < width; x++)
        sums[x] = HALF;
    for (int32_t k = 0; k < p->count[i]; k++) {
        const uint8_t *row = in->pixels + (size_t)(p->first[i] + k) * width;
        int32_t w = p->weights[(size_t)i * (size_t)p->most + (size_t)k];
        for (size_t x = 0; x < width; x++)
            sums[x] += row[x] * w;
    }
    for (size_t x = 0; x < width; x++)
        to[x] = clip(sums[x]);
}

static at_status resize_rows(const at_image *in, int32_t w, at_image *out,
                             at_error *err) {
    plan p;
    AT_TRY(plan_init(&p, in->w, w, err));
    at_status status = at_image_new(w, in->h, in->c, out, err);
    for (int32_t y = 0; y < in->h && !status; y++) {
        const uint8_t *from = in->pixels + (size_t)y * (size_t)in->w * (size_t)in->c;
        uint8_t *to = at_image_own(out) + (size_t)y * (size_t)w * (size_t)in->c;
        if (in->c == 3)
            along(&p, from, to, w, 3);
        else
            along(&p, from, to, w, 1);
    }
    at_free(p.memory);
    return status;
}

static at_status resize_columns(const at_image *in, int32_t h, at_image *out,
                                at_error *err) {
    plan p;
    size_t width = (size_t)in->w * (size_t)in->c;
    AT_TRY(plan_init(&p, in->h, h, err));
    int32_t *sums = at_alloc_array(width, sizeof *sums);
    at_status status =
        sums ? at_image_new(in->w, h, in->c, out, err)
             : at_fail(err, AT_NO_MEMORY, "not enough memory to resize an image");
    for (int32_t y = 0; y < h && !status; y++)
        across(&p, in, y, sums, at_image_own(out) + (size_t)y * width);
    at_free(sums);
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
