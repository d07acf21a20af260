/* Level: the value of a cell as one of those that its column knows: texts as they are,
 * others as a CSV has them. */
#ifndef ATELIER_OPS_RECIPE_LEVEL_H
#define ATELIER_OPS_RECIPE_LEVEL_H

#include "ops/base/text.h"
#include "ops/frame/dictionary.h"
#include "ops/recipe/step.h"

#define AT_LEVEL_UNKNOWN AT_DICTIONARY_NONE
#define AT_LEVEL_MISSING (AT_DICTIONARY_NONE - 1)

/* The cell's bytes, perhaps in `scratch`; NULL: missing. */
const char *at_level_of(const at_column *column, int64_t row, at_text *scratch,
                        int64_t *length);

/* codes: (rows). The number of each cell's level in `levels`, or one of the two above;
 * `learn`: a new level is added, up to `most` (then AT_LIMIT). */
AT_MUST_USE at_status at_level_learn(const at_column *column, at_dictionary *levels,
                                     uint32_t most, uint32_t *codes, at_error *err);
AT_MUST_USE at_status at_level_find(const at_column *column, const at_dictionary *levels,
                                    uint32_t *codes, at_error *err);

/* The levels as texts, and back into an empty dictionary. */
json_t *at_level_save(const at_dictionary *levels); /* new reference, or NULL */
AT_MUST_USE at_status at_level_load(const json_t *list, at_dictionary *levels,
                                    at_error *err);

/* A name that no column of the sheet has, nor any of `names` (count): `base`, or
 * "base (2)". In the arena; NULL: no memory. */
const char *at_level_fresh(const at_sheet *sheet, const char *const *names, size_t count,
                           at_arena *arena, const char *base);

#endif
