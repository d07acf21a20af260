/* The layers, one file each: declared here, listed in layers.c. */
#ifndef ATELIER_OPS_NN_LAYERS_H
#define ATELIER_OPS_NN_LAYERS_H

#include "ops/nn/layer.h"

/* One line a layer. */
#define AT_LAYERS(X)                                                                     \
    X(at_layer_convolution)                                                              \
    X(at_layer_batch_norm)                                                               \
    X(at_layer_relu)                                                                     \
    X(at_layer_add)                                                                      \
    X(at_layer_max_pool)                                                                 \
    X(at_layer_average_pool)                                                             \
    X(at_layer_global_pool)                                                              \
    X(at_layer_fully_connected)                                                          \
    X(at_layer_dropout)                                                                  \
    X(at_layer_flatten)                                                                  \
    X(at_layer_softmax)                                                                  \
    X(at_layer_sigmoid)

#define AT_LAYER_DECLARE(name) extern const at_layer name;
AT_LAYERS(AT_LAYER_DECLARE)
#undef AT_LAYER_DECLARE

/* NULL past the last. */
const at_layer *at_layer_at(size_t index);
const at_layer *at_layer_named(const char *name); /* or NULL */

#endif
