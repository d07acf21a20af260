/* Lists (.lst) as MXNet's im2rec writes them: a line an image,
 *
 *     index TAB label [TAB label ...] TAB path
 *
 * Beside a .rec or a .bin they say where each record came from; alone, beside a folder of
 * pictures, they are a set of their own. */
#ifndef ATELIER_OPS_IMAGE_LST_H
#define ATELIER_OPS_IMAGE_LST_H

#include "ops/image/reader.h"

enum { AT_LST_PATH = 4096 /* most bytes of a path */ };

typedef struct at_lst_line {
    uint64_t index;
    const char *path;
    const float *labels; /* (label_count) */
    size_t label_count;
    size_t line; /* from 1 */
} at_lst_line;

typedef struct at_lst {
    at_arena arena;
    at_lst_line *lines; /* as they stand */
    size_t count;
    at_lst_line **by_index; /* sorted */
} at_lst;                   /* zero-initialise */

AT_MUST_USE at_status at_lst_parse(const char *text, size_t length, const char *name,
                                   at_lst *out, at_error *err);
void at_lst_fini(at_lst *lst);
/* The list of the same stem in the same folder; an empty one if there is none. */
AT_MUST_USE at_status at_lst_beside(at_image_files *files, const at_image_file *file,
                                    at_lst *out, at_error *err);
/* The path of an index; NULL: none. */
const char *at_lst_path(const at_lst *lst, uint64_t index);
/* Names of classes, from the folders of the paths in all lists of the set: where labels
 * are whole numbers from 0 and each has one folder of its own. Hands nothing on where
 * that is not so. */
AT_MUST_USE at_status at_lst_classes(at_image_files *files, const at_image_sink *sink,
                                     at_error *err);

#endif
