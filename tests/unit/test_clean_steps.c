/* The steps that read texts, merge, split, bound and map: what they make, that served
 * rows get the same, what they say of slips. */
#include "tests/unit/steplines.h"

/* Fits, shows, and checks that the saved recipe serves the same. Consumes the frame. */
static void check(unsigned where, const char *body, at_frame *frame,
                  const char *expected) {
    at_error err;
    at_step_context context = {NULL, NULL};
    at_recipe *recipe = steplines(where, body);
    at_frame *out;
    at_status status = at_recipe_fit(recipe, frame, &context, &out, NULL, &err);
    if (status != AT_OK)
        fail_msg("%s: %s", body, err.text);
    assert_rows(out, expected);
    recipe = rows_reload(recipe);
    assert_served(recipe, frame, NULL, out);
    at_frame_release(out);
    at_frame_release(frame);
    at_recipe_release(recipe);
}

static void fails(unsigned where, const char *body, at_frame *frame, const char *target,
                  const char *text, const char *hint) {
    at_error err = {0};
    at_recipe *recipe = NULL;
    at_step_context context = {target, NULL};
    at_status status = steplines_parse(where, body, &recipe, &err);
    if (status == AT_OK)
        status = at_recipe_fit(recipe, frame, &context, NULL, NULL, &err);
    assert_true(status != AT_OK);
    if (!strstr(err.text, text) || !strstr(err.hint, hint))
        fail_msg("'%s' (%s) lacks '%s' (%s)", err.text, err.hint, text, hint);
    at_recipe_release(recipe);
    at_frame_release(frame);
}

static void test_merge(void **state) {
    (void)state;
    check(AT_STEP_CLEAN, "merge similar c",
          ROWS("c:category n:int", "USA|1", "usa |2", "USA|3", "~|4", "U.S.A.|5", "UK|6"),
          "c:category n:int\nUSA|1\nUSA|2\nUSA|3\n~|4\nUSA|5\nUK|6");
    check(AT_STEP_CLEAN, "merge similar t except \"u.s.a.\"",
          ROWS("t:text", "USA", "usa", "USA", "u.s.a."), "t:text\nUSA\nUSA\nUSA\nu.s.a.");
    fails(AT_STEP_CLEAN, "merge similar t except \"Icelnd\"",
          ROWS("t:text", "Iceland", "Ireland"), NULL, "no cell of 't' holds 'Icelnd'",
          "did you mean \"Iceland\"?");
    fails(AT_STEP_CLEAN, "merge similar n", ROWS("n:int", "1"), NULL,
          "'n' is int: there is no text to merge similar", "text and category");
    fails(AT_STEP_CLEAN, "merge similar countri", ROWS("country:text", "a"), NULL,
          "there is no column 'countri'", "did you mean country?");
    fails(AT_STEP_CLEAN, "merge similar c loosly", ROWS("c:text", "a"), NULL,
          "found loosly", "did you mean loosely?");
    /* A spelling that the fit never saw, and the report. */
    at_error err;
    at_arena arena = {0};
    at_frame *frame = ROWS("c:text", "Canada", "CANADA", "Canada", "Peru"), *asked, *out;
    at_recipe *recipe = CLEAN("merge similar c");
    at_step_context context = {NULL, NULL};
    at_step_report report = {.arena = &arena};
    assert_ok(at_recipe_fit(recipe, frame, &context, NULL, &report, &err), &err);
    assert_int_equal(report.cells, 1);
    assert_int_equal(report.merge_count, 1);
    assert_string_equal(report.merges[0].kept, "Canada");
    assert_string_equal(report.merges[0].merged, "CANADA (1)");
    assert_string_equal(report.note, "1 spelling became 1");
    recipe = rows_reload(recipe);
    asked = ROWS("c:text", "canada.", "Canadas", "peru", "Chile");
    assert_ok(at_recipe_apply(recipe, asked, &context, true, &out, &err), &err);
    assert_rows(out, "c:text\nCanada\nCanadas\nPeru\nChile");
    at_frame_release(out);
    at_frame_release(asked);
    at_frame_release(frame);
    at_recipe_release(recipe);
    at_arena_fini(&arena);
}

