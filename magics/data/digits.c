#include "magics/data/digits.h"

#include "ops/base/rng.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { POINTS = 10, STROKES = 3, STEPS = 8 };

/* Points of a stroke in a square of 1, y downwards; smooth: a curve goes through them. */
typedef struct stroke {
    bool smooth;
    int count;
    float at[POINTS][2];
} stroke;

static const struct {
    int count;
    stroke strokes[STROKES];
} digits[10] = {
    {1,
     {{true,
       9,
       {{.50F, .08F},
        {.30F, .18F},
        {.24F, .50F},
        {.31F, .82F},
        {.50F, .92F},
        {.69F, .82F},
        {.76F, .50F},
        {.70F, .18F},
        {.50F, .08F}}}}},
    {1, {{false, 3, {{.36F, .28F}, {.55F, .09F}, {.55F, .92F}}}}},
    {2,
     {{true,
       6,
       {{.25F, .30F},
        {.38F, .10F},
        {.64F, .11F},
        {.74F, .32F},
        {.56F, .60F},
        {.24F, .90F}}},
      {false, 2, {{.24F, .90F}, {.78F, .90F}}}}},
    {2,
     {{true, 4, {{.27F, .18F}, {.50F, .08F}, {.71F, .26F}, {.46F, .47F}}},
      {true, 4, {{.46F, .47F}, {.76F, .67F}, {.52F, .92F}, {.23F, .80F}}}}},
    {2,
     {{false, 3, {{.58F, .08F}, {.19F, .64F}, {.82F, .64F}}},
      {false, 2, {{.63F, .38F}, {.63F, .93F}}}}},
    {2,
     {{false, 3, {{.74F, .10F}, {.34F, .10F}, {.30F, .46F}}},
      {true, 5, {{.30F, .46F}, {.55F, .41F}, {.75F, .62F}, {.60F, .88F}, {.25F, .86F}}}}},
    {1,
     {{true,
       8,
       {{.66F, .09F},
        {.38F, .34F},
        {.26F, .68F},
        {.44F, .92F},
        {.71F, .78F},
        {.65F, .53F},
        {.42F, .53F},
        {.27F, .70F}}}}},
    {1, {{false, 3, {{.22F, .12F}, {.78F, .12F}, {.43F, .92F}}}}},
    {1,
     {{true,
       9,
       {{.50F, .48F},
        {.31F, .30F},
        {.50F, .09F},
        {.69F, .30F},
        {.50F, .48F},
        {.26F, .71F},
        {.50F, .92F},
        {.74F, .71F},
        {.50F, .48F}}}}},
    {1,
     {{true,
       7,
       {{.70F, .30F},
        {.50F, .49F},
        {.30F, .30F},
        {.50F, .09F},
        {.70F, .28F},
        {.66F, .62F},
        {.48F, .93F}}}}},
};

/* How this one is written. */
typedef struct hand {
    at_rng rng;
    float matrix[4], x, y; /* to pixels */
    float width, bend;     /* pixels; parts of the square */
} hand;

static float between(at_rng *rng, double low, double high) {
    return (float)(low + (high - low) * at_rng_uniform(rng));
}

static void take_hand(hand *h) {
    at_rng *rng = &h->rng;
    float turn = between(rng, -0.22, 0.22), shear = between(rng, -0.25, 0.25);
    float wide = between(rng, 15, 21), high = between(rng, 18, 23);
    float c = cosf(turn), s = sinf(turn);
    h->matrix[0] = wide * c;
    h->matrix[1] = high * (shear * c - s);
    h->matrix[2] = wide * s;
    h->matrix[3] = high * (shear * s + c);
    h->x = 14 + between(rng, -1.8, 1.8);
    h->y = 14 + between(rng, -1.8, 1.8);
    h->width = between(rng, 0.8, 1.7);
    h->bend = 0.035F;
}

/* Between points b and c, a and d their neighbours: Catmull and Rom's spline. */
static float spline(float a, float b, float c, float d, float t) {
    return 0.5F * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t +
                   (3 * b - a - 3 * c + d) * t * t * t);
}

/* Light on both sides of a line, soft at its edge. */
static void draw_line(const hand *h, const float *from, const float *to, float *canvas) {
    float dx = to[0] - from[0], dy = to[1] - from[1], length = dx * dx + dy * dy;
    for (int y = 0; y < AT_DIGITS_SIDE; y++)
        for (int x = 0; x < AT_DIGITS_SIDE; x++) {
            float px = (float)x + 0.5F - from[0], py = (float)y + 0.5F - from[1];
            float t = length > 0 ? (px * dx + py * dy) / length : 0;
            t = t < 0 ? 0 : t > 1 ? 1 : t;
            float far = hypotf(px - t * dx, py - t * dy);
            float light = h->width + 0.5F - far;
            light = light < 0 ? 0 : light > 1 ? 1 : light;
            float *p = &canvas[y * AT_DIGITS_SIDE + x];
            *p = *p > light ? *p : light;
        }
}

static void draw_stroke(hand *h, const stroke *s, float *canvas) {
    float at[POINTS][2], last[2] = {0, 0};
    for (int i = 0; i < s->count; i++) {
        float x = s->at[i][0] - 0.5F + between(&h->rng, -1, 1) * h->bend;
        float y = s->at[i][1] - 0.5F + between(&h->rng, -1, 1) * h->bend;
        at[i][0] = h->x + h->matrix[0] * x + h->matrix[1] * y;
        at[i][1] = h->y + h->matrix[2] * x + h->matrix[3] * y;
    }
    int steps = s->smooth ? STEPS : 1;
    for (int i = 0; i + 1 < s->count; i++)
        for (int k = i == 0 ? 0 : 1; k <= steps; k++) {
            float t = (float)k / (float)steps, now[2];
            const float *a = at[i > 0 ? i - 1 : 0];
            const float *d = at[i + 2 < s->count ? i + 2 : s->count - 1];
            for (int axis = 0; axis < 2; axis++)
                now[axis] =
                    s->smooth ? spline(a[axis], at[i][axis], at[i + 1][axis], d[axis], t)
                              : at[i][axis] + (at[i + 1][axis] - at[i][axis]) * t;
            if (i || k)
                draw_line(h, last, now, canvas);
            memcpy(last, now, sizeof last);
        }
}

int at_digits_draw(uint64_t seed, int64_t index, uint8_t *pixels) {
    int digit = (int)((index * 7 + index / 10 * 3) % 10);
    float canvas[AT_DIGITS_SIDE * AT_DIGITS_SIDE] = {0};
    hand h;
    at_rng_init(&h.rng,
                seed * 0x9E3779B97F4A7C15u + (uint64_t)index * 0xD1342543DE82EF95u);
    take_hand(&h);
    for (int i = 0; i < digits[digit].count; i++)
        draw_stroke(&h, &digits[digit].strokes[i], canvas);
    float ink = between(&h.rng, 190, 255);
    for (int i = 0; i < AT_DIGITS_SIDE * AT_DIGITS_SIDE; i++) {
        float value = canvas[i] * ink + (float)at_rng_normal(&h.rng) * 7;
        pixels[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
    return digit;
}
