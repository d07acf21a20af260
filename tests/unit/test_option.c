/* Options and settings: shell quotes, GNU forms, variables, and errors that point. */
#include "magics/language/option.h"
#include "magics/language/session.h"
#include "magics/language/settings.h"
#include "tests/unit/unit.h"

typedef struct options {
    const char *name, *target, *how, *query;
    at_words columns, rest;
    int64_t rows;
    double share;
    bool quick, header;
} options;

static const char *const hows[] = {"fast", "exact", NULL};
static const at_param arguments[] = {
    {.name = "name",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_DATASET,
     .required = true,
     .offset = offsetof(options, name),
     .help = "what to look at"},
    {.name = "rest",
     .kind = AT_PARAM_LIST,
     .refers = AT_REFERS_COLUMN,
     .offset = offsetof(options, rest),
     .help = "columns"},
};
static const at_param params[] = {
    {.name = "target", .kind = AT_PARAM_TEXT, .offset = offsetof(options, target)},
    {.name = "how",
     .kind = AT_PARAM_CHOICE,
     .choices = hows,
     .fallback = "fast",
     .offset = offsetof(options, how)},
    {.name = "columns", .kind = AT_PARAM_LIST, .offset = offsetof(options, columns)},
    {.name = "rows",
     .kind = AT_PARAM_INT,
     .min = 1,
     .max = 100,
     .fallback = "5",
     .offset = offsetof(options, rows)},
    {.name = "share",
     .kind = AT_PARAM_REAL,
     .min = -1,
     .max = 1,
     .offset = offsetof(options, share)},
    {.name = "quick", .kind = AT_PARAM_FLAG, .offset = offsetof(options, quick)},
    {.name = "header",
     .kind = AT_PARAM_BOOL,
     .fallback = "true",
     .offset = offsetof(options, header)},
};
static at_status never(at_context *context, const void *o, at_error *err) {
    (void)context;
    (void)o;
    return at_fail(err, AT_INTERNAL, "not run here");
}
static const at_magic magic = {.name = "look",
                               .forms = AT_MAGIC_LINE,
                               .summary = "Looks",
                               .arguments = arguments,
                               .argument_count = COUNT(arguments),
                               .options = params,
                               .option_count = COUNT(params),
                               .options_size = sizeof(options),
                               .run = never};

typedef struct fixture {
    at_arena arena;
    at_session *session;
    at_error err;
    at_options parsed;
} fixture;

static int setup(void **state) {
    fixture *f = calloc(1, sizeof *f);
    assert_ok(at_session_new("/nowhere", &f->session, &f->err), &f->err);
    assert_ok(at_session_set(f->session, "t", "a b", &f->err), &f->err);
    assert_ok(at_session_set(f->session, "target", "y", &f->err), &f->err);
    *state = f;
    return 0;
}
static int teardown(void **state) {
    fixture *f = *state;
    at_session_release(f->session);
    at_arena_fini(&f->arena);
    free(f);
    return 0;
}

static at_status parse(fixture *f, const char *line) {
    at_error_clear(&f->err);
    return at_options_parse(&magic, f->session, line, strlen(line), 0, strlen(line),
                            &f->arena, &f->parsed, &f->err);
}
static const options *good(fixture *f, const char *line) {
    assert_ok(parse(f, line), &f->err);
    return f->parsed.base;
}
static void bad(fixture *f, const char *line, at_status status, const char *text,
                const char *hint, const char *caret) {
    assert_int_equal(parse(f, line), status);
    if (!strstr(f->err.text, text))
        fail_msg("'%s' is not in: %s", text, f->err.text);
    if (!strstr(f->err.hint, hint))
        fail_msg("'%s' is not in: %s", hint, f->err.hint);
    if (!strstr(f->err.context, caret))
        fail_msg("'%s' is not in:\n%s", caret, f->err.context);
}

