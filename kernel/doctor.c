#include "kernel/doctor.h"

#include "kernel/kernelspec.h"
#include "kernel/socket.h"
#include "ops/base/file.h"
#include "ops/base/library.h"
#include "ops/base/memory.h"
#include "ops/base/wheel.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SEARCH_MAX = 32, NAMES_MAX = 4, SPEC_LIMIT = 64 * 1024 };

typedef enum at_finding { FINE, NOTE, PROBLEM } at_finding;

/* A library that is loaded when something needs it. */
typedef struct at_needed {
    const char *what;
    const char *names[NAMES_MAX];
    const char *package;
    const char *serves;
} at_needed;

static const at_needed LIBRARIES[] = {
    {"curl", {"libcurl.so.4", "libcurl-gnutls.so.4"}, "libcurl4", "%fetch from the web"},
    {"archive", {"libarchive.so.13"}, "libarchive13", "%fetch of zip and tar files"},
    {"microhttpd", {"libmicrohttpd.so.12"}, "libmicrohttpd12", "%deploy"},
};

static int report(at_finding finding, const char *what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One line; returns 1 for a problem. */
static int report(at_finding finding, const char *what, const char *format, ...) {
    static const char *const plain[] = {"ok  ", "note", "FIX "};
    static const char *const coloured[] = {"\x1b[32mok\x1b[0m  ", "\x1b[33mnote\x1b[0m",
                                           "\x1b[1;31mFIX\x1b[0m "};
    const char *const *marks = isatty(1) == 1 ? coloured : plain;
    va_list args;
    printf("%s  %-11s ", marks[finding], what);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    return finding == PROBLEM;
}

static void report_machine(void) {
    char version[64];
    const char *isa = "scalar";
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw"))
        isa = "AVX-512";
    else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        isa = "AVX2";
#elif defined(__aarch64__)
    isa = "NEON";
#endif
    report(FINE, "processor", "%s, %ld threads", isa, sysconf(_SC_NPROCESSORS_ONLN));
    at_socket_version(version, sizeof version);
    report(FINE, "ZeroMQ", "%s", version);
}

static int report_libraries(void) {
    int problems = 0;
    for (size_t i = 0; i < sizeof LIBRARIES / sizeof *LIBRARIES; i++) {
        const at_needed *library = &LIBRARIES[i];
        at_error err;
        if (at_library_load(library->names, library->package, NULL, 0, &err) == AT_OK)
            report(FINE, library->what, "found (%s)", library->serves);
        else
            problems += report(PROBLEM, library->what,
                               "not found: %s needs it. Install %s "
                               "(sudo apt-get install %s)",
                               library->serves, library->package, library->package);
    }
    return problems;
}

/* What is only needed by those who ask for it. */
static void report_wheels(void) {
    const at_wheel *wheel;
    char found[AT_WHEEL_FOUND];
    at_error err;
    for (size_t i = 0; (wheel = at_wheel_at(i)) != NULL; i++)
        if (at_wheel_load(wheel, NULL, 0, found, &err) == AT_OK)
            report(FINE, wheel->name, "%s (%s)", found, wheel->serves);
        else
            report(NOTE, wheel->name, "%s: %s needs it. To use it, %s", err.text,
                   wheel->serves, err.hint);
}

/* The program that a kernel.json starts: into `out`, "" if it cannot be read. */
static void read_program(const char *folder, char out[AT_PATH_SIZE]) {
    at_text text = {0};
    char *path = at_path_join(folder, "kernel.json");
    out[0] = '\0';
    if (path && at_file_read(path, SPEC_LIMIT, &text, NULL) == AT_OK) {
        json_t *spec = json_loadb(at_text_get(&text), text.length, 0, NULL);
        const char *program =
            json_string_value(json_array_get(json_object_get(spec, "argv"), 0));
        snprintf(out, AT_PATH_SIZE, "%s", program ? program : "");
        json_decref(spec);
    }
    at_text_fini(&text);
    at_free(path);
}

static int report_spec(const char *folder, const char *binary) {
    char program[AT_PATH_SIZE];
    read_program(folder, program);
    if (strcmp(program, binary) == 0) {
        report(FINE, "kernelspec", "%s", folder);
        return 0;
    }
    if (access(program, X_OK) == 0) {
        report(NOTE, "kernelspec", "%s starts another binary: %s", folder, program);
        return 0;
    }
    return report(PROBLEM, "kernelspec",
                  "%s starts %s, which is not there. Run: atelier install", folder,
                  *program ? program : "nothing");
}

static int report_jupyter(void) {
    char search[SEARCH_MAX][AT_PATH_SIZE], binary[AT_PATH_SIZE] = "",
                                           program[AT_PATH_SIZE];
    size_t count = at_kernelspec_search(search, SEARCH_MAX), found = 0;
    int problems = 0;
    at_binary_path(binary);
    for (size_t i = 0; i < count; i++) {
        char *folder = at_path_join(search[i], "atelier");
        if (folder && at_folder_exists(folder)) {
            found++;
            problems += report_spec(folder, binary);
        }
        at_free(folder);
    }
    if (!found)
        problems += report(PROBLEM, "kernelspec",
                           "not installed where Jupyter looks. Run: atelier install");
    if (at_program_find("jupyter", program))
        report(FINE, "jupyter", "%s", program);
    else
        report(NOTE, "jupyter",
               "not on the PATH. To use notebooks: pip install jupyterlab");
    return problems;
}

static int report_workspace(const char *workspace) {
    if (!workspace)
        return 0;
    if (!at_folder_exists(workspace)) {
        report(FINE, "workspace", "%s (made by the first cell that needs it)", workspace);
        return 0;
    }
    if (access(workspace, W_OK) == 0) {
        report(FINE, "workspace", "%s", workspace);
        return 0;
    }
    return report(PROBLEM, "workspace",
                  "%s cannot be written to. Change its owner, or set "
                  "ATELIER_WORKSPACE to another folder",
                  workspace);
}

int at_doctor(const char *workspace) {
    char binary[AT_PATH_SIZE] = "atelier";
    int problems = 0;
    at_binary_path(binary);
    printf("Atelier %s (%s)\n", ATELIER_VERSION, binary);
    report_machine();
    problems += report_libraries();
    report_wheels();
    problems += report_jupyter();
    problems += report_workspace(workspace);
    if (problems)
        printf("%d thing%s to fix.\n", problems, problems == 1 ? "" : "s");
    else
        printf("All is well.\n");
    return problems ? 1 : 0;
}
