#include "ops/explore/finding.h"

#include "ops/explore/axis.h"
#include "ops/explore/finding_list.h"
#include "ops/frame/same_rows.h"
#include "ops/recipe/step.h"

#include <math.h>
#include <stdio.h>

#include <string.h>

void at_finding_add(at_finding_list *list, at_finding finding) {
    if (list->count < AT_FINDINGS && finding.columns && finding.text)
        list->items[list->count++] = finding;
}

const char *at_finding_step(const at_finding_list *list, const char *verb,
                            const char *const *columns, size_t column_count,
                            const char *const *values, size_t value_count,
                            const char *word) {
    const at_step_kind *kind = at_step_kind_find(verb);
    at_arena *arena = list->task->arena;
    at_selector *selectors =
        at_arena_alloc(arena, (column_count + 1) * sizeof *selectors);
    at_step *step = NULL;
    if (!kind || !selectors)
        return NULL;
    for (size_t i = 0; i < column_count; i++)
        selectors[i] = (at_selector){.text = columns[i], .literal = true};
    at_step_args args = {.columns = selectors,
                         .column_count = column_count,
                         .values = values,
                         .value_count = value_count,
                         .word = word};
    if (at_step_new(kind, &args, 0, &step, NULL) != AT_OK)
        return NULL;
    at_text line = {0};
    at_step_write(step, &line);
    at_step_release(step);
    const char *copy =
        at_text_ok(&line) ? at_arena_text(arena, at_text_get(&line), line.length) : NULL;
    at_text_fini(&line);
    return copy;
}

const char *at_finding_count(at_arena *arena, int64_t count) {
    const char *text =
        count < 1000 ? at_arena_format(arena, "%d", (int)count)
        : count < 1000000
            ? at_arena_format(arena, "%d,%03d", (int)(count / 1000), (int)(count % 1000))
            : at_arena_format(arena, "%lld,%03d,%03d", (long long)(count / 1000000),
                              (int)(count / 1000 % 1000), (int)(count % 1000));
    return text ? text : "";
}

const char *at_finding_share(at_arena *arena, double share) {
    const char *text = at_arena_format(arena,
                                       share < 0.0095   ? "%.2g %%"
                                       : share < 0.0995 ? "%.1f %%"
                                                        : "%.0f %%",
                                       100 * share);
    return text ? text : "";
}

static at_status duplicates(at_finding_list *list, at_error *err) {
    const at_findings_task *t = list->task;
    int64_t repeats = 0, rows = at_frame_rows(t->frame);
    AT_TRY(at_rows_repeated(t->frame, t->pool, t->cancel, &repeats, err));
    if (repeats == 0)
        return AT_OK;
    at_finding_add(
        list,
        (at_finding){
            .kind = AT_FINDING_DUPLICATES,
            .columns = "all",
            .text = at_arena_format(
                t->arena, "%s %s an earlier row (%s of the table)",
                at_finding_count(t->arena, repeats),
                repeats == 1 ? "row repeats" : "rows repeat",
                at_finding_share(t->arena, (double)repeats / (double)rows)),
            .step = at_finding_step(list, "drop duplicates", NULL, 0, NULL, 0, NULL)});
    return AT_OK;
}

/* Columns of one value, of none, or of all different ones. */
static void whole_column(at_finding_list *list, int i) {
    const at_findings_task *t = list->task;
    const at_profile *p = &t->profiles[i];
    const char *name = at_frame_column(t->frame, i)->name;
    at_finding f = {.columns = name, .text = NULL};
    int64_t known = p->rows - p->missing;
    if (p->rows < 2 || i == t->target)
        return;
    if (known == 0) {
        f.kind = AT_FINDING_EMPTY;
        f.text = "holds no value at all";
    } else if (p->distinct == 1 && p->missing == 0) {
        f.kind = AT_FINDING_CONSTANT;
        f.text = at_arena_format(t->arena, "holds the same value in every row: \"%.60s\"",
                                 p->tops ? p->top[0] : "");
    } else if (p->distinct == 1 && p->missing * 50 < p->rows) {
        f.kind = AT_FINDING_CONSTANT;
        f.text = at_arena_format(t->arena, "is \"%.60s\" wherever it is known",
                                 p->tops ? p->top[0] : "");
    } else if (p->looks_like_id && p->longest <= 200) {
        f.kind = AT_FINDING_IDENTIFIER;
        f.text = at_type_textual(at_frame_column(t->frame, i)->type)
                     ? "has another value in every row: an identifier, which tells a "
                       "model nothing"
                     : "runs without gaps from row to row: a running number, which tells "
                       "a model nothing";
    } else {
        return;
    }
    f.step = at_finding_step(list, "drop column", &name, 1, NULL, 0, NULL);
    at_finding_add(list, f);
}

