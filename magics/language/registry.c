/* Registry: every magic, one line each. */
#include "magics/language/spec.h"

#include <string.h>

extern const at_magic at_magic_help;
extern const at_magic at_magic_set;
extern const at_magic at_magic_sql;
extern const at_magic at_magic_time;
extern const at_magic at_magic_datasets;
extern const at_magic at_magic_models;
extern const at_magic at_magic_jobs;
extern const at_magic at_magic_resume;
extern const at_magic at_magic_workspace;
extern const at_magic at_magic_delete;
extern const at_magic at_magic_cleanup;

static const at_magic *const magics[] = {
    &at_magic_sql,       &at_magic_help,   &at_magic_set,     &at_magic_time,
    &at_magic_datasets,  &at_magic_models, &at_magic_jobs,    &at_magic_resume,
    &at_magic_workspace, &at_magic_delete, &at_magic_cleanup,
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
