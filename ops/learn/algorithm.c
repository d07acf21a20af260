#include "ops/learn/algorithm.h"
#include "ops/learn/image_params.h"
#include "ops/learn/image_train.h"

#include <string.h>

bool at_algorithm_at(size_t index, at_algorithm *out) {
    size_t count;
    const at_learner *const *learners = at_learners(&count);
    if (index < count) {
        const at_learner *learner = learners[index];
        *out = (at_algorithm){learner->name, learner->title, learner->params,
                              learner->param_count, learner};
        return true;
    }
    *out = (at_algorithm){AT_IMAGE_ALGORITHM,
                          "Image classification: a residual net, trained on pictures",
                          at_image_param_table, at_image_param_count, NULL};
    return index == count;
}

bool at_algorithm_find(const char *name, at_algorithm *out) {
    for (size_t i = 0; at_algorithm_at(i, out); i++)
        if (strcmp(out->name, name) == 0)
            return true;
    return false;
}
