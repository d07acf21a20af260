/* What a model is, in two tables: what it was made of, and what weighs in it. */
#ifndef ATELIER_MAGICS_TRAIN_MODEL_FACTS_H
#define ATELIER_MAGICS_TRAIN_MODEL_FACTS_H

#include "magics/language/context.h"

AT_MUST_USE at_status at_model_facts_show(at_context *context, const at_entry *model,
                                          at_error *err);

#endif
