/* Registry: every magic, one line each. */
#include "magics/language/spec.h"

#include <string.h>

extern const at_magic at_magic_help;
extern const at_magic at_magic_set;
extern const at_magic at_magic_sql;
extern const at_magic at_magic_time;

static const at_magic *const magics[] = {
    &at_magic_sql,
    &at_magic_help,
    &at_magic_set,
    &at_magic_time,
};

const at_magic *const *at_magics(size_t *count) {
    *count = AT_COUNT(magics);
    return magics;
}

const at_magic *at_magic_find(const char *name) {
    for (size_t i = 0; i < AT_COUNT(magics); i++)
        if (strcmp(magics[i]->name, name) == 0)
            return magics[i];
    return NULL;
}
