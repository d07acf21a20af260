/* The kernels of pixels.h over the vectors of one instruction set. Defined before:
 *
 *     TARGET            attributes of every function
 *     LANES             numbers of 32 bits in a vector
 *     WIDEN(p)          LANES bytes at p as an ints
 *     NARROW(p, v)      an ints, clipped to 0 .. 255, to LANES bytes at p
 *     LEAST, MOST       of two floats, by lanes
 *     KERNELS           the name of the table
 *
 * No sum is contracted and no division approximated: the bits are those of the scalar
 * file, whose formulas stand here once more. */
#include <stdbool.h>
#include <string.h>

typedef int32_t ints __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef float floats __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

#define INLINE TARGET static inline __attribute__((always_inline))

enum { CHUNK = 64 };

INLINE ints integers(int32_t value) {
    return value - (ints){0};
}

INLINE floats reals(float value) {
    return value - (floats){0};
}

/* a where the mask is set, else b. */
INLINE floats pick(ints mask, floats a, floats b) {
    return (floats)((mask & (ints)a) | (~mask & (ints)b));
}

/* ---- resize -------------------------------------------------------------------------
 */

INLINE void blend_line(const uint8_t *from, size_t stride, const int32_t *weights,
                       int32_t taps, size_t count, uint8_t *to) {
    const int32_t half = 1 << (AT_PIXELS_BITS - 1);
    size_t x = 0;
    for (; x + 2 * LANES <= count; x += 2 * LANES) {
        ints first = integers(half), second = first;
        for (int32_t k = 0; k < taps; k++) {
            const uint8_t *line = from + (size_t)k * stride + x;
            first += WIDEN(line) * weights[k];
            second += WIDEN(line + LANES) * weights[k];
        }
        NARROW(to + x, first >> AT_PIXELS_BITS);
        NARROW(to + x + LANES, second >> AT_PIXELS_BITS);
    }
    for (; x + LANES <= count; x += LANES) {
        ints sum = integers(half);
        for (int32_t k = 0; k < taps; k++)
            sum += WIDEN(from + (size_t)k * stride + x) * weights[k];
        NARROW(to + x, sum >> AT_PIXELS_BITS);
    }
    for (; x < count; x++) {
        int32_t sum = half;
        for (int32_t k = 0; k < taps; k++)
            sum += from[(size_t)k * stride + x] * weights[k];
        sum >>= AT_PIXELS_BITS;
        to[x] = (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
    }
}

TARGET static void blend(const uint8_t *from, size_t stride, const at_pixels_taps *taps,
                         int32_t out, size_t count, uint8_t *to) {
    for (int32_t i = 0; i < out; i++, to += stride)
        blend_line(from + (size_t)taps->first[i] * stride, stride,
                   taps->weights + (size_t)i * (size_t)taps->most, taps->count[i], count,
                   to);
}

/* ---- colour -------------------------------------------------------------------------
 */

INLINE ints channel(float n, floats h, floats l, floats a) {
    floats k = h + n;
    k = pick(k >= 12, k - 12, k);
    floats value = l - a * MOST(reals(-1), LEAST(LEAST(k - 3, 9 - k), reals(1)));
    value = MOST(reals(0), LEAST(reals(255), value * 255 + 0.5F));
    return __builtin_convertvector(value, ints);
}

/* Red, green and blue, 0 to 255. */
INLINE void shift(const at_pixels_color *by, ints *red, ints *green, ints *blue) {
    const float unit = 1.0F / 255;
    const floats one = reals(1), zero = reals(0);
    floats r = __builtin_convertvector(*red, floats) * unit;
    floats g = __builtin_convertvector(*green, floats) * unit;
    floats b = __builtin_convertvector(*blue, floats) * unit;
    floats high = MOST(r, MOST(g, b)), low = LEAST(r, LEAST(g, b));
    floats d = high - low, sum = high + low, l = sum * 0.5F;
    ints colored = d > 0, of_red = high == r, of_green = high == g;
    floats s = d / pick(colored, pick(l < 0.5F, sum, 2 - sum), one);
    floats side = pick(of_red, g - b, pick(of_green, b - r, r - g));
    floats start = pick(of_red, zero, pick(of_green, reals(4), reals(8)));
    floats h = start + (side + side) / pick(colored, d, one);
    h = pick(h < 0, h + 12, h);
    h = h + by->hue;
    h = pick(h >= 12, h - 12, h);
    l = MOST(zero, LEAST(one, l + by->lightness));
    s = MOST(zero, LEAST(one, s + by->saturation));
    floats a = s * LEAST(l, 1 - l);
    *red = channel(0, h, l, a);
    *green = channel(8, h, l, a);
    *blue = channel(4, h, l, a);
}

/* n pixels of three bytes, each in the low bytes of a word, out to a row. Four bytes are
 * written of all but the last: the next one mends the fourth. */
INLINE void put_pixels(const int32_t *words, size_t n, uint8_t *to) {
    for (size_t i = 0; i + 1 < n; i++)
        memcpy(to + 3 * i, &words[i], 4);
    memcpy(to + 3 * (n - 1), &words[n - 1], 3);
}

TARGET static void color(uint8_t *pixels, size_t count, const at_pixels_color *by) {
    int32_t words[CHUNK] = {0};
    for (size_t begin = 0; begin < count; begin += CHUNK) {
        size_t n = count - begin < CHUNK ? count - begin : CHUNK;
        uint8_t *at = pixels + 3 * begin;
        for (size_t i = 0; i + 1 < n; i++)
            memcpy(&words[i], at + 3 * i, 4);
        memcpy(&words[n - 1], at + 3 * (n - 1), 3);
        for (size_t i = 0; i < n; i += LANES) {
            ints word = *(const ints *)(words + i);
            ints r = word & 255, g = word >> 8 & 255, b = word >> 16 & 255;
            shift(by, &r, &g, &b);
            *(ints *)(words + i) = r | g << 8 | b << 16;
        }
        put_pixels(words, n, at);
    }
}

/* ---- geometry -----------------------------------------------------------------------
 */

/* Places of a chunk of a row: whole pixels, and the way to the next in 256ths. */
typedef struct places {
    int32_t x[CHUNK], y[CHUNK], u[CHUNK], v[CHUNK];
    /* The four pixels about each, a channel a byte: this row's two, the next row's. */
    int32_t near[4][CHUNK];
} places;

INLINE void split(floats place, int32_t *whole, int32_t *part) {
    ints below = __builtin_convertvector(place, ints);
    below += place < __builtin_convertvector(below, floats); /* a true one is -1 */
    floats rest = place - __builtin_convertvector(below, floats);
    *(ints *)whole = below;
    *(ints *)part = __builtin_convertvector(rest * 256 + 0.5F, ints);
}

INLINE void find_places(const at_pixels_line *line, size_t begin, places *p) {
    ints step;
    for (int32_t i = 0; i < LANES; i++)
        step[i] = i;
    for (size_t i = 0; i < CHUNK; i += LANES) {
        floats at = __builtin_convertvector(step + (int32_t)(begin + i), floats);
        split(line->x + at * line->dx, p->x + i, p->u + i);
        split(line->y + at * line->dy, p->y + i, p->v + i);
    }
}

INLINE int32_t pixel_at(const at_pixels_source *s, int32_t x, int32_t y, size_t c) {
    int32_t word = 0xFFFFFF;
    if (x >= 0 && y >= 0 && x < s->w && y < s->h) {
        word = 0;
        memcpy(&word, s->pixels + ((size_t)y * (size_t)s->w + (size_t)x) * c, c);
    }
    return word;
}

INLINE void fetch(const at_pixels_source *s, size_t n, size_t c, places *p) {
    size_t row = (size_t)s->w * c;
    for (size_t i = 0; i < n; i++) {
        int32_t x = p->x[i], y = p->y[i];
        /* Not the last two columns: words reach past their pixel. */
        if (x >= 0 && y >= 0 && x < s->w - 2 && y < s->h - 1 && c == 3) {
            const uint8_t *at = s->pixels + (size_t)y * row + (size_t)x * c;
            memcpy(&p->near[0][i], at, 4);
            memcpy(&p->near[1][i], at + 3, 4);
            memcpy(&p->near[2][i], at + row, 4);
            memcpy(&p->near[3][i], at + row + 3, 4);
        } else {
            for (int32_t k = 0; k < 4; k++)
                p->near[k][i] = pixel_at(s, x + (k & 1), y + (k >> 1), c);
        }
    }
}

INLINE ints mix(const places *p, size_t i, int32_t bits) {
    ints u = *(const ints *)(p->u + i), v = *(const ints *)(p->v + i);
    ints a = *(const ints *)(p->near[0] + i) >> bits & 255;
    ints b = *(const ints *)(p->near[1] + i) >> bits & 255;
    ints c = *(const ints *)(p->near[2] + i) >> bits & 255;
    ints d = *(const ints *)(p->near[3] + i) >> bits & 255;
    ints above = a * 256 + (b - a) * u, below = c * 256 + (d - c) * u;
    return (above * 256 + (below - above) * v + 32768) >> 16;
}

INLINE void warp_row(const at_pixels_source *s, const at_pixels_line *line,
                     const at_pixels_color *by, size_t count, size_t c, uint8_t *to) {
    places p;
    memset(&p, 0, sizeof p);
    for (size_t begin = 0; begin < count; begin += CHUNK, to += CHUNK * c) {
        size_t n = count - begin < CHUNK ? count - begin : CHUNK;
        find_places(line, begin, &p);
        fetch(s, n, c, &p);
        for (size_t i = 0; i < n; i += LANES) {
            ints r = mix(&p, i, 0), g, b;
            if (c == 3) {
                g = mix(&p, i, 8);
                b = mix(&p, i, 16);
                if (by)
                    shift(by, &r, &g, &b);
                r |= g << 8 | b << 16;
            }
            *(ints *)(p.x + i) = r;
        }
        if (c == 3)
            put_pixels(p.x, n, to);
        else
            for (size_t i = 0; i < n; i++)
                to[i] = (uint8_t)p.x[i];
    }
}

TARGET static void warp(const at_pixels_source *source, const at_pixels_line *line,
                        const at_pixels_color *by, size_t count, uint8_t *to) {
    if (source->c == 3)
        warp_row(source, line, by, count, 3, to);
    else
        warp_row(source, line, NULL, count, 1, to);
}

const at_pixels KERNELS = {.blend = blend, .color = color, .warp = warp};
