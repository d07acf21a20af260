/* Report: gathers what a step changed, so that its user sees how many cells, and the most
 * frequent changes. */
#ifndef ATELIER_OPS_RECIPE_REPORT_H
#define ATELIER_OPS_RECIPE_REPORT_H

#include "ops/frame/dictionary.h"
#include "ops/recipe/step.h"

typedef struct at_tally {
    at_step_report *report; /* NULL: nobody asks; all calls do nothing */
    at_dictionary
        changes;     /* column, before, after; at most AT_TALLY_MOST are told apart */
    int64_t *counts; /* (changes.count) */
    size_t capacity;
    struct at_text *key;
    bool failed;
} at_tally;

enum {
    AT_TALLY_MOST = 4096, /* different changes */
    AT_TALLY_LENGTH = 80, /* bytes of a cell that an example shows */
};

AT_MUST_USE at_status at_tally_init(at_tally *tally, at_step_report *report,
                                    at_error *err);
/* `count` cells of the column went from before to after (NULL: missing). */
void at_tally_add(at_tally *tally, const char *column, const char *before,
                  int64_t before_length, const char *after, int64_t after_length,
                  int64_t count);
/* The same with cells of columns as they are written in a CSV; -1: missing. */
void at_tally_cells(at_tally *tally, const char *name, const at_column *before,
                    int64_t before_row, const at_column *after, int64_t after_row);
/* Fills the report (when `status` is AT_OK) and releases the tally. Passes `status` on.
 */
AT_MUST_USE at_status at_tally_finish(at_tally *tally, at_status status, at_error *err);

#endif
