/* Boxes: the quartiles of a column of numbers, by name. */
#include "magics/data/plot.h"
#include "magics/view/grid.h"
#include "magics/view/style.h"
#include "ops/explore/quartiles.h"

#include <math.h>

enum { BOXES = 64 };

static at_box box_of(at_plot *p, const at_quartiles *q, const char *name,
                     const char *color) {
    return (at_box){.name = name,
                    .note = at_view_count(p->context->arena, q->count),
                    .color = color,
                    .low = q->low,
                    .q25 = q->q25,
                    .median = q->median,
                    .q75 = q->q75,
                    .high = q->high,
                    .mean = q->mean,
                    .outside = q->shown,
                    .outside_count = (size_t)q->shown_count};
}

/* Each slot of `levels`, parted by the groups. codes of out: slot * groups + group. */
static at_status combine(const at_axis *levels, const at_axis *groups, at_axis *out,
                         at_error *err) {
    *out = (at_axis){.rows = levels->rows, .count = levels->count * groups->count};
    out->codes = at_alloc_array((size_t)out->rows + 1, sizeof *out->codes);
    if (!out->codes)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to group the rows");
    for (int64_t r = 0; r < out->rows; r++)
        out->codes[r] = levels->codes[r] < 0 || groups->codes[r] < 0
                            ? -1
                            : levels->codes[r] * groups->count + groups->codes[r];
    return AT_OK;
}

static at_status draw(at_plot *p, const at_column *names, const at_column *numbers,
                      const at_axis *levels, at_error *err) {
    at_arena *arena = p->context->arena;
    const at_axis *groups = p->groups.count ? &p->groups : NULL;
    int parts = groups ? groups->count : 1, slots = levels ? levels->count : 1;
    size_t count = (size_t)(parts * slots);
    at_quartiles *q = at_arena_alloc(arena, count * sizeof *q);
    at_box *boxes = at_arena_alloc(arena, count * sizeof *boxes);
    at_series *keys = at_arena_alloc(arena, (size_t)parts * sizeof *keys);
    if (!q || !boxes || !keys)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for boxes");
    at_axis both = {0};
    if (levels && groups)
        AT_TRY(combine(levels, groups, &both, err));
    at_status status = at_quartiles_of(numbers,
                                       both.count ? &both
                                       : levels   ? levels
                                                  : groups,
                                       q, err);
    at_axis_fini(&both);
    AT_TRY(status);
    int64_t known = 0;
    for (int i = 0; i < parts * slots; i++) {
        const char *name = levels   ? (i % parts ? NULL : levels->names[i / parts])
                           : groups ? groups->names[i]
                                    : numbers->name;
        boxes[i] = box_of(p, &q[i], name,
                          groups ? at_plot_color(p, i % parts) : at_style_color(0));
        boxes[i].group = groups && levels ? groups->names[i % parts] : NULL;
        known += q[i].count;
    }
    for (int s = 0; groups && levels && s < parts; s++)
        keys[s] = (at_series){.name = groups->names[s], .color = at_plot_color(p, s)};
    if (known == 0)
        return at_fail(err, AT_INVALID, "column %s holds no value", numbers->name);
    if (known < at_frame_rows(p->frame))
        at_plot_note(p, "%s without a value",
                     at_view_plural(arena, at_frame_rows(p->frame) - known, "row"));
    const char *by = groups && levels
                         ? at_arena_format(arena, "%s and %s", names->name, p->by->name)
                     : levels ? names->name
                     : groups ? p->by->name
                              : NULL;
    at_chart chart = {.kind = AT_CHART_BOX,
                      .x_label = numbers->name,
                      .series = keys,
                      .series_count = groups && levels ? (size_t)parts : 0,
                      .width = AT_PLOT_WIDTH,
                      .x_time = at_plot_role_of(numbers) == AT_ROLE_TIME,
                      .tall = true,
                      .boxes = boxes,
                      .box_count = count};
    return at_plot_send(
        p, by ? at_arena_format(arena, "%s by %s", numbers->name, by) : numbers->name,
        &chart, 1, err);
}

at_status at_plot_box(at_plot *p, at_error *err) {
    const at_column *numbers = p->y ? p->y : p->x, *names = p->y ? p->x : NULL;
    if (p->y && at_plot_role_of(p->y) == AT_ROLE_NAMES) { /* age job: the other way */
        numbers = p->x;
        names = p->y;
    }
    if (at_plot_role_of(numbers) == AT_ROLE_NAMES) {
        at_fail(err, AT_INVALID, "boxes need a column of numbers: %s holds %s",
                numbers->name, at_type_name(numbers->type));
        return at_hint(err, p->y ? "--kind bar or heatmap show names by names"
                                 : "--kind bar counts its values");
    }
    if (!names)
        return draw(p, NULL, numbers, NULL, err);
    at_axis levels;
    int most = p->groups.count ? BOXES / p->groups.count : AT_PLOT_LEVELS;
    AT_TRY(at_plot_levels(p, names, most < AT_PLOT_LEVELS ? most : AT_PLOT_LEVELS,
                          &levels, err));
    at_status status = draw(p, names, numbers, &levels, err);
    at_axis_fini(&levels);
    return status;
}
