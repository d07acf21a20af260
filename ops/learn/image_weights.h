/* Weights of a net in a safetensors file: every parameter under its own name, dense,
 * float32, in the shape that PyTorch gives it. */
#ifndef ATELIER_OPS_LEARN_IMAGE_WEIGHTS_H
#define ATELIER_OPS_LEARN_IMAGE_WEIGHTS_H

#include "ops/base/safetensors.h"
#include "ops/nn/net.h"

AT_MUST_USE at_status at_image_weights_save(const at_net *net, const char *path,
                                            at_error *err);
/* Sets every parameter of `net` from `file`, whose numbers may be F64, F16 or BF16 too. A
 * parameter of the layer `except` (a head that is to be learned anew; NULL: none) keeps
 * what it has. AT_INVALID names the first parameter that is missing or of another shape;
 * names that the net lacks are ignored. */
AT_MUST_USE at_status at_image_weights_load(at_net *net, const at_safetensors *file,
                                            const char *except, at_error *err);

#endif
