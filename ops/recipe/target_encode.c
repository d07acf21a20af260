/* target-encode C: a value becomes the mean of the target over the training rows that
 * have it, drawn towards the mean of all rows, the fewer they are.
 *
 * A row of the training itself must not see its own target, or the model believes the
 * column. out-of-fold (Micci-Barreca 2001; scikit-learn's TargetEncoder): five folds,
 * each encoded by the others. ordered (Prokhorenkova et al. 2018, CatBoost): the rows in
 * a shuffled order, each encoded by those before it. Folds and order come from the number
 * of a row alone, so that a fit can be repeated. Rows served later, and validation rows,
 * get the encoding of all training rows. */
#include "ops/recipe/encoding.h"
#include "ops/recipe/outcome.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FOLDS = 5, MOST_LEVELS = 1000000 };

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "out of memory");
}

static bool is_ordered(const at_step *step) {
    return step->args.word && strcmp(step->args.word, "ordered") == 0;
}

/* splitmix64's output function: a row's place in the shuffle, and its fold. */
static uint64_t scatter(uint64_t row) {
    uint64_t z = (row + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* Not given: of the levels' own spread (NaN), or 1 row for the ordered. */
static at_status read_smoothing(const at_step *step, double *out, at_error *err) {
    *out = is_ordered(step) ? 1 : (double)NAN;
    if (!step->args.value_count)
        return AT_OK;
    if (!at_parse_real(step->args.values[0], out) || !(*out >= 0) || isinf(*out)) {
        at_fail(err, AT_INVALID, "'%s' is no smoothing", step->args.values[0]);
        return at_hint(err, "it is a number of rows, 0 or more: smoothing 10");
    }
    return AT_OK;
}

/* What is gathered of one output: (levels + 1) each, the last of missing cells. */
typedef struct sums {
    double *count, *sum, *squares; /* squares of distances from the level's mean */
    size_t levels;
    double rows, mean, variance; /* of all */
} sums;

static size_t level_row(uint32_t code, size_t levels) {
    return code == AT_LEVEL_MISSING ? levels : code;
}

/* Gathers the rows that `fold` leaves (-1: all), output k. */
static void gather(const at_outcome *o, const uint32_t *codes, int fold, size_t k,
                   sums *s) {
    size_t size = (s->levels + 1) * sizeof *s->sum;
    memset(s->count, 0, size);
    memset(s->sum, 0, size);
    memset(s->squares, 0, size);
    s->rows = s->mean = s->variance = 0;
    double total = 0;
    for (int64_t i = 0; i < o->rows; i++) {
        if (isnan(o->y[i]) ||
            (fold >= 0 && scatter((uint64_t)i) % FOLDS == (unsigned)fold))
            continue;
        double y = at_outcome_get(o, i, k);
        size_t level = level_row(codes[i], s->levels);
        s->count[level] += 1;
        s->sum[level] += y;
        s->rows += 1;
        total += y;
    }
    if (s->rows > 0)
        s->mean = total / s->rows;
    for (int64_t i = 0; i < o->rows; i++) {
        if (isnan(o->y[i]) ||
            (fold >= 0 && scatter((uint64_t)i) % FOLDS == (unsigned)fold))
            continue;
        double y = at_outcome_get(o, i, k);
        size_t level = level_row(codes[i], s->levels);
        double away = y - s->sum[level] / s->count[level];
        s->squares[level] += away * away;
        s->variance += (y - s->mean) * (y - s->mean);
    }
    if (s->rows > 0)
        s->variance /= s->rows;
}

/* Of one level. Without a smoothing, the empirical Bayes estimate. */
static double encode(const sums *s, size_t level, double smoothing) {
    double count = s->count[level], sum = s->sum[level];
    if (!(count > 0))
        return s->mean;
    if (!isnan(smoothing))
        return (sum + smoothing * s->mean) / (count + smoothing);
    double own = s->variance * count, all = own + s->squares[level] / count;
    double trust = all > 0 ? own / all : 0;
    return trust * (sum / count) + (1 - trust) * s->mean;
}

static at_status new_sums(sums *s, size_t levels, at_error *err) {
    *s = (sums){.levels = levels};
    s->count = at_alloc_array(3 * (levels + 1), sizeof *s->count);
    if (!s->count)
        return no_memory(err);
    s->sum = s->count + levels + 1;
    s->squares = s->sum + levels + 1;
    return AT_OK;
}

static at_status name_outputs(at_step *step, const at_sheet *sheet, const at_outcome *o,
                              size_t i, at_error *err) {
    at_encoding *e = at_encodings(step);
    if (o->outputs == 1)
        return AT_OK;
    const char **names = at_arena_alloc(&step->arena, o->outputs * sizeof *names);
    for (size_t k = 0; names && k < o->outputs; k++) {
        const char *base =
            at_arena_format(&step->arena, "%s~%.*s", step->columns[i],
                            (int)(o->labels.offsets[k + 1] - o->labels.offsets[k]),
                            o->labels.bytes + o->labels.offsets[k]);
        names[k] = base ? at_level_fresh(sheet, names, k, &step->arena, base) : NULL;
        if (!names[k])
            return no_memory(err);
    }
    e[i].names = names;
    return names ? AT_OK : no_memory(err);
}

static at_status fit_column(at_step *step, const at_sheet *sheet, const at_outcome *o,
                            size_t i, int place, double smoothing, at_error *err) {
    const at_column *c = &sheet->columns[place];
    at_encoding *e = &at_encodings(step)[i];
    if (c->type == AT_TYPE_FLOAT) {
        at_fail(err, AT_INVALID, "'%s' is float: only categories can be encoded",
                c->name);
        char name[AT_STEP_QUOTED];
        return at_hint(err, "make ranges of it first: bin %s by quantiles 10",
                       at_step_quote(c->name, name));
    }
    uint32_t *codes = at_alloc_array((size_t)c->rows + 1, sizeof *codes);
    sums s = {0};
    at_status status =
        codes ? at_level_learn(c, &e->levels, MOST_LEVELS, codes, err) : no_memory(err);
    if (status == AT_OK)
        status = at_encoding_size(step, e, o->outputs, err);
    if (status == AT_OK)
        status = new_sums(&s, e->levels.count, err);
    for (size_t k = 0; k < o->outputs && status == AT_OK; k++) {
        gather(o, codes, -1, k, &s);
        for (size_t level = 0; level <= s.levels; level++)
            e->values[level * o->outputs + k] = encode(&s, level, smoothing);
        at_encoding_row(e, AT_LEVEL_UNKNOWN)[k] = s.mean;
    }
    at_free(s.count);
    at_free(codes);
    return status == AT_OK ? name_outputs(step, sheet, o, i, err) : status;
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    double smoothing;
    at_outcome outcome;
    AT_TRY(read_smoothing(step, &smoothing, err));
    AT_TRY(at_step_resolve(step, sheet, context, err));
    AT_TRY(at_outcome_init(&outcome, sheet, context, step->kind->verb, err));
    at_status status = at_encodings_new(step, err);
    int place = 0;
    for (size_t i = 0; i < step->column_count && status == AT_OK; i++) {
        status = at_step_place(step, i, sheet, &place, err);
        if (status == AT_OK)
            status = fit_column(step, sheet, &outcome, i, place, smoothing, err);
    }
    at_outcome_fini(&outcome);
    return status;
}

static at_status fold_rows(const at_outcome *o, const uint32_t *codes, size_t levels,
                           double smoothing, double *slab, at_error *err) {
    sums s;
    AT_TRY(new_sums(&s, levels, err));
    for (size_t k = 0; k < o->outputs; k++) {
        double *out = slab + k * (size_t)o->rows;
        for (int fold = 0; fold < FOLDS; fold++) {
            gather(o, codes, fold, k, &s);
            if (!(s.rows > 0)) /* a table too small for folds */
                gather(o, codes, -1, k, &s);
            for (int64_t i = 0; i < o->rows; i++) {
                if (scatter((uint64_t)i) % FOLDS == (unsigned)fold)
                    out[i] = encode(&s, level_row(codes[i], levels), smoothing);
            }
        }
    }
    at_free(s.count);
    return AT_OK;
}

typedef struct shuffled {
    uint64_t key;
    int64_t row;
} shuffled;

static int by_key(const void *a, const void *b) {
    const shuffled *x = a, *y = b;
    return x->key != y->key ? (x->key > y->key) - (x->key < y->key)
                            : (x->row > y->row) - (x->row < y->row);
}

static at_status order_rows(const at_outcome *o, const uint32_t *codes, size_t levels,
                            double smoothing, double *slab, at_error *err) {
    sums s;
    AT_TRY(new_sums(&s, levels, err));
    shuffled *order = at_alloc_array((size_t)o->rows + 1, sizeof *order);
    if (!order) {
        at_free(s.count);
        return no_memory(err);
    }
    for (int64_t i = 0; i < o->rows; i++)
        order[i] = (shuffled){scatter((uint64_t)i), i};
    qsort(order, (size_t)o->rows, sizeof *order, by_key);
    for (size_t k = 0; k < o->outputs; k++) {
        gather(o, codes, -1, k, &s);
        memset(s.count, 0, 2 * (levels + 1) * sizeof *s.count); /* and s.sum */
        for (int64_t j = 0; j < o->rows; j++) {
            int64_t i = order[j].row;
            size_t level = level_row(codes[i], levels);
            slab[k * (size_t)o->rows + (size_t)i] = encode(&s, level, smoothing);
            if (isnan(o->y[i]))
                continue;
            s.count[level] += 1;
            s.sum[level] += at_outcome_get(o, i, k);
        }
    }
    at_free(order);
    at_free(s.count);
    return AT_OK;
}

static at_status train_column(const at_step *step, at_sheet *sheet, const at_outcome *o,
                              const at_encoding *e, int place, at_error *err) {
    double smoothing;
    AT_TRY(read_smoothing(step, &smoothing, err));
    size_t rows = (size_t)sheet->rows;
    uint32_t *codes = at_alloc_array(rows + 1, sizeof *codes);
    double *slab = at_sheet_cells(sheet, e->outputs * rows + 1, sizeof *slab);
    at_status status = codes && slab
                           ? at_level_find(&sheet->columns[place], &e->levels, codes, err)
                           : no_memory(err);
    if (status == AT_OK)
        status = (is_ordered(step) ? order_rows : fold_rows)(o, codes, e->levels.count,
                                                             smoothing, slab, err);
    at_free(codes);
    if (status == AT_OK)
        return at_encoding_put(e, sheet, place, slab, err);
    if (!sheet->brief)
        at_free(slab);
    return status;
}

static at_status apply_training(const at_step *step, at_sheet *sheet,
                                const at_step_context *context, at_step_report *report,
                                at_error *err) {
    at_outcome outcome;
    AT_TRY(at_outcome_init(&outcome, sheet, context, step->kind->verb, err));
    at_status status = AT_OK;
    int place = 0;
    for (size_t i = 0; i < step->column_count && status == AT_OK; i++) {
        status = at_step_place(step, i, sheet, &place, err);
        if (status == AT_OK)
            status =
                train_column(step, sheet, &outcome, &at_encodings(step)[i], place, err);
        if (report)
            report->cells += sheet->rows;
    }
    at_outcome_fini(&outcome);
    at_sheet_sweep(sheet);
    return status;
}

const at_step_kind at_step_target_encode = {
    .verb = "target-encode",
    .pattern = "COLUMNS [{out-of-fold|ordered}] [smoothing VALUE]",
    .where = AT_STEP_PREPARE,
    .flow = AT_FLOW_EATS,
    .summary =
        "Puts the mean of the target among training rows that have a value in its place, "
        "drawn to the mean of all by `smoothing` rows; training rows are encoded "
        "out-of-fold, or ordered as CatBoost does, so that none sees its own target",
    .example = "target-encode job, education ordered smoothing 10",
    .fit = fit,
    .apply = at_encodings_apply,
    .apply_training = apply_training,
    .save = at_encodings_save,
    .load = at_encodings_load,
    .fini = at_encodings_fini,
};
