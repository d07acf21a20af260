/* What the tests of SQL over frames share: a catalogue of tables, and what a query gives.
 */
#ifndef ATELIER_TESTS_UNIT_SQL_WORLD_H
#define ATELIER_TESTS_UNIT_SQL_WORLD_H

#include "ops/base/rng.h"
#include "ops/frame/sql.h"
#include "tests/unit/table.h"

/* ---- a catalogue of three tables ---- */

static const char people[] = "name:text|age:int|job:category|height:float|member:bool|"
                             "born:date|emp.var.rate:float\n"
                             "Ann|31|admin.|1.7|true|1992-02-29|1.1\n"
                             "Bob||admin.|1.8|false|1980-01-01|-0.1\n"
                             "Cy|44|services||true||1.4\n"
                             "~|31||1.65||2001-12-31|1.1";
static const char jobs[] = "job:category|pay:int\nadmin.|10\nservices|20\nretired|30";

typedef struct world {
    at_sql *sql;
    at_frame *people, *jobs, *big;
    int finds;
} world;

static inline at_status find(void *context, const char *name, at_frame **out,
                             at_error *err) {
    world *w = context;
    w->finds++;
    if (at_equal_fold(name, "people"))
        *out = at_frame_retain(w->people);
    else if (at_equal_fold(name, "jobs"))
        *out = at_frame_retain(w->jobs);
    else if (at_equal_fold(name, "big"))
        *out = at_frame_retain(w->big);
    else
        return at_fail(err, AT_NOT_FOUND, "no %s", name);
    return AT_OK;
}

static const char *const *names(void *context, at_arena *arena) {
    (void)context;
    const char **list = at_arena_alloc(arena, 4 * sizeof *list);
    list[0] = "people";
    list[1] = "jobs";
    list[2] = "big";
    return list;
}

enum { BIG = 20000 };

/* Rows enough for orders, collapsed scans and indices to be used, some missing. */
static inline at_frame *make_big(void) {
    static const char *const kinds[] = {"category", "category", "int",  "int",
                                        "float",    "bool",     "date", "text"};
    static const char *const columns[] = {"g", "y", "small", "wide",
                                          "x", "b", "day",   "note"};
    at_frame_builder *fb;
    assert_int_equal(at_frame_builder_new(&fb, NULL), AT_OK);
    at_rng rng;
    at_rng_init(&rng, 7);
    for (int c = 0; c < 8; c++) {
        at_type type = AT_TYPE_INT;
        assert_true(at_type_from_name(kinds[c], &type));
        at_column_builder *b;
        assert_int_equal(at_column_builder_new(columns[c], type, &b, NULL), AT_OK);
        for (int i = 0; i < BIG; i++) {
            uint64_t r = at_rng_below(&rng, 1000);
            char text[24];
            int n = snprintf(text, sizeof text, "%c%d", 'a' + (int)(r % 7) * (c == 0),
                             c == 1 ? (int)(r % 2) : (int)(r % 13));
            if (r % 11 == 10)
                at_column_builder_missing(b);
            else if (type == AT_TYPE_CATEGORY || type == AT_TYPE_TEXT)
                at_column_builder_text(b, text, n);
            else if (type == AT_TYPE_FLOAT)
                at_column_builder_real(b, (double)r / 8 - 40);
            else
                at_column_builder_int(b, c == 3   ? ((int64_t)r - 500) * (1LL << 40)
                                         : c == 5 ? (int64_t)(r % 2)
                                                  : (int64_t)(r % 50) - 20);
        }
        assert_int_equal(at_frame_builder_take(fb, b, NULL), AT_OK);
    }
    at_frame *frame;
    assert_int_equal(at_frame_builder_finish(fb, &frame, NULL), AT_OK);
    return frame;
}

static inline int setup(void **state) {
    static world w;
    w = (world){0};
    w.people = at_test_table(people);
    w.jobs = at_test_table(jobs);
    w.big = make_big();
    at_sql_catalogue catalogue = {&w, find, names};
    at_error err;
    assert_ok(at_sql_new(&catalogue, &w.sql, &err), &err);
    *state = &w;
    return 0;
}

static inline int teardown(void **state) {
    world *w = *state;
    at_sql_release(w->sql);
    at_frame_release(w->people);
    at_frame_release(w->jobs);
    at_frame_release(w->big);
    return 0;
}

static inline at_frame *query(world *w, const char *text) {
    at_frame *out = NULL;
    at_error err = {0};
    int64_t total = -1;
    assert_ok(at_sql_query(w->sql, text, NULL, 0, 0, NULL, &out, &total, &err), &err);
    assert_int_equal(total, at_frame_rows(out));
    return out;
}

static inline void gives(world *w, const char *text, const char *expected) {
    at_frame *out = query(w, text);
    assert_table(out, expected);
    at_frame_release(out);
}

static inline at_error fails(world *w, const char *text, at_status code) {
    at_frame *out = NULL;
    at_error err = {0};
    int64_t total;
    assert_int_equal(at_sql_query(w->sql, text, NULL, 0, 0, NULL, &out, &total, &err),
                     code);
    assert_null(out);
    assert_int_equal(err.code, code);
    return err;
}

#endif
