/* Steps against scikit-learn, category_encoders and pandas (golden/steps.json, made by
 * make_steps.py): what the rows of the fit become, and what they become when they are
 * served later, one by one, from a saved recipe. */
#include "tests/unit/steplines.h"

static json_t *cases;

static void put_cell(at_column_builder *b, at_type type, const json_t *cell) {
    at_value value;
    if (json_is_null(cell)) {
        at_column_builder_missing(b);
    } else if (json_is_string(cell)) {
        const char *text = json_string_value(cell);
        assert_true(at_value_read(text, strlen(text), type, &value));
        if (value.type == AT_TYPE_TEXT)
            at_column_builder_text(b, text, (int64_t)strlen(text));
        else
            at_column_builder_int(b, value.integer);
    } else if (type == AT_TYPE_FLOAT) {
        at_column_builder_real(b, json_number_value(cell));
    } else {
        at_column_builder_int(b, json_integer_value(cell));
    }
}

static at_frame *read_table(json_t *table) {
    at_frame_builder *b;
    at_frame *frame;
    at_error err;
    const char *name;
    json_t *column;
    assert_ok(at_frame_builder_new(&b, &err), &err);
    json_object_foreach(table, name, column) {
        at_type type;
        at_column_builder *c;
        assert_true(
            at_type_from_name(json_string_value(json_array_get(column, 0)), &type));
        assert_ok(at_column_builder_new(name, type, &c, &err), &err);
        const json_t *cells = json_array_get(column, 1);
        for (size_t i = 0; i < json_array_size(cells); i++)
            put_cell(c, type, json_array_get(cells, i));
        assert_ok(at_frame_builder_take(b, c, &err), &err);
    }
    assert_ok(at_frame_builder_finish(b, &frame, &err), &err);
    return frame;
}

static void check_cell(const char *step, const at_column *c, int64_t row,
                       const json_t *want) {
    if (json_is_null(want)) {
        assert_false(at_column_valid(c, row));
    } else if (json_is_string(want)) {
        int64_t length;
        const char *text = at_column_text(c, row, &length);
        assert_non_null(text);
        assert_int_equal(length, json_string_length(want));
        assert_memory_equal(text, json_string_value(want), (size_t)length);
    } else {
        double got = at_column_real(c, row), value = json_number_value(want);
        if (!(fabs(got - value) <= 1e-9 * fmax(1, fabs(value))))
            fail_msg("%s: row %d of %s is %.17g, the oracle says %.17g", step, (int)row,
                     c->name, got, value);
    }
}

static void check_frame(const char *step, const at_frame *frame, json_t *expected) {
    const char *name;
    json_t *cells;
    json_object_foreach(expected, name, cells) {
        int place = at_frame_find(frame, name);
        if (place < 0)
            fail_msg("%s: no column %s", step, name);
        assert_int_equal(json_array_size(cells), at_frame_rows(frame));
        for (size_t i = 0; i < json_array_size(cells); i++)
            check_cell(step, at_frame_column(frame, place), (int64_t)i,
                       json_array_get(cells, i));
    }
}

static void test_cases(void **state) {
    (void)state;
    size_t i;
    json_t *one;
    json_array_foreach(cases, i, one) {
        at_error err;
        const char *body = json_string_value(json_object_get(one, "step"));
        const char *target = json_string_value(json_object_get(one, "target"));
        at_frame *frame = read_table(json_object_get(one, "table")), *fitted, *served;
        at_step_context context = {target, NULL};
        at_recipe *recipe = PREPARE(body);
        at_status status = at_recipe_fit(recipe, frame, &context, &fitted, NULL, &err);
        if (status != AT_OK)
            fail_msg("%s: %s", body, err.text);
        check_frame(body, fitted, json_object_get(one, "fitted"));
        recipe = rows_reload(recipe);
        assert_ok(at_recipe_apply(recipe, frame, &context, true, &served, &err), &err);
        check_frame(body, served, json_object_get(one, "served"));
        if (json_equal(json_object_get(one, "fitted"), json_object_get(one, "served")))
            assert_same_frames(fitted, served);
        assert_served(recipe, frame, target, served);
        at_frame_release(served);
        at_frame_release(fitted);
        at_frame_release(frame);
        at_recipe_release(recipe);
    }
    assert_true(i > 20);
}

static int read_golden(void **state) {
    (void)state;
    cases = json_load_file(ATELIER_SOURCE "/tests/unit/golden/steps.json", 0, NULL);
    return cases ? 0 : -1;
}

static int drop_golden(void **state) {
    (void)state;
    json_decref(cases);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
    return cmocka_run_group_tests(tests, read_golden, drop_golden);
}
