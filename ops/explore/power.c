#include "ops/explore/power.h"

#include "ops/base/memory.h"

#include <math.h>
#include <stdlib.h>

void at_power_folds(int64_t rows, uint8_t *fold) {
    for (int64_t r = 0; r < rows; r++) { /* splitmix64 of the row's number */
        uint64_t z = (uint64_t)r + 0x9E3779B97F4A7C15u;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
        z = (z ^ z >> 27) * 0x94D049BB133111EBu;
        fold[r] = (uint8_t)((z ^ z >> 31) % AT_POWER_FOLDS);
    }
}

void at_slots_fini(at_slots *slots) {
    at_free(slots->codes);
    at_free(slots->low);
    *slots = (at_slots){0};
}

/* Which slot each code of a column of numbers gets: places (distinct); low (most). */
static int cut_numbers(const at_facet *f, int most, int32_t *places) {
    if (f->distinct <= most) {
        for (int64_t k = 0; k < f->distinct; k++)
            places[k] = (int32_t)k;
        return (int)f->distinct;
    }
    int64_t known = f->rows - f->missing, before = 0;
    int slots = 0;
    for (int64_t k = 0; k < f->distinct; k++) {
        /* a slot begins with the value at each of the places known * j / most */
        int64_t after = before + f->counts[k];
        bool begins = k == 0;
        for (int j = (int)(before * most / known); j <= most && !begins; j++) {
            int64_t place = known * j / most;
            begins = j > 0 && j < most && place >= before && place < after;
            if (place >= after)
                break;
        }
        slots += begins;
        places[k] = slots - 1;
        before = after;
    }
    return slots;
}

typedef struct level {
    int64_t count, code;
} level;

static int by_count(const void *a, const void *b) {
    const level *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return (x->code > y->code) - (x->code < y->code);
}

/* The most frequent names have a slot each, the others share one. */
static int cut_names(const at_facet *f, int most, int32_t *places) {
    level *levels = at_alloc_array((size_t)f->distinct + 1, sizeof *levels);
    if (!levels)
        return -1;
    for (int64_t k = 0; k < f->distinct; k++)
        levels[k] = (level){f->counts[k], k};
    qsort(levels, (size_t)f->distinct, sizeof *levels, by_count);
    for (int64_t k = 0; k < f->distinct; k++)
        places[levels[k].code] = (int32_t)(k < most ? k : most);
    at_free(levels);
    return (int)(f->distinct <= most ? f->distinct : most + 1);
}

at_status at_slots_of(const at_facet *f, at_slots *out, at_error *err) {
    *out = (at_slots){0};
    int64_t known = f->rows - f->missing;
    int most = (int)fmin(fmax(floor(sqrt((double)known)), 2), AT_POWER_BINS);
    int32_t *places = at_alloc_array((size_t)f->distinct + 1, sizeof *places);
    out->codes = at_alloc_array((size_t)f->rows + 1, sizeof *out->codes);
    int count = !places || !out->codes ? -1
                : f->number            ? cut_numbers(f, most, places)
                                       : cut_names(f, AT_POWER_NAMES, places);
    if (count >= 0 && f->number)
        out->low = at_alloc_array((size_t)count + 2, sizeof *out->low);
    if (count < 0 || (f->number && !out->low)) {
        at_free(places);
        at_slots_fini(out);
        return at_fail(err, AT_NO_MEMORY, "not enough memory to weigh a column");
    }
    for (int i = 0; f->number && i <= count; i++)
        out->low[i] = INFINITY;
    for (int64_t r = 0; r < f->rows; r++) {
        int32_t slot = f->codes[r] < 0 ? count : places[f->codes[r]];
        out->codes[r] = slot;
        if (f->number && slot < count)
            out->low[slot] = fmin(out->low[slot], f->values[r]);
    }
    out->count = count + 1;
    at_free(places);
    return AT_OK;
}

/* A slot as AUC ranks it. */
typedef struct rated {
    double score, good, bad;
} rated;

static int by_score(const void *a, const void *b) {
    const rated *x = a, *y = b;
    return (x->score > y->score) - (x->score < y->score);
}

/* Chance that a good row scores above a bad one, ties half. */
static double auc(rated *slots, int count, double good, double bad) {
    qsort(slots, (size_t)count, sizeof *slots, by_score);
    double below = 0, area = 0;
    for (int i = 0, end; i < count; i = end) {
        double g = 0, b = 0;
        for (end = i; end < count && slots[end].score <= slots[i].score; end++) {
            g += slots[end].good;
            b += slots[end].bad;
        }
        area += g * (below + b / 2);
        below += b;
    }
    return area / (good * bad);
}

/* Rows counted by fold, slot and class, and their sums over some of these. */
typedef struct table {
    const at_slots *slots;
    const at_goal *goal;
    double *cells;      /* (folds, slots, classes) */
    double *slot_class; /* (slots, classes) */
    double *fold_slot,
        *sums;            /* (folds, slots): rows; of numbers, the sum of the target */
    double *fold_class;   /* (folds, classes) */
    double *slot, *class; /* (slots), (classes) */
    double fold[AT_POWER_FOLDS];
    rated *rated;
    void *block; /* all of these */
} table;

