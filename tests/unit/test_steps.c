/* The steps that change values, columns and rows; and what a recipe can do without. */
#include "tests/unit/rows.h"

#include "ops/frame/csv.h"

#include <pthread.h>

static void test_replace(void **state) {
    (void)state;
    rows_check(RECIPE({.verb = "replace", .columns = "all", .values = "1.0,2"}),
               ROWS("i:int f:float b:bool t:text c:category", "1|1|true|1.0|1.0",
                    "2|1.5|false|1|x", "~|~|~|~|~"),
               NULL,
               "i:int f:float b:bool t:text "
               "c:category\n2|2|true|2|2\n2|1.5|false|1|x\n~|~|~|~|~");
    /* Two levels become one. */
    rows_check(RECIPE({.verb = "replace", .columns = "c", .values = "US,United States"}),
               ROWS("c:category", "US", "United States", "us", "US"), NULL,
               "c:category\nUnited States\nUnited States\nus\nUnited States");
    rows_check(
        RECIPE({.verb = "replace", .columns = "d", .values = "2024-01-01,2024-01-02"}),
        ROWS("d:date", "2024-01-01", "2023-05-05"), NULL,
        "d:date\n2024-01-02\n2023-05-05");
    rows_check(RECIPE({.verb = "replace", .columns = "a", .values = "x,y"}),
               ROWS("a:int", "1"), NULL, "a:int\n1");
    rows_fails(RECIPE({.verb = "replace", .columns = "a", .values = "1,one"}),
               ROWS("a:int", "1"), NULL, AT_INVALID,
               "line 1, replace 1 -> \"one\" in a: 'a' is int and cannot hold 'one'",
               "cast a -> text");
    rows_fails(RECIPE({.verb = "replace", .columns = "a", .values = "1,1.5"}),
               ROWS("a:int", "1"), NULL, AT_INVALID, "cannot hold '1.5'",
               "cast a -> float");
    rows_fails(RECIPE({.verb = "replace", .columns = "joob", .values = "1,2"}),
               ROWS("job:int", "1"), NULL, AT_NOT_FOUND, "there is no column 'joob'",
               "did you mean job?");
}

static void test_missing(void **state) {
    (void)state;
    rows_check(RECIPE({.verb = "missing", .columns = "all", .values = "unknown,999,"}),
               ROWS("job:category note:text pdays:int f:float d:date",
                    "cook|unknown|999|999.0|2024-01-01", "unknown||1|~|~",
                    "clerk|ok|999|9.99|~"),
               NULL,
               "job:category note:text pdays:int f:float d:date\ncook|~|~|~|2024-01-01\n"
               "~|~|1|~|~\nclerk|ok|~|9.99|~");
    rows_check(RECIPE({.verb = "missing", .columns = "b", .values = "false"}),
               ROWS("b:bool", "true", "false"), NULL, "b:bool\ntrue\n~");
}

static void test_report(void **state) {
    (void)state;
    at_error err;
    at_arena arena = {0};
    at_frame *frame = ROWS("job:category n:int", "a|1", "x|1", "x|2", "b|1");
    at_recipe *recipe = RECIPE({.verb = "missing", .columns = "all", .values = "x,1,b"},
                               {.verb = "drop duplicates"});
    at_step_report reports[2] = {{.arena = &arena}, {.arena = &arena}};
    at_step_context context = {0};
    assert_ok(at_recipe_fit(recipe, frame, &context, NULL, reports, &err), &err);
    assert_int_equal(reports[0].cells, 6);
    assert_int_equal(reports[0].example_count, 3);
    assert_string_equal(reports[0].examples[0].column, "n");
    assert_string_equal(reports[0].examples[0].before, "1");
    assert_null(reports[0].examples[0].after);
    assert_int_equal(reports[0].examples[0].count, 3);
    assert_string_equal(reports[0].examples[1].before, "x");
    assert_int_equal(reports[0].examples[1].count, 2);
    /* a|~, ~|~, ~|2, ~|~ */
    assert_int_equal(reports[1].rows_before, 4);
    assert_int_equal(reports[1].rows_after, 3);
    at_arena_fini(&arena);
    at_frame_release(frame);
    at_recipe_release(recipe);
}