static void test_forms(void **state) {
    fixture *f = *state;
    const options *o = good(f, " bank");
    assert_string_equal(o->name, "bank");
    assert_string_equal(o->how, "fast");
    assert_int_equal(o->rows, 5);
    assert_true(o->header);
    assert_false(o->quick);
    o = good(f, "bank --target y --how=EXACT --rows=7 --share -0.5 --quick --header no");
    assert_string_equal(o->target, "y");
    assert_string_equal(o->how, "exact");
    assert_int_equal(o->rows, 7);
    assert_same_real(o->share, -0.5);
    assert_true(o->quick);
    assert_false(o->header);
    o = good(f, "--target=y bank a, b ,c d # and a comment --rows 9");
    assert_int_equal(o->rest.count, 4);
    assert_string_equal(o->rest.items[3], "d");
    o = good(f, "bank --columns a,`b, c`,d -- --quick");
    assert_int_equal(o->columns.count, 3);
    assert_string_equal(o->columns.items[1], "b, c");
    assert_string_equal(o->rest.items[0], "--quick");
    good(f, "bank --rows 3 --help --nonsense");
    assert_true(f->parsed.help);
}

static void test_quotes_and_variables(void **state) {
    fixture *f = *state;
    assert_string_equal(good(f, "bank --target 'a \"b\" \\n'")->target, "a \"b\" \\n");
    assert_string_equal(good(f, "bank --target \"a 'b' \\\" \\\\\"")->target,
                        "a 'b' \" \\");
    assert_string_equal(good(f, "bank --target a\\ b'c'\"d\"")->target, "a bcd");
    assert_string_equal(good(f, "bank --target `odd name`")->target, "odd name");
    assert_string_equal(good(f, "bank --target ''")->target, "");
    assert_string_equal(good(f, "bank --target a#b")->target, "a#b");
    assert_string_equal(good(f, "bank --target ${target}")->target, "y");
    assert_string_equal(good(f, "bank --target x${t}x")->target, "xa bx"); /* one word */
    assert_string_equal(good(f, "bank --target '${t}'")->target, "a b");
    assert_string_equal(good(f, "bank --target '\\${t}'")->target, "${t}");
    assert_string_equal(good(f, "bank --target \\\n y")->target, "y");
    assert_string_equal(good(f, "bank '--rows'")->rest.items[0], "--rows");
}

static void test_errors(void **state) {
    fixture *f = *state;
    bad(f, "bank --traget y", AT_INVALID, "%look has no option --traget",
        "did you mean --target?", "bank --traget y\n     |      ^^^^^^^^");
    bad(f, "bank --rows 0", AT_INVALID,
        "--rows cannot be '0': expected an integer from 1 to 100", "",
        "--rows 0\n     |             ^");
    bad(f, "bank --how fats", AT_INVALID, "one of fast, exact", "did you mean 'fast'?",
        "^^^^");
    bad(f, "bank --target", AT_INVALID, "--target needs a value: text", "", "^^^^^^^^");
    bad(f, "bank --target --rows 3", AT_INVALID, "--target needs a value", "", "^");
    bad(f, "bank --rows 3 --rows 4", AT_INVALID, "--rows is given twice", "",
        "              ^^^^^^");
    bad(f, "--rows 3", AT_INVALID, "%look needs name (what to look at)", "%look NAME",
        "^");
    bad(f, "bank 'x", AT_SYNTAX, "the quote ' is not closed", "",
        "bank 'x\n     |      ^");
    bad(f, "bank ${tagret}", AT_NOT_FOUND, "there is no variable 'tagret'", "${target}",
        "^^^^^^^^^");
    bad(f, "bank ${", AT_SYNTAX, "expected the name of a variable", "\\${", "^");
    bad(f, "\xC3\xA9t\xC3\xA9 --traget y", AT_INVALID, "(line 1, column 5)", "--target",
        "^^^^^^^^");
}

