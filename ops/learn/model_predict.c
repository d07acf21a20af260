#include "ops/base/memory.h"
#include "ops/learn/model_parts.h"

#include <math.h>

enum {
    BLOCK = 1024,
    BRIEF = 16, /* rows: so few, as an endpoint is asked for, are looked at in ... */
    ROOM = 24 * 1024, /* ... this much of the stack (an arena takes over where it ends) */
};

static int32_t label_of(const at_model *model, const double *scores, int outputs) {
    if (model->target.problem == AT_BINARY)
        return scores[0] >= at_model_threshold(model);
    int best = 0;
    for (int k = 1; k < outputs; k++)
        if (scores[k] > scores[best])
            best = k;
    return best;
}

/* Prepared rows to answers, a block at a time. */
static at_status score(const at_model *model, const at_sheet *sheet,
                       const at_cancel *cancel, int *columns, double *x,
                       at_predictions *p, at_error *err) {
    AT_TRY(at_features_find(&model->features, sheet, columns, err));
    for (int64_t first = 0; first < p->rows; first += BLOCK) {
        if (at_cancelled(cancel))
            return at_fail(err, AT_CANCELLED, "prediction was interrupted");
        int64_t rows = p->rows - first < BLOCK ? p->rows - first : BLOCK;
        double *scores = p->scores + first * p->outputs;
        at_features_fill(&model->features, sheet, columns, first, rows, x);
        model->learner->predict(model->state, x, rows, scores);
        for (int64_t r = 0; p->labels && r < rows; r++)
            p->labels[first + r] = label_of(model, scores + r * p->outputs, p->outputs);
    }
    return AT_OK;
}

static at_status predict_sheet(const at_model *model, const at_sheet *sheet,
                               const at_cancel *cancel, at_arena *arena,
                               at_predictions *out, at_error *err) {
    int64_t rows = sheet->rows;
    bool regression = model->target.problem == AT_REGRESSION;
    *out = (at_predictions){
        .rows = rows,
        .outputs = model->target.problem == AT_MULTICLASS ? model->target.classes : 1};
    size_t cols = (size_t)model->features.count,
           block = rows < BLOCK ? (size_t)rows : BLOCK;
    int *columns = at_arena_alloc(arena, cols * sizeof *columns);
    double *x = cols <= SIZE_MAX / sizeof *x / BLOCK
                    ? at_arena_alloc(arena, cols * block * sizeof *x)
                    : NULL;
    out->scores =
        at_alloc_array((size_t)rows * (size_t)out->outputs, sizeof *out->scores);
    out->labels = regression ? NULL : at_alloc_array((size_t)rows, sizeof *out->labels);
    at_status status;
    if (!columns || !x || !out->scores || (!out->labels && !regression))
        status = at_fail(err, AT_NO_MEMORY, "not enough memory to predict %lld rows",
                         (long long)rows);
    else
        status = score(model, sheet, cancel, columns, x, out, err);
    if (status != AT_OK)
        at_predictions_fini(out);
    return status;
}

/* Rows of the stage's shape. */
static at_status predict_rows(const at_model *model, const at_frame *rows,
                              at_stage_of_rows stage, const at_cancel *cancel,
                              at_arena *arena, at_predictions *out, at_error *err) {
    at_step_context context = {.target = model->column, .cancel = cancel};
    at_sheet sheet;
    AT_TRY(at_sheet_init_brief(&sheet, rows, at_frame_rows(rows) <= BRIEF ? arena : NULL,
                               err));
    at_status status =
        at_recipe_run(stage == AT_ROWS_SOURCE ? model->served : model->preparation,
                      &sheet, &context, true, err);
    if (status == AT_OK)
        status = predict_sheet(model, &sheet, cancel, arena, out, err);
    at_sheet_fini(&sheet);
    return status;
}

at_status at_model_predict(const at_model *model, const at_frame *frame,
                           at_stage_of_rows stage, const at_cancel *cancel,
                           at_predictions *out, at_error *err) {
    *out = (at_predictions){0};
    if (model->images)
        return at_fail(err, AT_INVALID, "the model takes pictures, not rows");
    at_frame *rows;
    AT_TRY(at_port_conform(stage == AT_ROWS_SOURCE ? &model->source : &model->clean,
                           frame, &rows, err));
    _Alignas(16) char room[ROOM];
    at_arena arena = at_arena_over(room, sizeof room);
    at_status status = predict_rows(model, rows, stage, cancel, &arena, out, err);
    at_arena_fini(&arena);
    at_frame_release(rows);
    return status;
}

void at_predictions_fini(at_predictions *predictions) {
    at_free(predictions->scores);
    at_free(predictions->labels);
    *predictions = (at_predictions){0};
}
