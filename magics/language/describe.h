/* Describe: a dataset or a column in short, for `name?` and Shift-Tab. */
#ifndef ATELIER_MAGICS_LANGUAGE_DESCRIBE_H
#define ATELIER_MAGICS_LANGUAGE_DESCRIBE_H

#include "kernel/display.h"
#include "magics/workspace/store.h"

/* "bank": its columns and first rows. "bank.age": the column's profile; the dataset is
 * the longest part before a dot that is one. AT_NOT_FOUND otherwise. Caller finishes
 * *out. */
AT_MUST_USE at_status at_describe_name(at_workspace *workspace, const char *name,
                                       at_bundle *out, at_error *err);
AT_MUST_USE at_status at_describe_column(at_workspace *workspace, const char *dataset,
                                         const char *column, at_bundle *out,
                                         at_error *err);

#endif
