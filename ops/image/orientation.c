#include "ops/image/orientation.h"

#include <string.h>

/* ---- the tag ------------------------------------------------------------------------
 */

static uint32_t number(const uint8_t *at, size_t bytes, bool big) {
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | at[big ? i : bytes - 1 - i];
    return value;
}

int32_t at_orientation_read(const uint8_t *exif, size_t length) {
    enum { ENTRY = 12, TAG = 0x0112, SHORT = 3, LONG = 4 };
    if (length < 8)
        return 1;
    bool big = memcmp(exif, "MM\0*", 4) == 0;
    if (!big && memcmp(exif, "II*\0", 4) != 0)
        return 1;
    size_t at = number(exif + 4, 4, big);
    if (at > length || length - at < 2)
        return 1;
    size_t entries = number(exif + at, 2, big), room = (length - at - 2) / ENTRY;
    const uint8_t *entry = exif + at + 2;
    for (size_t i = 0; i < entries && i < room; i++, entry += ENTRY) {
        if (number(entry, 2, big) != TAG)
            continue;
        uint32_t type = number(entry + 2, 2, big);
        uint32_t value = type == SHORT  ? number(entry + 8, 2, big)
                         : type == LONG ? number(entry + 8, 4, big)
                                        : 1;
        return value >= 1 && value <= 8 ? (int32_t)value : 1;
    }
    return 1;
}

/* ---- the turn -----------------------------------------------------------------------
 */

/* to: (h, w, c); pixel (x, y) is at from + x * right + y * down. In squares, so that a
 * quarter turn reads no line of the cache for one pixel alone. */
static inline __attribute__((always_inline)) void turn(const uint8_t *from,
                                                       ptrdiff_t right, ptrdiff_t down,
                                                       int32_t w, int32_t h, size_t c,
                                                       uint8_t *to) {
    enum { SQUARE = 32 };
    for (int32_t top = 0; top < h; top += SQUARE)
        for (int32_t left = 0; left < w; left += SQUARE)
            for (int32_t y = top; y < h && y < top + SQUARE; y++)
                for (int32_t x = left; x < w && x < left + SQUARE; x++)
                    for (size_t k = 0; k < c; k++)
                        to[((size_t)y * (size_t)w + (size_t)x) * c + k] =
                            from[x * right + y * down + (ptrdiff_t)k];
}

at_status at_orientation_apply(at_image *image, int32_t orientation, at_error *err) {
    /* By orientation: does the source run from its right end, and from its bottom? */
    static const bool from_right[9] = {[2] = true, [3] = true, [7] = true, [8] = true};
    static const bool from_below[9] = {[3] = true, [4] = true, [6] = true, [7] = true};
    if (orientation == 1)
        return AT_OK;
    bool lies = at_orientation_lies(orientation);
    int32_t w = lies ? image->h : image->w, h = lies ? image->w : image->h;
    at_image out;
    AT_TRY(at_image_new(w, h, image->c, &out, err));
    ptrdiff_t pixel = image->c, row = pixel * image->w;
    ptrdiff_t along = from_right[orientation] ? -pixel : pixel;
    ptrdiff_t across = from_below[orientation] ? -row : row;
    const uint8_t *from = image->pixels + (from_right[orientation] ? row - pixel : 0) +
                          (from_below[orientation] ? row * (image->h - 1) : 0);
    ptrdiff_t right = lies ? across : along, down = lies ? along : across;
    if (image->c == 3)
        turn(from, right, down, w, h, 3, at_image_own(&out));
    else
        turn(from, right, down, w, h, 1, at_image_own(&out));
    at_image_fini(image);
    *image = out;
    return AT_OK;
}
