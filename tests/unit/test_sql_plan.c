#include "ops/base/text.h"
#include "tests/unit/sql_world.h"

#include <math.h>

/* ---- ordered and collapsed scans against plain ones ---- */

static void put_cell(const at_column *column, int64_t row, at_text *out) {
    if (column->type == AT_TYPE_BOOL && at_column_valid(column, row))
        at_text_put(out, column->bools[row] ? "1" : "0");
    else
        at_column_format(column, row, out);
}

/* The same rows: a collapsed or ordered query against one that SQLite sorts and adds up
 * row by row, because its columns are hidden in expressions. */
static void same(world *w, const char *a, const char *b) {
    at_frame *left = query(w, a), *right = query(w, b);
    assert_int_equal(at_frame_rows(left), at_frame_rows(right));
    assert_int_equal(at_frame_columns(left), at_frame_columns(right));
    for (int c = 0; c < at_frame_columns(left); c++)
        for (int64_t row = 0; row < at_frame_rows(left); row++) {
            at_text x = {0}, y = {0};
            put_cell(at_frame_column(left, c), row, &x);
            put_cell(at_frame_column(right, c), row, &y);
            if (strcmp(at_text_get(&x), at_text_get(&y)) != 0)
                fail_msg("%s: row %lld column %d: %s, not %s", a, (long long)row, c,
                         at_text_get(&x), at_text_get(&y));
            at_text_fini(&x);
            at_text_fini(&y);
        }
    at_frame_release(left);
    at_frame_release(right);
}

static void test_groups(void **state) {
    static const char *const keys[] = {"g", "y", "small", "wide",
                                       "x", "b", "day",   "note"};
    static const char *const hidden[] = {"g || ''", "y || ''", "small + 0", "wide + 0",
                                         "x + 0.0", "b + 0",   "day || ''", "note || ''"};
    static const char *const wheres[] = {"1",
                                         "y = 'a1'",
                                         "x > 3",
                                         "small IN (1, 2, 3)",
                                         "g IS NOT NULL AND b",
                                         "rowid % 100 = 7",
                                         "rowid > 1900"};
    for (int k = 0; k < 8; k++)
        for (int v = 0; v < 7; v++) {
            char a[400], b[400];
            snprintf(a, sizeof a,
                     "SELECT %s AS k, count(*), sum(small), avg(y = 'a1'), "
                     "min(small), max(day), count(b), total(b) FROM big WHERE %s "
                     "GROUP BY %s",
                     keys[k], wheres[v], keys[k]);
            snprintf(b, sizeof b,
                     "SELECT %s AS k, count(*), sum(small), avg(y = 'a1'), "
                     "min(small), max(day), count(b), total(b) FROM big WHERE %s "
                     "GROUP BY %s ORDER BY 1",
                     hidden[k], wheres[v], hidden[k]);
            same(*state, a, b);
            snprintf(a, sizeof a, "SELECT DISTINCT %s FROM big WHERE %s ORDER BY 1 DESC",
                     keys[k], wheres[v]);
            snprintf(b, sizeof b, "SELECT DISTINCT %s FROM big WHERE %s ORDER BY 1 DESC",
                     hidden[k], wheres[v]);
            same(*state, a, b);
            snprintf(a, sizeof a,
                     "SELECT rowid, %s FROM big WHERE %s ORDER BY %s DESC, g, "
                     "rowid LIMIT 50",
                     keys[k], wheres[v], keys[k]);
            snprintf(b, sizeof b,
                     "SELECT rowid, %s FROM big WHERE %s ORDER BY %s DESC, "
                     "g || '', rowid + 0 LIMIT 50",
                     hidden[k], wheres[v], hidden[k]);
            same(*state, a, b);
        }
}