static void test_trim_lower(void **state) {
    (void)state;
    rows_check(RECIPE({.verb = "trim", .columns = "all"}),
               ROWS("t:text c:category i:int", " a b \t|x|1", "~| x|2", "  |x\xC2\xA0|3",
                    "\xC3\xA0|~|4"),
               NULL, "t:text c:category i:int\na b|x|1\n~|x|2\n|x|3\n\xC3\xA0|~|4");
    rows_check(RECIPE({.verb = "lower", .columns = "t,c"}),
               ROWS("t:text c:category", "ÀÉ×Þ ŠŁŽ|Yes", "ΑΩ ЖЁЯ 中Ａ|yes", "~|~"), NULL,
               "t:text c:category\nàé×þ šłž|yes\nαω жёя 中Ａ|yes\n~|~");
    rows_fails(RECIPE({.verb = "trim", .columns = "a"}), ROWS("a:int", "1"), NULL,
               AT_INVALID, "'a' is int: there is no text to trim", "text and category");
}

static void test_cast(void **state) {
    (void)state;
    rows_check(RECIPE({.verb = "cast", .columns = "a,b", .type = "int"}),
               ROWS("a:text b:float", " 12 |3", "~|~", "-1.0|nan"), NULL,
               "a:int b:int\n12|3\n~|~\n-1|~");
    rows_check(RECIPE({.verb = "cast", .columns = "all", .type = "float"}),
               ROWS("a:category b:int c:bool", "1e3|3|true", "0.5|~|false"), NULL,
               "a:float b:float c:float\n1000|3|1\n0.5|~|0");
    rows_check(RECIPE({.verb = "cast", .columns = "all", .type = "category"}),
               ROWS("a:text b:int c:bool d:date f:float", "x|3|true|2024-02-29|1.5",
                    "~|~|~|~|nan"),
               NULL,
               "a:category b:category c:category d:category f:category\n"
               "x|3|true|2024-02-29|1.5\n~|~|~|~|~");
    rows_check(RECIPE({.verb = "cast", .columns = "all", .type = "timestamp"}),
               ROWS("a:text d:date", "2024-01-01T12:30Z|1969-12-31",
                    "2024-01-01 01:02:03.25|2024-02-29"),
               NULL,
               "a:timestamp d:timestamp\n2024-01-01 12:30:00|1969-12-31 00:00:00\n"
               "2024-01-01 01:02:03.250000|2024-02-29 00:00:00");
    rows_check(RECIPE({.verb = "cast", .columns = "a", .type = "date"}),
               ROWS("a:timestamp", "1969-12-31 23:59:59", "2024-02-29"), NULL,
               "a:date\n1969-12-31\n2024-02-29");
    rows_check(RECIPE({.verb = "cast", .columns = "all", .type = "bool"}),
               ROWS("a:text b:int", "Yes|1", "false|0"), NULL,
               "a:bool b:bool\ntrue|true\n"
               "false|false");
    static const struct {
        const char *schema, *cell, *type, *text, *hint;
    } wrong[] = {
        {"a:text", "x", "int", "row 1 of 'a': 'x' cannot become int",
         "missing \"x\" in a"},
        {"a:float", "1.5", "int", "'1.5' cannot become int", "round(a)"},
        {"a:int", "2", "bool", "'2' cannot become bool", "missing \"2\" in a"},
        {"a:text", "2024-02-30", "date", "cannot become date", "missing"},
        {"a:int", "2", "date", "'a' is int, which cannot become date", "derive"},
        {"a:text", "", "float", "'' cannot become float", "missing \"\" in a"},
    };
    for (size_t i = 0; i < COUNT(wrong); i++)
        rows_fails(RECIPE({.verb = "cast", .columns = "a", .type = wrong[i].type}),
                   rows_frame(wrong[i].schema, &wrong[i].cell, 1), NULL, AT_INVALID,
                   wrong[i].text, wrong[i].hint);
    /* A row at an endpoint that does not go is an error too. */
    at_error err;
    at_frame *frame = ROWS("a:text", "1"), *asked = ROWS("a:text", "2", "two"), *out;
    at_recipe *recipe = RECIPE({.verb = "cast", .columns = "a", .type = "int"});
    at_step_context context = {0};
    assert_ok(at_recipe_fit(recipe, frame, &context, NULL, NULL, &err), &err);
    assert_int_equal(at_recipe_apply(recipe, asked, &context, true, &out, &err),
                     AT_INVALID);
    assert_string_equal(err.text,
                        "line 1, cast a -> int: row 2 of 'a': 'two' cannot become int");
    at_frame_release(frame);
    at_frame_release(asked);
    at_recipe_release(recipe);
}

