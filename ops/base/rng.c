#include "ops/base/rng.h"

#include <math.h>

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

void at_rng_shuffle(at_rng *rng, int64_t *items, size_t count) {
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)at_rng_below(rng, i);
        int64_t t = items[i - 1];
        items[i - 1] = items[j];
        items[j] = t;
    }
}
