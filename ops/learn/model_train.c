/* Training: rows without a target fall away, some are set apart, the preparation is
 * fitted on the rest, the learner on what it makes. */
#include "ops/base/clock.h"
#include "ops/base/memory.h"
#include "ops/base/suggest.h"
#include "ops/base/text.h"
#include "ops/frame/split.h"
#include "ops/learn/metrics.h"
#include "ops/learn/model_training.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void part_fini(at_training_part *p) {
    at_frame_release(p->frame);
    at_free(p->x);
    at_free(p->y);
    at_free(p->weight);
}

static void training_fini(at_training *t) {
    part_fini(&t->train);
    part_fini(&t->validation);
    at_target_fini(&t->target);
    at_recipe_release(t->made);
    at_features_fini(&t->features);
    at_text_fini(&t->notes);
    if (t->state)
        t->request->learner->release(t->state);
    at_arena_fini(&t->arena);
}

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory to train a model");
}

static void tell(const at_training *t, const char *line) {
    const at_fit_events *events = t->request->events;
    if (events && events->log && *line)
        events->log(events->context, line);
}

/* The column `wanted` of the training rows, in their spelling. */
static at_status find_column(at_training *t, const char *wanted, const char *role,
                             const char **out, at_error *err) {
    const at_frame *frame = t->request->train;
    int at = at_frame_find(frame, wanted), columns = at_frame_columns(frame);
    if (at >= 0) {
        *out = at_frame_column(frame, at)->name;
        return AT_OK;
    }
    const char **names = at_arena_alloc(&t->arena, (size_t)columns * sizeof *names);
    if (!names)
        return no_memory(err);
    for (int c = 0; c < columns; c++)
        names[c] = at_frame_column(frame, c)->name;
    const char *nearest = at_nearest(wanted, names, (size_t)columns);
    at_fail(err, AT_INVALID, "there is no column %.200s to be the %s", wanted, role);
    if (nearest)
        at_hint(err, "did you mean %s?", nearest);
    return AT_INVALID;
}

static at_status find_columns(at_training *t, at_error *err) {
    AT_TRY(find_column(t, t->request->target, "target", &t->column, err));
    if (!t->request->weight)
        return AT_OK;
    AT_TRY(find_column(t, t->request->weight, "weight", &t->weight, err));
    if (strcmp(t->weight, t->column) == 0)
        return at_fail(err, AT_INVALID, "%s is the target: it cannot be the weight too",
                       t->column);
    return AT_OK;
}

static at_status read_params(at_training *t, at_error *err) {
    const at_learner *l = t->request->learner;
    json_t *given = (json_t *)(uintptr_t)t->request->hyperparameters, *value;
    const char *name;
    t->params = at_arena_alloc(&t->arena, l->params_size);
    if (!t->params)
        return no_memory(err);
    if (!given)
        return at_params_defaults(l->params, l->param_count, &t->arena, t->params, err);
    json_object_foreach(given, name, value) {
        if (!at_param_find(l->params, l->param_count, name))
            return at_param_unknown(l->params, l->param_count, "hyperparameter", name,
                                    err);
    }
    return at_params_from_json(l->params, l->param_count, given, &t->arena, t->params,
                               err);
}

/* The problem that predictor_type asks for; 0: none, infer it. */
static unsigned wanted_problem(const at_training *t) {
    const at_learner *l = t->request->learner;
    if (l->wants)
        return l->wants(t->params);
    const at_param *p = at_param_find(l->params, l->param_count, "predictor_type");
    if (!p || p->kind != AT_PARAM_CHOICE)
        return 0;
    const char *word = *(const char *const *)((const char *)t->params + p->offset);
    at_problem problem;
    return at_problem_from_name(word, &problem) ? problem : 0;
}

static at_status learn_target(at_training *t, at_error *err) {
    const at_frame *frame = t->request->train;
    const at_column *column = at_frame_column(frame, at_frame_find(frame, t->column));
    unsigned wanted = wanted_problem(t);
    at_status status = at_target_learn(column, wanted, &t->target, err);
    if (status == AT_INVALID && wanted && t->request->learner->wants)
        return at_hint(err,
                       "the setting `objective` asks for a %s: leave it out, or cast the "
                       "column first",
                       at_problem_name((at_problem)wanted));
    AT_TRY(status);
    if (!(t->request->learner->problems & (unsigned)t->target.problem))
        return at_fail(
            err, AT_UNSUPPORTED, "%s cannot be a %s, which the target %s asks for",
            t->request->learner->name, at_problem_name(t->target.problem), t->column);
    return AT_OK;
}

