/* The instruction sets: one implementation struct each, with the micro-kernels of every
 * family behind it; the processor's features pick one when the process starts. The scalar
 * one is the reference: every other is checked against it.
 *
 * A new instruction set is one file a family and one line in isa.c. A kernel's tile size
 * and packing travel with it, in its family's struct. Kernels neither allocate nor fail.
 */
#ifndef ATELIER_OPS_ISA_ISA_H
#define ATELIER_OPS_ISA_ISA_H

#include <stddef.h>

struct at_direct_kernels;
struct at_pixels;
struct at_pointwise;
struct at_winograd_kernels;

typedef struct at_isa {
    const char *name; /* "scalar", "avx2", "avx512", "neon" */
    int pixel; /* words of 16 channels in the maps its kernels work on: 16 of floats, 8 of
                  bfloat16 (at_element of ops/tensor/blocked.h) */
    const struct at_direct_kernels *direct;
    const struct at_winograd_kernels *winograd;
    const struct at_pixels *pixels;
    const struct at_pointwise *pointwise;
} at_isa;

/* The best for this processor, or the one that $ATELIER_ISA names where it can run. */
const at_isa *at_isa_pick(void);
/* By name; NULL where the processor (or the build) lacks it. */
const at_isa *at_isa_named(const char *name);
/* The same instruction set's kernels for maps of bfloat16 ("avx512_bf16"), which multiply
 * two channels at a time and sum in float; NULL where the processor has no such
 * instructions: there bfloat16 would cost more than it saves. */
const at_isa *at_isa_bf16(const at_isa *isa);
/* All that this processor can run on floats, the scalar one first; NULL past the last. */
const at_isa *at_isa_at(size_t index);

#endif
