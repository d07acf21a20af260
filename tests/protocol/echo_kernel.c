/* A kernel over a small fake language, so that the protocol is tested without an engine.
 * A cell is lines of commands; see COMMANDS. Started as `echo_kernel -f FILE [HISTORY]`.
 */
#include "kernel/kernel.h"
#include "ops/base/clock.h"
#include "ops/base/memory.h"
#include "ops/base/text.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef at_status command(const at_call *call, const char *rest, at_error *err);

static at_status do_print(const at_call *call, const char *rest, at_error *err) {
    (void)err;
    at_display_print(call->display, "%s\n", rest);
    return AT_OK;
}

static at_status do_warn(const at_call *call, const char *rest, at_error *err) {
    (void)err;
    at_display_stream(call->display, AT_STDERR, rest, strlen(rest));
    at_display_stream(call->display, AT_STDERR, "\n", 1);
    return AT_OK;
}

static at_status do_lines(const at_call *call, const char *rest, at_error *err) {
    int64_t n = 0;
    if (!at_parse_int(rest, &n))
        return at_fail(err, AT_INVALID, "how many lines?");
    for (int64_t i = 0; i < n && !at_cancelled(call->cancel); i++)
        at_display_print(call->display, "line %lld\n", (long long)i);
    return at_cancelled(call->cancel) ? at_fail(err, AT_CANCELLED, "interrupted") : AT_OK;
}

static at_status do_sleep(const at_call *call, const char *rest, at_error *err) {
    double seconds = 0;
    if (!at_parse_real(rest, &seconds))
        return at_fail(err, AT_INVALID, "how long?");
    for (double end = at_now() + seconds; at_now() < end; at_sleep(0.001))
        if (at_cancelled(call->cancel))
            return at_fail(err, AT_CANCELLED, "interrupted");
    return AT_OK;
}

static at_status do_hang(const at_call *call, const char *rest, at_error *err) {
    (void)call, (void)err, (void)rest;
    for (double end = at_now() + 30; at_now() < end;)
        at_sleep(0.1);
    return AT_OK;
}

static at_status do_ask(const at_call *call, const char *rest, at_error *err) {
    char *answer;
    if (!call->input)
        return at_fail(err, AT_UNSUPPORTED, "this frontend does not allow input");
    AT_TRY(
        call->input->ask(call->input, rest, strcmp(rest, "password") == 0, &answer, err));
    at_display_print(call->display, "got %s\n", answer);
    at_free(answer);
    return AT_OK;
}

static at_status do_error(const at_call *call, const char *rest, at_error *err) {
    (void)call;
    at_fail(err, AT_INVALID, "%s", *rest ? rest : "failed");
    at_show(err, "error\n^");
    return at_hint(err, "do not ask for it");
}

static at_status do_result(const at_call *call, const char *rest, at_error *err) {
    (void)err;
    at_bundle bundle = at_bundle_new(rest);
    at_display_result(call->display, &bundle);
    at_bundle_fini(&bundle);
    return AT_OK;
}

static at_status do_display(const at_call *call, const char *rest, at_error *err) {
    (void)err;
    at_bundle bundle = at_bundle_new(rest);
    at_bundle_put(&bundle, "text/html", "<b>shown</b>");
    at_display_show(call->display, &bundle, "echo-1");
    at_bundle_fini(&bundle);
    return AT_OK;
}

static at_status do_update(const at_call *call, const char *rest, at_error *err) {
    (void)err;
    at_bundle bundle = at_bundle_new(rest);
    at_display_update(call->display, &bundle, "echo-1");
    at_bundle_fini(&bundle);
    return AT_OK;
}

static at_status do_page(const at_call *call, const char *rest, at_error *err) {
    (void)err;
    at_bundle bundle = at_bundle_new(rest);
    at_display_page(call->display, &bundle);
    at_bundle_fini(&bundle);
    return AT_OK;
}

static at_status do_clear(const at_call *call, const char *rest, at_error *err) {
    (void)err;
    at_display_clear(call->display, strcmp(rest, "wait") == 0);
    return AT_OK;
}

