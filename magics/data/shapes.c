#include "magics/data/shapes.h"

#include "ops/base/rng.h"

#include <math.h>
#include <stdbool.h>

static const float pi = 3.14159265F;

const char *at_shapes_name(int shape) {
    static const char *const names[AT_SHAPES_CLASSES] = {"circle", "cross", "ring",
                                                         "square", "star",  "triangle"};
    return names[shape];
}

/* A regular polygon of n corners whose corners lie on the circle of radius 1; `inner`:
 * the radius between two corners (a star's is small). */
static bool in_polygon(float x, float y, int n, float inner) {
    float slice = pi / (float)n, angle = fabsf(atan2f(x, -y));
    angle -= 2 * slice * floorf((angle + slice) / (2 * slice));
    angle = fabsf(angle);
    /* The edge from the corner (0, 1) to (sin, cos) of half a slice times inner. */
    float r = hypotf(x, y), px = r * sinf(angle), py = r * cosf(angle);
    float ex = inner * sinf(slice), ey = inner * cosf(slice) - 1;
    return px * -ey + (py - 1) * ex <= 0;
}

/* Is the point, in units of the shape's radius, inside? */
static bool inside(int shape, float x, float y) {
    float r = hypotf(x, y);
    switch (shape) {
    case 0:
        return r <= 0.9F;
    case 1:
        return (fabsf(x) <= 0.28F && fabsf(y) <= 0.95F) ||
               (fabsf(y) <= 0.28F && fabsf(x) <= 0.95F);
    case 2:
        return r <= 0.95F && r >= 0.55F;
    case 3:
        return fabsf(x) <= 0.78F && fabsf(y) <= 0.78F;
    case 4:
        return in_polygon(x, y, 5, 0.42F);
    default:
        return in_polygon(x, y, 3, 0.5F);
    }
}

static float between(at_rng *rng, double low, double high) {
    return (float)(low + (high - low) * at_rng_uniform(rng));
}

/* Two colours that differ enough to be told apart. */
static void take_colors(at_rng *rng, float figure[3], float ground[3]) {
    float apart = 0;
    while (apart < 170) {
        apart = 0;
        for (int k = 0; k < 3; k++) {
            figure[k] = between(rng, 10, 245);
            ground[k] = between(rng, 10, 245);
            apart += fabsf(figure[k] - ground[k]);
        }
    }
}

int at_shapes_draw(uint64_t seed, int64_t index, uint8_t *pixels) {
    enum { FINE = 4 }; /* points of a pixel, each way */
    int shape = (int)((index * 5 + index / 6) % AT_SHAPES_CLASSES);
    at_rng rng;
    float figure[3], ground[3];
    at_rng_init(&rng,
                ~seed * 0x9E3779B97F4A7C15u + (uint64_t)index * 0xD1342543DE82EF95u);
    take_colors(&rng, figure, ground);
    float radius = between(&rng, 8, 13), turn = between(&rng, -pi, pi);
    float cx = 16 + between(&rng, -1, 1) * (15 - radius);
    float cy = 16 + between(&rng, -1, 1) * (15 - radius);
    float c = cosf(turn), s = sinf(turn), slope = between(&rng, -1.2, 1.2);
    for (int y = 0; y < AT_SHAPES_SIDE; y++)
        for (int x = 0; x < AT_SHAPES_SIDE; x++) {
            int hits = 0;
            for (int f = 0; f < FINE * FINE; f++) {
                float dx = ((float)x + ((float)(f % FINE) + 0.5F) / FINE - cx) / radius;
                float dy = ((float)y + ((float)(f / FINE) + 0.5F) / FINE - cy) / radius;
                hits += inside(shape, c * dx + s * dy, c * dy - s * dx);
            }
            float part = (float)hits / (FINE * FINE), shade = slope * (float)(x - y);
            for (int k = 0; k < 3; k++) {
                float value = figure[k] * part + (ground[k] + shade) * (1 - part) +
                              (float)at_rng_normal(&rng) * 6;
                pixels[(y * AT_SHAPES_SIDE + x) * 3 + k] =
                    (uint8_t)(value < 0     ? 0
                              : value > 255 ? 255
                                            : value);
            }
        }
    return shape;
}
