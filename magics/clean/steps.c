#include "magics/clean/steps.h"

#include "magics/view/grid.h"
#include "ops/base/text.h"

at_status at_steps_recipe(const at_step_lines *lines, at_recipe **out, at_error *err) {
    at_recipe *recipe = NULL;
    AT_TRY(at_recipe_new(&recipe, err));
    for (size_t i = 0; i < lines->count; i++) {
        at_step *step = NULL;
        at_status status = at_step_new(lines->items[i].kind, &lines->items[i].args,
                                       lines->items[i].line, &step, err);
        if (status == AT_OK)
            status = at_recipe_take(recipe, step, err);
        if (status != AT_OK) {
            at_recipe_release(recipe);
            return status;
        }
    }
    *out = recipe;
    return AT_OK;
}

at_step_report *at_steps_reports(at_context *context, const at_recipe *recipe) {
    size_t count = at_recipe_count(recipe);
    at_step_report *reports =
        at_arena_alloc(context->arena, (count + 1) * sizeof *reports);
    for (size_t i = 0; reports && i < count; i++)
        reports[i].arena = context->arena;
    return reports;
}

/* "job: unknown → – (330)": before and after of one change. */
static void put_example(at_text *out, const at_step_report *report, int i) {
    const char *before = report->examples[i].before, *after = report->examples[i].after;
    if (report->examples[i].column)
        at_text_format(out, "%s: ", report->examples[i].column);
    at_text_format(out, "%s → %s", before ? before : "–", after ? after : "–");
    if (report->examples[i].count > 1)
        at_text_format(out, " (%lld×)", (long long)report->examples[i].count);
}

static const char *changed_text(at_arena *arena, const at_step_report *report) {
    at_text out = {0};
    int64_t rows = report->rows_before - report->rows_after;
    int columns = report->columns_after - report->columns_before;
    if (report->cells)
        at_text_put(&out, at_view_plural(arena, report->cells, "cell"));
    if (rows)
        at_text_format(&out, "%s%s %s", out.length ? ", " : "",
                       at_view_plural(arena, rows, "row"), "dropped");
    if (columns)
        at_text_format(&out, "%s%s %s", out.length ? ", " : "",
                       at_view_plural(arena, columns < 0 ? -columns : columns, "column"),
                       columns < 0 ? "dropped" : "more");
    if (!out.length && !report->note)
        at_text_put(&out, "nothing");
    const char *text = at_arena_text(arena, at_text_get(&out), out.length);
    at_text_fini(&out);
    return text;
}

static const char *examples_text(at_arena *arena, const at_step_report *report) {
    at_text out = {0};
    if (report->note)
        at_text_put(&out, report->note);
    for (int i = 0; i < report->example_count && i < 3; i++) {
        at_text_put(&out, out.length ? " · " : "");
        put_example(&out, report, i);
    }
    const char *text = at_arena_text(arena, at_text_get(&out), out.length);
    at_text_fini(&out);
    return text;
}

/* What steps merged by their own judgement, for the user to check. */
static at_status show_merges(at_context *context, const at_step *step,
                             const at_step_report *report, at_error *err) {
    static const at_grid_column heads[] = {{"column", NULL, false},
                                           {"kept", NULL, false},
                                           {"cells", NULL, true},
                                           {"merged into it", NULL, false}};
    at_arena *arena = context->arena;
    size_t count = report->merge_count;
    at_grid_cell *cells = at_arena_alloc(arena, (4 * count + 1) * sizeof *cells);
    at_text line = {0}, name = {0};
    at_step_write(step, &line);
    at_step_write_name(&name, report->merges[0].column);
    const char *title = at_arena_text(arena, at_text_get(&line), line.length);
    const char *caption = at_arena_format(
        arena, "if one is wrong: merge similar %s except \"...\"", at_text_get(&name));
    at_text_fini(&line);
    at_text_fini(&name);
    if (!cells || !title || !caption)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to show the steps");
    for (size_t i = 0; i < count; i++) {
        cells[4 * i].text = report->merges[i].column;
        cells[4 * i + 1].text = report->merges[i].kept;
        cells[4 * i + 2].text = at_view_count(arena, report->merges[i].cells);
        cells[4 * i + 3].text = report->merges[i].merged;
    }
    at_grid grid = {.title = title,
                    .caption = caption,
                    .columns = heads,
                    .column_count = 4,
                    .cells = cells,
                    .row_count = count,
                    .wrap = 1u << 3};
    at_bundle bundle;
    AT_TRY(at_view_grid(&grid, &bundle, err));
    at_view_send(context->call->display, &bundle);
    return AT_OK;
}

at_status at_steps_show(at_context *context, const at_recipe *recipe,
                        const at_step_report *reports, const char *title,
                        const char *caption, at_error *err) {
    static const at_grid_column heads[] = {
        {"step", NULL, false}, {"changed", NULL, false}, {"for example", NULL, false}};
    at_arena *arena = context->arena;
    size_t count = at_recipe_count(recipe);
    at_grid_cell *cells = at_arena_alloc(arena, (3 * count + 1) * sizeof *cells);
    if (!cells)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to show the steps");
    for (size_t i = 0; i < count; i++) {
        at_text line = {0};
        at_step_write(at_recipe_step(recipe, i), &line);
        cells[3 * i].text = at_arena_text(arena, at_text_get(&line), line.length);
        at_text_fini(&line);
        cells[3 * i + 1].text = changed_text(arena, &reports[i]);
        cells[3 * i + 2].text = examples_text(arena, &reports[i]);
    }
    at_grid grid = {.title = title,
                    .caption = caption,
                    .columns = heads,
                    .column_count = 3,
                    .cells = cells,
                    .row_count = count,
                    .wrap = 1u << 2};
    at_bundle bundle;
    AT_TRY(at_view_grid(&grid, &bundle, err));
    at_view_send(context->call->display, &bundle);
    for (size_t i = 0; i < count; i++)
        if (reports[i].merge_count)
            AT_TRY(show_merges(context, at_recipe_step(recipe, i), &reports[i], err));
    return AT_OK;
}
