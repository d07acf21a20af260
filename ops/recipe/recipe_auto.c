/* The default preparation, by column type. */
#include "ops/base/text.h"
#include "ops/frame/dictionary.h"
#include "ops/recipe/recipe.h"

#include <math.h>
#include <string.h>

enum {
    MOST_LEVELS = 50,    /* of a category: the rest counts as none of them */
    FEWEST_ROWS = 20,    /* below, a run of numbers says nothing of an identifier */
    FEWEST_SPREAD = 100, /* the same of numbers with gaps */
    WIDEST_SPREAD = 4,   /* rows' share of such a run: 1 in this many, as of a split */
};

typedef enum fate {
    NUMBER,
    LEVELS,
    MANY_LEVELS,
    CONSTANT,
    EMPTY,
    IDENTIFIER,
    TEXT,
    DATE,
    FATES
} fate;

static const char *const reasons[FATES] = {
    [CONSTANT] = "always the same", [EMPTY] = "empty", [IDENTIFIER] = "an identifier",
    [TEXT] = "free text",           [DATE] = "dates",
};

/* Distinct integers in any order, without a gap or, in enough rows, close together: row
 * numbers, of a whole table or of a part split off. */
static at_status is_run(const at_column *c, bool *out, at_error *err) {
    *out = false;
    if (c->type != AT_TYPE_INT || c->missing || c->rows < FEWEST_ROWS)
        return AT_OK;
    int64_t low = c->ints[0], high = c->ints[0];
    for (int64_t i = 1; i < c->rows; i++) {
        low = c->ints[i] < low ? c->ints[i] : low;
        high = c->ints[i] > high ? c->ints[i] : high;
    }
    uint64_t span = (uint64_t)high - (uint64_t)low;
    uint64_t widest = (uint64_t)c->rows * (c->rows < FEWEST_SPREAD ? 1 : WIDEST_SPREAD);
    if (span >= widest)
        return AT_OK;
    uint8_t *seen = at_alloc_zero((size_t)span + 1);
    if (!seen)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    *out = true;
    for (int64_t i = 0; i < c->rows && *out; i++) {
        *out = !seen[c->ints[i] - low];
        seen[c->ints[i] - low] = 1;
    }
    at_free(seen);
    return AT_OK;
}

static at_status judge_number(const at_column *c, fate *out, at_error *err) {
    double low = (double)INFINITY, high = (double)-INFINITY;
    for (int64_t i = 0; i < c->rows; i++) {
        double value = at_column_real(c, i);
        low = value < low ? value : low;
        high = value > high ? value : high;
    }
    bool run;
    AT_TRY(is_run(c, &run, err));
    *out = low > high ? EMPTY : !(low < high) ? CONSTANT : run ? IDENTIFIER : NUMBER;
    return AT_OK;
}

static at_status judge_levels(const at_column *c, fate *out, at_error *err) {
    int64_t valid = c->rows - c->missing, distinct = 0;
    size_t levels = c->type == AT_TYPE_BOOL ? 2 : c->levels;
    uint8_t *seen = at_alloc_zero(levels);
    if (!seen)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    for (int64_t i = 0; i < c->rows; i++) {
        if (!at_column_valid(c, i))
            continue;
        size_t k = c->type == AT_TYPE_BOOL ? c->bools[i] : c->codes[i];
        distinct += !seen[k];
        seen[k] = 1;
    }
    at_free(seen);
    if (valid == 0)
        *out = EMPTY;
    else if (distinct == 1 && c->missing == 0)
        *out = CONSTANT;
    else if (distinct <= MOST_LEVELS)
        *out = LEVELS;
    else
        *out = 2 * distinct > valid ? IDENTIFIER : MANY_LEVELS;
    return AT_OK;
}

static at_status judge(const at_column *c, fate *out, at_error *err) {
    switch (c->type) {
    case AT_TYPE_INT:
    case AT_TYPE_FLOAT:
        return judge_number(c, out, err);
    case AT_TYPE_BOOL:
    case AT_TYPE_CATEGORY:
        return judge_levels(c, out, err);
    case AT_TYPE_TEXT:
        *out = c->missing == c->rows ? EMPTY : TEXT;
        return AT_OK;
    case AT_TYPE_DATE:
    case AT_TYPE_TIMESTAMP:
        break;
    }
    *out = DATE;
    return AT_OK;
}