static void test_collapse(void **state) {
    same(*state, "SELECT count(*) FROM big", "SELECT max(rowid) FROM big");
    same(*state, "SELECT g, y, sum(small) FROM big GROUP BY y, g ORDER BY y DESC, g",
         "SELECT g || '' AS k1, y || '' AS k2, sum(small + 0) FROM big GROUP BY k2, k1 "
         "ORDER "
         "BY k2 DESC, k1");
    same(*state,
         "SELECT g, count(*) FROM big GROUP BY g HAVING count(*) > 1000 ORDER BY 2",
         "SELECT g || '' AS k, count(*) FROM big GROUP BY k HAVING count(*) > 1000 ORDER "
         "BY 2");
    same(*state, "SELECT y, round(stddev(small), 9) AS s FROM big GROUP BY y",
         "SELECT y || '' AS k, round(stddev(small + rowid * 0), 9) AS s FROM big "
         "GROUP BY 1 ORDER BY 1");
    same(*state, "SELECT round(stddev(b), 9), round(stddev(wide) / 1e12, 6) FROM big",
         "SELECT round(sqrt((sum(b * b * 1.0) - sum(b) * avg(b)) / (count(b) - 1)), 9), "
         "round(stddev(wide + rowid * 0) / 1e12, 6) FROM big");
    same(*state, "SELECT count(DISTINCT g), count(DISTINCT small) FROM big",
         "SELECT count(DISTINCT g || ''), count(DISTINCT small + 0) FROM big");
    same(*state, "SELECT count(DISTINCT g) FROM big",
         "SELECT count(DISTINCT g || '') FROM big");
    same(*state, "SELECT y, count(DISTINCT g), sum(small) FROM big GROUP BY y",
         "SELECT y || '' AS k, count(DISTINCT g || ''), sum(small + 0) FROM big GROUP BY "
         "k");
    same(*state, "SELECT g, count(*) FILTER (WHERE b) FROM big GROUP BY g",
         "SELECT g || '' AS k, sum(CASE WHEN b THEN 1 ELSE 0 END) FROM big GROUP BY k");
    same(*state,
         "SELECT * FROM (SELECT g, count(*) AS n FROM big GROUP BY g) WHERE n > 900",
         "SELECT g || '' AS k, count(*) AS n FROM big GROUP BY k HAVING n > 900");
    same(*state,
         "SELECT g, (SELECT count(*) FROM big AS i WHERE i.g = o.g) FROM big AS o "
         "WHERE rowid < 50 GROUP BY g",
         "SELECT g || '' AS k, (SELECT count(*) FROM big AS i WHERE i.g || '' = o.g) "
         "FROM big "
         "AS o WHERE rowid < 50 GROUP BY k");
    same(*state, "SELECT count(*), sum(small) FROM big, jobs",
         "SELECT 3 * count(*), 3 * sum(small) FROM big");
    same(*state, "SELECT length(group_concat(y)), count(*) FROM big WHERE y IS NOT NULL",
         "SELECT 2 * count(*) + count(*) - 1, count(*) FROM big WHERE y IS NOT NULL");
    same(*state,
         "SELECT g, median(small), round(stddev(small), 9), count(*) FROM big GROUP BY g",
         "SELECT g || '' AS k, median(small + 0), round(stddev(small + 0), 9), count(*) "
         "FROM big GROUP BY k");
    /* sorted by SQLite, with weights that travel along */
    same(*state,
         "SELECT small / 10 AS k, count(*), count(b), sum(small), avg(x > 3), total(b), "
         "min(small), max(day), small / 10 * 2 FROM big WHERE y = 'a1' GROUP BY 1 "
         "HAVING count(*) > 3 ORDER BY COUNT ( * ) DESC, k",
         "SELECT small / 10 AS k, count(*), count(b), sum(small), avg(x > 3), total(b), "
         "min(small), max(day), small / 10 * 2 FROM big WHERE y = 'a1' AND rowid > 0 "
         "GROUP BY 1 "
         "HAVING count(*) > 3 ORDER BY COUNT ( * ) DESC, k");
    same(*state,
         "SELECT upper(g), sum(CASE WHEN b THEN (small + 1) ELSE 0 END), count() "
         "FILTER (WHERE b) FROM big GROUP BY upper(g)",
         "SELECT upper(g), sum(CASE WHEN b THEN (small + 1) ELSE 0 END), count() "
         "FILTER (WHERE b) FROM big WHERE rowid > 0 GROUP BY upper(g)");
    same(*state, "SELECT g || '', (SELECT count(*)) FROM big ORDER BY 1 LIMIT 9",
         "SELECT g || '', 1 FROM big ORDER BY 1 LIMIT 9");
    same(*state,
         "SELECT small / 10, avg(small), sum(count(*)) OVER () FROM big GROUP BY 1",
         "SELECT small / 10, avg(small), (SELECT count(*) FROM big) FROM big WHERE rowid "
         "> 0 "
         "GROUP BY 1");
    gives(*state,
          "SELECT age / 40 AS \"k \"\"(\", count(*) FROM people GROUP BY 1 -- count(",
          "k \"(:int|count(*):int\n|1\n0|2\n1|1");
    /* each row rolls its own dice */
    at_frame *dice = query(*state, "SELECT count(*) AS n FROM big WHERE y = 'a1' AND "
                                   "abs(random() % 2) = 1");
    int64_t n = at_frame_column(dice, 0)->ints[0];
    assert_true(n > 1000 && n < BIG / 2);
    at_frame_release(dice);
}

