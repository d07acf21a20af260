/* Orientation: which way up a camera was held, as the tag 0x0112 of EXIF (CIPA DC-008,
 * 4.6.5) says it, and the picture turned so that it stands as it was seen:
 *
 *     1  as it is           2  mirrored                   3  upside down
 *     4  3, mirrored        5  mirrored along the diagonal
 *     6  a quarter clockwise to turn    7  along the other diagonal
 *     8  a quarter counter-clockwise to turn
 *
 * OpenCV, and so MXNet, does the same when it decodes. */
#ifndef ATELIER_OPS_IMAGE_ORIENTATION_H
#define ATELIER_OPS_IMAGE_ORIENTATION_H

#include "ops/image/image.h"

/* Of EXIF data, which begin with the header of a TIFF; 1 where they say nothing that can
 * be read: a picture is no worse for a damaged note. Reads no more than one directory. */
int32_t at_orientation_read(const uint8_t *exif, size_t length);
/* Do width and height change places? */
static inline bool at_orientation_lies(int32_t orientation) {
    return orientation >= 5;
}
/* Turns *image, of an orientation from 1 to 8. */
AT_MUST_USE at_status at_orientation_apply(at_image *image, int32_t orientation,
                                           at_error *err);

#endif
