/* Cells of a CSV: what a piece of text is, and its value. Shared by the CSV reader, its
 * detection and JSON lines. */
#ifndef ATELIER_OPS_FRAME_CSV_CELL_H
#define ATELIER_OPS_FRAME_CSV_CELL_H

#include "ops/frame/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a column may be, finer than at_type: dates differ by how they are written. */
typedef enum at_cell_kind {
    AT_CELL_EMPTY, /* nothing but missing cells so far */
    AT_CELL_INT,
    AT_CELL_FLOAT,
    AT_CELL_BOOL,
    AT_CELL_DATE,        /* 2024-01-31, 2024/01/31 */
    AT_CELL_SLASH,       /* 31/1/2024, 1/31/2024, 31.1.2024, 1/31/24: packed, see below */
    AT_CELL_STAMP,       /* 2024-01-31 12:00[:00[.000000]], T or blank between */
    AT_CELL_STAMP_ZONE,  /* the same with Z or an offset: UTC */
    AT_CELL_STAMP_SLASH, /* a slash date with a time, also 1:05 PM */
    AT_CELL_STRING,
} at_cell_kind;

/* The narrowest kind that holds both; AT_CELL_STRING at last. */
at_cell_kind at_cell_join(at_cell_kind a, at_cell_kind b);
/* AT_TYPE_TEXT for EMPTY and STRING. */
at_type at_cell_type(at_cell_kind kind);

/* The order of day and month is known only when the whole column was seen: bits of what
 * each cell allows, and-ed together. */
enum { AT_ORDER_MDY = 1, AT_ORDER_DMY = 2, AT_ORDER_BOTH = 3 };

typedef struct at_cell_rules {
    char decimal, thousands;
    bool lax_bool; /* a forced bool: yes/no, y/n, t/f, 1/0 in any case count as well */
} at_cell_rules;

/* Each takes a cell without quotes and says whether it is one; blanks around are allowed.
 */
bool at_cell_int(const char *cell, size_t length, const at_cell_rules *rules,
                 int64_t *out);
bool at_cell_real(const char *cell, size_t length, const at_cell_rules *rules,
                  double *out);
bool at_cell_bool(const char *cell, size_t length, const at_cell_rules *rules,
                  uint8_t *out);
bool at_cell_date(const char *cell, size_t length, int32_t *days);
bool at_cell_slash(const char *cell, size_t length, int32_t *packed, unsigned *orders);
bool at_cell_stamp(const char *cell, size_t length, bool zone, int64_t *us);
bool at_cell_stamp_slash(const char *cell, size_t length, int64_t *packed,
                         unsigned *orders);

/* Packed dates into days and microseconds once the order is known. */
int32_t at_cell_unpack_date(int32_t packed, unsigned order);
int64_t at_cell_unpack_stamp(int64_t packed, unsigned order);

/* The first kind that takes the cell, which is not missing. */
at_cell_kind at_cell_guess(const char *cell, size_t length, const at_cell_rules *rules);

/* The words that mean "missing": a whole cell, blanks around it apart. */
typedef struct at_missing_words {
    const char *const *words; /* NULL-terminated */
    size_t longest;
    bool empty;         /* "" is one of them */
    uint8_t first[256]; /* 1: some word begins with this byte */
} at_missing_words;

extern const char *const at_missing_default[];
void at_missing_words_init(at_missing_words *m, const char *const *words);
bool at_missing_is(const at_missing_words *m, const char *cell, size_t length);

/* The cell without blanks around it. */
void at_cell_trim(const char **cell, size_t *length);

#endif
