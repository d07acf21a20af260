/* Ports: a frame brought into the shape a model takes. */
#include "ops/learn/port.h"
#include "tests/unit/unit.h"

#include <math.h>

typedef struct made {
    at_frame_builder *f;
    at_error err;
} made;

static at_column_builder *begin(const char *name, at_type type) {
    at_column_builder *b;
    assert_int_equal(at_column_builder_new(name, type, &b, NULL), AT_OK);
    return b;
}

static void take(made *m, at_column_builder *b) {
    assert_ok(at_frame_builder_take(m->f, b, &m->err), &m->err);
}

static void start(made *m) {
    *m = (made){0};
    assert_ok(at_frame_builder_new(&m->f, &m->err), &m->err);
}

static at_frame *end(made *m) {
    at_frame *frame = NULL;
    assert_ok(at_frame_builder_finish(m->f, &frame, &m->err), &m->err);
    return frame;
}

static void ints(made *m, const char *name, int64_t a, int64_t b) {
    at_column_builder *c = begin(name, AT_TYPE_INT);
    at_column_builder_int(c, a);
    at_column_builder_int(c, b);
    take(m, c);
}

static void reals(made *m, const char *name, double a, double b) {
    at_column_builder *c = begin(name, AT_TYPE_FLOAT);
    at_column_builder_real(c, a);
    at_column_builder_real(c, b);
    take(m, c);
}

static void texts(made *m, const char *name, at_type type, const char *a, const char *b) {
    at_column_builder *c = begin(name, type);
    at_column_builder_text(c, a, (int64_t)strlen(a));
    if (b)
        at_column_builder_text(c, b, (int64_t)strlen(b));
    else
        at_column_builder_missing(c);
    take(m, c);
}

static void port(at_port *p, const char *schema) {
    at_error err = {0};
    json_t *json = json_loads(schema, 0, NULL);
    assert_non_null(json);
    assert_ok(at_port_init(p, json, &err), &err);
    json_decref(json);
}

#define SCHEMA                                                                           \
    "[{\"name\": \"age\", \"type\": \"int\"}, {\"name\": \"rate\", \"type\": "           \
    "\"float\"},"                                                                        \
    " {\"name\": \"job\", \"type\": \"category\"}, {\"name\": \"own\", \"type\": "       \
    "\"bool\"}]"

static void test_conversions(void **state) {
    (void)state;
    at_error err = {0};
    at_port p;
    made m;
    port(&p, SCHEMA);
    start(&m); /* another order, other types, other case, one column more */
    ints(&m, "own", 1, 0);
    texts(&m, "JOB", AT_TYPE_TEXT, "clerk", NULL);
    ints(&m, "extra", 5, 5);
    reals(&m, "Age", 56, -3);
    ints(&m, "rate", 7, 9007199254740993);
    at_frame *given = end(&m), *frame = NULL, *again = NULL;
    assert_ok(at_port_conform(&p, given, &frame, &err), &err);
    assert_int_equal(at_frame_columns(frame), 4);
    const at_column *age = at_frame_column(frame, 0), *rate = at_frame_column(frame, 1);
    const at_column *job = at_frame_column(frame, 2), *own = at_frame_column(frame, 3);
    assert_string_equal(age->name, "age");
    assert_true(age->type == AT_TYPE_INT && age->ints[0] == 56 && age->ints[1] == -3);
    assert_true(rate->type == AT_TYPE_FLOAT && rate->reals[0] == 7);
    int64_t length;
    assert_true(job->type == AT_TYPE_CATEGORY && !at_column_text(job, 1, &length));
    assert_memory_equal(at_column_text(job, 0, &length), "clerk", 5);
    assert_true(own->type == AT_TYPE_BOOL && own->bools[0] == 1 && own->bools[1] == 0);
    /* What fits is passed through as it is. */
    assert_ok(at_port_conform(&p, frame, &again, &err), &err);
    assert_ptr_equal(again, frame);
    at_frame_release(again);
    at_frame_release(frame);
    at_frame_release(given);
    at_port_fini(&p);
}

static void refused(const at_port *p, at_frame *frame, const char *text) {
    at_error err = {0};
    at_frame *out = NULL;
    assert_int_equal(at_port_conform(p, frame, &out, &err), AT_INVALID);
    assert_null(out);
    if (!strstr(err.text, text))
        fail_msg("%s", err.text);
    at_frame_release(frame);
}

static void test_refusals(void **state) {
    (void)state;
    at_port p;
    made m;
    port(&p, "[{\"name\": \"age\", \"type\": \"int\"}, {\"name\": \"job\", \"type\": "
             "\"text\"}]");
    start(&m);
    ints(&m, "other", 1, 2);
    refused(&p, end(&m), "columns that the model needs: age, job");
    start(&m);
    reals(&m, "age", 1, 2.5);
    texts(&m, "job", AT_TYPE_TEXT, "a", "b");
    refused(&p, end(&m),
            "row 2, column age: a whole number was expected, not float '2.5'");
    start(&m);
    texts(&m, "age", AT_TYPE_CATEGORY, "56", "old");
    texts(&m, "job", AT_TYPE_TEXT, "a", "b");
    refused(&p, end(&m),
            "row 1, column age: a whole number was expected, not category '56'");
    start(&m);
    ints(&m, "age", 1, 2);
    ints(&m, "job", 1, 2);
    refused(&p, end(&m), "row 1, column job: text was expected, not int '1'");
    at_port_fini(&p);
}

/* A column without a value has no type to be wrong. */
static void test_all_missing(void **state) {
    (void)state;
    at_error err = {0};
    at_port p;
    made m;
    port(&p, "[{\"name\": \"age\", \"type\": \"int\"}]");
    start(&m);
    at_column_builder *c = begin("age", AT_TYPE_TEXT);
    at_column_builder_missing(c);
    take(&m, c);
    at_frame *given = end(&m), *frame = NULL;
    assert_ok(at_port_conform(&p, given, &frame, &err), &err);
    assert_int_equal(at_frame_column(frame, 0)->type, AT_TYPE_INT);
    assert_true(isnan(at_column_real(at_frame_column(frame, 0), 0)));
    at_frame_release(frame);
    at_frame_release(given);
    at_port_fini(&p);
}

static at_status conform_once(void *context) {
    at_port p;
    at_frame *out;
    json_t *schema = json_loads(SCHEMA, 0, NULL);
    at_status status = at_port_init(&p, schema, NULL);
    json_decref(schema);
    AT_TRY(status);
    status = at_port_conform(&p, context, &out, NULL);
    at_port_fini(&p);
    AT_TRY(status);
    at_frame_release(out);
    return AT_OK;
}

static void test_failures(void **state) {
    (void)state;
    const char *const broken[] = {"[]", "{}", "[{\"name\": \"a\"}]",
                                  "[{\"name\": \"\", \"type\": \"int\"}]",
                                  "[{\"name\": \"a\", \"type\": \"number\"}]"};
    for (size_t i = 0; i < COUNT(broken); i++) {
        at_port p;
        json_t *json = json_loads(broken[i], 0, NULL);
        assert_int_equal(at_port_init(&p, json, NULL), AT_CORRUPT);
        json_decref(json);
    }
    made m;
    start(&m);
    ints(&m, "own", 1, 0);
    texts(&m, "job", AT_TYPE_TEXT, "clerk", NULL);
    ints(&m, "age", 1, 2);
    ints(&m, "rate", 7, 8);
    at_frame *given = end(&m);
    assert_true(at_test_sweep(conform_once, given) > 8);
    at_frame_release(given);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversions),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_all_missing),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
