#include "ops/frame/sql.h"
#include "tests/unit/table.h"

static const char data[] =
    "age:int|job:category|x:float|ok:bool|day:date|emp.var.rate:float\n"
    "31|admin.|1.5|true|2024-02-29|1.1\n"
    "|services||false|2023-12-31|-0.1\n"
    "64||-2||1999-01-01|";

static at_expression *compile(const char *text, const at_frame *schema) {
    at_expression *e = NULL;
    at_error err;
    assert_ok(at_expression_new(text, schema, &e, &err), &err);
    return e;
}

static void gives(const char *text, const char *expected) {
    at_frame *frame = at_test_table(data), *out;
    at_expression *e = compile(text, frame);
    at_column_builder *column = NULL;
    at_frame_builder *builder;
    at_error err;
    for (int again = 0; again < 2; again++) {
        assert_ok(at_expression_column(e, frame, "new", NULL, NULL, &column, &err), &err);
        assert_ok(at_frame_builder_new(&builder, &err), &err);
        assert_ok(at_frame_builder_take(builder, column, &err), &err);
        assert_ok(at_frame_builder_finish(builder, &out, &err), &err);
        assert_table(out, expected);
        at_frame_release(out);
    }
    at_expression_release(e);
    at_frame_release(frame);
}

static void test_columns(void **state) {
    (void)state;
    gives("age * 2", "new:int\n62\n\n128");
    gives("age / 2.0 + x", "new:float\n17\n\n30");
    gives("upper(job)", "new:text\nADMIN.\nSERVICES\n");
    gives("CASE WHEN age > 40 THEN 'old' WHEN age IS NOT NULL THEN 'old' END",
          "new:category\nold\n\nold");
    gives("\"emp.var.rate\" -- a comment", "new:float\n1.1\n-0.1\n");
    gives("strftime('%Y', day)", "new:text\n2024\n2023\n1999");
    gives("ok AND age < 40", "new:int\n1\n0\n0");
    gives("NULL", "new:text\n\n\n");
}

/* 'now' by whatever way it comes is no moment; elsewhere it is a word like others. */
static void test_no_clock(void **state) {
    (void)state;
    gives("date('n' || 'ow')", "new:text\n\n\n");
    gives("strftime('%s', 'no' || 'w', 'utc')", "new:text\n\n\n");
    gives("\"julianday\"()", "new:text\n\n\n");
    gives("strftime('%s')", "new:text\n\n\n");
    gives("job IN ('now', 'admin.')", "new:int\n1\n0\n");
    gives("date(day) = day AND job <> 'now'", "new:int\n1\n1\n");
    gives("date(day, 'start of month')", "new:text\n2024-02-01\n2023-12-01\n1999-01-01");
}

/* A column may be named as the rowid is. */
static void test_column_rowid(void **state) {
    (void)state;
    at_frame *frame = at_test_table("rowid:int\n7\n7");
    at_expression *e = compile("rowid = 7", frame);
    uint8_t keep[2] = {9, 9};
    at_error err;
    assert_ok(at_expression_filter(e, frame, keep, NULL, &err), &err);
    assert_int_equal(keep[0] + keep[1], 2);
    at_expression_release(e);
    /* Its other names are not the column's. */
    static const char *const others[] = {"oid = 1", "\"_RowID_\" > 1",
                                         "rowid + this.oid"};
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_int_not_equal(at_expression_new(others[i], frame, &e, &err), AT_OK);
        assert_non_null(strstr(err.text, "may not use rowid"));
    }
    at_frame_release(frame);
}

static void test_forced(void **state) {
    (void)state;
    static const struct {
        const char *text;
        at_type type;
        const char *expected;
    } cases[] = {
        {"age", AT_TYPE_FLOAT, "new:float\n31\n\n64"},
        {"x", AT_TYPE_INT, "new:int\n2\n\n-2"},
        {"age > 40", AT_TYPE_BOOL, "new:bool\nfalse\n\ntrue"},
        {"age", AT_TYPE_TEXT, "new:text\n31\n\n64"},
        {"CASE WHEN age = 31 THEN '7.5' WHEN age = 64 THEN 'many' END", AT_TYPE_FLOAT,
         "new:float\n7.5\n\n"},
        {"day", AT_TYPE_DATE, "new:date\n2024-02-29\n2023-12-31\n1999-01-01"},
        {"day || ' 12:30:00.5'", AT_TYPE_TIMESTAMP,
         "new:timestamp\n2024-02-29 12:30:00.500000\n2023-12-31 12:30:00.500000\n"
         "1999-01-01 12:30:00.500000"},
        {"'2023-02-30'", AT_TYPE_DATE, "new:date\n\n\n"},
    };
    at_frame *frame = at_test_table(data);
    for (size_t i = 0; i < COUNT(cases); i++) {
        at_expression *e = compile(cases[i].text, frame);
        at_column_builder *column = NULL;
        at_frame_builder *builder;
        at_frame *out;
        at_error err;
        assert_ok(
            at_expression_column(e, frame, "new", &cases[i].type, NULL, &column, &err),
            &err);
        assert_ok(at_frame_builder_new(&builder, &err), &err);
        assert_ok(at_frame_builder_take(builder, column, &err), &err);
        assert_ok(at_frame_builder_finish(builder, &out, &err), &err);
        assert_table(out, cases[i].expected);
        at_frame_release(out);
        at_expression_release(e);
    }
    at_frame_release(frame);
}

