/* RecordIO: MXNet's container of records (dmlc-core, include/dmlc/recordio.h), little
 * endian:
 *
 *     u32 0xced7230a | u32 kind << 29 | length | data | zeros up to a multiple of 4
 *
 * kind 0 is a whole record. Where the magic word stands in the data at a multiple of 4,
 * the writer splits there and leaves it out: kind 1 begins such a record, 2 goes on, 3
 * ends it, and the reader puts the word back between the pieces.
 *
 * A record of an image: u32 flag | f32 label | u64 id | u64 id2, then `flag` more f32
 * labels that stand for the first (none where flag is 0), then the encoded image. */
#ifndef ATELIER_OPS_IMAGE_RECORDIO_H
#define ATELIER_OPS_IMAGE_RECORDIO_H

#include "ops/base/error.h"
#include "ops/base/text.h"

#include <stdint.h>

#define AT_RECORDIO_MAGIC 0xced7230au

/* The record that begins at *at, which moves past it. *data borrows from `bytes`, or from
 * `joined` (the caller's, reused) where the record was split. AT_CORRUPT names the byte.
 */
AT_MUST_USE at_status at_recordio_next(const uint8_t *bytes, size_t length, size_t *at,
                                       at_text *joined, const uint8_t **data,
                                       size_t *data_length, at_error *err);

typedef struct at_recordio_image {
    uint64_t id;
    float labels[4096];
    size_t label_count; /* at least 1 */
    const uint8_t *bytes;
    size_t length;
} at_recordio_image;

AT_MUST_USE at_status at_recordio_image_of(const uint8_t *data, size_t length,
                                           at_recordio_image *out, at_error *err);

/* Appends a record as MXNet writes it. */
AT_MUST_USE at_status at_recordio_put(at_text *out, const uint8_t *data, size_t length,
                                      at_error *err);

#endif
