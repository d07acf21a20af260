/* The algorithms of convolution, one file each: declared here, listed in
 * conv_algorithms.c. Private to ops/nn. */
#ifndef ATELIER_OPS_NN_CONV_ALGORITHMS_H
#define ATELIER_OPS_NN_CONV_ALGORITHMS_H

#include "ops/nn/conv.h"

/* Where weight (k, c, r, s) lies in the packed layout. */
size_t at_conv_weight_place(const at_conv_shape *shape, int32_t k, int32_t c, int32_t r,
                            int32_t s);

/* One line an algorithm; within a pass from the plainest to the best, the reference
 * first. */
#define AT_CONV_ALGORITHMS(X)                                                            \
    X(at_conv_reference_forward)                                                         \
    X(at_conv_reference_data)                                                            \
    X(at_conv_reference_weights)                                                         \
    X(at_conv_direct_forward)                                                            \
    X(at_conv_direct_data)                                                               \
    X(at_conv_direct_weights)                                                            \
    X(at_conv_winograd2_forward)                                                         \
    X(at_conv_winograd4_forward)                                                         \
    X(at_conv_winograd2_data)                                                            \
    X(at_conv_winograd4_data)                                                            \
    X(at_conv_winograd4_weights)

#define AT_CONV_DECLARE(name) extern const at_conv_algorithm name;
AT_CONV_ALGORITHMS(AT_CONV_DECLARE)
#undef AT_CONV_DECLARE

#endif
