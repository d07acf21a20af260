#include "magics/data/describe_images.h"
#include "magics/view/chart.h"
#include "magics/view/grid.h"
#include "magics/view/pictures.h"
#include "ops/base/text.h"
#include "ops/image/survey.h"

#include <string.h>

enum { FACTS = 16, CLASSES = 24, LISTED = 20, MENDED = 200, USUAL_SIDE = 224 };

/* What is shown of one dataset. */
typedef struct sight {
    at_context *context;
    at_arena *arena;
    const char *name;
    const at_frame *frame;
    const at_images *images;
    at_survey found;
    at_fact facts[FACTS];
    size_t fact_count;
} sight;

static void add(sight *s, const char *key, const char *value) {
    if (value && s->fact_count < FACTS)
        s->facts[s->fact_count++] = (at_fact){key, value};
}

/* Where the picture of a row came from, or its row. */
static const char *source_of(const sight *s, int64_t row) {
    int index = at_frame_find(s->frame, "source");
    const at_column *column = index < 0 ? NULL : at_frame_column(s->frame, index);
    int64_t length = 0;
    const char *text =
        column && (column->type == AT_TYPE_TEXT || column->type == AT_TYPE_CATEGORY)
            ? at_column_text(column, row, &length)
            : NULL;
    return text ? at_arena_format(s->arena, "%.*s", (int)(length < 200 ? length : 200),
                                  text)
                : at_arena_format(s->arena, "row %s", at_view_count(s->arena, row + 1));
}

/* ---- the facts ----------------------------------------------------------------------
 */

static const char *classes_text(const sight *s) {
    const at_survey *f = &s->found;
    if (!f->class_count)
        return NULL;
    const at_survey_class *most = &f->classes[0];
    const at_survey_class *least = &f->classes[f->class_count - 1];
    if (most->count == least->count)
        return at_arena_format(s->arena, "%zu, of %s each", f->class_count,
                               at_view_plural(s->arena, most->count, "image"));
    return at_arena_format(s->arena, "%zu, of %s (%s) to %s images (%s)", f->class_count,
                           at_view_count(s->arena, least->count), least->name,
                           at_view_count(s->arena, most->count), most->name);
}

/* "192 × 128: Leopards/image_0001.jpg" */
static const char *size_text(const sight *s, const at_image_facts *facts, int64_t row) {
    return at_arena_format(s->arena, "%d × %d: %s", facts->w, facts->h,
                           source_of(s, row));
}

static const char *color_text(const sight *s) {
    const at_survey *f = &s->found;
    double grey = 100.0 * (double)f->grey / (double)f->rows;
    if (f->grey == 0 || f->grey == f->rows)
        return f->grey ? "all in shades of grey" : "all in colour";
    return at_arena_format(s->arena, "%.1f %% in colour, %.1f %% in shades of grey",
                           100 - grey, grey);
}

static const char *format_text(const sight *s) {
    const at_survey *f = &s->found;
    at_text text = {0};
    for (int k = 0; k <= AT_IMAGE_PNM; k++)
        if (f->formats[k])
            at_text_format(&text, "%s%s %s", text.length ? ", " : "",
                           at_view_count(s->arena, f->formats[k]),
                           at_image_format_name((at_image_format)k));
    const char *copy = at_arena_text(s->arena, at_text_get(&text), text.length);
    at_text_fini(&text);
    return copy;
}

/* What %%train can take them as. */
static const char *shape_text(const sight *s) {
    const at_survey *f = &s->found;
    int channels = f->grey == f->rows ? 1 : 3;
    if (f->side_least >= USUAL_SIDE)
        return at_arena_format(s->arena, "image_shape = %d,%d,%d", channels, USUAL_SIDE,
                               USUAL_SIDE);
    if (f->one_size && f->side_least < USUAL_SIDE / 2)
        return at_arena_format(s->arena, "image_shape = %d,%d,%d", channels, f->least.h,
                               f->least.w);
    return at_arena_format(s->arena, "image_shape = %d,%d,%d with resize = 256", channels,
                           USUAL_SIDE, USUAL_SIDE);
}

