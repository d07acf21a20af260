/* frequency-encode C: a value becomes its share of the training rows; missing counts as a
 * value, one that training never saw is 0. */
#include "ops/recipe/encoding.h"

enum { MOST_LEVELS = 1000000 };

static at_status fit_column(at_step *step, const at_column *c, at_encoding *e,
                            at_error *err) {
    uint32_t *codes = at_alloc_array((size_t)c->rows + 1, sizeof *codes);
    if (!codes)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    at_status status = at_level_learn(c, &e->levels, MOST_LEVELS, codes, err);
    if (status == AT_OK)
        status = at_encoding_size(step, e, 1, err);
    for (int64_t i = 0; i < c->rows && status == AT_OK; i++)
        at_encoding_row(e, codes[i])[0] += 1;
    for (size_t k = 0; status == AT_OK && k < (size_t)e->levels.count + 2; k++)
        e->values[k] /= c->rows ? (double)c->rows : 1;
    at_free(codes);
    return status;
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    AT_TRY(at_step_resolve(step, sheet, context, err));
    AT_TRY(at_encodings_new(step, err));
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        AT_TRY(fit_column(step, &sheet->columns[place], &at_encodings(step)[i], err));
    }
    return AT_OK;
}

const at_step_kind at_step_frequency_encode = {
    .verb = "frequency-encode",
    .pattern = "COLUMNS",
    .where = AT_STEP_PREPARE,
    .flow = AT_FLOW_CHANGES,
    .summary = "Puts the share of training rows that have a value in its place: one "
               "number however many levels there are; a value never seen is 0",
    .example = "frequency-encode city, agent",
    .fit = fit,
    .apply = at_encodings_apply,
    .save = at_encodings_save,
    .load = at_encodings_load,
    .fini = at_encodings_fini,
};