static void test_parse_number(void **state) {
    (void)state;
    check(AT_STEP_CLEAN, "parse number a, b, c",
          ROWS("a:text b:category c:text", "12.0 oz|1,200|45,06", "16.5 oz.|$ 3|1.000,5",
               "~|~|~", "N.A.|5|7"),
          "a:float b:int c:float\n12|1200|45.06\n16.5|3|1000.5\n~|~|~\n~|5|7");
    check(AT_STEP_CLEAN, "parse number a decimal comma", ROWS("a:text", "1,500", "2,250"),
          "a:float\n1.5\n2.25");
    check(AT_STEP_CLEAN, "parse number a", ROWS("a:text", "1,500", "2,250"),
          "a:int\n1500\n2250");
    check(AT_STEP_CLEAN, "parse number all", ROWS("a:float b:int", "1.5|2"),
          "a:float b:int\n1.5|2");
    fails(AT_STEP_CLEAN, "parse number t", ROWS("t:text", "a", "b", "1"), NULL,
          "'t' does not hold numbers: 2 of 3 cells do not read, as row 1: 'a'",
          "missing");
    fails(AT_STEP_CLEAN, "parse number b", ROWS("b:bool", "true"), NULL,
          "'b' is bool: there are no numbers to read", "text and category");
    fails(AT_STEP_CLEAN, "parse number t decimal komma", ROWS("t:text", "1"), NULL,
          "found komma", "did you mean comma?");
    /* What does not read is reported; units are named; a served fraction is kept. */
    at_error err;
    at_arena arena = {0};
    at_frame *frame = ROWS("a:text", "12 oz", "16 OZ", "a lot", "~", "9 oz."), *asked,
             *out;
    at_recipe *recipe = CLEAN("parse number a");
    at_step_context context = {NULL, NULL};
    at_step_report report = {.arena = &arena};
    assert_ok(at_recipe_fit(recipe, frame, &context, NULL, &report, &err), &err);
    assert_int_equal(report.cells, 4);
    assert_int_equal(report.example_count, 1);
    assert_string_equal(report.examples[0].before, "a lot");
    assert_null(report.examples[0].after);
    assert_string_equal(report.note, "a: taken away 'oz' (2), 'oz.' (1)");
    asked = ROWS("a:text", "2.5 oz", "7");
    assert_ok(at_recipe_apply(recipe, asked, &context, true, &out, &err), &err);
    assert_rows(out, "a:float\n2.5\n7");
    at_frame_release(out);
    at_frame_release(asked);
    at_frame_release(frame);
    at_recipe_release(recipe);
    at_arena_fini(&arena);
}

