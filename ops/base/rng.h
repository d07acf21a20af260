/* Random numbers: xoshiro256** seeded by splitmix64 (Blackman and Vigna, 2018). The same
 * seed gives the same numbers on every machine. */
#ifndef ATELIER_OPS_BASE_RNG_H
#define ATELIER_OPS_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct at_rng {
    uint64_t s[4];
    double spare; /* second normal of a pair; NaN when none */
} at_rng;

void at_rng_init(at_rng *rng, uint64_t seed);
uint64_t at_rng_next(at_rng *rng);
double at_rng_uniform(at_rng *rng);                 /* [0, 1) */
uint64_t at_rng_below(at_rng *rng, uint64_t bound); /* [0, bound), unbiased; bound > 0 */
double at_rng_normal(at_rng *rng); /* mean 0, variance 1 (polar method) */
/* `count` of them at a few nanoseconds each, not the numbers of at_rng_normal (ziggurat).
 */
void at_rng_normals(at_rng *rng, float *out, size_t count);
void at_rng_shuffle(at_rng *rng, int64_t *items, size_t count); /* Fisher-Yates */

#endif
