/* Resize, preparation and augmentation against Pillow, NumPy and colorsys
 * (golden/images.json). */
#include "ops/base/text.h"
#include "ops/image/augment.h"
#include "ops/image/prep.h"
#include "ops/image/resize.h"
#include "tests/unit/images.h"

static void test_resize_is_pillows(void **state) {
    (void)state;
    json_t *golden = golden_images(), *cases = json_object_get(golden, "resize");
    assert_int_equal(json_array_size(cases), 10);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_t *one = json_array_get(cases, i), *from = json_object_get(one, "from");
        json_t *to = json_object_get(one, "to");
        at_image in = pattern((int32_t)whole(from, 0), (int32_t)whole(from, 1),
                              (int32_t)whole(from, 2));
        at_image out;
        at_error err;
        char hash[17];
        assert_ok(at_image_resize(&in, (int32_t)whole(to, 0), (int32_t)whole(to, 1), &out,
                                  &err),
                  &err);
        fnv(out.pixels, (size_t)(out.w * out.h * out.c), hash);
        if (strcmp(hash, json_string_value(json_object_get(one, "fnv"))) != 0)
            fail_msg("case %zu: %d x %d to %d x %d", i, in.w, in.h, out.w, out.h);
        at_image_fini(&in);
        at_image_fini(&out);
    }
    json_decref(golden);
}

static void test_validation_is_numpys(void **state) {
    (void)state;
    need_data("images/caltech256/caltech-256-bathtub.jpg");
    json_t *golden = golden_images(), *one = json_object_get(golden, "validation");
    at_prep prep = at_prep_default(3, 224, 224, 256);
    at_text file = {0};
    at_error err;
    float *x = at_alloc_array(3 * 224 * 224, sizeof *x);
    assert_ok(at_prep_check(&prep, &err), &err);
    assert_ok(at_file_read(ATELIER_DATA "/images/caltech256/caltech-256-bathtub.jpg",
                           1 << 20, &file, &err),
              &err);
    at_prep_target target = at_prep_nchw(&prep, x);
    assert_ok(at_prep_run(&prep, file.data, file.length, &target, &err), &err);
    double sum = 0;
    for (size_t i = 0; i < 3 * 224 * 224; i++)
        sum += (double)x[i];
    double mean = json_number_value(json_object_get(one, "mean"));
    assert_true(fabs(sum / (3 * 224 * 224) - mean) < 1e-6);
    json_t *places = json_object_get(one, "places");
    for (size_t i = 0; i < json_array_size(places); i++)
        assert_true(fabs((double)x[whole(places, i)] -
                         real(json_object_get(one, "values"), i)) < 1e-6);
    /* The blocked map holds the same, and nothing else. */
    at_halo halo = {3, 3, 3, 3};
    at_blocked map = at_blocked_plan(2, 3, 224, 224, halo);
    void *memory = aligned_alloc(AT_ALIGN, at_blocked_bytes(&map));
    float *back = at_alloc_array(2 * 3 * 224 * 224, sizeof *back);
    map = at_blocked_at(&map, memory);
    at_blocked_clear(&map);
    target = at_prep_blocked(&map, 1);
    assert_ok(at_prep_run(&prep, file.data, file.length, &target, &err), &err);
    at_blocked_to_nchw(&map, back);
    assert_memory_equal(back + 3 * 224 * 224, x, 3 * 224 * 224 * sizeof *x);
    for (size_t i = 0; i < 3 * 224 * 224; i++)
        assert_true(back[i] == 0);
    for (size_t k = 3; k < 16; k++)
        assert_true(map.data[map.image + 5 * map.row + 7 * 16 + k] == 0);
    free(memory);
    at_free(back);
    at_free(x);
    at_text_fini(&file);
    json_decref(golden);
}

/* Training, validation and the endpoint all come this way: a picture that lies on its
 * side is turned before it is resized and cut. */