/* Straight to the descriptor, as a library that knows nothing of us. */
static at_status do_puts(const at_call *call, const char *rest, at_error *err) {
    (void)call;
    at_text line = {0};
    at_text_format(&line, "%s\n", rest);
    ssize_t n = write(1, at_text_get(&line), line.length);
    at_text_fini(&line);
    return n > 0 ? AT_OK : at_fail_errno(err, "write");
}

static at_status do_complain(const at_call *call, const char *rest, at_error *err) {
    (void)call, (void)err;
    fprintf(stderr, "%s\n", rest);
    return AT_OK;
}

static at_status do_printf(const at_call *call, const char *rest, at_error *err) {
    (void)call, (void)err;
    printf("%s", rest);
    return AT_OK;
}

static at_status do_bytes(const at_call *call, const char *rest, at_error *err) {
    (void)rest, (void)err;
    /* A sequence cut in two, then one that is never completed. */
    at_display_stream(call->display, AT_STDOUT, "caf\xC3", 4);
    at_sleep(0.1);
    at_display_stream(call->display, AT_STDOUT, "\xA9 \xFF\xE2\x82", 5);
    return AT_OK;
}

static void *print_later(void *unused) {
    (void)unused;
    at_sleep(0.2);
    ssize_t n = write(1, "late\n", 5);
    (void)n;
    return NULL;
}

static at_status do_late(const at_call *call, const char *rest, at_error *err) {
    (void)call, (void)rest;
    pthread_t thread;
    if (pthread_create(&thread, NULL, print_later, NULL) != 0)
        return at_fail(err, AT_NO_MEMORY, "no thread");
    pthread_detach(thread);
    return AT_OK;
}

static at_status do_flood(const at_call *call, const char *rest, at_error *err) {
    int64_t n = 0;
    if (!at_parse_int(rest, &n))
        return at_fail(err, AT_INVALID, "how many displays?");
    for (int64_t i = 0; i < n; i++) {
        char text[32];
        snprintf(text, sizeof text, "%lld", (long long)i);
        at_bundle bundle = at_bundle_new(text);
        at_display_show(call->display, &bundle, NULL);
        at_bundle_fini(&bundle);
    }
    return AT_OK;
}

static const struct {
    const char *name;
    command *run;
} COMMANDS[] = {
    {"print", do_print},   {"warn", do_warn},     {"lines", do_lines},
    {"sleep", do_sleep},   {"hang", do_hang},     {"ask", do_ask},
    {"error", do_error},   {"result", do_result}, {"display", do_display},
    {"update", do_update}, {"page", do_page},     {"clear", do_clear},
    {"puts", do_puts},     {"printf", do_printf}, {"complain", do_complain},
    {"bytes", do_bytes},   {"late", do_late},     {"flood", do_flood},
};

enum { COMMAND_COUNT = sizeof COMMANDS / sizeof *COMMANDS };

static at_status run_line(const at_call *call, char *line, at_error *err) {
    char *rest = strchr(line, ' ');
    if (rest)
        *rest++ = '\0';
    if (!*line)
        return AT_OK;
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(COMMANDS[i].name, line) == 0)
            return COMMANDS[i].run(call, rest ? rest : "", err);
    return at_fail(err, AT_SYNTAX, "there is no command '%s'", line);
}

static at_status execute(at_interp *interp, const at_call *call, const char *code,
                         size_t length, at_error *err) {
    (void)interp;
    char *copy = at_copy_bytes(code, length), *save = NULL;
    at_status status = copy ? AT_OK : at_fail(err, AT_NO_MEMORY, "no memory");
    for (char *line = copy ? strtok_r(copy, "\n", &save) : NULL; line && status == AT_OK;
         line = strtok_r(NULL, "\n", &save))
        status = run_line(call, line, err);
    at_free(copy);
    return status;
}

