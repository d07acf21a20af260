/* bin C by widths|quantiles|edges: a number becomes the range that it lies in, a
 * category. A range holds its lower edge; the outer ones are open, so that a served
 * number beyond the training rows has its place. */
#include "ops/base/text.h"
#include "ops/recipe/json.h"
#include "ops/recipe/numeric.h"

#include <math.h>
#include <string.h>

enum { MOST_BINS = 100 };

typedef struct bin_column {
    const double *edges; /* (count), rising: between count + 1 ranges */
    size_t count;
    const char *const *labels; /* (count + 1) */
} bin_column;

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "out of memory");
}

/* What the line says: edges, or the number of bins. */
static at_status read_values(at_step *step, double *values, at_error *err) {
    bool edges = strcmp(step->args.word, "edges") == 0;
    size_t count = step->args.value_count;
    if (count > (edges ? MOST_BINS - 1 : 1))
        return edges ? at_fail(err, AT_LIMIT, "at most %d edges", MOST_BINS - 1)
                     : at_fail(err, AT_INVALID, "bin by %s takes one number, not %zu",
                               step->args.word, count);
    for (size_t i = 0; i < count; i++) {
        const char *text = step->args.values[i];
        if (!at_parse_real(text, &values[i]) || !isfinite(values[i]))
            return at_fail(err, AT_INVALID, "'%s' is no number", text);
        if (edges && i && !(values[i] > values[i - 1])) {
            at_fail(err, AT_INVALID, "the edge %s does not lie above %s", text,
                    step->args.values[i - 1]);
            return at_hint(err, "edges rise: %s", "bin age by edges 18, 40, 65");
        }
    }
    if (!edges &&
        (values[0] != rint(values[0]) || values[0] < 2 || values[0] > MOST_BINS)) {
        at_fail(err, AT_INVALID, "%s bins: 2 to %d were expected", step->args.values[0],
                MOST_BINS);
        return at_hint(err, "for example: %s", step->kind->example);
    }
    return AT_OK;
}

/* Inner edges of `bins` ranges of equal width or of equally many rows; equal edges are
 * one. */
static at_status find_edges(const at_column *c, size_t bins, bool quantiles,
                            double *edges, size_t *count, at_error *err) {
    double *sorted;
    int64_t rows;
    AT_TRY(at_numeric_sorted(c, &sorted, &rows, err));
    double low = sorted[0], high = sorted[rows - 1];
    *count = 0;
    for (size_t k = 1; k < bins; k++) {
        double part = (double)k / (double)bins;
        double edge = quantiles ? at_numeric_quantile(sorted, rows, part)
                                : low + (high - low) * part;
        if (edge > (*count ? edges[*count - 1] : low))
            edges[(*count)++] = edge;
    }
    at_free(sorted);
    return AT_OK;
}

/* "< 18", "18 to 40", ">= 40": with as many digits as tell the edges apart. */
static at_status name_ranges(at_step *step, bin_column *bins, at_error *err) {
    size_t count = bins->count;
    const char **labels = at_arena_alloc(&step->arena, (count + 1) * sizeof *labels);
    const char **shown = at_arena_alloc(&step->arena, (count + 1) * sizeof *shown);
    if (!labels || !shown)
        return no_memory(err);
    for (int digits = 4; digits <= 17; digits++) {
        bool apart = true;
        for (size_t k = 0; k < count; k++) {
            double edge = bins->edges[k];
            bool exact = edge == rint(edge) && fabs(edge) < 1e15;
            shown[k] = exact ? at_arena_format(&step->arena, "%.0f", edge)
                             : at_arena_format(&step->arena, "%.*g", digits, edge);
            if (!shown[k])
                return no_memory(err);
            apart = apart && (k == 0 || strcmp(shown[k], shown[k - 1]) != 0);
        }
        if (apart)
            break;
    }
    for (size_t k = 0; k <= count; k++) {
        labels[k] = count == 0   ? at_arena_text(&step->arena, "all", 3)
                    : k == 0     ? at_arena_format(&step->arena, "< %s", shown[0])
                    : k == count ? at_arena_format(&step->arena, ">= %s", shown[k - 1])
                                 : at_arena_format(&step->arena, "%s to %s", shown[k - 1],
                                                   shown[k]);
        if (!labels[k])
            return no_memory(err);
    }
    bins->labels = labels;
    return AT_OK;
}