static void test_upright(void **state) {
    (void)state;
    json_t *golden = golden_images(), *cases = json_object_get(golden, "orientation");
    at_prep prep = at_prep_default(3, 12, 12, 20);
    int lying = 0;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_t *one = json_array_get(cases, i), *size = json_object_get(one, "size");
        const char *hex = json_string_value(json_object_get(one, "bytes"));
        at_text file = {0};
        at_image image;
        at_error err;
        for (unsigned byte; sscanf(hex, "%2x", &byte) == 1; hex += 2)
            at_text_char(&file, (char)byte);
        assert_ok(at_prep_load(&prep, file.data, file.length, &image, &err), &err);
        bool tall = whole(size, 0) < whole(size, 1);
        assert_int_equal(image.w, tall ? 20 : 20 * 21 / 13);
        assert_int_equal(image.h, tall ? 20 * 21 / 13 : 20);
        lying += tall;
        at_image_fini(&image);
        at_text_fini(&file);
    }
    assert_int_equal(lying, 12);
    json_decref(golden);
}

static void test_color_is_colorsys(void **state) {
    (void)state;
    json_t *golden = golden_images(), *cases = json_object_get(golden, "color");
    assert_int_equal(json_array_size(cases), 8);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_t *one = json_array_get(cases, i), *add = json_object_get(one, "add");
        json_t *from = json_object_get(one, "from"), *to = json_object_get(one, "to");
        uint8_t pixels[180];
        assert_int_equal(json_array_size(from), 180);
        for (size_t k = 0; k < 180; k++)
            pixels[k] = (uint8_t)whole(from, k);
        at_augment_color(pixels, 60, (float)real(add, 0), (float)real(add, 1),
                         (float)real(add, 2));
        for (size_t k = 0; k < 180; k++) /* float against double: one level at a half */
            if (abs(pixels[k] - (int)whole(to, k)) > 1)
                fail_msg("case %zu, value %zu: %d, not %d", i, k, pixels[k],
                         (int)whole(to, k));
    }
    json_decref(golden);
}

static void test_prep_sizes(void **state) {
    (void)state;
    at_error err;
    int32_t w, h;
    at_prep prep = at_prep_default(3, 224, 224, 0);
    assert_int_equal(at_prep_fits(&prep, 223, 300, &err), AT_INVALID);
    assert_non_null(strstr(err.hint, "resize = 224"));
    assert_ok(at_prep_fits(&prep, 224, 300, &err), &err);
    prep.resize = 256;
    at_prep_resized(&prep, 300, 200, &w, &h);
    assert_int_equal(w, 384);
    assert_int_equal(h, 256);
    at_prep_resized(&prep, 100, 333, &w, &h);
    assert_int_equal(w, 256);
    assert_int_equal(h, 852);
    assert_ok(at_prep_fits(&prep, 10, 10, &err), &err);
    assert_int_equal(at_prep_fits(&prep, 1, 30000, &err), AT_LIMIT);
    prep.resize = 200;
    assert_int_equal(at_prep_check(&prep, &err), AT_INVALID);
    prep = at_prep_default(1, 28, 28, 28);
    json_t *json = at_prep_to_json(&prep);
    at_prep back;
    assert_ok(at_prep_from_json(json, &back, &err), &err);
    assert_memory_equal(&back, &prep, sizeof prep);
    json_object_set_new(json, "image_shape", json_pack("[i,i,i]", 2, 28, 28));
    assert_int_equal(at_prep_from_json(json, &back, &err), AT_CORRUPT);
    json_decref(json);
}

/* The value of red at a place, from what was prepared without scaling. */
static at_prep plain(int32_t c, int32_t side) {
    return (at_prep){.c = c, .h = side, .w = side, .deviation = {1, 1, 1}};
}

static void test_crop_and_mirror(void **state) {
    (void)state;
    at_image image = pattern(20, 12, 3);
    at_prep prep = plain(3, 8);
    float x[3 * 64];
    at_prep_target target = at_prep_nchw(&prep, x);
    at_prep_place(&prep, &image, 5, 3, &target);
    assert_true(x[0] == image.pixels[(3 * 20 + 5) * 3]);
    assert_true(x[128 + 63] == image.pixels[((3 + 7) * 20 + 5 + 7) * 3 + 2]);
    at_augment augment = {.kind = AT_AUGMENT_CROP};
    at_augment_draw draw = {.left = 0.4, .top = 0.6};
    uint8_t plain_part[192], turned[192];
    at_augment_cut(&prep, &augment, &draw, &image, plain_part);
    draw.mirror = true;
    at_augment_cut(&prep, &augment, &draw, &image, turned);
    for (size_t y = 0; y < 8; y++)
        for (size_t at = 0; at < 8; at++)
            assert_memory_equal(&plain_part[(y * 8 + at) * 3],
                                &turned[(y * 8 + 7 - at) * 3], 3);
    /* 0.4 of 13 places across, 0.6 of 5 down */
    assert_memory_equal(plain_part, &image.pixels[(3 * 20 + 5) * 3], 24);
    at_image_fini(&image);
}

