/* From a reader to batches: gathered, saved, opened, dealt. */
#include "ops/base/text.h"
#include "ops/image/gather.h"
#include "ops/image/pipeline.h"
#include "tests/unit/images.h"

#include <fcntl.h>

/* `count` pictures of side x side: picture i has label i % 3 and its number in its first
 * pixel; the one at `broken` is a JPEG that cannot be decoded. */
typedef struct made {
    char *folder, *path;
    at_images *images;
    at_frame *frame;
} made;

static at_gather *gather(const char *scratch, bool skip_bad) {
    at_gather *g;
    at_error err;
    int fd = open(scratch, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_ok(at_gather_new(fd, scratch, NULL, skip_bad, &g, &err), &err);
    return g;
}

static void ungather(at_gather *g, const char *scratch) {
    at_gather_release(g);
    assert_int_equal(unlink(scratch), 0);
}

static void feed(at_gather *g, int count, int32_t side, int broken) {
    at_image_sink sink = at_gather_sink(g);
    at_error err;
    static const char *const names[] = {"ant", "bee", "cat"};
    assert_ok(sink.classes(sink.context, names, 3, &err), &err);
    for (int i = 0; i < count; i++) {
        at_text file = {0};
        char source[32];
        float label = (float)(i % 3);
        at_image image = pattern(side, side, 3);
        at_image_own(&image)[0] = (uint8_t)i;
        at_text_format(&file, "P6\n%d %d\n255\n", side, side);
        at_text_append(&file, (const char *)image.pixels,
                       (size_t)side * (size_t)side * 3);
        if (i == broken) {
            at_text_clear(&file);
            at_text_append(&file, "\xFF\xD8\xFF\xD9", 4);
        }
        snprintf(source, sizeof source, "%d.ppm", i);
        at_image_item item = {file.data, file.length, &label, i != 4, source, source};
        assert_ok(sink.image(sink.context, &item, &err), &err);
        at_image_fini(&image);
        at_text_fini(&file);
    }
}

static made make(int count, int32_t side) {
    made m = {.folder = at_test_folder()};
    at_gather *g;
    at_error err;
    char *scratch = at_path_join(m.folder, "scratch");
    m.path = at_path_join(m.folder, "set.safetensors");
    g = gather(scratch, false);
    feed(g, count, side, -1);
    at_frame *frame;
    assert_ok(at_gather_finish(g, &frame, &err), &err);
    assert_ok(at_gather_save(g, frame, m.path, &err), &err);
    at_frame_release(frame);
    ungather(g, scratch);
    at_free(scratch);
    assert_ok(at_images_open(m.path, &m.images, &err), &err);
    assert_ok(at_frame_open(m.path, &m.frame, &err), &err);
    return m;
}

static void unmake(made *m) {
    at_images_release(m->images);
    at_frame_release(m->frame);
    at_free(m->path);
    at_test_folder_remove(m->folder);
}

static void test_gather(void **state) {
    (void)state;
    made m = make(300, 5);
    const at_column *label = at_frame_column(m.frame, at_frame_find(m.frame, "label"));
    const at_column *source = at_frame_column(m.frame, at_frame_find(m.frame, "source"));
    int64_t length;
    assert_int_equal(at_frame_rows(m.frame), 300);
    assert_int_equal(label->type, AT_TYPE_CATEGORY);
    assert_int_equal(label->levels, 3);
    assert_int_equal(label->missing, 1);
    assert_int_equal(label->codes[299], 299 % 3);
    assert_memory_equal(at_column_text(label, 1, &length), "bee", 3);
    assert_null(at_column_text(label, 4, &length));
    assert_memory_equal(at_column_text(source, 277, &length), "277.ppm", 7);
    assert_int_equal(at_images_count(m.images), 300);
    assert_int_equal(at_images_classes(m.images), 3);
    assert_int_equal(at_images_class_find(m.images, "cattle", 3), 2);
    assert_int_equal(at_images_class_find(m.images, "cattle", 4), -1);
    assert_int_equal(at_images_class_find(m.images, "ca", 2), -1);
    size_t size, labels;
    const uint8_t *bytes = at_images_bytes(m.images, 200, &size);
    assert_int_equal(size, 11 + 75);
    assert_int_equal(bytes[11], 200);
    assert_true(*at_images_labels(m.images, 200, &labels) == 2);
    assert_int_equal(labels, 1);
    at_images_labels(m.images, 4, &labels);
    assert_int_equal(labels, 0);
    unmake(&m);
}

static void test_gather_refuses(void **state) {
    (void)state;
    char *folder = at_test_folder(), *scratch = at_path_join(folder, "scratch");
    at_gather *g;
    at_error err;
    at_frame *frame;
    const char *why;
    g = gather(scratch, false);
    feed(g, 9, 4, 7);
    assert_int_equal(at_gather_finish(g, &frame, &err), AT_CORRUPT);
    assert_memory_equal(err.text, "7.ppm: ", 7);
    ungather(g, scratch);
    g = gather(scratch, true);
    feed(g, 9, 4, 7);
    assert_ok(at_gather_finish(g, &frame, &err), &err);
    assert_int_equal(at_frame_rows(frame), 8);
    assert_int_equal(at_gather_skipped(g, &why), 1);
    assert_memory_equal(why, "7.ppm: ", 7);
    char *path = at_path_join(folder, "set.safetensors");
    at_images *images;
    size_t named;
    assert_ok(at_gather_save(g, frame, path, &err), &err);
    assert_ok(at_images_open(path, &images, &err), &err);
    assert_int_equal(at_images_left_out(images, &named), 1);
    assert_int_equal(named, 1);
    assert_string_equal(at_images_left_out_why(images, 0), why);
    at_images_release(images);
    at_free(path);
    at_frame_release(frame);
    ungather(g, scratch);
    g = gather(scratch, true);
    assert_int_equal(at_gather_finish(g, &frame, &err), AT_INVALID);
    ungather(g, scratch);
    at_free(scratch);
    at_test_folder_remove(folder);
}

/* Labels that are no classes: several of an image, or fractions. */
static void test_gather_labels(void **state) {
    (void)state;
    static const float several[] = {1, 0, 0.5F}, fraction[] = {2.25F};
    for (int kind = 0; kind < 2; kind++) {
        char *folder = at_test_folder(), *scratch = at_path_join(folder, "scratch");
        at_gather *g;
        at_error err;
        at_frame *frame;
        g = gather(scratch, false);
        at_image_sink sink = at_gather_sink(g);
        at_image_item item = {"P5 1 1 255 x", 12,  kind ? fraction : several,
                              kind ? 1 : 3,   "a", "a"};
        assert_ok(sink.image(sink.context, &item, &err), &err);
        assert_ok(at_gather_finish(g, &frame, &err), &err);
        const at_column *label = at_frame_column(frame, 1);
        int64_t length;
        if (kind)
            assert_true(label->reals[0] == 2.25);
        else
            assert_memory_equal(at_column_text(label, 0, &length), "[1,0,0.5]", 9);
        at_frame_release(frame);
        ungather(g, scratch);
        at_free(scratch);
        at_test_folder_remove(folder);
    }
}

static bool has_next(at_pipeline *p, at_pipeline_batch *batch) {
    at_error err;
    assert_ok(at_pipeline_next(p, batch, &err), &err);
    return batch->count > 0;
}

static at_pipeline_options plain(const made *m, int64_t *ids, size_t count) {
    for (size_t i = 0; i < count; i++)
        ids[i] = (int64_t)i;
    return (at_pipeline_options){.images = m->images,
                                 .ids = ids,
                                 .count = count,
                                 .prep = {.c = 3, .h = 4, .w = 4, .deviation = {1, 1, 1}},
                                 .batch = 7,
                                 .epochs = 3,
                                 .tail = AT_TAIL_SHORT};
}

/* A hash of everything that comes, in order. */
static void run_through(const at_pipeline_options *o, char out[17], size_t *images,
                        at_pipeline_stats *stats) {
    at_pipeline *p;
    at_error err;
    at_text all = {0};
    *images = 0;
    assert_ok(at_pipeline_new(o, &p, &err), &err);
    for (;;) {
        at_pipeline_batch batch;
        assert_ok(at_pipeline_next(p, &batch, &err), &err);
        if (batch.count == 0)
            break;
        at_text_append(&all, (const char *)batch.pixels, (size_t)batch.count * 48);
        at_text_append(&all, (const char *)batch.places,
                       (size_t)batch.count * sizeof *batch.places);
        *images += (size_t)batch.count;
    }
    if (stats)
        *stats = at_pipeline_stats_of(p);
    at_pipeline_release(p);
    fnv((const uint8_t *)at_text_get(&all), all.length, out);
    at_text_fini(&all);
}

static void test_any_threads_same_batches(void **state) {
    (void)state;
    made m = make(60, 8);
    int64_t ids[60];
    at_pipeline_options o = plain(&m, ids, 60);
    o.shuffle = true;
    o.augment = (at_augment){.kind = AT_AUGMENT_TRANSFORM, .seed = 9};
    o.prep.resize = 6;
    char first[17], other[17];
    size_t images;
    at_pipeline_stats stats;
    o.threads = 1;
    run_through(&o, first, &images, &stats);
    assert_int_equal(images, 180);
    assert_int_equal(stats.decoded, 180);
    assert_int_equal(stats.kept, 0);
    for (size_t threads = 2; threads < 6; threads++) {
        o.threads = threads;
        o.ahead = threads - 1;
        o.budget = threads % 2 ? 0 : 1 << 20;
        run_through(&o, other, &images, &stats);
        assert_string_equal(other, first);
        if (o.budget) { /* decoded once, then kept */
            assert_int_equal(stats.kept, 60 * 6 * 6 * 3);
            assert_true(stats.decoded >= 60 && stats.decoded < 100);
        }
    }
    o.budget = 10 * 6 * 6 * 3; /* room for ten */
    run_through(&o, other, &images, &stats);
    assert_string_equal(other, first);
    assert_true(stats.kept <= o.budget && stats.decoded < 180);
    o.augment.seed = 10;
    run_through(&o, other, &images, &stats);
    assert_string_not_equal(other, first);
    unmake(&m);
}

static void test_order_and_tails(void **state) {
    (void)state;
    made m = make(20, 4);
    int64_t ids[20];
    static const size_t counts[] = {20, 21, 14};
    for (int tail = AT_TAIL_SHORT; tail <= AT_TAIL_DROP; tail++) {
        at_pipeline_options o = plain(&m, ids, 20);
        at_pipeline *p;
        at_error err;
        at_pipeline_batch batch;
        size_t images = 0, seen[20] = {0};
        o.tail = (at_pipeline_tail)tail;
        o.epochs = 1;
        o.shuffle = true;
        assert_ok(at_pipeline_new(&o, &p, &err), &err);
        assert_int_equal(at_pipeline_batches(p), tail == AT_TAIL_DROP ? 2 : 3);
        while (has_next(p, &batch)) {
            assert_int_equal(batch.index, images / 7);
            for (int32_t i = 0; i < batch.count; i++) {
                seen[batch.places[i]]++;
                assert_int_equal(batch.pixels[48 * i], batch.places[i]);
            }
            images += (size_t)batch.count;
        }
        assert_int_equal(images, counts[tail]);
        for (size_t i = 0; i < 20 && tail == AT_TAIL_SHORT; i++)
            assert_int_equal(seen[i], 1);
        at_pipeline_release(p);
    }
    unmake(&m);
}

/* Begun in the middle, it goes on as if it had run from the start. */
static void test_resume(void **state) {
    (void)state;
    made m = make(40, 6);
    int64_t ids[40];
    at_pipeline_options o = plain(&m, ids, 40);
    at_pipeline *whole_run, *rest;
    at_pipeline_batch a, b;
    at_error err;
    o.shuffle = true;
    o.augment = (at_augment){.kind = AT_AUGMENT_CROP, .seed = 3};
    assert_ok(at_pipeline_new(&o, &whole_run, &err), &err);
    o.first_epoch = 1;
    o.first_batch = 4;
    assert_ok(at_pipeline_new(&o, &rest, &err), &err);
    for (int i = 0; i < 6 + 4; i++)
        assert_true(has_next(whole_run, &a));
    while (has_next(whole_run, &a)) {
        assert_true(has_next(rest, &b));
        assert_int_equal(a.epoch, b.epoch);
        assert_int_equal(a.count, b.count);
        assert_memory_equal(a.pixels, b.pixels, (size_t)a.count * 48);
    }
    assert_false(has_next(rest, &b));
    at_pipeline_release(whole_run);
    at_pipeline_release(rest);
    o.first_batch = 6;
    assert_int_equal(at_pipeline_new(&o, &rest, &err), AT_INVALID);
    unmake(&m);
}

/* An image that does not fit is named; a cancel is seen; a pipeline that nobody reads
 * lets itself be released. */
static void test_failures(void **state) {
    (void)state;
    made m = make(30, 6);
    int64_t ids[30];
    at_pipeline_options o = plain(&m, ids, 30);
    at_pipeline *p;
    at_pipeline_batch batch;
    at_error err;
    at_cancel cancel = {0};
    o.prep.h = o.prep.w = 8; /* larger than the pictures */
    assert_ok(at_pipeline_new(&o, &p, &err), &err);
    assert_int_equal(at_pipeline_next(p, &batch, &err), AT_INVALID);
    assert_non_null(strstr(err.text, "image 0: "));
    assert_int_equal(at_pipeline_next(p, &batch, &err), AT_INVALID);
    assert_non_null(strstr(err.text, "image 7: "));
    at_pipeline_release(p);
    o = plain(&m, ids, 30);
    o.cancel = &cancel;
    assert_ok(at_pipeline_new(&o, &p, &err), &err);
    assert_true(has_next(p, &batch));
    at_cancel_raise(&cancel);
    assert_int_equal(at_pipeline_next(p, &batch, &err), AT_CANCELLED);
    at_pipeline_release(p);
    o.cancel = NULL;
    o.epochs = 0;
    assert_ok(at_pipeline_new(&o, &p, &err), &err);
    at_pipeline_release(p);
    ids[3] = 30;
    assert_int_equal(at_pipeline_new(&o, &p, &err), AT_INVALID);
    unmake(&m);
}

/* A damaged file is refused, whatever byte of its arrays' offsets is wrong. */
static void test_damaged(void **state) {
    (void)state;
    made m = make(5, 4);
    at_text file = {0};
    at_error err;
    at_images *images;
    assert_ok(at_file_read(m.path, 1 << 20, &file, &err), &err);
    int64_t last = 5 * (11 + 48);
    size_t found = 0;
    for (size_t i = 0; i + 8 <= file.length; i += 8)
        if (memcmp(file.data + i, &last, 8) == 0) {
            file.data[i] = (char)(file.data[i] + 1);
            assert_ok(at_file_write(m.path, file.data, file.length, &err), &err);
            assert_int_equal(at_images_open(m.path, &images, &err), AT_CORRUPT);
            file.data[i] = (char)(file.data[i] - 1);
            found++;
        }
    assert_int_equal(found, 1);
    at_text_fini(&file);
    at_frame *frame;
    assert_ok(at_frame_take_rows(m.frame, (int64_t[]){0}, 1, &frame, &err), &err);
    assert_ok(at_frame_save(frame, m.path, &err), &err);
    assert_int_equal(at_images_open(m.path, &images, &err), AT_NOT_FOUND);
    at_frame_release(frame);
    unmake(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gather),
        cmocka_unit_test(test_gather_refuses),
        cmocka_unit_test(test_gather_labels),
        cmocka_unit_test(test_any_threads_same_batches),
        cmocka_unit_test(test_order_and_tails),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