/* The frame's rows whose target is a value the model knows. */
static at_status take_known(at_training *t, const at_frame *frame, const char *what,
                            at_training_part *out, at_error *err) {
    int at = at_frame_find(frame, t->column);
    if (at < 0)
        return at_fail(err, AT_INVALID, "the %s rows have no column %s, the target", what,
                       t->column);
    int64_t rows = at_frame_rows(frame), kept = 0;
    double *y = at_alloc_array((size_t)rows + 1, sizeof *y);
    int64_t *take = at_alloc_array((size_t)rows + 1, sizeof *take);
    at_status status =
        y && take ? at_target_encode(&t->target, at_frame_column(frame, at), y, err)
                  : no_memory(err);
    for (int64_t r = 0; r < rows && status == AT_OK; r++)
        if (!isnan(y[r]))
            take[kept++] = r;
    if (status == AT_OK && kept == rows)
        out->frame = at_frame_retain(frame);
    else if (status == AT_OK)
        status = at_frame_take_rows(frame, take, kept, &out->frame, err);
    out->left_out = rows - kept;
    at_free(y);
    at_free(take);
    return status;
}

static at_status tell_left_out(at_training *t, const at_training_part *p,
                               const char *what, at_error *err) {
    if (p->left_out == 0)
        return AT_OK;
    at_text line = {0};
    at_text_format(
        &line, "%" PRId64 " %s row%s left out: the target is missing or unknown there",
        p->left_out, what, p->left_out == 1 ? " was" : "s were");
    bool ok = at_text_ok(&line);
    tell(t, at_text_get(&line));
    at_text_fini(&line);
    return ok ? AT_OK : no_memory(err);
}

/* Sets `holdout` of the rows apart, with the shares of the classes kept. */
static at_status hold_out(at_training *t, at_error *err) {
    double holdout = t->request->holdout;
    int by = t->target.problem == AT_REGRESSION
                 ? -1
                 : at_frame_find(t->train.frame, t->column);
    at_split split;
    const double share[2] = {1 - holdout, holdout};
    AT_TRY(at_split_rows(t->train.frame, by, share, 2, t->request->seed, &split, err));
    at_frame *rest = NULL;
    at_status status = AT_OK;
    if (split.count[0] > 0 && split.count[1] > 0) {
        status =
            at_frame_take_rows(t->train.frame, split.rows[0], split.count[0], &rest, err);
        if (status == AT_OK)
            status = at_frame_take_rows(t->train.frame, split.rows[1], split.count[1],
                                        &t->validation.frame, err);
    }
    at_split_fini(&split);
    if (status != AT_OK || !rest) {
        at_frame_release(rest);
        return status;
    }
    at_frame_release(t->train.frame);
    t->train.frame = rest;
    return AT_OK;
}

static at_status split_rows(at_training *t, at_error *err) {
    const at_train_request *r = t->request;
    AT_TRY(take_known(t, r->train, "training", &t->train, err));
    AT_TRY(tell_left_out(t, &t->train, "training", err));
    if (r->validation) {
        AT_TRY(take_known(t, r->validation, "validation", &t->validation, err));
        if (at_frame_rows(t->validation.frame) == 0)
            return at_fail(err, AT_INVALID,
                           "no validation row has a target %s that training rows have",
                           t->column);
        return tell_left_out(t, &t->validation, "validation", err);
    }
    if (!(r->holdout >= 0 && r->holdout <= 0.9))
        return at_fail(err, AT_INVALID,
                       "a hold-out of %g of the rows: 0 to 0.9 was expected", r->holdout);
    return r->holdout > 0 ? hold_out(t, err) : AT_OK;
}

static at_status make_matrix(at_training *t, const at_sheet *prepared,
                             at_training_part *p, at_error *err) {
    int64_t rows = prepared->rows;
    int *columns = at_arena_alloc(&t->arena, (size_t)t->features.count * sizeof *columns);
    p->x = at_alloc_array((size_t)rows * (size_t)t->features.count, sizeof *p->x);
    p->y = at_alloc_array((size_t)rows, sizeof *p->y);
    if (!columns || !p->x || !p->y)
        return no_memory(err);
    AT_TRY(at_features_find(&t->features, prepared, columns, err));
    at_features_fill(&t->features, prepared, columns, 0, rows, p->x);
    int at = at_sheet_find(prepared, t->column, 0);
    if (at < 0 || rows != at_frame_rows(p->frame))
        return at_fail(err, AT_INVALID,
                       "the preparation loses the target %s, or rows of it", t->column);
    return at_target_encode(&t->target, &prepared->columns[at], p->y, err);
}

