/* Which algorithm a convolution gets: by shape and ISA, never by timing at run time, so
 * that the same net computes the same bits wherever the ISA and the threads are the
 * same. */
#include "ops/nn/conv_algorithms.h"

const at_conv_algorithm *at_conv_choose(const at_conv_shape *shape, at_conv_pass pass,
                                        const at_isa *isa, int parts) {
    const at_conv_algorithm *fallback = NULL;
    at_conv_needs unused;
    for (size_t i = 0; at_conv_algorithm_at(i); i++) {
        const at_conv_algorithm *algorithm = at_conv_algorithm_at(i);
        if (algorithm->pass == pass && algorithm->needs(shape, isa, parts, &unused))
            fallback = algorithm; /* later ones are better where they apply */
    }
    return fallback;
}
