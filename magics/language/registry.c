/* Registry: every magic, one line each, in the order of the help and the reference page.
 */
#include "magics/language/spec.h"

#include <string.h>

/* clang-format off */
#define MAGICS(X) \
    X(fetch) \
    X(generate) \
    X(show) \
    X(describe) \
    X(plot) \
    X(sql) \
    X(datasets) \
    X(export) \
    X(clean) \
    X(prepare) \
    X(split) \
    X(train) \
    X(evaluate) \
    X(predict) \
    X(jobs) \
    X(models) \
    X(resume) \
    X(deploy) \
    X(invoke) \
    X(endpoints) \
    X(workspace) \
    X(delete) \
    X(cleanup) \
    X(help) \
    X(set) \
    X(clear) \
    X(time)
/* clang-format on */

#define DECLARE(name) extern const at_magic at_magic_##name;
#define LIST(name)    &at_magic_##name,

MAGICS(DECLARE)

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
