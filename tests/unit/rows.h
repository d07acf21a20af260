/* Small frames for tests from text, and a recipe from lines: what the language parses,
 * here with just enough of its grammar. */
#ifndef ATELIER_TESTS_ROWS_H
#define ATELIER_TESTS_ROWS_H

#include "tests/unit/unit.h"

#include "ops/base/text.h"
#include "ops/recipe/recipe.h"
#include "ops/recipe/value.h"

#include <math.h>

/* "age:int job:category" and rows of cells parted by '|'; "~" is a missing cell. */
static inline at_frame *rows_frame(const char *schema, const char *const *rows,
                                   size_t count) {
    at_column_builder *builders[32];
    at_type types[32];
    int columns = 0;
    at_error err;
    for (const char *p = schema; *p; columns++) {
        size_t name = strcspn(p, ":"), type = strcspn(p + name, " ");
        char *n = at_copy_bytes(p, name), *t = at_copy_bytes(p + name + 1, type - 1);
        assert_true(at_type_from_name(t, &types[columns]));
        assert_ok(at_column_builder_new(n, types[columns], &builders[columns], &err),
                  &err);
        at_free(n);
        at_free(t);
        p += name + type;
        p += *p == ' ';
    }
    for (size_t r = 0; r < count; r++) {
        const char *p = rows[r];
        for (int c = 0; c < columns; c++) {
            size_t length = strcspn(p, "|");
            at_value value;
            if (length == 1 && *p == '~') {
                at_column_builder_missing(builders[c]);
            } else if (types[c] == AT_TYPE_FLOAT && length == 3 && !memcmp(p, "nan", 3)) {
                at_column_builder_real(builders[c], (double)NAN);
            } else {
                assert_true(at_value_read(p, length, types[c], &value));
                if (types[c] == AT_TYPE_FLOAT)
                    at_column_builder_real(builders[c], value.real);
                else if (value.type == AT_TYPE_TEXT)
                    at_column_builder_text(builders[c], p, (int64_t)length);
                else
                    at_column_builder_int(builders[c], value.integer);
            }
            p += length;
            p += *p == '|';
        }
    }
    at_frame_builder *b;
    at_frame *frame;
    assert_ok(at_frame_builder_new(&b, &err), &err);
    for (int c = 0; c < columns; c++)
        assert_ok(at_frame_builder_take(b, builders[c], &err), &err);
    assert_ok(at_frame_builder_finish(b, &frame, &err), &err);
    return frame;
}

#define ROWS(schema, ...)                                                                \
    rows_frame(schema, (const char *const[]){__VA_ARGS__},                               \
               COUNT(((const char *const[]){__VA_ARGS__})))

/* The frame as text: names, then cells, missing as "~". The caller frees. */
static inline char *rows_text(const at_frame *frame) {
    at_text out = {0};
    for (int c = 0; c < at_frame_columns(frame); c++) {
        const at_column *column = at_frame_column(frame, c);
        at_text_format(&out, "%s%s:%s", c ? " " : "", column->name,
                       at_type_name(column->type));
    }
    for (int64_t r = 0; r < at_frame_rows(frame); r++) {
        at_text_char(&out, '\n');
        for (int c = 0; c < at_frame_columns(frame); c++) {
            const at_column *column = at_frame_column(frame, c);
            at_text_put(&out, c ? "|" : "");
            if (at_column_valid(column, r))
                at_column_format(column, r, &out);
            else
                at_text_char(&out, '~');
        }
    }
    assert_true(at_text_ok(&out));
    return at_text_take(&out);
}

#define assert_rows(frame, text)                                                         \
    do {                                                                                 \
        char *shown_ = rows_text(frame);                                                 \
        assert_string_equal(shown_, text);                                               \
        at_free(shown_);                                                                 \
    } while (0)

/* Bit for bit the same columns, names and types. */
static inline void assert_same_frames(const at_frame *a, const at_frame *b) {
    char *x = rows_text(a), *y = rows_text(b);
    assert_string_equal(x, y);
    at_free(x);
    at_free(y);
    for (int c = 0; c < at_frame_columns(a); c++) {
        const at_column *p = at_frame_column(a, c), *q = at_frame_column(b, c);
        for (int64_t r = 0; p->type == AT_TYPE_FLOAT && r < p->rows; r++)
            if (at_column_valid(p, r))
                assert_same_real(p->reals[r], q->reals[r]);
    }
}

/* Words of lists are parted by ','; a word that begins with '`' is literal. NULL: none.
 */