static void gather_facts(sight *s) {
    const at_survey *f = &s->found;
    at_arena *arena = s->arena;
    add(s, "images", at_view_count(arena, f->rows));
    add(s, "classes", classes_text(s));
    if (f->unlabelled)
        add(s, "without a label", at_view_count(arena, f->unlabelled));
    if (f->one_size)
        add(s, "size",
            at_arena_format(arena, "%d × %d, all of them", f->least.w, f->least.h));
    else {
        add(s, "smallest", size_text(s, &f->least, f->smallest));
        add(s, "largest", size_text(s, &f->most, f->largest));
        add(s, "shorter side",
            at_arena_format(arena, "%d to %d pixels, half of them at most %d",
                            f->side_least, f->side_most, f->side_median));
    }
    add(s, "colour", color_text(s));
    add(s, "format", format_text(s));
    if (f->turned)
        add(s, "turned",
            at_arena_format(arena, "%s by the camera's tag, shown upright",
                            at_view_plural(arena, f->turned, "image")));
    add(s, "memory",
        at_arena_format(arena, "%s as files, %s decoded", at_view_bytes(arena, f->bytes),
                        at_view_bytes(arena, f->decoded)));
    add(s, "to train", shape_text(s));
    if (f->twin_count)
        add(s, "there twice",
            at_arena_format(arena, "%s, %s under another label",
                            at_view_plural(arena, (int64_t)f->twin_count, "image"),
                            f->conflicts ? at_view_count(arena, (int64_t)f->conflicts)
                                         : "none"));
    size_t named;
    size_t out = f->rows == at_images_count(s->images)
                     ? at_images_left_out(s->images, &named)
                     : 0; /* a part of the set is not told of its whole */
    if (out)
        add(s, "left out",
            at_arena_format(arena, "%s that could not be read",
                            at_view_plural(arena, (int64_t)out, "image")));
}

static at_status send_facts(sight *s, at_error *err) {
    at_bundle bundle;
    gather_facts(s);
    AT_TRY(at_view_facts(s->name, s->facts, s->fact_count, &bundle, err));
    at_view_send(s->context->call->display, &bundle);
    return AT_OK;
}

/* ---- the classes --------------------------------------------------------------------
 */

static at_status send_balance(sight *s, at_error *err) {
    const at_survey *f = &s->found;
    size_t count = f->class_count < CLASSES ? f->class_count : CLASSES;
    double *counts = at_arena_alloc(s->arena, count * sizeof *counts);
    const char **names = at_arena_alloc(s->arena, count * sizeof *names);
    if (!counts || !names)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to describe %s", s->name);
    for (size_t i = 0; i < count; i++) {
        counts[i] = (double)f->classes[i].count;
        names[i] = f->classes[i].name;
    }
    const at_survey_class *rarest = &f->classes[f->class_count - 1];
    at_series bars = {.y = counts, .names = names, .count = count};
    at_chart chart = {
        .kind = AT_CHART_BAR, .series = &bars, .series_count = 1, .width = 560};
    const char *caption = at_arena_format(
        s->arena, "images of each class%s%s",
        count < f->class_count ? at_arena_format(s->arena, " · the %zu commonest of %zu",
                                                 count, f->class_count)
                               : "",
        f->classes[0].count >= 4 * rarest->count
            ? at_arena_format(s->arena,
                              " · %s is rare: a net that never names it is hardly worse "
                              "in accuracy",
                              rarest->name)
            : " · balanced enough");
    at_bundle bundle;
    AT_TRY(at_view_figure("Classes", caption, &chart, 1, &bundle, err));
    at_view_send(s->context->call->display, &bundle);
    return AT_OK;
}

/* One of each. */
static at_status send_examples(sight *s, at_error *err) {
    const at_survey *f = &s->found;
    size_t count = f->class_count < CLASSES ? f->class_count : CLASSES;
    at_picture *items = at_arena_alloc(s->arena, count * sizeof *items);
    if (!items)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to describe %s", s->name);
    const at_column *id =
        at_frame_column(s->frame, at_frame_find(s->frame, AT_IMAGES_ID));
    for (size_t i = 0; i < count; i++) {
        const at_survey_class *c = &f->classes[i];
        items[i] = (at_picture){.label = c->name,
                                .note = at_view_plural(s->arena, c->count, "image")};
        items[i].bytes = at_images_bytes(s->images, id->ints[c->first], &items[i].length);
    }
    at_pictures pictures = {
        .title = "One of each class",
        .caption = at_arena_format(s->arena, "%%show %s shows more", s->name),
        .items = items,
        .count = count};
    at_bundle bundle;
    AT_TRY(at_view_pictures(&pictures, NULL, &bundle, err));
    at_view_send(s->context->call->display, &bundle);
    return AT_OK;
}

