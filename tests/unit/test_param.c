#include "ops/base/param.h"
#include "tests/unit/unit.h"

struct options {
    bool quiet, header;
    int64_t epochs, rows;
    double rate, momentum;
    const char *target;
    const char *optimizer;
    at_words columns;
};

static const char *const optimizers[] = {"sgd", "adam", "rms-prop", NULL};
#define AT(field) .offset = offsetof(struct options, field)
static const at_param params[] = {
    {.name = "quiet", .kind = AT_PARAM_FLAG, AT(quiet)},
    {.name = "header", .kind = AT_PARAM_BOOL, AT(header), .fallback = "yes"},
    {.name = "epochs",
     .kind = AT_PARAM_INT,
     AT(epochs),
     .fallback = "15",
     .min = 1,
     .max = 1000,
     .unit = "passes"},
    {.name = "rows",
     .kind = AT_PARAM_INT,
     AT(rows),
     .fallback = "auto",
     .automatic = true,
     .min = 1,
     .max = 9.3e18},
    {.name = "learning_rate",
     .kind = AT_PARAM_REAL,
     AT(rate),
     .fallback = "0.1",
     .min = 0,
     .max = 1},
    {.name = "momentum",
     .kind = AT_PARAM_REAL,
     AT(momentum),
     .fallback = "auto",
     .automatic = true},
    {.name = "target", .kind = AT_PARAM_TEXT, AT(target)},
    {.name = "optimizer",
     .kind = AT_PARAM_CHOICE,
     AT(optimizer),
     .fallback = "sgd",
     .choices = optimizers},
    {.name = "columns", .kind = AT_PARAM_LIST, AT(columns)},
};

static at_status set(const char *name, const char *text, at_arena *arena,
                     struct options *o, at_error *err) {
    const at_param *param = at_param_find(params, COUNT(params), name);
    assert_non_null(param);
    return at_param_set(param, text, arena, o, err);
}

static void test_defaults(void **state) {
    (void)state;
    at_arena arena = {0};
    at_error err;
    struct options o;
    memset(&o, 0xA5, sizeof o);
    assert_ok(at_params_defaults(params, COUNT(params), &arena, &o, &err), &err);
    assert_false(o.quiet);
    assert_true(o.header);
    assert_int_equal(o.epochs, 15);
    assert_int_equal(o.rows, AT_AUTO_INT);
    assert_same_real(o.rate, 0.1);
    assert_true(isnan(o.momentum));
    assert_null(o.target);
    assert_ptr_equal(o.optimizer, optimizers[0]);
    assert_int_equal(o.columns.count, 0);
    at_arena_fini(&arena);
}

static void test_set(void **state) {
    (void)state;
    at_arena arena = {0};
    at_error err;
    struct options o = {0};
    assert_ok(set("quiet", NULL, &arena, &o, &err), &err);
    assert_true(o.quiet);
    assert_ok(set("HEADER", "Off", &arena, &o, &err), &err);
    assert_false(o.header);
    assert_ok(set("epochs", " 1000 ", &arena, &o, &err), &err);
    assert_int_equal(o.epochs, 1000);
    assert_ok(set("learning-rate", "1e-2", &arena, &o, &err), &err);
    assert_same_real(o.rate, 0.01);
    assert_ok(set("momentum", "AUTO", &arena, &o, &err), &err);
    assert_true(isnan(o.momentum));
    assert_ok(set("optimizer", "RMS_prop", &arena, &o, &err), &err);
    assert_ptr_equal(o.optimizer, optimizers[2]);
    char text[] = "y";
    assert_ok(set("target", text, &arena, &o, &err), &err);
    text[0] = 'n'; /* a copy was kept */
    assert_string_equal(o.target, "y");
    assert_ok(set("columns", "job, `odd, name` ,`a``b`", &arena, &o, &err), &err);
    assert_int_equal(o.columns.count, 3);
    assert_string_equal(o.columns.items[0], "job");
    assert_string_equal(o.columns.items[1], "odd, name");
    assert_string_equal(o.columns.items[2], "a`b");
    assert_ok(set("columns", "  ", &arena, &o, &err), &err);
    assert_int_equal(o.columns.count, 0);
    at_arena_fini(&arena);
}

