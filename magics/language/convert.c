/* atelier convert: a notebook to a script and back. */
#include "magics/language/notebook.h"
#include "magics/language/script.h"
#include "ops/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int usage(void) {
    fputs("usage: atelier convert FROM TO\n"
          "  FROM and TO: a notebook (.ipynb) and a script (.atl), in either order\n",
          stderr);
    return 2;
}

static bool is_notebook(const char *path) {
    size_t n = strlen(path);
    return n > 6 && at_equal_fold(path + n - 6, ".ipynb");
}

static at_status write_out(const at_notebook *notebook, const char *path, at_error *err) {
    at_text text = {0};
    at_status status = AT_OK;
    if (is_notebook(path)) {
        json_t *root = at_notebook_to_json(notebook);
        char *dump = root ? json_dumps(root, JSON_INDENT(1) | JSON_SORT_KEYS) : NULL;
        at_text_put(&text, dump ? dump : "");
        at_text_put(&text, "\n");
        if (!dump || !at_text_ok(&text))
            status = at_fail(err, AT_NO_MEMORY, "no memory left for the notebook");
        free(dump);
        json_decref(root);
    } else {
        status = at_notebook_to_script(notebook, &text, err);
    }
    if (!status)
        status = at_file_write(path, at_text_get(&text), text.length, err);
    at_text_fini(&text);
    return status;
}

int at_convert_main(int argc, char **argv) {
    if (argc != 3 || argv[1][0] == '-' || argv[2][0] == '-')
        return usage();
    if (is_notebook(argv[1]) == is_notebook(argv[2])) {
        fputs("atelier convert: one of the two must be a notebook (.ipynb)\n", stderr);
        return usage();
    }
    at_notebook notebook = {0};
    at_error err = {0};
    at_status status = at_notebook_read(argv[1], &notebook, &err);
    if (!status)
        status = write_out(&notebook, argv[2], &err);
    at_notebook_fini(&notebook);
    if (!status)
        return 0;
    fprintf(stderr, "atelier convert: %s\n", err.text);
    if (err.hint[0])
        fprintf(stderr, "hint: %s\n", err.hint);
    return 1;
}
