/* Quality: how good a model is on some rows, computed and shown. */
#ifndef ATELIER_MAGICS_TRAIN_QUALITY_H
#define ATELIER_MAGICS_TRAIN_QUALITY_H

#include "magics/language/context.h"
#include "ops/learn/metrics.h"
#include "ops/learn/model.h"

/* Predictions against truth, rows without truth left out. */
typedef struct at_quality {
    const at_model *model; /* borrowed */
    const char *title;     /* "subscriber on bank_clean_test" */
    int64_t rows, left_out;
    double *y, *scores; /* (rows), (rows, outputs); several labels: both the latter */
    int32_t *labels;    /* (rows); NULL for regression and several labels a row */
    int outputs, resamples;
    int top_k; /* also the share whose truth is among so many; 0: not */
    uint64_t seed;
} at_quality;

/* Each computes, shows tables and charts on the context's display, and adds name: value
 * to `kept`. quality_binary.c, quality_multiclass.c, quality_multilabel.c,
 * quality_regression.c */
AT_MUST_USE at_status at_quality_binary(at_context *context, const at_quality *quality,
                                        json_t *kept, at_error *err);
AT_MUST_USE at_status at_quality_multiclass(at_context *context,
                                            const at_quality *quality, json_t *kept,
                                            at_error *err);
AT_MUST_USE at_status at_quality_multilabel(at_context *context,
                                            const at_quality *quality, json_t *kept,
                                            at_error *err);
AT_MUST_USE at_status at_quality_regression(at_context *context,
                                            const at_quality *quality, json_t *kept,
                                            at_error *err);

/* One line of the metrics table. */
typedef struct at_quality_line {
    const char *name, *key; /* key: in `kept` */
    at_interval value;
    const char *meaning;
} at_quality_line;
AT_MUST_USE at_status at_quality_table(at_context *context, const at_quality *quality,
                                       const at_quality_line *lines, size_t count,
                                       json_t *kept, at_error *err);

#endif
