/* A net as an ONNX model, for other programs to run.
 *
 * Its input is a batch of pictures as decoders give them: "image", uint8 (N, H, W, C), N
 * free; (byte - mean) / deviation is in the graph. Its output "probabilities", float
 * (N, classes), is what the net's loss layer makes of its input. Batch norms stay as they
 * are (a runtime folds them), so that the weights bear their own names. */
#ifndef ATELIER_OPS_NN_NET_ONNX_H
#define ATELIER_OPS_NN_NET_ONNX_H

#include "ops/base/safetensors.h"
#include "ops/nn/net.h"

typedef struct at_net_onnx_options {
    const float *mean, *deviation; /* [c] */
    const char *name;              /* of the graph */
    const char *text;              /* what a reader should know */
    const at_meta *meta;           /* metadata_props */
    size_t meta_count;
} at_net_onnx_options;

/* `weights`: a file of the net's parameters by their names. Written straight from there,
 * atomically. AT_CORRUPT where one is missing, AT_UNSUPPORTED for a layer that has no
 * ONNX, AT_LIMIT past 2 GB. */
AT_MUST_USE at_status at_net_onnx_write(const at_net_spec *spec,
                                        const at_safetensors *weights,
                                        const at_net_onnx_options *options,
                                        const char *path, at_error *err);

#endif
