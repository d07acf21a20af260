/* Entries, names, uses, collection, and two processes at once. */
#include "tests/unit/store_desk.h"

static void test_put_find_list(void **state) {
    fixture *f = *state;
    char b[33], a[33];
    assert_ok(put_model(f, "beta", b, NULL, 0), &f->err);
    assert_ok(put_model(f, "Alpha-1", a, NULL, 0), &f->err);
    at_entry entry;
    assert_ok(
        at_store_find(f->workspace, AT_KIND_MODEL, "ALPHA-1", &f->arena, &entry, &f->err),
        &f->err);
    assert_string_equal(entry.name, "Alpha-1");
    assert_string_equal(entry.id, a);
    assert_string_equal(json_string_value(json_object_get(entry.card, "algorithm")),
                        "linear-learner");
    assert_true(at_wall_us() - entry.created_us < 60 * 1000000);
    at_entry_fini(&entry);
    at_entry *list;
    size_t count;
    assert_ok(
        at_store_list(f->workspace, AT_KIND_MODEL, &f->arena, &list, &count, &f->err),
        &f->err);
    assert_int_equal(count, 2);
    assert_string_equal(list[0].name, "Alpha-1");
    assert_string_equal(list[1].name, "beta");
    for (size_t i = 0; i < count; i++)
        at_entry_fini(&list[i]);
    assert_false(exists(f, AT_KIND_DATASET, "beta"));
}

static void test_errors_suggest(void **state) {
    fixture *f = *state;
    char id[33];
    assert_ok(put_model(f, "subscriber", id, NULL, 0), &f->err);
    at_entry entry;
    assert_int_equal(at_store_find(f->workspace, AT_KIND_MODEL, "subcriber", &f->arena,
                                   &entry, &f->err),
                     AT_NOT_FOUND);
    assert_non_null(strstr(f->err.text, "there is no model 'subcriber'"));
    assert_non_null(strstr(f->err.hint, "subscriber"));
    assert_int_equal(
        at_store_find(f->workspace, AT_KIND_DATASET, "bank", &f->arena, &entry, &f->err),
        AT_NOT_FOUND);
    assert_non_null(strstr(f->err.hint, "%fetch"));
    assert_int_equal(
        at_store_by_id(f->workspace, AT_KIND_MODEL, "00", &f->arena, &entry, NULL),
        AT_NOT_FOUND);
}

static void test_names(void **state) {
    fixture *f = *state;
    assert_ok(at_store_check_name(AT_KIND_DATASET, "_bank_2", &f->err), &f->err);
    assert_ok(at_store_check_name(AT_KIND_MODEL, "bank-ep", &f->err), &f->err);
    const char *bad[] = {"",    "2x",   "a b",      "a-b",
                         "a/b", "../x", "sqlite_x", "caf\303\251"};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(at_store_check_name(AT_KIND_DATASET, bad[i], &f->err),
                         AT_INVALID);
    assert_int_equal(at_store_check_name(AT_KIND_JOB, "-x", NULL), AT_INVALID);
    char name[200];
    memset(name, 'a', sizeof name);
    name[129] = '\0';
    assert_int_equal(at_store_check_name(AT_KIND_DATASET, name, &f->err), AT_LIMIT);
    name[128] = '\0';
    assert_ok(at_store_check_name(AT_KIND_DATASET, name, &f->err), &f->err);
}

