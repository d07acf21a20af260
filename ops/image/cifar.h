/* CIFAR binary (A. Krizhevsky, cs.toronto.edu/~kriz/cifar.html): records of one label
 * byte (CIFAR-10) or a coarse and a fine one (CIFAR-100), then 32 x 32 red, green and
 * blue planes. The format has no head: the size of the file and its labels tell it. */
#ifndef ATELIER_OPS_IMAGE_CIFAR_H
#define ATELIER_OPS_IMAGE_CIFAR_H

#include "ops/base/error.h"

#include <stdint.h>

enum { AT_CIFAR_SIDE = 32, AT_CIFAR_PIXELS = 3 * 32 * 32 };

typedef struct at_cifar {
    size_t count;  /* records */
    size_t labels; /* bytes of label: 1 or 2 */
    const uint8_t *bytes;
} at_cifar;

/* `hundred`: CIFAR-100. AT_CORRUPT names the byte of a label that cannot be, or what is
 * left over. */
AT_MUST_USE at_status at_cifar_parse(const uint8_t *bytes, size_t length, bool hundred,
                                     at_cifar *out, at_error *err);
/* Record i: its (fine) label; rgb: (32, 32, 3). */
uint8_t at_cifar_get(const at_cifar *cifar, size_t i, uint8_t *rgb);

#endif
