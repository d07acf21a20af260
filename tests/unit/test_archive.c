/* Archives made here by tar, zip and gzip themselves, and broken ones. */
#include "unit.h"

#include "magics/adapter/archive.h"
#include "ops/base/clock.h"

#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char *folder;

static int set_up(void **state) {
    (void)state;
    folder = at_test_folder();
    return chdir(folder);
}

static int tear_down(void **state) {
    (void)state;
    at_test_folder_remove(folder);
    return chdir("/");
}

static void write_text(const char *name, const char *text) {
    at_error err;
    assert_ok(at_file_write(name, text, strlen(text), &err), &err);
}

static void run_program(const char *const *argv) {
    pid_t child;
    int status = -1;
    assert_int_equal(
        posix_spawnp(&child, argv[0], NULL, NULL, (char *const *)argv, environ), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

#define RUN(...) run_program((const char *const[]){__VA_ARGS__, NULL})

static char *extract(const char *path, size_t index, int64_t limit, at_error *err) {
    int fd = open("out", O_RDWR | O_CREAT | O_TRUNC, 0600);
    at_text text = {0};
    at_status status = at_archive_extract(path, index, fd, limit, NULL, NULL, NULL, err);
    close(fd);
    if (status)
        return NULL;
    assert_int_equal(at_file_read("out", 1 << 24, &text, NULL), AT_OK);
    return text.data ? at_text_take(&text) : at_copy_text("");
}

static void reads_tars(void **state) {
    (void)state;
    at_error err;
    at_arena arena = {0};
    at_archive_list list;
    assert_ok(at_folder_make("d/e", &err), &err);
    write_text("d/one.csv", "a,b\n1,2\n");
    write_text("d/e/two.csv", "c\n3\n");
    assert_int_equal(symlink("/etc/passwd", "d/link.csv"), 0);
    RUN("tar", "czf", "x.tgz", "d/one.csv", "d/e", "d/link.csv");
    assert_ok(at_archive_read_list("x.tgz", NULL, &arena, &list, &err), &err);
    assert_true(list.archive);
    assert_int_equal(list.count, 2); /* neither the folder nor the link */
    assert_string_equal(list.members[0].name, "d/one.csv");
    assert_string_equal(list.members[1].name, "d/e/two.csv");
    assert_int_equal(list.members[0].size, 8);
    char *text = extract("x.tgz", 1, 1000, &err);
    assert_string_equal(text, "c\n3\n");
    at_free(text);
    assert_null(extract("x.tgz", 0, 7, &err));
    assert_int_equal(err.code, AT_LIMIT);
    assert_null(extract("x.tgz", 2, 1000, &err));
    assert_int_equal(err.code, AT_NOT_FOUND);
    at_arena_fini(&arena);
}

static void reads_the_bank_zip(void **state) {
    (void)state;
    const char *zip = ATELIER_DATA "/bank/bank-additional.zip";
    if (!at_file_exists(zip))
        skip();
    at_error err;
    at_arena arena = {0};
    at_archive_list list;
    size_t index = 99;
    assert_ok(at_archive_read_list(zip, NULL, &arena, &list, &err), &err);
    assert_ok(at_archive_choose(&list, "bank-additional-full.csv", "x.zip", &index, &err),
              &err);
    int fd = open("out", O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_ok(at_archive_extract(zip, index, fd, 1 << 30, NULL, NULL, NULL, &err), &err);
    close(fd);
    at_text got = {0}, want = {0};
    assert_ok(at_file_read("out", 1 << 24, &got, &err), &err);
    assert_ok(at_file_read(ATELIER_DATA "/bank/bank-additional/bank-additional-full.csv",
                           1 << 24, &want, &err),
              &err);
    assert_int_equal(got.length, want.length);
    assert_memory_equal(got.data, want.data, want.length);
    assert_int_equal(at_archive_choose(&list, NULL, "x.zip", &index, &err), AT_INVALID);
    assert_non_null(strstr(err.hint, "bank-additional/bank-additional.csv"));
    assert_int_equal(
        at_archive_choose(&list, "bank-aditional.csv", "x.zip", &index, &err),
        AT_NOT_FOUND);
    assert_non_null(strstr(err.hint, "bank-additional/bank-additional.csv?"));
    at_text_fini(&got);
    at_text_fini(&want);
    at_arena_fini(&arena);
}

static void reads_single_files(void **state) {
    (void)state;
    at_error err;
    at_arena arena = {0};
    at_archive_list list;
    write_text("t.csv", "a\n1\n");
    assert_ok(at_archive_read_list("t.csv", NULL, &arena, &list, &err), &err);
    assert_false(list.archive || list.compressed);
    write_text("empty", "");
    assert_ok(at_archive_read_list("empty", NULL, &arena, &list, &err), &err);
    assert_false(list.archive || list.compressed);
    RUN("gzip", "-k", "t.csv");
    assert_ok(at_archive_read_list("t.csv.gz", NULL, &arena, &list, &err), &err);
    assert_true(list.compressed && !list.archive);
    char *text = extract("t.csv.gz", 0, 1000, &err);
    assert_string_equal(text, "a\n1\n");
    at_free(text);
    at_arena_fini(&arena);
}

static void refuses_bombs(void **state) {
    (void)state;
    at_error err;
    at_text same = {0};
    for (int i = 0; i < 10 << 20; i++)
        at_text_append(&same, "0123456789", 10);
    memset(same.data, '7', same.length);
    write_text("sevens", at_text_get(&same));
    at_text_fini(&same);
    RUN("gzip", "-9", "sevens");
    assert_null(extract("sevens.gz", 0, (int64_t)1 << 40, &err));
    assert_int_equal(err.code, AT_LIMIT);
    assert_non_null(strstr(err.text, "1000 times"));
}

/* A file of `size` zeros, without a byte on the disk. */
static void write_zeros(const char *name, off_t size) {
    write_text(name, "");
    assert_int_equal(truncate(name, size), 0);
}

/* A compressed tar is unpacked to be listed, and to get past a member. */
static void refuses_bombs_before_a_member(void **state) {
    (void)state;
    at_error err;
    at_arena arena = {0};
    at_archive_list list;
    write_zeros("zeros", (off_t)300 << 20);
    write_text("last.csv", "a\n1\n");
    RUN("tar", "-I", "gzip -9", "-cf", "bomb.tgz", "zeros", "last.csv");
    assert_int_equal(at_archive_read_list("bomb.tgz", NULL, &arena, &list, &err),
                     AT_LIMIT);
    assert_non_null(strstr(err.text, "1000 times"));
    assert_null(extract("bomb.tgz", 1, 1000, &err));
    assert_int_equal(err.code, AT_LIMIT);
    assert_non_null(strstr(err.text, "1000 times"));
    at_arena_fini(&arena);
}

static at_cancel cancel;

static void *raise_soon(void *seconds) {
    at_sleep(*(double *)seconds);
    at_cancel_raise(&cancel);
    return NULL;
}

/* The one member is passed over in one step of the list, with nothing after it. */
static void an_interrupt_ends_a_listing(void **state) {
    (void)state;
    at_error err;
    at_arena arena = {0};
    at_archive_list list;
    write_zeros("zeros", (off_t)400 << 20);
    RUN("tar", "-I", "gzip -1", "-cf", "long.tgz", "zeros");
    double began = at_now();
    assert_ok(at_archive_read_list("long.tgz", NULL, &arena, &list, &err), &err);
    double whole = at_now() - began, wait = whole / 4;
    assert_int_equal(list.count, 1);
    pthread_t thread;
    at_cancel_reset(&cancel);
    assert_int_equal(pthread_create(&thread, NULL, raise_soon, &wait), 0);
    assert_int_equal(at_archive_read_list("long.tgz", &cancel, &arena, &list, &err),
                     AT_CANCELLED);
    assert_string_equal(err.text, "interrupted");
    pthread_join(thread, NULL);
    int fd = open("out", O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(
        at_archive_extract("long.tgz", 0, fd, 1 << 30, &cancel, NULL, NULL, &err),
        AT_CANCELLED);
    close(fd);
    at_arena_fini(&arena);
}

static void survives_damage(void **state) {
    (void)state;
    at_error err;
    at_text text = {0};
    char line[64];
    for (int i = 0; i < 5000; i++) {
        snprintf(line, sizeof line, "%d,%d\n", i, i * 7919 % 104729);
        at_text_put(&text, line);
    }
    write_text("m.csv", at_text_get(&text));
    at_text_fini(&text);
    RUN("tar", "czf", "m.tgz", "m.csv");
    int64_t size = at_file_size("m.tgz");
    assert_int_equal(truncate("m.tgz", size / 2), 0);
    assert_null(extract("m.tgz", 0, 1 << 20, &err));
    assert_int_equal(err.code, AT_CORRUPT);
    assert_null(extract("missing.zip", 0, 1 << 20, &err));
    assert_int_equal(err.code, AT_NOT_FOUND);
}

static void chooses(void **state) {
    (void)state;
    at_error err;
    size_t index = 99;
    at_archive_member some[] = {{"a/data.csv", 1},
                                {"__MACOSX/a/._data.csv", 1},
                                {"b/data.csv", 1},
                                {"b/.DS_Store", 1}};
    at_archive_list list = {.archive = true, .members = some, .count = 4};
    assert_int_equal(at_archive_choose(&list, "data.csv", "x.zip", &index, &err),
                     AT_INVALID);
    assert_ok(at_archive_choose(&list, "b/data.csv", "x.zip", &index, &err), &err);
    assert_int_equal(index, 2);
    /* A tail begins at a name: "ata.csv" is none. */
    assert_int_equal(at_archive_choose(&list, "ata.csv", "x.zip", &index, &err),
                     AT_NOT_FOUND);
    list.count = 2;
    assert_ok(at_archive_choose(&list, NULL, "x.zip", &index, &err), &err);
    assert_int_equal(index, 0);
}

typedef struct visited {
    at_text names;
    int64_t end;
    size_t count;
} visited;

static at_status visit(void *context, const char *name, int64_t offset, int64_t length,
                       at_error *err) {
    visited *v = context;
    (void)err;
    assert_int_equal(offset, v->end); /* one after the other, without holes */
    v->end += length;
    v->count++;
    at_text_format(&v->names, "%s=%lld;", name, (long long)length);
    return AT_OK;
}

static void extracts_all(void **state) {
    (void)state;
    at_error err;
    write_text("a.txt", "alpha");
    write_text("b.txt", "");
    write_text("c.txt", "gamma rays");
    RUN("tar", "czf", "all.tar.gz", "a.txt", "b.txt", "c.txt");
    RUN("zip", "-q", "all.zip", "a.txt", "b.txt", "c.txt");
    RUN("gzip", "-kf", "c.txt");
    static const struct {
        const char *path, *names;
    } cases[] = {{"all.tar.gz", "a.txt=5;b.txt=0;c.txt=10;"},
                 {"all.zip", "a.txt=5;b.txt=0;c.txt=10;"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        visited v = {0};
        at_text out = {0};
        int fd = open("all", O_RDWR | O_CREAT | O_TRUNC, 0600);
        assert_ok(
            at_archive_extract_all(cases[i].path, fd, 100, NULL, visit, NULL, &v, &err),
            &err);
        assert_string_equal(at_text_get(&v.names), cases[i].names);
        assert_ok(at_file_read("all", 100, &out, &err), &err);
        assert_string_equal(at_text_get(&out), "alphagamma rays");
        at_text_clear(&v.names);
        v.end = 0; /* the limit is of all together */
        assert_int_equal(
            at_archive_extract_all(cases[i].path, fd, 12, NULL, visit, NULL, &v, &err),
            AT_LIMIT);
        close(fd);
        at_text_fini(&out);
        at_text_fini(&v.names);
    }
    visited v = {0};
    int fd = open("all", O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_ok(at_archive_extract_all("c.txt.gz", fd, 100, NULL, visit, NULL, &v, &err),
              &err);
    assert_int_equal(v.count, 1);
    assert_int_equal(v.end, 10);
    close(fd);
    at_text_fini(&v.names);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(extracts_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_tars, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_the_bank_zip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_single_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_bombs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_bombs_before_a_member, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_interrupt_ends_a_listing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(survives_damage, set_up, tear_down),
        cmocka_unit_test(chooses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
