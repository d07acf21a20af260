#include "ops/recipe/recipe.h"

#include "ops/base/text.h"

struct at_recipe {
    at_step **steps;
    size_t count, capacity;
};

at_status at_recipe_new(at_recipe **out, at_error *err) {
    *out = at_alloc_zero(sizeof **out);
    return *out ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
}

void at_recipe_release(at_recipe *recipe) {
    if (!recipe)
        return;
    for (size_t i = 0; i < recipe->count; i++)
        at_step_release(recipe->steps[i]);
    at_free(recipe->steps);
    at_free(recipe);
}

at_status at_recipe_take(at_recipe *recipe, at_step *step, at_error *err) {
    at_step **steps = at_grow(recipe->steps, &recipe->capacity, recipe->count + 1,
                              sizeof *recipe->steps);
    if (!steps) {
        at_step_release(step);
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    recipe->steps = steps;
    steps[recipe->count++] = step;
    return AT_OK;
}

size_t at_recipe_count(const at_recipe *recipe) {
    return recipe->count;
}

const at_step *at_recipe_step(const at_recipe *recipe, size_t index) {
    return index < recipe->count ? recipe->steps[index] : NULL;
}

bool at_recipe_fitted(const at_recipe *recipe) {
    for (size_t i = 0; i < recipe->count; i++) {
        if (!recipe->steps[i]->fitted)
            return false;
    }
    return true;
}

/* An error says which step it met. */
static at_status name_step(const at_step *step, at_status status, at_error *err) {
    if (status == AT_OK || status == AT_NO_MEMORY || status == AT_CANCELLED)
        return status;
    at_text line = {0};
    at_step_write(step, &line);
    if (step->line)
        at_prefix(err, "line %d, %.300s", step->line, at_text_get(&line));
    else
        at_prefix(err, "%.300s", at_text_get(&line));
    at_text_fini(&line);
    return status;
}

static at_status cancelled(const at_step_context *context, at_error *err) {
    return at_cancelled(context->cancel) ? at_fail(err, AT_CANCELLED, "interrupted")
                                         : AT_OK;
}

static at_status fit_step(at_step *step, at_sheet *sheet, const at_step_context *context,
                          at_step_report *report, at_error *err) {
    AT_TRY(cancelled(context, err));
    if (report) {
        report->rows_before = sheet->rows;
        report->columns_before = sheet->count;
    }
    step->fitted = false;
    if (step->kind->fini)
        step->kind->fini(step);
    step->state = NULL;
    AT_TRY(step->kind->fit(step, sheet, context, err));
    step->fitted = true;
    const at_step_kind *kind = step->kind;
    AT_TRY((kind->apply_training ? kind->apply_training
                                 : kind->apply)(step, sheet, context, report, err));
    if (report) {
        report->rows_after = sheet->rows;
        report->columns_after = sheet->count;
    }
    return AT_OK;
}

at_status at_recipe_fit(at_recipe *recipe, const at_frame *frame,
                        const at_step_context *context, at_frame **out,
                        at_step_report *reports, at_error *err) {
    at_error unread; /* so that steps need not ask */
    err = err ? err : &unread;
    at_sheet sheet;
    AT_TRY(at_sheet_init(&sheet, frame, err));
    at_status status = AT_OK;
    for (size_t i = 0; i < recipe->count && status == AT_OK; i++) {
        at_step *step = recipe->steps[i];
        status = name_step(
            step, fit_step(step, &sheet, context, reports ? &reports[i] : NULL, err),
            err);
    }
    if (status == AT_OK && out)
        status = at_sheet_frame(&sheet, out, err);
    at_sheet_fini(&sheet);
    return status;
}

typedef struct absence {
    const at_recipe *recipe;
    size_t step;
    const char *target;
    bool skip_rows;
} absence;

static bool holds(const char *const *names, size_t count, const char *name,
                  size_t *place) {
    for (size_t i = 0; i < count; i++) {
        if (at_equal_fold(names[i], name)) {
            *place = i;
            return true;
        }
    }
    return false;
}

/* One step backwards: from the names that nobody needs after it to those before it. */
static void step_back(const at_step *step, const char **names, size_t *count) {
    size_t place;
    at_flow flow = step->kind->flow;
    if (flow == AT_FLOW_MAKES || flow == AT_FLOW_RENAMES) {
        if (holds(names, *count, step->args.name, &place)) {
            if (flow == AT_FLOW_RENAMES)
                names[(*count)++] = step->columns[0];
            return;
        }
        if (flow == AT_FLOW_MAKES) /* what it overwrites, if anything */
            names[(*count)++] = step->args.name;
    }
    for (size_t i = 0; i < step->column_count; i++) {
        if (flow == AT_FLOW_DROPS)
            names[(*count)++] = step->columns[i];
        else if (flow != AT_FLOW_CHANGES &&
                 holds(names, *count, step->columns[i], &place))
            names[place] = names[--*count];
    }
}

/* Liveness, as a compiler has it: from the end, where all but the target is needed, back
 * to the step at work. */
static at_status spares(void *context, const char *name, bool *out, at_error *err) {
    const absence *a = context;
    size_t most = 1, count = 0, place;
    for (size_t i = a->step; i < a->recipe->count; i++)
        most += a->recipe->steps[i]->column_count + 1;
    const char **names = at_alloc_array(most, sizeof *names);
    if (!names)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    if (a->target)
        names[count++] = a->target;
    for (size_t i = a->recipe->count; i-- > a->step;) {
        const at_step *step = a->recipe->steps[i];
        if (!(step->kind->rows && a->skip_rows))
            step_back(step, names, &count);
    }
    *out = holds(names, count, name, &place);
    at_free(names);
    return AT_OK;
}

at_status at_recipe_spares(const at_recipe *recipe, const char *name, const char *target,
                           bool *out, at_error *err) {
    absence a = {recipe, 0, target, true};
    return spares(&a, name, out, err);
}

static at_status run_step(const at_step *step, at_sheet *sheet,
                          const at_step_context *context, at_error *err) {
    AT_TRY(cancelled(context, err));
    if (!step->fitted)
        return at_fail(err, AT_INTERNAL, "the step is not fitted");
    return step->kind->apply(step, sheet, context, NULL, err);
}

at_status at_recipe_run(const at_recipe *recipe, at_sheet *sheet,
                        const at_step_context *context, bool skip_rows, at_error *err) {
    at_error unread;
    err = err ? err : &unread;
    absence a = {recipe, 0, context->target, skip_rows};
    sheet->spares = spares;
    sheet->spares_context = &a;
    at_status status = AT_OK;
    for (size_t i = 0; i < recipe->count && status == AT_OK; i++) {
        const at_step *step = recipe->steps[i];
        a.step = i;
        if (!(step->kind->rows && skip_rows))
            status = name_step(step, run_step(step, sheet, context, err), err);
    }
    sheet->spares = NULL;
    return status;
}

at_status at_recipe_apply(const at_recipe *recipe, const at_frame *frame,
                          const at_step_context *context, bool skip_rows, at_frame **out,
                          at_error *err) {
    at_sheet sheet;
    AT_TRY(at_sheet_init(&sheet, frame, err));
    at_status status = at_recipe_run(recipe, &sheet, context, skip_rows, err);
    if (status == AT_OK)
        status = at_sheet_frame(&sheet, out, err);
    at_sheet_fini(&sheet);
    return status;
}
