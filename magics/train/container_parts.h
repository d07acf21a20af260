/* A container at work. Private to magics/train/container*.c. */
#ifndef ATELIER_MAGICS_TRAIN_CONTAINER_PARTS_H
#define ATELIER_MAGICS_TRAIN_CONTAINER_PARTS_H

#include "ops/base/cancel.h"
#include "ops/base/memory.h"
#include "ops/base/pool.h"
#include "ops/image/files.h"
#include "ops/learn/algorithm.h"

#include <jansson.h>

typedef struct at_container {
    const char *root;
    const char *name; /* --algorithm, or NULL */
    at_arena arena;
    at_cancel cancel;
    at_pool *pool;
    at_algorithm algorithm;
    json_t *hyperparameters; /* as the algorithm takes them */
    json_t *inputs;          /* inputdataconfig.json */
    json_t *spec, *channels; /* of the job (train_job.c); spec owns channels */
    const char *scratch;     /* a folder of its own, removed at the end */
} at_container;

/* ROOT/... in the arena; NULL: no memory. */
const char *at_container_path(at_container *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void at_container_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool at_container_has(at_container *c, const char *channel);
/* Its ContentType without parameters, "" where it has none. In the arena. */
const char *at_container_type(at_container *c, const char *channel);

/* container_images.c. The files of a channel of pictures, with those of its list. */
AT_MUST_USE at_status at_container_files(at_container *c, const char *channel,
                                         at_image_files *out, at_error *err);
/* Both read the channels train and validation, and set the job's channels and target. */
AT_MUST_USE at_status at_container_images(at_container *c, at_error *err);
AT_MUST_USE at_status at_container_rows(at_container *c, at_error *err);
/* container_weights.c: the channel model, if there is one. */
AT_MUST_USE at_status at_container_weights(at_container *c, at_error *err);

#endif
