/* Notebook: the cells of a script (.atl, percent format: https://jupytext.readthedocs.io,
 * "The percent format") or of a Jupyter notebook (.ipynb, nbformat 4), and the way
 * between.
 *
 * A line `# %%`, alone or followed by a blank, begins a cell; `[markdown]` on it marks
 * one of prose, whose lines stand behind `# `; `[raw]` one that is neither. Other words
 * are its title. What stands before the first such line is a cell too. */
#ifndef ATELIER_MAGICS_LANGUAGE_NOTEBOOK_H
#define ATELIER_MAGICS_LANGUAGE_NOTEBOOK_H

#include "ops/base/error.h"
#include "ops/base/memory.h"
#include "ops/base/text.h"

#include <jansson.h>

enum { AT_NOTEBOOK_MAX = 256 << 20, AT_NOTEBOOK_CELLS_MAX = 100000 }; /* bytes; cells */

typedef enum at_prose { AT_PROSE_CODE, AT_PROSE_MARKDOWN, AT_PROSE_RAW } at_prose;

typedef struct at_notebook_cell {
    at_prose kind;
    const char *text;  /* UTF-8, without the last line end */
    const char *title; /* may be NULL */
    const char *id;    /* of a notebook; NULL in a script */
    int line;          /* where its text begins in a script, from 1; 0 in a notebook */
} at_notebook_cell;

typedef struct at_notebook {
    at_arena arena;
    at_notebook_cell *cells;
    size_t count, capacity;
} at_notebook; /* zero-initialise */

void at_notebook_fini(at_notebook *notebook);
/* Reads a file: .ipynb as a notebook, anything else as a script. */
AT_MUST_USE at_status at_notebook_read(const char *path, at_notebook *out, at_error *err);
AT_MUST_USE at_status at_notebook_from_script(const char *text, size_t length,
                                              at_notebook *out, at_error *err);
/* nbformat 4.0 to 4.x. */
AT_MUST_USE at_status at_notebook_from_json(const json_t *root, at_notebook *out,
                                            at_error *err);

/* The script. AT_INVALID if a cell holds a line that would begin another one. Appends. */
AT_MUST_USE at_status at_notebook_to_script(const at_notebook *notebook, at_text *out,
                                            at_error *err);
/* nbformat 4.5, without outputs; cell ids are kept, or made from the cells. New
 * reference; NULL on no memory. */
json_t *at_notebook_to_json(const at_notebook *notebook);

#endif