static at_status evaluate(at_interp *interp, const at_call *call, const char *expression,
                          at_bundle *out, at_error *err) {
    (void)interp, (void)call;
    if (strcmp(expression, "bad") == 0)
        return at_fail(err, AT_NOT_FOUND, "no such expression");
    *out = at_bundle_new(expression);
    return AT_OK;
}

static size_t word_start(const char *code, size_t cursor) {
    while (cursor > 0 && !strchr(" \n", code[cursor - 1]))
        cursor--;
    return cursor;
}

static at_status complete(at_interp *interp, const char *code, size_t length,
                          size_t cursor, at_completion *out, at_error *err) {
    (void)interp, (void)length, (void)err;
    out->start = word_start(code, cursor);
    out->end = cursor;
    out->matches = json_array();
    out->types = json_array();
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strncmp(COMMANDS[i].name, code + out->start, cursor - out->start) == 0) {
            json_array_append_new(out->matches, json_string(COMMANDS[i].name));
            json_array_append_new(
                out->types, json_pack("{s:I, s:I, s:s, s:s}", "start",
                                      (json_int_t)out->start, "end", (json_int_t)out->end,
                                      "text", COMMANDS[i].name, "type", "keyword"));
        }
    return AT_OK;
}

static at_status inspect(at_interp *interp, const char *code, size_t length,
                         size_t cursor, int detail, at_inspection *out, at_error *err) {
    (void)interp, (void)err;
    size_t start = word_start(code, cursor), end = cursor;
    while (end < length && !strchr(" \n", code[end]))
        end++;
    char *word = at_copy_bytes(code + start, end - start);
    for (size_t i = 0; word && i < COMMAND_COUNT; i++)
        if (strcmp(COMMANDS[i].name, word) == 0) {
            out->found = true;
            out->bundle = at_bundle_new(detail ? "a command, in detail" : "a command");
        }
    at_free(word);
    return AT_OK;
}

static at_completeness is_complete(at_interp *interp, const char *code, size_t length,
                                   char *indent) {
    (void)interp;
    if (length > 0 && code[length - 1] == '\\') {
        memcpy(indent, "  ", 3);
        return AT_INCOMPLETE;
    }
    return length >= 7 && strncmp(code, "invalid", 7) == 0 ? AT_INVALID_CODE
                                                           : AT_COMPLETE;
}

static const at_interp_info *info(at_interp *interp) {
    static const char *const links[][2] = {{"Jupyter", "https://jupyter.org"},
                                           {NULL, NULL}};
    static const at_interp_info names = {
        .implementation = "echo",
        .implementation_version = ATELIER_VERSION,
        .language = "echo",
        .language_version = "1.0",
        .mimetype = "text/plain",
        .file_extension = ".echo",
        .banner = "Echo: a fake language",
        .help_links = links,
    };
    (void)interp;
    return &names;
}

static void shutting_down(at_interp *interp, bool restart) {
    (void)interp, (void)restart;
}

static void release(at_interp *interp) {
    (void)interp;
}

static const char *history_path(void *context) {
    return context;
}

int main(int argc, char **argv) {
    static const at_interp_vtable vtable = {info,    execute,     evaluate,      complete,
                                            inspect, is_complete, shutting_down, release};
    at_interp interp = {&vtable};
    at_error err;
    if (argc < 3 || strcmp(argv[1], "-f") != 0) {
        fprintf(stderr, "usage: echo_kernel -f CONNECTION_FILE [HISTORY_FILE]\n");
        return 2;
    }
    at_kernel_config config = {.connection_file = argv[2],
                               .history_path = history_path,
                               .context = argc > 3 ? argv[3] : NULL};
    at_status status = at_kernel_run(&config, &interp, &err);
    if (status != AT_OK)
        fprintf(stderr, "echo_kernel: %s\n%s%s", err.text, err.hint,
                err.hint[0] ? "\n" : "");
    fflush(stderr);
    if (status == AT_BUSY)
        _exit(1); /* a thread still runs in it */
    return status == AT_OK ? 0 : 1;
}
