/* What the tests of the store share: a workspace to open, models and datasets to put. */
#ifndef ATELIER_TESTS_UNIT_STORE_DESK_H
#define ATELIER_TESTS_UNIT_STORE_DESK_H

#include "magics/workspace/store.h"
#include "ops/base/clock.h"
#include "ops/base/database.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct fixture {
    char *folder;
    at_workspace *workspace;
    at_arena arena;
    at_error err;
} fixture;

static inline int set_up(void **state) {
    fixture *f = calloc(1, sizeof *f);
    f->folder = at_test_folder();
    if (at_workspace_open(f->folder, &f->workspace, &f->err))
        fail_msg("%s", f->err.text);
    *state = f;
    return 0;
}

static inline int tear_down(void **state) {
    fixture *f = *state;
    at_workspace_close(f->workspace);
    at_test_folder_remove(f->folder);
    at_arena_fini(&f->arena);
    free(f);
    return 0;
}

static const char *path_of(fixture *f, at_kind kind, const char *id) {
    return at_store_path(f->workspace, kind, id, &f->arena);
}

/* A model with a folder; its id in `id`. */
static inline at_status put_model(fixture *f, const char *name, char id[33],
                                  const char *const *uses, size_t use_count) {
    at_store_new_id(id);
    assert_ok(at_folder_make(path_of(f, AT_KIND_MODEL, id), &f->err), &f->err);
    json_t *card = json_pack("{s:s}", "algorithm", "linear-learner");
    at_status status = at_store_put(f->workspace, AT_KIND_MODEL, id, name, card, uses,
                                    use_count, &f->err);
    json_decref(card);
    return status;
}

static inline bool model_on_disk(fixture *f, const char *id) {
    return at_folder_exists(path_of(f, AT_KIND_MODEL, id));
}

static inline bool exists(fixture *f, at_kind kind, const char *name) {
    at_entry entry;
    bool found = !at_store_find(f->workspace, kind, name, &f->arena, &entry, NULL);
    at_entry_fini(&entry);
    return found;
}

/* A frame of one int column, 0 .. rows - 1, plus `plus`. */
static inline at_frame *numbers(const char *column, int rows, int plus) {
    at_error err;
    at_column_builder *c;
    at_frame_builder *b;
    at_frame *frame;
    assert_ok(at_column_builder_new(column, AT_TYPE_INT, &c, &err), &err);
    for (int i = 0; i < rows; i++)
        at_column_builder_int(c, i + plus);
    assert_ok(at_frame_builder_new(&b, &err), &err);
    assert_ok(at_frame_builder_take(b, c, &err), &err);
    assert_ok(at_frame_builder_finish(b, &frame, &err), &err);
    return frame;
}

static inline at_status put_numbers(fixture *f, const char *name, int rows,
                                    json_t *lineage) {
    at_frame *frame = numbers("n", rows, 0);
    at_status status = at_store_put_frame(f->workspace, name, frame, lineage, &f->err);
    at_frame_release(frame);
    json_decref(lineage);
    return status;
}

static inline int64_t rows_of(fixture *f, const char *name) {
    at_frame *frame;
    assert_ok(at_store_frame(f->workspace, name, &frame, &f->err), &f->err);
    int64_t rows = at_frame_rows(frame);
    assert_int_equal(at_frame_column(frame, 0)->ints[rows - 1], rows - 1);
    at_frame_release(frame);
    return rows;
}

static inline at_entry dataset(fixture *f, const char *name) {
    at_entry entry;
    assert_ok(
        at_store_find(f->workspace, AT_KIND_DATASET, name, &f->arena, &entry, &f->err),
        &f->err);
    return entry;
}

#endif
