/* Relations, powers, quartiles against SciPy, scikit-learn and NumPy on real tables
 * (golden/explore.json, made by make_explore.py); axes, findings and the radar on tables
 * made for them. */
#include "ops/base/clock.h"
#include "ops/base/order.h"
#include "ops/base/rng.h"
#include "ops/explore/axis.h"
#include "ops/explore/finding.h"
#include "ops/explore/quartiles.h"
#include "ops/explore/radar.h"
#include "ops/frame/csv.h"
#include "ops/frame/same_rows.h"
#include "tests/unit/table.h"

#include <jansson.h>
#include <math.h>

#define GOLDEN ATELIER_SOURCE "/tests/unit/golden/explore.json"

static json_t *golden(const char *key) {
    json_t *all = json_load_file(GOLDEN, 0, NULL);
    assert_non_null(all);
    json_t *part = json_incref(json_object_get(all, key));
    json_decref(all);
    assert_true(json_array_size(part) > 0);
    return part;
}

static const char *text(const json_t *c, const char *key) {
    return json_string_value(json_object_get(c, key));
}

static at_frame *table(const char *name) {
    char path[400];
    at_error err;
    at_frame *frame = NULL;
    at_csv_options options = at_csv_options_default();
    at_csv_report report;
    snprintf(path, sizeof path, "%s/%s", ATELIER_DATA, name);
    if (!at_file_exists(path))
        return NULL;
    assert_ok(at_csv_read_file(path, &options, NULL, &frame, &report, &err), &err);
    return frame;
}

static const at_column *column(const at_frame *frame, const char *name) {
    int index = at_frame_find(frame, name);
    if (index < 0)
        fail_msg("no column %s", name);
    return at_frame_column(frame, index);
}

static void near(const json_t *c, const char *key, double got) {
    double want = json_number_value(json_object_get(c, key));
    if (!(fabs(got - want) <= 1e-9 * fmax(1, fabs(want))))
        fail_msg("%s of %s, %s is %.17g, the oracle says %.17g", key, text(c, "path"),
                 text(c, "a") ? text(c, "a") : text(c, "column"), got, want);
}

/* ---- oracles
 * --------------------------------------------------------------------------- */

static void test_relations(void **state) {
    (void)state;
    json_t *cases = golden("relations"), *c;
    size_t i;
    at_error err;
    json_array_foreach(cases, i, c) {
        at_frame *frame = table(text(c, "path"));
        if (!frame)
            break;
        at_facets facets;
        assert_ok(at_facets_of(frame, NULL, NULL, &facets, &err), &err);
        at_relation r;
        int a = at_frame_find(frame, text(c, "a")),
            b = at_frame_find(frame, text(c, "b"));
        assert_ok(at_relation_of(&facets, a, b, &r, &err), &err);
        assert_int_equal(r.rows, json_integer_value(json_object_get(c, "rows")));
        if (strcmp(text(c, "measure"), "numbers") == 0) {
            near(c, "pearson", r.pearson);
            near(c, "spearman", r.spearman);
            assert_true(r.strength >= fabs(r.pearson) && r.strength >= fabs(r.spearman));
        } else {
            near(c, "strength", r.strength);
        }
        at_facets_fini(&facets);
        at_frame_release(frame);
    }
    json_decref(cases);
}

static double *encode(const at_column *target, const json_t *labels) {
    double *y = at_alloc_array((size_t)target->rows, sizeof *y);
    at_text cell = {0};
    for (int64_t r = 0; r < target->rows; r++) {
        y[r] = at_column_real(target, r);
        at_text_clear(&cell);
        at_column_format(target, r, &cell);
        for (size_t k = 0; k < json_array_size(labels); k++)
            if (strcmp(at_text_get(&cell),
                       json_string_value(json_array_get(labels, k))) == 0)
                y[r] = (double)k;
    }
    at_text_fini(&cell);
    return y;
}

