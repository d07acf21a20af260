/* CSV and TSV into typed columns (RFC 4180, and what the world really writes).
 *
 * Detected, and overridden by options: encoding, delimiter (, ; tab |, and a blank
 * between numbers), quote, header, decimal mark, and a type a column, from all rows, not
 * from a sample. Line ends LF, CRLF, CR. The frame depends neither on threads nor on the
 * processor.
 *
 * Encodings: UTF-8, with a mark or without; UTF-16 by mark or zeros; else Windows-1252,
 * unless the text speaks against it: then the error asks for the name of the encoding
 * (any that iconv knows). Missing: a cell, quoted or not, that is one of the markers,
 * blanks around it apart; and NaN among numbers. int: [+-]digits in 64 bits. float: what
 * strtod reads, correctly rounded, and inf; an integer beyond 64 bits makes its column
 * float. Thousands marks ("1,234,567.8"; with a decimal comma 1.234.567,8) in groups of
 * three. Digits after a leading zero (00123) are text: a code. bool: true, false in three
 * cases; yes and no stay categories, unless the type is forced. date: 2024-01-31,
 * 2024/01/31; 31/1/2024 and 1/31/2024 (also with - and, day first, with .; 1/31/24 from
 * 1969 to 2068) where some cell of the column tells day from month: else text. timestamp:
 * a date with h:mm[:ss[.ffffff]], T or blank between, also AM and PM; with Z or an offset
 * in every cell, as UTC. category: text with at most 4096 distinct values, that are at
 * most a quarter of its cells (or 8). A column without any cell is text.
 *
 * Lines before the table with fewer fields than it are passed over, and blank lines are
 * no rows. Bounds: 16 MB a record, 100000 columns; 8 GB for a pipe or an encoding that
 * has to be converted whole. */
#ifndef ATELIER_OPS_FRAME_CSV_H
#define ATELIER_OPS_FRAME_CSV_H

#include "ops/base/cancel.h"
#include "ops/base/pool.h"
#include "ops/base/text.h"
#include "ops/frame/frame.h"

typedef enum at_tristate { AT_AUTO = -1, AT_NO = 0, AT_YES = 1 } at_tristate;

typedef struct at_csv_options {
    char delimiter;     /* 0 = detect */
    char quote;         /* 0 = detect (") ; -1 = none */
    char decimal;       /* 0 = detect; '.' or ',' */
    at_tristate header; /* first record holds the names */
    const char
        *encoding; /* NULL = detect; "utf-8", "windows-1252", "utf-16le", "big5" ... */
    const char *const *missing; /* NULL = "", NA, N/A, n/a, NaN, nan, null, NULL, None, ?
                                   (a whole cell); else exactly these, NULL-terminated */
    bool skip_bad_rows;   /* false: a ragged row is an error that names it; true: skip,
                             count */
    bool fill_short_rows; /* a row of more than half of the fields misses those at its
                             end; others, and longer ones, as skip_bad_rows has it */
    int64_t skip_lines;   /* lines before the header to pass over */
    const char *const (*types)[2]; /* {column, type} pairs ending with {NULL, NULL} */
    const char *const *names; /* column names, NULL-terminated; NULL: header or c1, c2 */
} at_csv_options;             /* header = AT_AUTO: see at_csv_options_default */

at_csv_options at_csv_options_default(void);

typedef struct at_csv_report {
    int64_t rows, bad_rows;
    int64_t first_bad[10]; /* line numbers, from 1 */
    char delimiter, decimal;
    bool header;
    const char *encoding; /* static */
    char notes[512]; /* what was guessed or skipped, in a sentence or two; may be empty */
} at_csv_report;

/* Progress: bytes done of total; called a few times a second from the caller's thread. */
typedef void at_progress_fn(void *context, int64_t done, int64_t total);

typedef struct at_read_context {
    at_pool *pool;            /* may be NULL */
    const at_cancel *cancel;  /* may be NULL */
    at_progress_fn *progress; /* may be NULL */
    void *context;
} at_read_context;

AT_MUST_USE at_status at_csv_read_file(const char *path, const at_csv_options *options,
                                       const at_read_context *context, at_frame **out,
                                       at_csv_report *report, at_error *err);
/* The same from memory (an archive's member, a request). `bytes` is only read. */
AT_MUST_USE at_status at_csv_read(const char *bytes, size_t length,
                                  const at_csv_options *options,
                                  const at_read_context *context, at_frame **out,
                                  at_csv_report *report, at_error *err);

/* Appends a cell as it stands in a CSV: in quotes where it holds what parts cells, or is
 * empty but there. */
void at_csv_put_cell(at_text *out, const char *bytes, size_t length, char delimiter);
/* Appends the frame as RFC 4180 CSV with a header, LF, minimal quoting. */
AT_MUST_USE at_status at_csv_write_file(const at_frame *frame, const char *path,
                                        char delimiter, at_error *err);

/* One record after another of a small CSV text in memory (requests, payloads): unquoted
 * fields into *fields (reused). Returns false at the end; err->code is set on a bad
 * quote. */
typedef struct at_csv_record {
    const char **fields; /* NUL-terminated, in `arena` */
    size_t *lengths;
    size_t count;
    int64_t line; /* from 1 */
} at_csv_record;
struct at_arena;
bool at_csv_next(const char **cursor, const char *end, char delimiter, int64_t *line,
                 struct at_arena *arena, at_csv_record *record, at_error *err);

#endif
