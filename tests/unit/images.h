/* What the tests of images share: the golden file, a picture that both sides can make,
 * and a hash of pixels. */
#ifndef ATELIER_TESTS_UNIT_IMAGES_H
#define ATELIER_TESTS_UNIT_IMAGES_H

#include "ops/image/image.h"
#include "tests/unit/unit.h"

#include <jansson.h>
#include <math.h>
#include <unistd.h>

/* The real data lies beside the repository; where it does not, the test is skipped. */
#define need_data(name)                                                                  \
    do {                                                                                 \
        if (access(ATELIER_DATA "/" name, R_OK) != 0)                                    \
            skip();                                                                      \
    } while (0)

static inline json_t *golden_images(void) {
    json_error_t why;
    json_t *golden =
        json_load_file(ATELIER_SOURCE "/tests/unit/golden/images.json", 0, &why);
    if (!golden)
        fail_msg("images.json: %s", why.text);
    return golden;
}

static inline int64_t whole(const json_t *array, size_t i) {
    return json_integer_value(json_array_get(array, i));
}

static inline double real(const json_t *array, size_t i) {
    return json_number_value(json_array_get(array, i));
}

/* FNV-1a, 64 bits, as hexadecimal. */
static inline void fnv(const uint8_t *bytes, size_t length, char out[17]) {
    uint64_t h = 0xCBF29CE484222325u;
    for (size_t i = 0; i < length; i++)
        h = (h ^ bytes[i]) * 0x100000001B3u;
    snprintf(out, 17, "%016llx", (unsigned long long)h);
}

/* As pattern() of make_images.py. */
static inline at_image pattern(int32_t w, int32_t h, int32_t c) {
    at_image image;
    at_error err;
    assert_ok(at_image_new(w, h, c, &image, &err), &err);
    for (uint64_t i = 0; i < (uint64_t)(w * h * c); i++) {
        uint64_t noise = i * 2654435761u % 4294967296u >> 24;
        uint64_t x = i / (uint64_t)c % (uint64_t)w, y = i / (uint64_t)(c * w);
        uint64_t k = i % (uint64_t)c;
        at_image_own(&image)[i] = (uint8_t)((x * 7 + y * 3 * (k + 1) + noise / 2) % 256);
    }
    return image;
}

#endif
