/* History: the execution counter of one (sub)shell, and what was run in it and in earlier
 * sessions. Cells are kept in a SQLite
 * database, which is opened at the first cell; without one, the session's own are kept in
 * a database in memory. One thread at a time. */
#ifndef ATELIER_KERNEL_HISTORY_H
#define ATELIER_KERNEL_HISTORY_H

#include "ops/base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define AT_HISTORY_LIMIT 10000 /* entries in one reply */

typedef struct at_history at_history;

/* `path` (may be NULL) is asked once, with `context`, for the file. */
AT_MUST_USE at_status at_history_new(const char *(*path)(void *), void *context,
                                     at_history **out, at_error *err);
void at_history_release(at_history *history);

/* The number of the last stored cell, 0 before the first; and of the next one, which it
 * then is. */
int64_t at_history_count(const at_history *history);
int64_t at_history_next(at_history *history);

/* Remembers a cell; `output` is the text/plain of its result or NULL. */
AT_MUST_USE at_status at_history_add(at_history *history, int64_t line,
                                     const char *source, const char *output,
                                     at_error *err);

/* Each answers [[session, line, input]] or, with `output`, [[session, line, [input,
 * output]]], oldest first. New references. */

/* The last `n`. */
AT_MUST_USE at_status at_history_tail(at_history *history, int64_t n, bool output,
                                      json_t **out, at_error *err);
/* Lines start <= line < stop (stop < 0: to the end) of a session: 0 is this one, below 0
 * is counted from this one back. */
AT_MUST_USE at_status at_history_range(at_history *history, int64_t session,
                                       int64_t start, int64_t stop, bool output,
                                       json_t **out, at_error *err);
/* The last `n` (below 1: all) whose input matches a glob; `unique`: only the latest of
 * equal ones. */
AT_MUST_USE at_status at_history_search(at_history *history, const char *pattern,
                                        int64_t n, bool unique, bool output, json_t **out,
                                        at_error *err);

#endif
