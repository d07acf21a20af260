#include "magics/workspace/job.h"
#include "magics/workspace/job_inside.h"
#include "ops/base/clock.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Counts to "to", a step each "every" seconds; stops when told to and keeps what it has.
 */
static at_status count_run(const json_t *spec, const char *folder,
                           const at_fit_events *events, const at_cancel *cancel,
                           json_t *result, at_error *err) {
    (void)folder;
    (void)err;
    int to = (int)json_integer_value(json_object_get(spec, "to")), i = 0;
    double every = json_number_value(json_object_get(spec, "every"));
    while (i < to && !at_cancelled(cancel)) {
        char line[64];
        i++;
        snprintf(line, sizeof line, "counted %d", i);
        events->log(events->context, line);
        events->point(events->context, "train", "count", i, 10.0 * i);
        events->progress(events->context, i, to, "counting");
        if (every > 0)
            at_sleep(every);
    }
    json_object_set_new(result, "counted", json_integer(i));
    return AT_OK;
}

/* What count_finished says of the job "refused". */
static at_status refusal;

/* Stores a model under the id that the spec gave. */
static at_status count_finished(at_workspace *workspace, const at_entry *job,
                                const json_t *result, at_error *err) {
    if (refusal && strcmp(job->name, "refused") == 0)
        return at_fail(err, refusal, "not now");
    json_t *card = json_pack("{s:O}", "counted", json_object_get(result, "counted"));
    const char *id = json_string_value(json_object_get(job->card, "model_id"));
    at_status status =
        at_store_put(workspace, AT_KIND_MODEL, id, job->name, card, NULL, 0, err);
    json_decref(card);
    return status;
}

static at_status fail_run(const json_t *spec, const char *folder,
                          const at_fit_events *events, const at_cancel *cancel,
                          json_t *result, at_error *err) {
    (void)spec;
    (void)folder;
    (void)events;
    (void)cancel;
    (void)result;
    (void)at_fail(err, AT_INVALID, "the target 'y' is constant");
    return at_hint(err, "choose another");
}

static at_status die_run(const json_t *spec, const char *folder,
                         const at_fit_events *events, const at_cancel *cancel,
                         json_t *result, at_error *err) {
    (void)folder;
    (void)cancel;
    (void)result;
    (void)err;
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    events->log(events->context, "last words");
    raise((int)json_integer_value(json_object_get(spec, "signal")));
    return AT_OK;
}

/* Says in what world it runs. */
static at_status look_run(const json_t *spec, const char *folder,
                          const at_fit_events *events, const at_cancel *cancel,
                          json_t *result, at_error *err) {
    (void)spec;
    (void)folder;
    (void)events;
    (void)cancel;
    (void)err;
    json_t *open = json_array();
    DIR *fds = opendir("/proc/self/fd");
    for (struct dirent *e; (e = readdir(fds));) {
        char path[64], where[512] = "";
        snprintf(path, sizeof path, "/proc/self/fd/%.20s", e->d_name);
        if (e->d_name[0] != '.' && strtol(e->d_name, NULL, 10) != dirfd(fds) &&
            readlink(path, where, sizeof where - 1) > 0)
            json_array_append_new(open, json_string(where));
    }
    closedir(fds);
    json_object_set_new(result, "open", open);
    json_object_set_new(result, "leads", json_boolean(getsid(0) == getpid()));
    return AT_OK;
}

static at_status deaf_run(const json_t *spec, const char *folder,
                          const at_fit_events *events, const at_cancel *cancel,
                          json_t *result, at_error *err) {
    (void)spec;
    (void)folder;
    (void)events;
    (void)cancel;
    (void)result;
    (void)err;
    at_sleep(30);
    return AT_OK;
}

