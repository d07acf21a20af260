/* JSON lines (one object a line) into typed columns and back. Columns are the union of
 * the keys in order of first appearance; a missing key or null is a missing cell; nested
 * values are kept as JSON text. */
#ifndef ATELIER_OPS_FRAME_JSONL_H
#define ATELIER_OPS_FRAME_JSONL_H

#include "ops/frame/csv.h"

AT_MUST_USE at_status at_jsonl_read_file(const char *path, bool skip_bad_rows,
                                         const at_read_context *context, at_frame **out,
                                         at_csv_report *report, at_error *err);
AT_MUST_USE at_status at_jsonl_read(const char *bytes, size_t length, bool skip_bad_rows,
                                    const at_read_context *context, at_frame **out,
                                    at_csv_report *report, at_error *err);
AT_MUST_USE at_status at_jsonl_write_file(const at_frame *frame, const char *path,
                                          at_error *err);

#endif
