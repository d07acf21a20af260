#include "magics/language/describe.h"
#include "magics/view/grid.h"
#include "ops/base/suggest.h"
#include "ops/base/text.h"
#include "ops/frame/profile.h"

#include <string.h>

static at_status dataset(at_workspace *workspace, const char *name, at_bundle *out,
                         at_error *err) {
    at_frame *frame;
    AT_TRY(at_store_frame(workspace, name, &frame, err));
    at_table_options options = {.rows = 5, .title = name, .types = true};
    at_status status = at_view_table(frame, -1, &options, out, err);
    at_frame_release(frame);
    return status;
}

static void add(at_fact *facts, size_t *count, const char *key, const char *value) {
    if (value && *value)
        facts[(*count)++] = (at_fact){key, value};
}

/* The facts of a column's profile, as few as say something. */
static size_t collect(const at_column *column, const at_profile *p, at_arena *arena,
                      at_fact facts[12]) {
    size_t count = 0;
    at_text top = {0};
    add(facts, &count, "type", at_type_name(column->type));
    add(facts, &count, "rows", at_view_count(arena, p->rows));
    add(facts, &count, "missing", at_view_count(arena, p->missing));
    add(facts, &count, "distinct", at_view_count(arena, p->distinct));
    if (at_type_numeric(column->type) && p->rows > p->missing) {
        add(facts, &count, "from", at_view_number(arena, p->min));
        add(facts, &count, "to", at_view_number(arena, p->max));
        add(facts, &count, "mean", at_view_number(arena, p->mean));
        add(facts, &count, "median", at_view_number(arena, p->median));
        add(facts, &count, "deviation", at_view_number(arena, p->deviation));
    }
    for (int i = 0; i < p->tops && i < 5; i++)
        at_text_format(&top, "%s%s (%s)", i ? ", " : "", p->top[i],
                       at_view_count(arena, p->top_count[i]));
    if (top.length && at_text_ok(&top))
        add(facts, &count, "most frequent",
            at_arena_text(arena, at_text_get(&top), top.length));
    at_text_fini(&top);
    return count;
}

static at_status no_column(const at_frame *frame, const char *dataset_name,
                           const char *name, at_error *err) {
    int count = at_frame_columns(frame);
    const char **names = at_alloc_array((size_t)count + 1, sizeof *names);
    at_fail(err, AT_NOT_FOUND, "%s has no column '%.100s'", dataset_name, name);
    if (!names)
        return AT_NOT_FOUND;
    for (int i = 0; i < count; i++)
        names[i] = at_frame_column(frame, i)->name;
    const char *near = at_nearest(name, names, (size_t)count);
    if (near)
        (void)at_hint(err, "did you mean %s?", near);
    at_free(names);
    return AT_NOT_FOUND;
}

at_status at_describe_column(at_workspace *workspace, const char *dataset_name,
                             const char *name, at_bundle *out, at_error *err) {
    at_frame *frame;
    at_arena arena = {0};
    at_profile profile;
    AT_TRY(at_store_frame(workspace, dataset_name, &frame, err));
    int index = at_frame_find(frame, name);
    const at_column *column = index >= 0 ? at_frame_column(frame, index) : NULL;
    at_status status = column ? at_profile_column(column, &arena, &profile, err)
                              : no_column(frame, dataset_name, name, err);
    if (!status) {
        at_fact facts[12];
        size_t count = collect(column, &profile, &arena, facts);
        const char *title = at_arena_format(&arena, "%s.%s", dataset_name, column->name);
        status = at_view_facts(title, facts, count, out, err);
    }
    at_arena_fini(&arena);
    at_frame_release(frame);
    return status;
}

at_status at_describe_name(at_workspace *workspace, const char *name, at_bundle *out,
                           at_error *err) {
    const char *dot = strchr(name, '.');
    if (!dot)
        return dataset(workspace, name, out, err);
    at_arena arena = {0};
    const char *first = at_arena_text(&arena, name, (size_t)(dot - name));
    at_status status = first ? at_describe_column(workspace, first, dot + 1, out, err)
                             : at_fail(err, AT_NO_MEMORY, "no memory left");
    at_arena_fini(&arena);
    return status;
}