static void test_parse_date(void **state) {
    (void)state;
    check(AT_STEP_CLEAN, "parse date all",
          ROWS("a:text b:text c:int d:date", "1/2/2024|8/15/14|20240131|2024-01-01",
               "2024-05-06|1/2/14|~|2024-01-01", "3 Mar 2024|~|20240201|~",
               "soon|9/30/14|20240301|~"),
          "a:date b:date c:date d:date\n2024-02-01|2014-08-15|2024-01-31|2024-01-01\n"
          "2024-05-06|2014-01-02|~|2024-01-01\n2024-03-03|~|2024-02-01|~\n"
          "~|2014-09-30|2024-03-01|~");
    check(AT_STEP_CLEAN, "parse date a month first",
          ROWS("a:text", "1/2/2024", "3/4/2024"), "a:date\n2024-01-02\n2024-03-04");
    check(AT_STEP_CLEAN, "parse date a as \"%Y%m%d %H%M\"",
          ROWS("a:text", "20240131 1405", "20240201 0000"),
          "a:timestamp\n2024-01-31 14:05:00\n2024-02-01 00:00:00");
    check(AT_STEP_CLEAN, "parse date a", ROWS("a:text", "1/2/2024 3:04 PM", "2/2/2024"),
          "a:timestamp\n2024-02-01 15:04:00\n2024-02-02 00:00:00");
    fails(AT_STEP_CLEAN, "parse date a", ROWS("a:text", "x", "y"), NULL,
          "'a' does not hold dates: 2 of 2 cells do not read, as row 1: 'x'", "missing");
    fails(AT_STEP_CLEAN, "parse date a as \"%q\"", ROWS("a:text", "x"), NULL,
          "'%q' in the format '%q' is not known", "%Y");
    fails(AT_STEP_CLEAN, "parse date a as \"day\"", ROWS("a:text", "x"), NULL,
          "'day' is no format of dates", "");
    fails(AT_STEP_CLEAN, "parse date f", ROWS("f:float", "1"), NULL,
          "'f' is float: there are no dates to read", "text and category");
}

static void test_split_column(void **state) {
    (void)state;
    check(AT_STEP_CLEAN, "split column name by \", \" into last, first",
          ROWS("id:int name:text", "1|Lovelace, Ada", "2|Plato", "3|~",
               "4|de Gaulle, C, A"),
          "id:int last:category first:category\n1|Lovelace|Ada\n2|Plato|~\n3|~|~\n"
          "4|de Gaulle|C, A");
    check(AT_STEP_CLEAN,
          "split column city matching \"(.*) ([A-Z][A-Z])\" into city, code",
          ROWS("city:category n:int", "San Diego CA|1", "Bend|2", "~|3"),
          "city:category n:int code:category\nSan Diego|1|CA\nBend|2|~\n~|3|~");
    fails(AT_STEP_CLEAN, "split column a by \";\" into b, c", ROWS("a:text", "x,y"), NULL,
          "no cell of 'a' holds ';'", "SELECT");
    fails(AT_STEP_CLEAN, "split column a matching \"(.*\" into b", ROWS("a:text", "x"),
          NULL, "'(.*' is no pattern", "a part stands in ()");
    fails(AT_STEP_CLEAN, "split column a matching \"(.)(.)\" into b",
          ROWS("a:text", "xy"), NULL,
          "the pattern has 2 parts in (), and there is 1 name", "one name for each");
    fails(AT_STEP_CLEAN, "split column a matching \"(.)\\1\" into b",
          ROWS("a:text", "xx"), NULL, "cannot refer back", "");
    fails(AT_STEP_CLEAN, "split column a by \",\" into b, n",
          ROWS("a:text n:int", "x,y|1"), NULL, "there is a column 'n' already",
          "choose another name");
    fails(AT_STEP_CLEAN, "split column n by \",\" into b", ROWS("n:int", "1"), NULL,
          "'n' is int: there is no text to split", "cast n -> text");
    fails(AT_STEP_CLEAN, "split column a betwen \",\" into b", ROWS("a:text", "1"), NULL,
          "expected 'by' or 'matching'", "");
}

