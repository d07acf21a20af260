/* The target's values in rows of either stage. */
#include "ops/base/memory.h"
#include "ops/base/text.h"
#include "ops/learn/model_parts.h"

static bool is_input(const at_model *model, const at_column *column) {
    for (int i = 0; i < model->source.count; i++)
        if (at_equal_fold(model->source.columns[i].name, column->name))
            return true;
    return false;
}

/* The model's inputs, of the types that its cleaning was fitted on, and after them what
 * else the frame has: the target is none of the inputs. */
static at_status conform(const at_model *model, const at_frame *frame, at_frame **out,
                         at_error *err) {
    at_frame *inputs;
    AT_TRY(at_port_conform(&model->source, frame, &inputs, err));
    at_frame_builder *b;
    at_status status = at_frame_builder_new(&b, err);
    if (status == AT_OK) {
        for (int i = 0; i < at_frame_columns(inputs) && status == AT_OK; i++)
            status = at_frame_builder_share(b, inputs, i, NULL, err);
        for (int i = 0; i < at_frame_columns(frame) && status == AT_OK; i++)
            if (!is_input(model, at_frame_column(frame, i)))
                status = at_frame_builder_share(b, frame, i, NULL, err);
        if (status == AT_OK)
            status = at_frame_builder_finish(b, out, err);
        else
            at_frame_builder_release(b);
    }
    at_frame_release(inputs);
    return status;
}

/* Rows of the source, cleaned: their target may be renamed, relabelled or made by it. */
static at_status clean(const at_model *model, const at_frame *frame, at_frame **out,
                       at_error *err) {
    const json_t *cleaning = json_object_get(model->card, "cleaning");
    if (json_array_size(cleaning) == 0) {
        *out = at_frame_retain(frame);
        return AT_OK;
    }
    at_recipe *recipe;
    AT_TRY(at_model_chain(cleaning, NULL, &recipe, err));
    at_frame *rows = NULL;
    at_step_context context = {0};
    at_status status = conform(model, frame, &rows, err);
    if (status == AT_OK)
        status = at_recipe_apply(recipe, rows, &context, true, out, err);
    at_frame_release(rows);
    at_recipe_release(recipe);
    return status;
}

at_status at_model_truth(const at_model *model, const at_frame *frame,
                         at_stage_of_rows stage, double **out, at_error *err) {
    *out = NULL;
    at_frame *rows = NULL;
    if (stage == AT_ROWS_SOURCE)
        AT_TRY(clean(model, frame, &rows, err));
    else
        rows = at_frame_retain(frame);
    int at = at_frame_find(rows, model->column);
    bool several = model->target.problem == AT_MULTILABEL;
    size_t cells = (size_t)at_frame_rows(rows);
    cells *= several ? (size_t)model->target.classes : 1; /* 1000 at most */
    double *y = at_alloc_array(cells, sizeof *y);
    at_status status;
    if (at < 0)
        status = at_fail(err, AT_NOT_FOUND,
                         "the rows have no column %s, the model's target", model->column);
    else if (!y)
        status = at_fail(err, AT_NO_MEMORY, "not enough memory for the target");
    else if (several)
        status = at_label_lists_read(&model->lists, at_frame_column(rows, at), y, err);
    else
        status = at_target_encode(&model->target, at_frame_column(rows, at), y, err);
    at_frame_release(rows);
    if (status == AT_OK)
        *out = y;
    else
        at_free(y);
    return status;
}
