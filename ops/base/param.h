/* Param: the description of one named value, of an option, of a setting, of a
 * hyperparameter. One table serves the parser, the errors, completion, help and the
 * reference page; the values land in a plain struct. */
#ifndef ATELIER_OPS_BASE_PARAM_H
#define ATELIER_OPS_BASE_PARAM_H

#include "ops/base/error.h"
#include "ops/base/memory.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kind fixes the type of the field at `offset`. */
typedef enum at_param_kind {
    AT_PARAM_FLAG,   /* bool: given or not; takes no value (options only) */
    AT_PARAM_BOOL,   /* bool: true|false, yes|no, on|off, 1|0 */
    AT_PARAM_INT,    /* int64_t */
    AT_PARAM_REAL,   /* double */
    AT_PARAM_TEXT,   /* const char *; NULL when absent */
    AT_PARAM_CHOICE, /* const char *: one of `choices`, in its spelling there */
    AT_PARAM_LIST,   /* at_words: comma-separated (an option), or all the remaining
                        positional words */
} at_param_kind;

/* What a text or list names; read by completion and by the checks of the language. */
typedef enum at_refers {
    AT_REFERS_NOTHING,
    AT_REFERS_DATASET,
    AT_REFERS_NEW_NAME, /* a name that the magic will make */
    AT_REFERS_MODEL,
    AT_REFERS_ENDPOINT,
    AT_REFERS_JOB,
    AT_REFERS_RECIPE,
    AT_REFERS_COLUMN, /* of the dataset named by the option or argument "data", or the
                         first dataset named on the line */
    AT_REFERS_PATH,
    AT_REFERS_SOURCE, /* a path or a URL */
    AT_REFERS_MAGIC,
    AT_REFERS_ALGORITHM,
    AT_REFERS_SQL, /* an SQL expression or statement */
    AT_REFERS_ANY, /* a dataset, model, endpoint, recipe or job */
} at_refers;

typedef struct at_words {
    const char *const *items;
    size_t count;
} at_words;

typedef struct at_param {
    const char *name; /* as typed, without dashes: "on-bad-row", "learning_rate" */
    at_param_kind kind;
    at_refers refers;
    size_t offset;        /* offsetof(struct options, field) */
    const char *fallback; /* default, as text; NULL: zero, NULL, empty; shown in help */
    double min, max;      /* inclusive range of INT and REAL; both 0: unbounded */
    const char *const *choices; /* NULL-terminated; CHOICE only */
    const char *unit;           /* "seconds", "rows"; may be NULL */
    const char *help;           /* one sentence, no full stop */
    bool required;
    bool automatic; /* "auto" is a value: INT64_MIN for INT, NaN for REAL, and "auto" is
                       the default where fallback says so */
} at_param;

#define AT_AUTO_INT  INT64_MIN
#define AT_AUTO_REAL ((double)NAN)

/* Puts every default into `base`. Texts are borrowed from the table. */
AT_MUST_USE at_status at_params_defaults(const at_param *params, size_t count,
                                         at_arena *arena, void *base, at_error *err);
/* Parses `text` as the value of `param` into `base`; copies go into `arena`. Errors name
 * the value, what was expected with the range or the choices, and the nearest choice. */
AT_MUST_USE at_status at_param_set(const at_param *param, const char *text,
                                   at_arena *arena, void *base, at_error *err);
/* The entry with this name ('-' and '_' are the same, case-insensitive), or NULL. */
const at_param *at_param_find(const at_param *params, size_t count, const char *name);
/* AT_INVALID "unknown KIND 'x'", with the nearest name, or all of them, as the hint. */
at_status at_param_unknown(const at_param *params, size_t count, const char *kind,
                           const char *name, at_error *err);
/* "integer from 1 to 1000", "one of sgd, adam", "number or auto": what a value looks
 * like. */
void at_param_expects(const at_param *param, char *out, size_t size);
/* {"name": "text", ...} of all values now in `base`, each as a string (as SageMaker
 * passes hyperparameters). New reference; NULL on no memory. */
json_t *at_params_to_json(const at_param *params, size_t count, const void *base);
/* The reverse, over defaults; numbers and booleans are accepted too. Unknown names fail.
 */
AT_MUST_USE at_status at_params_from_json(const at_param *params, size_t count,
                                          const json_t *object, at_arena *arena,
                                          void *base, at_error *err);

#endif