static void test_settings(void **state) {
    fixture *f = *state;
    at_expanded body;
    at_settings settings;
    const char *code = "%%x\n# c\nrows = 7  # why\n\nhow = ${target}";
    assert_ok(at_expand(f->session, code, strlen(code), 4, strlen(code), &f->arena, &body,
                        &f->err),
              &f->err);
    assert_int_equal(at_settings_parse(params, COUNT(params), &body, code, strlen(code),
                                       &f->arena, &settings, &f->err),
                     AT_INVALID);
    assert_non_null(strstr(f->err.text, "(line 5, column 7)"));
    code = "%%x\nrows=7 # why\n  target = 'a # b'\nshare = ${target}";
    assert_ok(at_expand(f->session, code, strlen(code), 4, strlen(code), &f->arena, &body,
                        &f->err),
              &f->err);
    assert_ok(at_settings_parse(NULL, 0, &body, code, strlen(code), &f->arena, &settings,
                                &f->err),
              &f->err);
    assert_int_equal(settings.count, 3);
    assert_string_equal(settings.items[0].key, "rows");
    assert_string_equal(settings.items[0].value, "7");
    assert_string_equal(settings.items[1].value, "a # b");
    assert_int_equal(settings.items[1].line, 3);
    assert_int_equal(settings.items[1].column, 3);
    assert_int_equal(settings.items[1].value_column, 12);
    assert_string_equal(settings.items[2].value, "y");
}

static void bad_settings(fixture *f, const char *code, at_status status, const char *text,
                         const char *hint) {
    at_expanded body;
    at_settings settings;
    at_error_clear(&f->err);
    assert_ok(
        at_expand(NULL, code, strlen(code), 0, strlen(code), &f->arena, &body, &f->err),
        &f->err);
    assert_int_equal(at_settings_parse(params, COUNT(params), &body, code, strlen(code),
                                       &f->arena, &settings, &f->err),
                     status);
    assert_non_null(strstr(f->err.text, text));
    assert_non_null(strstr(f->err.hint, hint));
    assert_true(f->err.context[0] != '\0');
}

static void test_settings_errors(void **state) {
    fixture *f = *state;
    bad_settings(f, "rwos = 3", AT_INVALID, "unknown setting 'rwos'",
                 "did you mean 'rows'?");
    bad_settings(f, "rows = many", AT_INVALID, "expected an integer from 1 to 100", "");
    bad_settings(f, "rows = 1\nROWS = 2", AT_INVALID, "set twice", "line 1");
    bad_settings(f, "rows: 3", AT_SYNTAX, "expected 'key = value'", "write = where");
    bad_settings(f, "rows =", AT_SYNTAX, "expected a value after 'rows ='", "");
    bad_settings(f, "= 3", AT_SYNTAX, "expected 'key = value'", "");
}

typedef struct swept {
    at_session *session;
} swept;

static at_status sweep(void *context) {
    static const char line[] = "bank --target '${t}' --columns a,`b c` --rows 7 c d";
    at_arena arena = {0};
    at_options parsed;
    at_status status =
        at_options_parse(&magic, ((swept *)context)->session, line, sizeof line - 1, 0,
                         sizeof line - 1, &arena, &parsed, NULL);
    at_arena_fini(&arena);
    return status;
}

static at_status sweep_settings(void *context) {
    static const char code[] = "rows = 7\ntarget = ${t}\nshare = 0.5";
    at_arena arena = {0};
    at_expanded body;
    at_settings settings;
    at_status status = at_expand(((swept *)context)->session, code, sizeof code - 1, 0,
                                 sizeof code - 1, &arena, &body, NULL);
    if (!status)
        status = at_settings_parse(params, COUNT(params), &body, code, sizeof code - 1,
                                   &arena, &settings, NULL);
    at_arena_fini(&arena);
    return status;
}

static void test_no_memory(void **state) {
    fixture *f = *state;
    swept context = {f->session};
    assert_true(at_test_sweep(sweep, &context) > 0);
    assert_true(at_test_sweep(sweep_settings, &context) > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_forms, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quotes_and_variables, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_settings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_settings_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
