#include "ops/base/clock.h"
#include "ops/frame/csv.h"
#include "tests/unit/sql_world.h"

#include <math.h>
#include <pthread.h>

/* ---- values and types ---- */

static void test_types(void **state) {
    gives(*state, "SELECT * FROM people", people);
    gives(*state,
          "SELECT age + 1 AS older, age / 2.0 AS half, upper(job) AS j, member, born "
          "FROM people WHERE name <> 'Cy'",
          "older:int|half:float|j:category|member:bool|born:date\n"
          "32|15.5|ADMIN.|true|1992-02-29\n||ADMIN.|false|1980-01-01\n32|15.5|||2001-12-"
          "31");
    /* ints and reals in one column; numbers and texts in one */
    gives(*state,
          "SELECT 1 AS a, 2 AS b UNION ALL SELECT 2.5, 'x' UNION ALL SELECT NULL, 3.5",
          "a:float|b:text\n1|2\n2.5|x\n|3.5");
    /* the first part of a UNION names the origin, the second does not fit it */
    gives(*state,
          "SELECT member FROM people WHERE age = 44 UNION ALL SELECT age FROM people "
          "WHERE age = 44 UNION ALL SELECT 'no'",
          "member:text\n1\n44\nno");
    gives(*state, "SELECT born AS d FROM people WHERE age = 44 UNION ALL SELECT 5",
          "d:text\n\n5");
    gives(*state, "SELECT NULL AS n, x'00ff' AS b, '' AS e",
          "n:text|b:text|e:text\n|x'00ff'|~");
    gives(*state, "SELECT cast(x'61ff62' AS text) AS t",
          "t:text\na\xEF\xBF\xBD"
          "b");
    gives(*state, "SELECT age FROM people WHERE 0", "age:int");
    gives(*state, "SELECT job, job, job FROM jobs LIMIT 1",
          "job:category|job_2:category|job_3:category\nadmin.|admin.|admin.");
    gives(*state, "VALUES (1, 'a'), (2, 'b')", "column1:int|column2:text\n1|a\n2|b");
    gives(*state,
          "SELECT \"emp.var.rate\", [emp.var.rate] e, `emp.var.rate` f FROM people "
          "LIMIT 1",
          "emp.var.rate:float|e:float|f:float\n1.1|1.1|1.1");
}

static void test_joins(void **state) {
    gives(*state, "SELECT name, pay FROM people LEFT JOIN jobs USING (job) ORDER BY name",
          "name:text|pay:int\n~|\nAnn|10\nBob|10\nCy|20");
    gives(*state,
          "WITH t AS (SELECT job, count(*) AS n FROM people GROUP BY job) "
          "SELECT jobs.job, n FROM jobs JOIN t ON t.job = jobs.job ORDER BY 1",
          "job:category|n:int\nadmin.|2\nservices|1");
    gives(*state, "SELECT rowid, name FROM people WHERE rowid = 2",
          "rowid:int|name:text\n2|Bob");
    gives(*state, "SELECT name FROM people WHERE rowid = '3' OR rowid = 99",
          "name:text\nCy");
    /* an index over 20 000 rows, by text, number, and number given as text */
    gives(*state,
          "SELECT count(*) AS n FROM big AS a, big AS b WHERE a.rowid <= 3 AND "
          "b.wide = a.wide AND b.rowid <= 3",
          "n:int\n3");
    gives(*state,
          "SELECT (SELECT count(*) FROM big WHERE note = v.column1) = "
          "(SELECT count(*) FROM big WHERE note || '' = v.column1) AS same "
          "FROM (VALUES ('a1'), ('a12'), ('none'), (NULL)) AS v",
          "same:int\n1\n1\n1\n1");
    gives(*state,
          "SELECT (SELECT count(*) FROM big WHERE small = v.column1) = "
          "(SELECT count(*) FROM big WHERE small + 0 = v.column1) AS same "
          "FROM (VALUES (3), (3.0), (3.5), (1e300)) AS v",
          "same:int\n1\n1\n1\n1");
    gives(*state,
          "SELECT (SELECT count(*) FROM big WHERE small = '3') = (SELECT count(*) FROM "
          "big WHERE small = 3) AS same, (SELECT count(*) FROM big WHERE g = 5) AS none",
          "same:int|none:int\n1|0");
    gives(*state,
          "SELECT count(*) AS n FROM big AS a JOIN big AS b ON a.rowid = b.rowid AND "
          "a.x = b.x AND a.day = b.day AND a.g = b.g AND a.x > 60 WHERE a.x IS NULL",
          "n:int\n0");
}

