/* Step: one line of a recipe. Cleaning steps make a dataset; preparation steps are fitted
 * on training rows and travel inside the model.
 *
 * A kind of step is a const at_step_kind in a file of its own, listed in steps.c by one
 * line. Its `pattern` is the grammar of the words after the verb, read by the parser of
 * the language, the errors, completion and the reference page:
 *
 *     COLUMNS     names, globs or kinds, comma-separated       -> args.columns
 *     COLUMN      one existing column by name                  -> args.columns[0]
 *     VALUE       one value, quoted or a bare word or number   -> args.values (appended)
 *     VALUES      one or more values, comma-separated          -> args.values
 *     NAME        the name of a new column                     -> args.name
 *     TYPE        int float bool text category date timestamp  -> args.type
 *     EXPRESSION  the rest of the line, SQL                    -> args.expression
 *     PAIRS       VALUE -> VALUE, comma-separated              -> args.values
 *     NAMES       names of new columns, comma-separated        -> args.values
 *     {a|b|c}     one of these bare words                      -> args.word
 *     {a|b|VALUE} one of these bare words, else a value        -> args.word or
 *                                                                 args.values
 *     {a|b|c}+    some of these words, comma-separated         -> args.values
 *     [ ... ]     may be left out
 *     other       stands for itself: "->", "in", "="
 *
 * Example: replace, "VALUE -> VALUE in COLUMNS". */
#ifndef ATELIER_OPS_RECIPE_STEP_H
#define ATELIER_OPS_RECIPE_STEP_H

#include "ops/base/cancel.h"
#include "ops/base/memory.h"
#include "ops/recipe/sheet.h"

#include <jansson.h>

/* Which columns: `text` is a name, a kind (numeric, category, text, date, all) or a glob
 * ("emp*", "q?"), unless `literal` (it stood in backticks or quotes): then a name. A
 * column of that very name goes before a kind. Letter case does not matter.
 *
 * numeric: int and float, but not what one-hot made. category: category and bool. text:
 * text. date: date and timestamp. */
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

/* What a kind does with step->columns: tells which columns a recipe can do without. */
typedef enum at_flow {
    AT_FLOW_CHANGES, /* their cells: each column by itself */
    AT_FLOW_EATS,    /* other columns take their place */
    AT_FLOW_DROPS,   /* they are gone after */
    AT_FLOW_RENAMES, /* columns[0] becomes args.name */
    AT_FLOW_MAKES,   /* reads them to make args.name */
    AT_FLOW_READS,   /* reads them, and may add columns of names of its own */
} at_flow;

/* What one step did, for its user. Texts in `arena`. */
typedef struct at_step_report {
    at_arena *arena;
    int64_t cells; /* cells changed */
    int64_t rows_before, rows_after;
    int columns_before, columns_after;
    const char *note; /* a sentence where numbers do not say it; may be NULL */
    struct {
        const char *column, *before, *after; /* before/after NULL: missing */
        int64_t count;
    } examples[5]; /* most frequent first */
    int example_count;
    /* What became one, where the step decides that by itself: for its user to check. */
    struct at_step_merge {
        const char *column, *kept; /* the spelling that stays */
        const char *merged;        /* those that became it, with their counts */
        int64_t cells;
    } *merges;
    size_t merge_count;
} at_step_report;

/* What fit and apply work in. */
typedef struct at_step_context {
    const char
        *target; /* never selected by kinds and globs, never altered by a preparation;
                    NULL while cleaning. At an apply it may be absent */
    const at_cancel *cancel;
} at_step_context;

typedef struct at_step at_step;

