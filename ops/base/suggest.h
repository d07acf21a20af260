/* The nearest valid word, for errors: "epoch? did you mean epochs". */
#ifndef ATELIER_OPS_BASE_SUGGEST_H
#define ATELIER_OPS_BASE_SUGGEST_H

#include <stddef.h>

/* Damerau-Levenshtein distance (optimal string alignment), ASCII case-insensitive.
 * Words of more than 127 bytes are the same or wholly different. */
size_t at_edit_distance(const char *a, const char *b);

/* The candidate nearest to `word`, or NULL if none is near enough to be meant: within
 * max(1, length / 3) edits, or one a prefix (of two letters or more) of the other.
 * Borrowed from `candidates`. */
const char *at_nearest(const char *word, const char *const *candidates, size_t count);

#endif
