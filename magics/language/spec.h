/* Spec: the one description of a magic. The parser, the errors, completion, Shift-Tab
 * help, %help, the reference page and the highlighter all read it; nothing else describes
 * a magic.
 *
 * To add one: write magics/ROOM/NAME.c with a `const at_magic at_magic_NAME`, and list it
 * in magics/language/registry.c by one line. */
#ifndef ATELIER_MAGICS_LANGUAGE_SPEC_H
#define ATELIER_MAGICS_LANGUAGE_SPEC_H

#include "magics/language/context.h"
#include "ops/base/param.h"
#include "ops/recipe/step.h"

enum { AT_MAGIC_LINE = 1, AT_MAGIC_CELL = 2 }; /* %name, %%name */

/* Rooms of the reference page, in order. */
typedef enum at_stage {
    AT_STAGE_DATA,
    AT_STAGE_CLEAN,
    AT_STAGE_TRAIN,
    AT_STAGE_DEPLOY,
    AT_STAGE_HOUSE,
} at_stage;

typedef enum at_body_kind {
    AT_BODY_NONE,
    AT_BODY_SETTINGS, /* key = value, one a line -> at_settings */
    AT_BODY_STEPS,    /* one step a line -> at_step_lines */
    AT_BODY_TEXT,     /* const char *: as typed, after ${name} */
} at_body_kind;

/* key = value lines, each checked against the table that `settings` gives. Errors that
 * only show at run time can point into the cell by line and column (both from 1). */
typedef struct at_setting {
    const char *key, *value;
    int line, column, value_column;
} at_setting;
typedef struct at_settings {
    const at_setting *items;
    size_t count;
} at_settings;

/* Parsed, not fitted: run makes at_steps of them. */
typedef struct at_step_line {
    const at_step_kind *kind;
    at_step_args args;
    int line; /* in the cell, from 1 */
} at_step_line;
typedef struct at_step_lines {
    const at_step_line *items;
    size_t count;
} at_step_lines;

typedef struct at_body_spec {
    at_body_kind kind;
    bool optional; /* the body may be empty */
    bool sql; /* TEXT: SQL (or cells); completion treats it so. ${name} is left to who
                 runs it, and blank lines stand for the lines above the body, so that
                 places in errors are those of the cell */
    size_t offset;  /* of the at_settings, at_step_lines or const char * */
    unsigned steps; /* STEPS: AT_STEP_CLEAN or AT_STEP_PREPARE */
    /* SETTINGS: the table of keys, which may depend on the options parsed so far. */
    const at_param *(*settings)(const void *options, size_t *count);
    const char *help; /* one sentence on what the body holds */
} at_body_spec;

typedef struct at_magic {
    const char *name;
    unsigned forms; /* AT_MAGIC_LINE | AT_MAGIC_CELL */
    at_stage stage;
    const char *summary; /* one sentence, no full stop */
    const char *details; /* more, in Markdown; may be NULL */
    /* Positional, in order. A last LIST takes the rest (commas part names of things as
     * blanks do); a last TEXT that refers to SQL takes the rest of the line as typed,
     * with
     * ${name} left to who runs it. */
    const at_param *arguments;
    size_t argument_count;
    const at_param *options; /* --name value, --name=value, --flag */
    size_t option_count;
    at_body_spec body;
    const char *const *examples; /* whole cells; NULL-terminated */
    bool detached; /* needs no workspace: context->workspace is NULL, and none is made */
    size_t options_size; /* of the struct that `offset`s are in */
    /* Never sees the cell's text. `options` lives as long as the call. */
    at_status (*run)(at_context *context, const void *options, at_error *err);
} at_magic;

#define AT_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* registry.c */
const at_magic *const *at_magics(size_t *count);
const at_magic *at_magic_find(const char *name); /* without %; exact; NULL: none */

#endif
