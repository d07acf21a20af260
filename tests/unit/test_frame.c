#include "ops/base/text.h"
#include "ops/frame/frame.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <unistd.h>

#include <jansson.h>

static at_column_builder *column_new(const char *name, at_type type) {
    at_column_builder *b;
    assert_int_equal(at_column_builder_new(name, type, &b, NULL), AT_OK);
    return b;
}

/* `rows` rows of every type; every 7th cell of each column but the first is missing. */
static at_frame *make_frame(int64_t rows) {
    at_frame_builder *fb;
    assert_int_equal(at_frame_builder_new(&fb, NULL), AT_OK);
    at_column_builder *all[7];
    static const char *const names[] = {"id", "x", "flag", "note", "job", "born", "seen"};
    for (int c = 0; c < 7; c++) {
        at_type type = (at_type)c;
        all[c] = column_new(names[c], type);
        for (int64_t i = 0; i < rows; i++) {
            char text[32];
            int length =
                snprintf(text, sizeof text, type == AT_TYPE_TEXT ? "n%lld" : "c%lld",
                         (long long)(type == AT_TYPE_TEXT ? i : i % 3));
            if (c > 0 && (i + c) % 7 == 0)
                at_column_builder_missing(all[c]);
            else if (type == AT_TYPE_FLOAT)
                at_column_builder_real(all[c], (double)i / 8);
            else if (type == AT_TYPE_TEXT || type == AT_TYPE_CATEGORY)
                at_column_builder_text(all[c], text, length);
            else if (type == AT_TYPE_TIMESTAMP)
                at_column_builder_int(all[c], i * 1500000 - 1);
            else
                at_column_builder_int(all[c], type == AT_TYPE_BOOL ? i % 2 : i - 3);
        }
        assert_int_equal(at_column_builder_rows(all[c]), rows);
        assert_int_equal(at_frame_builder_take(fb, all[c], NULL), AT_OK);
    }
    at_frame *frame;
    assert_int_equal(at_frame_builder_finish(fb, &frame, NULL), AT_OK);
    return frame;
}

static char *cell(const at_frame *frame, int column, int64_t row) {
    static char out[64];
    at_text text = {0};
    at_column_format(at_frame_column(frame, column), row, &text);
    snprintf(out, sizeof out, "%s", at_text_get(&text));
    at_text_fini(&text);
    return out;
}

static void assert_same(const at_frame *a, const at_frame *b) {
    assert_int_equal(at_frame_rows(a), at_frame_rows(b));
    assert_int_equal(at_frame_columns(a), at_frame_columns(b));
    for (int c = 0; c < at_frame_columns(a); c++) {
        const at_column *x = at_frame_column(a, c), *y = at_frame_column(b, c);
        assert_string_equal(x->name, y->name);
        assert_int_equal(x->type, y->type);
        assert_int_equal(x->missing, y->missing);
        for (int64_t i = 0; i < x->rows; i++) {
            char *left = strdup(cell(a, c, i));
            assert_string_equal(left, cell(b, c, i));
            assert_int_equal(at_column_valid(x, i), at_column_valid(y, i));
            free(left);
        }
    }
}

static void test_cells(void **state) {
    (void)state;
    at_frame *frame = make_frame(200);
    assert_int_equal(at_frame_rows(frame), 200);
    assert_int_equal(at_frame_columns(frame), 7);
    assert_int_equal(at_frame_find(frame, "JOB"), 4);
    assert_int_equal(at_frame_find(frame, "nothing"), -1);
    assert_null(at_frame_column(frame, 7));
    assert_string_equal(cell(frame, 0, 0), "-3");
    assert_string_equal(cell(frame, 1, 5), "0.625");
    assert_string_equal(cell(frame, 1, 6), "");
    assert_true(isnan(at_column_real(at_frame_column(frame, 1), 6)));
    assert_string_equal(cell(frame, 2, 1), "true");
    assert_string_equal(cell(frame, 3, 199), "n199");
    assert_string_equal(cell(frame, 4, 2), "c2");
    assert_string_equal(cell(frame, 5, 0), "1969-12-29");
    assert_string_equal(cell(frame, 6, 0), "1969-12-31 23:59:59.999999");
    assert_string_equal(cell(frame, 6, 2), "1970-01-01 00:00:02.999999");
    const at_column *job = at_frame_column(frame, 4);
    int64_t length;
    assert_int_equal(job->levels, 3);
    assert_null(at_column_text(job, 3, &length));
    assert_memory_equal(at_column_text(job, 0, &length), "c0", 2);
    assert_int_equal(length, 2);
    assert_int_equal(job->missing, 29);
    assert_true(at_frame_bytes(frame) > 200 * 30);
    at_frame_release(frame);
}

