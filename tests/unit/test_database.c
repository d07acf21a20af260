#include "ops/base/database.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS item(id INTEGER PRIMARY KEY, name TEXT UNIQUE, x REAL)";

struct place {
    char *folder, *path;
};

static int set_up(void **state) {
    struct place *p = at_alloc(sizeof *p);
    p->folder = at_test_folder();
    p->path = at_path_join(p->folder, "d.sqlite");
    *state = p;
    return 0;
}

static int tear_down(void **state) {
    struct place *p = *state;
    at_test_folder_remove(p->folder);
    at_free(p->path);
    at_free(p);
    return 0;
}

static at_status insert(at_database *db, const char *name, double x, at_error *err) {
    at_query *q;
    AT_TRY(at_query_new(db, "INSERT INTO item(name, x) VALUES(?, ?)", &q, err));
    bool row;
    at_status status = at_query_bind_text(q, 1, name);
    if (!status)
        status = at_query_bind_real(q, 2, x);
    if (!status)
        status = at_query_step(q, &row, err);
    at_query_release(q);
    return status;
}

static int64_t count(at_database *db) {
    at_error err;
    at_query *q;
    bool row;
    assert_ok(at_query_new(db, "SELECT count(*) FROM item", &q, &err), &err);
    assert_ok(at_query_step(q, &row, &err), &err);
    assert_true(row);
    int64_t n = at_query_int(q, 0);
    at_query_release(q);
    return n;
}

static void test_round_trip(void **state) {
    struct place *p = *state;
    at_error err;
    at_database *db;
    assert_ok(at_database_open(p->path, schema, 1, &db, &err), &err);
    assert_ok(insert(db, "one", 0.1, &err), &err);
    assert_ok(insert(db, NULL, 2, &err), &err);
    assert_int_equal(at_database_changes(db), 1);
    at_database_close(db);
    assert_ok(at_database_open(p->path, schema, 1, &db, &err), &err);
    at_query *q;
    bool row;
    assert_ok(at_query_new(db, "SELECT id, name, x FROM item WHERE id >= ? ORDER BY id",
                           &q, &err),
              &err);
    assert_int_equal(at_query_bind_int(q, 1, 1), AT_OK);
    assert_ok(at_query_step(q, &row, &err), &err);
    assert_true(row);
    assert_int_equal(at_query_int(q, 0), 1);
    assert_string_equal(at_query_text(q, 1), "one");
    assert_same_real(at_query_real(q, 2), 0.1);
    assert_ok(at_query_step(q, &row, &err), &err);
    assert_true(row);
    assert_null(at_query_text(q, 1));
    assert_ok(at_query_step(q, &row, &err), &err);
    assert_false(row);
    at_query_release(q);
    at_database_close(db);
}

static void test_errors(void **state) {
    struct place *p = *state;
    at_error err;
    at_database *db;
    assert_ok(at_database_open(p->path, schema, 1, &db, &err), &err);
    assert_ok(insert(db, "one", 1, &err), &err);
    assert_int_equal(insert(db, "one", 1, &err), AT_EXISTS);
    assert_non_null(strstr(err.text, p->path));
    at_query *q;
    assert_int_equal(at_query_new(db, "SELECT nonsense", &q, &err), AT_INTERNAL);
    assert_null(q);
    assert_int_equal(at_database_exec(db, "NONSENSE", &err), AT_INTERNAL);
    at_database_close(db);
    assert_int_equal(at_database_open("/no/such/folder/d", schema, 1, &db, &err), AT_IO);
    assert_null(db);
    at_database_close(NULL);
    at_query_release(NULL);
}

static void test_not_a_database(void **state) {
    struct place *p = *state;
    at_error err;
    at_database *db;
    char junk[4096];
    memset(junk, 'j', sizeof junk);
    assert_ok(at_file_write(p->path, junk, sizeof junk, &err), &err);
    assert_int_equal(at_database_open(p->path, schema, 1, &db, &err), AT_CORRUPT);
    assert_int_equal(at_file_size(p->path), (int64_t)sizeof junk); /* left as it was */
}

static void test_versions(void **state) {
    struct place *p = *state;
    at_error err;
    at_database *db;
    assert_ok(at_database_open(p->path, schema, 1, &db, &err), &err);
    assert_ok(insert(db, "old", 1, &err), &err);
    at_database_close(db);
    const char *second = "CREATE TABLE IF NOT EXISTS more(id INTEGER)";
    assert_ok(at_database_open(p->path, second, 2, &db, &err), &err);
    assert_ok(at_database_exec(db, "INSERT INTO more VALUES(1)", &err), &err);
    assert_int_equal(count(db), 1); /* the older version's rows are still there */
    at_database_close(db);
    assert_int_equal(at_database_open(p->path, schema, 1, &db, &err), AT_UNSUPPORTED);
    assert_non_null(strstr(err.text, "newer"));
    /* A schema that fails leaves the version as it was. */
    assert_int_not_equal(at_database_open(p->path, "CREATE NONSENSE", 3, &db, &err),
                         AT_OK);
    assert_ok(at_database_open(p->path, second, 2, &db, &err), &err);
    at_database_close(db);
}

static void *open_and_insert(void *argument) {
    struct place *p = argument;
    at_error err;
    at_database *db;
    if (at_database_open(p->path, schema, 1, &db, &err))
        return p;
    at_status status = AT_OK;
    for (int i = 0; i < 10 && !status; i++)
        status = insert(db, NULL, i, &err);
    at_database_close(db);
    return status ? p : NULL;
}

/* Several kernels that make and write one database at the same moment. */
static void test_at_once(void **state) {
    struct place *p = *state;
    pthread_t threads[6];
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_and_insert, p), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    at_error err;
    at_database *db;
    assert_ok(at_database_open(p->path, schema, 1, &db, &err), &err);
    assert_int_equal(count(db), 60);
    at_database_close(db);
}

/* What a killed process has committed is there; what it had not is gone. */
static void test_kill(void **state) {
    struct place *p = *state;
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        at_database *db;
        if (at_database_open(p->path, schema, 1, &db, NULL) ||
            insert(db, "done", 1, NULL) ||
            at_database_exec(db, "BEGIN IMMEDIATE", NULL) ||
            insert(db, "not done", 2, NULL) || write(ready[1], "r", 1) != 1)
            _exit(1);
        pause();
        _exit(1);
    }
    close(ready[1]);
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(ready[0]);
    at_error err;
    at_database *db;
    assert_ok(at_database_open(p->path, schema, 1, &db, &err), &err);
    assert_int_equal(count(db), 1);
    at_database_close(db);
}

static at_status open_and_ask(void *context) {
    struct place *p = context;
    at_database *db;
    AT_TRY(at_database_open(p->path, schema, 1, &db, NULL));
    at_status status = insert(db, NULL, 1, NULL);
    at_database_close(db);
    return status;
}

static void test_no_memory(void **state) {
    assert_true(at_test_sweep(open_and_ask, *state) >= 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_errors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_not_a_database, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_versions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_kill, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_memory, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