static at_status table_of(const at_slots *slots, const at_goal *goal, table *t,
                          at_error *err) {
    size_t s = (size_t)slots->count, k = goal->classes ? (size_t)goal->classes : 1;
    size_t f = AT_POWER_FOLDS, all = f * s * k + s * k + 2 * f * s + f * k + s + k;
    *t = (table){.slots = slots, .goal = goal};
    t->block = t->cells = at_alloc_array(all, sizeof *t->cells);
    t->rated = at_alloc_array(s, sizeof *t->rated);
    if (!t->cells || !t->rated) {
        at_free(t->block);
        at_free(t->rated);
        return at_fail(err, AT_NO_MEMORY, "not enough memory to weigh a column");
    }
    t->slot_class = t->cells + f * s * k;
    t->fold_slot = t->slot_class + s * k;
    t->sums = t->fold_slot + f * s;
    t->fold_class = t->sums + f * s;
    t->slot = t->fold_class + f * k;
    t->class = t->slot + s;
    return AT_OK;
}

/* AUC of class c in a fold by what the other folds say; NaN where one side is empty. Its
 * weight is the class's rows in the fold. */
static double class_auc(const table *t, size_t fold, size_t c, double all,
                        double *weight) {
    size_t slots = (size_t)t->slots->count, classes = (size_t)t->goal->classes;
    double learned = all - t->fold[fold];
    double prior =
        learned > 0 ? (t->class[c] - t->fold_class[fold * classes + c]) / learned : 0;
    for (size_t s = 0; s < slots; s++) {
        double good = t->cells[(fold * slots + s) * classes + c];
        double here = t->fold_slot[fold * slots + s];
        t->rated[s] = (rated){.score = (t->slot_class[s * classes + c] - good + prior) /
                                       (t->slot[s] - here + 1),
                              .good = good,
                              .bad = here - good};
    }
    double good = t->fold_class[fold * classes + c], bad = t->fold[fold] - good;
    *weight = good;
    return good > 0 && bad > 0 ? auc(t->rated, (int)slots, good, bad) : (double)NAN;
}

static double power_of_classes(table *t) {
    size_t slots = (size_t)t->slots->count, classes = (size_t)t->goal->classes;
    for (int64_t r = 0; r < t->goal->rows; r++) {
        size_t f = t->goal->fold[r], s = (size_t)t->slots->codes[r];
        size_t k = (size_t)t->goal->y[r];
        t->cells[(f * slots + s) * classes + k]++;
        t->slot_class[s * classes + k]++;
        t->fold_slot[f * slots + s]++;
        t->fold_class[f * classes + k]++;
        t->slot[s]++;
        t->class[k]++;
        t->fold[f]++;
    }
    double sum = 0;
    int folds = 0;
    for (size_t f = 0; f < AT_POWER_FOLDS; f++) {
        double weighted = 0, weights = 0, weight;
        for (size_t c = classes == 2 ? 1 : 0; c < classes; c++) {
            double value = class_auc(t, f, c, (double)t->goal->rows, &weight);
            if (isnan(value))
                continue;
            weighted += weight * value;
            weights += weight;
        }
        if (weights > 0) {
            sum += weighted / weights;
            folds++;
        }
    }
    return folds ? 2 * sum / folds - 1 : 0;
}

static double power_of_numbers(const table *t) {
    int slots = t->slots->count;
    double mean = 0, all = 0, wrong = 0;
    const at_goal *goal = t->goal;
    for (int64_t r = 0; r < goal->rows; r++)
        mean += (goal->y[r] - mean) / (double)(r + 1);
    for (int64_t r = 0; r < goal->rows; r++) {
        size_t at = (size_t)goal->fold[r] * (size_t)slots + (size_t)t->slots->codes[r];
        t->fold_slot[at]++;
        t->sums[at] += goal->y[r] - mean;
        all += (goal->y[r] - mean) * (goal->y[r] - mean);
    }
    for (int fold = 0; fold < AT_POWER_FOLDS; fold++) {
        double n = 0, sum = 0;
        for (int i = 0; i < AT_POWER_FOLDS * slots; i++)
            if (i / slots != fold) {
                n += t->fold_slot[i];
                sum += t->sums[i];
            }
        double usual = n > 0 ? sum / n : 0;
        for (int s = 0; s < slots; s++) {
            double m = 0, part = 0;
            for (int f = 0; f < AT_POWER_FOLDS; f++)
                if (f != fold) {
                    m += t->fold_slot[f * slots + s];
                    part += t->sums[f * slots + s];
                }
            double guess = (part + usual) / (m + 1);
            /* sum over the slot's rows of (y - guess)^2 - y^2 */
            wrong += t->fold_slot[fold * slots + s] * guess * guess -
                     2 * guess * t->sums[fold * slots + s];
        }
    }
    return all > 0 ? -wrong / all : 0;
}

at_status at_power_of(const at_slots *slots, const at_goal *goal, double *power,
                      at_error *err) {
    table t;
    AT_TRY(table_of(slots, goal, &t, err));
    double value = goal->classes ? power_of_classes(&t) : power_of_numbers(&t);
    *power = fmin(fmax(value, 0), 1);
    at_free(t.block);
    at_free(t.rated);
    return AT_OK;
}
