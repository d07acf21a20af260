/* Learner: one algorithm behind one interface. An algorithm is a const at_learner in a
 * file of its own, listed in learners.c by one line.
 *
 * Fit is deterministic for a seed; our own learners give the same bits for any number of
 * threads, a library's for the same number. Predict computes each row alone and in the
 * same order of operations, so that a row's score does not depend on the batch it comes
 * in. The fitted state is data of ours: a model that a library fitted is loaded, served
 * and explained without it. */
#ifndef ATELIER_OPS_LEARN_LEARNER_H
#define ATELIER_OPS_LEARN_LEARNER_H

#include "ops/base/cancel.h"
#include "ops/base/param.h"
#include "ops/base/pool.h"

#include <jansson.h>
#include <stdint.h>

typedef enum at_problem {
    AT_REGRESSION = 1, /* y: a number */
    AT_BINARY = 2,     /* y: 0 or 1 */
    AT_MULTICLASS = 4, /* y: 0 .. classes - 1 */
    AT_MULTILABEL = 8, /* y: (classes) of 0 and 1; pictures alone */
} at_problem;

const char *at_problem_name(at_problem problem); /* "regressor", "binary_classifier",
                                                    "multiclass_classifier",
                                                    "multilabel_classifier" */
bool at_problem_from_name(const char *name, at_problem *out); /* NULL names none */

/* x: (rows, cols) row-major; y, weight: (rows). weight NULL: all 1. */
typedef struct at_design {
    int64_t rows, cols;
    const double *x;
    const double *y;
    const double *weight;
} at_design;

/* What a fit tells while it runs. Any member may be NULL. */
typedef struct at_fit_events {
    void *context;
    void (*log)(void *context, const char *line); /* as SageMaker prints it */
    /* A point of a curve: series "train" or "validation", e.g. metric "logistic_loss". */
    void (*point)(void *context, const char *series, const char *metric, double x,
                  double y);
    void (*progress)(void *context, double done, double total, const char *what);
} at_fit_events;

typedef struct at_fit_task {
    at_problem problem;
    int classes;                 /* 2 for binary, 1 for regression */
    at_design train, validation; /* validation.rows may be 0 */
    const void *params;          /* the learner's struct, filled from its table */
    uint64_t seed;
    at_pool *pool;
    /* Raised, or past the deadline: stop at the next epoch (tree, round), keep the best
     * so far. Before there is anything to keep: AT_CANCELLED. */
    const at_cancel *cancel;
    double deadline; /* by at_now(); 0: none */
    const at_fit_events *events;
} at_fit_task;

typedef struct at_learned at_learned; /* fitted state, the learner's own; immutable */

typedef enum at_learner_trait {
    /* Splits on the order of numbers: missing ones come as NaN, and the automatic recipe
     * neither imputes nor standardises. */
    AT_LEARNER_TREES = 1,
} at_learner_trait;

typedef struct at_learner {
    const char *name;  /* "linear-learner" */
    const char *title; /* "Linear learner: logistic, softmax or linear regression" */
    unsigned problems; /* at_problem bits */
    unsigned traits;   /* at_learner_trait bits */
    const at_param *params;
    size_t param_count, params_size;
    /* Can it be fitted on this machine? AT_UNSUPPORTED says what to install. NULL:
     * always.
     */
    at_status (*ready)(at_error *err);
    /* The problem that the settings ask for; 0: it is worked out from the target. NULL:
     * the choice `predictor_type` says it, if there is one. */
    unsigned (*wants)(const void *params);
    /* Checks that hang together (num_classes against the data, ...) before any work. */
    at_status (*check)(const at_fit_task *task, at_error *err);
    at_status (*fit)(const at_fit_task *task, at_learned **out, at_error *err);
    /* scores: (rows, outputs): regression 1 value; binary 1 probability of class 1;
     * multiclass a probability a class. x: (rows, cols). */
    void (*predict)(const at_learned *state, const double *x, int64_t rows,
                    double *scores);
    /* The number of columns that predict and importance deal in. */
    int64_t (*inputs)(const at_learned *state);
    /* The label's decision threshold for binary problems, chosen at fit; 0.5 by default.
     * Label 1 is a score of at least that. */
    double (*threshold)(const at_learned *state);
    /* importance: (cols), >= 0, of the standardised inputs; NULL if the learner has none.
     */
    void (*importance)(const at_learned *state, double *importance);
    /* Adds what is worth showing to `facts` (an object): {"trees": 100}; false on no
     * memory. NULL if there is nothing. */
    bool (*describe)(const at_learned *state, json_t *facts);
    /* Weights go to `path` (a safetensors file). */
    at_status (*save)(const at_learned *state, const char *path, at_error *err);
    at_status (*load)(const char *path, at_learned **out, at_error *err);
    void (*release)(at_learned *state);
} at_learner;

const at_learner *const *at_learners(size_t *count);
const at_learner *at_learner_find(const char *name); /* NULL: none */

#endif
