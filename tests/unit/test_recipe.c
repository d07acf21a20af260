#include "tests/unit/rows.h"

#include <math.h>

static at_frame *people(void) {
    return ROWS("age:int job:category score:float y:category", "30|cook|1.5|no",
                "~|clerk|~|yes", "40|cook|2.5|no", "51|~|nan|no", "30|judge|-1|yes");
}

static void test_walk(void **state) {
    (void)state;
    at_error err;
    at_frame *frame = people(), *out;
    at_recipe *recipe = RECIPE({.verb = "impute", .columns = "numeric", .word = "median"},
                               {.verb = "impute", .columns = "category", .word = "mode"},
                               {.verb = "one-hot", .columns = "category"},
                               {.verb = "standardize", .columns = "numeric"});
    at_step_context context = {"y", NULL};
    at_arena arena = {0};
    at_step_report reports[4];
    for (size_t i = 0; i < COUNT(reports); i++)
        reports[i] = (at_step_report){.arena = &arena};
    assert_ok(at_recipe_fit(recipe, frame, &context, &out, reports, &err), &err);
    /* age: median of 30 30 40 51 = 35; score: median of -1 1.5 2.5 = 1.5 */
    assert_int_equal(reports[0].cells, 3);
    assert_int_equal(reports[0].example_count, 2);
    assert_string_equal(reports[0].examples[0].column, "score");
    assert_null(reports[0].examples[0].before);
    assert_string_equal(reports[0].examples[0].after, "1.5");
    assert_int_equal(reports[0].examples[0].count, 2);
    assert_string_equal(reports[1].examples[0].after, "cook");
    assert_int_equal(reports[2].columns_before, 4);
    assert_int_equal(reports[2].columns_after, 6);
    assert_string_equal(reports[2].note, "levels of job: 3");
    assert_int_equal(at_frame_columns(out), 6);
    /* The target is untouched, and so are the 0/1 columns. */
    assert_string_equal(at_frame_column(out, 2)->name, "y");
    assert_int_equal(at_frame_column(out, 2)->type, AT_TYPE_CATEGORY);
    const at_column *cook = at_frame_column(out, at_frame_find(out, "job=cook"));
    assert_same_real(cook->reals[0], 1);
    assert_same_real(cook->reals[1], 0);
    assert_same_real(cook->reals[3], 1);
    /* Mean 0, deviation 1. */
    for (int c = 0; c < 2; c++) {
        double sum = 0, squares = 0;
        for (int r = 0; r < 5; r++) {
            sum += at_frame_column(out, c)->reals[r];
            squares += pow(at_frame_column(out, c)->reals[r], 2);
        }
        assert_true(fabs(sum) < 1e-12 && fabs(squares - 5) < 1e-12);
    }
    at_arena_fini(&arena);
    at_frame_release(out);
    at_frame_release(frame);
    at_recipe_release(recipe);
}

/* Rows that training never saw: another dictionary, text for category, no target. */
static void test_serve(void **state) {
    (void)state;
    at_error err;
    at_frame *frame = people(), *out;
    at_recipe *recipe = RECIPE({.verb = "impute", .columns = "numeric", .word = "mean"},
                               {.verb = "one-hot", .columns = "job"});
    at_step_context context = {"y", NULL};
    assert_ok(at_recipe_fit(recipe, frame, &context, NULL, NULL, &err), &err);
    recipe = rows_reload(recipe);
    at_frame *asked =
        ROWS("job:text score:float age:float", "judge|3|20", "pilot|~|~", "~|0|1");
    assert_ok(at_recipe_apply(recipe, asked, &context, true, &out, &err), &err);
    assert_rows(out,
                "score:float age:float job=clerk:float job=cook:float job=judge:float\n"
                "3|20|0|0|1\n1|37.75|0|0|0\n0|1|0|0|0");
    at_frame_release(out);
    at_frame_release(asked);
    asked = ROWS("job:text age:int", "judge|3");
    assert_int_equal(at_recipe_apply(recipe, asked, &context, true, &out, &err),
                     AT_NOT_FOUND);
    assert_string_equal(err.text,
                        "line 1, impute mean in numeric: the column 'score' is missing");
    at_frame_release(asked);
    at_frame_release(frame);
    at_recipe_release(recipe);
}

