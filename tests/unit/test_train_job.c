/* The job behind %%train, seen from the kernel: what it made is put into the store, or it
 * is said why not. */
#include "magics/workspace/job.h"
#include "ops/base/file.h"
#include "tests/unit/store_desk.h"

extern const at_job_kind at_job_kind_train;

static const char *file_of(fixture *f, const char *id, const char *name) {
    return at_arena_format(&f->arena, "%s/%s", path_of(f, AT_KIND_JOB, id), name);
}

/* A job.json that cannot be read now may be read later: the model is not lost. One that
 * is no JSON never will be. */
static void test_unreadable_plan(void **state) {
    fixture *f = *state;
    char id[33];
    at_store_new_id(id);
    at_entry job = {.kind = AT_KIND_JOB, .id = id, .name = "subscriber"};
    json_t *result = json_pack("{s:s}", "model_id", "0123456789abcdef0123456789abcdef");
    const char *plan = file_of(f, id, "job.json");
    assert_ok(at_folder_make(plan, &f->err), &f->err); /* open() works, read() does not */
    assert_int_equal(at_job_kind_train.finished(f->workspace, &job, result, &f->err),
                     AT_INVALID);
    assert_non_null(strstr(f->err.text, "job.json"));
    assert_ok(at_file_remove(plan, &f->err), &f->err);
    assert_ok(at_file_write(plan, "{", 1, &f->err), &f->err);
    assert_int_equal(at_job_kind_train.finished(f->workspace, &job, result, &f->err),
                     AT_CORRUPT);
    json_decref(result);
}

/* Repeated after a crash in between, it is the same model. */
static void test_finished(void **state) {
    fixture *f = *state;
    char id[33];
    const char *model = "0123456789abcdef0123456789abcdef";
    at_store_new_id(id);
    assert_ok(put_numbers(f, "bank", 3, at_lineage_origin("fetch", "")), &f->err);
    at_entry bank = dataset(f, "bank");
    at_entry job = {.kind = AT_KIND_JOB, .id = id, .name = "subscriber"};
    json_t *result =
        json_pack("{s:s, s:{s:i}}", "model_id", model, "describe", "rows", 3);
    const char *text =
        at_arena_format(&f->arena,
                        "{\"algorithm\": \"linear-learner\", \"target\": \"n\", "
                        "\"data\": \"%s\", \"data_name\": \"bank\"}",
                        bank.id);
    assert_ok(at_folder_make(file_of(f, id, "model"), &f->err), &f->err);
    assert_ok(at_file_write(file_of(f, id, "job.json"), text, strlen(text), &f->err),
              &f->err);
    for (int pass = 0; pass < 2; pass++) {
        assert_ok(at_job_kind_train.finished(f->workspace, &job, result, &f->err),
                  &f->err);
        assert_true(model_on_disk(f, model));
        at_entry entry;
        assert_ok(at_store_find(f->workspace, AT_KIND_MODEL, "subscriber", &f->arena,
                                &entry, &f->err),
                  &f->err);
        assert_string_equal(entry.id, model);
        assert_string_equal(json_string_value(json_object_get(entry.card, "recipe")),
                            "auto");
        at_entry_fini(&entry);
    }
    at_entry_fini(&bank);
    json_decref(result);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_unreadable_plan, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_finished, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