static void test_powers(void **state) {
    (void)state;
    json_t *cases = golden("powers"), *c, *power;
    size_t i;
    const char *name;
    at_error err;
    json_array_foreach(cases, i, c) {
        at_frame *frame = table(text(c, "path"));
        if (!frame)
            break;
        const json_t *labels = json_object_get(c, "labels");
        const at_column *target = column(frame, text(c, "target"));
        double *y = encode(target, labels);
        uint8_t *fold = at_alloc_array((size_t)target->rows, 1);
        at_power_folds(target->rows, fold);
        at_goal goal = {target->rows, (int)json_array_size(labels), y, fold};
        at_facets facets;
        assert_ok(at_facets_of(frame, NULL, NULL, &facets, &err), &err);
        json_object_foreach(json_object_get(c, "columns"), name, power) {
            at_slots slots;
            double got;
            assert_ok(
                at_slots_of(&facets.items[at_frame_find(frame, name)], &slots, &err),
                &err);
            assert_ok(at_power_of(&slots, &goal, &got, &err), &err);
            at_slots_fini(&slots);
            if (!(fabs(got - json_number_value(power)) <= 1e-9))
                fail_msg("power of %s in %s is %.17g, scikit-learn says %.17g", name,
                         text(c, "path"), got, json_number_value(power));
        }
        at_free(y);
        at_free(fold);
        at_facets_fini(&facets);
        at_frame_release(frame);
    }
    json_decref(cases);
}

static void test_quartiles(void **state) {
    (void)state;
    json_t *cases = golden("quartiles"), *c;
    size_t i;
    at_error err;
    json_array_foreach(cases, i, c) {
        at_frame *frame = table(text(c, "path"));
        if (!frame)
            break;
        at_quartiles q;
        assert_ok(at_quartiles_of(column(frame, text(c, "column")), NULL, &q, &err),
                  &err);
        near(c, "count", (double)q.count);
        near(c, "min", q.min);
        near(c, "max", q.max);
        near(c, "q25", q.q25);
        near(c, "median", q.median);
        near(c, "q75", q.q75);
        near(c, "mean", q.mean);
        near(c, "low", q.low);
        near(c, "high", q.high);
        near(c, "below", (double)q.below);
        near(c, "above", (double)q.above);
        for (int k = 0; k < q.shown_count; k++)
            assert_true(q.shown[k] < q.low || q.shown[k] > q.high);
        at_frame_release(frame);
    }
    json_decref(cases);
}

/* ---- sorting, axes
 * --------------------------------------------------------------------- */

static void test_sort(void **state) {
    (void)state;
    enum { MANY = 20000 };
    double *x = at_alloc_array(MANY, sizeof *x), *y = at_alloc_array(MANY, sizeof *y);
    at_rng rng;
    at_rng_init(&rng, 7);
    for (int i = 0; i < MANY; i++)
        x[i] = y[i] = i % 7 == 0    ? -0.0
                      : i % 11 == 0 ? (double)INFINITY
                                    : at_rng_normal(&rng) * pow(10, i % 40 - 20);
    at_sort_doubles(x, MANY);
    qsort(y, MANY, sizeof *y, at_order_doubles);
    for (int i = 0; i < MANY; i++)
        assert_true(x[i] <= y[i] && x[i] >= y[i]);
    at_free(x);
    at_free(y);
}

static void test_bins(void **state) {
    (void)state;
    at_error err;
    at_text rows = {0};
    at_text_put(&rows, "n:int|x:float|d:date\n");
    for (int i = 0; i < 500; i++)
        at_text_format(&rows, "%d|%g|2024-%02d-%02d\n", i % 10, i / 7.0, i % 12 + 1,
                       i % 28 + 1);
    at_text_put(&rows, "||\n3|inf|2024-12-31\n");
    at_frame *frame = at_test_table(at_text_get(&rows));
    at_axis axis;
    assert_ok(at_axis_bins(column(frame, "n"), 0, 60, true, &axis, &err), &err);
    assert_int_equal(axis.count, 10); /* a bin a number, the number in its middle */
    assert_true(axis.edges[0] == -0.5 && axis.edges[10] == 9.5);
    assert_int_equal(axis.counts[3], 51);
    assert_int_equal(axis.missing, 1);
    assert_int_equal(axis.codes[500], -1);
    at_axis_fini(&axis);
    assert_ok(at_axis_bins(column(frame, "x"), 0, 60, true, &axis, &err), &err);
    double step = axis.edges[1] - axis.edges[0]; /* round: 1, 2, 5 times a power of ten */
    double unit = step / pow(10, floor(log10(step) + 1e-9));
    assert_true(fabs(unit - 1) < 1e-9 || fabs(unit - 2) < 1e-9 || fabs(unit - 5) < 1e-9);
    assert_int_equal(axis.missing, 2); /* infinity has no place */
    int64_t sum = 0;
    for (int i = 0; i < axis.count; i++)
        sum += axis.counts[i];
    assert_int_equal(sum, 500);
    at_axis_fini(&axis);
    assert_ok(at_axis_bins(column(frame, "d"), 0, 12, true, &axis, &err), &err);
    assert_true(axis.time);
    assert_int_equal(axis.count, 12); /* months */
    assert_true(axis.edges[2] == (double)at_days_from_civil(2024, 3, 1) * 86400);
    assert_int_equal(axis.counts[11], 42);
    at_axis_fini(&axis);
    at_frame_release(frame);
    at_text_fini(&rows);
}