static void test_impute(void **state) {
    (void)state;
    rows_check(RECIPE({.verb = "impute", .columns = "all", .word = "mode"}),
               ROWS("i:int f:float b:bool t:text c:category d:date",
                    "2|~|true|b|~|2024-02-29", "1|0.5|~|~|q|~",
                    "~|-0|false|b|p|2024-02-29", "1|0|false|a|p|2023-01-01"),
               NULL,
               "i:int f:float b:bool t:text c:category d:date\n2|0|true|b|p|2024-02-29\n"
               "1|0.5|false|b|q|2024-02-29\n1|-0|false|b|p|2024-02-29\n"
               "1|0|false|a|p|2023-01-01");
    /* A fraction makes an int column float, the whole of it; a whole number does not. */
    rows_check(RECIPE({.verb = "impute", .columns = "a,b", .word = "median"}),
               ROWS("a:int b:int", "1|1", "2|3", "~|~"), NULL,
               "a:float b:int\n1|1\n2|3\n1.5|2");
    rows_check(RECIPE({.verb = "impute", .columns = "a", .values = "0.25"}),
               ROWS("a:int", "1", "~"), NULL, "a:float\n1\n0.25");
    rows_check(RECIPE({.verb = "impute", .columns = "c", .values = "none"}),
               ROWS("c:category", "x", "~"), NULL, "c:category\nx\nnone");
    rows_check(RECIPE({.verb = "impute", .columns = "d", .values = "2024-01-02"}),
               ROWS("d:date", "~", "~"), NULL, "d:date\n2024-01-02\n2024-01-02");
    rows_check(RECIPE({.verb = "impute", .columns = "category", .word = "mode"}),
               ROWS("a:int", "1"), NULL, "a:int\n1");
    rows_fails(RECIPE({.verb = "impute", .columns = "c", .word = "median"}),
               ROWS("c:category", "x"), NULL, AT_INVALID,
               "line 1, impute median in c: 'c' is category: it has no median",
               "impute mode in c");
    rows_fails(RECIPE({.verb = "impute", .columns = "c", .word = "mode"}),
               ROWS("c:category", "~", "~"), NULL, AT_INVALID,
               "every cell of 'c' is missing", "drop column c");
    rows_fails(RECIPE({.verb = "impute", .columns = "a", .values = "x"}),
               ROWS("a:int", "1"), NULL, AT_INVALID, "'x' cannot fill 'a', which is int",
               "cast a -> text");
}

static void test_one_hot(void **state) {
    (void)state;
    rows_check(
        RECIPE({.verb = "one-hot", .columns = "all"}),
        ROWS("c:category b:bool i:int t:text", "x|true|10|", "~|~|~|~", "X|false|9|é"),
        NULL,
        "c=X:float c=x (2):float b=false:float b=true:float i=10:float i=9:float "
        "t=:float t=é:float\n0|1|0|1|1|0|1|0\n0|0|0|0|0|0|0|0\n1|0|1|0|0|1|0|1");
    rows_check(RECIPE({.verb = "one-hot", .columns = "c", .values = "2"}),
               ROWS("c:category z:int", "d|1", "a|1", "b|1", "b|1", "c|1", "a|1"), NULL,
               "z:int c=a:float c=b:float\n1|0|0\n1|1|0\n1|0|1\n1|0|1\n1|0|0\n1|1|0");
    at_error err;
    at_column_builder *b;
    at_frame_builder *f;
    at_frame *frame;
    assert_ok(at_column_builder_new("id", AT_TYPE_INT, &b, &err), &err);
    for (int i = 0; i < 1001; i++)
        at_column_builder_int(b, i);
    assert_ok(at_frame_builder_new(&f, &err), &err);
    assert_ok(at_frame_builder_take(f, b, &err), &err);
    assert_ok(at_frame_builder_finish(f, &frame, &err), &err);
    rows_fails(RECIPE({.verb = "one-hot", .columns = "id"}), frame, NULL, AT_LIMIT,
               "'id' has more than 1000 different values", "one-hot id top 50");
    rows_fails(RECIPE({.verb = "one-hot", .columns = "a", .values = "0"}),
               ROWS("a:text", "x"), NULL, AT_INVALID, "from 1 to 1000", "");
}

