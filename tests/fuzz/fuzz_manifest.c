/* Lines of manifests and of lists, and names of classes, from anywhere. */
#include "ops/image/lst.h"
#include "ops/image/manifest.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static at_status on_classes(void *context, const char *const *names, size_t count,
                            at_error *err) {
    (void)context;
    (void)err;
    for (size_t i = 0; i < count; i++)
        assert(names[i][0]);
    return AT_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    at_arena arena = {0};
    at_manifest_line line;
    at_error err;
    if (at_manifest_parse(text, size, &arena, &line, &err) == AT_OK) {
        assert(line.source[0]);
        for (size_t i = 0; i < line.label_count; i++)
            (void)isnan(line.labels[i]);
    } else
        assert(err.text[0]);
    at_arena_fini(&arena);
    at_lst lst;
    if (at_lst_parse(text, size, "x.lst", &lst, &err) == AT_OK) {
        for (size_t i = 0; i < lst.count; i++) {
            assert(lst.lines[i].path[0] && lst.lines[i].label_count >= 1);
            assert(at_lst_path(&lst, lst.lines[i].index));
        }
        at_lst_fini(&lst);
    } else
        assert(err.text[0]);
    at_image_sink sink = {.classes = on_classes};
    if (at_reader_class_lines(text, size, "x", &sink, &err))
        assert(err.text[0]);
    return 0;
}
