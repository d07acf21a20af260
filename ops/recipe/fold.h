/* Fold: small letters beyond ASCII. */
#ifndef ATELIER_OPS_RECIPE_FOLD_H
#define ATELIER_OPS_RECIPE_FOLD_H

#include <stddef.h>
#include <stdint.h>

/* Simple case folding (Unicode 15, UnicodeData.txt) of ASCII, Latin-1, Latin Extended-A,
 * Greek and Cyrillic; every other letter stays. */
uint32_t at_fold_small(uint32_t letter);
/* The next code point of UTF-8 (valid, as all text in a frame is); moves *at on. */
uint32_t at_fold_next(const char **at, const char *end);
/* Writes it as UTF-8, up to 4 bytes; how many. Appends it. */
size_t at_fold_write(char *out, uint32_t letter);
struct at_text;
void at_fold_put(struct at_text *out, uint32_t letter);
/* Is it part of a word: a letter or digit of any language, or "_"? Signs, blanks and
 * punctuation (Latin-1's and the general blocks of Unicode) are not. */
int at_fold_is_word(uint32_t letter);

#endif
