/* atelier run: the cells of a script or a notebook, in a terminal. */
#include "magics/language/script.h"
#include "kernel/display_terminal.h"
#include "magics/language/context.h"
#include "magics/language/interp.h"
#include "magics/language/notebook.h"
#include "magics/language/terminal.h"
#include "ops/base/text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct arguments {
    const char *file, *workspace;
    char **variables; /* name=value, in place in argv */
    size_t variable_count;
} arguments;

static int usage(const char *what, const char *word) {
    if (what)
        fprintf(stderr, "atelier run: %s%s\n", what, word ? word : "");
    fputs("usage: atelier run FILE [-p name=value]... [--workspace DIR]\n"
          "  FILE: a script (.atl) or a notebook (.ipynb); ends at the first cell that "
          "fails\n",
          stderr);
    return 2;
}

/* 0: fine; else the exit code. Moves the variables to the front of argv. */
static int read_arguments(int argc, char **argv, arguments *out) {
    *out = (arguments){.variables = argv};
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        bool parameter = strcmp(a, "-p") == 0 || strcmp(a, "--parameter") == 0;
        bool workspace = strcmp(a, "--workspace") == 0;
        if ((parameter || workspace) && ++i == argc)
            return usage("a value is missing after ", a);
        if (parameter) {
            if (!strchr(argv[i], '='))
                return usage("expected name=value after -p, not ", argv[i]);
            out->variables[out->variable_count++] = argv[i];
        } else if (workspace) {
            out->workspace = argv[i];
        } else if (strncmp(a, "--workspace=", 12) == 0) {
            out->workspace = a + 12;
        } else if (a[0] == '-' && a[1]) {
            return usage("there is no option ", a);
        } else if (out->file) {
            return usage("one file at a time; unexpected ", a);
        } else {
            out->file = a;
        }
    }
    return out->file ? 0 : usage(NULL, NULL);
}

/* Through the display, so that it comes behind what the cell printed. */
static void print_failure(at_display *display, const arguments *args,
                          const at_notebook_cell *cell, size_t number,
                          const at_error *err) {
    at_text text = {0};
    at_text_format(&text, "\n%s, cell %zu", args->file, number);
    if (cell->line)
        at_text_format(&text, " (from line %d)", cell->line);
    at_text_format(&text, "\n%s: %s\n", at_status_name(err->code), err->text);
    if (err->context[0])
        at_text_format(&text, "%s\n", err->context);
    if (err->hint[0])
        at_text_format(&text, "hint: %s\n", err->hint);
    at_display_stream(display, AT_STDERR, at_text_get(&text), text.length);
    at_text_fini(&text);
}

static at_status set_variables(at_interp *interp, const arguments *args, at_error *err) {
    at_session *session = at_language_session(interp);
    for (size_t i = 0; i < args->variable_count; i++) {
        char *equals = strchr(args->variables[i], '=');
        *equals = '\0';
        AT_TRY(at_session_set(session, args->variables[i], equals + 1, err));
    }
    return AT_OK;
}

static at_status run_cells(const arguments *args, const at_notebook *notebook,
                           at_interp *interp, at_display *display, at_terminal *terminal,
                           at_error *err) {
    int64_t count = 0;
    for (size_t i = 0; i < notebook->count; i++) {
        const at_notebook_cell *cell = &notebook->cells[i];
        if (cell->kind != AT_PROSE_CODE)
            continue;
        at_call call = {.display = display,
                        .input = isatty(0) ? &terminal->input : NULL,
                        .cancel = &terminal->cancel,
                        .execution_count = ++count,
                        .store_history = true};
        at_status status =
            interp->vtable->execute(interp, &call, cell->text, strlen(cell->text), err);
        if (status) {
            print_failure(display, args, cell, i + 1, err);
            return status;
        }
    }
    return AT_OK;
}

static at_status run_file(const arguments *args, at_terminal *terminal, at_error *err) {
    at_notebook notebook = {0};
    at_interp *interp = NULL;
    at_display *display = NULL;
    bool told = false;
    at_status status = at_notebook_read(args->file, &notebook, err);
    if (!status)
        status = at_language_new(args->workspace, &interp, err);
    if (!status)
        status = set_variables(interp, args, err);
    if (!status)
        status = at_display_terminal_new(1, 2, &display, err);
    if (!status) {
        status = run_cells(args, &notebook, interp, display, terminal, err);
        told = true;
        at_display_terminal_release(display);
    }
    if (status && !told) {
        fprintf(stderr, "atelier run: %s\n", err->text);
        if (err->hint[0])
            fprintf(stderr, "hint: %s\n", err->hint);
    }
    if (interp)
        interp->vtable->release(interp);
    at_notebook_fini(&notebook);
    return status;
}

int at_run_main(int argc, char **argv) {
    arguments args;
    at_terminal terminal;
    at_error err = {0};
    int wrong = read_arguments(argc, argv, &args);
    if (wrong)
        return wrong;
    at_terminal_init(&terminal);
    at_status status = run_file(&args, &terminal, &err);
    at_terminal_fini(&terminal);
    return status ? 1 : 0;
}
