#include "magics/train/watch.h"

#include "magics/view/chart.h"
#include "magics/view/grid.h"
#include "magics/view/progress.h"
#include "magics/workspace/job.h"
#include "ops/base/clock.h"
#include "ops/base/text.h"

#include <stdio.h>
#include <string.h>

enum { METRICS = 2, SERIES = 8, POINTS = 4000, FEATURES = 12, LOG_BYTES = 200000 };

/* The points of one series so far; thinned by half when full. */
typedef struct curve {
    char name[40];
    int metric;
    double *x, *y;
    size_t count;
} curve;

typedef struct watch {
    at_context *context;
    at_progress *progress;
    char metrics[METRICS][80]; /* a chart each */
    int metric_count;
    curve curves[SERIES];
    int curve_count;
    at_text log;
    double done, total;
    char what[120];
    bool dirty; /* points that are not drawn yet */
    double drawn;
} watch;

/* Points may come by the thousand a second; the picture is for eyes. */
static const double redraw_every = 0.2; /* s */

static void thin(curve *c) {
    size_t kept = 0;
    for (size_t i = 0; i < c->count; i += 2, kept++) {
        c->x[kept] = c->x[i];
        c->y[kept] = c->y[i];
    }
    c->count = kept;
}

/* The place of a metric among those that are drawn; -1: there are enough. */
static int metric_of(watch *w, const char *name) {
    char words[sizeof w->metrics[0]];
    snprintf(words, sizeof words, "%s", name);
    for (char *c = words; *c; c++)
        *c = *c == '_' ? ' ' : *c;
    for (int i = 0; i < w->metric_count; i++)
        if (strcmp(w->metrics[i], words) == 0)
            return i;
    if (w->metric_count == METRICS)
        return -1;
    memcpy(w->metrics[w->metric_count], words, sizeof words);
    return w->metric_count++;
}

static curve *curve_of(watch *w, int metric, const char *name) {
    for (int i = 0; i < w->curve_count; i++)
        if (w->curves[i].metric == metric && strcmp(w->curves[i].name, name) == 0)
            return &w->curves[i];
    if (w->curve_count == SERIES)
        return NULL;
    curve *c = &w->curves[w->curve_count];
    c->x = at_arena_alloc(w->context->arena, POINTS * sizeof *c->x);
    c->y = at_arena_alloc(w->context->arena, POINTS * sizeof *c->y);
    if (!c->x || !c->y)
        return NULL;
    snprintf(c->name, sizeof c->name, "%s", name);
    c->metric = metric;
    w->curve_count++;
    return c;
}

/* The series of one metric, in the order in which they came. */
static size_t series_of(const watch *w, int metric, at_series *out) {
    size_t count = 0;
    for (int i = 0; i < w->curve_count; i++) {
        const curve *c = &w->curves[i];
        if (c->metric == metric)
            out[count++] = (at_series){.name = c->name,
                                       .x = c->x,
                                       .y = c->y,
                                       .count = c->count,
                                       .dashed = strcmp(c->name, "validation") == 0};
    }
    return count;
}

static void draw(watch *w) {
    at_series series[METRICS][SERIES];
    at_chart charts[METRICS];
    for (int m = 0; m < w->metric_count; m++)
        charts[m] = (at_chart){.x_label = "epoch",
                               .y_label = w->metrics[m],
                               .series = series[m],
                               .series_count = series_of(w, m, series[m]),
                               .width = w->metric_count > 1 ? 400 : 520,
                               .height = 230};
    at_progress_charts(w->progress, charts, (size_t)w->metric_count);
    w->dirty = false;
    w->drawn = at_now();
}

static void take_point(watch *w, const json_t *point) {
    const char *name = json_string_value(json_array_get(point, 0));
    const char *metric = json_string_value(json_array_get(point, 1));
    const json_t *x = json_array_get(point, 2), *y = json_array_get(point, 3);
    if (!name || !metric || !json_is_number(x) || !json_is_number(y))
        return;
    int place = metric_of(w, metric);
    curve *c = place < 0 ? NULL : curve_of(w, place, name);
    if (!c)
        return;
    if (c->count == POINTS)
        thin(c);
    c->x[c->count] = json_number_value(x);
    c->y[c->count++] = json_number_value(y);
    w->dirty = true;
}

static void on_event(void *context, const json_t *event) {
    watch *w = context;
    const json_t *progress = json_object_get(event, "progress");
    const char *line = json_string_value(json_object_get(event, "log"));
    if (line && w->log.length < LOG_BYTES)
        at_text_format(&w->log, "%s\n", line);
    if (json_object_get(event, "point"))
        take_point(w, json_object_get(event, "point"));
    if (w->dirty && at_now() - w->drawn >= redraw_every)
        draw(w);
    if (progress) {
        const char *what = json_string_value(json_array_get(progress, 2));
        w->done = json_number_value(json_array_get(progress, 0));
        w->total = json_number_value(json_array_get(progress, 1));
        snprintf(w->what, sizeof w->what, "%s", what ? what : "");
    }
    at_progress_update(w->progress, w->done, w->total, w->what[0] ? w->what : "starting");
}

