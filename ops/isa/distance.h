/* Distances from a few points to many: what nearest neighbours spend their time on. Sums
 * run over the columns in their order, a multiplication and an addition each, so that
 * every instruction set gives the same bits, and so does any company of a point. */
#ifndef ATELIER_OPS_ISA_DISTANCE_H
#define ATELIER_OPS_ISA_DISTANCE_H

#include <stddef.h>
#include <stdint.h>

enum {
    AT_DISTANCE_LANES = 16, /* points of a block */
    AT_DISTANCE_ASKED = 4,  /* points that are asked for at once, at most */
};

/* points: (cols, AT_DISTANCE_LANES), one block; asked: (count, cols) with count in 1 ..
 * AT_DISTANCE_ASKED. out: (count, AT_DISTANCE_LANES): sums over the columns of
 * (asked - point)^2. */
typedef void at_distance_fn(const float *points, const float *asked, size_t count,
                            int64_t cols, float *out);

typedef struct at_distance {
    at_distance_fn *squares;  /* (asked - point)^2 */
    at_distance_fn *products; /* asked * point */
} at_distance;

/* The best for what $ATELIER_ISA and the processor allow (isa.h). */
const at_distance *at_distance_pick(void);
/* "scalar", "avx2", "avx512"; others are the scalar one. */
const at_distance *at_distance_named(const char *name);

#endif