/* 9, 99, 999, ... with either sign, and -1: what people write for "unknown". */
static bool is_sentinel(double value) {
    double size = fabs(value), nines = 9;
    while (nines < size && nines < 1e12)
        nines = nines * 10 + 9;
    return (size == nines && size > 9) || value == -1 || value == -9;
}

/* An end of the column that is far from all else and is a number of that kind. */
static void sentinel(at_finding_list *list, int i) {
    const at_findings_task *t = list->task;
    const at_facet *f = &t->facets->items[i];
    if (!at_type_numeric(f->column->type) || f->distinct < 6)
        return;
    double ends[2] = {INFINITY, -INFINITY}, next[2] = {INFINITY, -INFINITY};
    for (int64_t r = 0; r < f->rows; r++) {
        if (f->codes[r] < 0)
            continue;
        double v = f->values[r];
        if (f->codes[r] == 0)
            ends[0] = v;
        else
            next[0] = fmin(next[0], v);
        if (f->codes[r] == f->distinct - 1)
            ends[1] = v;
        else
            next[1] = fmax(next[1], v);
    }
    for (int side = 0; side < 2; side++) {
        double far = fabs(ends[side] - next[side]);
        double rest = fabs((side ? next[0] < ends[0] ? next[0] : ends[0] : next[0]) -
                           (side ? next[1] : ends[1]));
        int64_t count = f->counts[side ? f->distinct - 1 : 0];
        double share = (double)count / (double)(f->rows - f->missing);
        bool lone = side == 0 && ends[0] < 0 && next[0] >= 0;
        if (!is_sentinel(ends[side]) || count < 5 || share < 0.005 ||
            !(side == 0 ? lone && (ends[0] > -10 || far > rest) : far > rest))
            continue;
        char digits[32];
        at_format_real(ends[side], digits);
        const char *value = at_arena_text(t->arena, digits, strlen(digits));
        const char *name = f->column->name;
        char low[32], high[32];
        at_format_real(side ? ends[0] : next[0], low);
        at_format_real(side ? next[1] : ends[1], high);
        at_finding_add(
            list, (at_finding){.kind = AT_FINDING_SENTINEL,
                               .columns = name,
                               .text = at_arena_format(
                                   t->arena,
                                   "%s of the values are %s, the others lie between %s "
                                   "and %s: it may stand for unknown",
                                   at_finding_share(t->arena, share), value, low, high),
                               .step = value ? at_finding_step(list, "missing", &name, 1,
                                                               &value, 1, NULL)
                                             : NULL,
                               .perhaps = true});
    }
}

/* Whole numbers as they are, others to six digits. */
static void format_bound(double value, char out[32]) {
    snprintf(out, 32, value == floor(value) && fabs(value) < 1e15 ? "%.0f" : "%.6g",
             value);
}

/* Cells far outside: three times the distance of the quartiles beyond them (Tukey's "far
 * out"). Where more than 5 % of the cells are, that is the column's nature. */
static void outliers(at_finding_list *list, int i) {
    const at_findings_task *t = list->task;
    const at_profile *p = &t->profiles[i];
    const at_column *c = at_frame_column(t->frame, i);
    double reach = 3 * (p->q75 - p->q25);
    if (!at_type_numeric(c->type) || !(reach > 0) || i == t->target)
        return;
    double low = p->q25 - reach, high = p->q75 + reach;
    if (p->min >= low && p->max <= high)
        return;
    int64_t far = 0;
    for (int64_t r = 0; r < c->rows; r++) {
        double v = at_axis_value(c, r);
        far += v < low || v > high;
    }
    double share = (double)far / (double)(p->rows - p->missing);
    if (share > 0.05)
        return;
    char from[32], to[32], least[32], most[32];
    format_bound(fmax(low, p->min), from);
    format_bound(fmin(high, p->max), to);
    format_bound(p->min, least);
    format_bound(p->max, most);
    const char *values[] = {from, to};
    const char *name = c->name;
    at_finding_add(
        list,
        (at_finding){.kind = AT_FINDING_OUTLIERS,
                     .columns = name,
                     .text = at_arena_format(
                         t->arena,
                         "%s far-out %s (%s) beyond %s to %s; the column spans %s to %s",
                         at_finding_count(t->arena, far), far == 1 ? "value" : "values",
                         at_finding_share(t->arena, share), from, to, least, most),
                     .step = at_finding_step(list, "clip", &name, 1, values, 2, NULL),
                     .perhaps = true,
                     .weight = share});
}

