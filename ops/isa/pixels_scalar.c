/* The reference: one pixel after the other. */
#include "ops/isa/pixels.h"

#include <math.h>

static uint8_t clip(int32_t value) {
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void blend(const uint8_t *from, size_t stride, const at_pixels_taps *taps,
                  int32_t out, size_t count, uint8_t *to) {
    for (int32_t i = 0; i < out; i++, to += stride) {
        const uint8_t *first = from + (size_t)taps->first[i] * stride;
        const int32_t *weights = taps->weights + (size_t)i * (size_t)taps->most;
        for (size_t x = 0; x < count; x++) {
            int32_t sum = 1 << (AT_PIXELS_BITS - 1);
            for (int32_t k = 0; k < taps->count[i]; k++)
                sum += first[(size_t)k * stride + x] * weights[k];
            to[x] = clip(sum >> AT_PIXELS_BITS);
        }
    }
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
static uint8_t channel(float n, float h, float l, float a) {
    float k = n + h;
    k = k >= 12 ? k - 12 : k;
    float value = l - a * most(-1, least(least(k - 3, 9 - k), 1));
    return (uint8_t)most(0, least(255, value * 255 + 0.5F));
}

static void shift(const at_pixels_color *by, uint8_t *p) {
    const float unit = 1.0F / 255;
    float r = (float)p[0] * unit, g = (float)p[1] * unit, b = (float)p[2] * unit;
    float high = most(r, most(g, b)), low = least(r, least(g, b));
    float d = high - low, sum = high + low, l = sum * 0.5F;
    /* A grey has no hue; what is divided by 1 is nought. */
    float wide = l < 0.5F ? sum : 2 - sum;
    float s = d / (d > 0 ? wide : 1);
    float side = high == r ? g - b : high == g ? b - r : r - g;
    float start = high == r ? 0.0F : high == g ? 4.0F : 8.0F;
    float h = start + (side + side) / (d > 0 ? d : 1);
    h = h < 0 ? h + 12 : h;
    h = h + by->hue;
    h = h >= 12 ? h - 12 : h;
    l = most(0, least(1, l + by->lightness));
    s = most(0, least(1, s + by->saturation));
    float a = s * least(l, 1 - l);
    p[0] = channel(0, h, l, a);
    p[1] = channel(8, h, l, a);
    p[2] = channel(4, h, l, a);
}

static void color(uint8_t *pixels, size_t count, const at_pixels_color *by) {
    for (size_t i = 0; i < count; i++)
        shift(by, pixels + 3 * i);
}

/* ---- geometry -----------------------------------------------------------------------
 */

static int32_t at(const at_pixels_source *s, int32_t x, int32_t y, int32_t k) {
    if (x < 0 || y < 0 || x >= s->w || y >= s->h)
        return 255;
    return s->pixels[((size_t)y * (size_t)s->w + (size_t)x) * (size_t)s->c + (size_t)k];
}

static void warp(const at_pixels_source *s, const at_pixels_line *line,
                 const at_pixels_color *by, size_t count, uint8_t *to) {
    for (size_t i = 0; i < count; i++, to += s->c) {
        float x = line->x + (float)i * line->dx, y = line->y + (float)i * line->dy;
        float left = floorf(x), top = floorf(y);
        int32_t ix = (int32_t)left, iy = (int32_t)top;
        int32_t u = (int32_t)((x - left) * 256 + 0.5F);
        int32_t v = (int32_t)((y - top) * 256 + 0.5F);
        for (int32_t k = 0; k < s->c; k++) {
            int32_t a = at(s, ix, iy, k), b = at(s, ix + 1, iy, k);
            int32_t c = at(s, ix, iy + 1, k), d = at(s, ix + 1, iy + 1, k);
            int32_t above = a * 256 + (b - a) * u, below = c * 256 + (d - c) * u;
            to[k] = (uint8_t)((above * 256 + (below - above) * v + 32768) >> 16);
        }
        if (by)
            shift(by, to);
    }
}

const at_pixels at_pixels_scalar = {.blend = blend, .color = color, .warp = warp};