static void test_share(void **state) {
    (void)state;
    at_frame *frame = make_frame(100), *two, *renamed;
    const int wanted[] = {4, 0};
    assert_int_equal(at_frame_select(frame, wanted, 2, &two, NULL), AT_OK);
    at_frame_builder *fb;
    assert_int_equal(at_frame_builder_new(&fb, NULL), AT_OK);
    assert_int_equal(at_frame_builder_share(fb, frame, 1, "y", NULL), AT_OK);
    at_error err = {0};
    assert_int_equal(at_frame_builder_share(fb, frame, 2, "Y", &err), AT_INVALID);
    assert_string_equal(err.text, "two columns are named 'Y'");
    assert_int_equal(at_frame_builder_finish(fb, &renamed, NULL), AT_OK);
    const void *values = at_frame_column(frame, 0)->values;
    at_frame_release(frame); /* the columns live on */
    assert_ptr_equal(at_frame_column(two, 1)->values, values);
    assert_string_equal(at_frame_column(two, 0)->name, "job");
    assert_string_equal(cell(two, 0, 2), "c2");
    assert_string_equal(at_frame_column(renamed, 0)->name, "y");
    assert_string_equal(cell(renamed, 0, 8), "1");
    at_frame_release(two);
    at_frame_release(renamed);
}

static void test_take_rows(void **state) {
    (void)state;
    at_frame *frame = make_frame(500), *some;
    int64_t rows[300];
    for (int64_t i = 0; i < 300; i++)
        rows[i] = (i * 37) % 500;
    rows[299] = rows[0];
    assert_int_equal(at_frame_take_rows(frame, rows, 300, &some, NULL), AT_OK);
    for (int c = 0; c < 7; c++) {
        int64_t missing = 0;
        for (int64_t i = 0; i < 300; i++) {
            char *left = strdup(cell(frame, c, rows[i]));
            assert_string_equal(left, cell(some, c, i));
            missing += !at_column_valid(at_frame_column(frame, c), rows[i]);
            free(left);
        }
        assert_int_equal(at_frame_column(some, c)->missing, missing);
    }
    at_frame *none;
    assert_int_equal(at_frame_take_rows(frame, NULL, 0, &none, NULL), AT_OK);
    assert_int_equal(at_frame_rows(none), 0);
    assert_int_equal(at_frame_columns(none), 7);
    rows[3] = 500;
    assert_int_equal(at_frame_take_rows(frame, rows, 4, &none, NULL), AT_INTERNAL);
    at_frame_release(none);
    at_frame_release(some);
    at_frame_release(frame);
}

static void test_builder_rules(void **state) {
    (void)state;
    at_error err = {0};
    at_frame_builder *fb;
    at_frame *frame;
    assert_int_equal(at_frame_builder_new(&fb, NULL), AT_OK);
    assert_int_equal(at_frame_builder_finish(fb, &frame, &err), AT_INVALID);
    assert_int_equal(at_frame_builder_new(&fb, NULL), AT_OK);
    at_column_builder *a = column_new("a", AT_TYPE_INT),
                      *b = column_new("b", AT_TYPE_INT);
    at_column_builder_int(a, 1);
    assert_int_equal(at_frame_builder_take(fb, a, NULL), AT_OK);
    assert_int_equal(at_frame_builder_take(fb, b, &err), AT_INVALID);
    assert_string_equal(err.text, "column 'b' has 0 rows; the others have 1");
    assert_int_equal(at_frame_builder_take(fb, column_new("", AT_TYPE_INT), &err),
                     AT_INVALID);
    at_frame_builder_release(fb);
}