typedef struct at_step_kind {
    const char *verb;    /* "replace", "drop rows where", "one-hot" */
    const char *pattern; /* see above; "" for none */
    unsigned where;      /* AT_STEP_CLEAN | AT_STEP_PREPARE */
    at_flow flow;
    bool rows;           /* drops rows or looks at others: does not travel with a model */
    const char *summary; /* one sentence */
    const char *example; /* a whole line */
    /* For fit and apply, err is never NULL. */
    /* Learns from `sheet` (training rows): resolves columns, computes statistics. Errors
     * are those of a user: unknown column with the nearest name, wrong type. */
    at_status (*fit)(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err);
    /* Changes any sheet with the columns of fit (others pass through). A row's result
     * depends on that row alone (row steps apart). May run on several threads at once.
     * After a failure the sheet is only good for at_sheet_fini. report may be NULL; the
     * recipe counts rows and columns. */
    at_status (*apply)(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err);
    /* The same for the rows of the fit themselves, right after it, where they get other
     * values than the same row served later: a target encoding must not show a row its
     * own target. The target's column is in the sheet. NULL: apply. */
    at_status (*apply_training)(const at_step *step, at_sheet *sheet,
                                const at_step_context *context, at_step_report *report,
                                at_error *err);
    /* Fitted state as JSON (new reference), and back. NULL where args say it all and fit
     * resolved columns only. */
    json_t *(*save)(const at_step *step);
    at_status (*load)(at_step *step, const json_t *state, at_error *err);
    /* Releases what the arena does not hold; NULL where there is nothing. */
    void (*fini)(at_step *step);
} at_step_kind;

struct at_step {
    const at_step_kind *kind;
    at_arena arena; /* of this step: args, resolved columns, state */
    at_step_args args;
    const char *const *columns; /* resolved by fit: names */
    size_t column_count;
    void *state; /* the kind's own, in the arena */
    bool fitted;
    int line; /* in the cell, from 1; 0 = not from a cell */
};

/* All kinds, in the order of the reference page. */
const at_step_kind *const *at_steps(size_t *count);
const at_step_kind *at_step_kind_find(const char *verb); /* exact verb; NULL: none */

/* An unfitted step; deep-copies args. */
AT_MUST_USE at_status at_step_new(const at_step_kind *kind, const at_step_args *args,
                                  int line, at_step **out, at_error *err);
void at_step_release(at_step *step);
/* {"verb", "columns": [{"text","literal"}], "values", "name", "expression", "word",
 * "type", "line", "fitted": {"columns": [names], "state": the kind's}} and back; what is
 * absent is not written. NULL on no memory. Not a step: AT_CORRUPT. */
json_t *at_step_to_json(const at_step *step);
AT_MUST_USE at_status at_step_from_json(const json_t *json, at_step **out, at_error *err);
/* The line as a user would write it. Appends. */
struct at_text;
void at_step_write(const at_step *step, struct at_text *out);
/* A column's name as it must stand in a line: `two words`. Appends. */
void at_step_write_name(struct at_text *out, const char *name);
/* The same for a hint, into `out`, which it returns; a longer name is cut. */
enum { AT_STEP_QUOTED = 256 };
const char *at_step_quote(const char *name, char out[AT_STEP_QUOTED]);

/* Resolves selectors against a frame, in frame order, without repeats: indices into *out
 * (arena). A name or glob that matches nothing is AT_NOT_FOUND with the nearest name; a
 * kind may match nothing. The target, if not NULL, is never selected by kinds and globs;
 * by its name it is AT_INVALID. */
AT_MUST_USE at_status at_select_columns(const at_frame *frame,
                                        const at_selector *selectors, size_t count,
                                        const char *target, at_arena *arena, int **out,
                                        size_t *found, at_error *err);

/* For kinds. Resolves the step's selectors into step->columns. */
AT_MUST_USE at_status at_step_resolve(at_step *step, const at_sheet *sheet,
                                      const at_step_context *context, at_error *err);
/* Where column `i` of the step is in the sheet, looked for from *place on (which makes a
 * walk over the step's columns one walk over the sheet; begin with 0). *place = -1: it is
 * absent and the recipe can do without it. */
AT_MUST_USE at_status at_step_place(const at_step *step, size_t i, const at_sheet *sheet,
                                    int *place, at_error *err);

#endif
