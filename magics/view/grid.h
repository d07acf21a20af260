/* Grid: a table on the screen. HTML that follows the notebook's theme, that is still a
 * table where a notebook is not trusted, and aligned text for a console.
 *
 * Numbers are right-aligned with tabular digits; the header sticks while the rows scroll;
 * the caption counts ("41,188 rows x 21 columns"). */
#ifndef ATELIER_MAGICS_VIEW_GRID_H
#define ATELIER_MAGICS_VIEW_GRID_H

#include "kernel/display.h"
#include "ops/base/memory.h"
#include "ops/frame/frame.h"

typedef struct at_grid_column {
    const char *title;
    const char *note; /* small, under the title: a type, a unit; may be NULL */
    bool right;       /* numbers */
} at_grid_column;

/* One cell. text NULL: missing, shown as a faint dash. html (may be NULL) is trusted
 * markup of ours that stands for the text where HTML is shown; shade (may be NULL) a
 * colour behind it. */
typedef struct at_grid_cell {
    const char *text, *html, *shade;
} at_grid_cell;

typedef struct at_grid {
    const char *title;   /* above the table; may be NULL */
    const char *caption; /* below; may be NULL */
    const at_grid_column *columns;
    size_t column_count;
    const at_grid_cell *cells; /* (rows, columns) row-major */
    size_t row_count;
    bool compact;  /* as narrow as its content: key and value lists */
    unsigned wrap; /* bit c: column c holds sentences, which are never cut but stand in
                      lines of readable length */
} at_grid;

AT_MUST_USE at_status at_view_grid(const at_grid *grid, at_bundle *out, at_error *err);

typedef struct at_table_options {
    int64_t first;     /* first row to show, from 0 */
    int64_t rows;      /* how many; 0 = 20 */
    const char *title; /* may be NULL */
    const char
        *more;  /* what shows the rest, for the caption: "%show bank"; may be NULL */
    bool types; /* column types under the names */
} at_table_options;

/* Rows of a frame. `total`: rows that there are in all (-1: the frame's). */
AT_MUST_USE at_status at_view_table(const at_frame *frame, int64_t total,
                                    const at_table_options *options, at_bundle *out,
                                    at_error *err);

/* Two columns of key and value, compact. */
typedef struct at_fact {
    const char *key, *value;
} at_fact;
AT_MUST_USE at_status at_view_facts(const char *title, const at_fact *facts, size_t count,
                                    at_bundle *out, at_error *err);

/* `text` (a log, a listing) behind `title`: folded in HTML, the title alone as text. */
AT_MUST_USE at_status at_view_fold(const char *title, const char *text, at_bundle *out,
                                   at_error *err);

/* Code to paste into a cell, under `title`. */
AT_MUST_USE at_status at_view_code(const char *title, const char *code, at_bundle *out,
                                   at_error *err);

/* Shows a bundle and finishes it. */
void at_view_send(at_display *display, at_bundle *bundle);

/* "41,188"; 1234567.0 -> "1.18 MB"; 75.3 -> "1 min 15 s". Into the arena; "" on no
 * memory. */
const char *at_view_count(at_arena *arena, int64_t count);
const char *at_view_bytes(at_arena *arena, int64_t bytes);
const char *at_view_seconds(at_arena *arena, double seconds);
/* "1 row", "2 rows": count with thousands marks and the noun. */
const char *at_view_plural(at_arena *arena, int64_t count, const char *noun);
/* A number for reading: 4 significant digits, no exponent between 1e-4 and 1e9. */
const char *at_view_number(at_arena *arena, double value);

/* Display columns of UTF-8 text in a console (wide characters count 2). */
size_t at_view_width(const char *text, size_t length);

#endif
