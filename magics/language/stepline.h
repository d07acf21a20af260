/* Step line: one line of a %%clean or %%prepare body, read by the pattern of its step.
 *
 * The pattern (ops/recipe/step.h) is the only grammar: it drives the parser, the errors,
 * and what completion offers at the cursor. */
#ifndef ATELIER_MAGICS_LANGUAGE_STEPLINE_H
#define ATELIER_MAGICS_LANGUAGE_STEPLINE_H

#include "magics/language/expand.h"
#include "magics/language/spec.h"

enum { AT_STEPLINES_MAX = 1000 };

typedef enum at_slot_kind {
    AT_SLOT_VERB, /* the line's first words */
    AT_SLOT_COLUMNS,
    AT_SLOT_COLUMN,
    AT_SLOT_VALUE,
    AT_SLOT_VALUES,
    AT_SLOT_NAME,
    AT_SLOT_TYPE,
    AT_SLOT_EXPRESSION,
    AT_SLOT_WORD, /* `text` itself */
    AT_SLOT_COMMA,
    AT_SLOT_END,
} at_slot_kind;

/* What may stand somewhere in a line. */
typedef struct at_slot {
    at_slot_kind kind;
    const char *text; /* WORD: points into the pattern */
    size_t length;
} at_slot;

enum { AT_SLOTS_MAX = 16 };
typedef struct at_slots {
    at_slot items[AT_SLOTS_MAX];
    size_t count;
    const at_step_kind *kind; /* NULL while the verb is not known */
} at_slots;

/* Parses every line of the body. `where`: AT_STEP_CLEAN or AT_STEP_PREPARE. Errors point
 * into `code`, say what was expected and the nearest valid word. */
AT_MUST_USE at_status at_steplines_parse(unsigned where, const at_expanded *body,
                                         const char *code, size_t length, at_arena *arena,
                                         at_step_lines *out, at_error *err);

/* What may follow `text`, the line up to the word under the cursor. No memory beyond the
 * arena; count 0: nothing can. */
void at_stepline_slots(unsigned where, const char *text, size_t length, at_arena *arena,
                       at_slots *out);

/* The end of the line's content: where a # comment begins. */
size_t at_stepline_end(const char *text, size_t from, size_t to);

/* "COLUMNS" -> "columns": what an error or help calls a slot. */
const char *at_slot_describe(const at_slot *slot, at_arena *arena);

#endif