static at_status fit_column(at_step *step, const at_column *c, const double *values,
                            bin_column *out, at_error *err) {
    double *edges = at_arena_alloc(&step->arena, MOST_BINS * sizeof *edges);
    if (!edges)
        return no_memory(err);
    if (strcmp(step->args.word, "edges") == 0) {
        out->count = step->args.value_count;
        memcpy(edges, values, out->count * sizeof *edges);
    } else {
        AT_TRY(find_edges(c, (size_t)values[0], strcmp(step->args.word, "quantiles") == 0,
                          edges, &out->count, err));
    }
    out->edges = edges;
    return name_ranges(step, out, err);
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    double values[MOST_BINS];
    AT_TRY(read_values(step, values, err));
    AT_TRY(at_numeric_resolve(step, sheet, context, "binned", err));
    bin_column *bins =
        at_arena_alloc(&step->arena, (step->column_count + 1) * sizeof *bins);
    if (!bins)
        return no_memory(err);
    step->state = bins;
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        AT_TRY(fit_column(step, &sheet->columns[place], values, &bins[i], err));
    }
    return AT_OK;
}

static at_status bin_column_at(at_sheet *sheet, int place, const bin_column *bins,
                               at_step_report *report, at_error *err) {
    const at_column *c = &sheet->columns[place];
    if (!at_type_numeric(c->type))
        return at_fail(err, AT_INVALID, "'%s' is %s, and was a number at the fit",
                       c->name, at_type_name(c->type));
    at_column_builder *b;
    AT_TRY(at_column_builder_new(c->name, AT_TYPE_CATEGORY, &b, err));
    at_column_builder_reserve(b, c->rows);
    int64_t cells = 0;
    for (int64_t i = 0; i < c->rows; i++) {
        double value = at_column_real(c, i);
        if (isnan(value)) {
            at_column_builder_missing(b);
            continue;
        }
        size_t k = 0;
        while (k < bins->count && value >= bins->edges[k])
            k++;
        at_column_builder_text(b, bins->labels[k], (int64_t)strlen(bins->labels[k]));
        cells++;
    }
    if (report)
        report->cells += cells;
    return at_sheet_set_built(sheet, place, b, err);
}

/* "age: < 18, 18 to 40, >= 40" */
static at_status note(const at_step *step, at_step_report *report, at_error *err) {
    const bin_column *bins = step->state;
    at_text list = {0};
    for (size_t i = 0; i < step->column_count && i < 4; i++) {
        at_text_format(&list, "%s%s: ", i ? "; " : "", step->columns[i]);
        for (size_t k = 0; k <= bins[i].count && k < 12; k++)
            at_text_format(&list, "%s%s", k ? ", " : "", bins[i].labels[k]);
        if (bins[i].count >= 12)
            at_text_put(&list, " ...");
    }
    if (at_text_ok(&list))
        report->note = at_arena_text(report->arena, at_text_get(&list), list.length);
    at_text_fini(&list);
    return report->note ? AT_OK : no_memory(err);
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    const bin_column *bins = step->state;
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        if (place >= 0)
            AT_TRY(bin_column_at(sheet, place, &bins[i], report, err));
    }
    return report ? note(step, report, err) : AT_OK;
}

static json_t *save(const at_step *step) {
    const bin_column *bins = step->state;
    json_t *list = json_array();
    for (size_t i = 0; list && i < step->column_count; i++) {
        json_t *one = json_object();
        bool ok =
            one &&
            at_json_put(one, "edges", at_json_reals(bins[i].edges, bins[i].count)) &&
            at_json_put(one, "labels", at_json_texts(bins[i].labels, bins[i].count + 1));
        if (json_array_append_new(list, one) != 0 || !ok) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static at_status load(at_step *step, const json_t *saved, at_error *err) {
    if (json_array_size(saved) != step->column_count)
        return at_json_broken(err);
    bin_column *bins =
        at_arena_alloc(&step->arena, (step->column_count + 1) * sizeof *bins);
    if (!bins)
        return no_memory(err);
    step->state = bins;
    for (size_t i = 0; i < step->column_count; i++) {
        const json_t *one = json_array_get(saved, i);
        double *edges;
        size_t labels;
        AT_TRY(at_json_read_reals(json_object_get(one, "edges"), &step->arena, &edges,
                                  &bins[i].count, err));
        AT_TRY(at_json_read_texts(json_object_get(one, "labels"), &step->arena,
                                  &bins[i].labels, &labels, err));
        if (labels != bins[i].count + 1)
            return at_json_broken(err);
        bins[i].edges = edges;
    }
    return AT_OK;
}

const at_step_kind at_step_bin = {
    .verb = "bin",
    .pattern = "COLUMNS by {widths|quantiles|edges} VALUES",
    .where = AT_STEP_CLEAN | AT_STEP_PREPARE,
    .flow = AT_FLOW_CHANGES,
    .summary = "Puts numbers into ranges, which are categories: so many of equal width, "
               "so many of equally many rows, or between the edges that you give",
    .example = "bin age by edges 18, 40, 65",
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
};
