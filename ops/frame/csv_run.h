/* One pass over a CSV by all threads of the pool. */
#ifndef ATELIER_OPS_FRAME_CSV_RUN_H
#define ATELIER_OPS_FRAME_CSV_RUN_H

#include "ops/frame/csv_reader.h"

/* Reads all chunks and commits them to the table. *not_utf8: stopped at bytes that are
 * not UTF-8 where that was only a guess (status AT_OK; the table is to be thrown away).
 */
AT_MUST_USE at_status at_csv_run(const at_csv_pass *pass, const at_read_context *context,
                                 at_csv_table *table, at_csv_report *report,
                                 bool *not_utf8, at_error *err);

/* The line, counted from 1, on which the byte at `offset` stands. Reads the input again:
 * only reports need it. */
int64_t at_csv_line_of(const at_csv_source *source, const at_csv_dialect *dialect,
                       int64_t offset);

#endif
