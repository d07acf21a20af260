/* Sink: a file that is written piece by piece and appears whole, or not at all. */
#ifndef ATELIER_OPS_BASE_SINK_H
#define ATELIER_OPS_BASE_SINK_H

#include "ops/base/error.h"
#include "ops/base/text.h"

#include <stddef.h>

typedef struct at_sink {
    int fd;
    char *path, *temporary;
    at_text buffer; /* what is still to be written; append to it, then at_sink_drain */
} at_sink;

/* Begins a new file beside `path`. On failure nothing is to be ended. */
AT_MUST_USE at_status at_sink_open(at_sink *sink, const char *path, at_error *err);
/* Writes past the buffer: for large arrays. What is in the buffer goes first. */
AT_MUST_USE at_status at_sink_write(at_sink *sink, const void *bytes, size_t length,
                                    at_error *err);
/* Writes the buffer out once it has grown to 256 KB. */
AT_MUST_USE at_status at_sink_drain(at_sink *sink, at_error *err);
/* Ends it: with `status` AT_OK the file is made durable and takes the place of `path`,
 * else it is removed. Returns the first failure. */
AT_MUST_USE at_status at_sink_close(at_sink *sink, at_status status, at_error *err);

#endif
