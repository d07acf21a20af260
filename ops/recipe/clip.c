/* clip C between A and B: what lies beyond becomes A or B; they are values, or quantiles
 * of the rows of the fit. `-inf` and `inf` leave a side open. */
#include "ops/base/text.h"
#include "ops/recipe/json.h"
#include "ops/recipe/numeric.h"
#include "ops/recipe/report.h"

#include <math.h>

/* (step->column_count); NaN: open */
typedef struct clip_state {
    double low, high;
} clip_state;

static at_status read_bounds(const at_step *step, double bounds[2], at_error *err) {
    for (int i = 0; i < 2; i++) {
        const char *text = step->args.values[i];
        bool ok = at_parse_real(text, &bounds[i]) && !isnan(bounds[i]);
        if (step->args.word && ok && !(bounds[i] >= 0 && bounds[i] <= 1))
            return at_fail(err, AT_INVALID, "a quantile lies from 0 to 1, not at %s",
                           text);
        if (!ok) {
            at_fail(err, AT_INVALID, "'%s' is no number to clip at", text);
            return at_hint(err, "for example: %s", step->kind->example);
        }
    }
    return bounds[0] <= bounds[1]
               ? AT_OK
               : at_fail(err, AT_INVALID, "%s is above %s: the lower bound stands first",
                         step->args.values[0], step->args.values[1]);
}

static at_status fit_column(const at_step *step, const at_column *c,
                            const double bounds[2], clip_state *state, at_error *err) {
    double *sorted;
    int64_t count;
    *state = (clip_state){isinf(bounds[0]) ? (double)NAN : bounds[0],
                          isinf(bounds[1]) ? (double)NAN : bounds[1]};
    if (!step->args.word)
        return AT_OK;
    AT_TRY(at_numeric_sorted(c, &sorted, &count, err));
    state->low = at_numeric_quantile(sorted, count, bounds[0]);
    state->high = at_numeric_quantile(sorted, count, bounds[1]);
    at_free(sorted);
    return AT_OK;
}

static at_status new_state(at_step *step, clip_state **out, at_error *err) {
    step->state = *out =
        at_arena_alloc(&step->arena, (step->column_count + 1) * sizeof **out);
    return *out ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    double bounds[2];
    AT_TRY(read_bounds(step, bounds, err));
    AT_TRY(at_numeric_resolve(step, sheet, context, "clipped", err));
    clip_state *state;
    AT_TRY(new_state(step, &state, err));
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        AT_TRY(fit_column(step, &sheet->columns[place], bounds, &state[i], err));
    }
    return AT_OK;
}

static double clip(const clip_state *s, double value) {
    return value < s->low ? s->low : value > s->high ? s->high : value;
}

/* An int column stays one where its bounds are whole. */
static bool whole(const clip_state *s) {
    return (isnan(s->low) || (fabs(s->low) < 0x1p53 && s->low == rint(s->low))) &&
           (isnan(s->high) || (fabs(s->high) < 0x1p53 && s->high == rint(s->high)));
}

static at_status clip_column(at_sheet *sheet, int place, const clip_state *s,
                             at_tally *tally, at_error *err) {
    const at_column before = sheet->columns[place];
    if (!at_type_numeric(before.type))
        return at_fail(err, AT_INVALID, "'%s' is %s, and was a number at the fit",
                       before.name, at_type_name(before.type));
    at_column clipped;
    at_column_store *store;
    bool ints = before.type == AT_TYPE_INT && whole(s);
    AT_TRY(at_sheet_array(sheet, ints ? AT_TYPE_INT : AT_TYPE_FLOAT, &before, &clipped,
                          &store, err));
    for (int64_t i = 0; i < before.rows; i++) {
        double value = at_column_real(&before, i), to = clip(s, value);
        bool changed = to < value || to > value;
        if (!at_column_valid(&before, i))
            continue;
        if (ints)
            ((int64_t *)store->values)[i] = changed ? (int64_t)to : before.ints[i];
        else
            ((double *)store->values)[i] = to;
        if (changed)
            at_tally_cells(tally, before.name, &before, i, &clipped, i);
    }
    at_sheet_set(sheet, place, &clipped, store);
    return AT_OK;
}

/* "fare between 0 and 263" where the quantiles say it. */
static at_status note(const at_step *step, at_step_report *report, at_error *err) {
    const clip_state *state = step->state;
    at_text list = {0};
    for (size_t i = 0; i < step->column_count; i++)
        at_text_format(&list, "%s%s between %g and %g", i ? ", " : "", step->columns[i],
                       state[i].low, state[i].high);
    if (at_text_ok(&list))
        report->note = at_arena_text(report->arena, at_text_get(&list), list.length);
    at_text_fini(&list);
    return report->note ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    const clip_state *state = step->state;
    at_tally tally;
    AT_TRY(at_tally_init(&tally, report, err));
    at_status status = AT_OK;
    int place = 0;
    for (size_t i = 0; i < step->column_count && status == AT_OK; i++) {
        status = at_step_place(step, i, sheet, &place, err);
        if (status == AT_OK && place >= 0)
            status = clip_column(sheet, place, &state[i], &tally, err);
    }
    if (status == AT_OK && report && step->args.word && step->column_count)
        status = note(step, report, err);
    return at_tally_finish(&tally, status, err);
}

static json_t *save(const at_step *step) {
    const clip_state *state = step->state;
    json_t *list = json_array();
    for (size_t i = 0; list && i < step->column_count; i++) {
        if (json_array_append_new(list, at_json_reals(&state[i].low, 1)) != 0 ||
            json_array_append_new(list, at_json_reals(&state[i].high, 1)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static at_status read_bound(const json_t *one, at_step *step, double *out,
                            at_error *err) {
    double *values;
    size_t count;
    AT_TRY(at_json_read_reals(one, &step->arena, &values, &count, err));
    if (count != 1)
        return at_json_broken(err);
    *out = values[0];
    return AT_OK;
}

static at_status load(at_step *step, const json_t *saved, at_error *err) {
    clip_state *state;
    if (json_array_size(saved) != 2 * step->column_count)
        return at_json_broken(err);
    AT_TRY(new_state(step, &state, err));
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(read_bound(json_array_get(saved, 2 * i), step, &state[i].low, err));
        AT_TRY(read_bound(json_array_get(saved, 2 * i + 1), step, &state[i].high, err));
    }
    return AT_OK;
}

const at_step_kind at_step_clip = {
    .verb = "clip",
    .pattern = "COLUMNS between [{quantiles}] VALUE and VALUE",
    .where = AT_STEP_CLEAN | AT_STEP_PREPARE,
    .flow = AT_FLOW_CHANGES,
    .summary = "Pulls numbers beyond two bounds back to them: values, or quantiles of "
               "the column; inf leaves a side open",
    .example = "clip fare between quantiles 0.01 and 0.99",
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
};