static void test_standardize(void **state) {
    (void)state;
    rows_check(RECIPE({.verb = "standardize", .columns = "all"}),
               ROWS("a:int b:float", "1|3", "3|3", "~|~"), NULL,
               "a:float b:float\n-1|0\n1|0\n~|~");
    /* 0.1 + 0.1 + 0.1 is not 0.3: a constant is seen as one all the same. */
    rows_check(RECIPE({.verb = "standardize", .columns = "a"}),
               ROWS("a:float", "0.1", "0.1", "0.1"), NULL, "a:float\n0\n0\n0");
    rows_check(RECIPE({.verb = "standardize", .columns = "a"}),
               ROWS("a:float", "1e15", "1000000000000002"), NULL, "a:float\n-1\n1");
    rows_fails(RECIPE({.verb = "standardize", .columns = "c"}), ROWS("c:category", "x"),
               NULL, AT_INVALID, "only numbers can be standardized", "one-hot c");
    rows_fails(RECIPE({.verb = "standardize", .columns = "c"}),
               ROWS("c:float", "~", "nan"), NULL, AT_INVALID,
               "every cell of 'c' is missing", "drop column c");
    rows_fails(RECIPE({.verb = "standardize", .columns = "c"}),
               ROWS("c:float", "1e308", "-1e308"), NULL, AT_INVALID, "too large", "");
}

static void test_select(void **state) {
    (void)state;
    at_error err = {0};
    at_arena arena = {0};
    at_frame *frame =
        ROWS("emp.var:float emp_id:int job:category Date:date note:text ok:bool",
             "1|1|a|2024-01-01|x|true");
    static const struct {
        const char *text;
        bool literal;
        int count, first;
    } cases[] = {{"numeric", false, 2, 0}, {"category", false, 2, 2},
                 {"date", false, 1, 3},    {"EMP*", false, 2, 0},
                 {"emp?id", false, 1, 1},  {"*o*", false, 3, 2},
                 {"emp.var", true, 1, 0},  {"all", false, 5, 0},
                 {"text", false, 1, 4},    {"JOB", false, 1, 2}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        at_selector selector = {cases[i].text, cases[i].literal};
        int *found;
        size_t count;
        assert_ok(at_select_columns(frame, &selector, 1, i == 7 ? "ok" : NULL, &arena,
                                    &found, &count, &err),
                  &err);
        assert_int_equal(count, cases[i].count);
        assert_int_equal(found[0], cases[i].first);
    }
    int *found;
    size_t count;
    at_selector wrong = {"jobb", false}, glob = {"q*", false}, kind = {"numerc", false},
                literal = {"numeric", true}, target = {"job", false};
    assert_int_equal(
        at_select_columns(frame, &wrong, 1, NULL, &arena, &found, &count, &err),
        AT_NOT_FOUND);
    assert_string_equal(err.hint, "did you mean job?");
    assert_int_equal(
        at_select_columns(frame, &glob, 1, NULL, &arena, &found, &count, &err),
        AT_NOT_FOUND);
    assert_string_equal(err.text, "no column matches 'q*'");
    assert_int_equal(
        at_select_columns(frame, &kind, 1, NULL, &arena, &found, &count, &err),
        AT_NOT_FOUND);
    assert_string_equal(err.hint, "did you mean numeric?");
    assert_int_equal(
        at_select_columns(frame, &literal, 1, NULL, &arena, &found, &count, &err),
        AT_NOT_FOUND);
    assert_int_equal(
        at_select_columns(frame, &target, 1, "job", &arena, &found, &count, &err),
        AT_INVALID);
    assert_string_equal(err.text,
                        "'job' is the target: a preparation leaves it as it is");
    at_arena_fini(&arena);
    at_frame_release(frame);
}

