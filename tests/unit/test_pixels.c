/* Every instruction set gives the bits of the scalar kernels, and writes no byte more. */
#include "ops/base/rng.h"
#include "ops/isa/isa.h"
#include "ops/isa/pixels.h"
#include "unit.h"

enum { GUARD = 64, MARK = 0xA5 };

/* A block of its own (ASan watches its ends) with marks behind what may be written. */
static uint8_t *guarded(size_t length) {
    uint8_t *block = at_alloc(length + GUARD);
    memset(block, MARK, length + GUARD);
    return block;
}

static void check_guard(const uint8_t *block, size_t length) {
    for (size_t i = 0; i < GUARD; i++)
        assert_int_equal(block[length + i], MARK);
}

static uint8_t *noise(size_t length) {
    at_rng rng;
    uint8_t *bytes = at_alloc(length);
    at_rng_init(&rng, length);
    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)at_rng_next(&rng);
    return bytes;
}

static void same(const at_isa *isa, const char *what, const uint8_t *want,
                 const uint8_t *got, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (want[i] != got[i])
            fail_msg("%s, %s: byte %zu is %d, not %d", isa->name, what, i, got[i],
                     want[i]);
    check_guard(got, length);
}

static void test_blend(void **state) {
    (void)state;
    static const size_t counts[] = {1, 3, 16, 17, 31, 48, 100, 257};
    at_rng rng;
    at_rng_init(&rng, 3);
    for (size_t n = 0; n < COUNT(counts); n++) {
        size_t count = counts[n];
        int32_t first[9], taps[9], weights[9 * 5] = {0};
        uint8_t *from = at_alloc(20 * count);
        for (size_t i = 0; i < 20 * count; i++)
            from[i] = (uint8_t)(i % 7 ? at_rng_next(&rng) : 255);
        for (int i = 0; i < 9; i++) {
            first[i] = (int32_t)at_rng_below(&rng, 15);
            taps[i] = 1 + i % 5;
            int32_t left = 1 << AT_PIXELS_BITS;
            for (int k = 0; k < taps[i]; k++) {
                weights[i * 5 + k] =
                    k + 1 == taps[i] ? left : (int32_t)at_rng_below(&rng, (uint64_t)left);
                left -= weights[i * 5 + k];
            }
        }
        at_pixels_taps plan = {first, taps, weights, 5};
        uint8_t *want = guarded(9 * count);
        at_pixels_scalar.blend(from, count, &plan, 9, count, want);
        check_guard(want, 9 * count);
        for (size_t i = 1; at_isa_at(i); i++) {
            uint8_t *got = guarded(9 * count);
            at_isa_at(i)->pixels->blend(from, count, &plan, 9, count, got);
            same(at_isa_at(i), "blend", want, got, 9 * count);
            at_free(got);
        }
        at_free(want);
        at_free(from);
    }
}

/* Every colour of a cube of 32 a side, and its greys. */
static void test_color(void **state) {
    (void)state;
    enum { COUNT_OF = 32 * 32 * 32 + 5 };
    static const at_pixels_color colors[] = {
        {0, 0, 0}, {2.4F, 0.1F, -0.15F}, {9.7F, -0.2F, 0.2F}, {6, 1, 0}, {11.9F, 0, -1}};
    for (size_t n = 0; n < COUNT(colors); n++) {
        uint8_t *want = guarded(3 * COUNT_OF);
        for (size_t i = 0; i < COUNT_OF; i++) {
            want[3 * i] = (uint8_t)((i >> 10 & 31) * 255 / 31);
            want[3 * i + 1] = (uint8_t)((i >> 5 & 31) * 255 / 31);
            want[3 * i + 2] = (uint8_t)((i & 31) * 255 / 31);
        }
        for (size_t i = 1; at_isa_at(i); i++) {
            uint8_t *got = (uint8_t *)at_copy_bytes((char *)want, 3 * COUNT_OF + GUARD);
            uint8_t *plain = (uint8_t *)at_copy_bytes((char *)want, 3 * COUNT_OF + GUARD);
            at_pixels_scalar.color(plain, COUNT_OF, &colors[n]);
            at_isa_at(i)->pixels->color(got, COUNT_OF, &colors[n]);
            same(at_isa_at(i), "colour", plain, got, 3 * COUNT_OF);
            at_free(got);
            at_free(plain);
        }
        at_free(want);
    }
}

/* Lines through, along, past and far from pictures of every small size. */
static void test_warp(void **state) {
    (void)state;
    static const at_pixels_line lines[] = {
        {0, 0, 1, 0},        {-3.25F, 2.5F, 0.9F, 0.1F}, {20, 5, -1, 0.3F},
        {0, -9, 0.2F, 0.7F}, {1e5F, -1e5F, 1, 1},        {-0.001F, 3.999F, 1.1F, -0.05F}};
    static const at_pixels_color color = {3.3F, -0.1F, 0.1F};
    for (int32_t side = 1; side < 40; side += 1 + side / 4)
        for (int32_t c = 1; c <= 3; c += 2)
            for (size_t n = 0; n < 2 * COUNT(lines); n++) {
                const at_pixels_line *line = &lines[n / 2];
                const at_pixels_color *by = n % 2 && c == 3 ? &color : NULL;
                at_pixels_source source = {NULL, side, 1 + side / 2, c};
                uint8_t *picture = noise((size_t)(source.w * source.h * c));
                source.pixels = picture;
                for (size_t count = 1; count < 150; count = count * 2 + 1) {
                    size_t length = count * (size_t)c;
                    uint8_t *want = guarded(length);
                    at_pixels_scalar.warp(&source, line, by, count, want);
                    check_guard(want, length);
                    for (size_t i = 1; at_isa_at(i); i++) {
                        uint8_t *got = guarded(length);
                        at_isa_at(i)->pixels->warp(&source, line, by, count, got);
                        same(at_isa_at(i), "warp", want, got, length);
                        at_free(got);
                    }
                    at_free(want);
                }
                at_free(picture);
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blend),
        cmocka_unit_test(test_color),
        cmocka_unit_test(test_warp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
