/* Atelier: one program with a name a task. The only file that joins the layers. */
#include "kernel/doctor.h"
#include "kernel/install.h"
#include "ops/base/suggest.h"

#include <stdio.h>
#include <string.h>

enum { USAGE = 2 };

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
    {"version",   version_main,      "",                                "print the version"},
    {"help",      help_main,         "",                                "print this"},
};
/* clang-format on */

enum { COMMAND_COUNT = sizeof COMMANDS / sizeof *COMMANDS };

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
