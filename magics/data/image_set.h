/* Image set: what %fetch and %generate share when they make datasets of pictures. */
#ifndef ATELIER_MAGICS_DATA_IMAGE_SET_H
#define ATELIER_MAGICS_DATA_IMAGE_SET_H

#include "magics/language/context.h"
#include "ops/image/gather.h"

/* A gather over a scratch file of the workspace, and its end. */
typedef struct at_image_set {
    at_gather *gather;
    at_scratch scratch;
} at_image_set;

AT_MUST_USE at_status at_image_set_begin(at_context *context, bool skip_bad,
                                         at_image_set *out, at_error *err);
/* Makes dataset `name` of what was gathered, and shows some of it. */
AT_MUST_USE at_status at_image_set_finish(at_context *context, at_image_set *set,
                                          const char *name, const json_t *lineage,
                                          at_error *err);
void at_image_set_end(at_image_set *set); /* in any case */

/* %generate: how an example of pictures is drawn. */
typedef struct at_image_example {
    int32_t side, channels, classes;
    const char *(*name)(int label); /* NULL: the number */
    int (*draw)(uint64_t seed, int64_t index, uint8_t *pixels);
} at_image_example;
AT_MUST_USE at_status at_image_set_generate(at_context *context, const char *what,
                                            const char *name,
                                            const at_image_example *example, int64_t rows,
                                            uint64_t seed, at_error *err);

/* %fetch: makes a dataset of `source` where it is one of pictures. *taken false: it is
 * not, and nothing was done. */
typedef struct at_image_fetch {
    const char *name, *source, *sha256, *member;
    const char *format;  /* of a reader, or "auto" */
    const char *classes; /* a file of names, or names parted by commas; may be NULL */
    bool fresh, skip_bad;
} at_image_fetch;
AT_MUST_USE at_status at_image_set_fetch(at_context *context, const at_image_fetch *fetch,
                                         bool *taken, at_error *err);

#endif