/* What the preparation leaves out of `count` rows: every `step`th of a run of integers,
 * in another order, next to a column to learn from. */
static void leaves_out(int count, int step, const char *expected) {
    char cells[200][32];
    const char *rows[200];
    for (int i = 0; i < count; i++) {
        int id = 1000 + (i * 7 % count) * step;
        snprintf(cells[i], sizeof cells[i], "%d|%d|%s", id, i % 9, i % 2 ? "yes" : "no");
        rows[i] = cells[i];
    }
    at_frame *frame = rows_frame("id:int n:int y:category", rows, (size_t)count);
    at_error err;
    at_arena arena = {0};
    at_recipe *recipe;
    const char *note;
    assert_ok(at_recipe_auto(frame, "y", AT_RECIPE_SMOOTH, &arena, &recipe, &note, &err),
              &err);
    assert_string_equal(note, expected);
    at_recipe_release(recipe);
    at_arena_fini(&arena);
    at_frame_release(frame);
}

static void test_identifiers(void **state) {
    (void)state;
    leaves_out(20, 1, "left out: id (an identifier)");
    leaves_out(200, 1, "left out: id (an identifier)");
    leaves_out(200, 4, "left out: id (an identifier)");
    leaves_out(200, 5, "");
    leaves_out(90, 3, "");
}

static void test_auto(void **state) {
    (void)state;
    at_error err;
    at_arena arena = {0};
    at_frame *frame = ROWS("n:int flag:bool job:category same:int gone:float day:date "
                           "about:text y:category",
                           "1|true|a|5|~|2024-01-01|hi|no",
                           "~|~|b|5|~|2024-01-02|you|yes", "3|false|~|5|~|~|~|no");
    at_recipe *recipe;
    const char *note;
    assert_ok(at_recipe_auto(frame, "y", AT_RECIPE_SMOOTH, &arena, &recipe, &note, &err),
              &err);
    assert_string_equal(note,
                        "left out: same (always the same); gone (empty); about (free "
                        "text); day (dates)");
    at_arena_fini(&arena);
    at_step_context context = {"y", NULL};
    at_frame *out;
    assert_ok(at_recipe_fit(recipe, frame, &context, &out, NULL, &err), &err);
    assert_rows(out, "n:float y:category flag=false:float flag=true:float job=a:float "
                     "job=b:float\n-1.224744871391589|no|0|1|1|0\n0|yes|0|0|0|1\n"
                     "1.224744871391589|no|1|0|0|0");
    at_frame_release(out);
    at_frame_release(frame);
    at_recipe_release(recipe);
    frame = ROWS("about:text y:int", "hi|1", "you|0");
    assert_int_equal(
        at_recipe_auto(frame, "y", AT_RECIPE_SMOOTH, &arena, &recipe, &note, &err),
        AT_INVALID);
    assert_string_equal(err.text,
                        "no column is left to learn from: left out: about (free text)");
    at_arena_fini(&arena);
    at_frame_release(frame);
}