static void test_far_cells_are_trimmed(void **state) {
    (void)state;
    at_error err;
    at_text rows = {0};
    at_text_put(&rows, "x:float\n");
    for (int i = 0; i < 1000; i++)
        at_text_format(&rows, "%g\n", i == 500 ? 1e9 : i / 10.0);
    at_frame *frame = at_test_table(at_text_get(&rows));
    at_axis axis;
    assert_ok(at_axis_bins(column(frame, "x"), 0, 60, true, &axis, &err), &err);
    assert_int_equal(axis.beyond, 1);
    assert_true(axis.edges[axis.count] < 1000);
    at_axis_fini(&axis);
    assert_ok(at_axis_bins(column(frame, "x"), 0, 60, false, &axis, &err), &err);
    assert_int_equal(axis.beyond, 0);
    at_axis_fini(&axis);
    at_frame_release(frame);
    at_text_fini(&rows);
}

static void test_levels(void **state) {
    (void)state;
    at_error err;
    at_frame *frame = at_test_table("t:text|m:category|n:int\n"
                                    "other|mar|30\nb|jan|20\nb|feb|20\nc|jan|10\n"
                                    "d|dec|10\nb|jan|5\n||\n");
    at_axis axis;
    assert_ok(at_axis_levels(column(frame, "t"), 3, &axis, &err), &err);
    assert_int_equal(axis.count, 3);
    assert_string_equal(axis.names[0], "b");
    assert_string_equal(axis.names[1], "other");
    assert_string_equal(axis.names[2], "other 2"); /* the rest is no level's name */
    assert_true(axis.other);
    assert_int_equal(axis.counts[2], 2);
    assert_int_equal(axis.distinct, 4);
    assert_int_equal(axis.codes[6], -1);
    at_axis_fini(&axis);
    assert_ok(at_axis_levels(column(frame, "m"), 20, &axis, &err), &err);
    at_axis_calendar(&axis);
    const char *const months[] = {"jan", "feb", "mar", "dec"};
    for (int i = 0; i < 4; i++)
        assert_string_equal(axis.names[i], months[i]);
    assert_int_equal(axis.codes[0], 2);
    assert_int_equal(axis.counts[0], 3);
    at_axis_fini(&axis);
    assert_ok(at_axis_levels(column(frame, "n"), 20, &axis, &err), &err);
    assert_string_equal(axis.names[0], "5"); /* numbers by value */
    assert_string_equal(axis.names[3], "30");
    at_axis_fini(&axis);
    at_frame_release(frame);
}

