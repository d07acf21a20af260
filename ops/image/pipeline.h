/* Pipeline: batches of images for a net, made while the net computes.
 *
 * Workers decode, cut and augment ahead of the consumer; a batch is bytes, (n, h, w, c),
 * which the consumer scales into its own map (at_pipeline_place), so that what waits is
 * small: 4.8 MB for 32 images of 224 x 224. The consumer helps where a batch is not
 * ready, so that no number of workers, none included, can starve it. Images are kept as
 * bytes, decoded and resized, as long as they fit the budget.
 *
 * Order and draws come from (seed, epoch, place) alone: the same batches with any number
 * of threads, and from any epoch and batch that a resumed job begins at. */
#ifndef ATELIER_OPS_IMAGE_PIPELINE_H
#define ATELIER_OPS_IMAGE_PIPELINE_H

#include "ops/base/cancel.h"
#include "ops/image/augment.h"
#include "ops/image/images.h"

/* A last batch that is not full. */
typedef enum at_pipeline_tail {
    AT_TAIL_SHORT, /* comes with fewer images */
    AT_TAIL_WRAP,  /* is filled from the beginning of the epoch's order, as MXNet does */
    AT_TAIL_DROP,  /* does not come, unless it is the only one */
} at_pipeline_tail;

typedef struct at_pipeline_options {
    at_images *images;  /* retained */
    const int64_t *ids; /* (count): which of them; copied */
    size_t count;       /* at least 1 */
    at_prep prep;       /* checked */
    at_augment augment; /* NONE for validation */
    bool shuffle;       /* by augment.seed; else as `ids` stand */
    at_pipeline_tail tail;
    int32_t batch;
    size_t ahead;            /* batches made ahead; 0: 2 */
    size_t threads;          /* workers; 0: as many as processors */
    size_t budget;           /* bytes for decoded images that are kept; 0: none */
    uint64_t first_epoch;    /* where it begins ... */
    size_t first_batch;      /* ... and there */
    uint64_t epochs;         /* where it ends: the epoch after the last; 0: never */
    const at_cancel *cancel; /* may be NULL */
} at_pipeline_options;

/* Valid until the next call of at_pipeline_next. */
typedef struct at_pipeline_batch {
    const uint8_t *pixels; /* (count, h, w, c) */
    const size_t *places;  /* (count): which of `ids` each is */
    int32_t count;         /* 0: past the last */
    uint64_t epoch;
    size_t index; /* in the epoch, from 0 */
} at_pipeline_batch;

typedef struct at_pipeline at_pipeline;

AT_MUST_USE at_status at_pipeline_new(const at_pipeline_options *options,
                                      at_pipeline **out, at_error *err);
/* Stops the workers. */
void at_pipeline_release(at_pipeline *pipeline); /* NULL is fine */
/* The next batch, in order. An image that cannot be used fails its batch, and names its
 * place in the dataset. One consumer. */
AT_MUST_USE at_status at_pipeline_next(at_pipeline *pipeline, at_pipeline_batch *out,
                                       at_error *err);
/* Batches of an epoch. */
size_t at_pipeline_batches(const at_pipeline *pipeline);

/* Scales image i of the batch into the target (at_prep_nchw, at_prep_blocked). */
void at_pipeline_place(const at_pipeline *pipeline, const at_pipeline_batch *batch,
                       int32_t i, const at_prep_target *target);

/* How it went: for logs and tests. */
typedef struct at_pipeline_stats {
    uint64_t decoded; /* images that were decoded */
    size_t kept;      /* bytes of those that are kept */
    double waited;    /* seconds the consumer waited or helped */
} at_pipeline_stats;
at_pipeline_stats at_pipeline_stats_of(at_pipeline *pipeline);

#endif