static void test_write(void **state) {
    (void)state;
    static const struct {
        line given;
        const char *text;
    } cases[] = {
        {{.verb = "impute", .columns = "a b,numeric", .word = "median"},
         "impute median in `a b`, numeric"},
        {{.verb = "impute", .columns = "emp*", .values = "0.5"}, "impute 0.5 in emp*"},
        {{.verb = "impute", .columns = "`job", .values = "don't \"know\""},
         "impute 'don't \"know\"' in job"},
        {{.verb = "one-hot", .columns = "job", .values = "20"}, "one-hot job top 20"},
        {{.verb = "one-hot", .columns = "category"}, "one-hot category"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        at_step *step = rows_step(&cases[i].given);
        at_text text = {0};
        at_step_write(step, &text);
        assert_string_equal(at_text_get(&text), cases[i].text);
        at_text_fini(&text);
        at_step_release(step);
    }
}

static void test_load_rejects(void **state) {
    (void)state;
    static const struct {
        const char *json;
        at_status status;
    } cases[] = {
        {"{}", AT_CORRUPT},
        {"[{}]", AT_CORRUPT},
        {"[{\"verb\": \"paint\"}]", AT_UNSUPPORTED},
        {"[{\"verb\": \"standardize\"}]", AT_CORRUPT},
        {"[{\"verb\": \"standardize\", \"columns\": [{\"text\": 1}]}]", AT_CORRUPT},
        {"[{\"verb\": \"standardize\", \"columns\": [{\"text\": \"a\"}], \"fitted\": 1}]",
         AT_CORRUPT},
        {"[{\"verb\": \"standardize\", \"columns\": [{\"text\": \"a\"}], \"fitted\": "
         "{\"columns\": [\"a\"], \"state\": [{\"mean\": 1}]}}]",
         AT_CORRUPT},
        {"[{\"verb\": \"impute\", \"columns\": [{\"text\": \"a\"}], \"word\": \"mean\", "
         "\"fitted\": {\"columns\": [\"a\"], \"state\": [{\"float\": \"x\"}]}}]",
         AT_CORRUPT},
        {"[{\"verb\": \"one-hot\", \"columns\": [{\"text\": \"a\"}], \"fitted\": "
         "{\"columns\": "
         "[\"a\"], \"state\": [{\"levels\": [\"x\", \"x\"], \"names\": [\"p\", "
         "\"q\"]}]}}]",
         AT_CORRUPT},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        json_t *json = json_loads(cases[i].json, 0, NULL);
        assert_non_null(json);
        at_recipe *recipe;
        assert_int_equal(at_recipe_from_json(json, &recipe, NULL), cases[i].status);
        json_decref(json);
    }
}

/* Everything from lines to the answer, with each allocation failing in turn. */
static at_status whole(void *context) {
    at_frame *frame = context, *out = NULL, *again = NULL;
    at_recipe *recipe = NULL;
    const char *note;
    at_arena arena = {0};
    at_step_context step_context = {"y", NULL};
    at_step_report reports[8];
    for (size_t i = 0; i < COUNT(reports); i++)
        reports[i] = (at_step_report){.arena = &arena};
    at_error err;
    at_status status =
        at_recipe_auto(frame, "y", AT_RECIPE_SMOOTH, &arena, &recipe, &note, &err);
    if (status == AT_OK)
        status = at_recipe_fit(recipe, frame, &step_context, &out, reports, &err);
    if (status == AT_OK)
        status = at_recipe_apply(recipe, frame, &step_context, true, &again, &err);
    at_frame_release(out);
    at_frame_release(again);
    at_recipe_release(recipe);
    at_arena_fini(&arena);
    return status;
}

static void test_no_memory(void **state) {
    (void)state;
    at_frame *frame = people();
    assert_true(at_test_sweep(whole, frame) > 50);
    at_frame_release(frame);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),        cmocka_unit_test(test_serve),
        cmocka_unit_test(test_impute),      cmocka_unit_test(test_one_hot),
        cmocka_unit_test(test_standardize), cmocka_unit_test(test_select),
        cmocka_unit_test(test_identifiers), cmocka_unit_test(test_auto),
        cmocka_unit_test(test_write),       cmocka_unit_test(test_load_rejects),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
