/* Shapes: coloured figures on coloured grounds, 32 x 32, in six classes: for a first net
 * on colour pictures. */
#ifndef ATELIER_MAGICS_DATA_SHAPES_H
#define ATELIER_MAGICS_DATA_SHAPES_H

#include <stdint.h>

enum { AT_SHAPES_SIDE = 32, AT_SHAPES_CLASSES = 6 };

const char *at_shapes_name(int shape); /* circle, cross, ring, square, star, triangle */
/* Draws picture `index` of the set of that seed: pixels (32, 32, 3). Returns its shape;
 * every six pictures have each once. */
int at_shapes_draw(uint64_t seed, int64_t index, uint8_t *pixels);

#endif
