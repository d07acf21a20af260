#include "ops/base/rng.h"

#include <math.h>
#include <pthread.h>
#include <stdbool.h>

static uint64_t rotate(uint64_t x, int k) {
    return (x << k) | (x >> (64 - k));
}

void at_rng_init(at_rng *rng, uint64_t seed) {
    for (int i = 0; i < 4; i++) { /* splitmix64 */
        uint64_t z = seed += 0x9E3779B97F4A7C15u;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        rng->s[i] = z ^ (z >> 31);
    }
    rng->spare = NAN;
}

uint64_t at_rng_next(at_rng *rng) { /* xoshiro256** */
    uint64_t *s = rng->s;
    uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double at_rng_uniform(at_rng *rng) {
    return (double)(at_rng_next(rng) >> 11) * 0x1p-53;
}

/* Lemire, "Fast random integer generation in an interval" (2019). */
uint64_t at_rng_below(at_rng *rng, uint64_t bound) {
    __uint128_t product = (__uint128_t)at_rng_next(rng) * bound;
    if ((uint64_t)product < bound) {
        uint64_t threshold = -bound % bound;
        while ((uint64_t)product < threshold)
            product = (__uint128_t)at_rng_next(rng) * bound;
    }
    return (uint64_t)(product >> 64);
}

double at_rng_normal(at_rng *rng) {
    if (!isnan(rng->spare)) {
        double z = rng->spare;
        rng->spare = NAN;
        return z;
    }
    double u, v, s;
    do {
        u = 2 * at_rng_uniform(rng) - 1;
        v = 2 * at_rng_uniform(rng) - 1;
        s = u * u + v * v;
    } while (s >= 1 || s == 0);
    double scale = sqrt(-2 * log(s) / s);
    rng->spare = v * scale;
    return u * scale;
}

/* The ziggurat: G. Marsaglia, W. W. Tsang, 2000; layers drawn independently of the place
 * within them, as J. A. Doornik, "An Improved Ziggurat Method to Generate Normal Random
 * Samples", 2005, has it. `LAYERS` layers of equal area under exp(-z^2 / 2), layer 0 with
 * the tail beyond TAIL; edges[i] is the half-width of layer i, inner[i] the share of it
 * that lies under the curve wholly. */
enum { LAYERS = 128 };
static const double TAIL = 3.442619855899, AREA = 9.91256303526217e-3;
static double edges[LAYERS + 1], inner[LAYERS];
static pthread_once_t edges_made = PTHREAD_ONCE_INIT;

static void make_edges(void) {
    double f = exp(-0.5 * TAIL * TAIL);
    edges[0] = AREA / f;
    edges[1] = TAIL;
    for (int i = 2; i < LAYERS; i++) {
        edges[i] = sqrt(-2 * log(AREA / edges[i - 1] + f));
        f = exp(-0.5 * edges[i] * edges[i]);
    }
    edges[LAYERS] = 0;
    for (int i = 0; i < LAYERS; i++)
        inner[i] = edges[i + 1] / edges[i];
}

/* Beyond TAIL: Marsaglia's method for the tail. */
static double tail(at_rng *rng, bool negative) {
    double x, y;
    do {
        x = log(1 - at_rng_uniform(rng)) / TAIL;
        y = log(1 - at_rng_uniform(rng));
    } while (-2 * y < x * x);
    return negative ? x - TAIL : TAIL - x;
}

void at_rng_normals(at_rng *rng, float *out, size_t count) {
    pthread_once(&edges_made, make_edges);
    for (size_t done = 0; done < count;) {
        uint64_t bits = at_rng_next(rng);
        size_t layer = bits % LAYERS; /* the bits that the place does not use */
        double u = (double)(bits >> 11) * 0x1p-52 - 1, z = u * edges[layer];
        if (fabs(u) >= inner[layer]) { /* one in a hundred */
            if (layer == 0) {
                z = tail(rng, u < 0);
            } else {
                double low = exp(-0.5 * (edges[layer] * edges[layer] - z * z));
                double high = exp(-0.5 * (edges[layer + 1] * edges[layer + 1] - z * z));
                if (high + at_rng_uniform(rng) * (low - high) >= 1)
                    continue;
            }
        }
        out[done++] = (float)z;
    }
}

void at_rng_shuffle(at_rng *rng, int64_t *items, size_t count) {
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)at_rng_below(rng, i);
        int64_t t = items[i - 1];
        items[i - 1] = items[j];
        items[j] = t;
    }
}