static at_status show_features(at_context *context, const json_t *describe,
                               at_error *err) {
    const json_t *features = json_object_get(describe, "features");
    const char *names[FEATURES];
    double importance[FEATURES], total = 0;
    size_t count = 0, i;
    json_t *feature;
    json_array_foreach(features, i, feature) {
        const char *name = json_string_value(json_object_get(feature, "name"));
        const json_t *value = json_object_get(feature, "importance");
        if (!name || !json_is_number(value))
            continue;
        /* insertion into the short list of the most important */
        size_t at = count < FEATURES ? count++ : FEATURES;
        double v = json_number_value(value);
        total += v;
        while (at > 0 && importance[at - 1] < v) {
            if (at < FEATURES) {
                importance[at] = importance[at - 1];
                names[at] = names[at - 1];
            }
            at--;
        }
        if (at < FEATURES) {
            importance[at] = v;
            names[at] = name;
        }
    }
    if (count == 0 || total <= 0)
        return AT_OK;
    at_series bars = {.y = importance, .names = names, .count = count};
    at_chart chart = {.kind = AT_CHART_BAR,
                      .title = "What weighs most",
                      .series = &bars,
                      .series_count = 1,
                      .width = 560};
    at_bundle bundle;
    AT_TRY(at_view_chart(&chart, &bundle, err));
    at_view_send(context->call->display, &bundle);
    return AT_OK;
}

static at_status show_model(watch *w, const json_t *result, at_error *err) {
    size_t i;
    json_t *note;
    json_array_foreach(json_object_get(json_object_get(result, "describe"), "notes"), i,
                       note) if (json_is_string(note))
        at_display_print(w->context->call->display, "%s\n", json_string_value(note));
    AT_TRY(show_features(w->context, json_object_get(result, "describe"), err));
    if (!w->log.length || !at_text_ok(&w->log))
        return AT_OK;
    at_bundle bundle;
    AT_TRY(at_view_fold("Training log", at_text_get(&w->log), &bundle, err));
    at_view_send(w->context->call->display, &bundle);
    return AT_OK;
}

/* "done in 0.8 s · binary_classifier · 29,649 rows · 62 features". */
static const char *summary_of(at_context *context, const json_t *result, double seconds) {
    const json_t *describe = json_object_get(result, "describe");
    const char *problem = json_string_value(json_object_get(describe, "problem"));
    json_int_t rows = json_integer_value(json_object_get(describe, "rows"));
    size_t features = json_array_size(json_object_get(describe, "features"));
    const json_t *accuracy =
        json_object_get(json_object_get(describe, "validation"), "accuracy");
    if (json_object_get(describe, "resnet"))
        return at_arena_format(context->arena, "done in %s · %s%s%s",
                               at_view_seconds(context->arena, seconds),
                               at_view_plural(context->arena, rows, "image"),
                               accuracy ? " · validation accuracy " : "",
                               accuracy ? at_arena_format(context->arena, "%.3f",
                                                          json_number_value(accuracy))
                                        : "");
    const char *text = at_arena_format(
        context->arena, "done in %s%s%s · %s · %s",
        at_view_seconds(context->arena, seconds), problem ? " · " : "",
        problem ? problem : "", at_view_plural(context->arena, rows, "row"),
        at_view_plural(context->arena, (int64_t)features, "feature"));
    return text ? text : "done";
}

at_status at_train_watch(at_context *context, const char *id, const char *name,
                         at_error *err) {
    watch w = {.context = context};
    const char *title = at_arena_format(context->arena, "Training %s", name);
    if (!title)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to watch the training");
    AT_TRY(at_progress_new(context->call->display, title, AT_UNIT_NONE, false,
                           &w.progress, err));
    double start = at_now();
    json_t *result = NULL;
    at_status status = at_job_wait(context, id, on_event, &w, &result, err);
    if (w.dirty)
        draw(&w);
    if (status == AT_OK)
        at_progress_finish(w.progress, false,
                           summary_of(context, result, at_now() - start));
    else
        at_progress_finish(w.progress, true,
                           status == AT_CANCELLED ? "interrupted" : "failed");
    if (status == AT_OK)
        status = show_model(&w, result, err);
    json_decref(result);
    at_progress_release(w.progress);
    at_text_fini(&w.log);
    return status;
}
