#include "ops/recipe/step.h"

#include "ops/base/text.h"

#include <string.h>

static const char *copy(at_arena *arena, const char *text, bool *ok) {
    if (!text)
        return NULL;
    const char *made = at_arena_text(arena, text, strlen(text));
    *ok = *ok && made;
    return made;
}

static bool copy_args(at_step *step, const at_step_args *args) {
    bool ok = true;
    at_arena *arena = &step->arena;
    at_selector *columns =
        at_arena_alloc(arena, (args->column_count + 1) * sizeof *columns);
    const char **values = at_arena_alloc(arena, (args->value_count + 1) * sizeof *values);
    if (!columns || !values)
        return false;
    for (size_t i = 0; i < args->column_count; i++) {
        columns[i] = args->columns[i];
        columns[i].text = copy(arena, args->columns[i].text, &ok);
    }
    for (size_t i = 0; i < args->value_count; i++)
        values[i] = copy(arena, args->values[i], &ok);
    step->args = *args;
    step->args.columns = columns;
    step->args.values = values;
    step->args.name = copy(arena, args->name, &ok);
    step->args.expression = copy(arena, args->expression, &ok);
    step->args.word = copy(arena, args->word, &ok);
    return ok;
}

at_status at_step_new(const at_step_kind *kind, const at_step_args *args, int line,
                      at_step **out, at_error *err) {
    at_step *step = at_alloc_zero(sizeof *step);
    if (!step || !copy_args(step, args)) {
        at_step_release(step);
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    step->kind = kind;
    step->line = line;
    *out = step;
    return AT_OK;
}

void at_step_release(at_step *step) {
    if (!step)
        return;
    if (step->kind && step->kind->fini)
        step->kind->fini(step);
    at_arena_fini(&step->arena);
    at_free(step);
}

at_status at_step_place(const at_step *step, size_t i, const at_sheet *sheet, int *place,
                        at_error *err) {
    const char *name = step->columns[i];
    *place = at_sheet_find(sheet, name, *place);
    if (*place >= 0)
        return AT_OK;
    bool spared = false;
    if (sheet->spares)
        AT_TRY(sheet->spares(sheet->spares_context, name, &spared, err));
    return spared ? AT_OK
                  : at_fail(err, AT_NOT_FOUND, "the column '%s' is missing", name);
}
