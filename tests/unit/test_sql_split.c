#include "ops/frame/sql.h"
#include "ops/frame/sql_token.h"
#include "tests/unit/unit.h"

static size_t split(const char *code, at_arena *arena, at_sql_statement **out) {
    size_t count = 0;
    at_error err;
    assert_ok(at_sql_split(code, strlen(code), arena, out, &count, &err), &err);
    return count;
}

static at_error fails(const char *code, at_status status) {
    at_arena arena = {0};
    at_sql_statement *list;
    size_t count;
    at_error err = {0};
    assert_int_equal(at_sql_split(code, strlen(code), &arena, &list, &count, &err),
                     status);
    assert_int_equal(err.code, status);
    at_arena_fini(&arena);
    return err;
}

static void test_statements(void **state) {
    (void)state;
    at_arena arena = {0};
    at_sql_statement *list;
    static const char code[] =
        "-- first; not a statement\n"
        "SELECT ';', \"a;b\", [c;d], `e;f` /* ; */ FROM t;\n"
        "  create table New_1 as select 1 ;;\n"
        "CREATE OR REPLACE TEMP TABLE IF NOT EXISTS \"b\" AS WITH x AS "
        "(SELECT 1) SELECT * FROM x;\n"
        "drop table if exists main.[old]; explain query plan values (1)";
    assert_int_equal(split(code, &arena, &list), 5);
    assert_int_equal(list[0].verb, AT_SQL_SELECT);
    assert_string_equal(list[0].text, "SELECT ';', \"a;b\", [c;d], `e;f` /* ; */ FROM t");
    assert_int_equal(list[0].offset, 26);
    assert_int_equal(list[1].verb, AT_SQL_CREATE);
    assert_string_equal(list[1].name, "New_1");
    assert_string_equal(list[1].text, "create table New_1 as select 1");
    /* the query keeps its line and column in the cell */
    assert_string_equal(list[1].query, "\n\n                        select 1");
    assert_false(list[1].if_exists);
    assert_string_equal(list[2].name, "b");
    assert_true(list[2].if_exists);
    assert_int_equal(list[3].verb, AT_SQL_DROP);
    assert_string_equal(list[3].name, "old");
    assert_true(list[3].if_exists);
    assert_int_equal(list[4].verb, AT_SQL_SELECT);
    assert_int_equal(split(" -- nothing\n ; /* here */", &arena, &list), 0);
    at_arena_fini(&arena);
}

static void test_refused(void **state) {
    (void)state;
    static const char *const immutable[] = {
        "INSERT INTO t VALUES (1)", "update t set a = 1", "DELETE FROM t",
        "ALTER TABLE t ADD b",      "TRUNCATE t",         "replace into t values (1)"};
    for (size_t i = 0; i < COUNT(immutable); i++) {
        at_error err = fails(immutable[i], AT_INVALID);
        assert_non_null(strstr(err.text, "immutable (line 1, column 1)"));
        assert_true(err.hint[0]);
    }
    static const char *const others[] = {"ATTACH 'x' AS y",
                                         "PRAGMA table_info(t)",
                                         "BEGIN",
                                         "SHOW TABLES",
                                         "DESCRIBE t",
                                         "COPY t FROM 'x'",
                                         "VACUUM",
                                         "FROM t",
                                         "CREATE VIEW v AS SELECT 1",
                                         "CREATE INDEX i ON t(a)",
                                         "CREATE TABLE t (a INTEGER)",
                                         "DROP VIEW v",
                                         "CREATE TABLE \"a b\" AS SELECT 1",
                                         "SET x = 1",
                                         "CREATE TABLE 'x-y' AS SELECT 1"};
    for (size_t i = 0; i < COUNT(others); i++) {
        at_error err = {0};
        at_arena arena = {0};
        at_sql_statement *list;
        size_t count;
        at_status status =
            at_sql_split(others[i], strlen(others[i]), &arena, &list, &count, &err);
        assert_true(status == AT_INVALID || status == AT_SYNTAX);
        assert_true(err.hint[0] || status == AT_SYNTAX);
        at_arena_fini(&arena);
    }
    at_error err = fails("SELECT 1;\n SELCT 2", AT_SYNTAX);
    assert_string_equal(err.text, "SQL does not begin with SELCT (line 2, column 2)");
    assert_string_equal(err.hint, "did you mean SELECT?");
    err = fails("SELECT 'open\nFROM t", AT_SYNTAX);
    assert_string_equal(err.text, "a quote is not closed (line 1, column 8)");
    err = fails("SELECT 1 /* open", AT_SYNTAX);
    assert_non_null(strstr(err.text, "a comment is not closed"));
    err = fails("DROP TABLE a, b", AT_SYNTAX);
    err = fails("CREATE TABLE x AS DELETE FROM y", AT_SYNTAX);
    at_sql_statement *list;
    size_t count;
    at_arena arena = {0};
    assert_int_equal(at_sql_split("SELECT\0 1", 9, &arena, &list, &count, &err),
                     AT_SYNTAX);
    at_arena_fini(&arena);
}

static void test_open_ended(void **state) {
    (void)state;
    static const char *const open[] = {"SELECT 'a",
                                       "SELECT \"a",
                                       "SELECT [a",
                                       "SELECT (1",
                                       "SELECT 1 /* x",
                                       "SELECT a,",
                                       "SELECT a FROM",
                                       "SELECT a FROM t WHERE a =",
                                       "SELECT a FROM t GROUP BY",
                                       "SELECT CASE WHEN 1 THEN 2",
                                       "WITH t AS",
                                       "SELECT a FROM t ORDER"};
    static const char *const closed[] = {
        "SELECT 'a'",      "SELECT 1;",
        "SELECT * FROM t", "",
        "SELECT count(*)", "SELECT CASE WHEN 1 THEN 2 END",
        "SELECT 1 -- '",   "SELECT 'it''s'",
        "DROP TABLE t"};
    for (size_t i = 0; i < COUNT(open); i++)
        if (!at_sql_open_ended(open[i], strlen(open[i])))
            fail_msg("%s", open[i]);
    for (size_t i = 0; i < COUNT(closed); i++)
        if (at_sql_open_ended(closed[i], strlen(closed[i])))
            fail_msg("%s", closed[i]);
}

static void test_tokens(void **state) {
    (void)state;
    static const char code[] = "a\"b\"\"c\"'d''e' .5e-3x :p ?1 <é>";
    static const at_sql_token_kind kinds[] = {
        AT_SQL_TOKEN_WORD,   AT_SQL_TOKEN_NAME,      AT_SQL_TOKEN_STRING,
        AT_SQL_TOKEN_NUMBER, AT_SQL_TOKEN_PARAMETER, AT_SQL_TOKEN_PARAMETER,
        AT_SQL_TOKEN_MARK,   AT_SQL_TOKEN_WORD,      AT_SQL_TOKEN_MARK,
        AT_SQL_TOKEN_END};
    size_t cursor = 0;
    at_arena arena = {0};
    for (size_t i = 0; i < COUNT(kinds); i++) {
        at_sql_token token = at_sql_token_next(code, strlen(code), &cursor);
        assert_int_equal(token.kind, kinds[i]);
        if (i == 1)
            assert_string_equal(at_sql_token_name(&token, &arena), "b\"c");
        if (i == 2)
            assert_string_equal(at_sql_token_name(&token, &arena), "d'e");
    }
    at_arena_fini(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_open_ended),
        cmocka_unit_test(test_tokens),
    };
    return cmocka_run_group_tests_name("sql_split", tests, NULL, NULL);
}
