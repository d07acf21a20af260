/* The list of learners: an algorithm is one file and one line here. */
#ifndef ATELIER_OPS_LEARN_LEARNERS_H
#define ATELIER_OPS_LEARN_LEARNERS_H

#include "ops/learn/learner.h"

#define AT_LEARNERS(each)                                                                \
    each(at_linear_learner) each(at_xgboost_learner) each(at_random_forest_learner)      \
        each(at_extra_trees_learner) each(at_knn_learner) each(at_lightgbm_learner)

#define AT_LEARNER_DECLARE(name) extern const at_learner name;
AT_LEARNERS(AT_LEARNER_DECLARE)
#undef AT_LEARNER_DECLARE

#endif