typedef struct line {
    const char *verb, *columns, *values, *word, *name, *expression, *type;
} line;

static inline at_step *rows_step(const line *l) {
    at_step_args args = {0};
    at_selector columns[32];
    const char *values[32];
    at_arena arena = {0};
    for (const char *p = l->columns; p && *p;) {
        size_t length = strcspn(p, ",");
        bool literal = *p == '`';
        columns[args.column_count++] =
            (at_selector){at_arena_text(&arena, p + literal, length - literal), literal};
        p += length;
        p += *p == ',';
    }
    for (const char *p = l->values; p;) {
        size_t length = strcspn(p, ",");
        values[args.value_count++] = at_arena_text(&arena, p, length);
        p = p[length] == ',' ? p + length + 1 : NULL;
    }
    args.columns = columns;
    args.values = values;
    args.word = l->word;
    args.name = l->name;
    args.expression = l->expression;
    args.has_type = l->type != NULL;
    if (l->type)
        assert_true(at_type_from_name(l->type, &args.type));
    at_step *step;
    at_error err;
    assert_non_null(at_step_kind_find(l->verb));
    assert_ok(at_step_new(at_step_kind_find(l->verb), &args, 1, &step, &err), &err);
    at_arena_fini(&arena);
    return step;
}

static inline at_recipe *rows_recipe(const line *lines, size_t count) {
    at_recipe *recipe;
    at_error err;
    assert_ok(at_recipe_new(&recipe, &err), &err);
    for (size_t i = 0; i < count; i++)
        assert_ok(at_recipe_take(recipe, rows_step(&lines[i]), &err), &err);
    return recipe;
}

#define RECIPE(...)                                                                      \
    rows_recipe((const line[]){__VA_ARGS__}, COUNT(((const line[]){__VA_ARGS__})))

/* Through JSON text and back, as a model keeps it. Consumes the recipe. */
static inline at_recipe *rows_reload(at_recipe *recipe) {
    at_error err;
    json_t *json = at_recipe_to_json(recipe);
    assert_non_null(json);
    char *text = json_dumps(json, 0);
    json_t *again = json_loads(text, 0, NULL);
    at_recipe *loaded;
    assert_ok(at_recipe_from_json(again, &loaded, &err), &err);
    json_decref(json);
    json_decref(again);
    free(text);
    at_recipe_release(recipe);
    return loaded;
}

/* Fits, and checks what must hold for every recipe without row steps: applied to its
 * training rows it makes what fit made; after save and load too; one row at a time too.
 * Consumes both. */
static inline void rows_check(at_recipe *recipe, at_frame *frame, const char *target,
                              const char *expected) {
    at_error err;
    at_step_context context = {target, NULL};
    at_frame *fitted, *applied, *one, *row;
    assert_ok(at_recipe_fit(recipe, frame, &context, &fitted, NULL, &err), &err);
    assert_rows(fitted, expected);
    assert_true(at_recipe_fitted(recipe));
    recipe = rows_reload(recipe);
    assert_ok(at_recipe_apply(recipe, frame, &context, true, &applied, &err), &err);
    assert_same_frames(fitted, applied);
    for (int64_t i = 0; i < at_frame_rows(frame); i++) {
        at_frame *want;
        assert_ok(at_frame_take_rows(frame, &i, 1, &one, &err), &err);
        assert_ok(at_recipe_apply(recipe, one, &context, true, &row, &err), &err);
        assert_ok(at_frame_take_rows(fitted, &i, 1, &want, &err), &err);
        assert_same_frames(want, row);
        at_frame_release(want);
        at_frame_release(row);
        at_frame_release(one);
    }
    at_frame_release(applied);
    at_frame_release(fitted);
    at_frame_release(frame);
    at_recipe_release(recipe);
}

/* The fit fails with this status and these words. Consumes both. */
static inline void rows_fails(at_recipe *recipe, at_frame *frame, const char *target,
                              at_status status, const char *text, const char *hint) {
    at_error err = {0};
    at_step_context context = {target, NULL};
    assert_int_equal(at_recipe_fit(recipe, frame, &context, NULL, NULL, &err), status);
    if (!strstr(err.text, text))
        fail_msg("'%s' lacks '%s'", err.text, text);
    if (!strstr(err.hint, hint))
        fail_msg("'%s' lacks '%s'", err.hint, hint);
    at_recipe_release(recipe);
    at_frame_release(frame);
}

#endif
