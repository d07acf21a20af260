/* EXIF from anywhere: its orientation, and a picture turned by it. */
#include "ops/image/orientation.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int32_t orientation = at_orientation_read(data, size);
    assert(orientation >= 1 && orientation <= 8);
    at_image image;
    at_error err;
    int32_t w = size > 20 ? 1 + data[20] : 5, h = size > 21 ? 1 + data[21] : 3;
    if (at_image_new(w, h, 1 + (int32_t)(size & 2), &image, &err))
        return 0;
    memset(at_image_own(&image), 7, (size_t)w * (size_t)h * (size_t)image.c);
    if (at_orientation_apply(&image, orientation, &err) == AT_OK) {
        bool lies = at_orientation_lies(orientation);
        assert(image.w == (lies ? h : w) && image.h == (lies ? w : h));
        for (int32_t i = 0; i < w * h * image.c; i++)
            assert(image.pixels[i] == 7);
    }
    at_image_fini(&image);
    return 0;
}