static void test_wrong_values(void **state) {
    (void)state;
    const struct {
        const char *name, *text, *said, *hint;
    } cases[] = {
        {"epochs", "0",
         "epochs cannot be '0': expected an integer from 1 to 1000 (passes)", ""},
        {"epochs", "1001", "from 1 to 1000", ""},
        {"epochs", "ten", "'ten'", ""},
        {"epochs", "auto", "expected an integer", ""},
        {"rows", "0", "integer of at least 1 or auto", ""},
        {"learning_rate", "1.5", "a number from 0 to 1", ""},
        {"learning_rate", "nan", "a number from 0 to 1", ""},
        {"momentum", "nan", "a number or auto", ""},
        {"header", "maybe", "expected true or false", ""},
        {"optimizer", "adm", "expected one of sgd, adam, rms-prop",
         "did you mean 'adam'?"},
        {"optimizer", "xyz", "expected one of sgd", ""},
        {"columns", "a,,b", "a list separated by commas", ""},
        {"columns", "a,", "a list separated by commas", ""},
        {"columns", "`a", "a list separated by commas", ""},
        {"columns", "`a`b", "a list separated by commas", ""},
    };
    at_arena arena = {0};
    for (size_t i = 0; i < COUNT(cases); i++) {
        at_error err = {0};
        struct options o = {0}, before = {0};
        assert_int_equal(set(cases[i].name, cases[i].text, &arena, &o, &err), AT_INVALID);
        if (!strstr(err.text, cases[i].said))
            fail_msg("%s = %s said: %s", cases[i].name, cases[i].text, err.text);
        assert_string_equal(err.hint, cases[i].hint);
        assert_memory_equal(&o, &before, sizeof o); /* nothing half set */
    }
    at_arena_fini(&arena);
}

static void test_unknown(void **state) {
    (void)state;
    at_error err;
    assert_int_equal(at_param_unknown(params, COUNT(params), "option", "epoch", &err),
                     AT_INVALID);
    assert_string_equal(err.text, "unknown option 'epoch'");
    assert_string_equal(err.hint, "did you mean 'epochs'?");
    assert_int_equal(at_param_unknown(params, COUNT(params), "option", "zzz", &err),
                     AT_INVALID);
    assert_non_null(strstr(err.hint, "learning_rate, momentum"));
    assert_null(at_param_find(params, COUNT(params), "epoch"));
}

static void test_json(void **state) {
    (void)state;
    at_arena arena = {0};
    at_error err;
    struct options o, back;
    assert_ok(at_params_defaults(params, COUNT(params), &arena, &o, &err), &err);
    assert_ok(set("learning_rate", "0.3", &arena, &o, &err), &err);
    assert_ok(set("columns", "a,`b, c`", &arena, &o, &err), &err);
    json_t *json = at_params_to_json(params, COUNT(params), &o);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "epochs")), "15");
    assert_string_equal(json_string_value(json_object_get(json, "rows")), "auto");
    assert_string_equal(json_string_value(json_object_get(json, "learning_rate")), "0.3");
    assert_string_equal(json_string_value(json_object_get(json, "columns")), "a,`b, c`");
    assert_null(json_object_get(json, "target"));
    assert_ok(at_params_from_json(params, COUNT(params), json, &arena, &back, &err),
              &err);
    json_t *again = at_params_to_json(params, COUNT(params), &back);
    assert_true(json_equal(json, again));
    json_decref(json);
    json_decref(again);
    at_arena_fini(&arena);
}

static void test_json_kinds(void **state) {
    (void)state;
    at_arena arena = {0};
    at_error err = {0};
    struct options o;
    json_t *json = json_pack("{s:i, s:f, s:b, s:f}", "epochs", 7, "learning_rate", 0.5,
                             "header", 0, "rows", 100.0);
    assert_ok(at_params_from_json(params, COUNT(params), json, &arena, &o, &err), &err);
    assert_int_equal(o.epochs, 7);
    assert_same_real(o.rate, 0.5);
    assert_false(o.header);
    assert_int_equal(o.rows, 100);
    json_decref(json);
    const char *bad[] = {"{\"epoch\": 1}", "{\"epochs\": 1.5}", "{\"epochs\": []}",
                         "[1]"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        json = json_loads(bad[i], 0, NULL);
        assert_non_null(json);
        assert_int_equal(
            at_params_from_json(params, COUNT(params), json, &arena, &o, &err),
            AT_INVALID);
        json_decref(json);
    }
    at_arena_fini(&arena);
}

static at_status every_kind(void *context) {
    (void)context;
    at_arena arena = {0};
    struct options o;
    at_status status = at_params_defaults(params, COUNT(params), &arena, &o, NULL);
    if (!status)
        status = set("target", "y", &arena, &o, NULL);
    if (!status)
        status = set("columns", "a, b", &arena, &o, NULL);
    at_arena_fini(&arena);
    return status;
}

static void test_no_memory(void **state) {
    (void)state;
    assert_true(at_test_sweep(every_kind, NULL) >= 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),     cmocka_unit_test(test_set),
        cmocka_unit_test(test_wrong_values), cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_json),         cmocka_unit_test(test_json_kinds),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
