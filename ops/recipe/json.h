/* Small helpers for what steps save and load. */
#ifndef ATELIER_OPS_RECIPE_JSON_H
#define ATELIER_OPS_RECIPE_JSON_H

#include "ops/base/error.h"
#include "ops/base/memory.h"

#include <jansson.h>

/* Consumes value, which may be NULL: then false. */
bool at_json_put(json_t *object, const char *key, json_t *value);
json_t *at_json_texts(const char *const *texts,
                      size_t count); /* new reference, or NULL */
/* Copies a list of texts into the arena; what is no list counts as empty. */
AT_MUST_USE at_status at_json_read_texts(const json_t *list, at_arena *arena,
                                         const char *const **out, size_t *count,
                                         at_error *err);
/* A list of numbers; what is not finite is null, and reads as NaN. */
json_t *at_json_reals(const double *values, size_t count); /* new reference, or NULL */
AT_MUST_USE at_status at_json_read_reals(const json_t *list, at_arena *arena,
                                         double **out, size_t *count, at_error *err);
/* AT_CORRUPT: a saved step does not read as one. */
at_status at_json_broken(at_error *err);

#endif
