/* Private to finding*.c: the list while it grows, and steps as text. */
#ifndef ATELIER_OPS_EXPLORE_FINDING_LIST_H
#define ATELIER_OPS_EXPLORE_FINDING_LIST_H

#include "ops/base/text.h"
#include "ops/explore/axis.h"
#include "ops/explore/finding.h"

enum { AT_FINDINGS = 400 }; /* at most */

typedef struct at_finding_list {
    const at_findings_task *task;
    at_finding *items; /* (AT_FINDINGS) in the arena */
    size_t count;
} at_finding_list;

void at_finding_add(at_finding_list *list, at_finding finding);

/* The line of a step on these columns, into the arena; NULL where there is no such step.
 * values: (count). word: one of its bare words, or NULL. */
const char *at_finding_step(const at_finding_list *list, const char *verb,
                            const char *const *columns, size_t column_count,
                            const char *const *values, size_t value_count,
                            const char *word);
/* "1,234", "12 %", "0.3 %": into the arena. */
const char *at_finding_count(at_arena *arena, int64_t count);
const char *at_finding_share(at_arena *arena, double share);

/* The texts of a column: blanks, markers, numbers (finding_text.c). */
AT_MUST_USE at_status at_finding_texts(at_finding_list *list, at_error *err);

/* Columns whose spellings one step can merge, and the first finding that says so. */
enum { AT_SPELLING_COLUMNS = 64 };
typedef struct at_spelling_columns {
    const char *names[AT_SPELLING_COLUMNS];
    size_t count, finding;
} at_spelling_columns;

/* Spellings that mean the same (finding_spelling.c). `levels`: of the column. */
AT_MUST_USE at_status at_finding_spellings(at_finding_list *list, const at_column *column,
                                           const at_axis *levels,
                                           at_spelling_columns *sure,
                                           at_spelling_columns *likely, at_error *err);
/* Gives the first finding of these columns the step for all of them. */
void at_finding_merge(at_finding_list *list, const at_spelling_columns *columns,
                      const char *word);

#endif
