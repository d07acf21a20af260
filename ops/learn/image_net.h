/* The net of a trained image model, ready to be asked: weights, and the preparation that
 * every picture goes through, the one that validation had.
 *
 * Refcounted; asking is thread-safe (one question at a time is answered, with the pool's
 * threads). The memory of a net is planned at the first question. */
#ifndef ATELIER_OPS_LEARN_IMAGE_NET_H
#define ATELIER_OPS_LEARN_IMAGE_NET_H

#include "ops/base/cancel.h"
#include "ops/base/safetensors.h"
#include "ops/image/images.h"
#include "ops/image/prep.h"
#include "ops/nn/resnet.h"

typedef struct at_image_net at_image_net;

/* `weights`: a file of at_image_weights_save; it stays mapped. */
AT_MUST_USE at_status at_image_net_open(const at_resnet_options *net, const at_prep *prep,
                                        const char *weights, at_image_net **out,
                                        at_error *err);
at_image_net *at_image_net_retain(at_image_net *net);
void at_image_net_release(at_image_net *net); /* NULL is fine */
int32_t at_image_net_classes(const at_image_net *net);
/* All borrowed. */
const at_prep *at_image_net_prep(const at_image_net *net);
const at_net_spec *at_image_net_spec(const at_image_net *net);
const at_safetensors *at_image_net_weights(const at_image_net *net);

/* One encoded picture: probabilities (classes). AT_INVALID, AT_CORRUPT, AT_UNSUPPORTED,
 * AT_LIMIT for what is no picture, or too small a one. */
AT_MUST_USE at_status at_image_net_ask(at_image_net *net, const void *bytes,
                                       size_t length, float *probabilities,
                                       at_error *err);
/* Pictures of a dataset: probabilities (count, classes). An answer agrees with
 * at_image_net_ask's within 1e-4 and in its top class. */
AT_MUST_USE at_status at_image_net_predict(at_image_net *net, at_images *images,
                                           const int64_t *ids, size_t count,
                                           const at_cancel *cancel, float *probabilities,
                                           at_error *err);

#endif
