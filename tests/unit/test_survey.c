/* What a survey says of a set whose every picture is known. */
#include "ops/base/text.h"
#include "ops/image/gather.h"
#include "ops/image/survey.h"
#include "tests/unit/images.h"

#include <fcntl.h>

typedef struct made {
    char *folder;
    at_images *images;
    at_frame *frame;
} made;

/* w, h, channels, label (-1: none), and a number that pictures of the same share. */
typedef struct one {
    int32_t w, h, c;
    float label;
    uint8_t noise;
} one;

static made make(const one *ones, size_t count) {
    static const char *const names[] = {"ant", "bee", "cat", "dog"};
    made m = {.folder = at_test_folder()};
    char *scratch = at_path_join(m.folder, "scratch");
    char *path = at_path_join(m.folder, "set.safetensors");
    at_gather *g;
    at_error err;
    int fd = open(scratch, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_ok(at_gather_new(fd, scratch, NULL, false, &g, &err), &err);
    at_image_sink sink = at_gather_sink(g);
    assert_ok(sink.classes(sink.context, names, 4, &err), &err);
    for (size_t i = 0; i < count; i++) {
        const one *o = &ones[i];
        at_text file = {0};
        char name[32];
        at_text_format(&file, "P%d %d %d 255\n", o->c == 1 ? 5 : 6, o->w, o->h);
        for (int32_t k = 0; k < o->w * o->h * o->c; k++)
            at_text_char(&file, (char)(o->noise + k));
        snprintf(name, sizeof name, "%zu", i);
        at_image_item item = {file.data,     file.length, &o->label,
                              o->label >= 0, name,        name};
        assert_ok(sink.image(sink.context, &item, &err), &err);
        at_text_fini(&file);
    }
    assert_ok(at_gather_finish(g, &m.frame, &err), &err);
    assert_ok(at_gather_save(g, m.frame, path, &err), &err);
    assert_ok(at_images_open(path, &m.images, &err), &err);
    at_gather_release(g);
    close(fd);
    at_free(scratch);
    at_free(path);
    return m;
}

static void unmake(made *m) {
    at_images_release(m->images);
    at_frame_release(m->frame);
    at_test_folder_remove(m->folder);
}

static void test_survey(void **state) {
    (void)state;
    static const one ones[] = {
        {8, 6, 3, 2, 1},
        {8, 6, 3, 2, 2},
        {4, 9, 1, 0, 3},
        {8, 6, 3, 2, 1}, /* of 0 */
        {8, 6, 3, 0, 1} /* of 0, another class */,
        {7, 7, 3, -1, 4},
        {8, 6, 3, -1, 1} /* of 0, no class */,
        {20, 2, 1, 3, 9},
        {8, 6, 3, 2, 2} /* of 1 */,
    };
    made m = make(ones, COUNT(ones));
    at_arena arena = {0};
    at_error err;
    at_survey s;
    assert_ok(at_survey_of(m.frame, m.images, NULL, NULL, &arena, &s, &err), &err);
    assert_int_equal(s.rows, 9);
    assert_int_equal(s.unlabelled, 2);
    assert_int_equal(s.class_count, 3); /* no bee */
    assert_string_equal(s.classes[0].name, "cat");
    assert_int_equal(s.classes[0].count, 4);
    assert_int_equal(s.classes[0].first, 0);
    assert_string_equal(s.classes[1].name, "ant");
    assert_int_equal(s.classes[1].count, 2);
    assert_int_equal(s.classes[1].first, 2);
    assert_string_equal(s.classes[2].name, "dog");
    assert_int_equal(s.smallest, 2);
    assert_int_equal(s.largest, 5);
    assert_int_equal(s.most.w, 7);
    assert_false(s.one_size);
    assert_int_equal(s.side_least, 2);
    assert_int_equal(s.side_median, 6);
    assert_int_equal(s.side_most, 7);
    assert_int_equal(s.grey, 2);
    assert_int_equal(s.turned, 0);
    assert_int_equal(s.formats[AT_IMAGE_PNM], 9);
    assert_int_equal(s.decoded, 6 * 144 + 36 + 147 + 40);
    static const at_survey_twin twins[] = {
        {3, 0, false}, {4, 0, true}, {6, 0, false}, {8, 1, false}};
    assert_int_equal(s.twin_count, COUNT(twins));
    assert_int_equal(s.conflicts, 1);
    for (size_t i = 0; i < COUNT(twins); i++) {
        assert_int_equal(s.twins[i].row, twins[i].row);
        assert_int_equal(s.twins[i].first, twins[i].first);
        assert_int_equal(s.twins[i].other_label, twins[i].other_label);
    }
    /* Rows of the table count, not pictures of the file; one row twice is no twin. */
    at_frame *part;
    assert_ok(at_frame_take_rows(m.frame, (int64_t[]){1, 1, 4}, 3, &part, &err), &err);
    assert_ok(at_survey_of(part, m.images, NULL, NULL, &arena, &s, &err), &err);
    assert_int_equal(s.rows, 3);
    assert_int_equal(s.twin_count, 0);
    assert_true(s.one_size);
    assert_int_equal(s.class_count, 2);
    at_frame_release(part);
    at_cancel cancel = {0};
    at_cancel_raise(&cancel);
    assert_int_equal(at_survey_of(m.frame, m.images, NULL, &cancel, &arena, &s, &err),
                     AT_CANCELLED);
    at_arena_fini(&arena);
    unmake(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_survey)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