static at_status with_sheet(at_training *t, const at_frame *prepared, at_training_part *p,
                            bool learn, at_error *err) {
    at_sheet sheet;
    AT_TRY(at_sheet_init(&sheet, prepared, err));
    at_status status =
        learn ? at_features_learn(&sheet, t->column,
                                  t->request->learner->traits & AT_LEARNER_TREES,
                                  &t->features, &t->notes, err)
              : AT_OK;
    if (status == AT_OK)
        status = make_matrix(t, &sheet, p, err);
    at_sheet_fini(&sheet);
    return status;
}

static at_status check_row_steps(const at_recipe *recipe, at_error *err) {
    for (size_t i = 0; i < at_recipe_count(recipe); i++)
        if (at_recipe_step(recipe, i)->kind->rows) {
            at_fail(err, AT_INVALID,
                    "the preparation has the step '%s', which drops rows",
                    at_recipe_step(recipe, i)->kind->verb);
            at_hint(err, "do that in %%%%clean: a model answers for every row");
            return AT_INVALID;
        }
    return AT_OK;
}

/* The automatic recipe, for the columns that are neither target nor weight. */
static at_status make_recipe(at_training *t, at_error *err) {
    const at_frame *frame = t->train.frame;
    int columns = at_frame_columns(frame), count = 0;
    int *kept = at_arena_alloc(&t->arena, (size_t)columns * sizeof *kept);
    at_frame *inputs = NULL;
    const char *note = "";
    if (!kept)
        return no_memory(err);
    for (int c = 0; c < columns; c++)
        if (!t->weight || strcmp(at_frame_column(frame, c)->name, t->weight) != 0)
            kept[count++] = c;
    AT_TRY(at_frame_select(frame, kept, count, &inputs, err));
    at_recipe_style style = t->request->learner->traits & AT_LEARNER_TREES
                                ? AT_RECIPE_TREES
                                : AT_RECIPE_SMOOTH;
    at_status status =
        at_recipe_auto(inputs, t->column, style, &t->arena, &t->made, &note, err);
    at_frame_release(inputs);
    if (status == AT_OK && note && *note)
        at_text_format(&t->notes, "%s ", note);
    return status;
}

static at_status choose_recipe(at_training *t, at_error *err) {
    if (!t->request->recipe)
        AT_TRY(make_recipe(t, err));
    t->recipe = t->made ? t->made : t->request->recipe;
    if (!t->weight)
        return AT_OK;
    at_recipe *without;
    AT_TRY(at_training_without_weight(t, t->recipe, &without, err));
    at_recipe_release(t->made);
    t->recipe = t->made = without;
    return AT_OK;
}

static at_status prepare(at_training *t, at_error *err) {
    const at_train_request *r = t->request;
    at_step_context context = {.target = t->column, .cancel = r->cancel};
    at_frame *prepared = NULL;
    AT_TRY(choose_recipe(t, err));
    AT_TRY(check_row_steps(t->recipe, err));
    AT_TRY(at_recipe_fit(t->recipe, t->train.frame, &context, &prepared, NULL, err));
    at_status status = with_sheet(t, prepared, &t->train, true, err);
    at_frame_release(prepared);
    prepared = NULL;
    if (status == AT_OK && t->validation.frame) {
        status = at_recipe_apply(t->recipe, t->validation.frame, &context, true,
                                 &prepared, err);
        if (status == AT_OK)
            status = with_sheet(t, prepared, &t->validation, false, err);
        at_frame_release(prepared);
    }
    if (status == AT_OK)
        status = at_training_weigh(t, &t->train, "training", err);
    if (status == AT_OK)
        status = at_training_weigh(t, &t->validation, "validation", err);
    if (status == AT_OK && !at_text_ok(&t->notes))
        status = no_memory(err);
    tell(t, at_text_get(&t->notes));
    return status;
}

static at_design design(const at_training *t, const at_training_part *p) {
    return (at_design){.rows = p->x ? at_frame_rows(p->frame) : 0,
                       .cols = t->features.count,
                       .x = p->x,
                       .y = p->y,
                       .weight = p->weight};
}

