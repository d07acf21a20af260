/* Decoding against Pillow (golden/images.json, made by make_images.py), and what must
 * never crash. */
#include "ops/base/text.h"
#include "ops/image/files.h"
#include "ops/image/image.h"
#include "ops/image/orientation.h"
#include "tests/unit/images.h"

static at_text file_bytes(const char *name) {
    char path[1024];
    at_error err;
    at_text text = {0};
    snprintf(path, sizeof path, "%s/%s", ATELIER_DATA, name);
    assert_ok(at_file_read(path, 1 << 30, &text, &err), &err);
    return text;
}

static void check_pixels(const json_t *one, const char *name, const void *bytes,
                         size_t length) {
    json_t *size = json_object_get(one, "size");
    at_image image;
    at_image_facts facts;
    at_error err;
    char hash[17];
    assert_ok(at_image_decode(bytes, length, 0, &image, &err), &err);
    fnv(image.pixels, (size_t)(image.w * image.h * image.c), hash);
    if (image.w != whole(size, 0) || image.h != whole(size, 1) ||
        image.c != whole(size, 2) ||
        strcmp(hash, json_string_value(json_object_get(one, "fnv"))) != 0)
        fail_msg("%s: %d x %d x %d %s", name, image.w, image.h, image.c, hash);
    assert_ok(at_image_probe(bytes, length, &facts, &err), &err);
    assert_int_equal(facts.w, image.w);
    assert_int_equal(facts.h, image.h);
    assert_int_equal(facts.c, image.c);
    at_image_fini(&image);
}

static void check_files(const char *kind, size_t least) {
    json_t *golden = golden_images(), *cases = json_object_get(golden, kind);
    assert_true(json_array_size(cases) >= least);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_t *one = json_array_get(cases, i);
        const char *name = json_string_value(json_object_get(one, "file"));
        at_text file = file_bytes(name);
        check_pixels(one, name, file.data, file.length);
        at_text_fini(&file);
    }
    json_decref(golden);
}

static void test_png_is_pillows(void **state) {
    (void)state;
    need_data("images/robust/png/pngsuite");
    check_files("png", 90);
}

/* Baseline, progressive, restarts, odd sizes and samplings, grey, RGB, CMYK, Motion JPEG:
 * to the bit, since Pillow decodes with libjpeg-turbo too. */
static void test_jpeg_is_pillows(void **state) {
    (void)state;
    need_data("images/robust/jpeg/reftest");
    check_files("jpeg", 40);
}

/* All eight, and tags that say nothing, in JPEG and PNG: as Pillow turns them. */
static void test_orientation_is_pillows(void **state) {
    (void)state;
    json_t *golden = golden_images(), *cases = json_object_get(golden, "orientation");
    assert_int_equal(json_array_size(cases), 30);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_t *one = json_array_get(cases, i);
        const char *hex = json_string_value(json_object_get(one, "bytes"));
        char name[32];
        at_text file = {0};
        for (unsigned byte; sscanf(hex, "%2x", &byte) == 1; hex += 2)
            at_text_char(&file, (char)byte);
        snprintf(name, sizeof name, "orientation %d",
                 (int)json_integer_value(json_object_get(one, "orientation")));
        check_pixels(one, name, file.data, file.length);
        at_text_fini(&file);
    }
    json_decref(golden);
}

/* Whatever the directory claims, nothing past its end is read (ASan sees to that), and
 * what says nothing is upright. */
static void test_orientation_bounds(void **state) {
    (void)state;
    static const uint8_t exif[] = {'I', 'I', '*', 0, 8, 0, 0, 0, 2, 0, 0x0F, 1,
                                   2,   0,   1,   0, 0, 0, 0, 0, 0, 0, 0x12, 1,
                                   3,   0,   1,   0, 0, 0, 6, 0, 0, 0};
    assert_int_equal(at_orientation_read(exif, sizeof exif), 6);
    for (size_t length = 0; length < sizeof exif; length++) {
        void *part = at_copy_bytes((const char *)exif, length);
        assert_int_equal(at_orientation_read(part, length), 1);
        at_free(part);
    }
    for (size_t i = 0; i < sizeof exif; i++)
        for (int value = 0; value < 256; value++) {
            uint8_t *other = (uint8_t *)at_copy_bytes((const char *)exif, sizeof exif);
            other[i] = (uint8_t)value;
            int32_t orientation = at_orientation_read(other, sizeof exif);
            assert_true(orientation >= 1 && orientation <= 8);
            at_free(other);
        }
}

