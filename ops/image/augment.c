#include "ops/image/augment.h"

#include <math.h>
#include <string.h>

static const char *const names[] = {"none", "crop", "crop_color", "crop_color_transform"};
static const double pi = 3.14159265358979323846;

const char *at_augment_name(at_augment_kind kind) {
    return names[kind];
}

bool at_augment_from_name(const char *name, at_augment_kind *out) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0) {
            *out = (at_augment_kind)i;
            return true;
        }
    return false;
}

/* splitmix64's finalizer: neighbouring numbers come out unlike. */
static uint64_t mix(uint64_t z) {
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static double between(at_rng *rng, double most) {
    return (2 * at_rng_uniform(rng) - 1) * most;
}

at_augment_draw at_augment_draw_of(const at_augment *augment, uint64_t epoch,
                                   uint64_t index) {
    at_rng rng;
    uint64_t key = mix(augment->seed + 0x9E3779B97F4A7C15u);
    key = mix(key + epoch * 0xD1342543DE82EF95u + 1);
    at_rng_init(&rng, mix(key ^ (index * 0x9E3779B97F4A7C15u + 2)));
    at_augment_draw draw = {.matrix = {1, 0, 0, 1}};
    draw.left = at_rng_uniform(&rng);
    draw.top = at_rng_uniform(&rng);
    draw.mirror = at_rng_next(&rng) >> 63;
    draw.hue = (float)between(&rng, 36);
    draw.saturation = (float)between(&rng, 50);
    draw.lightness = (float)between(&rng, 50);
    if (augment->kind != AT_AUGMENT_TRANSFORM)
        return draw;
    /* As MXNet composes it, target from source: a, b of the angle, shear s, and the two
     * scales that give the aspect while they keep their mean. */
    double angle = between(&rng, 10) * pi / 180, a = cos(angle), b = sin(angle);
    double s = between(&rng, 0.1), ratio = 1 + between(&rng, 0.25);
    double hs = 2 / (1 + ratio), ws = ratio * hs;
    double m[4] = {hs * a - s * b * ws, hs * b + s * a * ws, -b * ws, a * ws};
    double determinant = m[0] * m[3] - m[1] * m[2];
    draw.matrix[0] = (float)(m[3] / determinant);
    draw.matrix[1] = (float)(-m[1] / determinant);
    draw.matrix[2] = (float)(-m[2] / determinant);
    draw.matrix[3] = (float)(m[0] / determinant);
    return draw;
}

/* ---- colour -------------------------------------------------------------------------
 */

static float least(float a, float b) {
    return a < b ? a : b;
}
static float most(float a, float b) {
    return a > b ? a : b;
}

/* One channel of HLS back to red (n = 0), green (8) or blue (4); h in twelfths. */
static float channel(float n, float h, float l, float a) {
    float k = n + h;
    k -= k >= 12 ? 12 : 0;
    return l - a * most(-1, least(least(k - 3, 9 - k), 1));
}

static uint8_t byte_of(float value) {
    return (uint8_t)(most(0, least(255, value * 255 + 0.5F)));
}

void at_augment_color(uint8_t *pixels, size_t count, float hue, float saturation,
                      float lightness) {
    float dh = hue / 15, ds = saturation / 255, dl = lightness / 255;
    dh = dh < 0 ? dh + 12 : dh;
    for (size_t i = 0; i < count; i++) {
        float r = (float)pixels[3 * i] / 255, g = (float)pixels[3 * i + 1] / 255;
        float b = (float)pixels[3 * i + 2] / 255;
        float high = most(r, most(g, b)), low = least(r, least(g, b));
        float d = high - low, l = (high + low) / 2, h = 0, s = 0;
        if (d > 0) {
            s = l < 0.5F ? d / (high + low) : d / (2 - high - low);
            h = high == r   ? 2 * (g - b) / d
                : high == g ? 4 + 2 * (b - r) / d
                            : 8 + 2 * (r - g) / d;
            h = h < 0 ? h + 12 : h;
        }
        h += dh;
        h = h >= 12 ? h - 12 : h;
        l = most(0, least(1, l + dl));
        s = most(0, least(1, s + ds));
        float a = s * least(l, 1 - l);
        pixels[3 * i] = byte_of(channel(0, h, l, a));
        pixels[3 * i + 1] = byte_of(channel(8, h, l, a));
        pixels[3 * i + 2] = byte_of(channel(4, h, l, a));
    }
}

/* ---- geometry -----------------------------------------------------------------------
 */

/* The pixel, or `outside`. */
static inline int32_t pixel_at(const at_image *image, int32_t x, int32_t y, int32_t k,
                               int32_t outside) {
    if (x < 0 || y < 0 || x >= image->w || y >= image->h)
        return outside;
    return image->pixels[((size_t)y * (size_t)image->w + (size_t)x) * (size_t)image->c +
                         (size_t)k];
}

/* A part of the image turned by the matrix about its centre: bilinear, white outside. */
static void warp(const at_image *image, const float *m, int32_t left, int32_t top,
                 const at_prep *prep, uint8_t *to) {
    float cx = (float)image->w / 2, cy = (float)image->h / 2;
    for (int32_t y = 0; y < prep->h; y++)
        for (int32_t x = 0; x < prep->w; x++) {
            float dx = (float)(x + left) + 0.5F - cx, dy = (float)(y + top) + 0.5F - cy;
            float sx = m[0] * dx + m[1] * dy + cx - 0.5F;
            float sy = m[2] * dx + m[3] * dy + cy - 0.5F;
            float fx = floorf(sx), fy = floorf(sy);
            int32_t ix = (int32_t)fx, iy = (int32_t)fy;
            float u = sx - fx, v = sy - fy;
            for (int32_t k = 0; k < prep->c; k++) {
                float a = (float)pixel_at(image, ix, iy, k, 255);
                float b = (float)pixel_at(image, ix + 1, iy, k, 255);
                float c = (float)pixel_at(image, ix, iy + 1, k, 255);
                float d = (float)pixel_at(image, ix + 1, iy + 1, k, 255);
                float above = a + (b - a) * u, below = c + (d - c) * u;
                *to++ = (uint8_t)(above + (below - above) * v + 0.5F);
            }
        }
}

/* A part of the image with black around it. */
static void cut(const at_image *image, int32_t left, int32_t top, const at_prep *prep,
                uint8_t *to) {
    size_t c = (size_t)prep->c;
    for (int32_t y = 0; y < prep->h; y++, to += (size_t)prep->w * c) {
        int32_t sy = top + y;
        int32_t from = left < 0 ? -left : 0;
        int32_t end = image->w - left < prep->w ? image->w - left : prep->w;
        if (sy < 0 || sy >= image->h || end <= from) {
            memset(to, 0, (size_t)prep->w * c);
            continue;
        }
        memset(to, 0, (size_t)from * c);
        memcpy(to + (size_t)from * c,
               image->pixels +
                   ((size_t)sy * (size_t)image->w + (size_t)(left + from)) * c,
               (size_t)(end - from) * c);
        memset(to + (size_t)end * c, 0, (size_t)(prep->w - end) * c);
    }
}

static void mirror(const at_prep *prep, uint8_t *pixels) {
    size_t w = (size_t)prep->w, c = (size_t)prep->c;
    for (int32_t y = 0; y < prep->h; y++, pixels += w * c)
        for (size_t x = 0; x < w / 2; x++)
            for (size_t k = 0; k < c; k++) {
                uint8_t *a = &pixels[x * c + k], *b = &pixels[(w - 1 - x) * c + k];
                uint8_t kept = *a;
                *a = *b;
                *b = kept;
            }
}

void at_augment_cut(const at_prep *prep, const at_augment *augment,
                    const at_augment_draw *draw, const at_image *image, uint8_t *to) {
    if (augment->kind == AT_AUGMENT_NONE) {
        cut(image, (image->w - prep->w) / 2, (image->h - prep->h) / 2, prep, to);
        return;
    }
    int32_t pad = augment->pad;
    int32_t left = (int32_t)(draw->left * (image->w + 2 * pad - prep->w + 1)) - pad;
    int32_t top = (int32_t)(draw->top * (image->h + 2 * pad - prep->h + 1)) - pad;
    if (augment->kind == AT_AUGMENT_TRANSFORM)
        warp(image, draw->matrix, left, top, prep, to);
    else
        cut(image, left, top, prep, to);
    if (augment->kind != AT_AUGMENT_CROP && prep->c == 3)
        at_augment_color(to, (size_t)prep->h * (size_t)prep->w, draw->hue,
                         draw->saturation, draw->lightness);
    if (draw->mirror)
        mirror(prep, to);
}
