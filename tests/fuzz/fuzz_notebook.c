/* Any bytes as a notebook's file: read, written as a notebook and as a script, and read
 * again, it holds the same cells. (fuzz_cell reads any bytes as a script.) */
#include "magics/language/notebook.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good) {
    if (!good)
        abort();
}

/* Without line ends at its end: one of them is not part of a cell's text. */
static size_t trimmed(const char *text) {
    size_t n = strlen(text);
    while (n > 0 && text[n - 1] == '\n')
        n--;
    return n;
}

static void same(const at_notebook *a, const at_notebook *b, bool exactly) {
    check(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        const at_notebook_cell *one = &a->cells[i], *two = &b->cells[i];
        size_t n = trimmed(one->text);
        check(one->kind == two->kind);
        if (exactly) {
            check(n == trimmed(two->text) && memcmp(one->text, two->text, n) == 0);
            check(!one->id || strcmp(one->id, two->id) == 0);
            check(!one->title == !two->title);
            check(!one->title || strcmp(one->title, two->title) == 0);
        }
    }
}

static void through_json(const at_notebook *first) {
    at_notebook second = {0};
    at_error err = {0};
    json_t *root = at_notebook_to_json(first);
    check(root && !at_notebook_from_json(root, &second, &err));
    same(first, &second, true);
    at_notebook_fini(&second);
    json_decref(root);
}

static void through_script(const at_notebook *first) {
    at_notebook second = {0};
    at_text written = {0};
    at_error err = {0};
    at_status status = at_notebook_to_script(first, &written, &err);
    check(!status || err.text[0]);
    if (!status) {
        check(!at_notebook_from_script(at_text_get(&written), written.length, &second,
                                       &err));
        same(first, &second, false);
    }
    at_text_fini(&written);
    at_notebook_fini(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    at_notebook notebook = {0};
    at_error err = {0};
    json_t *root = json_loadb((const char *)data, size, 0, NULL);
    if (!root)
        return 0;
    if (!at_notebook_from_json(root, &notebook, &err)) {
        through_json(&notebook);
        through_script(&notebook);
    } else {
        check(err.text[0]);
    }
    at_notebook_fini(&notebook);
    json_decref(root);
    return 0;
}