/* What Pillow reads of a file of that name; 0 where it refuses. */
static bool pillow_reads(const at_text *results, const char *name) {
    char key[512];
    snprintf(key, sizeof key, "\n%s\t", name);
    const char *line = strstr(at_text_get(results), key);
    assert_non_null(line);
    return strncmp(line + strlen(key), "ok\t", 3) == 0;
}

static void test_robust(void **state) {
    (void)state;
    need_data("images/robust/PIL_RESULTS.tsv");
    at_text results = file_bytes("images/robust/PIL_RESULTS.tsv");
    at_image_files files = {0};
    at_error err;
    int agree = 0, count = 0;
    assert_ok(at_image_files_walk(&files, ATELIER_DATA "/images/robust", &err), &err);
    for (size_t f = 0; f < files.count; f++) {
        at_image_view view;
        at_image image;
        if (at_image_file_ends(&files.items[f], ".tsv"))
            continue;
        assert_ok(at_image_view_open(&files.items[f], &view, &err), &err);
        at_error_clear(&err);
        at_status status = at_image_decode(view.bytes, view.length, 0, &image, &err);
        assert_true(status == AT_OK || status == AT_CORRUPT || status == AT_UNSUPPORTED ||
                    status == AT_LIMIT);
        assert_true(status == AT_OK || strlen(err.text) > 10);
        bool ours = status == AT_OK, theirs = pillow_reads(&results, files.items[f].name);
        agree += ours == theirs;
        count++;
        /* JPEG is what people have: there we agree with Pillow on every file. */
        if (at_image_recognise(view.bytes, view.length) == AT_IMAGE_JPEG &&
            ours != theirs)
            fail_msg("%s: %s", files.items[f].name, err.text);
        at_image_fini(&image);
        at_image_view_close(&view);
    }
    assert_int_equal(count, 432);
    assert_true(agree >= 409);
    at_image_files_fini(&files);
    at_text_fini(&results);
}

/* Every prefix of a picture is refused, and so is every damaged byte of a PNG. */
static void test_cut_off(void **state) {
    (void)state;
    need_data("images/caltech101");
    static const char *const names[] = {
        "images/caltech101/101_ObjectCategories/ketch/image_0012.jpg",
        "images/robust/png/pngsuite/basn2c08.png"};
    for (size_t n = 0; n < COUNT(names); n++) {
        at_text file = file_bytes(names[n]);
        at_image image;
        at_error err;
        for (size_t length = 0; length < file.length; length += 1 + length / 9) {
            char *part = at_copy_bytes(file.data, length); /* bounds are seen by ASan */
            assert_int_not_equal(at_image_decode(part, length, 0, &image, &err), AT_OK);
            assert_true(strlen(err.text) > 10);
            at_free(part);
        }
        for (size_t i = 8; n == 1 && i < file.length - 12; i++) {
            if (i >= 33 && i < 49)
                continue; /* its gamma: a damaged comment harms nobody */
            file.data[i] ^= 0x20;
            assert_int_not_equal(at_image_decode(file.data, file.length, 0, &image, &err),
                                 AT_OK);
            file.data[i] ^= 0x20;
        }
        at_text_fini(&file);
    }
}

