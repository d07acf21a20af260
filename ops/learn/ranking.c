#include "ops/learn/ranking.h"

#include "ops/base/memory.h"

#include <inttypes.h>
#include <stdlib.h>

static int falling(const void *a, const void *b) {
    const at_ranked *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

at_status at_ranking(const double *y, const double *score, int64_t rows, at_ranked **out,
                     at_error *err) {
    *out = NULL;
    if (rows <= 0)
        return at_fail(err, AT_INVALID, "there are no rows to score");
    at_ranked *ranked = at_alloc_array((size_t)rows, sizeof *ranked);
    if (!ranked)
        return at_fail(err, AT_NO_MEMORY, "no memory to rank %" PRId64 " rows", rows);
    for (int64_t i = 0; i < rows; i++) {
        bool class_ok = y[i] == 0 || y[i] == 1;
        if (!class_ok || !(score[i] >= 0 && score[i] <= 1)) {
            at_free(ranked);
            return class_ok
                       ? at_fail(err, AT_INVALID,
                                 "row %" PRId64 " has the score %g, which is no "
                                 "probability from 0 to 1",
                                 i + 1, score[i])
                       : at_fail(err, AT_INVALID,
                                 "row %" PRId64 " has the class %g; 0 or 1 was expected",
                                 i + 1, y[i]);
        }
        ranked[i] = (at_ranked){score[i], i};
    }
    qsort(ranked, (size_t)rows, sizeof *ranked, falling);
    *out = ranked;
    return AT_OK;
}
