/* Mistakes: the pictures that a model took for something else, as a grid. */
#ifndef ATELIER_MAGICS_TRAIN_MISTAKES_H
#define ATELIER_MAGICS_TRAIN_MISTAKES_H

#include "magics/language/context.h"
#include "magics/train/stage.h"
#include "magics/view/pictures.h"

enum { AT_MISTAKES_SHOWN = 24 };

typedef struct at_mistakes {
    at_picture items[AT_MISTAKES_SHOWN]; /* the surest ones; bytes are the dataset's */
    double sure[AT_MISTAKES_SHOWN];
    size_t count;
    int64_t all;
} at_mistakes; /* zero-initialise */

/* `truth` as at_model_truth has it: NaN where not known. Of several labels a picture, one
 * is a mistake where a label is wrong, and as sure as its worst label. Texts go into the
 * context's arena; the pictures are borrowed from scoring->images. */
AT_MUST_USE at_status at_mistakes_gather(at_context *context, const at_scoring *scoring,
                                         const double *truth,
                                         const at_predictions *predictions,
                                         at_mistakes *out, at_error *err);
/* Nothing where there are none. */
AT_MUST_USE at_status at_mistakes_show(at_context *context, const at_mistakes *mistakes,
                                       at_error *err);

#endif
