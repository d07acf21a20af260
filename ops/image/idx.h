/* IDX, the format of MNIST (Y. LeCun, yann.lecun.com/exdb/mnist): big endian,
 *
 *     0 0 type rank | rank x u32 dimensions | elements
 *
 * Read are unsigned bytes (type 8): images of rank 3 (n, h, w) or 4 (n, h, w, c), labels
 * of rank 1. */
#ifndef ATELIER_OPS_IMAGE_IDX_H
#define ATELIER_OPS_IMAGE_IDX_H

#include "ops/base/error.h"

#include <stdint.h>

typedef struct at_idx {
    int rank;
    uint32_t shape[4];
    const uint8_t *data; /* (shape), borrowed */
} at_idx;

/* AT_CORRUPT where dimensions and bytes disagree, AT_UNSUPPORTED for other types. */
AT_MUST_USE at_status at_idx_parse(const uint8_t *bytes, size_t length, at_idx *out,
                                   at_error *err);

#endif
