/* The registry: one line a kind of step, in the order of the reference page. */
#include "ops/recipe/step.h"

#include <string.h>

/* clang-format off */
#define AT_STEPS(STEP)     \
    STEP(replace)          \
    STEP(missing)          \
    STEP(trim)             \
    STEP(lower)            \
    STEP(merge_similar)    \
    STEP(map_values)       \
    STEP(parse_number)     \
    STEP(parse_date)       \
    STEP(split_column)     \
    STEP(clip)             \
    STEP(bin)              \
    STEP(cast)             \
    STEP(rename)           \
    STEP(drop_column)      \
    STEP(drop_duplicates)  \
    STEP(drop_rows)        \
    STEP(fill_forward)     \
    STEP(derive)           \
    STEP(impute)           \
    STEP(missing_flag)     \
    STEP(one_hot)          \
    STEP(target_encode)    \
    STEP(frequency_encode) \
    STEP(tfidf)            \
    STEP(datetime)         \
    STEP(log)              \
    STEP(quantile)         \
    STEP(standardize)      \
    STEP(interact)         \
    STEP(pca)
/* clang-format on */

#define DECLARE(name) extern const at_step_kind at_step_##name;
AT_STEPS(DECLARE)

#define ADDRESS(name) &at_step_##name,
static const at_step_kind *const kinds[] = {AT_STEPS(ADDRESS)};

const at_step_kind *const *at_steps(size_t *count) {
    *count = sizeof kinds / sizeof *kinds;
    return kinds;
}

const at_step_kind *at_step_kind_find(const char *verb) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i]->verb, verb) == 0)
            return kinds[i];
    }
    return NULL;
}
