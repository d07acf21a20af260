/* Readers of image sets: what they hand on of real sets, and what they say of damaged
 * ones. */
#include "ops/base/text.h"
#include "ops/image/cifar.h"
#include "ops/image/idx.h"
#include "ops/image/lst.h"
#include "ops/image/manifest.h"
#include "ops/image/reader.h"
#include "ops/image/recordio.h"
#include "tests/unit/images.h"

/* What came out of a set. */
typedef struct gathered {
    size_t count, labelled, bytes, classes, most_labels;
    double labels; /* their sum */
    char class_names[8][64];
    char first[256], last[256];
    float first_labels[16];
    int32_t w, h, c; /* of the first */
    bool decode;
} gathered;

static at_status on_classes(void *context, const char *const *names, size_t count,
                            at_error *err) {
    (void)err;
    gathered *g = context;
    assert_int_equal(g->count, 0);
    assert_int_equal(g->classes, 0);
    g->classes = count;
    for (size_t i = 0; i < count && i < COUNT(g->class_names); i++)
        snprintf(g->class_names[i], sizeof g->class_names[i], "%s", names[i]);
    return AT_OK;
}

static at_status on_image(void *context, const at_image_item *item, at_error *err) {
    gathered *g = context;
    at_image image;
    if (g->decode || g->count == 0) {
        at_status status = at_image_decode(item->bytes, item->length, 0, &image, err);
        if (status) {
            at_prefix(err, "%s", item->where);
            return status;
        }
        if (g->count == 0) {
            g->w = image.w;
            g->h = image.h;
            g->c = image.c;
        }
        at_image_fini(&image);
    }
    if (g->count == 0) {
        snprintf(g->first, sizeof g->first, "%s", item->source);
        for (size_t i = 0; i < item->label_count && i < 16; i++)
            g->first_labels[i] = item->labels[i];
    }
    snprintf(g->last, sizeof g->last, "%s", item->source);
    g->count++;
    g->labelled += item->label_count > 0;
    g->labels += item->label_count ? (double)item->labels[0] : 0;
    g->bytes += item->length;
    g->most_labels =
        item->label_count > g->most_labels ? item->label_count : g->most_labels;
    return AT_OK;
}

static at_status read_files(at_image_files *files, const char *reader, gathered *g,
                            at_error *err) {
    const at_image_reader *found = at_image_reader_for(files);
    assert_non_null(found);
    assert_string_equal(found->name, reader);
    at_image_sink sink = {.context = g, .classes = on_classes, .image = on_image};
    at_status status = found->read(files, &sink, err);
    at_image_files_fini(files);
    return status;
}

static at_status read_folder(const char *path, const char *reader, gathered *g,
                             at_error *err) {
    at_image_files files = {0};
    assert_ok(at_image_files_walk(&files, path, err), err);
    return read_files(&files, reader, g, err);
}

static at_status read_beside(const char *path, const char *reader, gathered *g,
                             at_error *err) {
    at_image_files files = {0};
    assert_ok(at_image_files_beside(&files, path, err), err);
    return read_files(&files, reader, g, err);
}

/* ---- real sets ----------------------------------------------------------------------
 */

static void test_caltech(void **state) {
    (void)state;
    need_data("images/caltech101");
    gathered g = {.decode = true};
    at_error err;
    assert_ok(read_folder(ATELIER_DATA "/images/caltech101", "folder", &g, &err), &err);
    assert_int_equal(g.count, 1440);
    assert_int_equal(g.labelled, 1440);
    assert_int_equal(g.classes, 24);
    assert_int_equal(g.bytes, 19659060);
    assert_true(g.labels == 60 * 23 * 24 / 2);
    assert_string_equal(g.first, "101_ObjectCategories/Leopards/image_0001.jpg");
}

