/* Column: storage of one column, for those who build frames (the CSV reader, SQL). Others
 * read columns through ops/frame/frame.h. */
#ifndef ATELIER_OPS_FRAME_COLUMN_H
#define ATELIER_OPS_FRAME_COLUMN_H

#include "ops/base/safetensors.h"
#include "ops/frame/frame.h"

#include <stdatomic.h>

/* The arrays of a column, refcounted, shared by every frame that shows it. */
typedef struct at_column_store {
    atomic_size_t references;
    void
        *values; /* these four: at_free'd; NULL where absent or where `file` holds them */
    void *validity;
    void *offsets;
    void *bytes;
    at_safetensors *file; /* mapped columns: retained */
    bool lent; /* it and its arrays lie in an arena that outlives it: nothing to free */
} at_column_store;

AT_MUST_USE at_status at_column_store_new(at_column_store **out, at_error *err);
at_column_store *at_column_store_retain(at_column_store *store);
void at_column_store_release(at_column_store *store); /* NULL is fine */

/* Elements of `values` in bytes; 0 for TEXT. */
size_t at_type_size(at_type type);
int64_t at_column_bytes(const at_column *column);

/* Adds a finished column. Consumes `store`, also on failure; the name is copied. */
AT_MUST_USE at_status at_frame_builder_put(at_frame_builder *b, const at_column *column,
                                           at_column_store *store, at_error *err);
/* A frame of columns made at once, of equal length and with different names: all their
 * arrays lie in `block` (at_alloc; consumed, also on failure), and their names outlive
 * the frame. Cheap for the few rows of a request. */
AT_MUST_USE at_status at_frame_of_block(const at_column *columns, int count, void *block,
                                        at_frame **out, at_error *err);
/* Ends a column builder (consumed, also on failure): the column borrows from the store,
 * and its name from `*name`, which the caller frees. */
AT_MUST_USE at_status at_column_builder_finish(at_column_builder *b, at_column *column,
                                               at_column_store **store, char **name,
                                               at_error *err);

#endif
