#include "ops/learn/learners.h"

#include <string.h>

#define ADDRESS(name) &name,
static const at_learner *const LEARNERS[] = {AT_LEARNERS(ADDRESS)};
#undef ADDRESS

const at_learner *const *at_learners(size_t *count) {
    *count = sizeof LEARNERS / sizeof *LEARNERS;
    return LEARNERS;
}

const at_learner *at_learner_find(const char *name) {
    for (size_t i = 0; i < sizeof LEARNERS / sizeof *LEARNERS; i++)
        if (strcmp(LEARNERS[i]->name, name) == 0)
            return LEARNERS[i];
    return NULL;
}

const char *at_problem_name(at_problem problem) {
    switch (problem) {
    case AT_REGRESSION:
        return "regressor";
    case AT_BINARY:
        return "binary_classifier";
    case AT_MULTICLASS:
        return "multiclass_classifier";
    case AT_MULTILABEL:
        return "multilabel_classifier";
    }
    return "unknown";
}

bool at_problem_from_name(const char *name, at_problem *out) {
    static const at_problem all[] = {AT_REGRESSION, AT_BINARY, AT_MULTICLASS,
                                     AT_MULTILABEL};
    for (size_t i = 0; name && i < sizeof all / sizeof *all; i++)
        if (strcmp(name, at_problem_name(all[i])) == 0) {
            *out = all[i];
            return true;
        }
    return false;
}