typedef struct plan {
    at_arena *arena;
    at_selector *columns[FATES]; /* (frame's columns) each */
    size_t counts[FATES];
} plan;

static at_status make_plan(const at_frame *frame, const char *target, plan *p,
                           at_error *err) {
    size_t count = (size_t)at_frame_columns(frame);
    for (int f = 0; f < FATES; f++) {
        p->columns[f] = at_arena_alloc(p->arena, count * sizeof *p->columns[f]);
        if (!p->columns[f])
            return at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        const at_column *c = at_frame_column(frame, (int)i);
        if (target && at_equal_fold(c->name, target))
            continue;
        fate f = TEXT;
        AT_TRY(judge(c, &f, err));
        p->columns[f][p->counts[f]++] = (at_selector){c->name, true};
    }
    return AT_OK;
}

static at_status add(at_recipe *recipe, const char *verb, const at_selector *columns,
                     size_t count, const char *word, const char *value, at_error *err) {
    if (!count)
        return AT_OK;
    at_step_args args = {.columns = columns,
                         .column_count = count,
                         .word = word,
                         .values = &value,
                         .value_count = value ? 1 : 0};
    at_step *step;
    AT_TRY(at_step_new(at_step_kind_find(verb), &args, 0, &step, err));
    return at_recipe_take(recipe, step, err);
}

static at_status add_steps(const plan *p, at_recipe_style style, at_recipe *recipe,
                           at_error *err) {
    size_t smoothed = style == AT_RECIPE_SMOOTH ? p->counts[NUMBER] : 0;
    for (int f = CONSTANT; f < FATES; f++)
        AT_TRY(add(recipe, "drop column", p->columns[f], p->counts[f], NULL, NULL, err));
    AT_TRY(add(recipe, "impute", p->columns[NUMBER], smoothed, "median", NULL, err));
    AT_TRY(add(recipe, "standardize", p->columns[NUMBER], smoothed, NULL, NULL, err));
    AT_TRY(
        add(recipe, "one-hot", p->columns[LEVELS], p->counts[LEVELS], NULL, NULL, err));
    return add(recipe, "one-hot", p->columns[MANY_LEVELS], p->counts[MANY_LEVELS], NULL,
               "50", err);
}

/* "Left out: name, ticket (free text); id (an identifier)." */
static at_status write_note(const plan *p, const char **note, at_error *err) {
    at_text text = {0};
    for (int f = CONSTANT; f < FATES; f++) {
        if (!p->counts[f])
            continue;
        at_text_put(&text, text.length ? "; " : "left out: ");
        for (size_t i = 0; i < p->counts[f]; i++)
            at_text_format(&text, "%s%s", i ? ", " : "", p->columns[f][i].text);
        at_text_format(&text, " (%s)", reasons[f]);
    }
    for (size_t i = 0; i < p->counts[MANY_LEVELS]; i++) {
        if (i == 0 && text.length)
            at_text_put(&text, "; ");
        at_text_format(&text, "%s%s",
                       i ? ", " : "only the 50 most frequent values count of ",
                       p->columns[MANY_LEVELS][i].text);
    }
    *note = at_text_ok(&text) ? at_arena_text(p->arena, at_text_get(&text), text.length)
                              : NULL;
    at_text_fini(&text);
    return *note ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
}

at_status at_recipe_auto(const at_frame *frame, const char *target, at_recipe_style style,
                         at_arena *arena, at_recipe **out, const char **note,
                         at_error *err) {
    plan p = {.arena = arena};
    AT_TRY(make_plan(frame, target, &p, err));
    AT_TRY(write_note(&p, note, err));
    if (p.counts[NUMBER] + p.counts[LEVELS] + p.counts[MANY_LEVELS] == 0) {
        at_fail(err, AT_INVALID, "no column is left to learn from%s%s",
                **note ? ": " : "", *note);
        return err ? at_hint(err,
                             "make one with %%%%prepare, for example: derive length = "
                             "length(name)")
                   : AT_INVALID;
    }
    at_recipe *recipe;
    AT_TRY(at_recipe_new(&recipe, err));
    at_status status = add_steps(&p, style, recipe, err);
    if (status != AT_OK) {
        at_recipe_release(recipe);
        return status;
    }
    *out = recipe;
    return AT_OK;
}