static void test_columns(void **state) {
    (void)state;
    rows_check(RECIPE({.verb = "rename", .columns = "a", .name = "b.c"},
                      {.verb = "drop column", .columns = "x*"}),
               ROWS("a:int x1:int x2:text", "1|2|z"), NULL, "b.c:int\n1");
    rows_fails(RECIPE({.verb = "rename", .columns = "a", .name = "B"}),
               ROWS("a:int b:int", "1|2"), NULL, AT_EXISTS,
               "there is a column 'b' already", "drop column B");
    rows_check(RECIPE({.verb = "rename", .columns = "a", .name = "A"}),
               ROWS("a:int", "1"), NULL, "A:int\n1");
    rows_fails(RECIPE({.verb = "drop column", .columns = "all"}),
               ROWS("a:int b:int", "1|2"), NULL, AT_INVALID, "no column would be left",
               "");
    rows_fails(RECIPE({.verb = "drop column", .columns = "y"}),
               ROWS("y:int b:int", "1|2"), "y", AT_INVALID, "'y' is the target",
               "%%clean");
}

static void test_rows(void **state) {
    (void)state;
    static const struct {
        line step;
        const char *text;
    } cases[] = {
        {{.verb = "drop duplicates"},
         "a:int b:text c:float\n1|x|0\n1|y|0\n~|x|~\n2|y|1\n1|x|1"},
        {{.verb = "drop duplicates", .columns = "a"},
         "a:int b:text c:float\n1|x|0\n~|x|~\n2|y|1"},
        {{.verb = "drop rows where", .expression = "a = 1 AND b = 'x'"},
         "a:int b:text c:float\n1|y|0\n~|x|~\n2|y|1\n~|x|~"},
        {{.verb = "drop rows where", .expression = "a IS NULL"},
         "a:int b:text c:float\n1|x|0\n1|y|0\n1|x|-0\n2|y|1\n1|x|1"},
        {{.verb = "drop rows where", .expression = "0"},
         "a:int b:text c:float\n1|x|0\n1|y|0\n~|x|~\n1|x|-0\n2|y|1\n1|x|1\n~|x|~"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        at_error err;
        at_frame *frame = ROWS("a:int b:text c:float", "1|x|0", "1|y|0", "~|x|~",
                               "1|x|-0", "2|y|1", "1|x|1", "~|x|~");
        at_frame *out, *again, *passed;
        at_recipe *recipe = rows_recipe(&cases[i].step, 1);
        at_step_context context = {0};
        assert_ok(at_recipe_fit(recipe, frame, &context, &out, NULL, &err), &err);
        assert_rows(out, cases[i].text);
        recipe = rows_reload(recipe);
        assert_ok(at_recipe_apply(recipe, frame, &context, false, &again, &err), &err);
        assert_same_frames(out, again);
        /* At an endpoint no row goes. */
        assert_ok(at_recipe_apply(recipe, frame, &context, true, &passed, &err), &err);
        assert_same_frames(frame, passed);
        at_frame_release(passed);
        at_frame_release(again);
        at_frame_release(out);
        at_frame_release(frame);
        at_recipe_release(recipe);
    }
}

static void test_derive(void **state) {
    (void)state;
    rows_check(
        RECIPE({.verb = "derive", .name = "called", .expression = "pdays < 999"},
               {.verb = "derive", .name = "who", .expression = "upper(job) || '!'"},
               {.verb = "derive", .name = "half", .expression = "pdays / 2.0"},
               {.verb = "derive", .name = "pdays", .expression = "pdays + 1"},
               {.verb = "derive", .name = "one", .expression = "1"}),
        ROWS("pdays:int job:category", "999|cook", "3|clerk", "~|~", "3|cook", "4|cook",
             "4|cook"),
        NULL,
        "pdays:int job:category called:int who:category half:float one:int\n"
        "1000|cook|0|COOK!|499.5|1\n4|clerk|1|CLERK!|1.5|1\n~|~|~|~|~|1\n"
        "4|cook|1|COOK!|1.5|1\n5|cook|1|COOK!|2|1\n5|cook|1|COOK!|2|1");
    rows_fails(RECIPE({.verb = "derive", .name = "x", .expression = "pday < 3"}),
               ROWS("pdays:int", "1"), NULL, AT_NOT_FOUND,
               "line 1, derive x = pday < 3: ", "pdays");
    rows_fails(RECIPE({.verb = "derive", .name = "x", .expression = "y = 1"}),
               ROWS("y:int a:int", "1|2"), "y", AT_INVALID, "reads 'y', the target", "");
    rows_fails(RECIPE({.verb = "derive", .name = "y", .expression = "a"}),
               ROWS("y:int a:int", "1|2"), "y", AT_INVALID, "'y' is the target", "");
}

/* Cleaning that travels: what is dropped, and the target, need not be there. */
static void test_spares(void **state) {
    (void)state;
    at_error err;
    at_frame *frame = ROWS("job:category duration:int secs:int y:text", "a|1|2|yes",
                           "b|3|4|no", "a|1|2|no"),
             *out;
    at_recipe *recipe =
        RECIPE({.verb = "trim", .columns = "all"},
               {.verb = "missing", .columns = "duration", .values = "3"},
               {.verb = "derive", .name = "long", .expression = "duration > 2"},
               {.verb = "derive", .name = "longer", .expression = "long + 1"},
               {.verb = "derive", .name = "slow", .expression = "secs > 2"},
               {.verb = "drop duplicates", .columns = "y"},
               {.verb = "drop column", .columns = "duration,long,secs,longer"},
               {.verb = "derive", .name = "bought", .expression = "y = 'yes'"},
               {.verb = "drop column", .columns = "y"},
               {.verb = "rename", .columns = "bought", .name = "target"});
    at_step_context clean = {0}, serve = {"target", NULL};
    assert_ok(at_recipe_fit(recipe, frame, &clean, &out, NULL, &err), &err);
    assert_rows(out, "job:category slow:int target:int\na|0|1\nb|1|0");
    at_frame_release(out);
    recipe = rows_reload(recipe);
    static const struct {
        const char *name;
        bool spared;
    } cases[] = {
        {"job", false}, {"DURATION", true}, {"secs", false}, {"y", true}, {"q", false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool spared;
        assert_ok(at_recipe_spares(recipe, cases[i].name, "target", &spared, &err), &err);
        assert_int_equal(spared, cases[i].spared);
    }
    bool spared;
    assert_ok(at_recipe_spares(recipe, "y", NULL, &spared, &err), &err);
    assert_false(spared);
    at_frame *asked = ROWS("secs:int job:category", "9|b ", "1|c");
    assert_ok(at_recipe_apply(recipe, asked, &serve, true, &out, &err), &err);
    assert_rows(out, "job:category slow:int\nb|1\nc|0");
    at_frame_release(out);
    at_frame_release(asked);
    asked = ROWS("job:category duration:int", "b|1");
    assert_int_equal(at_recipe_apply(recipe, asked, &serve, true, &out, &err),
                     AT_NOT_FOUND);
    assert_non_null(strstr(err.text, "the column 'secs' is missing"));
    at_frame_release(asked);
    at_frame_release(frame);
    at_recipe_release(recipe);
}

typedef struct shared {
    const at_recipe *recipe;
    at_frame *frame, *expected;
    bool same;
} shared;

static void *serve_rows(void *context) {
    shared *s = context;
    at_step_context step_context = {"y", NULL};
    s->same = true;
    for (int i = 0; i < 200; i++) {
        at_frame *out;
        if (at_recipe_apply(s->recipe, s->frame, &step_context, true, &out, NULL) !=
            AT_OK) {
            s->same = false;
            return NULL;
        }
        char *a = rows_text(out), *b = rows_text(s->expected);
        s->same = s->same && strcmp(a, b) == 0;
        at_free(a);
        at_free(b);
        at_frame_release(out);
    }
    return NULL;
}

/* One fitted recipe, several threads. */
static void test_threads(void **state) {
    (void)state;
    at_error err;
    at_frame *frame = ROWS("a:int job:category y:int", "1|x|0", "2|y|1", "3|x|0"), *out;
    at_recipe *recipe =
        RECIPE({.verb = "derive", .name = "b", .expression = "a * 10 + 1"},
               {.verb = "one-hot", .columns = "job"},
               {.verb = "standardize", .columns = "numeric"});
    at_step_context context = {"y", NULL};
    assert_ok(at_recipe_fit(recipe, frame, &context, &out, NULL, &err), &err);
    shared work[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        work[i] = (shared){recipe, frame, out, false};
        assert_int_equal(pthread_create(&threads[i], NULL, serve_rows, &work[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_true(work[i].same);
    }
    at_frame_release(out);
    at_frame_release(frame);
    at_recipe_release(recipe);
}

static void test_write(void **state) {
    (void)state;
    static const struct {
        line given;
        const char *text;
    } cases[] = {
        {{.verb = "replace", .columns = "job,emp.var", .values = "a,1"},
         "replace \"a\" -> 1 in job, emp.var"},
        {{.verb = "missing", .columns = "`text", .values = "x,999"},
         "missing \"x\", 999 in `text`"},
        {{.verb = "cast", .columns = "zip", .type = "category"}, "cast zip -> category"},
        {{.verb = "rename", .columns = "`emp.var", .name = "two words"},
         "rename `emp.var` -> `two words`"},
        {{.verb = "drop duplicates"}, "drop duplicates"},
        {{.verb = "drop duplicates", .columns = "a,b"}, "drop duplicates in a, b"},
        {{.verb = "drop rows where", .expression = "a < 3"}, "drop rows where a < 3"},
        {{.verb = "derive", .name = "x", .expression = "a || 'b'"},
         "derive x = a || 'b'"},
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

/* Every kind says what the reference page needs; its example begins with its verb. */
static void test_kinds(void **state) {
    (void)state;
    size_t count;
    const at_step_kind *const *kinds = at_steps(&count);
    assert_true(count >= 13);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(at_step_kind_find(kinds[i]->verb), kinds[i]);
        assert_int_equal(
            strncmp(kinds[i]->example, kinds[i]->verb, strlen(kinds[i]->verb)), 0);
        assert_true(kinds[i]->where != 0 && kinds[i]->summary && kinds[i]->fit &&
                    kinds[i]->apply);
        assert_int_equal(!kinds[i]->save, !kinds[i]->load);
        assert_true(!kinds[i]->rows || kinds[i]->where == AT_STEP_CLEAN);
    }
    assert_null(at_step_kind_find("drop"));
}

typedef struct sweep {
    at_frame *frame;
    json_t *steps;
} sweep;

/* From a saved recipe to the answer. */
static at_status whole(void *context) {
    sweep *s = context;
    at_frame *out = NULL, *again = NULL;
    at_recipe *recipe = NULL;
    at_arena arena = {0};
    at_step_context step_context = {0};
    at_step_report reports[16];
    for (size_t i = 0; i < COUNT(reports); i++)
        reports[i] = (at_step_report){.arena = &arena};
    at_error err;
    at_status status = at_recipe_from_json(s->steps, &recipe, &err);
    if (status == AT_OK)
        status = at_recipe_fit(recipe, s->frame, &step_context, &out, reports, &err);
    if (status == AT_OK)
        status = at_recipe_apply(recipe, s->frame, &step_context, false, &again, &err);
    at_frame_release(out);
    at_frame_release(again);
    at_recipe_release(recipe);
    at_arena_fini(&arena);
    return status;
}

static void test_no_memory(void **state) {
    (void)state;
    at_recipe *recipe =
        RECIPE({.verb = "replace", .columns = "job", .values = "a,b"},
               {.verb = "replace", .columns = "n", .values = "1,2"},
               {.verb = "missing", .columns = "all", .values = "x,3"},
               {.verb = "trim", .columns = "all"}, {.verb = "lower", .columns = "all"},
               {.verb = "derive", .name = "k", .expression = "n + 1"},
               {.verb = "drop rows where", .expression = "n > 100"},
               {.verb = "cast", .columns = "n", .type = "text"},
               {.verb = "rename", .columns = "n", .name = "m"},
               {.verb = "drop column", .columns = "gone"}, {.verb = "drop duplicates"});
    sweep s = {ROWS("job:category n:int gone:text", "a|1| Q", "x|3|r", "a|2|~", "b|2|s"),
               at_recipe_to_json(recipe)};
    assert_non_null(s.steps);
    assert_true(at_test_sweep(whole, &s) > 50);
    json_decref(s.steps);
    at_frame_release(s.frame);
    at_recipe_release(recipe);
}

/* The walk's recipe over the real table. Means and deviations are Python's
 * (statistics.fmean, pstdev). Rows one at a time and in odd batches give the bits of the
 * whole. */
static void test_bank(void **state) {
    (void)state;
    at_error err;
    at_frame *frame, *out;
    at_csv_options options = at_csv_options_default();
    at_csv_report report;
    at_read_context reading = {0};
    assert_ok(at_csv_read_file(ATELIER_DATA
                               "/bank/bank-additional/bank-additional-full.csv",
                               &options, &reading, &frame, &report, &err),
              &err);
    at_recipe *recipe =
        RECIPE({.verb = "derive", .name = "ever_called", .expression = "pdays < 999"},
               {.verb = "missing", .columns = "category", .values = "unknown"},
               {.verb = "impute", .columns = "category", .word = "mode"},
               {.verb = "one-hot", .columns = "category"},
               {.verb = "standardize", .columns = "numeric"});
    at_step_context context = {"y", NULL};
    assert_ok(at_recipe_fit(recipe, frame, &context, &out, NULL, &err), &err);
    for (int i = 0; i < at_frame_columns(out); i++) {
        const at_column *c = at_frame_column(out, i);
        assert_true(c->type == AT_TYPE_FLOAT || strcmp(c->name, "y") == 0);
        assert_int_equal(c->missing, 0);
    }
    assert_int_equal(at_frame_find(out, "job=unknown"), -1);
    assert_true(at_frame_find(out, "job=admin.") >= 0);
    static const struct {
        const char *name;
        double mean, deviation;
    } golden[] = {{"age", 40.02406040594348, 10.42112347183873},
                  {"euribor3m", 3.621290812858114, 1.7344263494718772},
                  {"nr.employed", 5167.035910944936, 72.25065056854487},
                  {"pdays", 962.4754540157328, 186.90863833384228}};
    for (size_t i = 0; i < COUNT(golden); i++) {
        const at_column *from =
            at_frame_column(frame, at_frame_find(frame, golden[i].name));
        const at_column *to = at_frame_column(out, at_frame_find(out, golden[i].name));
        for (int64_t r = 0; r < from->rows; r += 97) {
            double want =
                (at_column_real(from, r) - golden[i].mean) / golden[i].deviation;
            assert_true(fabs(to->reals[r] - want) < 1e-11);
        }
    }
    recipe = rows_reload(recipe);
    int64_t size = 1;
    for (int64_t row = 3; row + 40 < at_frame_rows(frame);
         row += 997, size = size % 37 + 3) {
        int64_t rows[40];
        for (int64_t k = 0; k < size; k++)
            rows[k] = row + k;
        at_frame *some, *want, *got;
        assert_ok(at_frame_take_rows(frame, rows, size, &some, &err), &err);
        assert_ok(at_frame_take_rows(out, rows, size, &want, &err), &err);
        assert_ok(at_recipe_apply(recipe, some, &context, true, &got, &err), &err);
        assert_same_frames(want, got);
        at_frame_release(some);
        at_frame_release(want);
        at_frame_release(got);
    }
    at_frame_release(out);
    at_frame_release(frame);
    at_recipe_release(recipe);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replace), cmocka_unit_test(test_missing),
        cmocka_unit_test(test_report),  cmocka_unit_test(test_trim_lower),
        cmocka_unit_test(test_cast),    cmocka_unit_test(test_columns),
        cmocka_unit_test(test_rows),    cmocka_unit_test(test_derive),
        cmocka_unit_test(test_spares),  cmocka_unit_test(test_threads),
        cmocka_unit_test(test_write),   cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_bank),    cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