static void test_replacing_removes_what_nothing_uses(void **state) {
    fixture *f = *state;
    char old[33], used[33], new[33], endpoint[33];
    assert_ok(put_model(f, "m", old, NULL, 0), &f->err);
    assert_ok(put_model(f, "M", used, NULL, 0), &f->err);
    assert_false(model_on_disk(f, old));
    const char *uses[] = {used};
    json_t *card = json_pack("{s:s}", "model", used);
    at_store_new_id(endpoint);
    assert_ok(at_store_put(f->workspace, AT_KIND_ENDPOINT, endpoint, "ep", card, uses, 1,
                           &f->err),
              &f->err);
    assert_ok(put_model(f, "m", new, NULL, 0), &f->err);
    assert_true(model_on_disk(f, used)); /* the endpoint still serves it */
    at_entry entry;
    assert_ok(
        at_store_by_id(f->workspace, AT_KIND_MODEL, used, &f->arena, &entry, &f->err),
        &f->err);
    at_entry_fini(&entry);
    /* The name is the new one's: it may go, since the endpoint serves the old one. */
    assert_ok(at_store_delete(f->workspace, AT_KIND_MODEL, "m", &f->err), &f->err);
    assert_false(model_on_disk(f, new));
    assert_ok(at_store_delete(f->workspace, AT_KIND_ENDPOINT, "ep", &f->err), &f->err);
    assert_false(model_on_disk(f, used));
    json_decref(card);
}

static void test_delete_what_is_in_use(void **state) {
    fixture *f = *state;
    char model[33], endpoint[33], job[33];
    assert_ok(put_model(f, "m", model, NULL, 0), &f->err);
    const char *uses[] = {model};
    json_t *card = json_object();
    at_store_new_id(endpoint);
    assert_ok(at_store_put(f->workspace, AT_KIND_ENDPOINT, endpoint, "ep", card, uses, 1,
                           &f->err),
              &f->err);
    assert_int_equal(at_store_delete(f->workspace, AT_KIND_MODEL, "m", &f->err), AT_BUSY);
    assert_non_null(strstr(f->err.text, "endpoint 'ep' serves it"));
    assert_non_null(strstr(f->err.hint, "%delete ep"));
    assert_ok(at_store_delete(f->workspace, AT_KIND_ENDPOINT, "ep", &f->err), &f->err);
    at_store_new_id(job);
    json_object_set_new(card, "state", json_string("running"));
    assert_ok(at_store_put(f->workspace, AT_KIND_JOB, job, "j", card, uses, 1, &f->err),
              &f->err);
    assert_int_equal(at_store_delete(f->workspace, AT_KIND_MODEL, "m", &f->err), AT_BUSY);
    assert_non_null(strstr(f->err.text, "job 'j' reads it"));
    assert_int_equal(at_store_delete(f->workspace, AT_KIND_JOB, "j", &f->err), AT_BUSY);
    json_object_set_new(card, "state", json_string("completed"));
    assert_ok(at_store_update(f->workspace, AT_KIND_JOB, job, card, &f->err), &f->err);
    assert_ok(at_store_delete(f->workspace, AT_KIND_MODEL, "m", &f->err), &f->err);
    assert_true(model_on_disk(f, model)); /* as long as the job is there */
    assert_ok(at_store_delete(f->workspace, AT_KIND_JOB, "j", &f->err), &f->err);
    assert_false(model_on_disk(f, model));
    assert_int_equal(at_store_update(f->workspace, AT_KIND_JOB, job, card, NULL),
                     AT_NOT_FOUND);
    json_decref(card);
}

static void test_a_running_job_keeps_its_name(void **state) {
    fixture *f = *state;
    char one[33], two[33];
    at_store_new_id(one);
    at_store_new_id(two);
    json_t *runs = json_pack("{s:s}", "state", "running");
    json_t *ended = json_pack("{s:s}", "state", "stopped");
    at_workspace *w = f->workspace;
    assert_ok(at_store_put(w, AT_KIND_JOB, one, "j", runs, NULL, 0, &f->err), &f->err);
    assert_ok(at_store_put(w, AT_KIND_JOB, one, "j", runs, NULL, 0, &f->err), &f->err);
    assert_int_equal(at_store_put(w, AT_KIND_JOB, two, "J", runs, NULL, 0, &f->err),
                     AT_BUSY);
    assert_non_null(strstr(f->err.hint, "--stop J"));
    at_entry job;
    assert_ok(at_store_find(w, AT_KIND_JOB, "j", &f->arena, &job, &f->err), &f->err);
    assert_string_equal(job.id, one);
    at_entry_fini(&job);
    assert_ok(at_store_update(w, AT_KIND_JOB, one, ended, &f->err), &f->err);
    assert_ok(at_store_put(w, AT_KIND_JOB, two, "J", runs, NULL, 0, &f->err), &f->err);
    json_decref(runs);
    json_decref(ended);
}