static void test_mini(void **state) {
    (void)state;
    need_data("recordio/caltech101_mini");
    gathered g = {.decode = true};
    at_error err;
    assert_ok(read_beside(ATELIER_DATA
                          "/recordio/caltech101_mini/caltech101-10c-train.rec",
                          "recordio", &g, &err),
              &err);
    assert_int_equal(g.count, 400);
    assert_int_equal(g.classes, 10);
    assert_string_equal(g.class_names[0], "airplanes");
    assert_true(g.first_labels[0] == 6);
    assert_string_equal(g.first, "ketch/image_0012.jpg");
    assert_true(g.labels == 40 * 45);
    g = (gathered){.decode = true};
    assert_ok(read_folder(ATELIER_DATA "/recordio/caltech101_mini", "recordio", &g, &err),
              &err);
    assert_int_equal(g.count, 550);
}

static void test_benz(void **state) {
    (void)state;
    need_data("recordio/benz_detection");
    gathered g = {.decode = true};
    at_error err;
    assert_ok(read_beside(ATELIER_DATA "/recordio/benz_detection/train.rec", "recordio",
                          &g, &err),
              &err);
    assert_int_equal(g.count, 12);
    assert_int_equal(g.most_labels, 9);
    assert_true(g.first_labels[0] == 4 && g.first_labels[1] == 5 &&
                g.first_labels[2] == 780);
    assert_string_equal(g.first, "Mercedes/mercedes/1.jpg");
}

static void test_cifar(void **state) {
    (void)state;
    need_data("images/cifar10");
    gathered g = {0};
    at_error err;
    assert_ok(read_beside(ATELIER_DATA "/images/cifar10/cifar10_test_2k.bin", "cifar", &g,
                          &err),
              &err);
    assert_int_equal(g.count, 2000);
    assert_int_equal(g.classes, 10);
    assert_string_equal(g.class_names[5], "dog");
    assert_string_equal(g.first, "test/airplane/dive_bomber_s_000115.png");
    assert_true(g.labels == 200 * 45);
    assert_int_equal(g.w, 32);
    assert_int_equal(g.c, 3);
    g = (gathered){0};
    assert_ok(read_folder(ATELIER_DATA "/images/cifar10", "cifar", &g, &err), &err);
    assert_int_equal(g.count, 12000);
}

/* ---- sets made here -----------------------------------------------------------------
 */

static void put(const char *folder, const char *name, const void *bytes, size_t length) {
    at_error err;
    char *path = at_path_join(folder, name), *base = at_copy_text(path);
    base[at_path_base(path) - path] = '\0';
    assert_ok(at_folder_make(base, &err), &err);
    assert_ok(at_file_write(path, bytes, length, &err), &err);
    at_free(path);
    at_free(base);
}

static const char picture[] = "P5\n2 2\n255\nabcd";
static void put_picture(const char *folder, const char *name) {
    put(folder, name, picture, sizeof picture - 1);
}

static void test_folder(void **state) {
    (void)state;
    char *folder = at_test_folder();
    gathered g = {0};
    at_error err;
    put_picture(folder, "train/zebra/1.pgm");
    put_picture(folder, "train/ape/1.pgm");
    put_picture(folder, "test/zebra/2.PGM");
    put_picture(folder, "test/ape/.hidden.pgm");
    put(folder, "test/ape/notes.txt", "hello", 5);
    assert_ok(read_folder(folder, "folder", &g, &err), &err);
    assert_int_equal(g.count, 3);
    assert_int_equal(g.classes, 2);
    assert_string_equal(g.class_names[0], "ape");
    assert_true(g.labels == 2);
    put(folder, "test/ape/broken.jpg", "\xFF\xD8\xFF\xE0", 4);
    g = (gathered){.decode = true};
    assert_int_equal(read_folder(folder, "folder", &g, &err), AT_CORRUPT);
    assert_non_null(strstr(err.text, "test/ape/broken.jpg"));
    at_test_folder_remove(folder);
    folder = at_test_folder(); /* no folders, no classes */
    put_picture(folder, "1.pgm");
    g = (gathered){0};
    assert_ok(read_folder(folder, "folder", &g, &err), &err);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.labelled + g.classes, 0);
    at_test_folder_remove(folder);
}

