/* Similar: which spellings of a column mean the same. */
#ifndef ATELIER_OPS_RECIPE_SIMILAR_H
#define ATELIER_OPS_RECIPE_SIMILAR_H

#include "ops/base/cancel.h"
#include "ops/base/error.h"
#include "ops/base/memory.h"

#include <stdbool.h>
#include <stdint.h>

enum { AT_SIMILAR_LEVELS = 10000 }; /* at most */

typedef enum at_similar_mode {
    AT_SIMILAR_STRICTLY, /* case, blanks, punctuation */
    AT_SIMILAR_USUALLY,  /* and a slip in a word of four letters, two in one of eight,
                            where the other spelling is ten times as frequent */
    AT_SIMILAR_LOOSELY,  /* and up to a third of a word, or blanks lost, where it is twice
                            as frequent */
} at_similar_mode;

typedef struct at_similar_level {
    const char *bytes; /* borrowed */
    size_t length;
    int64_t count; /* cells that hold it */
    bool fixed;    /* stays as it is; what is like it but for case, blanks or punctuation
                      merges with nothing else */
    const char
        *kept; /* out, in the arena: the spelling that stands for it; NULL: itself */
    size_t kept_length;
} at_similar_level;

/* The most frequent spelling of those that are alike stands for all, without blanks
 * around it. Numbers are never alike unless digits were lost (1xx18 is 10018 where
 * nothing else fits): another digit is another thing. Ties stay apart. O(levels^2). */
AT_MUST_USE at_status at_similar_find(at_similar_level *levels, size_t count,
                                      at_similar_mode mode, at_arena *arena,
                                      const at_cancel *cancel, at_error *err);

/* Appends what is left of a spelling without case, blanks and punctuation: equal for
 * those that are strictly alike. Marks with a meaning stay: of 1.5, -1, 18-29, A+, <5. */
struct at_text;
void at_similar_key(const char *bytes, size_t length, struct at_text *out);

#endif
