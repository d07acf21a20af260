/* Atelier: one program with a name a task. The only file that joins the layers. */
#include "kernel/doctor.h"
#include "kernel/install.h"
#include "kernel/kernel.h"
#include "magics/deploy/serve.h"
#include "magics/language/interp.h"
#include "magics/language/reference.h"
#include "magics/language/script.h"
#include "magics/train/container.h"
#include "magics/workspace/job.h"
#include "magics/workspace/store.h"
#include "ops/base/memory.h"
#include "ops/base/suggest.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { USAGE = 2 };

static int kernel_main(int argc, char **argv);
static int doctor_main(int argc, char **argv);
static int version_main(int argc, char **argv);
static int help_main(int argc, char **argv);

typedef struct at_command {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name */
    const char *usage;
    const char *summary; /* NULL: not shown, started by Atelier itself */
} at_command;

/* clang-format off */
static const at_command COMMANDS[] = {
    {"install",   at_install_main,   "[--user | --sys-prefix | --prefix FOLDER]", "make Atelier known to Jupyter"},
    {"uninstall", at_uninstall_main, "[--user | --sys-prefix | --prefix FOLDER]", "undo that"},
    {"doctor",    doctor_main,       "",                                "say what is found here and what to do"},
    {"run",       at_run_main,       "FILE [-p NAME=VALUE]... [--workspace FOLDER]", "run a script (.atl) or a notebook in the terminal"},
    {"convert",   at_convert_main,   "FROM TO",                         "turn a notebook into a script, or back"},
    {"kernel",    kernel_main,       "-f FILE",                         "serve a notebook; Jupyter starts this"},
    {"serve",     at_serve_main,     "[--workspace FOLDER] [--port N]", "serve the endpoints of a workspace over HTTP"},
    {"train",     at_container_main, "[--root FOLDER] [--algorithm NAME]", "train as SageMaker's training container does, in /opt/ml"},
    {"reference", at_reference_main, "",                                NULL},
    {"job",       at_job_main,       "FOLDER",                          NULL},
    {"version",   version_main,      "",                                "print the version"},
    {"help",      help_main,         "",                                "print this"},
};
/* clang-format on */

enum { COMMAND_COUNT = sizeof COMMANDS / sizeof *COMMANDS };

static int complain(const at_error *err) {
    fprintf(stderr, "atelier: %s\n", err->text);
    if (err->hint[0])
        fprintf(stderr, "hint: %s\n", err->hint);
    return 1;
}

static int kernel_main(int argc, char **argv) {
    at_error err;
    at_interp *interp;
    const char *file = NULL;
    /* Clients add options of their own to argv: only -f is ours. */
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], "-f") == 0)
            file = argv[i + 1];
    if (!file) {
        fprintf(stderr, "atelier kernel: -f CONNECTION_FILE is missing\n");
        return USAGE;
    }
    if (at_language_new(NULL, &interp, &err) != AT_OK)
        return complain(&err);
    at_kernel_config config = {.connection_file = file,
                               .history_path = at_language_history_path,
                               .context = interp};
    at_status status = at_kernel_run(&config, interp, &err);
    if (status == AT_BUSY) {
        /* A cell that cannot be stopped still uses the language: leave it all. */
        complain(&err);
        _exit(1);
    }
    interp->vtable->release(interp);
    return status == AT_OK ? 0 : complain(&err);
}

static int doctor_main(int argc, char **argv) {
    (void)argc, (void)argv;
    char *workspace = at_workspace_locate();
    int code = at_doctor(workspace);
    at_free(workspace);
    return code;
}

static int version_main(int argc, char **argv) {
    (void)argc, (void)argv;
    printf("Atelier %s\n", ATELIER_VERSION);
    return 0;
}

static int help_main(int argc, char **argv) {
    (void)argc, (void)argv;
    printf("Atelier %s: SageMaker Studio's workflow as a notebook kernel.\n\n",
           ATELIER_VERSION);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (COMMANDS[i].summary)
            printf("  atelier %-9s %s%s      %s\n", COMMANDS[i].name, COMMANDS[i].usage,
                   COMMANDS[i].usage[0] ? "\n                   " : "",
                   COMMANDS[i].summary);
    printf("\nIn a notebook: %%help. Environment: ATELIER_WORKSPACE, ATELIER_THREADS, "
           "ATELIER_LOG.\n");
    return 0;
}

static int unknown(const char *name) {
    const char *names[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = COMMANDS[i].name;
    const char *near = at_nearest(name, names, COMMAND_COUNT);
    fprintf(stderr, "atelier: there is no command '%s'\n", name);
    if (near)
        fprintf(stderr, "hint: did you mean %s?\n", near);
    else
        fprintf(stderr, "hint: atelier help lists them\n");
    return USAGE;
}

int main(int argc, char **argv) {
    if (argc < 2 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
        help_main(argc, argv);
        return argc < 2 ? USAGE : 0;
    }
    if (strcmp(argv[1], "--version") == 0)
        return version_main(argc, argv);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(COMMANDS[i].name, argv[1]) == 0)
            return COMMANDS[i].run(argc - 1, argv + 1);
    return unknown(argv[1]);
}