static void test_sample(void **state) {
    (void)state;
    at_error err;
    at_column_builder *b = NULL;
    at_frame_builder *builder = NULL;
    at_frame *frame = NULL, *sample = NULL, *again = NULL;
    assert_ok(at_column_builder_new("i", AT_TYPE_INT, &b, &err), &err);
    for (int i = 0; i < 10007; i++)
        at_column_builder_int(b, i);
    assert_ok(at_frame_builder_new(&builder, &err), &err);
    assert_ok(at_frame_builder_take(builder, b, &err), &err);
    assert_ok(at_frame_builder_finish(builder, &frame, &err), &err);
    assert_ok(at_sample(frame, 100, 1, &sample, &err), &err);
    assert_ok(at_sample(frame, 100, 1, &again, &err), &err);
    assert_int_equal(at_frame_rows(sample), 100);
    const int64_t *x = at_frame_column(sample, 0)->ints;
    for (int i = 0; i < 100; i++) { /* one of each stretch, the same ones each time */
        assert_true(x[i] >= i * 10007 / 100 && x[i] <= (i + 1) * 10007 / 100);
        assert_int_equal(x[i], at_frame_column(again, 0)->ints[i]);
    }
    at_frame_release(sample);
    at_frame_release(again);
    assert_ok(at_sample(frame, 20000, 1, &sample, &err), &err);
    assert_ptr_equal(sample, frame);
    at_frame_release(sample);
    at_frame_release(frame);
}

/* ---- findings
 * -------------------------------------------------------------------------- */

typedef struct looked {
    at_frame *frame;
    at_profile profiles[16];
    at_facets facets;
    at_relation *relations;
    size_t relation_count, count;
    at_finding *findings;
    at_arena arena;
} looked;

static at_status look(looked *l, at_error *err) {
    for (int i = 0; i < at_frame_columns(l->frame); i++)
        AT_TRY(at_profile_column(at_frame_column(l->frame, i), &l->arena, &l->profiles[i],
                                 err));
    AT_TRY(at_facets_of(l->frame, NULL, NULL, &l->facets, err));
    AT_TRY(
        at_relations(&l->facets, -1, NULL, NULL, &l->relations, &l->relation_count, err));
    at_findings_task task = {.frame = l->frame,
                             .profiles = l->profiles,
                             .facets = &l->facets,
                             .relations = l->relations,
                             .relation_count = l->relation_count,
                             .target = -1,
                             .arena = &l->arena};
    return at_findings_of(&task, &l->findings, &l->count, err);
}

static void looked_fini(looked *l) {
    at_facets_fini(&l->facets);
    at_free(l->relations);
    at_arena_fini(&l->arena);
    l->relations = NULL;
}

static const at_finding *find(const looked *l, at_finding_kind kind) {
    for (size_t i = 0; i < l->count; i++)
        if (l->findings[i].kind == kind)
            return &l->findings[i];
    return NULL;
}

#define assert_finding(l, kind, in, line)                                                \
    do {                                                                                 \
        const at_finding *f_ = find(l, kind);                                            \
        assert_non_null(f_);                                                             \
        assert_string_equal(f_->columns, in);                                            \
        assert_string_equal(f_->step ? f_->step : "", line);                             \
    } while (0)

/* Forty rows with one of each flaw. */
static at_frame *flawed(void) {
    at_text rows = {0};
    at_text_put(&rows, "id:int|city:category|job:category|pdays:int|size:text|same:int|"
                       "x:float|twin:float|far:float\n");
    static const char *const cities[] = {"Paris", "Paris ", "PARIS", "Lyon", "Paris"};
    static const char *const jobs[] = {"clerk", "unknown", "smith", "unknown"};
    for (int i = 0; i < 40; i++)
        at_text_format(&rows, "%d|%s|%s|%d|%s%d|7|%d.5|%d|%d\n", i + 100, cities[i % 5],
                       jobs[i % 4], i % 3 ? 999 : i, i == 9 ? "about " : "", i % 12,
                       i * i % 31, i * i % 31 * 2 + 1, i == 20 ? 100000 : i);
    at_frame *frame = at_test_table(at_text_get(&rows));
    at_text_fini(&rows);
    return frame;
}