static void test_clip_bin(void **state) {
    (void)state;
    check(AT_STEP_CLEAN, "clip i, f between 0 and 10",
          ROWS("i:int f:float", "-5|0.5", "3|11.5", "~|nan", "12|~"),
          "i:int f:float\n0|0.5\n3|10\n~|\n10|~");
    check(AT_STEP_CLEAN, "clip i between 0.5 and inf", ROWS("i:int", "-5", "3"),
          "i:float\n0.5\n3");
    check(AT_STEP_CLEAN, "bin a by edges 18, 40.5",
          ROWS("a:float", "17.9", "18", "40", "40.5", "~", "1000"),
          "a:category\n< 18\n18 to 40.5\n18 to 40.5\n>= 40.5\n~\n>= 40.5");
    check(AT_STEP_CLEAN, "bin a by quantiles 3", ROWS("a:int", "5", "5", "5", "5"),
          "a:category\nall\nall\nall\nall");
    fails(AT_STEP_CLEAN, "clip c between 0 and 1", ROWS("c:category", "a"), NULL,
          "'c' is category: only numbers can be clipped", "parse number c");
    fails(AT_STEP_CLEAN, "clip `a b` between 0 and 1", ROWS("c:category", "a"), NULL,
          "there is no column 'a b'", "the columns are c");
    fails(AT_STEP_CLEAN, "clip all between 0 and 1", ROWS("a.b:text", "1 oz"), NULL,
          "'a.b' is text", "parse number `a.b`");
    fails(AT_STEP_CLEAN, "clip i between 5 and 1", ROWS("i:int", "1"), NULL,
          "5 is above 1", "");
    fails(AT_STEP_CLEAN, "clip i between quantiles 1 and 99", ROWS("i:int", "1"), NULL,
          "a quantile lies from 0 to 1, not at 99", "");
    fails(AT_STEP_CLEAN, "clip i between a and 99", ROWS("i:int", "1"), NULL,
          "'a' is no number to clip at", "for example");
    fails(AT_STEP_CLEAN, "bin i by edges 5, 3", ROWS("i:int", "1"), NULL,
          "the edge 3 does not lie above 5", "edges rise");
    fails(AT_STEP_CLEAN, "bin i by widths 1", ROWS("i:int", "1"), NULL,
          "1 bins: 2 to 100 were expected", "for example");
    fails(AT_STEP_CLEAN, "bin i by width 3", ROWS("i:int", "1"), NULL, "found width",
          "did you mean widths?");
}

static void test_map(void **state) {
    (void)state;
    check(AT_STEP_CLEAN, "map low -> 1, \"very high\" -> 3 in risk",
          ROWS("risk:category", "low", "very high", "~"), "risk:int\n1\n3\n~");
    check(AT_STEP_CLEAN, "map low -> 0.5 else 2 in risk",
          ROWS("risk:text", "low", "x", "~"), "risk:float\n0.5\n2\n~");
    check(AT_STEP_CLEAN, "map low -> L in risk", ROWS("risk:text", "low", "x"),
          "risk:text\nL\nx");
    check(AT_STEP_CLEAN, "map 1 -> one, 2.0 -> two in n", ROWS("n:int", "1", "2", "3"),
          "n:category\none\ntwo\n3");
    check(AT_STEP_CLEAN, "map 1 -> 10 in n", ROWS("n:int", "1", "2"), "n:int\n10\n2");
    fails(AT_STEP_CLEAN, "map hihg -> 1 in risk", ROWS("risk:text", "high", "low"), NULL,
          "no cell of 'risk' holds 'hihg'", "did you mean \"high\"?");
    fails(AT_STEP_CLEAN, "map high 1 in risk", ROWS("risk:text", "high"), NULL,
          "expected '->'", "for example");
    /* A value that the fit never saw has no number. */
    at_error err;
    at_frame *frame = ROWS("c:text", "a", "b"), *asked = ROWS("c:text", "b", "q"), *out;
    at_recipe *recipe = CLEAN("map a -> 1, b -> 2 in c");
    at_step_context context = {NULL, NULL};
    assert_ok(at_recipe_fit(recipe, frame, &context, NULL, NULL, &err), &err);
    assert_ok(at_recipe_apply(recipe, asked, &context, true, &out, &err), &err);
    assert_rows(out, "c:int\n2\n~");
    at_frame_release(out);
    at_frame_release(asked);
    at_frame_release(frame);
    at_recipe_release(recipe);
}