/* ---- what is odd --------------------------------------------------------------------
 */

static at_status send_twins(sight *s, at_error *err) {
    static const at_grid_column heads[] = {
        {"picture", NULL, false}, {"the same as", NULL, false}, {"label", NULL, false}};
    const at_survey *f = &s->found;
    size_t shown = f->twin_count < LISTED ? f->twin_count : LISTED;
    at_grid_cell *cells = at_arena_alloc(s->arena, shown * 3 * sizeof *cells);
    if (!cells)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to describe %s", s->name);
    memset(cells, 0, shown * 3 * sizeof *cells);
    for (size_t i = 0; i < shown; i++) {
        cells[3 * i].text = source_of(s, f->twins[i].row);
        cells[3 * i + 1].text = source_of(s, f->twins[i].first);
        cells[3 * i + 2].text = f->twins[i].other_label ? "another" : "the same";
    }
    at_grid grid = {.title = "There twice",
                    .caption =
                        shown < f->twin_count
                            ? at_arena_format(s->arena,
                                              "%zu of %zu are shown; a picture in "
                                              "two parts of a split flatters the "
                                              "evaluation",
                                              shown, f->twin_count)
                            : "a picture in two parts of a split flatters the evaluation",
                    .columns = heads,
                    .column_count = 3,
                    .cells = cells,
                    .row_count = shown};
    at_bundle bundle;
    AT_TRY(at_view_grid(&grid, &bundle, err));
    at_view_send(s->context->call->display, &bundle);
    if (f->twin_count > MENDED)
        return AT_OK;
    const at_column *id =
        at_frame_column(s->frame, at_frame_find(s->frame, AT_IMAGES_ID));
    at_text text = {0};
    for (size_t i = 0; i < f->twin_count; i++)
        at_text_format(&text, "%s%lld", i ? ", " : "",
                       (long long)id->ints[f->twins[i].row]);
    at_display_print(s->context->call->display,
                     "To keep the first of each, paste into a cell:\n\n%%%%clean %s\n"
                     "drop rows where id in (%s)\n",
                     s->name, at_text_get(&text));
    at_text_fini(&text);
    return AT_OK;
}

static at_status send_left_out(sight *s, size_t all, size_t named, at_error *err) {
    static const at_grid_column heads[] = {{"picture, and why", NULL, false}};
    size_t shown = named < LISTED ? named : LISTED;
    at_grid_cell *cells = at_arena_alloc(s->arena, (shown + 1) * sizeof *cells);
    if (!cells)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to describe %s", s->name);
    for (size_t i = 0; i < shown; i++)
        cells[i] = (at_grid_cell){.text = at_images_left_out_why(s->images, i)};
    at_grid grid = {
        .title = "Left out, because they could not be read",
        .caption = at_arena_format(
            s->arena, "%s%s", at_view_plural(s->arena, (int64_t)all, "image"),
            shown < all ? at_arena_format(s->arena, ", %zu are shown", shown) : ""),
        .columns = heads,
        .column_count = 1,
        .cells = cells,
        .row_count = shown};
    at_bundle bundle;
    AT_TRY(at_view_grid(&grid, &bundle, err));
    at_view_send(s->context->call->display, &bundle);
    return AT_OK;
}

at_status at_describe_images(at_context *context, const char *name, const at_frame *frame,
                             const at_images *images, at_error *err) {
    sight s = {.context = context,
               .arena = context->arena,
               .name = name,
               .frame = frame,
               .images = images};
    AT_TRY(at_survey_of(frame, images, at_session_pool(context->session),
                        context->call->cancel, context->arena, &s.found, err));
    AT_TRY(send_facts(&s, err));
    if (s.found.class_count) {
        AT_TRY(send_balance(&s, err));
        AT_TRY(send_examples(&s, err));
    }
    if (s.found.twin_count)
        AT_TRY(send_twins(&s, err));
    size_t named, all = at_images_left_out(images, &named);
    if (all && s.found.rows == at_images_count(images))
        AT_TRY(send_left_out(&s, all, named, err));
    return AT_OK;
}
