/* Datasets in the store, and what they were made from. */
#include "tests/unit/store_desk.h"

static void test_datasets(void **state) {
    fixture *f = *state;
    assert_ok(put_numbers(f, "bank", 10, at_lineage_origin("fetch", "bank.csv")),
              &f->err);
    assert_int_equal(rows_of(f, "BANK"), 10);
    at_frame *held;
    assert_ok(at_store_frame(f->workspace, "bank", &held, &f->err), &f->err);
    at_entry old = dataset(f, "bank");
    assert_int_equal(json_integer_value(json_object_get(old.card, "rows")), 10);
    assert_ok(put_numbers(f, "bank", 20, at_lineage_origin("fetch", "bank.csv")),
              &f->err);
    assert_int_equal(rows_of(f, "bank"), 20);
    assert_false(at_file_exists(path_of(f, AT_KIND_DATASET, old.id)));
    assert_int_equal(at_frame_column(held, 0)->ints[9],
                     9); /* who holds it goes on reading */
    at_frame_release(held);
    at_frame *none;
    assert_int_equal(at_store_frame(f->workspace, "bnak", &none, &f->err), AT_NOT_FOUND);
    assert_non_null(strstr(f->err.hint, "bank"));
    at_frame *frame = numbers("n", 1, 0);
    assert_int_equal(at_store_put_frame(f->workspace, "not a name", frame, NULL, &f->err),
                     AT_INVALID);
    at_frame_release(frame);
    at_entry_fini(&old);
}

/* The markers that a child of a child of `parent` keeps: a new reference. */
static json_t *child_missing(const at_entry *parent) {
    at_entry child = {.id = "0123456789abcdef0123456789abcdef"};
    child.card = json_pack("{s:o}", "from", at_lineage_child(parent, "clean", NULL, ""));
    json_t *lineage = at_lineage_child(&child, "split", NULL, "");
    assert_non_null(lineage);
    json_t *missing = json_incref(json_object_get(lineage, "missing"));
    json_decref(lineage);
    json_decref(child.card);
    return missing;
}

static void test_lineage(void **state) {
    fixture *f = *state;
    assert_ok(put_numbers(f, "bank", 10, at_lineage_origin("fetch", "bank.csv")),
              &f->err);
    at_entry bank = dataset(f, "bank");
    assert_null(child_missing(&bank));
    json_t *markers = json_pack("[s]", "unknown");
    json_object_set(json_object_get(bank.card, "from"), "missing", markers);
    json_t *kept = child_missing(&bank);
    assert_true(json_equal(kept, markers)); /* the source may be replaced */
    json_decref(kept);
    json_decref(markers);
    json_t *steps = json_pack("[{s:s}]", "verb", "trim");
    assert_ok(put_numbers(f, "clean", 9, at_lineage_child(&bank, "clean", steps, "")),
              &f->err);
    at_entry clean = dataset(f, "clean");
    assert_ok(put_numbers(f, "train", 7, at_lineage_child(&clean, "split", NULL, "0.8")),
              &f->err);
    at_entry train = dataset(f, "train");
    const json_t *from = json_object_get(train.card, "from");
    assert_string_equal(json_string_value(json_object_get(from, "source")), bank.id);
    assert_true(json_equal(json_object_get(from, "source_columns"),
                           json_object_get(bank.card, "columns")));
    assert_true(json_equal(json_object_get(from, "steps"), steps));
    /* A dataset never replaces one that it was made from, however far up. */
    assert_int_equal(
        put_numbers(f, "clean", 5, at_lineage_child(&clean, "clean", NULL, "")),
        AT_INVALID);
    assert_non_null(strstr(f->err.text, "'clean' is what this dataset is made from"));
    assert_int_equal(
        put_numbers(f, "BANK", 5, at_lineage_child(&train, "clean", NULL, "")),
        AT_INVALID);
    assert_int_equal(rows_of(f, "bank"), 10);
    /* But a cell that is run again replaces what it made before. */
    assert_ok(put_numbers(f, "train", 6, at_lineage_child(&clean, "split", NULL, "0.7")),
              &f->err);
    assert_int_equal(rows_of(f, "train"), 6);
    json_decref(steps);
    at_entry_fini(&bank);
    at_entry_fini(&clean);
    at_entry_fini(&train);
}

/* What an origin takes over from these parents: a new reference. */
static json_t *adopted(fixture *f, const at_entry *const *parents, size_t count) {
    json_t *ids = json_array(), *lineage = at_lineage_origin("sql", "SELECT");
    for (size_t i = 0; i < count; i++)
        json_array_append_new(ids, json_string(parents[i]->id));
    assert_ok(at_lineage_adopt(f->workspace, lineage, ids, &f->err), &f->err);
    assert_true(json_equal(json_object_get(lineage, "parents"), ids));
    json_decref(ids);
    return lineage;
}

