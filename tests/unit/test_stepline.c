/* Lines of steps: every pattern parses its own example, errors point, slots say what may
 * follow. */
#include "magics/language/stepline.h"
#include "ops/base/text.h"
#include "tests/unit/unit.h"

enum { BOTH = AT_STEP_CLEAN | AT_STEP_PREPARE };

static at_status parse(unsigned where, const char *code, at_arena *arena,
                       at_step_lines *out, at_error *err) {
    at_expanded body;
    *err = (at_error){0};
    AT_TRY(at_expand(NULL, code, strlen(code), 0, strlen(code), arena, &body, err));
    return at_steplines_parse(where, &body, code, strlen(code), arena, out, err);
}

static void test_examples_parse(void **state) {
    (void)state;
    size_t count;
    const at_step_kind *const *kinds = at_steps(&count);
    assert_true(count > 5);
    for (size_t i = 0; i < count; i++) {
        at_arena arena = {0};
        at_step_lines lines;
        at_error err;
        assert_ok(parse(kinds[i]->where, kinds[i]->example, &arena, &lines, &err), &err);
        assert_int_equal(lines.count, 1);
        assert_ptr_equal(lines.items[0].kind, kinds[i]);
        at_arena_fini(&arena);
    }
}

/* verb|columns|values|name|word|expression of the lines, / between. */
static void reads_as(const char *code, const char *expected) {
    at_arena arena = {0};
    at_step_lines lines;
    at_error err;
    at_text got = {0};
    assert_ok(parse(BOTH, code, &arena, &lines, &err), &err);
    for (size_t i = 0; i < lines.count; i++) {
        const at_step_args *a = &lines.items[i].args;
        at_text_format(&got, "%s%s|", i ? "/" : "", lines.items[i].kind->verb);
        for (size_t c = 0; c < a->column_count; c++)
            at_text_format(&got, "%s%s%s", c ? "," : "", a->columns[c].text,
                           a->columns[c].literal ? "!" : "");
        at_text_put(&got, "|");
        for (size_t v = 0; v < a->value_count; v++)
            at_text_format(&got, "%s%s", v ? "," : "", a->values[v]);
        at_text_format(&got, "|%s|%s|%s", a->name ? a->name : "", a->word ? a->word : "",
                       a->expression ? a->expression : "");
        if (a->has_type)
            at_text_format(&got, "|%s", at_type_name(a->type));
    }
    assert_string_equal(at_text_get(&got), expected);
    at_text_fini(&got);
    at_arena_fini(&arena);
}

static void test_arguments(void **state) {
    (void)state;
    reads_as("", "");
    reads_as("# nothing\n\n   \n", "");
    reads_as("missing \"unknown\" in job, education", "missing|job,education|unknown|||");
    reads_as("missing 'a', \"b, c\",-1 in emp*", "missing|emp*|a,b, c,-1|||");
    reads_as("replace V->'W ''w''' in `odd name`", "replace|odd name!|V,W 'w'|||");
    reads_as("  DROP   Duplicates", "drop duplicates|||||");
    reads_as("drop duplicates in a,b", "drop duplicates|a,b||||");
    reads_as("drop column duration            # known only after the call: a leak",
             "drop column|duration||||");
    reads_as("drop rows where age < 18 and job = '# x' -- why",
             "drop rows where||||"
             "|age < 18 and job = '# x'");
    reads_as("derive ever_called = pdays < 999", "derive|||ever_called||pdays < 999");
    reads_as("derive `a b`=1", "derive|||a b||1");
    reads_as("impute mode in category", "impute|category|||mode|");
    reads_as("impute MEDIAN in x", "impute|x|||median|");
    reads_as("impute 'median' in x", "impute|x|median|||");
    reads_as("impute 0 in x", "impute|x|0|||");
    reads_as("cast age -> FLOAT", "cast|age|||||float");
    reads_as("rename emp.var.rate -> rate", "rename|emp.var.rate||rate||");
    reads_as("trim all\r\nlower job\r\n", "trim|all||||/lower|job||||");
}