static void test_functions(void **state) {
    gives(*state,
          "SELECT median(age) AS m, round(stddev(age), 6) AS s, quantile(age, 0.25) AS "
          "q, median(born) AS none FROM people",
          "m:float|s:float|q:float|none:text\n31|7.505553|31|");
    gives(*state,
          "SELECT median(column1) AS m, quantile(column1, 1) AS top, round(quantile("
          "column1, 0.1), 9) AS q FROM (VALUES (9), (1), (5), (3), (2), (8), (5), (5))",
          "m:float|top:float|q:float\n5|9|1.7");
    gives(*state,
          "SELECT age, sum(age) OVER (ORDER BY rowid) AS s, count(*) OVER () AS n, "
          "avg(age) OVER (ORDER BY rowid ROWS 1 PRECEDING) AS a, total(age) OVER "
          "(ORDER BY rowid ROWS 1 PRECEDING) AS t FROM people",
          "age:int|s:int|n:int|a:float|t:float\n31|31|4|31|31\n|31|4|31|31\n"
          "44|75|4|44|44\n31|106|4|37.5|75");
    gives(*state,
          "SELECT count(*) AS n, count(age) AS a, sum(age) AS s, total(NULL) AS t, "
          "sum(NULL) AS z, avg(NULL) AS v FROM people",
          "n:int|a:int|s:int|t:float|z:text|v:text\n4|3|106|0||");
    gives(*state, "SELECT sum(column1) AS s FROM (VALUES (1e16), (1), (-1e16))",
          "s:float\n1");
    at_error err =
        fails(*state, "SELECT sum(column1) FROM (VALUES (9223372036854775807), (1))",
              AT_INVALID);
    assert_non_null(strstr(err.text, "overflow"));
    err = fails(*state, "SELECT quantile(age, 2) FROM people", AT_INVALID);
    assert_non_null(strstr(err.text, "from 0 to 1"));
}

/* ---- limits, bindings, cancel ---- */

static void test_limit(void **state) {
    world *w = *state;
    at_frame *out = NULL;
    at_error err;
    int64_t total = 0;
    assert_ok(
        at_sql_query(w->sql, "SELECT * FROM big", NULL, 0, 10, NULL, &out, &total, &err),
        &err);
    assert_int_equal(at_frame_rows(out), 10);
    assert_int_equal(total, BIG);
    at_frame_release(out);
    /* so many rows that the rest is counted by itself; the statement ends in a comment */
    assert_ok(at_sql_query(w->sql,
                           "SELECT a.x FROM big a, (SELECT 1 FROM big LIMIT 10); -- x",
                           NULL, 0, 5, NULL, &out, &total, &err),
              &err);
    assert_int_equal(at_frame_rows(out), 5);
    assert_int_equal(total, 10 * BIG);
    at_frame_release(out);
}

static void test_bindings(void **state) {
    world *w = *state;
    static const at_sql_binding bindings[] = {{"age", "31"},
                                              {"who", "Ann"},
                                              {"none", NULL},
                                              {"real", "1.5"},
                                              {"inf", "infinity"}};
    at_frame *out = NULL;
    at_error err = {0};
    assert_ok(at_sql_query(w->sql,
                           "SELECT name, :real AS r, :none AS n, typeof(:inf) AS t FROM "
                           "people WHERE age = :age AND name = :who",
                           bindings, 5, 0, NULL, &out, NULL, &err),
              &err);
    assert_table(out, "name:text|r:float|n:text|t:text\nAnn|1.5||text");
    at_frame_release(out);
    err = fails(w, "SELECT :missing", AT_NOT_FOUND);
    assert_non_null(strstr(err.text, ":missing"));
    assert_non_null(strstr(err.hint, "%set missing"));
}

static void *raise_soon(void *cancel) {
    at_sleep(0.05);
    at_cancel_raise(cancel);
    return NULL;
}

static void test_cancel(void **state) {
    world *w = *state;
    static const char *const long_ones[] = {
        "SELECT count(*) FROM big a, big b, big c WHERE a.x + b.x + c.x > 1e9",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) "
        "FROM n"};
    for (size_t i = 0; i < COUNT(long_ones); i++) {
        at_cancel cancel = {0};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, raise_soon, &cancel), 0);
        double start = at_now();
        at_frame *out = NULL;
        at_error err = {0};
        assert_int_equal(
            at_sql_query(w->sql, long_ones[i], NULL, 0, 0, &cancel, &out, NULL, &err),
            AT_CANCELLED);
        assert_true(at_now() - start < 1.0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    gives(w, "SELECT count(*) AS n FROM people", "n:int\n4");
}

