/* interact C: pairs of columns: the product of two numbers, two categories as one. */
#include "ops/recipe/json.h"
#include "ops/recipe/level.h"

#include <math.h>

enum { MOST_PAIRS = 1000 };

/* (pairs): the names of the new columns, for columns 0 1, 0 2, ... 1 2, ... */
typedef const char *interact_state;

static size_t pairs(size_t columns) {
    return columns < 2 ? 0 : columns * (columns - 1) / 2;
}

static bool is_category(const at_column *c) {
    return at_type_textual(c->type) || c->type == AT_TYPE_BOOL;
}

static at_status check_columns(const at_step *step, const at_sheet *sheet,
                               bool *categories, at_error *err) {
    int place = 0;
    if (step->column_count < 2) {
        at_fail(err, AT_INVALID, "interact takes two columns or more, not %zu",
                step->column_count);
        return at_hint(err, "for example: %s", step->kind->example);
    }
    if (pairs(step->column_count) > MOST_PAIRS)
        return at_fail(err, AT_LIMIT, "%zu columns make %zu pairs: at most %d",
                       step->column_count, pairs(step->column_count), MOST_PAIRS);
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        const at_column *c = &sheet->columns[place];
        if (i == 0)
            *categories = is_category(c);
        if (is_category(c) ? *categories : at_type_numeric(c->type) && !*categories)
            continue;
        at_fail(err, AT_INVALID, "'%s' is %s, and '%s' is %s", c->name,
                at_type_name(c->type), step->columns[0],
                *categories ? "a category" : "a number");
        char name[AT_STEP_QUOTED];
        return at_hint(err,
                       "interact numbers with numbers, categories with categories; "
                       "a number becomes one by: bin %s by quantiles 5",
                       at_step_quote(*categories ? c->name : step->columns[0], name));
    }
    return AT_OK;
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    bool categories = false;
    AT_TRY(at_step_resolve(step, sheet, context, err));
    AT_TRY(check_columns(step, sheet, &categories, err));
    size_t n = step->column_count, k = 0;
    interact_state *names = at_arena_alloc(&step->arena, pairs(n) * sizeof *names);
    if (!names)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i + 1; j < n; j++, k++) {
            const char *base =
                at_arena_format(&step->arena, categories ? "%s & %s" : "%s * %s",
                                step->columns[i], step->columns[j]);
            names[k] = base ? at_level_fresh(sheet, names, k, &step->arena, base) : NULL;
            if (!names[k])
                return at_fail(err, AT_NO_MEMORY, "out of memory");
        }
    }
    step->state = names;
    return AT_OK;
}

static at_status add_product(at_sheet *sheet, int a, int b, const char *name,
                             at_error *err) {
    const at_column x = sheet->columns[a], y = sheet->columns[b];
    at_column_builder *builder;
    AT_TRY(at_column_builder_new(name, AT_TYPE_FLOAT, &builder, err));
    at_column_builder_reserve(builder, x.rows);
    for (int64_t i = 0; i < x.rows; i++) {
        double product = at_column_real(&x, i) * at_column_real(&y, i);
        if (isnan(product))
            at_column_builder_missing(builder);
        else
            at_column_builder_real(builder, product);
    }
    at_column made;
    at_column_store *store;
    char *copy;
    AT_TRY(at_column_builder_finish(builder, &made, &store, &copy, err));
    at_free(copy);
    return at_sheet_add(sheet, name, &made, store, false, err);
}

/* "x & y"; missing where one is. */
static at_status add_cross(at_sheet *sheet, int a, int b, const char *name,
                           at_error *err) {
    const at_column x = sheet->columns[a], y = sheet->columns[b];
    at_column_builder *builder;
    at_text cell = {0}, one = {0}, two = {0};
    AT_TRY(at_column_builder_new(name, AT_TYPE_CATEGORY, &builder, err));
    at_column_builder_reserve(builder, x.rows);
    for (int64_t i = 0; i < x.rows; i++) {
        int64_t m, n;
        const char *left = at_level_of(&x, i, &one, &m);
        const char *right = at_level_of(&y, i, &two, &n);
        if (!left || !right) {
            at_column_builder_missing(builder);
            continue;
        }
        at_text_clear(&cell);
        at_text_append(&cell, left, (size_t)m);
        at_text_put(&cell, " & ");
        at_text_append(&cell, right, (size_t)n);
        at_column_builder_text(builder, at_text_get(&cell), (int64_t)cell.length);
    }
    bool ok = at_text_ok(&cell) && at_text_ok(&one) && at_text_ok(&two);
    at_text_fini(&cell);
    at_text_fini(&one);
    at_text_fini(&two);
    if (!ok) {
        at_column_builder_release(builder);
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    at_column made;
    at_column_store *store;
    char *copy;
    AT_TRY(at_column_builder_finish(builder, &made, &store, &copy, err));
    at_free(copy);
    return at_sheet_add(sheet, name, &made, store, false, err);
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    (void)report;
    const interact_state *names = step->state;
    size_t n = step->column_count, k = 0;
    int a = 0;
    for (size_t i = 0; i < n; i++) {
        AT_TRY(at_step_place(step, i, sheet, &a, err));
        int b = a;
        for (size_t j = i + 1; j < n; j++, k++) {
            AT_TRY(at_step_place(step, j, sheet, &b, err));
            if (a < 0 || b < 0)
                continue;
            AT_TRY((is_category(&sheet->columns[a]) ? add_cross : add_product)(
                sheet, a, b, names[k], err));
        }
    }
    return AT_OK;
}

static json_t *save(const at_step *step) {
    return at_json_texts(step->state, pairs(step->column_count));
}

static at_status load(at_step *step, const json_t *saved, at_error *err) {
    const char *const *names;
    size_t count;
    AT_TRY(at_json_read_texts(saved, &step->arena, &names, &count, err));
    if (step->column_count > MOST_PAIRS || count != pairs(step->column_count))
        return at_json_broken(err);
    step->state = (void *)(uintptr_t)names;
    return AT_OK;
}

const at_step_kind at_step_interact = {
    .verb = "interact",
    .pattern = "COLUMNS",
    .where = AT_STEP_PREPARE,
    .flow = AT_FLOW_READS,
    .summary = "Adds a column for each pair of these: the product of two numbers, or two "
               "categories as one",
    .example = "interact age, balance",
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
};
