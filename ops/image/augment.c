#include "ops/image/augment.h"
#include "ops/isa/isa.h"
#include "ops/isa/pixels.h"

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

/* ---- pixels -------------------------------------------------------------------------
 */

static at_pixels_color color_of(float hue, float saturation, float lightness) {
    float turn = hue / 15; /* from 180ths of the circle to twelfths */
    return (at_pixels_color){.hue = turn < 0 ? turn + 12 : turn,
                             .saturation = saturation / 255,
                             .lightness = lightness / 255};
}

void at_augment_color(uint8_t *pixels, size_t count, float hue, float saturation,
                      float lightness) {
    at_pixels_color color = color_of(hue, saturation, lightness);
    at_isa_pick()->pixels->color(pixels, count, &color);
}

/* A part of the image turned by the matrix about its centre: bilinear, white outside;
 * mirrored and coloured on the way. */
static void warp(const at_image *image, const at_augment_draw *draw, int32_t left,
                 int32_t top, const at_prep *prep, uint8_t *to) {
    const at_pixels *kernels = at_isa_pick()->pixels;
    const at_pixels_source source = {image->pixels, image->w, image->h, image->c};
    const at_pixels_color color = color_of(draw->hue, draw->saturation, draw->lightness);
    const float *m = draw->matrix;
    float cx = (float)image->w / 2, cy = (float)image->h / 2;
    float dx = (float)(left + (draw->mirror ? prep->w - 1 : 0)) + 0.5F - cx;
    float step = draw->mirror ? -1 : 1;
    for (int32_t y = 0; y < prep->h; y++, to += prep->w * prep->c) {
        float dy = (float)(y + top) + 0.5F - cy;
        const at_pixels_line line = {.x = m[0] * dx + m[1] * dy + cx - 0.5F,
                                     .y = m[2] * dx + m[3] * dy + cy - 0.5F,
                                     .dx = m[0] * step,
                                     .dy = m[2] * step};
        kernels->warp(&source, &line, prep->c == 3 ? &color : NULL, (size_t)prep->w, to);
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
        for (uint8_t *a = pixels, *b = pixels + (w - 1) * c; a < b; a += c, b -= c) {
            uint8_t kept[3];
            memcpy(kept, a, c == 3 ? 3 : 1);
            memcpy(a, b, c == 3 ? 3 : 1);
            memcpy(b, kept, c == 3 ? 3 : 1);
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
    if (augment->kind == AT_AUGMENT_TRANSFORM) {
        warp(image, draw, left, top, prep, to);
        return;
    }
    cut(image, left, top, prep, to);
    if (augment->kind == AT_AUGMENT_COLOR && prep->c == 3)
        at_augment_color(to, (size_t)prep->h * (size_t)prep->w, draw->hue,
                         draw->saturation, draw->lightness);
    if (draw->mirror)
        mirror(prep, to);
}
