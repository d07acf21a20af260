/* Option: the options of a magic, GNU style, into the struct that its spec describes.
 *
 * `--name value`, `--name=value`, `--flag`; `--` ends the options; -1 is a value.
 * Positional words fill the arguments in order. The last argument may be a LIST, which
 * takes the rest: where it names things (refers), commas part them as blanks do. A last
 * argument that is a TEXT of SQL takes the rest of the line as it was typed. */
#ifndef ATELIER_MAGICS_LANGUAGE_OPTION_H
#define ATELIER_MAGICS_LANGUAGE_OPTION_H

#include "magics/language/spec.h"
#include "magics/language/word.h"

typedef struct at_options {
    void *base; /* the options struct, in the arena, with defaults where nothing was given
                 */
    bool help;  /* --help stood there: nothing else was checked */
    const at_word *words;
    size_t word_count;
} at_options;

/* Parses bytes [from, to) of the cell. Errors point into it, name what was expected and
 * the nearest valid word. */
AT_MUST_USE at_status at_options_parse(const at_magic *magic, const at_session *session,
                                       const char *code, size_t length, size_t from,
                                       size_t to, at_arena *arena, at_options *out,
                                       at_error *err);

/* "%split DATASET [--train F] ...": the line that shows how a magic is used. Appends. */
struct at_text;
void at_option_usage(const at_magic *magic, struct at_text *out);
/* The word that stands for a value in help: "DATASET", "N", "a|b". Appends. */
void at_option_value(const at_param *param, struct at_text *out);

#endif
