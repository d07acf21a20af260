/* Registry: every magic, one line each, in the order of the reference page. */
#include "magics/language/spec.h"

#include <string.h>

/* clang-format off */
#define MAGICS(magic) \
    magic(generate)   \
    magic(sql)        \
    magic(help)       \
    magic(set)        \
    magic(time)
/* clang-format on */

#define DECLARE(name) extern const at_magic at_magic_##name;
MAGICS(DECLARE)

#define LIST(name) &at_magic_##name,
static const at_magic *const magics[] = {MAGICS(LIST)};

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
