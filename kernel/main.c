/* Atelier: one program with a name a task. The only file that joins the layers. */
#include "kernel/doctor.h"
#include "kernel/install.h"
#include "kernel/kernel.h"
#include "magics/deploy/serve.h"
#include "magics/language/interp.h"
#include "magics/language/script.h"
#include "magics/workspace/job.h"
#include "ops/base/suggest.h"

#include <stdio.h>
#include <string.h>

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
    {"run",       at_run_main,       "FILE [-p NAME=VALUE]... [--workspace FOLDER]", "run a script (.atl) or a notebook (.ipynb) here"},
    {"convert",   at_convert_main,   "FROM TO",                          "turn a notebook into a script, or back"},
    {"install",   at_install_main,   "[--user | --sys-prefix | --prefix FOLDER]", "make Atelier known to Jupyter"},
    {"uninstall", at_uninstall_main, "[--user | --sys-prefix | --prefix FOLDER]", "undo that"},
    {"doctor",    doctor_main,       "",                                "say what is found here and what to do"},
    {"kernel",    kernel_main,       "-f CONNECTION_FILE",               NULL},
    {"job",       at_job_main,       "FOLDER",                           NULL},
    {"serve",     at_serve_main,     "",                                 NULL},
    {"version",   version_main,      "",                                "print the version"},
    {"help",      help_main,         "",                                "print this"},
};
/* clang-format on */

enum { COMMAND_COUNT = sizeof COMMANDS / sizeof *COMMANDS };

/* `atelier kernel -f FILE`, as kernel.json says it. */
static int kernel_main(int argc, char **argv) {
    const char *file = NULL;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "-f") == 0 && i + 1 < argc)
            file = argv[++i];
    if (!file) {
        fprintf(stderr, "atelier kernel: -f CONNECTION_FILE is missing\n");
        return USAGE;
    }
    at_error err;
    at_interp *interp = NULL;
    at_status status = at_language_new(NULL, &interp, &err);
    if (status == AT_OK) {
        const at_kernel_config config = {
            .connection_file = file,
            .history_path = at_language_history_path,
            .context = interp,
        };
        status = at_kernel_run(&config, interp, &err);
        interp->vtable->release(interp);
    }
    if (status == AT_OK)
        return 0;
    fprintf(stderr, "atelier kernel: %s%s%s\n", err.text, err.hint[0] ? "\nhint: " : "",
            err.hint);
    return 1;
}

static int doctor_main(int argc, char **argv) {
    (void)argc, (void)argv;
    return at_doctor(NULL);
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
