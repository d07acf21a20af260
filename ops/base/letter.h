/* Letter: what a byte of a cell is, the same in every locale. Bytes from 0x80 on belong
 * to a code point of UTF-8. */
#ifndef ATELIER_OPS_BASE_LETTER_H
#define ATELIER_OPS_BASE_LETTER_H

#include <stdbool.h>

static inline bool at_is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static inline bool at_is_digit(char c) {
    return c >= '0' && c <= '9';
}
/* Within a line; a carriage return stands before its end. */
static inline bool at_is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}
static inline bool at_is_space(char c) {
    return at_is_blank(c) || c == '\n';
}
/* In the name of a dataset or a variable, which begins with no digit. */
static inline bool at_is_name(char c) {
    return at_is_letter(c) || at_is_digit(c) || c == '_';
}
/* In a word of SQL: a name of any language. */
static inline bool at_is_word(char c) {
    return at_is_name(c) || (unsigned char)c >= 0x80;
}

#endif