static void test_schema(void **state) {
    (void)state;
    at_frame *frame = make_frame(3);
    json_t *schema = at_frame_schema(frame);
    char *text = json_dumps(schema, JSON_COMPACT);
    assert_string_equal(text, "[{\"name\":\"id\",\"type\":\"int\"},"
                              "{\"name\":\"x\",\"type\":\"float\"},"
                              "{\"name\":\"flag\",\"type\":\"bool\"},"
                              "{\"name\":\"note\",\"type\":\"text\"},"
                              "{\"name\":\"job\",\"type\":\"category\"},"
                              "{\"name\":\"born\",\"type\":\"date\"},"
                              "{\"name\":\"seen\",\"type\":\"timestamp\"}]");
    free(text);
    json_decref(schema);
    at_frame_release(frame);
    at_type type;
    assert_true(at_type_from_name("Category", &type));
    assert_int_equal(type, AT_TYPE_CATEGORY);
    assert_false(at_type_from_name("number", &type));
}

static char *temporary(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/test_frame.%ld.%s",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (long)getpid(), name);
    return path;
}

static void test_save(void **state) {
    (void)state;
    static const int64_t sizes[] = {0, 1, 64, 65, 1000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        at_frame *frame = make_frame(sizes[i]), *again;
        at_error err = {0};
        const char *path = temporary("save");
        assert_int_equal(at_frame_save(frame, path, &err), AT_OK);
        assert_int_equal(at_frame_open(path, &again, &err), AT_OK);
        unlink(path); /* the mapping stays */
        assert_same(frame, again);
        at_frame_release(frame);
        at_frame_release(again);
    }
}

/* A file cut at any place, or with any byte of its header changed, is refused or read:
 * never a crash. */
static void test_damage(void **state) {
    (void)state;
    at_frame *frame = make_frame(70), *again = NULL;
    const char *path = temporary("damage");
    assert_int_equal(at_frame_save(frame, path, NULL), AT_OK);
    at_frame_release(frame);
    at_text whole = {0};
    assert_int_equal(at_file_read(path, 1 << 20, &whole, NULL), AT_OK);
    at_error err = {0};
    for (size_t cut = 0; cut < whole.length; cut += 13) {
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        fwrite(whole.data, 1, cut, f);
        fclose(f);
        assert_int_equal(at_frame_open(path, &again, &err), AT_CORRUPT);
    }
    int refused = 0;
    for (size_t at = 0; at < whole.length; at += 5) {
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        char old = whole.data[at];
        whole.data[at] = (char)(old ^ 0x15);
        fwrite(whole.data, 1, whole.length, f);
        fclose(f);
        whole.data[at] = old;
        if (at_frame_open(path, &again, &err) == AT_OK) {
            for (int c = 0; c < at_frame_columns(again); c++)
                for (int64_t i = 0; i < at_frame_rows(again); i++)
                    cell(again, c, i);
            at_frame_release(again);
        } else {
            refused++;
        }
    }
    assert_true(refused > 100);
    assert_int_equal(at_frame_open(temporary("absent"), &again, &err), AT_NOT_FOUND);
    at_text_fini(&whole);
    unlink(temporary("damage"));
}

static void test_no_memory(void **state) {
    (void)state;
    for (size_t n = 1; n < 200; n++) {
        at_frame_builder *fb = NULL;
        at_column_builder *cb = NULL;
        at_frame *frame = NULL;
        at_memory_fail_after(n);
        at_status status = at_frame_builder_new(&fb, NULL);
        if (status == AT_OK)
            status = at_column_builder_new("a", AT_TYPE_CATEGORY, &cb, NULL);
        for (int i = 0; status == AT_OK && i < 100; i++) {
            char text[8];
            if (i % 9 == 0)
                at_column_builder_missing(cb);
            else
                at_column_builder_text(cb, text, snprintf(text, sizeof text, "%d", i));
        }
        if (status == AT_OK)
            status = at_frame_builder_take(fb, cb, NULL);
        if (status == AT_OK)
            status = at_frame_builder_finish(fb, &frame, NULL);
        else
            at_frame_builder_release(fb);
        at_memory_fail_after(0);
        assert_true(status == AT_OK || status == AT_NO_MEMORY);
        at_frame_release(frame);
        if (status == AT_OK)
            return;
    }
    fail_msg("200 allocations were not enough");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),     cmocka_unit_test(test_share),
        cmocka_unit_test(test_take_rows), cmocka_unit_test(test_builder_rules),
        cmocka_unit_test(test_schema),    cmocka_unit_test(test_save),
        cmocka_unit_test(test_damage),    cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