/* Records written by RecordIO's rules: every place of the magic word splits them. */
static void test_recordio_splits(void **state) {
    (void)state;
    static const char word[] = "\x0a\x23\xd7\xce";
    at_error err;
    for (int mask = 0; mask < 64; mask++) {
        at_text data = {0}, file = {0}, joined = {0};
        for (int i = 0; i < 6; i++)
            at_text_append(&data, mask >> i & 1 ? word : "abcd", 4);
        at_text_append(&data, "xyz", (size_t)mask % 4);
        assert_ok(at_recordio_put(&file, (uint8_t *)data.data, data.length, &err), &err);
        assert_int_equal(file.length % 4, 0);
        /* nowhere but at the beginning of a piece */
        size_t words = 0;
        for (size_t i = 0; i < file.length; i += 4)
            words += memcmp(file.data + i, word, 4) == 0;
        assert_int_equal(words, 1 + __builtin_popcount((unsigned)mask));
        const uint8_t *out;
        size_t at = 0, length;
        assert_ok(at_recordio_next((uint8_t *)file.data, file.length, &at, &joined, &out,
                                   &length, &err),
                  &err);
        assert_int_equal(at, file.length);
        assert_int_equal(length, data.length);
        assert_memory_equal(out, data.data, length);
        for (size_t cut = 1; cut + 4 < file.length; cut++) { /* padding may be missing */
            at = 0;
            at_status status = at_recordio_next((uint8_t *)file.data, cut, &at, &joined,
                                                &out, &length, &err);
            assert_true(status == AT_CORRUPT);
        }
        at_text_fini(&data);
        at_text_fini(&file);
        at_text_fini(&joined);
    }
}

static void put_record(at_text *file, float label, const float *more, uint32_t count) {
    at_error err;
    at_text data = {0};
    uint64_t id = 7, id2 = 0;
    at_text_append(&data, (char *)&count, 4);
    at_text_append(&data, (char *)&label, 4);
    at_text_append(&data, (char *)&id, 8);
    at_text_append(&data, (char *)&id2, 8);
    at_text_append(&data, (const char *)more, count * sizeof *more);
    at_text_append(&data, picture, sizeof picture - 1);
    assert_ok(at_recordio_put(file, (uint8_t *)data.data, data.length, &err), &err);
    at_text_fini(&data);
}

static void test_recordio_damaged(void **state) {
    (void)state;
    char *folder = at_test_folder();
    at_text file = {0};
    at_error err;
    gathered g = {0};
    const float vector[] = {1, 0, 1};
    put_record(&file, 3, NULL, 0);
    size_t second = file.length;
    put_record(&file, 0, vector, 3);
    put(folder, "a.rec", file.data, file.length);
    assert_ok(read_folder(folder, "recordio", &g, &err), &err);
    assert_int_equal(g.count, 2);
    assert_true(g.first_labels[0] == 3);
    assert_int_equal(g.most_labels, 3);
    assert_string_equal(g.first, "a.rec#0");
    put(folder, "a.rec", file.data, file.length - 6); /* within the second */
    g = (gathered){0};
    assert_int_equal(read_folder(folder, "recordio", &g, &err), AT_CORRUPT);
    char place[32];
    snprintf(place, sizeof place, "byte %zu", second);
    assert_non_null(strstr(err.text, "a.rec"));
    assert_non_null(strstr(err.text, place));
    put(folder, "a.rec", file.data, second); /* between records: the index tells */
    put(folder, "a.idx", "0\t0\n1\t48\n", 9);
    g = (gathered){0};
    assert_int_equal(read_folder(folder, "recordio", &g, &err), AT_CORRUPT);
    assert_non_null(strstr(err.text, "a.idx"));
    file.data[0] ^= 1;
    put(folder, "a.rec", file.data, file.length);
    g = (gathered){0};
    assert_int_equal(read_folder(folder, "recordio", &g, &err), AT_CORRUPT);
    assert_non_null(strstr(err.text, "byte 0"));
    at_text_fini(&file);
    at_test_folder_remove(folder);
}