/* Columns that are copied by row number, and those that only look so. */
static void test_direct(void **state) {
    gives(*state,
          "SELECT name, age * 2 AS twice, age, name AS again FROM people WHERE age > 30 "
          "ORDER BY rowid DESC LIMIT 2",
          "name:text|twice:int|age:int|again:text\n~|62|31|~\nCy|88|44|Cy");
    gives(*state,
          "SELECT v.column1 AS n, name FROM (VALUES (44), (1)) AS v LEFT JOIN people "
          "ON age = n",
          "n:int|name:text\n44|Cy\n1|");
    gives(*state, "SELECT age FROM people UNION ALL SELECT 7",
          "age:int\n31\n\n44\n31\n7");
    gives(*state, "SELECT name, row_number() OVER (ORDER BY name DESC) AS n FROM people",
          "name:text|n:int\nCy|1\nBob|2\nAnn|3\n~|4");
    gives(*state, "SELECT name FROM people ORDER BY length(name) DESC, name",
          "name:text\nAnn\nBob\nCy\n~");
    gives(*state, "SELECT (SELECT name) AS n FROM people WHERE age IN (44, 31)",
          "n:text\nAnn\nCy\n~");
    gives(*state,
          "SELECT * FROM (SELECT job, name FROM people LIMIT 3) WHERE job = 'services'",
          "job:category|name:text\nservices|Cy");
    same(*state, "SELECT DISTINCT g, y, b FROM big WHERE x > 0 ORDER BY g, y, b",
         "SELECT g, y, max(b) FROM big WHERE x > 0 GROUP BY g || '', y || '', b + 0");
    /* A rowid or a random number tells rows with the same cells apart. */
    same(*state, "SELECT DISTINCT g FROM big WHERE rowid % 100 = 7 ORDER BY g",
         "SELECT max(g) FROM big WHERE rowid % 100 = 7 GROUP BY g || ''");
    same(*state, "SELECT count(*) FROM (SELECT DISTINCT y FROM big WHERE rowid > 1990)",
         "SELECT count(*) FROM (SELECT max(y) FROM big WHERE rowid > 1990 "
         "GROUP BY y || '')");
    same(*state,
         "SELECT count(*) > 1 FROM (SELECT DISTINCT g FROM big WHERE random() % 8 = 0)",
         "SELECT 1");
    same(*state, "SELECT * FROM big WHERE x > 20 AND small = 4 ORDER BY wide",
         "SELECT g || '', y || '', small + 0, wide + 0, x + 0, b + 0, day || '', note || "
         "'' "
         "FROM big WHERE x > 20 AND small = 4 ORDER BY wide + 0, rowid");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(test_collapse, setup, teardown),
        cmocka_unit_test_setup_teardown(test_direct, setup, teardown),
    };
    return cmocka_run_group_tests_name("sql_plan", tests, NULL, NULL);
}