static void test_uses_must_exist(void **state) {
    fixture *f = *state;
    char id[33], gone[33];
    at_store_new_id(gone);
    const char *uses[] = {gone};
    assert_int_equal(put_model(f, "m", id, uses, 1), AT_NOT_FOUND);
    assert_false(exists(f, AT_KIND_MODEL, "m"));
}

static void backdate(const char *path) {
    struct timespec times[2] = {{.tv_sec = time(NULL) - 7200},
                                {.tv_sec = time(NULL) - 7200}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void test_collection_at_open(void **state) {
    fixture *f = *state;
    char kept[33], old[33], fresh[33];
    assert_ok(put_model(f, "m", kept, NULL, 0), &f->err);
    at_store_new_id(old);
    at_store_new_id(fresh);
    assert_ok(at_folder_make(path_of(f, AT_KIND_MODEL, old), &f->err), &f->err);
    assert_ok(at_folder_make(path_of(f, AT_KIND_MODEL, fresh), &f->err), &f->err);
    const char *half =
        at_arena_format(&f->arena, "%s.1-0.tmp", path_of(f, AT_KIND_DATASET, old));
    const char *other = at_arena_format(&f->arena, "%s/models/notes.txt", f->folder);
    assert_ok(at_file_write(half, "x", 1, &f->err), &f->err);
    assert_ok(at_file_write(other, "x", 1, &f->err), &f->err);
    backdate(path_of(f, AT_KIND_MODEL, kept));
    backdate(path_of(f, AT_KIND_MODEL, old));
    backdate(half);
    backdate(other);
    at_workspace *second;
    assert_ok(at_workspace_open(f->folder, &second, &f->err), &f->err);
    at_workspace_close(second);
    assert_true(model_on_disk(f, kept));
    assert_true(model_on_disk(f, fresh)); /* may be another's, who is just writing */
    assert_false(model_on_disk(f, old));
    assert_false(at_file_exists(half));
    assert_true(at_file_exists(other)); /* not ours */
}

static void test_newer_format_and_damage(void **state) {
    fixture *f = *state;
    char *folder = at_path_join(f->folder, "newer");
    assert_ok(at_folder_make(folder, &f->err), &f->err);
    char *path = at_path_join(folder, "atelier.db");
    at_database *db;
    assert_ok(at_database_open(path, "CREATE TABLE t(a)", 99, &db, &f->err), &f->err);
    at_database_close(db);
    at_workspace *workspace;
    assert_int_equal(at_workspace_open(folder, &workspace, &f->err), AT_UNSUPPORTED);
    assert_non_null(strstr(f->err.text, "newer"));
    char garbage[4096];
    memset(garbage, 'x', sizeof garbage);
    assert_ok(at_file_remove(folder, &f->err), &f->err);
    assert_ok(at_folder_make(folder, &f->err), &f->err);
    assert_ok(at_file_write(path, garbage, sizeof garbage, &f->err), &f->err);
    assert_int_equal(at_workspace_open(folder, &workspace, &f->err), AT_CORRUPT);
    at_free(path);
    at_free(folder);
}

static void test_locate(void **state) {
    fixture *f = *state;
    char *home = at_path_join(f->folder, "home"), *deep = at_path_join(home, "a/b");
    char *mine = at_path_join(home, "a/.atelier"), *here = getcwd(NULL, 0);
    assert_ok(at_folder_make(deep, &f->err), &f->err);
    unsetenv("ATELIER_WORKSPACE");
    setenv("HOME", home, 1);
    assert_int_equal(chdir(deep), 0);
    char *found = at_workspace_locate();
    assert_non_null(strstr(found, "home/a/b/.atelier"));
    at_free(found);
    assert_ok(at_folder_make(mine, &f->err), &f->err);
    found = at_workspace_locate();
    assert_non_null(strstr(found, "home/a/.atelier"));
    at_free(found);
    /* What lies above home does not count. */
    assert_ok(at_file_remove(mine, &f->err), &f->err);
    char *above = at_path_join(f->folder, ".atelier");
    assert_ok(at_folder_make(above, &f->err), &f->err);
    found = at_workspace_locate();
    assert_non_null(strstr(found, "home/a/b/.atelier"));
    at_free(found);
    setenv("ATELIER_WORKSPACE", "/some/where", 1);
    found = at_workspace_locate();
    assert_string_equal(found, "/some/where");
    at_free(found);
    unsetenv("ATELIER_WORKSPACE");
    assert_int_equal(chdir(here), 0);
    free(here);
    at_free(above);
    at_free(mine);
    at_free(deep);
    at_free(home);
}

/* In a process of its own: makes `count` models under names that the others use too, and
 * says each to `fd` once the store has reported it done. */
static void hammer(const char *folder, int self, int count, int fd) {
    fixture f = {.folder = (char *)folder};
    if (at_workspace_open(folder, &f.workspace, &f.err))
        _exit(2);
    for (int i = 0; i < count; i++) {
        char id[33], name[32], line[80];
        snprintf(name, sizeof name, i % 4 == 0 ? "shared" : "own_%d_%d", self, i % 16);
        if (put_model(&f, name, id, NULL, 0))
            _exit(3);
        int n = snprintf(line, sizeof line, "%s\n", name);
        if (write(fd, line, (size_t)n) != n)
            _exit(4);
        if (i % 8 == 7 && at_store_delete(f.workspace, AT_KIND_MODEL, name, &f.err))
            _exit(5);
        if (i % 8 == 7 && write(fd, "-\n", 2) != 2)
            _exit(6);
    }
    at_workspace_close(f.workspace);
    _exit(0);
}

/* Every live model has its folder; without `strays_allowed`, no other folder is there. */
static void check_whole(fixture *f, bool strays_allowed) {
    at_entry *list;
    size_t count, folders = 0;
    assert_ok(
        at_store_list(f->workspace, AT_KIND_MODEL, &f->arena, &list, &count, &f->err),
        &f->err);
    for (size_t i = 0; i < count; i++) {
        assert_true(model_on_disk(f, list[i].id));
        at_entry_fini(&list[i]);
    }
    at_arena_fini(&f->arena);
    DIR *models = opendir(at_arena_format(&f->arena, "%s/models", f->folder));
    assert_non_null(models);
    for (struct dirent *e; (e = readdir(models));)
        folders += e->d_name[0] != '.';
    closedir(models);
    if (strays_allowed)
        assert_true(folders >= count);
    else
        assert_int_equal(folders, count);
}

static void test_two_processes(void **state) {
    fixture *f = *state;
    int sink = open("/dev/null", O_WRONLY);
    pid_t pids[2];
    for (int i = 0; i < 2; i++)
        if ((pids[i] = fork()) == 0)
            hammer(f->folder, i, 120, sink);
    for (int i = 0; i < 2; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    close(sink);
    check_whole(f, false);
    assert_true(exists(f, AT_KIND_MODEL, "shared"));
    assert_true(exists(f, AT_KIND_MODEL, "own_0_9"));
    assert_true(exists(f, AT_KIND_MODEL, "own_1_9"));
    assert_false(exists(f, AT_KIND_MODEL, "own_1_7")); /* deleted */
}

/* Kill -9 at a random moment: each name whose last word was "done" is there, whole. */
static void test_kill(void **state) {
    fixture *f = *state;
    for (int round = 0; round < 12; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        if (pid == 0) {
            close(ends[0]);
            hammer(f->folder, round, 100000, ends[1]);
        }
        close(ends[1]);
        at_sleep(0.02 + 0.007 * (rand() % 20));
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        FILE *said = fdopen(ends[0], "r");
        char line[80];
        bool done[16] = {false};
        while (fgets(line, sizeof line, said)) {
            int number, self;
            if (sscanf(line, "own_%d_%d", &self, &number) == 2)
                done[number] = true;
        }
        fclose(said);
        for (int i = 0; i < 16; i++) {
            char name[32];
            snprintf(name, sizeof name, "own_%d_%d", round, i);
            if (done[i] && i % 8 != 7) /* those are deleted right after they were made */
                assert_true(exists(f, AT_KIND_MODEL, name));
        }
        check_whole(f, true);
    }
}

/* One entry made, changed, found, listed and deleted; everything released on the way. */
static at_status go_through(void *context) {
    fixture *f = context;
    at_arena arena = {0};
    at_entry entry = {0}, *list;
    char id[33];
    size_t count = 0;
    json_t *card = json_pack("{s:s}", "algorithm", "linear-learner");
    at_store_new_id(id);
    at_status status =
        at_store_put(f->workspace, AT_KIND_MODEL, id, "m", card, NULL, 0, &f->err);
    if (!status)
        status = at_store_update(f->workspace, AT_KIND_MODEL, id, card, &f->err);
    if (!status)
        status = at_store_find(f->workspace, AT_KIND_MODEL, "m", &arena, &entry, &f->err);
    if (!status)
        status =
            at_store_list(f->workspace, AT_KIND_MODEL, &arena, &list, &count, &f->err);
    for (size_t i = 0; !status && i < count; i++)
        at_entry_fini(&list[i]);
    if (!status)
        status = at_store_delete(f->workspace, AT_KIND_MODEL, "m", &f->err);
    at_entry_fini(&entry);
    at_arena_fini(&arena);
    json_decref(card);
    return status;
}

static size_t count_unpacked(const fixture *f) {
    char *cache = at_path_join(f->folder, "cache");
    DIR *entries = opendir(cache);
    size_t n = 0;
    assert_non_null(entries);
    for (struct dirent *entry; (entry = readdir(entries));)
        n += strncmp(entry->d_name, "unpacked-", 9) == 0;
    closedir(entries);
    at_free(cache);
    return n;
}

/* What a killed process unpacked goes at the next open; what a living one did stays. */
static void test_scratch_of_the_dead(void **state) {
    fixture *f = *state;
    at_scratch mine;
    assert_ok(at_scratch_open(f->workspace, &mine, &f->arena, &f->err), &f->err);
    pid_t child = fork();
    if (child == 0) {
        at_workspace *own;
        at_scratch one, two;
        if (at_workspace_open(f->folder, &own, NULL) ||
            at_scratch_open(own, &one, &f->arena, NULL) ||
            at_scratch_open(own, &two, &f->arena, NULL) || write(one.fd, "a,b", 3) != 3)
            _exit(1);
        raise(SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(count_unpacked(f), 3);
    at_workspace *again;
    assert_ok(at_workspace_open(f->folder, &again, &f->err), &f->err);
    at_workspace_close(again);
    assert_int_equal(count_unpacked(f), 1);
    assert_int_equal(access(mine.path, R_OK | W_OK), 0);
    at_scratch_close(&mine);
    at_scratch_close(&mine);
    assert_int_equal(count_unpacked(f), 0);
}

static void test_no_memory(void **state) {
    fixture *f = *state;
    assert_true(at_test_sweep(go_through, f) > 5);
    assert_ok(go_through(f), &f->err);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_put_find_list, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_errors_suggest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_replacing_removes_what_nothing_uses, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_delete_what_is_in_use, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_running_job_keeps_its_name, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_uses_must_exist, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_collection_at_open, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_newer_format_and_damage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_locate, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_processes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_kill, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_scratch_of_the_dead, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_memory, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