/* Of many columns with far-out values those with the most. */
static void limit_outliers(at_finding_list *list) {
    enum { SHOWN = 8 };
    size_t outliers = 0, kept = 0;
    double bar = 0, shares[SHOWN] = {0};
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].kind != AT_FINDING_OUTLIERS)
            continue;
        outliers++;
        size_t k = SHOWN;
        while (k > 0 && shares[k - 1] < list->items[i].weight) {
            if (k < SHOWN)
                shares[k] = shares[k - 1];
            k--;
        }
        if (k < SHOWN)
            shares[k] = list->items[i].weight;
    }
    if (outliers <= SHOWN)
        return;
    bar = shares[SHOWN - 1];
    size_t left = 0;
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].kind != AT_FINDING_OUTLIERS || list->items[i].weight >= bar)
            list->items[kept++] = list->items[i];
        else
            left++;
    list->count = kept;
    if (left)
        at_finding_add(list,
                       (at_finding){.kind = AT_FINDING_OUTLIERS,
                                    .columns = at_arena_format(list->task->arena,
                                                               "%d more", (int)left),
                                    .text = "hold fewer far-out values than these"});
}

static bool all_different(const at_profile *p) {
    return p->distinct == p->rows - p->missing;
}

/* Of columns that say the same, the later one can go. */
static void twins(at_finding_list *list) {
    const at_findings_task *t = list->task;
    bool *gone = at_arena_alloc(t->arena, (size_t)t->facets->count + 1);
    for (size_t i = 0; gone && i < t->relation_count; i++) {
        const at_relation *r = &t->relations[i];
        if (r->strength < 0.999999)
            break; /* they come strongest first */
        const at_facet *a = &t->facets->items[r->a], *b = &t->facets->items[r->b];
        bool same = r->measure == AT_CRAMERS_V
                        ? a->distinct == b->distinct
                        : fabs(r->pearson) >= 0.999999 /* NaN of others */;
        if (!same || gone[r->a] || gone[r->b] || r->a == t->target || r->b == t->target ||
            r->rows < 20 || (all_different(&t->profiles[r->a]) && a->number == false))
            continue;
        gone[r->b] = true;
        const char *name = b->column->name;
        at_finding_add(
            list,
            (at_finding){
                .kind = AT_FINDING_TWINS,
                .columns = at_arena_format(t->arena, "%s, %s", a->column->name, name),
                .text = "say the same: each can be told from the other",
                .step = at_finding_step(list, "drop column", &name, 1, NULL, 0, NULL),
                .perhaps = true});
    }
}

/* Those of a kind stay in their order. */
static void sort(at_finding *items, size_t count) {
    for (size_t i = 1; i < count; i++) {
        at_finding moved = items[i];
        size_t k = i;
        for (; k > 0 && items[k - 1].kind > moved.kind; k--)
            items[k] = items[k - 1];
        items[k] = moved;
    }
}

at_status at_findings_of(const at_findings_task *task, at_finding **out, size_t *count,
                         at_error *err) {
    at_finding_list list = {.task = task};
    list.items = at_arena_alloc(task->arena, AT_FINDINGS * sizeof *list.items);
    if (!list.items)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to look at the table");
    AT_TRY(at_finding_texts(&list, err));
    AT_TRY(duplicates(&list, err));
    for (int i = 0; i < at_frame_columns(task->frame); i++) {
        whole_column(&list, i);
        sentinel(&list, i);
        outliers(&list, i);
    }
    twins(&list);
    limit_outliers(&list);
    sort(list.items, list.count);
    *out = list.items;
    *count = list.count;
    return AT_OK;
}