/* ---- what is refused, and how errors read ---- */

static void test_refused(void **state) {
    static const char *const texts[] = {"INSERT INTO people VALUES (1)",
                                        "DELETE FROM people",
                                        "UPDATE people SET age = 1",
                                        "DROP TABLE people",
                                        "CREATE TABLE t AS SELECT 1",
                                        "CREATE VIRTUAL TABLE t USING fts5(x)",
                                        "CREATE TEMP VIEW v AS SELECT 1",
                                        "ATTACH ':memory:' AS m",
                                        "PRAGMA table_list",
                                        "SELECT * FROM pragma_table_list",
                                        "SELECT * FROM sqlite_schema",
                                        "SELECT load_extension('x')",
                                        "VACUUM",
                                        "BEGIN",
                                        "WITH t AS (SELECT 1) DELETE FROM people",
                                        "REINDEX",
                                        "ANALYZE",
                                        "CREATE VIRTUAL TABLE t USING atelier",
                                        "SELECT * FROM atelier"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        at_frame *out = NULL;
        at_error err = {0};
        at_status status = at_sql_query(((world *)*state)->sql, texts[i], NULL, 0, 0,
                                        NULL, &out, NULL, &err);
        assert_int_not_equal(status, AT_OK);
        assert_int_equal(err.code, status);
        assert_true(err.text[0]);
    }
    gives(*state, "SELECT count(*) AS n FROM people", "n:int\n4");
}

static void test_errors(void **state) {
    at_error err = fails(*state, "SELECT *\nFROM peple", AT_NOT_FOUND);
    assert_string_equal(err.text, "there is no dataset named peple (line 2, column 6)");
    assert_string_equal(err.hint, "did you mean people?");
    assert_string_equal(err.context, "   2 | FROM peple\n     |      ^");
    err = fails(*state, "SELECT 'é', agee FROM people", AT_NOT_FOUND);
    assert_string_equal(err.text,
                        "there is no column agee in people (line 1, column 13)");
    assert_string_equal(err.hint, "did you mean age?");
    err = fails(*state, "SELECT emp.var.rate FROM people", AT_NOT_FOUND);
    assert_non_null(strstr(err.hint, "\"emp.var.rate\" in double quotes"));
    err = fails(*state, "SELECT name FROM people WHERE name = \"Ann\"", AT_NOT_FOUND);
    assert_non_null(strstr(err.hint, "'Ann' in single quotes"));
    err = fails(*state, "SELECT nothing_like_it FROM jobs", AT_NOT_FOUND);
    assert_string_equal(err.hint, "jobs has job, pay");
    /* What the query names itself is known as well. */
    err = fails(*state, "SELECT averge FROM (SELECT avg(age) AS average FROM people)",
                AT_NOT_FOUND);
    assert_string_equal(err.text, "there is no column averge (line 1, column 8)");
    assert_string_equal(err.hint, "did you mean average?");
    err =
        fails(*state, "WITH q AS (SELECT CAST('1' AS int) AS whole) SELECT whoel FROM q",
              AT_NOT_FOUND);
    assert_string_equal(err.hint, "did you mean whole?");
    err =
        fails(*state, "WITH q AS (SELECT CAST('1' AS inte) AS whole) SELECT intt FROM q",
              AT_NOT_FOUND);
    assert_string_equal(err.hint, "there are whole"); /* inte is a type */
    err = fails(*state, "WITH queries AS (SELECT 1) SELECT * FROM querie", AT_NOT_FOUND);
    assert_string_equal(err.hint, "did you mean queries?");
    err = fails(*state, "SELECT * FROM jobs WHERE pay = (SELECT max(payy) FROM jobs)",
                AT_NOT_FOUND);
    assert_string_equal(err.hint, "did you mean pay?");
    err = fails(*state, "SELECT name FORM people", AT_SYNTAX);
    assert_non_null(strstr(err.hint, "FROM instead of FORM"));
    err = fails(*state, "SELECT uper(name) FROM people", AT_NOT_FOUND);
    assert_string_equal(err.hint, "did you mean upper?");
    err = fails(*state, "SELECT name FROM people WHERE count(*) > 1", AT_INVALID);
    assert_non_null(strstr(err.hint, "HAVING"));
    err = fails(*state, "SELECT job FROM people, jobs", AT_INVALID);
    assert_non_null(strstr(err.text, "more than one table"));
    err = fails(*state, "SELECT 'open", AT_SYNTAX);
    assert_non_null(strstr(err.text, "quote is not closed"));
    err = fails(*state, "SELECT name FROM people WHERE", AT_SYNTAX);
    assert_non_null(strstr(err.text, "ends too early"));
    err = fails(*state, "SELECT 1; SELECT 2", AT_SYNTAX);
    assert_non_null(strstr(err.text, "more than one statement"));
    err = fails(*state, " -- nothing", AT_SYNTAX);
    err = fails(*state, "SELECT abs('a', 1) FROM people", AT_INVALID);
    assert_non_null(strstr(err.text, "abs"));
}

