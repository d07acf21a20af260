/* The safetensors container (github.com/huggingface/safetensors, "Format"): named arrays
 * in one file, mapped rather than read. Frames and weights are both kept in it.
 *
 * 8 bytes: n, little-endian; n bytes of JSON, name -> {dtype, shape, data_offsets}, with
 * "__metadata__" a map of strings; then the arrays without holes. We pad the JSON with
 * blanks so that the arrays begin at a multiple of 64, and lay the widest elements first,
 * so that every array is aligned for its type. Any order and alignment is read. */
#ifndef ATELIER_OPS_BASE_SAFETENSORS_H
#define ATELIER_OPS_BASE_SAFETENSORS_H

#include "ops/base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef enum at_dtype {
    AT_DTYPE_BOOL,
    AT_DTYPE_U8,
    AT_DTYPE_I8,
    AT_DTYPE_U16,
    AT_DTYPE_I16,
    AT_DTYPE_F16,
    AT_DTYPE_BF16,
    AT_DTYPE_U32,
    AT_DTYPE_I32,
    AT_DTYPE_F32,
    AT_DTYPE_U64,
    AT_DTYPE_I64,
    AT_DTYPE_F64,
} at_dtype;

const char *at_dtype_name(at_dtype dtype); /* "F32", as in the file */
size_t at_dtype_size(at_dtype dtype);      /* bytes of one element */

enum {
    AT_SAFETENSORS_RANK = 8, /* most dimensions of an array */
    AT_SAFETENSORS_HEADER =
        100000000, /* most bytes of JSON, as the reference reader has it */
    AT_SAFETENSORS_COUNT = 1000000, /* most arrays in a file */
};

typedef struct at_array {
    const char *name; /* UTF-8, unique in its file */
    at_dtype dtype;
    int rank; /* 0: one element */
    int64_t shape[AT_SAFETENSORS_RANK];
    const void *data; /* row-major, aligned for dtype; may be NULL where bytes is 0 */
    size_t bytes;     /* filled by the reader; the writer works it out from the shape */
} at_array;

/* One text of __metadata__. */
typedef struct at_meta {
    const char *key, *value;
} at_meta;

/* Writes atomically and durably, straight from the arrays: nothing is gathered in memory.
 */
AT_MUST_USE at_status at_safetensors_write(const char *path, const at_array *arrays,
                                           size_t count, const at_meta *meta,
                                           size_t meta_count, at_error *err);

/* An open file: immutable, refcounted, safe to share between threads. */
typedef struct at_safetensors at_safetensors;

/* Maps the file after its header and every offset were checked. AT_CORRUPT for a damaged
 * file. */
AT_MUST_USE at_status at_safetensors_open(const char *path, at_safetensors **out,
                                          at_error *err);
/* The same over bytes that the caller keeps until the last release. */
AT_MUST_USE at_status at_safetensors_view(const void *bytes, size_t length,
                                          at_safetensors **out, at_error *err);
at_safetensors *at_safetensors_retain(at_safetensors *file);
void at_safetensors_release(at_safetensors *file); /* NULL is fine */

size_t at_safetensors_count(const at_safetensors *file);
const at_array *at_safetensors_get(const at_safetensors *file,
                                   size_t index); /* borrowed */
const at_array *at_safetensors_find(const at_safetensors *file,
                                    const char *name); /* or NULL */
const char *at_safetensors_meta(const at_safetensors *file,
                                const char *key); /* or NULL */

#endif
