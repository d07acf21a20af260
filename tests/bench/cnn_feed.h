/* Feed: batches out of a folder of pictures, as %%train makes them, for cnn_bench. */
#ifndef ATELIER_TESTS_BENCH_CNN_FEED_H
#define ATELIER_TESTS_BENCH_CNN_FEED_H

#include "ops/image/pipeline.h"

typedef struct cnn_feed {
    at_images *images;
    at_pipeline *pipeline;
    at_pipeline_batch now;
    int32_t *labels; /* of the batch */
} cnn_feed;

/* Pictures of `folder`, the shorter side at 256 or more, cut to side x side and
 * augmented. `kept`: so few of them that after one round all are kept decoded; else each
 * is decoded each time, as in the first epoch. */
AT_MUST_USE at_status cnn_feed_open(const char *folder, const char *augmentation,
                                    bool kept, int32_t side, int32_t batch, cnn_feed *out,
                                    at_error *err);
AT_MUST_USE at_status cnn_feed_next(cnn_feed *feed, at_error *err);
void cnn_feed_close(cnn_feed *feed);

#endif