static void test_fill_forward(void **state) {
    (void)state;
    at_error err;
    at_frame *frame = ROWS("t:text c:category i:int f:float d:date", "~|a|~|1|2024-01-01",
                           "x|~|2|nan|~", "~|~|~|~|~", "~|b|4|2|~"),
             *out, *served;
    at_recipe *recipe = CLEAN("fill forward all");
    at_step_context context = {NULL, NULL};
    assert_ok(at_recipe_fit(recipe, frame, &context, &out, NULL, &err), &err);
    assert_rows(out, "t:text c:category i:int f:float d:date\n~|a|~|1|2024-01-01\n"
                     "x|a|2|1|2024-01-01\nx|a|2|1|2024-01-01\nx|b|4|2|2024-01-01");
    /* A served row has none above it. */
    assert_ok(at_recipe_apply(recipe, frame, &context, true, &served, &err), &err);
    assert_same_frames(frame, served);
    at_frame_release(served);
    at_frame_release(out);
    at_frame_release(frame);
    at_recipe_release(recipe);
    fails(AT_STEP_PREPARE, "fill forward i", ROWS("i:int", "1"), NULL,
          "'fill forward' is a step of %%clean", "");
}

/* What %%prepare's steps say of slips. */
static void test_prepare_errors(void **state) {
    (void)state;
    static const struct {
        const char *body, *target, *text, *hint;
    } cases[] = {
        {"log c", NULL, "'c' is category: only numbers can be taken the logarithm of",
         "parse number c"},
        {"quantile i to gauss", NULL, "expected 'normal' or 'uniform', found gauss", ""},
        {"quantile e to normal", NULL, "every cell of 'e' is missing", "drop column e"},
        {"target-encode c", NULL,
         "target-encode learns from the target, and none is named", "--target COLUMN"},
        {"target-encode f", "y", "'f' is float: only categories can be encoded",
         "bin f by quantiles 10"},
        {"target-encode y", "y", "'y' is the target", ""},
        {"target-encode c smoothing -1", "y", "'-1' is no smoothing", "smoothing 10"},
        {"frequency-encode cc", NULL, "there is no column 'cc'", "did you mean c?"},
        {"text i", NULL, "'i' is int: there are no words to count", "text and category"},
        {"text c into 1", NULL, "text makes 2 to 4096 columns, not '1'", "for example"},
        {"datetime c", NULL, "'c' is category, not a date", "first: parse date c"},
        {"datetime d into moth", NULL, "found moth", "did you mean month?"},
        {"interact i", NULL, "interact takes two columns or more, not 1", "for example"},
        {"interact i, c", NULL, "'i' is int, and 'c' is a category",
         "bin i by quantiles 5"},
        {"pca i, f into 3", NULL, "pca of 2 columns cannot make 3",
         "a number from 1 to 2"},
        {"pca i, e into 1", NULL, "row 1 of 'e' is missing", "impute median in e"},
        {"pca i, c into 1", NULL, "'c' is category: only numbers can be turned", ""},
        {"missing-flag q", NULL, "there is no column 'q'", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        fails(AT_STEP_PREPARE, cases[i].body,
              ROWS("c:category i:int f:float e:float d:date y:int",
                   "a|1|0.5|~|2024-01-01|1", "b|2|1.5|~|2024-01-02|0"),
              cases[i].target, cases[i].text, cases[i].hint);
}

/* Every kind's example, as it is written back, and after a file. */
static void test_examples(void **state) {
    (void)state;
    size_t count;
    const at_step_kind *const *kinds = at_steps(&count);
    for (size_t i = 0; i < count; i++) {
        at_recipe *recipe = steplines(kinds[i]->where, kinds[i]->example);
        for (int reload = 0; reload < 2; reload++) {
            at_text first = {0}, again = {0};
            at_step_write(at_recipe_step(recipe, 0), &first);
            at_recipe *same = steplines(kinds[i]->where, at_text_get(&first));
            at_step_write(at_recipe_step(same, 0), &again);
            assert_string_equal(at_text_get(&first), at_text_get(&again));
            at_text_fini(&first);
            at_text_fini(&again);
            at_recipe_release(same);
            recipe = rows_reload(recipe);
        }
        at_recipe_release(recipe);
    }
    static const char *const lines[] = {
        "map \"a\" -> 1, \"b\" -> 2 else 0 in c",
        "merge similar c loosely except \"x\", \"y\"",
        "parse date `a b` month first as \"%m %d\"",
        "parse number a decimal comma",
        "split column a by \",\" into b, `c d`",
        "clip a between quantiles 0.1 and 0.9",
        "clip a between 0 and 1",
        "bin a by edges 1, 2, 3",
    };
    for (size_t i = 0; i < COUNT(lines); i++) {
        at_text first = {0};
        at_recipe *recipe = CLEAN(lines[i]);
        at_step_write(at_recipe_step(recipe, 0), &first);
        assert_string_equal(at_text_get(&first), lines[i]);
        at_text_fini(&first);
        at_recipe_release(recipe);
    }
}

/* A saved step that is damaged is an error, never a crash. */
static void damage(json_t *json, int *changed, int *want) {
    const char *key;
    json_t *value;
    size_t i;
    if (json_is_object(json)) {
        void *next;
        json_object_foreach_safe(json, next, key, value) {
            if ((*changed)++ == *want) {
                json_object_del(json, key);
                return;
            }
            damage(value, changed, want);
        }
    }
    json_array_foreach(json, i, value) {
        if ((*changed)++ == *want) {
            json_array_set_new(json, i, json_integer(7));
            return;
        }
        damage(value, changed, want);
    }
}

static at_recipe *every_clean(void) {
    return CLEAN(
        "merge similar c loosely except \"b\"\nparse number n\nparse date d\n"
        "split column s by \",\" into s, s2\nsplit column m matching \"(.)(.*)\" "
        "into m1, m2\nclip i between quantiles 0.1 and 0.9\nbin f by quantiles 2\n"
        "map a -> 1 else 2 in c2\nfill forward all");
}

static at_frame *clean_table(void) {
    return ROWS("c:category n:text d:text s:text m:text i:int f:float c2:category",
                "a|1 oz|1/2/2024|x,y|kl|1|0.5|a", "A |2,5|2024-01-01|z|mn|5|1.5|b",
                "b|~|~|~|~|~|~|~", "a|x|soon|p,q|r|9|3|a", "a|7|3/3/2024|p,q|rs|9|3|a");
}

static at_recipe *every_prepare(void) {
    return PREPARE("missing-flag all\nimpute median in i, j\nimpute mode in c\n"
                   "frequency-encode k\ntarget-encode c2\ntarget-encode c3 ordered\n"
                   "text t into 4\ndatetime d\ninteract i, j\nlog j\n"
                   "quantile i to normal\npca i, j into 1");
}

static at_frame *prepare_table(void) {
    return ROWS("c:category k:category c2:category c3:category t:text d:timestamp i:int "
                "j:float y:category",
                "a|u|p|q|red wine|2024-01-01 10:00|1|0.5|x", "~|v|p|q|~|~|~|1.5|y",
                "b|u|r|s|white|2023-05-06|5|~|z", "a|~|r|q|red|2024-02-29|7|2|x",
                "a|u|~|q|old red|2024-02-28|2|9|z");
}

static void test_damage(void **state) {
    (void)state;
    for (int prepare = 0; prepare < 2; prepare++) {
        at_error err;
        at_frame *frame = prepare ? prepare_table() : clean_table();
        at_recipe *recipe = prepare ? every_prepare() : every_clean();
        at_step_context context = {prepare ? "y" : NULL, NULL};
        assert_ok(at_recipe_fit(recipe, frame, &context, NULL, NULL, &err), &err);
        json_t *whole = at_recipe_to_json(recipe);
        int most = 0, refused = 0;
        for (int want = 0; want < 4000; want++) {
            json_t *json = json_deep_copy(whole);
            int changed = 0;
            damage(json, &changed, &want);
            bool done = changed <= want;
            at_recipe *loaded = NULL;
            if (at_recipe_from_json(json, &loaded, &err) != AT_OK)
                refused++;
            else if (at_recipe_fitted(loaded)) {
                at_frame *out = NULL;
                if (at_recipe_apply(loaded, frame, &context, true, &out, &err) == AT_OK)
                    at_frame_release(out);
            }
            at_recipe_release(loaded);
            json_decref(json);
            most = want;
            if (done)
                break;
        }
        assert_true(most > 100 && refused > 50);
        json_decref(whole);
        at_recipe_release(recipe);
        at_frame_release(frame);
    }
}

typedef struct sweep {
    at_frame *frame;
    json_t *steps;
    const char *target;
} sweep;

/* From a saved recipe to the answer. */
static at_status whole(void *given) {
    sweep *s = given;
    at_frame *out = NULL, *again = NULL;
    at_recipe *recipe = NULL;
    at_arena arena = {0};
    at_step_context context = {s->target, NULL};
    at_step_report reports[16];
    for (size_t i = 0; i < COUNT(reports); i++)
        reports[i] = (at_step_report){.arena = &arena};
    at_error err;
    json_t *saved = NULL;
    at_status status = at_recipe_from_json(s->steps, &recipe, &err);
    if (status == AT_OK)
        status = at_recipe_fit(recipe, s->frame, &context, &out, reports, &err);
    if (status == AT_OK) {
        saved = at_recipe_to_json(recipe);
        at_recipe_release(recipe);
        recipe = NULL;
        status = saved ? at_recipe_from_json(saved, &recipe, &err) : AT_NO_MEMORY;
    }
    if (status == AT_OK)
        status = at_recipe_apply(recipe, s->frame, &context, true, &again, &err);
    at_frame_release(out);
    at_frame_release(again);
    json_decref(saved);
    at_recipe_release(recipe);
    at_arena_fini(&arena);
    return status;
}

static void test_no_memory(void **state) {
    (void)state;
    for (int prepare = 0; prepare < 2; prepare++) {
        at_recipe *recipe = prepare ? every_prepare() : every_clean();
        sweep s = {prepare ? prepare_table() : clean_table(), at_recipe_to_json(recipe),
                   prepare ? "y" : NULL};
        assert_non_null(s.steps);
        assert_true(at_test_sweep(whole, &s) > 100);
        json_decref(s.steps);
        at_frame_release(s.frame);
        at_recipe_release(recipe);
    }
}

/* What is dropped later, an endpoint need not be sent, whatever was made of it. */
static void test_spares(void **state) {
    (void)state;
    at_error err;
    at_frame *frame = prepare_table(), *out;
    at_recipe *recipe = PREPARE("missing-flag i\nlog j\nclip j between 0 and 1\n"
                                "bin j by widths 2\ndrop column i, i_missing, j");
    at_step_context context = {"y", NULL};
    assert_ok(at_recipe_fit(recipe, frame, &context, &out, NULL, &err), &err);
    at_frame_release(out);
    static const struct {
        const char *name;
        bool spared;
    } cases[] = {{"j", true}, {"i", false}, {"c", false}, {"y", true}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool spared;
        assert_ok(at_recipe_spares(recipe, cases[i].name, "y", &spared, &err), &err);
        if (spared != cases[i].spared)
            fail_msg("%s", cases[i].name);
    }
    at_frame_release(frame);
    at_recipe_release(recipe);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge),        cmocka_unit_test(test_parse_number),
        cmocka_unit_test(test_parse_date),   cmocka_unit_test(test_split_column),
        cmocka_unit_test(test_clip_bin),     cmocka_unit_test(test_map),
        cmocka_unit_test(test_fill_forward), cmocka_unit_test(test_prepare_errors),
        cmocka_unit_test(test_examples),     cmocka_unit_test(test_damage),
        cmocka_unit_test(test_no_memory),    cmocka_unit_test(test_spares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
