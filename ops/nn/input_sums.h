/* Sums of a convolution's input gradient over all pixels, channel by channel, without the
 * gradient itself: all that a batch norm on the data asks for, whose scale is fixed. It
 * spares the most expensive gradient of a net, that of its images.
 *
 *     sum over n,h,w of dx[n,c,h,w] = sum over k,r,s of w[k,c,r,s] * S[k,r,s]
 *     S[k,r,s] = sum of dy[n,k,i,j] over those (i, j) whose tap (r, s) lies in the image:
 *     the sum over all, less border rows, less border columns, plus corners. */
#ifndef ATELIER_OPS_NN_INPUT_SUMS_H
#define ATELIER_OPS_NN_INPUT_SUMS_H

#include "ops/isa/pointwise.h"
#include "ops/nn/conv.h"

/* Bytes: double[parts][r * s][k padded]. */
size_t at_input_sums_scratch(const at_conv_shape *shape, int parts);
/* Phase 1: this part's share of dy's planes, images below `count`, into its slice. */
void at_input_sums_collect(const at_conv_shape *shape, const at_pointwise *kernels,
                           const at_blocked *dy, int32_t count, double *scratch, int part,
                           int parts);
/* Phase 2: to sums[c padded]; one part does it all. */
void at_input_sums_finish(const at_conv_shape *shape, const float *weights,
                          const double *scratch, int parts, float *sums);

#endif