static void wrong(unsigned where, const char *code, const char *text, const char *hint,
                  const char *caret) {
    at_arena arena = {0};
    at_step_lines lines;
    at_error err;
    assert_int_not_equal(parse(where, code, &arena, &lines, &err), AT_OK);
    if (!strstr(err.text, text))
        fail_msg("'%s' is not in: %s", text, err.text);
    if (!strstr(err.hint, hint))
        fail_msg("'%s' is not in: %s", hint, err.hint);
    if (!strstr(err.context, caret))
        fail_msg("'%s' is not in:\n%s", caret, err.context);
    at_arena_fini(&arena);
}

static void test_errors(void **state) {
    (void)state;
    wrong(BOTH, "trim a\nreplace \"a\" > \"b\" in job", "expected '->', found >", "",
          "   2 | replace \"a\" > \"b\" in job\n     |             ^");
    wrong(BOTH, "mising \"x\" in job", "there is no step 'mising'",
          "did you mean 'missing'?", "^^^^^^");
    wrong(BOTH, "dorp column x", "there is no step 'dorp'", "'drop column'", "^^^^");
    wrong(BOTH, "drop colunm x", "drop", "drop column", "^");
    wrong(BOTH, "missing \"x\" on job", "expected ',' or 'in', found on", "",
          "            ^^");
    wrong(BOTH, "missing \"x\"", "expected ',' or 'in'", "for example", "           ^");
    wrong(BOTH, "missing \"x in job", "the quote \" is not closed", "twice", "        ^");
    wrong(BOTH, "drop column Sample code", "found code", "backticks",
          "                   ^^^^");
    wrong(BOTH, "cast age -> flot", "there is no type 'flot'", "did you mean float?",
          "^^^^");
    wrong(BOTH, "derive x =", "expected an SQL expression", "", "^");
    wrong(AT_STEP_CLEAN, "one-hot category",
          "'one-hot' is a step of %%prepare, not of %%clean", "", "^^^^^^^");
    wrong(AT_STEP_PREPARE, "drop duplicates", "'drop duplicates' is a step of %%clean",
          "", "^");
}

static const char *slots(const char *line, char *out, size_t size) {
    static const char *const names[] = {"VERB",   "COLUMNS", "COLUMN", "VALUE",
                                        "VALUES", "NAME",    "TYPE",   "EXPRESSION",
                                        "",       "COMMA",   "END"};
    at_arena arena = {0};
    at_slots found;
    at_stepline_slots(BOTH, line, strlen(line), &arena, &found);
    out[0] = '\0';
    for (size_t i = 0; i < found.count; i++) {
        size_t n = strlen(out);
        const at_slot *s = &found.items[i];
        if (s->kind == AT_SLOT_WORD)
            snprintf(out + n, size - n, "%s%.*s", n ? " " : "", (int)s->length, s->text);
        else
            snprintf(out + n, size - n, "%s%s", n ? " " : "", names[s->kind]);
    }
    at_arena_fini(&arena);
    return out;
}

static void test_slots(void **state) {
    (void)state;
    char out[256];
    assert_string_equal(slots("", out, sizeof out), "VERB");
    assert_string_equal(slots("missing ", out, sizeof out), "VALUES");
    assert_string_equal(slots("missing 'x' ", out, sizeof out), "COMMA in");
    assert_string_equal(slots("missing 'x' in ", out, sizeof out), "COLUMNS");
    assert_string_equal(slots("missing 'x' in job ", out, sizeof out), "COMMA END");
    assert_string_equal(slots("missing 'x' in job,", out, sizeof out), "COLUMNS");
    assert_string_equal(slots("drop duplicates ", out, sizeof out), "in END");
    assert_string_equal(slots("cast age -> ", out, sizeof out), "TYPE");
    assert_string_equal(slots("impute ", out, sizeof out), "median mean mode VALUE");
    assert_string_equal(slots("derive x = ", out, sizeof out), "EXPRESSION");
    assert_string_equal(slots("missing 'x' on ", out, sizeof out), "");
}

static at_status sweep(void *context) {
    at_arena arena = {0};
    at_step_lines lines;
    at_error err;
    at_status status = parse(BOTH, context, &arena, &lines, &err);
    at_arena_fini(&arena);
    return status;
}

static void test_no_memory(void **state) {
    (void)state;
    char code[] =
        "missing 'a', b in c, d\nderive x = 1\nimpute mode in category\ncast a -> int";
    assert_true(at_test_sweep(sweep, code) > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_parse), cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_errors),         cmocka_unit_test(test_slots),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
