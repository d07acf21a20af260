/* Digits: handwriting of a sort, drawn here: strokes of ten digits, bent, turned, sheared
 * and of varying width, light on dark in 28 x 28 grey pixels, as MNIST has them. */
#ifndef ATELIER_MAGICS_DATA_DIGITS_H
#define ATELIER_MAGICS_DATA_DIGITS_H

#include <stdint.h>

enum { AT_DIGITS_SIDE = 28 };

/* Draws picture `index` of the set of that seed: pixels (28, 28). Returns its digit;
 * every ten pictures have each once. */
int at_digits_draw(uint64_t seed, int64_t index, uint8_t *pixels);

#endif
