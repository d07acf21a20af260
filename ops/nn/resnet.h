/* Residual nets (He et al., 2015 and 2016), as specs.
 *
 * Version 1: ReLU after the sum; torchvision's structure and parameter names
 * ("layer1.0.conv1.weight"), stride on the 3x3 convolution of a bottleneck, epsilon 1e-5,
 * running variance by n - 1: what published weights are for.
 * Version 2: batch norm and ReLU before each convolution; the open twin of SageMaker's
 * image classification (MXNet's symbol_resnet), epsilon 2e-5, a batch norm on the data.
 *
 * Depths 18, 34, 50, 101, 152, 200 are the large family, for photographs: four stages; a
 * stem of 7x7 and a pool, or of 3x3 for version 2 and images at most 32 high. 20, 32, 44,
 * 56, 110 are the small one, for images of about 28: three stages of 16, 32, 64 filters,
 * a 3x3 stem. */
#ifndef ATELIER_OPS_NN_RESNET_H
#define ATELIER_OPS_NN_RESNET_H

#include "ops/nn/net.h"

typedef struct at_resnet_options {
    int version; /* 1 or 2 */
    int depth;
    at_dims image;
    int32_t classes;
    bool multi_label; /* ends in sigmoids instead of a softmax */
} at_resnet_options;

/* All depths in order; 0 past the last. */
int at_resnet_depth_at(size_t index);
bool at_resnet_is_small(int depth);

/* The name of the layer that a new head replaces: "fc" or "fc1". */
const char *at_resnet_head(int version);

AT_MUST_USE at_status at_resnet_new(const at_resnet_options *options, at_net_spec **out,
                                    at_error *err);

#endif
