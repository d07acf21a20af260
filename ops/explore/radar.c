#include "ops/explore/radar.h"

#include <math.h>

static const double almost = 0.02, least_usual = 20;

/* Rows of each class in the slots [from, to), summed: all of them, and those of class c.
 */
typedef struct tally {
    double rows, class;
} tally;

static tally tally_of(const at_radar *radar, const at_slots *slots, int from, int to,
                      int c) {
    tally t = {0};
    for (int64_t r = 0; r < radar->goal->rows; r++)
        if (slots->codes[r] >= from && slots->codes[r] < to) {
            t.rows++;
            t.class += (int)radar->goal->y[r] == c;
        }
    return t;
}

static bool is_copy(const at_radar *radar, int column) {
    double power = radar->powers[column], next = 0;
    for (int i = 0; i < radar->facets->count; i++)
        if (i != column && !isnan(radar->powers[i]))
            next = fmax(next, radar->powers[i]);
    return power >= 0.99 || (power >= 0.9 && 1 - power < 0.2 * (1 - next));
}

/* One side (missing, or there) holds only class c. */
static bool tells(const at_radar *radar, const at_slots *slots, bool missing, int c,
                  at_leak *out) {
    double n = (double)radar->goal->rows;
    int last = slots->count - 1;
    tally side = missing ? tally_of(radar, slots, last, last + 1, c)
                         : tally_of(radar, slots, 0, last, c);
    double base = tally_of(radar, slots, 0, last + 1, c).class / n;
    double others = side.rows - side.class, usual = side.rows * (1 - base);
    if (usual < least_usual || others > almost * usual)
        return false;
    *out = (at_leak){.kind = AT_LEAK_PRESENCE,
                     .class = c,
                     .missing = missing,
                     .rows = (int64_t)side.rows,
                     .hits = others,
                     .usual = usual};
    return true;
}

static bool is_presence(const at_radar *radar, int column, at_leak *out) {
    enum { CLASSES = 32 };
    const at_facet *f = &radar->facets->items[column];
    int classes = radar->goal->classes;
    if (classes == 0 || f->missing == 0 || f->missing == f->rows)
        return false;
    for (int c = 0; c < classes && c < CLASSES; c++)
        for (int missing = 0; missing < 2; missing++)
            if (tells(radar, &radar->slots[column], missing, c, out))
                return true;
    return false;
}

/* Begins at zero, with a long tail. */
static bool is_amount(const at_facet *f) {
    if (!f->number || f->distinct < 50 || f->column->type == AT_TYPE_DATE ||
        f->column->type == AT_TYPE_TIMESTAMP)
        return false;
    double mean = 0, least = INFINITY, known = 0;
    for (int64_t r = 0; r < f->rows; r++)
        if (f->codes[r] >= 0) {
            mean += (f->values[r] - mean) / ++known;
            least = fmin(least, f->values[r]);
        }
    /* the median: the value at which half of the rows are reached */
    int64_t code = 0;
    double before = 0, median = NAN;
    while (code + 1 < f->distinct && before + (double)f->counts[code] < known / 2)
        before += (double)f->counts[code++];
    for (int64_t r = 0; r < f->rows && isnan(median); r++)
        if (f->codes[r] == code)
            median = f->values[r];
    return least >= 0 && least <= 0.05 * median && mean >= 1.1 * median;
}

/* The strongest relation with any other column, and how many it was compared with. */
static int closest(const at_radar *radar, int column, double *relation, int *compared) {
    int who = -1;
    *relation = 0;
    *compared = 0;
    for (size_t i = 0; i < radar->relation_count; i++) {
        const at_relation *r = &radar->relations[i];
        if ((r->a != column && r->b != column) || r->a == radar->target ||
            r->b == radar->target)
            continue;
        ++*compared;
        if (r->strength > *relation) {
            *relation = r->strength;
            who = r->a == column ? r->b : r->a;
        }
    }
    return who;
}

/* The slots from below in which class c (almost) never occurs, as many as there are. */
static bool opens(const at_radar *radar, const at_slots *slots, int c, at_leak *out) {
    int known = slots->count - 1;
    tally all = tally_of(radar, slots, 0, known, c), low = {0};
    double base = all.rows > 0 ? all.class / all.rows : 0, top_rows = 0, top = 0;
    *out = (at_leak){.kind = AT_LEAK_NONE};
    for (int s = 0; s < known; s++) {
        tally slot = tally_of(radar, slots, s, s + 1, c);
        low.rows += slot.rows;
        low.class += slot.class;
        if (low.class > almost * base * low.rows || s + 1 == known)
            continue;
        *out = (at_leak){.kind = AT_LEAK_GATE,
                         .class = c,
                         .bound = slots->low[s + 1],
                         .rows = (int64_t)low.rows,
                         .hits = low.class,
                         .usual = base * low.rows};
    }
    for (int s = known - 1; s >= 0 && top_rows < 0.1 * all.rows; s--) {
        tally slot = tally_of(radar, slots, s, s + 1, c);
        top_rows += slot.rows;
        top += slot.class;
    }
    out->top = top_rows > 0 ? top / top_rows : 0;
    return out->kind == AT_LEAK_GATE && out->usual >= least_usual &&
           (double)out->rows >= 0.03 * all.rows && out->top >= 2 * base;
}

static bool is_gate(const at_radar *radar, int column, at_leak *out) {
    enum { CLASSES = 32, COMPANY = 3 };
    int classes = radar->goal->classes, compared;
    double relation;
    if (classes == 0 || !(radar->powers[column] >= 0.3) ||
        !is_amount(&radar->facets->items[column]))
        return false;
    int who = closest(radar, column, &relation, &compared);
    if (relation >= 0.3 || compared < COMPANY)
        return false;
    for (int c = 0; c < classes && c < CLASSES; c++)
        if (opens(radar, &radar->slots[column], c, out)) {
            out->closest = who;
            out->relation = relation;
            return true;
        }
    return false;
}

at_leak at_radar_column(const at_radar *radar, int column) {
    at_leak leak = {.kind = AT_LEAK_NONE};
    if (column == radar->target || isnan(radar->powers[column]))
        return leak;
    if (radar->identifiers[column] && radar->powers[column] >= 0.3)
        leak.kind = AT_LEAK_IDENTIFIER;
    else if (is_copy(radar, column))
        leak = (at_leak){.kind = AT_LEAK_COPY};
    else if (!is_presence(radar, column, &leak) && !is_gate(radar, column, &leak))
        leak.kind = AT_LEAK_NONE;
    leak.column = column;
    return leak;
}