const at_job_kind *at_job_kind_find(const char *name) {
    static const at_job_kind kinds[] = {
        {.name = "count",
         .resumes = "it counts from the beginning",
         .run = count_run,
         .finished = count_finished},
        {.name = "fail", .resumes = "it starts again", .run = fail_run},
        {.name = "die", .run = die_run},
        {.name = "look", .run = look_run},
        {.name = "deaf", .resumes = "it starts again", .run = deaf_run},
    };
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

typedef struct fixture {
    char *folder;
    at_cancel shutdown;
    at_cancel cancel;
    at_call call;
    at_context context;
    at_arena arena;
    at_error err;
    /* What the events said. */
    int logs, points, last_x;
    double done, total;
    int animated;
} fixture;

static int set_up(void **state) {
    fixture *f = calloc(1, sizeof *f);
    f->folder = at_test_folder();
    f->call.cancel = &f->cancel;
    f->context =
        (at_context){.call = &f->call, .shutdown = &f->shutdown, .arena = &f->arena};
    if (at_workspace_open(f->folder, &f->context.workspace, &f->err))
        fail_msg("%s", f->err.text);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    fixture *f = *state;
    at_workspace_close(f->context.workspace);
    at_test_folder_remove(f->folder);
    at_arena_fini(&f->arena);
    free(f);
    return 0;
}

static at_status start_in(at_workspace *workspace, const char *name, int to, double every,
                          char id[33], at_error *err) {
    char model[33];
    at_store_new_id(model);
    json_t *spec = json_pack("{s:i, s:f, s:{s:s}}", "to", to, "every", every, "card",
                             "model_id", model);
    at_status status = at_job_start(workspace, "count", name, spec, NULL, 0, id, err);
    json_decref(spec);
    return status;
}

static at_status start(fixture *f, const char *kind, const char *name, int signal_number,
                       char id[33]) {
    json_t *spec = json_pack("{s:i}", "signal", signal_number);
    at_status status =
        at_job_start(f->context.workspace, kind, name, spec, NULL, 0, id, &f->err);
    json_decref(spec);
    return status;
}

static void on_event(void *context, const json_t *event) {
    fixture *f = context;
    const char *series, *metric;
    double x, y;
    if (!event)
        f->animated++;
    f->logs += json_is_string(json_object_get(event, "log"));
    if (event && json_unpack((json_t *)event, "{s:[s,s,F,F]}", "point", &series, &metric,
                             &x, &y) == 0) {
        assert_string_equal(series, "train");
        assert_int_equal((int)x, f->last_x + 1); /* in order, none lost */
        f->last_x = (int)x;
        f->points++;
    }
    const json_t *progress = json_object_get(event, "progress");
    if (progress) {
        f->done = json_number_value(json_array_get(progress, 0));
        f->total = json_number_value(json_array_get(progress, 1));
    }
}

static const char *state_of(fixture *f, const char *id) {
    at_entry job;
    assert_ok(
        at_store_by_id(f->context.workspace, AT_KIND_JOB, id, &f->arena, &job, &f->err),
        &f->err);
    const char *word = json_string_value(json_object_get(job.card, "state"));
    const char *copy = at_arena_format(&f->arena, "%s", word);
    at_entry_fini(&job);
    return copy;
}

static bool has_model(fixture *f, const char *name) {
    at_entry model;
    bool found = !at_store_find(f->context.workspace, AT_KIND_MODEL, name, &f->arena,
                                &model, NULL);
    at_entry_fini(&model);
    return found;
}

static void test_completes(void **state) {
    fixture *f = *state;
    char id[33];
    json_t *result;
    assert_ok(start_in(f->context.workspace, "one", 200, 0.001, id, &f->err), &f->err);
    assert_string_equal(state_of(f, id), "running");
    assert_ok(at_job_wait(&f->context, id, on_event, f, &result, &f->err), &f->err);
    assert_int_equal(json_integer_value(json_object_get(result, "counted")), 200);
    json_decref(result);
    assert_int_equal(f->logs, 200);
    assert_int_equal(f->points, 200);
    assert_true(f->done >= 200 && f->total >= 200);
    assert_string_equal(state_of(f, id), "completed");
    assert_true(has_model(f, "one"));
    assert_false(at_job_alive(f->context.workspace, id));
    assert_string_equal(at_job_log_tail(f->context.workspace, id, 2, &f->arena),
                        "counted 199\ncounted 200");
    /* Waiting again follows the recorded events once more. */
    f->last_x = f->points = 0;
    assert_ok(at_job_wait(&f->context, id, on_event, f, &result, &f->err), &f->err);
    assert_int_equal(f->points, 200);
    json_decref(result);
}

static void test_fails(void **state) {
    fixture *f = *state;
    char id[33];
    json_t *result;
    assert_ok(start(f, "fail", "two", 0, id), &f->err);
    assert_int_equal(at_job_wait(&f->context, id, NULL, NULL, &result, &f->err),
                     AT_INVALID);
    assert_string_equal(f->err.text, "the target 'y' is constant");
    assert_string_equal(f->err.hint, "choose another");
    assert_string_equal(state_of(f, id), "failed");
    assert_int_equal(at_job_resume(f->context.workspace, id, &f->err), AT_UNSUPPORTED);
    assert_non_null(strstr(f->err.text, "the target 'y' is constant"));
}

static void test_dies(void **state) {
    fixture *f = *state;
    char id[33];
    json_t *result;
    assert_ok(start(f, "die", "three", SIGKILL, id), &f->err);
    assert_int_equal(at_job_wait(&f->context, id, NULL, NULL, &result, &f->err),
                     AT_INTERNAL);
    assert_non_null(strstr(f->err.text, "probably out of memory"));
    assert_non_null(strstr(f->err.context, "last words"));
    assert_string_equal(state_of(f, id), "failed");
    assert_int_equal(at_job_resume(f->context.workspace, id, &f->err), AT_UNSUPPORTED);
    assert_non_null(strstr(f->err.text, "cannot be started again"));
    assert_ok(start(f, "die", "three", SIGUSR1, id), &f->err);
    assert_int_equal(at_job_wait(&f->context, id, NULL, NULL, &result, &f->err),
                     AT_INTERNAL);
    assert_non_null(strstr(f->err.text, "SIGUSR1"));
}

static void test_alone_in_the_world(void **state) {
    fixture *f = *state;
    char id[33];
    json_t *result;
    int inherited = open("/dev/zero", O_RDONLY); /* without O_CLOEXEC, as a library may */
    assert_ok(start(f, "look", "look", 0, id), &f->err);
    assert_ok(at_job_wait(&f->context, id, NULL, NULL, &result, &f->err), &f->err);
    close(inherited);
    assert_true(json_is_true(json_object_get(result, "leads")));
    const json_t *open_files = json_object_get(result, "open");
    assert_string_equal(json_string_value(json_array_get(open_files, 0)), "/dev/null");
    for (size_t i = 1; i < json_array_size(open_files); i++) {
        const char *path = json_string_value(json_array_get(open_files, i));
        assert_non_null(
            strstr(path, id)); /* log.txt, lock, events.jsonl: its folder alone */
    }
    json_decref(result);
}

static void *raise_soon(void *context) {
    fixture *f = context;
    at_sleep(0.2);
    at_cancel_raise(&f->cancel);
    return NULL;
}

/* Waits for job `id` and interrupts it after 0.2 s. */
static void interrupt(fixture *f, const char *id) {
    pthread_t thread;
    json_t *result;
    assert_int_equal(pthread_create(&thread, NULL, raise_soon, f), 0);
    double began = at_now();
    assert_int_equal(at_job_wait(&f->context, id, on_event, f, &result, &f->err),
                     AT_CANCELLED);
    assert_true(at_now() - began < 1.1); /* at once; the machine may be busy */
    pthread_join(thread, NULL);
    at_cancel_reset(&f->cancel);
}

static void await_end(fixture *f, const char *id, double seconds) {
    double until = at_now() + seconds;
    while (at_job_alive(f->context.workspace, id) && at_now() < until)
        at_sleep(0.01);
    assert_ok(at_jobs_reconcile(f->context.workspace, &f->err), &f->err);
}

static void test_interrupt_stops_after_a_second(void **state) {
    fixture *f = *state;
    char id[33];
    assert_ok(start_in(f->context.workspace, "long", 100000, 0.01, id, &f->err), &f->err);
    interrupt(f, id);
    assert_non_null(strstr(f->err.text, "'long' is stopping"));
    at_sleep(0.3);
    assert_true(at_job_alive(f->context.workspace, id));
    await_end(f, id, 10);
    assert_string_equal(state_of(f, id), "stopped");
    assert_true(has_model(f, "long")); /* what was there by then is kept */
}

static void test_interrupt_before_shutdown_lets_it_run(void **state) {
    fixture *f = *state;
    char id[33];
    assert_ok(start_in(f->context.workspace, "on", 200, 0.01, id, &f->err), &f->err);
    interrupt(f, id);
    at_cancel_raise(&f->shutdown);
    at_workspace_close(f->context.workspace); /* as a kernel that shuts down */
    assert_ok(at_workspace_open(f->folder, &f->context.workspace, &f->err), &f->err);
    assert_true(at_job_alive(f->context.workspace, id));
    await_end(f, id, 20);
    assert_string_equal(state_of(f, id), "completed");
    assert_true(has_model(f, "on"));
}

static void test_interrupt_then_death_of_the_kernel(void **state) {
    fixture *f = *state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t kernel = fork();
    if (kernel == 0) { /* a kernel that is interrupted, and killed within the second */
        char id[33];
        json_t *result;
        pthread_t thread;
        if (at_workspace_open(f->folder, &f->context.workspace, &f->err) ||
            start_in(f->context.workspace, "on", 150, 0.01, id, &f->err) ||
            write(ends[1], id, 33) != 33 || pthread_create(&thread, NULL, raise_soon, f))
            _exit(1);
        if (at_job_wait(&f->context, id, NULL, NULL, &result, NULL) != AT_CANCELLED)
            _exit(2);
        raise(SIGKILL);
    }
    int status;
    char id[33];
    assert_int_equal(waitpid(kernel, &status, 0), kernel);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(read(ends[0], id, 33), 33);
    close(ends[0]);
    close(ends[1]);
    assert_true(at_job_alive(f->context.workspace, id));
    await_end(f, id, 20);
    assert_string_equal(state_of(f, id), "completed");
}

static void test_stop(void **state) {
    fixture *f = *state;
    char id[33], deaf[33];
    assert_ok(start_in(f->context.workspace, "long", 100000, 0.01, id, &f->err), &f->err);
    assert_ok(start(f, "deaf", "deaf", 0, deaf), &f->err);
    assert_ok(at_job_stop(f->context.workspace, id, 10, NULL, &f->err), &f->err);
    assert_string_equal(state_of(f, id), "stopped");
    at_cancel cancel = {0};
    at_cancel_raise(&cancel);
    double before = at_now();
    assert_int_equal(at_job_stop(f->context.workspace, deaf, 10, &cancel, &f->err),
                     AT_CANCELLED);
    assert_true(at_now() - before < 5);
    assert_true(at_job_alive(f->context.workspace, deaf));
    assert_ok(at_job_stop(f->context.workspace, deaf, 0.3, NULL, &f->err), &f->err);
    assert_string_equal(state_of(f, deaf), "failed"); /* killed: it left no result */
    assert_ok(at_job_stop(f->context.workspace, deaf, 1, NULL, &f->err), &f->err);
}

static void test_same_name(void **state) {
    fixture *f = *state;
    char id[33], next[33];
    assert_ok(start_in(f->context.workspace, "x", 100000, 0.01, id, &f->err), &f->err);
    assert_int_equal(start_in(f->context.workspace, "x", 1, 0, next, &f->err), AT_BUSY);
    assert_non_null(strstr(f->err.hint, "--stop x"));
    assert_int_equal(at_store_delete(f->context.workspace, AT_KIND_JOB, "x", &f->err),
                     AT_BUSY);
    interrupt(f, id); /* the cell is run again before the second is over */
    assert_ok(start_in(f->context.workspace, "x", 5, 0, next, &f->err), &f->err);
    json_t *result;
    assert_ok(at_job_wait(&f->context, next, NULL, NULL, &result, &f->err), &f->err);
    assert_int_equal(json_integer_value(json_object_get(result, "counted")), 5);
    json_decref(result);
    assert_false(at_job_alive(f->context.workspace, id));
}

static void test_resume(void **state) {
    fixture *f = *state;
    char id[33];
    json_t *result;
    assert_ok(start_in(f->context.workspace, "r", 300, 0.005, id, &f->err), &f->err);
    assert_int_equal(at_job_resume(f->context.workspace, id, &f->err), AT_EXISTS);
    while (!at_job_pid(at_store_path(f->context.workspace, AT_KIND_JOB, id, &f->arena)))
        at_sleep(0.005);
    at_sleep(0.1);
    assert_true(at_job_signal(
        at_store_path(f->context.workspace, AT_KIND_JOB, id, &f->arena), SIGKILL));
    assert_int_equal(at_job_wait(&f->context, id, NULL, NULL, &result, &f->err),
                     AT_INTERNAL);
    assert_non_null(strstr(f->err.hint, "%resume r"));
    assert_ok(at_job_resume(f->context.workspace, id, &f->err), &f->err);
    assert_ok(at_job_wait(&f->context, id, on_event, f, &result, &f->err), &f->err);
    assert_int_equal(json_integer_value(json_object_get(result, "counted")), 300);
    json_decref(result);
    assert_int_equal(at_job_resume(f->context.workspace, id, &f->err), AT_UNSUPPORTED);
    assert_non_null(strstr(f->err.text, "complete"));
}

/* An end that cannot be stored now is stored later, and holds up no other job. */
static void test_end_is_tried_again(void **state) {
    fixture *f = *state;
    at_workspace *second = NULL, *w = f->context.workspace;
    char id[33], other[33], next[33];
    json_t *result;
    refusal = AT_IO;
    assert_ok(start_in(w, "refused", 3, 0, id, &f->err), &f->err);
    assert_int_equal(at_job_wait(&f->context, id, NULL, NULL, &result, &f->err), AT_IO);
    assert_non_null(strstr(f->err.text, "not now"));
    assert_string_equal(state_of(f, id), "running");
    assert_ok(start_in(w, "other", 3, 0, other, &f->err), &f->err);
    await_end(f, other, 10);
    assert_string_equal(state_of(f, other), "completed");
    assert_ok(at_workspace_open(f->folder, &second, &f->err), &f->err);
    at_workspace_close(second);
    assert_int_equal(at_job_resume(w, id, &f->err), AT_BUSY); /* its result is kept */
    assert_int_equal(start_in(w, "refused", 1, 0, next, &f->err), AT_IO);
    assert_string_equal(state_of(f, id), "running");
    refusal = AT_OK;
    assert_ok(at_jobs_reconcile(w, &f->err), &f->err);
    assert_string_equal(state_of(f, id), "completed");
    assert_true(has_model(f, "refused"));
    refusal = AT_CORRUPT; /* it would be so for ever */
    assert_ok(start_in(w, "refused", 3, 0, id, &f->err), &f->err);
    assert_int_equal(at_job_wait(&f->context, id, NULL, NULL, &result, &f->err),
                     AT_CORRUPT);
    refusal = AT_OK;
    assert_string_equal(state_of(f, id), "failed");
}

static void test_reused_pid(void **state) {
    fixture *f = *state;
    char *path = at_path_join(f->folder, "pid"), text[64];
    int n = snprintf(text, sizeof text, "%d 12345\n", getpid());
    assert_ok(at_file_write(path, text, (size_t)n, &f->err), &f->err);
    assert_int_equal(at_job_pid(f->folder), 0);
    assert_false(at_job_signal(f->folder, SIGTERM)); /* would have ended this test */
    assert_ok(at_job_write_pid(f->folder, &f->err), &f->err);
    assert_int_equal(at_job_pid(f->folder), getpid());
    at_free(path);
}

static void test_event_lines(void **state) {
    fixture *f = *state;
    char *path = at_path_join(f->folder, "events.jsonl");
    FILE *file = fopen(path, "w");
    at_event_reader reader;
    at_event_reader_init(&reader);
    fputs("{\"log\": \"one\"}\n{\"log\": \"tw", file);
    fflush(file);
    assert_false(at_event_reader_poll(&reader, path, on_event, f));
    assert_int_equal(f->logs, 1); /* half a line is none */
    fputs("o\"}\nnot json\n[1]\n", file);
    for (int i = 0; i < AT_JOB_LINE_MAX + 10; i++)
        fputc('x', file);
    fputs("\n{\"log\": \"three\"}\n", file);
    fflush(file);
    assert_false(at_event_reader_poll(&reader, path, on_event, f));
    assert_int_equal(f->logs, 3);
    at_event_reader_fini(&reader);
    fclose(file);
    at_free(path);
}

/* A kernel that starts job after job and is killed at a random moment: each job that was
 * reported started is there, ends, and has its model. */
static void test_kill_of_the_kernel(void **state) {
    fixture *f = *state;
    for (int round = 0; round < 8; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t kernel = fork();
        if (kernel == 0) {
            if (at_workspace_open(f->folder, &f->context.workspace, &f->err))
                _exit(1);
            for (int i = 0; i < 1000; i++) {
                char id[33], name[32];
                json_t *result;
                snprintf(name, sizeof name, "j%d_%d", round, i);
                if (start_in(f->context.workspace, name, 20, 0.001, id, &f->err) ||
                    write(ends[1], id, 33) != 33)
                    _exit(2);
                if (i % 2 &&
                    at_job_wait(&f->context, id, NULL, NULL, &result, &f->err) == 0)
                    json_decref(result);
            }
            _exit(3);
        }
        close(ends[1]);
        at_sleep(0.05 + 0.013 * (rand() % 20));
        assert_int_equal(kill(kernel, SIGKILL), 0);
        assert_int_equal(waitpid(kernel, NULL, 0), kernel);
        char id[33];
        while (read(ends[0], id, 33) == 33) {
            await_end(f, id, 20);
            assert_string_equal(state_of(f, id), "completed");
        }
        close(ends[0]);
    }
    at_entry *jobs;
    size_t count;
    assert_ok(at_store_list(f->context.workspace, AT_KIND_JOB, &f->arena, &jobs, &count,
                            &f->err),
              &f->err);
    for (size_t i = 0; i < count; i++) {
        /* One that was started but not yet reported may still be at work; one whose start
         * was cut short may have died before it began. None is left over. */
        await_end(f, jobs[i].id, 20);
        assert_false(at_job_alive(f->context.workspace, jobs[i].id));
        const char *word = state_of(f, jobs[i].id);
        assert_string_not_equal(word, "running");
        if (strcmp(word, "completed") == 0)
            assert_true(has_model(f, jobs[i].name));
        at_entry_fini(&jobs[i]);
    }
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "job") == 0)
        return at_job_main(argc - 1, argv + 1);
    unsetenv("ATELIER_BINARY"); /* jobs are this program again */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_completes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_alone_in_the_world, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_interrupt_stops_after_a_second, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_interrupt_before_shutdown_lets_it_run,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_interrupt_then_death_of_the_kernel, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_stop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_same_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_resume, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_end_is_tried_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reused_pid, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_event_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_kill_of_the_kernel, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
