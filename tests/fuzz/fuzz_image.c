/* An image from anywhere: its head, its pixels, the way into a net. */
#include "ops/image/prep.h"

#include <assert.h>

enum { PIXELS = 1 << 20 }; /* larger ones take long and show no more */

static unsigned sum_of(const at_image *image) {
    unsigned sum = 0;
    size_t count = (size_t)image->w * (size_t)image->h * (size_t)image->c;
    for (size_t i = 0; i < count; i++)
        sum += image->pixels[i];
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static volatile unsigned sum;
    at_image_facts facts;
    at_image image;
    at_error err;
    if (at_image_probe(data, size, &facts, &err)) {
        assert(err.text[0]);
        return 0;
    }
    assert(facts.w >= 1 && facts.h >= 1 && (facts.c == 1 || facts.c == 3));
    if ((int64_t)facts.w * facts.h > PIXELS)
        return 0;
    if (at_image_decode(data, size, 0, &image, &err) == AT_OK) {
        assert(image.w == facts.w && image.h == facts.h);
        sum += sum_of(&image);
        at_image_fini(&image);
    } else
        assert(err.text[0]);
    float x[3 * 8 * 8];
    at_prep prep = at_prep_default(3, 8, 8, 8);
    at_prep_target target = at_prep_nchw(&prep, x);
    if (at_prep_run(&prep, data, size, &target, &err))
        assert(err.text[0]);
    return 0;
}
