/* %datasets, %models, %jobs, %resume, %workspace, %delete and %cleanup, through the
 * language as cells come in. */
#include "magics/language/interp.h"
#include "magics/workspace/job.h"
#include "magics/workspace/workspace.h"
#include "ops/base/clock.h"
#include "tests/unit/unit.h"

#include <signal.h>
#include <unistd.h>

static at_status nap_run(const json_t *spec, const char *folder,
                         const at_fit_events *events, const at_cancel *cancel,
                         json_t *result, at_error *err) {
    (void)folder;
    (void)result;
    (void)err;
    events->log(events->context, "good night");
    double seconds = json_number_value(json_object_get(spec, "seconds"));
    for (double until = at_now() + seconds; at_now() < until && !at_cancelled(cancel);)
        at_sleep(0.01);
    return AT_OK;
}

static at_status nap_watch(at_context *context, const char *id, const char *name,
                           at_error *err) {
    json_t *result = NULL;
    at_display_print(context->call->display, "watching over %s\n", name);
    at_status status = at_job_wait(context, id, NULL, NULL, &result, err);
    json_decref(result);
    return status;
}

/* One that has something to show while it runs, and one that is waited for in silence. */
const at_job_kind *at_job_kind_find(const char *name) {
    static const at_job_kind kinds[] = {{.name = "nap",
                                         .resumes = "it goes to bed again",
                                         .run = nap_run,
                                         .watch = nap_watch},
                                        {.name = "doze", .run = nap_run}};
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

typedef struct fixture {
    at_display display; /* first: the fake casts back */
    at_input input;
    const char *answer;
    char *prompt;
    at_text out; /* all that was shown, as text */
    char *folder;
    at_interp *interp;
    at_workspace *workspace; /* a second look at the same workspace */
    at_arena arena;
    at_cancel cancel;
    at_error err;
} fixture;

static void fake_stream(at_display *display, at_stream stream, const char *text,
                        size_t length) {
    (void)stream;
    at_text_append(&((fixture *)display)->out, text, length);
}

static void fake_show(at_display *display, const at_bundle *bundle, const char *id) {
    (void)id;
    at_text_put(&((fixture *)display)->out,
                json_string_value(json_object_get(bundle->data, "text/plain")));
}

static void fake_result(at_display *display, const at_bundle *bundle) {
    fake_show(display, bundle, NULL);
}

static void fake_clear(at_display *display, bool wait) {
    (void)display;
    (void)wait;
}

static const at_display_vtable fake = {.stream = fake_stream,
                                       .show = fake_show,
                                       .update = fake_show,
                                       .result = fake_result,
                                       .page = fake_result,
                                       .clear = fake_clear};

static at_status fake_ask(at_input *input, const char *prompt, bool password,
                          char **answer, at_error *err) {
    fixture *f = (fixture *)((char *)input - offsetof(fixture, input));
    (void)password;
    (void)err;
    assert_non_null(prompt);
    *answer = at_copy_text(f->answer);
    return AT_OK;
}

static int set_up(void **state) {
    fixture *f = calloc(1, sizeof *f);
    f->display = (at_display){.vtable = &fake};
    f->input.ask = fake_ask;
    f->folder = at_test_folder();
    if (at_language_new(f->folder, &f->interp, &f->err) ||
        at_workspace_open(f->folder, &f->workspace, &f->err))
        fail_msg("%s", f->err.text);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    fixture *f = *state;
    f->interp->vtable->release(f->interp);
    at_workspace_close(f->workspace);
    at_test_folder_remove(f->folder);
    at_text_fini(&f->out);
    at_arena_fini(&f->arena);
    free(f);
    return 0;
}

static at_status cell(fixture *f, const char *code, bool can_ask) {
    at_call call = {.display = &f->display,
                    .input = can_ask ? &f->input : NULL,
                    .cancel = &f->cancel,
                    .execution_count = 1};
    at_text_clear(&f->out);
    return f->interp->vtable->execute(f->interp, &call, code, strlen(code), &f->err);
}

static void assert_shown(fixture *f, const char *text) {
    if (!strstr(at_text_get(&f->out), text))
        fail_msg("'%s' is not in:\n%s", text, at_text_get(&f->out));
}

static void put(fixture *f, at_kind kind, const char *name, const char *use) {
    char id[33];
    at_store_new_id(id);
    json_t *card = json_object();
    assert_ok(
        at_store_put(f->workspace, kind, id, name, card, &use, use ? 1 : 0, &f->err),
        &f->err);
    json_decref(card);
}

static void put_dataset(fixture *f, const char *name) {
    at_column_builder *c;
    at_frame_builder *b;
    at_frame *frame;
    assert_ok(at_column_builder_new("age", AT_TYPE_INT, &c, &f->err), &f->err);
    for (int i = 0; i < 1234; i++)
        at_column_builder_int(c, i);
    assert_ok(at_frame_builder_new(&b, &f->err), &f->err);
    assert_ok(at_frame_builder_take(b, c, &f->err), &f->err);
    assert_ok(at_frame_builder_finish(b, &frame, &f->err), &f->err);
    json_t *lineage = at_lineage_origin("fetch", "people.csv");
    assert_ok(at_store_put_frame(f->workspace, name, frame, lineage, &f->err), &f->err);
    json_decref(lineage);
    at_frame_release(frame);
}

static bool there(fixture *f, at_kind kind, const char *name) {
    at_entry entry;
    bool found = !at_store_find(f->workspace, kind, name, &f->arena, &entry, NULL);
    at_entry_fini(&entry);
    return found;
}

static void rest(fixture *f, const char *kind, const char *name, double seconds,
                 char id[33]) {
    json_t *spec =
        json_pack("{s:f, s:{s:s}}", "seconds", seconds, "card", "data_name", "people");
    assert_ok(at_job_start(f->workspace, kind, name, spec, NULL, 0, id, &f->err),
              &f->err);
    json_decref(spec);
}

static void nap(fixture *f, const char *name, double seconds, char id[33]) {
    rest(f, "nap", name, seconds, id);
}

static void test_lists(void **state) {
    fixture *f = *state;
    assert_ok(cell(f, "%datasets", false), &f->err);
    assert_shown(f, "No datasets yet");
    assert_ok(cell(f, "%models\n%jobs", false), &f->err);
    assert_shown(f, "No models yet");
    assert_shown(f, "No jobs yet");
    put_dataset(f, "people");
    put(f, AT_KIND_MODEL, "m-1", NULL);
    assert_ok(cell(f, "%datasets", false), &f->err);
    assert_shown(f, "people");
    assert_shown(f, "1,234");
    assert_shown(f, "fetch people.csv");
    assert_ok(cell(f, "%models", false), &f->err);
    assert_shown(f, "m-1");
    assert_ok(cell(f, "%models m-1", false), &f->err);
    assert_shown(f, "model m-1");
    assert_ok(cell(f, "%workspace", false), &f->err);
    assert_shown(f, f->folder);
    assert_shown(f, "not running");
}

static void test_jobs_and_resume(void **state) {
    fixture *f = *state;
    char id[33];
    nap(f, "long", 60, id);
    assert_ok(cell(f, "%jobs", false), &f->err);
    assert_shown(f, "running");
    assert_ok(cell(f, "%jobs --stop long", false), &f->err);
    assert_shown(f, "Stopped the job long");
    assert_ok(cell(f, "%jobs long", false), &f->err);
    assert_shown(f, "stopped");
    assert_shown(f, "good night");
    assert_int_equal(cell(f, "%jobs lung", false), AT_NOT_FOUND);
    assert_non_null(strstr(f->err.hint, "long"));
    nap(f, "short", 0.2, id);
    assert_ok(cell(f, "%resume short", false), &f->err); /* follows it */
    assert_shown(f, "watching over short");
    rest(f, "doze", "silent", 0.2, id);
    assert_ok(cell(f, "%resume silent", false), &f->err);
    assert_shown(f, "it runs; following it");
    assert_ok(cell(f, "%jobs silent", false), &f->err);
    assert_shown(f, "completed");
    assert_int_equal(cell(f, "%resume short", false), AT_UNSUPPORTED);
    nap(f, "cut", 0.3, id);
    assert_ok(at_job_stop(f->workspace, id, 5, NULL, &f->err), &f->err);
    assert_ok(cell(f, "%resume cut", false), &f->err);
    assert_shown(f, "it goes to bed again");
    assert_ok(cell(f, "%jobs cut", false), &f->err);
    assert_shown(f, "completed");
}

/* What cannot be read is not taken for absent: the name has two meanings still. */
static void test_delete_of_a_damaged_row(void **state) {
    fixture *f = *state;
    put(f, AT_KIND_RECIPE, "two", NULL);
    put(f, AT_KIND_MODEL, "two", NULL);
    assert_ok(at_store_do(f->workspace, NULL, &f->err,
                          "UPDATE entries SET card = '{' WHERE kind = ?", "s", "model"),
              &f->err);
    assert_int_equal(cell(f, "%delete two", false), AT_CORRUPT);
    assert_true(there(f, AT_KIND_RECIPE, "two"));
}

static void test_delete(void **state) {
    fixture *f = *state;
    put_dataset(f, "people");
    put_dataset(f, "other");
    put(f, AT_KIND_MODEL, "people", NULL);
    put(f, AT_KIND_RECIPE, "calls", NULL);
    assert_int_equal(cell(f, "%delete peeple", false), AT_NOT_FOUND);
    assert_non_null(strstr(f->err.hint, "people"));
    assert_int_equal(cell(f, "%delete people", false), AT_INVALID);
    assert_non_null(strstr(f->err.hint, "--kind"));
    assert_int_equal(cell(f, "%delete calls othr", false), AT_NOT_FOUND);
    assert_true(there(f, AT_KIND_RECIPE, "calls")); /* all or none */
    assert_ok(cell(f, "%delete calls other", false), &f->err);
    assert_shown(f, "Deleted the recipe calls");
    assert_false(there(f, AT_KIND_RECIPE, "calls"));
    assert_false(there(f, AT_KIND_DATASET, "other"));
    assert_ok(cell(f, "%delete people --kind model", false), &f->err);
    assert_false(there(f, AT_KIND_MODEL, "people"));
    assert_true(there(f, AT_KIND_DATASET, "people"));
}

static void test_cleanup_asks(void **state) {
    fixture *f = *state;
    char id[33];
    put_dataset(f, "people");
    nap(f, "long", 60, id);
    assert_int_equal(cell(f, "%cleanup", false), AT_INVALID);
    assert_non_null(strstr(f->err.context, "stop the job long"));
    assert_non_null(strstr(f->err.hint, "--yes"));
    f->answer = "n";
    assert_ok(cell(f, "%cleanup", true), &f->err);
    assert_shown(f, "Nothing was changed");
    assert_true(at_job_alive(f->workspace, id));
    f->answer = "Yes";
    assert_ok(cell(f, "%cleanup", true), &f->err);
    assert_shown(f, "Nothing is left running");
    assert_false(at_job_alive(f->workspace, id));
    assert_true(there(f, AT_KIND_DATASET, "people"));
    assert_ok(cell(f, "%cleanup", false), &f->err); /* nothing to ask for */
    assert_shown(f, "Nothing was running");
}

static void test_cleanup_all(void **state) {
    fixture *f = *state;
    char id[33];
    put_dataset(f, "people");
    at_entry people;
    assert_ok(at_store_find(f->workspace, AT_KIND_DATASET, "people", &f->arena, &people,
                            &f->err),
              &f->err);
    put(f, AT_KIND_MODEL, "m", people.id);
    at_entry_fini(&people);
    put(f, AT_KIND_RECIPE, "r", NULL);
    nap(f, "long", 60, id);
    assert_ok(cell(f, "%cleanup --all --yes", false), &f->err);
    assert_shown(f, "Nothing is left running");
    for (int kind = 0; kind <= AT_KIND_ENDPOINT; kind++) {
        at_entry *list;
        size_t count;
        assert_ok(
            at_store_list(f->workspace, (at_kind)kind, &f->arena, &list, &count, &f->err),
            &f->err);
        assert_int_equal(count, 0);
    }
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "job") == 0)
        return at_job_main(argc - 1, argv + 1);
    unsetenv("ATELIER_BINARY"); /* jobs are this program again */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lists, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_jobs_and_resume, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_delete_of_a_damaged_row, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_delete, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cleanup_asks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cleanup_all, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