static void test_raw(void **state) {
    (void)state;
    at_image image;
    at_error err;
    const char grey[] = "P5\n3 2\n255\nabcdef", color[] = "P6 1 1 255\nxyz";
    assert_ok(at_image_decode(grey, sizeof grey - 1, 0, &image, &err), &err);
    assert_ptr_equal(image.pixels, grey + 11);
    assert_null(image.owned);
    assert_int_equal(image.w, 3);
    assert_int_equal(image.h, 2);
    at_image_fini(&image);
    assert_ok(at_image_decode(grey, sizeof grey - 1, 3, &image, &err), &err);
    assert_memory_equal(image.pixels, "aaabbbcccdddeeefff", 18);
    at_image_fini(&image);
    assert_ok(at_image_decode(color, sizeof color - 1, 1, &image, &err), &err);
    assert_int_equal(image.pixels[0],
                     ('x' * 19595 + 'y' * 38470 + 'z' * 7471 + 0x8000) >> 16);
    at_image_fini(&image);
    assert_int_equal(at_image_decode(grey, sizeof grey - 2, 0, &image, &err), AT_CORRUPT);
    assert_int_equal(at_image_decode("P5 9 9 65535\n", 13, 0, &image, &err),
                     AT_UNSUPPORTED);
    assert_int_equal(at_image_decode("P5 999999999 999999999 255\n", 27, 0, &image, &err),
                     AT_CORRUPT);
}

/* A file may claim what it likes: memory stays within the bounds. */
static void test_claims(void **state) {
    (void)state;
    at_image image;
    at_error err;
    unsigned char bmp[80] = "BM";
    bmp[10] = 54;
    bmp[14] = 40;
    bmp[26] = 1;
    bmp[28] = 24;
    bmp[20] = 1; /* 65,536 columns */
    bmp[22] = 1;
    assert_int_equal(at_image_decode(bmp, sizeof bmp, 0, &image, &err), AT_CORRUPT);
    bmp[20] = 0;
    bmp[18] = 0x10; /* 10,000 x 10,000 */
    bmp[19] = 0x27;
    bmp[22] = 0x10;
    bmp[23] = 0x27;
    assert_int_equal(at_image_decode(bmp, sizeof bmp, 0, &image, &err), AT_CORRUPT);
    assert_int_equal(at_image_decode("", 0, 0, &image, &err), AT_UNSUPPORTED);
    assert_int_equal(at_image_decode("RIFF\0\0\0\0WEBPVP8 ", 16, 0, &image, &err),
                     AT_UNSUPPORTED);
    assert_non_null(strstr(err.text, "WebP"));
    assert_int_equal(at_image_decode("hello, world", 12, 0, &image, &err),
                     AT_UNSUPPORTED);
}

/* A table of more codes than there are is refused before a decoder has to. */
static void test_huffman_tables(void **state) {
    (void)state;
    need_data("images/photos/china.jpg");
    at_text file = file_bytes("images/photos/china.jpg");
    at_image image;
    at_error err;
    size_t tables = 0;
    for (size_t i = 2; i + 22 < file.length && tables < 2; i++) {
        if (memcmp(file.data + i, "\xFF\xC4", 2) != 0)
            continue;
        static const size_t places[] = {4, 5, 19};
        for (size_t k = 0; k < COUNT(places); k++) {
            char old = file.data[i + places[k]];
            file.data[i + places[k]] = '\x7F';
            assert_int_equal(at_image_decode(file.data, file.length, 0, &image, &err),
                             AT_CORRUPT);
            assert_non_null(strstr(err.text, "Huffman"));
            file.data[i + places[k]] = old;
        }
        tables++;
    }
    assert_true(tables > 0);
    at_text_fini(&file);
}

static at_status decode_again(void *context) {
    at_text *file = context;
    at_image image;
    at_error err;
    at_status status = at_image_decode(file->data, file->length, 1, &image, &err);
    at_image_fini(&image);
    /* stb_image says the same for its budget and for no memory */
    return status == AT_LIMIT ? AT_NO_MEMORY : status;
}

static void test_no_memory(void **state) {
    (void)state;
    need_data("images/robust/png/pngsuite");
    at_text file = file_bytes("images/robust/png/pngsuite/basn2c08.png");
    assert_true(at_test_sweep(decode_again, &file) > 3);
    at_text_fini(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_png_is_pillows),
        cmocka_unit_test(test_jpeg_is_pillows),
        cmocka_unit_test(test_orientation_is_pillows),
        cmocka_unit_test(test_orientation_bounds),
        cmocka_unit_test(test_robust),
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_raw),
        cmocka_unit_test(test_claims),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_huffman_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
