/* LightGBM: boosted trees grown leaf by leaf, by the library's C interface, under
 * SageMaker's names. As with XGBoost the library fits alone; the trees become a forest of
 * ours. Private to ops/learn.
 *
 *   lightgbm.c          the table of hyperparameters, checks
 *   lightgbm_library.c  the adapter: the only one who knows the library's functions
 *   lightgbm_fit.c      rounds, early stopping, what is kept
 *   lightgbm_import.c   the library's text -> forest */
#ifndef ATELIER_OPS_LEARN_LIGHTGBM_H
#define ATELIER_OPS_LEARN_LIGHTGBM_H

#include "ops/learn/forest.h"

typedef struct at_lightgbm_params {
    int64_t num_boost_round, early_stopping_rounds, num_class;
    int64_t num_leaves, max_depth, min_data_in_leaf, bagging_freq, max_bin;
    const char *metric, *boosting;
    double learning_rate, feature_fraction, bagging_fraction, feature_fraction_bynode;
    double lambda_l1, lambda_l2, min_gain_to_split, max_delta_step, scale_pos_weight;
    bool is_unbalance, extra_trees;
} at_lightgbm_params;

AT_MUST_USE at_status at_lightgbm_check(const at_fit_task *task, at_error *err);
at_status at_lightgbm_fit(const at_fit_task *task, at_learned **out, at_error *err);

/* The first `rounds` rounds of a model as the library writes it (`facts` is taken, also
 * on failure). AT_CORRUPT if it is not laid out as versions 3 and 4 do. */
AT_MUST_USE at_status at_lightgbm_import(const char *text, const at_fit_task *task,
                                         int64_t rounds, json_t *facts, at_forest **out,
                                         at_error *err);

/* The library. Handles are its own; what fails carries its words. */
AT_MUST_USE at_status at_lightgbm_ready(at_error *err);

typedef struct at_lightgbm_rows {
    void *handle;
} at_lightgbm_rows;
/* Copies and bins the rows; `like` (may be NULL) gives the bins. */
AT_MUST_USE at_status at_lightgbm_rows_init(at_lightgbm_rows *rows, const at_design *d,
                                            const char *params,
                                            const at_lightgbm_rows *like, at_error *err);
void at_lightgbm_rows_fini(at_lightgbm_rows *rows);

typedef struct at_lightgbm_booster {
    void *handle;
} at_lightgbm_booster;
AT_MUST_USE at_status at_lightgbm_booster_init(at_lightgbm_booster *b, const char *params,
                                               const at_lightgbm_rows *train,
                                               const at_lightgbm_rows *validation,
                                               at_error *err);
void at_lightgbm_booster_fini(at_lightgbm_booster *b);
/* *finished: no split gains anything any more. */
AT_MUST_USE at_status at_lightgbm_update(at_lightgbm_booster *b, bool *finished,
                                         at_error *err);
/* The first metric of the training (0) or validation (1) rows; its name where that is not
 * NULL. */
AT_MUST_USE at_status at_lightgbm_evaluate(at_lightgbm_booster *b, int part,
                                           char name[64], double *out, at_error *err);
/* The model as text; at_free. */
AT_MUST_USE at_status at_lightgbm_save(at_lightgbm_booster *b, int64_t rounds, char **out,
                                       at_error *err);
/* Sums of the first `rounds` rounds for some rows: out (rows, outputs). */
AT_MUST_USE at_status at_lightgbm_sums(at_lightgbm_booster *b, const at_design *d,
                                       int64_t rounds, int outputs, double *out,
                                       at_error *err);

#endif