static void test_findings(void **state) {
    (void)state;
    at_error err;
    looked l = {.frame = flawed()};
    assert_ok(look(&l, &err), &err);
    assert_finding(&l, AT_FINDING_IDENTIFIER, "id", "drop column id");
    assert_finding(&l, AT_FINDING_BLANKS, "city", "trim city");
    assert_finding(&l, AT_FINDING_SPELLINGS, "city", "merge similar city strictly");
    assert_finding(&l, AT_FINDING_MARKERS, "job", "missing \"unknown\" in job");
    assert_finding(&l, AT_FINDING_SENTINEL, "pdays", "missing 999 in pdays");
    assert_true(find(&l, AT_FINDING_SENTINEL)->perhaps);
    assert_finding(&l, AT_FINDING_NUMBERS, "size", "parse number size");
    assert_finding(&l, AT_FINDING_CONSTANT, "same", "drop column same");
    assert_finding(&l, AT_FINDING_TWINS, "x, twin", "drop column twin");
    assert_finding(&l, AT_FINDING_OUTLIERS, "far", "clip far between 0 and 91.75");
    assert_null(find(&l, AT_FINDING_DUPLICATES)); /* the ids differ */
    assert_null(find(&l, AT_FINDING_EMPTY));
    looked_fini(&l);
    at_frame_release(l.frame);
}

static void test_repeated_rows(void **state) {
    (void)state;
    at_error err;
    looked l = {.frame =
                    at_test_table("a:float|b:text|c:category|d:int\n1|x|p|\n-0|x|p|\n"
                                  "0|x|p|\n1|x|p|\n1||p|\n1||p|\n1|~|p|\n")};
    assert_ok(look(&l, &err), &err);
    int64_t repeats = 0;
    assert_ok(at_rows_repeated(l.frame, NULL, NULL, &repeats, &err), &err);
    assert_int_equal(repeats, 3); /* -0 is 0, missing is missing, "" is not */
    assert_finding(&l, AT_FINDING_DUPLICATES, "all", "drop duplicates");
    assert_finding(&l, AT_FINDING_EMPTY, "d", "drop column d");
    looked_fini(&l);
    at_frame_release(l.frame);
}

static void test_clean_tables_are_left_alone(void **state) {
    (void)state;
    at_error err;
    looked l = {.frame = at_test_table("age:int|job:category|code:text\n31|clerk|012\n"
                                       "45|smith|034\n27|clerk|012\n31|baker|035\n")};
    assert_ok(look(&l, &err), &err);
    assert_int_equal(l.count, 0);
    looked_fini(&l);
    at_frame_release(l.frame);
}

static at_status swept(void *context) {
    looked l = {.frame = context};
    at_error err;
    at_status status = look(&l, &err);
    looked_fini(&l);
    return status;
}

/* Where memory fails a finding may be left out; nothing else may go wrong. */
static void test_findings_without_memory(void **state) {
    (void)state;
    at_frame *frame = flawed();
    for (size_t n = 1; n < 3000; n += n < 200 ? 1 : 17) {
        at_memory_fail_after(n);
        at_status status = swept(frame);
        at_memory_fail_after(0);
        assert_true(status == AT_OK || status == AT_NO_MEMORY);
    }
    at_frame_release(frame);
}

/* ---- radar
 * ----------------------------------------------------------------------------- */

/* Rows of a shop: what is known before (age, visits, bill, branch) tells little of
 * whether a customer comes back; `kind` adds a column that leaks it. */
static at_frame *shop(const char *kind) {
    enum { ROWS = 3000 };
    at_error err;
    static const char *const names[] = {"age", "visits", "bill", "score", "leak", "back"};
    enum { COLUMNS = sizeof names / sizeof *names };
    at_column_builder *b[COLUMNS];
    for (int i = 0; i < COLUMNS; i++)
        assert_ok(at_column_builder_new(names[i], AT_TYPE_FLOAT, &b[i], &err), &err);
    at_rng rng;
    at_rng_init(&rng, 11);
    for (int r = 0; r < ROWS; r++) {
        double age = 40 + 12 * at_rng_normal(&rng);
        double visits = age / 10 + at_rng_normal(&rng);
        double bill = exp(1 + 0.02 * age + 0.5 * at_rng_normal(&rng));
        double chance = 1 / (1 + exp(2 - 0.3 * visits)), score = age + 3 * visits;
        /* minutes of a call that decides: long ones lead to a yes */
        double minutes = -5 * log(1 - at_rng_uniform(&rng));
        if (strcmp(kind, "gate") == 0)
            chance = minutes < 2 ? 0 : fmin(chance * minutes / 3, 0.9);
        bool back = at_rng_uniform(&rng) < chance;
        double leak = at_rng_normal(&rng);
        bool there = true;
        if (strcmp(kind, "copy") == 0)
            leak = (back != (at_rng_uniform(&rng) < 0.002)) * 10 + (r % 7);
        else if (strcmp(kind, "presence") == 0)
            there = back && at_rng_uniform(&rng) < 0.4;
        else if (strcmp(kind, "gate") == 0)
            leak = minutes;
        else if (strcmp(kind, "related") == 0) /* begins at zero, grows, but explained */
            leak = fmax(visits, 0) * fmax(visits, 0) * 10;
        const double cells[] = {age, visits, bill, score, leak, back};
        for (int i = 0; i < COLUMNS; i++) {
            if (i == 4 && !there)
                at_column_builder_missing(b[i]);
            else
                at_column_builder_real(b[i], cells[i]);
        }
    }
    at_frame_builder *builder;
    at_frame *frame;
    assert_ok(at_frame_builder_new(&builder, &err), &err);
    for (int i = 0; i < COLUMNS; i++)
        assert_ok(at_frame_builder_take(builder, b[i], &err), &err);
    assert_ok(at_frame_builder_finish(builder, &frame, &err), &err);
    return frame;
}

