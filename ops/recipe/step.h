/* Step: one line of a recipe. Cleaning steps make a dataset; preparation steps are fitted on
 * training rows and travel inside the model.
 *
 * A kind of step is a const at_step_kind in a file of its own, listed in steps.c by one
 * line. Its `pattern` is the grammar of the words after the verb, read by the parser of the
 * language, the errors, completion and the reference page:
 *
 *     COLUMNS     names, globs or kinds, comma-separated       -> args.columns
 *     COLUMN      one existing column by name                  -> args.columns[0]
 *     VALUE       one value, quoted or a bare word or number   -> args.values (appended)
 *     VALUES      one or more values, comma-separated          -> args.values
 *     NAME        the name of a new column                     -> args.name
 *     TYPE        int float bool text category date timestamp  -> args.type
 *     EXPRESSION  the rest of the line, SQL                    -> args.expression
 *     {a|b|c}     one of these bare words                      -> args.word
 *     {a|b|VALUE} one of these bare words, else a value        -> args.word or args.values
 *     [ ... ]     may be left out
 *     other       stands for itself: "->", "in", "="
 *
 * Example: replace, "VALUE -> VALUE in COLUMNS". */
#ifndef ATELIER_OPS_RECIPE_STEP_H
#define ATELIER_OPS_RECIPE_STEP_H

#include "ops/base/cancel.h"
#include "ops/base/memory.h"
#include "ops/frame/frame.h"

#include <jansson.h>

/* Which columns: `text` is a name, a glob ("emp*") or a kind (numeric, category, text, date,
 * all), unless `literal` (it stood in backticks or quotes): then a name. */
typedef struct at_selector {
    const char *text;
    bool literal;
} at_selector;

typedef struct at_step_args {
    const at_selector *columns;
    size_t column_count;
    const char *const *values;
    size_t value_count;
    const char *name, *expression, *word; /* NULL where the pattern has none */
    at_type type;
    bool has_type;
} at_step_args;

enum { AT_STEP_CLEAN = 1, AT_STEP_PREPARE = 2 }; /* where a kind may stand */

/* What one step did, for its user. Texts in `arena`. */
typedef struct at_step_report {
    at_arena *arena;
    int64_t cells;        /* cells changed */
    int64_t rows_before, rows_after;
    int columns_before, columns_after;
    const char *note;     /* a sentence where numbers do not say it; may be NULL */
    struct {
        const char *column, *before, *after; /* before/after NULL: missing */
        int64_t count;
    } examples[5]; /* most frequent first */
    int example_count;
} at_step_report;

/* What fit and apply work in. */
typedef struct at_step_context {
    const char *target; /* never selected by kinds and globs, never altered by a preparation;
                           NULL while cleaning */
    const at_cancel *cancel;
} at_step_context;

typedef struct at_step at_step;

typedef struct at_step_kind {
    const char *verb;    /* "replace", "drop rows where", "one-hot" */
    const char *pattern; /* see above; "" for none */
    unsigned where;      /* AT_STEP_CLEAN | AT_STEP_PREPARE */
    bool rows;           /* drops rows: does not travel with a model */
    const char *summary; /* one sentence */
    const char *example; /* a whole line */
    /* Learns from `frame` (training rows): resolves columns, computes statistics. Errors are
     * those of a user: unknown column with the nearest name, wrong type. */
    at_status (*fit)(at_step *step, const at_frame *frame, const at_step_context *context,
                     at_error *err);
    /* Any frame with the columns of fit (extra ones pass through). A row's result depends on
     * that row alone (row steps apart). report may be NULL. */
    at_status (*apply)(const at_step *step, const at_frame *frame,
                       const at_step_context *context, at_frame **out,
                       at_step_report *report, at_error *err);
    /* Fitted state as JSON (new reference), and back. NULL where args say it all and fit
     * resolved columns only. */
    json_t *(*save)(const at_step *step);
    at_status (*load)(at_step *step, const json_t *state, at_error *err);
} at_step_kind;

struct at_step {
    const at_step_kind *kind;
    at_arena arena; /* of this step: args, resolved columns, state */
    at_step_args args;
    const char *const *columns; /* resolved by fit: names */
    size_t column_count;
    void *state; /* the kind's own, in the arena */
    int line;    /* in the cell, from 1; 0 = not from a cell */
};

/* All kinds, in the order of the reference page. */
const at_step_kind *const *at_steps(size_t *count);
const at_step_kind *at_step_kind_find(const char *verb); /* exact verb; NULL: none */

/* An unfitted step; deep-copies args. */
AT_MUST_USE at_status at_step_new(const at_step_kind *kind, const at_step_args *args, int line,
                                  at_step **out, at_error *err);
void at_step_release(at_step *step);
/* {"verb", "columns": [{"text","literal"}], "values", ..., "fitted": {...}} and back. */
json_t *at_step_to_json(const at_step *step);
AT_MUST_USE at_status at_step_from_json(const json_t *json, at_step **out, at_error *err);
/* The line as a user would write it. Appends. */
struct at_text;
void at_step_write(const at_step *step, struct at_text *out);

/* Resolves selectors against a frame, in frame order, without repeats: indices into *out
 * (arena). A name or glob that matches nothing is AT_NOT_FOUND with the nearest name; a kind
 * may match nothing. */
AT_MUST_USE at_status at_select_columns(const at_frame *frame, const at_selector *selectors,
                                        size_t count, const char *target, at_arena *arena,
                                        int **out, size_t *found, at_error *err);

#endif
