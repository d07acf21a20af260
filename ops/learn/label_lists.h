/* Label lists: a target column in which a row has any number of labels, as text "[...]".
 *
 *   flags     "[1,0,1]"   a 0 or 1 for each class: RecordIO, .lst and SageMaker's
 *                         augmented manifest have it so
 *   numbers   "[0,2]"     the numbers of the classes that it has, as SageMaker Ground
 *                         Truth writes them
 *
 * Which of the two a column holds shows in its rows: lists of one length with nothing but
 * 0 and 1 are flags. A row whose cell is missing has no known labels. */
#ifndef ATELIER_OPS_LEARN_LABEL_LISTS_H
#define ATELIER_OPS_LEARN_LABEL_LISTS_H

#include "ops/base/text.h"
#include "ops/frame/frame.h"

typedef struct at_label_lists {
    int32_t classes;
    bool numbers; /* else flags */
} at_label_lists;

/* Does the first known row of this column look like a list? */
bool at_label_lists_likely(const at_column *column);
/* AT_INVALID names the first row that is no list, or not of the others' kind. */
AT_MUST_USE at_status at_label_lists_learn(const at_column *column, at_label_lists *out,
                                           at_error *err);
/* y: (rows, classes) of 0 and 1; NaN throughout a row that is missing. AT_INVALID names
 * the row that does not fit. */
AT_MUST_USE at_status at_label_lists_read(const at_label_lists *lists,
                                          const at_column *column, double *y,
                                          at_error *err);
/* Appends a row of 0 and 1 in the column's form. */
void at_label_lists_write(const at_label_lists *lists, const uint8_t *labels,
                          at_text *out);

#endif