/* Draws stay within their magnitudes, reach near their ends, depend on nothing but
 * (seed, epoch, index), and differ between neighbours. */
static void test_draws(void **state) {
    (void)state;
    at_augment augment = {.kind = AT_AUGMENT_TRANSFORM, .seed = 5};
    double hue = 0, saturation = 0, turn = 0;
    int mirrored = 0;
    for (uint64_t i = 0; i < 4000; i++) {
        at_augment_draw d = at_augment_draw_of(&augment, i % 4, i);
        at_augment_draw again = at_augment_draw_of(&augment, i % 4, i);
        assert_memory_equal(&d.matrix, &again.matrix, sizeof d.matrix);
        assert_true(d.left >= 0 && d.left < 1 && d.top >= 0 && d.top < 1);
        assert_true(fabsf(d.hue) <= 36 && fabsf(d.saturation) <= 50 &&
                    fabsf(d.lightness) <= 50);
        hue = fmax(hue, fabs((double)d.hue));
        saturation = fmax(saturation, fabs((double)d.saturation));
        turn = fmax(turn, fabs((double)d.matrix[2]));
        mirrored += d.mirror;
    }
    assert_true(hue > 35.5 && saturation > 49.5 && turn > 0.1 && turn < 0.3);
    assert_true(mirrored > 1850 && mirrored < 2150);
    at_augment_draw a = at_augment_draw_of(&augment, 0, 7);
    at_augment_draw b = at_augment_draw_of(&augment, 1, 7);
    assert_true(a.hue != b.hue);
    augment.seed = 6;
    b = at_augment_draw_of(&augment, 0, 7);
    assert_true(a.hue != b.hue);
}

/* The identity matrix moves nothing; padding is black; grey images take every kind. */
static void test_place(void **state) {
    (void)state;
    at_image image = pattern(16, 16, 3);
    at_prep prep = plain(3, 16);
    at_augment augment = {.kind = AT_AUGMENT_TRANSFORM};
    uint8_t out[16 * 16 * 3];
    at_augment_draw draw = {.matrix = {1, 0, 0, 1}};
    at_augment_cut(&prep, &augment, &draw, &image, out);
    for (size_t i = 0; i < sizeof out; i++)
        assert_true(abs(out[i] - image.pixels[i]) <= 1); /* through HLS and back */
    augment.kind = AT_AUGMENT_CROP;
    augment.pad = 4;
    at_augment_cut(&prep, &augment, &draw, &image, out); /* from (-4, -4) */
    assert_true(out[(3 * 16 + 9) * 3] == 0 && out[(9 * 16 + 3) * 3] == 0);
    assert_memory_equal(&out[(4 * 16 + 4) * 3], image.pixels, 36);
    assert_memory_equal(&out[(15 * 16 + 4) * 3], &image.pixels[11 * 16 * 3], 36);
    at_image_fini(&image);
    image = pattern(30, 20, 1);
    prep = plain(1, 12);
    for (int kind = AT_AUGMENT_NONE; kind <= AT_AUGMENT_TRANSFORM; kind++)
        for (uint64_t i = 0; i < 300; i++) {
            augment = (at_augment){.kind = (at_augment_kind)kind, .pad = i % 3 ? 0 : 2};
            draw = at_augment_draw_of(&augment, 1, i);
            at_augment_cut(&prep, &augment, &draw, &image, out);
        }
    at_image_fini(&image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resize_is_pillows),
        cmocka_unit_test(test_validation_is_numpys),
        cmocka_unit_test(test_upright),
        cmocka_unit_test(test_color_is_colorsys),
        cmocka_unit_test(test_prep_sizes),
        cmocka_unit_test(test_crop_and_mirror),
        cmocka_unit_test(test_draws),
        cmocka_unit_test(test_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
