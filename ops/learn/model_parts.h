/* What a model is made of. Private to ops/learn/model*.c.
 *
 *   model.c          a model from its card (the JSON that is saved) and its learner
 *   model_train.c    request -> card and learner
 *   model_weight.c   what each training row counts
 *   model_card.c     what was fitted -> card
 *   model_predict.c  rows -> scores and labels
 *   model_truth.c    rows -> the truth to set beside them
 *   model_io.c       folder <-> model
 *   model_images.c   models of pictures: a net in place of the learner
 *   model_export.c   model -> ONNX, safetensors
 *
 * Training ends by making the model from its card, as loading does: so what is served is
 * what was saved. */
#ifndef ATELIER_OPS_LEARN_MODEL_PARTS_H
#define ATELIER_OPS_LEARN_MODEL_PARTS_H

#include "ops/learn/features.h"
#include "ops/learn/image_net.h"
#include "ops/learn/label_lists.h"
#include "ops/learn/model.h"
#include "ops/learn/port.h"
#include "ops/learn/target.h"

#include <stdatomic.h>

#define AT_MODEL_FORMAT "atelier-model/1"

/* The card: {"format", "algorithm", "name" of the target as "column",
 *   "target": see target.h, "hyperparameters": {name: text}, "seed",
 *   "inputs": schema, "ignored": schema,          of the source
 *   "clean": schema,                              what is needed of cleaned rows
 *   "cleaning": [steps], "preparation": [steps],
 *   "features": [{"name", "fill" (null: none), "importance"}],
 *   "rows", "validation_rows", "left_out", "validation": {metric: value}, "notes",
 *   "fit": what the learner says of it, "weight"?: column, "balanced"?: true}
 * A model of pictures has "prep" (ops/image/prep.h) and "resnet": {"version",
 * "depth", "classes", "multi_label"} in place of the columns, the steps and the features;
 * one of several labels an image also "label_lists": "flags" or "numbers". */
struct at_model {
    atomic_size_t references;
    json_t *card;
    const char *column; /* the target's name; borrowed from the card */
    const at_learner *learner;
    at_learned *state;
    at_target target;
    at_recipe *served;      /* cleaning and preparation: for rows of the source */
    at_recipe *preparation; /* for cleaned rows */
    at_port source, clean;
    at_features features;
    at_label_lists lists; /* of AT_MULTILABEL */
    at_image_net *images; /* or NULL: a model of rows; then all above from served on is
                             empty, and there is no learner */
};

/* Takes `card` and `state`, also on failure. AT_CORRUPT for a card that no training
 * wrote. */
AT_MUST_USE at_status at_model_make(json_t *card, const at_learner *learner,
                                    at_learned *state, at_model **out, at_error *err);

/* The model of pictures whose card this is, in `folder`. Takes `card`, also on failure.
 */
AT_MUST_USE at_status at_model_make_images(json_t *card, const char *folder,
                                           at_model **out, at_error *err);

/* A recipe of the steps of both arrays (NULL: none). */
AT_MUST_USE at_status at_model_chain(const json_t *first, const json_t *second,
                                     at_recipe **out, at_error *err);

#endif
