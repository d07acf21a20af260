/* XGBoost: boosted trees by the library's C interface, under SageMaker's names. The
 * library fits; the fitted trees become a forest of ours, which predicts, is saved and is
 * explained without it. Private to ops/learn.
 *
 *   xgboost.c          the table of hyperparameters, objectives, checks
 *   xgboost_library.c  the adapter: the only one who knows the library's functions
 *   xgboost_fit.c      rounds, early stopping, what is kept
 *   xgboost_import.c   the library's JSON -> forest */
#ifndef ATELIER_OPS_LEARN_XGBOOST_H
#define ATELIER_OPS_LEARN_XGBOOST_H

#include "ops/learn/forest.h"

typedef struct at_xgboost_params {
    int64_t num_round, num_class, early_stopping_rounds;
    const char *objective, *eval_metric, *tree_method, *grow_policy, *booster;
    double eta, gamma, min_child_weight, subsample;
    double colsample_bytree, colsample_bylevel, colsample_bynode;
    double lambda, alpha, max_delta_step, scale_pos_weight, base_score;
    double tweedie_variance_power;
    int64_t max_depth, max_leaves, max_bin;
} at_xgboost_params;

typedef struct at_xgboost_objective {
    const char *name;
    const char *passed; /* to the library */
    unsigned problems;  /* at_problem bits; the first one of a problem is its "auto" */
    at_forest_link link;
    double least; /* labels are at least this ... */
    bool above;   /* ... and not this very number */
} at_xgboost_objective;

/* "auto": the problem's own; NULL: none of that name for it. */
const at_xgboost_objective *at_xgboost_objective_find(const char *name,
                                                      at_problem problem);

AT_MUST_USE at_status at_xgboost_check(const at_fit_task *task, at_error *err);
at_status at_xgboost_fit(const at_fit_task *task, at_learned **out, at_error *err);

/* The first `rounds` rounds of a model that the library saved as JSON (`facts` is taken,
 * also on failure). AT_CORRUPT if it is not laid out as versions 1.7 to 3 do. */
AT_MUST_USE at_status at_xgboost_import(const char *json, size_t length,
                                        const at_fit_task *task, at_forest_link link,
                                        int64_t rounds, json_t *facts, at_forest **out,
                                        at_error *err);

/* The library. Handles are its own; what fails carries its words. */
AT_MUST_USE at_status at_xgboost_ready(at_error *err);
/* "3.2.0"; `out` holds at least 40 bytes. After at_xgboost_ready. */
void at_xgboost_version(char *out);

typedef struct at_xgboost_matrix {
    void *handle;
} at_xgboost_matrix;
/* Copies the rows. `missing` values are NaN. */
AT_MUST_USE at_status at_xgboost_matrix_init(at_xgboost_matrix *m, const at_design *d,
                                             at_error *err);
void at_xgboost_matrix_fini(at_xgboost_matrix *m);

typedef struct at_xgboost_booster {
    void *handle;
} at_xgboost_booster;
AT_MUST_USE at_status at_xgboost_booster_init(at_xgboost_booster *b,
                                              const at_xgboost_matrix *train,
                                              const at_xgboost_matrix *validation,
                                              at_error *err);
void at_xgboost_booster_fini(at_xgboost_booster *b);
AT_MUST_USE at_status at_xgboost_set(at_xgboost_booster *b, const char *name,
                                     const char *value, at_error *err);
AT_MUST_USE at_status at_xgboost_update(at_xgboost_booster *b, int64_t round,
                                        const at_xgboost_matrix *train, at_error *err);
/* "[0]\ttrain-rmse:1.2\tvalidation-rmse:1.4", borrowed until the next call. validation
 * without a handle is left out. */
AT_MUST_USE at_status at_xgboost_evaluate(at_xgboost_booster *b, int64_t round,
                                          const at_xgboost_matrix *train,
                                          const at_xgboost_matrix *validation,
                                          const char **out, at_error *err);
/* The model as JSON, borrowed until the next call. */
AT_MUST_USE at_status at_xgboost_save(at_xgboost_booster *b, const char **json,
                                      size_t *length, at_error *err);
/* Margins of the matrix's rows by the first `rounds` rounds, borrowed until the next
 * call: (rows, outputs). */
AT_MUST_USE at_status at_xgboost_margins(at_xgboost_booster *b,
                                         const at_xgboost_matrix *m, int64_t rounds,
                                         const float **out, uint64_t *count,
                                         at_error *err);

#endif