static bool has_word(const json_t *list, const char *word) {
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), word) == 0)
            return true;
    return false;
}

/* What SQL and %predict make starts a chain, but its rows stand where they stood. */
static void test_adopted(void **state) {
    fixture *f = *state;
    json_t *bank_from = at_lineage_origin("fetch", "bank.csv");
    json_object_set_new(bank_from, "missing", json_pack("[s]", "unknown"));
    assert_ok(put_numbers(f, "bank", 10, bank_from), &f->err);
    assert_ok(put_numbers(f, "other", 10, at_lineage_origin("fetch", "o.csv")), &f->err);
    at_entry bank = dataset(f, "bank"), other = dataset(f, "other");
    json_t *trim = json_pack("[{s:s}]", "verb", "trim");
    json_t *lower = json_pack("[{s:s}]", "verb", "lower");
    assert_ok(put_numbers(f, "clean", 9, at_lineage_child(&bank, "clean", trim, "")),
              &f->err);
    at_entry clean = dataset(f, "clean");

    /* One parent: its markers and its place. */
    json_t *sql = adopted(f, (const at_entry *[]){&clean}, 1);
    json_t *expected = json_pack("{s:s, s:O}", "source", bank.id, "steps", trim);
    assert_true(json_equal(json_object_get(sql, "scored"), expected));
    assert_int_equal(json_array_size(json_object_get(sql, "missing")), 1);
    assert_true(has_word(json_object_get(sql, "missing"), "unknown"));
    assert_null(json_object_get(sql, "source"));

    /* The children of such a dataset, and what SQL makes of it. */
    assert_ok(put_numbers(f, "answers", 9, sql), &f->err);
    at_entry answers = dataset(f, "answers");
    json_t *child = at_lineage_child(&answers, "clean", lower, "");
    assert_string_equal(json_string_value(json_object_get(child, "source")), answers.id);
    assert_true(json_equal(json_object_get(child, "steps"), lower));
    json_t *both = json_pack("{s:s, s:[{s:s},{s:s}]}", "source", bank.id, "steps", "verb",
                             "trim", "verb", "lower");
    assert_true(json_equal(json_object_get(child, "scored"), both));
    json_t *again = adopted(f, (const at_entry *[]){&answers}, 1);
    assert_true(json_equal(json_object_get(again, "scored"), expected));
    json_decref(again);

    /* Rows of two chains stand nowhere; a cell missing in either is missing. */
    json_t *mixed = adopted(f, (const at_entry *[]){&clean, &other}, 2);
    assert_null(json_object_get(mixed, "scored"));
    assert_true(has_word(json_object_get(mixed, "missing"), "unknown"));
    assert_true(has_word(json_object_get(mixed, "missing"), "NA"));
    json_decref(mixed);
    json_t *plain = adopted(f, (const at_entry *[]){&other}, 1);
    assert_null(json_object_get(plain, "missing")); /* the reader's own */
    json_decref(plain);

    json_decref(child);
    json_decref(both);
    json_decref(expected);
    json_decref(trim);
    json_decref(lower);
    at_entry_fini(&bank);
    at_entry_fini(&other);
    at_entry_fini(&clean);
    at_entry_fini(&answers);
}

static void test_many_frames(void **state) {
    fixture *f = *state;
    char name[32];
    for (int i = 1; i <= 20; i++) { /* more than are kept mapped */
        snprintf(name, sizeof name, "d%d", i);
        assert_ok(put_numbers(f, name, i, at_lineage_origin("generate", "")), &f->err);
    }
    for (int round = 0; round < 3; round++)
        for (int i = 20; i >= 1; i--) {
            snprintf(name, sizeof name, "d%d", i);
            assert_int_equal(rows_of(f, name), i);
        }
}

/* One process replaces a dataset again and again while this one reads it. */
static void test_reading_while_replaced(void **state) {
    fixture *f = *state;
    assert_ok(put_numbers(f, "d", 1000, at_lineage_origin("generate", "")), &f->err);
    pid_t pid = fork();
    if (pid == 0) {
        if (at_workspace_open(f->folder, &f->workspace, &f->err))
            _exit(1);
        for (int i = 0; i < 60; i++)
            if (put_numbers(f, "d", 1000 + i, at_lineage_origin("generate", "")))
                _exit(2);
        _exit(0);
    }
    int status, reads = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        assert_true(rows_of(f, "d") >= 1000);
        reads++;
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_true(reads > 0);
    assert_int_equal(rows_of(f, "d"), 1059);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_datasets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lineage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_adopted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_frames, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reading_while_replaced, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