static at_status fit(at_training *t, at_error *err) {
    const at_train_request *r = t->request;
    at_fit_task task = {.problem = t->target.problem,
                        .classes = t->target.classes,
                        .train = design(t, &t->train),
                        .validation = design(t, &t->validation),
                        .params = t->params,
                        .seed = r->seed,
                        .pool = r->pool,
                        .cancel = r->cancel,
                        .deadline = t->deadline,
                        .events = r->events};
    if (r->learner->check)
        AT_TRY(r->learner->check(&task, err));
    return r->learner->fit(&task, &t->state, err);
}

static at_status note_metric(json_t *metrics, const char *name, double value,
                             at_error *err) {
    if (!isfinite(value))
        return AT_OK;
    return json_object_set_new(metrics, name, json_real(value)) == 0 ? AT_OK
                                                                     : no_memory(err);
}

static at_status note_metrics(const at_model *m, const double *y, const at_predictions *p,
                              json_t *out, at_error *err) {
    at_binary_metrics b;
    at_multiclass_metrics c;
    at_regression_metrics r;
    double accuracy, log_loss;
    switch (m->target.problem) {
    case AT_BINARY:
        AT_TRY(at_metrics_binary(y, p->scores, p->labels, p->rows, 0, 0, &b, err));
        AT_TRY(note_metric(out, "accuracy", b.accuracy.value, err));
        AT_TRY(note_metric(out, "f1", b.f1.value, err));
        AT_TRY(note_metric(out, "auc", b.auc.value, err));
        return note_metric(out, "log_loss", b.log_loss.value, err);
    case AT_MULTICLASS:
        AT_TRY(at_metrics_multiclass(y, p->scores, p->labels, p->rows, m->target.classes,
                                     0, 0, &c, err));
        accuracy = c.accuracy.value;
        log_loss = c.log_loss.value;
        at_multiclass_metrics_fini(&c);
        AT_TRY(note_metric(out, "accuracy", accuracy, err));
        return note_metric(out, "log_loss", log_loss, err);
    case AT_REGRESSION:
        AT_TRY(at_metrics_regression(y, p->scores, p->rows, 0, 0, &r, err));
        AT_TRY(note_metric(out, "rmse", r.rmse.value, err));
        AT_TRY(note_metric(out, "mae", r.mae.value, err));
        return note_metric(out, "r2", r.r2.value, err);
    case AT_MULTILABEL: /* of pictures: image_judge.c */
        break;
    }
    return AT_OK;
}

/* The finished model's answers on the validation rows, by the path that serves. */
static at_status validate(at_training *t, at_error *err) {
    if (!t->validation.frame)
        return AT_OK;
    at_predictions p;
    json_t *metrics = json_object();
    if (!metrics || json_object_set_new(t->model->card, "validation", metrics) != 0)
        return no_memory(err);
    /* Not cancelled: a training that was stopped keeps its best model, with its metrics.
     */
    AT_TRY(at_model_predict(t->model, t->validation.frame, AT_ROWS_CLEAN, NULL, &p, err));
    at_status status = note_metrics(t->model, t->validation.y, &p, metrics, err);
    at_predictions_fini(&p);
    return status;
}

static at_status make_model(at_training *t, at_error *err) {
    json_t *card;
    AT_TRY(at_training_card(t, &card, err));
    at_learned *state = t->state;
    t->state = NULL;
    return at_model_make(card, t->request->learner, state, &t->model, err);
}

at_status at_model_train(const at_train_request *request, at_model **out, at_error *err) {
    *out = NULL;
    at_training t = {.request = request};
    if (request->max_seconds > 0)
        t.deadline = at_now() + request->max_seconds;
    if (request->learner->ready)
        AT_TRY(request->learner->ready(err));
    at_status status = find_columns(&t, err);
    if (status == AT_OK)
        status = read_params(&t, err);
    if (status == AT_OK)
        status = learn_target(&t, err);
    if (status == AT_OK)
        status = split_rows(&t, err);
    if (status == AT_OK)
        status = prepare(&t, err);
    if (status == AT_OK)
        status = fit(&t, err);
    if (status == AT_OK)
        status = make_model(&t, err);
    if (status == AT_OK)
        status = validate(&t, err);
    if (status == AT_OK)
        *out = t.model;
    else
        at_model_release(t.model);
    training_fini(&t);
    return status;
}
