/* Model: what %%train makes, %evaluate asks and an endpoint serves: source columns ->
 * cleaning (value steps) -> preparation (a fitted recipe) -> a learner -> labels.
 *
 * Refcounted and immutable after training, so that a server shares it between threads. */
#ifndef ATELIER_OPS_LEARN_MODEL_H
#define ATELIER_OPS_LEARN_MODEL_H

#include "ops/base/text.h"
#include "ops/frame/frame.h"
#include "ops/learn/learner.h"
#include "ops/recipe/recipe.h"

#include <jansson.h>

typedef struct at_model at_model;

typedef struct at_train_request {
    const at_learner *learner;
    const json_t
        *hyperparameters; /* {"epochs": "15"}: checked against the learner's table */
    const char *target;
    const at_frame *train;
    const at_frame *validation; /* NULL: `holdout` of train is set apart (stratified) */
    double holdout;             /* 0.1 .. 0.5; used only without validation; 0: none */
    const json_t *source;       /* schema of the dataset that starts the chain (for the
                                   endpoint), target included; NULL: train's own */
    const json_t
        *cleaning;      /* array of fitted value steps from source to train; NULL: none */
    at_recipe *recipe;  /* unfitted, borrowed and fitted here; NULL: auto */
    const char *weight; /* a column that says how much a row counts, and is no input (0:
                           not at all); NULL: all count alike */
    bool balance; /* each class counts the same in the sum, over the rows' own weights */
    double max_seconds; /* the fit stops then and keeps the best so far; 0: no limit */
    uint64_t seed;
    at_pool *pool;
    const at_cancel *cancel;
    const at_fit_events *events;
} at_train_request;

/* A target that is missing, constant or an id, a problem type that the learner cannot do:
 * AT_INVALID, said plainly. Rows whose target is missing are left out and counted in the
 * log. Problem type from predictor_type if the learner's params have it and it was given,
 * else inferred (facts/sagemaker.md 2, AutoGluon's rule). */
AT_MUST_USE at_status at_model_train(const at_train_request *request, at_model **out,
                                     at_error *err);

at_model *at_model_retain(const at_model *model);
void at_model_release(at_model *model);

/* A directory: model.json (format version, schemas, steps, labels) + weights.safetensors.
 * Written to a temporary folder and renamed into place. */
AT_MUST_USE at_status at_model_save(const at_model *model, const char *folder,
                                    at_error *err);
AT_MUST_USE at_status at_model_load(const char *folder, at_model **out, at_error *err);

/* For other programs, by the ending of `path`: .onnx (ops/nn/net_onnx.h: bytes of
 * pictures in, probabilities out), or .safetensors (the weights, under the names and in
 * the shapes that PyTorch has; ResNets of version 1 are torchvision's). Both hold the
 * classes and the preparation of pictures as metadata. AT_UNSUPPORTED for a model of
 * rows. */
AT_MUST_USE at_status at_model_export(const at_model *model, const char *path,
                                      at_error *err);
bool at_model_exports_to(const char *path); /* does its ending name such a format? */

at_problem at_model_problem(const at_model *model);
const char *at_model_target(const at_model *model);
const char *at_model_algorithm(const at_model *model);
/* Class labels, in the order of scores; 0 for regression. Binary: label 1 is the positive
 * one (the rarer; or 1, true, yes). */
int at_model_classes(const at_model *model);
const char *at_model_label(const at_model *model, int index);
double at_model_threshold(const at_model *model);
/* What an endpoint takes: columns of the source in order, less target and dropped
 * columns:
 * [{"name","type"}], borrowed. And the columns that may be there and are ignored. */
const json_t *at_model_inputs(const at_model *model);
const json_t *at_model_ignored(const at_model *model);
/* Everything worth showing: algorithm, hyperparameters, features with importance, rows,
 * what the learner says of its fit, validation metrics. New reference. */
json_t *at_model_describe(const at_model *model);

typedef enum at_stage_of_rows {
    AT_ROWS_SOURCE, /* as they come to an endpoint: cleaning is applied */
    AT_ROWS_CLEAN,  /* as the training dataset: already cleaned */
} at_stage_of_rows;

typedef struct at_predictions {
    int64_t rows;
    int outputs;     /* 1 for regression and binary, else classes */
    double *scores;  /* (rows, outputs); see at_learner.predict */
    int32_t *labels; /* (rows): index of the predicted label; NULL for regression
                        and for several labels a row */
} at_predictions;

/* Row i of the answer is row i of the frame; a row's answer does not depend on the
 * others, bit for bit. Missing columns: AT_INVALID, with their names; other columns are
 * ignored. Thread-safe. */
AT_MUST_USE at_status at_model_predict(const at_model *model, const at_frame *frame,
                                       at_stage_of_rows stage, const at_cancel *cancel,
                                       at_predictions *out, at_error *err);
void at_predictions_fini(at_predictions *predictions);

/* A model of pictures (image-classification)? Then rows alone cannot be predicted. */
bool at_model_of_images(const at_model *model);
/* Its net, borrowed; NULL for a model of rows. */
typedef struct at_image_net at_image_net;
at_image_net *at_model_image_net(const at_model *model);
/* The pictures that the rows of `frame` name: row i of the answer is row i of the frame.
 * Thread-safe. */
typedef struct at_images at_images;
AT_MUST_USE at_status at_model_predict_images(const at_model *model,
                                              const at_frame *frame, at_images *images,
                                              const at_cancel *cancel,
                                              at_predictions *out, at_error *err);

/* Of a model of several labels a row (AT_MULTILABEL): appends the list of those that are
 * set of labels (classes), as its target column writes it: "[1,0,1]". */
void at_model_write_labels(const at_model *model, const uint8_t *labels, at_text *out);

/* The truth in `frame`'s target column as class indices or numbers: (rows) doubles, NaN
 * where missing or a label the model never saw; of AT_MULTILABEL (rows, classes) of 0 and
 * 1, NaN throughout a row that is missing. Of rows of the source it is what the
 * cleaning makes of them. AT_NOT_FOUND: no such column, or none to make it from. Caller
 * frees with at_free. */
AT_MUST_USE at_status at_model_truth(const at_model *model, const at_frame *frame,
                                     at_stage_of_rows stage, double **out, at_error *err);

#endif