/* The real table; the figures are those of Python's sqlite3 over the same file. */
static void test_bank(void **state) {
    world *w = *state;
    at_frame *bank = NULL, *old = w->big;
    at_csv_options options = at_csv_options_default();
    at_read_context context = {0};
    at_csv_report report;
    at_error err;
    assert_ok(at_csv_read_file(ATELIER_DATA
                               "/bank/bank-additional/bank-additional-full.csv",
                               &options, &context, &bank, &report, &err),
              &err);
    w->big = bank;
    gives(w,
          "SELECT poutcome, count(*) AS calls, round(avg(y = 'yes'), 9) AS rate FROM big "
          "GROUP BY poutcome",
          "poutcome:category|calls:int|rate:float\nfailure|4252|0.142285983\n"
          "nonexistent|35563|0.088322133\nsuccess|1373|0.651128915");
    gives(w,
          "SELECT age / 20 * 20 AS k, count(*) AS n, sum(campaign) AS s, max(job) AS j, "
          "round(avg(euribor3m), 6) AS e FROM big WHERE marital <> 'unknown' GROUP BY 1",
          "k:int|n:int|s:int|j:category|e:float\n0|75|144|student|1.13528\n"
          "20|22484|57101|unknown|3.516135\n40|17358|45771|unknown|3.914451\n"
          "60|1041|2195|unknown|1.59406\n80|150|288|unknown|0.935253");
    gives(
        w,
        "SELECT a.job, count(*) AS n FROM big a JOIN (SELECT DISTINCT job FROM big WHERE "
        "age > 90) b ON a.job = b.job GROUP BY a.job",
        "job:category|n:int\nretired|1720");
    at_frame_release(bank);
    w->big = old;
}

/* A dataset that is made anew is read anew. */
static void test_replaced(void **state) {
    world *w = *state;
    gives(w, "SELECT max(pay) AS m FROM jobs", "m:int\n30");
    at_frame_release(w->jobs);
    w->jobs = at_test_table("job:text|pay:float|more:int\nx|1.5|1");
    gives(w, "SELECT * FROM jobs", "job:text|pay:float|more:int\nx|1.5|1");
}

static void test_words(void **state) {
    (void)state;
    assert_non_null(at_sql_keywords()[0]);
    for (const char *const *f = at_sql_functions(); f[0] && f[1]; f++)
        assert_true(strcmp(f[0], f[1]) < 0);
    for (const char *const *k = at_sql_keywords(); k[0] && k[1]; k++)
        assert_true(strcmp(k[0], k[1]) < 0);
}

static at_status run_once(void *context) {
    world *w = context;
    at_frame *out = NULL;
    at_sql *sql = NULL;
    at_error err;
    at_sql_catalogue catalogue = {w, find, names};
    at_status status = at_sql_new(&catalogue, &sql, &err);
    if (!status)
        status =
            at_sql_query(sql,
                         "SELECT g, count(*), upper(y) AS u, min(x) FROM big JOIN jobs "
                         "ON jobs.pay > big.small GROUP BY g ORDER BY 2",
                         NULL, 0, 0, NULL, &out, NULL, &err);
    at_frame_release(out);
    at_sql_release(sql);
    return status;
}

static void test_no_memory(void **state) {
    world *w = *state;
    at_frame *small =
        at_test_table("g:category|y:text|x:float|small:int\na|b|1|2\nc||2|3");
    at_frame *big = w->big;
    w->big = small;
    assert_true(at_test_sweep(run_once, w) > 10);
    w->big = big;
    at_frame_release(small);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_types, setup, teardown),
        cmocka_unit_test_setup_teardown(test_joins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_functions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bindings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bank, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(test_words, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
    };
    return cmocka_run_group_tests_name("sql", tests, NULL, NULL);
}