static void check_radar(const char *kind, at_leak_kind expected) {
    enum { COLUMNS = 6, TARGET = 5, LEAK = 4 };
    at_error err;
    at_frame *frame = shop(kind);
    int64_t rows = at_frame_rows(frame);
    at_facets facets;
    at_relation *relations;
    size_t relation_count;
    assert_ok(at_facets_of(frame, NULL, NULL, &facets, &err), &err);
    assert_ok(at_relations(&facets, -1, NULL, NULL, &relations, &relation_count, &err),
              &err);
    uint8_t *fold = at_alloc_array((size_t)rows, 1);
    at_power_folds(rows, fold);
    at_goal goal = {rows, 2, facets.items[TARGET].values, fold};
    at_slots slots[COLUMNS] = {{0}};
    double powers[COLUMNS];
    bool identifiers[COLUMNS] = {0};
    for (int i = 0; i < COLUMNS; i++) {
        assert_ok(at_slots_of(&facets.items[i], &slots[i], &err), &err);
        assert_ok(at_power_of(&slots[i], &goal, &powers[i], &err), &err);
    }
    assert_true(powers[TARGET] > 0.999); /* the target predicts itself */
    powers[TARGET] = (double)NAN;
    at_radar radar = {.facets = &facets,
                      .slots = slots,
                      .goal = &goal,
                      .target = TARGET,
                      .powers = powers,
                      .identifiers = identifiers,
                      .relations = relations,
                      .relation_count = relation_count};
    for (int i = 0; i < TARGET; i++) {
        at_leak leak = at_radar_column(&radar, i);
        if (leak.kind != (i == LEAK ? expected : AT_LEAK_NONE))
            fail_msg("%s: column %d is leak %d", kind, i, (int)leak.kind);
        if (leak.kind == AT_LEAK_GATE)
            assert_true(leak.class == 1 && leak.bound > 1 && leak.bound < 3);
        if (leak.kind == AT_LEAK_PRESENCE)
            assert_true(leak.class == 1 && !leak.missing && leak.hits == 0);
    }
    for (int i = 0; i < COLUMNS; i++)
        at_slots_fini(&slots[i]);
    at_free(fold);
    at_free(relations);
    at_facets_fini(&facets);
    at_frame_release(frame);
}

static void test_radar(void **state) {
    (void)state;
    check_radar("noise", AT_LEAK_NONE);
    check_radar("copy", AT_LEAK_COPY);
    check_radar("presence", AT_LEAK_PRESENCE);
    check_radar("gate", AT_LEAK_GATE);
    check_radar("related", AT_LEAK_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relations),
        cmocka_unit_test(test_powers),
        cmocka_unit_test(test_quartiles),
        cmocka_unit_test(test_sort),
        cmocka_unit_test(test_bins),
        cmocka_unit_test(test_far_cells_are_trimmed),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_sample),
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_repeated_rows),
        cmocka_unit_test(test_clean_tables_are_left_alone),
        cmocka_unit_test(test_findings_without_memory),
        cmocka_unit_test(test_radar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
