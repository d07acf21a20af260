/* Container: what the file formats promise around their pixels, checked before a decoder
 * sees them: whole files, right checksums, sizes within bounds. Decoders are lenient here
 * (stb_image checks no checksum and fills what is cut off with grey); training data and
 * served pictures should not be. */
#ifndef ATELIER_OPS_IMAGE_CONTAINER_H
#define ATELIER_OPS_IMAGE_CONTAINER_H

#include "ops/image/image.h"

/* JPEG (ITU-T T.81 annex B): markers in order, a frame of 8 bits, Huffman tables that
 * can be, an end; at most 1000 scans, because each costs a pass over the whole picture.
 * Fills w, h, c and orientation; w and h as the file has them, not yet upright. */
AT_MUST_USE at_status at_container_jpeg(const uint8_t *bytes, size_t length,
                                        at_image_facts *facts, at_error *err);
/* PNG (ISO 15948, 5): chunks within the file, checksums of the critical ones, a header
 * first and an end. Fills w, h, c and orientation, as for JPEG. `whole` false: up to the
 * pixels alone. */
AT_MUST_USE at_status at_container_png(const uint8_t *bytes, size_t length, bool whole,
                                       at_image_facts *facts, at_error *err);
/* P5 and P6 with 255 as the most. Fills w, h, c; *at is where the pixels begin. */
AT_MUST_USE at_status at_container_pnm(const uint8_t *bytes, size_t length,
                                       at_image_facts *facts, size_t *at, at_error *err);
/* BMP: are all rows there, and not packed? Corrects the h of `facts`, whose w and h a
 * decoder found. */
AT_MUST_USE at_status at_container_bmp(const uint8_t *bytes, size_t length,
                                       at_image_facts *facts, at_error *err);

#endif
