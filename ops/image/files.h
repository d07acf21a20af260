/* Files: what a set of images is read from: named spans of files on disk. A folder gives
 * one span a file; an archive, unpacked into one file, one span a member. */
#ifndef ATELIER_OPS_IMAGE_FILES_H
#define ATELIER_OPS_IMAGE_FILES_H

#include "ops/base/error.h"
#include "ops/base/memory.h"

#include <stdint.h>

enum {
    AT_FILES_MAX = 5000000, /* most files of a set */
    AT_FILES_DEPTH = 32,    /* folders within folders */
};

typedef struct at_image_file {
    const char *name; /* below the root, parted by '/' */
    const char *path; /* where its bytes are */
    int64_t offset, length;
} at_image_file;

typedef struct at_image_files {
    at_arena arena;
    at_image_file *items; /* by name, once sorted */
    size_t count, capacity;
    const char *folder; /* files that a list names may lie here; NULL: in `items` alone */
} at_image_files;       /* zero-initialise */

void at_image_files_fini(at_image_files *files);
/* Texts are copied. length < 0: up to the end of the file. */
AT_MUST_USE at_status at_image_files_add(at_image_files *files, const char *name,
                                         const char *path, int64_t offset, int64_t length,
                                         at_error *err);
/* All regular files below `folder`, hidden ones left out. Sorts. */
AT_MUST_USE at_status at_image_files_walk(at_image_files *files, const char *folder,
                                          at_error *err);
/* The file at `path`, and those beside it that belong to it: X.lst and X.idx of X.rec,
 * X.lst of X.bin, the labels of IDX images, names of classes. Sorts. */
AT_MUST_USE at_status at_image_files_beside(at_image_files *files, const char *path,
                                            at_error *err);
void at_image_files_sort(at_image_files *files);
/* By exact name; NULL: none. Sorted lists only. */
const at_image_file *at_image_files_find(const at_image_files *files, const char *name);
/* The file that `name`, found in the file `in`, means: below in's folder or below any
 * folder above, with leading parts of the name left out one by one (lists written
 * elsewhere hold longer paths, s3://bucket/... among them), or in files->folder. NULL:
 * none. In the arena. */
const at_image_file *at_image_files_resolve(at_image_files *files,
                                            const at_image_file *in, const char *name);

bool at_image_file_ends(const at_image_file *file, const char *end); /* in any case */
/* The name with its last `drop` bytes replaced; in the arena. */
const char *at_image_file_swap(at_image_files *files, const char *name, size_t drop,
                               const char *end);

/* The bytes of a file, mapped. */
typedef struct at_image_view {
    const uint8_t *bytes; /* never NULL */
    size_t length;
    void *map;
    size_t map_length;
} at_image_view;
AT_MUST_USE at_status at_image_view_open(const at_image_file *file, at_image_view *out,
                                         at_error *err);
void at_image_view_close(at_image_view *view);

#endif