/* Other frames: columns in another order, of another type, or missing. */
static void test_frames(void **state) {
    (void)state;
    at_frame *schema = at_test_table(data);
    at_expression *e = compile("job = 'admin.' AND age > 30", schema);
    at_frame_release(schema);
    at_frame *other = at_test_table("more:int|JOB:text|age:float\n1|admin.|30.5\n2|x|31\n"
                                    "3|admin.|");
    uint8_t keep[3] = {9, 9, 9};
    at_error err;
    assert_ok(at_expression_filter(e, other, keep, NULL, &err), &err);
    assert_int_equal(keep[0], 1);
    assert_int_equal(keep[1], 0);
    assert_int_equal(keep[2], 0);
    at_frame_release(other);
    other = at_test_table("job:text\nx");
    assert_int_equal(at_expression_filter(e, other, keep, NULL, &err), AT_NOT_FOUND);
    assert_string_equal(err.text, "the column age is missing");
    at_frame_release(other);
    at_arena arena = {0};
    const char *const *names;
    size_t count;
    assert_ok(at_expression_uses(e, &arena, &names, &count, &err), &err);
    assert_int_equal(count, 2);
    assert_string_equal(names[0], "age");
    assert_string_equal(names[1], "job");
    at_arena_fini(&arena);
    at_expression_release(e);
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "empty"},
        {" -- x", "empty"},
        {"count(*) > 1", "count() cannot stand here"},
        {"max(age)", "max() cannot stand here"},
        {"sum(age) OVER ()", "cannot stand here"},
        {"median(age)", "cannot stand here"},
        {"(SELECT 1)", "no subquery"},
        {"age IN (SELECT 1)", "no subquery"},
        {"random() > 0", "another value each time"},
        {"current_date", "another value each time"},
        {"date('now')", "'now' is another moment"},
        {"date('now','start of month')", "'now' is another moment"},
        {"strftime('%s', 'NOW', 'utc')", "'now' is another moment"},
        {"julianday ('now', 'start of day')", "'now' is another moment"},
        {"1 + (unixepoch((lower('Now'))))", "'now' is another moment"},
        {"date()", "another each time"},
        {"rowid % 2", "may not use rowid: it depends on the batch"},
        {"_ROWID_", "may not use rowid"},
        {"this.oid + age", "may not use rowid"},
        {"\"at weight\"", "may not use rowid"},
        {"age = :x", "takes no :name"},
        {"age > 1) FROM this; --", "closing bracket too many"},
        {"(age > 1", "closing bracket is missing"},
        {"'open", "a quote is not closed"},
        {"1 /* open", "a comment is not closed"},
        {"agee > 1", "there is no column agee in the data (line 1, column 1)"},
        {"age > 1\n AND jop = 'x'",
         "there is no column jop in the data (line 2, column 6)"},
        {"job = \"admin.\"", "there is no column admin."},
        {"age >", "SQL"},
        {"age, job", "row value"},
        {"load_extension('x')", "load_extension"},
        {"age > 1; DROP TABLE this", "no ; here"},
    };
    at_frame *frame = at_test_table(data);
    for (size_t i = 0; i < COUNT(cases); i++) {
        at_expression *e = NULL;
        at_error err = {0};
        at_status status = at_expression_new(cases[i].text, frame, &e, &err);
        if (status == AT_OK || err.code != status || !strstr(err.text, cases[i].says))
            fail_msg("%s: %d %s", cases[i].text, (int)status, err.text);
        assert_null(e);
    }
    at_frame_release(frame);
}

static at_status run_once(void *context) {
    at_error err;
    at_expression *e = NULL;
    at_column_builder *column = NULL;
    at_status status = at_expression_new("age + length(job)", context, &e, &err);
    if (!status)
        status = at_expression_column(e, context, "new", NULL, NULL, &column, &err);
    at_column_builder_release(column);
    at_expression_release(e);
    return status;
}

static void test_no_memory(void **state) {
    (void)state;
    at_frame *frame = at_test_table(data);
    assert_true(at_test_sweep(run_once, frame) > 10);
    at_frame_release(frame);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns),      cmocka_unit_test(test_forced),
        cmocka_unit_test(test_frames),       cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_memory),    cmocka_unit_test(test_no_clock),
        cmocka_unit_test(test_column_rowid),
    };
    return cmocka_run_group_tests_name("sql_expression", tests, NULL, NULL);
}
