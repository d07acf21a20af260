/* The kinds of job. A kind is a const at_job_kind in a file of its own and one line here.
 */
#include "magics/workspace/job.h"

#include <string.h>

extern const at_job_kind at_job_kind_train;

static const at_job_kind *const kinds[] = {
    &at_job_kind_train,
    NULL,
};

const at_job_kind *at_job_kind_find(const char *name) {
    for (size_t i = 0; kinds[i]; i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}
