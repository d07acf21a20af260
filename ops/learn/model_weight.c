/* What each row counts in a training: its cell in a column of weights, and what makes the
 * classes count alike. */
#include "ops/learn/model_training.h"

#include <inttypes.h>
#include <math.h>

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory to weigh the rows");
}

static at_status read_column(const at_training *t, const at_training_part *part,
                             const char *what, double *out, at_error *err) {
    int at = at_frame_find(part->frame, t->weight);
    if (at < 0)
        return at_fail(err, AT_INVALID, "the %s rows have no column %s, the weight", what,
                       t->weight);
    const at_column *column = at_frame_column(part->frame, at);
    if (!at_type_numeric(column->type) && column->type != AT_TYPE_BOOL)
        return at_fail(err, AT_INVALID,
                       "the weight %s is of type %s; numbers were expected", t->weight,
                       at_type_name(column->type));
    for (int64_t r = 0; r < column->rows; r++) {
        out[r] = at_column_real(column, r);
        if (isfinite(out[r]) && out[r] >= 0)
            continue;
        at_fail(err, AT_INVALID, "the weight %s of %s row %" PRId64 " is %s", t->weight,
                what, r + 1, isnan(out[r]) ? "missing" : "not a number of at least 0");
        return at_hint(err, "a row that is not to count has the weight 0");
    }
    return AT_OK;
}

/* What the rows of each class are multiplied by, so that the training rows of all classes
 * sum to the same and the whole to what it was. */
static at_status balance(at_training *t, at_error *err) {
    const at_training_part *train = &t->train;
    int classes = t->target.classes;
    double sum = 0, present = 0;
    double *factor = at_arena_alloc(&t->arena, (size_t)classes * sizeof *factor);
    if (!factor)
        return no_memory(err);
    for (int64_t r = 0; r < at_frame_rows(train->frame); r++) {
        factor[(int64_t)train->y[r]] += train->weight[r];
        sum += train->weight[r];
    }
    for (int k = 0; k < classes; k++)
        present += factor[k] > 0;
    for (int k = 0; k < classes; k++)
        factor[k] = factor[k] > 0 ? sum / (present * factor[k]) : 1;
    t->balance = factor;
    return AT_OK;
}

at_status at_training_weigh(at_training *t, at_training_part *part, const char *what,
                            at_error *err) {
    bool balanced = t->request->balance && t->target.problem != AT_REGRESSION;
    if ((!t->weight && !balanced) || !part->frame)
        return AT_OK;
    int64_t rows = at_frame_rows(part->frame);
    part->weight = at_alloc_array((size_t)rows + 1, sizeof *part->weight);
    if (!part->weight)
        return no_memory(err);
    if (t->weight)
        AT_TRY(read_column(t, part, what, part->weight, err));
    for (int64_t r = 0; !t->weight && r < rows; r++)
        part->weight[r] = 1;
    if (!balanced)
        return AT_OK;
    if (!t->balance) /* the training part comes first */
        AT_TRY(balance(t, err));
    for (int64_t r = 0; r < rows; r++)
        part->weight[r] *= t->balance[(int64_t)part->y[r]];
    return AT_OK;
}

at_status at_training_without_weight(const at_training *t, const at_recipe *recipe,
                                     at_recipe **out, at_error *err) {
    const at_selector column = {t->weight, true};
    const at_step_args args = {.columns = &column, .column_count = 1};
    at_step *step;
    AT_TRY(at_step_new(at_step_kind_find("drop column"), &args, 0, &step, err));
    at_recipe *only;
    at_status status = at_recipe_new(&only, err);
    if (status != AT_OK) {
        at_step_release(step);
        return status;
    }
    status = at_recipe_take(only, step, err);
    json_t *steps = at_recipe_to_json(only), *rest = at_recipe_to_json(recipe);
    if (status == AT_OK && (!steps || !rest || json_array_extend(steps, rest) != 0))
        status = no_memory(err);
    if (status == AT_OK)
        status = at_recipe_from_json(steps, out, err);
    json_decref(steps);
    json_decref(rest);
    at_recipe_release(only);
    return status;
}