static void test_idx(void **state) {
    (void)state;
    char *folder = at_test_folder();
    const char images[] = "\0\0\x8\x3\0\0\0\x2\0\0\0\x2\0\0\0\x3"
                          "abcdefghijkl";
    const char labels[] = "\0\0\x8\x1\0\0\0\x2\x4\x9";
    at_error err;
    gathered g = {0};
    put(folder, "t-images-idx3-ubyte", images, sizeof images - 1);
    put(folder, "t-labels-idx1-ubyte", labels, sizeof labels - 1);
    char *path = at_path_join(folder, "t-images-idx3-ubyte");
    assert_ok(read_beside(path, "idx", &g, &err), &err);
    at_free(path);
    assert_int_equal(g.count, 2);
    assert_true(g.labels == 13);
    assert_int_equal(g.w, 3);
    assert_int_equal(g.h, 2);
    assert_int_equal(g.c, 1);
    put(folder, "t-labels-idx1-ubyte", "\0\0\x8\x1\0\0\0\x1\x4", 9);
    g = (gathered){0};
    assert_int_equal(read_folder(folder, "idx", &g, &err), AT_CORRUPT);
    assert_non_null(strstr(err.text, "t-labels-idx1-ubyte"));
    put(folder, "t-images-idx3-ubyte", images, sizeof images - 2);
    assert_int_equal(read_folder(folder, "idx", &g, &err), AT_CORRUPT);
    assert_non_null(strstr(err.text, "cut off"));
    at_idx idx;
    assert_int_equal(at_idx_parse((const uint8_t *)"\0\0\xd\x1\0\0\0\0", 8, &idx, &err),
                     AT_UNSUPPORTED);
    uint8_t huge[] = {0,   0,   8,   4,   255, 255, 255, 255, 255, 255,
                      255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    assert_int_equal(at_idx_parse(huge, sizeof huge, &idx, &err), AT_CORRUPT);
    at_test_folder_remove(folder);
}

static void test_cifar_damaged(void **state) {
    (void)state;
    at_cifar cifar;
    at_error err;
    size_t record = 1 + AT_CIFAR_PIXELS;
    uint8_t *bytes = at_alloc_array(3, record + 1), rgb[AT_CIFAR_PIXELS];
    bytes[record] = 9;
    bytes[record + 1] = 'r';
    bytes[record + 1 + 1024] = 'g';
    bytes[record + 1 + 2048] = 'b';
    assert_ok(at_cifar_parse(bytes, 3 * record, false, &cifar, &err), &err);
    assert_int_equal(cifar.count, 3);
    assert_int_equal(at_cifar_get(&cifar, 1, rgb), 9);
    assert_memory_equal(rgb, "rgb", 3);
    assert_int_equal(at_cifar_parse(bytes, 3 * record - 1, false, &cifar, &err),
                     AT_CORRUPT);
    bytes[record] = 10;
    assert_int_equal(at_cifar_parse(bytes, 3 * record, false, &cifar, &err), AT_CORRUPT);
    assert_non_null(strstr(err.text, "byte 3073"));
    bytes[record + 1] = 0;
    bytes[1] = 77; /* coarse 0, fine 77 */
    bytes[record] = 0;
    assert_ok(at_cifar_parse(bytes, 3 * (record + 1), true, &cifar, &err), &err);
    assert_int_equal(at_cifar_get(&cifar, 0, rgb), 77);
    at_free(bytes);
}

static void test_manifest(void **state) {
    (void)state;
    static const char text[] =
        "{\"source-ref\": \"s3://bucket/set/b/2.pgm\", \"class\": \"1\"}\n"
        "\n"
        "{\"source-ref\": \"a/1.pgm\", \"class\": 0, \"class-metadata\": "
        "{\"class-name\": \"ape\"}}\r\n"
        "{\"source-ref\": \"a/1.pgm\", \"other\": \"[1,0,1]\", \"other-metadata\": {}}";
    char *folder = at_test_folder();
    at_error err;
    gathered g = {0};
    put_picture(folder, "a/1.pgm");
    put_picture(folder, "b/2.pgm");
    put(folder, "train.manifest", text, sizeof text - 1);
    char *path = at_path_join(folder, "train.manifest");
    assert_ok(read_beside(path, "manifest", &g, &err), &err);
    assert_int_equal(g.count, 3);
    assert_int_equal(g.most_labels, 3);
    assert_true(g.labels == 2);
    static const char named[] = "{\"source-ref\": \"b/2.pgm\", \"kind\": \"zebra\"}\n"
                                "{\"source-ref\": \"a/1.pgm\", \"kind\": \"ape\"}\n";
    put(folder, "train.manifest", named, sizeof named - 1);
    g = (gathered){0};
    assert_ok(read_folder(folder, "manifest", &g, &err), &err);
    assert_int_equal(g.classes, 2);
    assert_string_equal(g.class_names[0], "ape");
    assert_true(g.first_labels[0] == 1);
    static const struct {
        const char *line, *says;
    } bad[] = {{"{\"source-ref\": \"b/3.pgm\"}", "there is no image b/3.pgm"},
               {"{\"source-ref\": 1}", "source-ref"},
               {"[]", "no JSON object"},
               {"{\"source-ref\": \"a/1.pgm\"", "no JSON"},
               {"{\"source-ref\": \"a/1.pgm\", \"class\": \"[1,\"}", "no list"},
               {"{\"source-ref\": \"a/1.pgm\", \"class\": true}", "neither"}};
    for (size_t i = 0; i < COUNT(bad); i++) {
        at_text file = {0};
        at_text_format(&file, "{\"source-ref\": \"a/1.pgm\"}\n%s\n", bad[i].line);
        put(folder, "train.manifest", file.data, file.length);
        g = (gathered){0};
        assert_int_not_equal(read_beside(path, "manifest", &g, &err), AT_OK);
        assert_non_null(strstr(err.text, "train.manifest, line 2"));
        assert_non_null(strstr(err.text, bad[i].says));
        at_text_fini(&file);
    }
    at_free(path);
    at_test_folder_remove(folder);
}

static void test_lst(void **state) {
    (void)state;
    char *folder = at_test_folder();
    at_error err;
    gathered g = {0};
    put_picture(folder, "ape/1.pgm");
    put_picture(folder, "zebra/2.pgm");
    static const char list[] = "5\t1.000000\tzebra/2.pgm\n2\t0\tape/1.pgm\n";
    put(folder, "train.lst", list, sizeof list - 1);
    assert_ok(read_folder(folder, "lst", &g, &err), &err);
    assert_int_equal(g.count, 2);
    assert_int_equal(g.classes, 2);
    assert_string_equal(g.class_names[1], "zebra");
    assert_true(g.first_labels[0] == 1);
    static const char *const bad[] = {"1\t2\n",   "x\t1\ta\n",  "1\tx\ta\n",
                                      "1\t1\t\n", "-1\t1\ta\n", "1\t1\t\xff\n"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        at_lst lst;
        assert_int_equal(at_lst_parse(bad[i], strlen(bad[i]), "x.lst", &lst, &err),
                         AT_CORRUPT);
        assert_non_null(strstr(err.text, "x.lst, line 1"));
    }
    at_test_folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_caltech),
        cmocka_unit_test(test_mini),
        cmocka_unit_test(test_benz),
        cmocka_unit_test(test_cifar),
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_recordio_splits),
        cmocka_unit_test(test_recordio_damaged),
        cmocka_unit_test(test_idx),
        cmocka_unit_test(test_cifar_damaged),
        cmocka_unit_test(test_manifest),
        cmocka_unit_test(test_lst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
