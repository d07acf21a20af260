/* Image set: what %fetch and %generate share when they make datasets of pictures. */
#ifndef ATELIER_MAGICS_DATA_IMAGE_SET_H
#define ATELIER_MAGICS_DATA_IMAGE_SET_H

#include "magics/data/source.h"
#include "magics/language/context.h"
#include "ops/image/gather.h"

/* A gather over a scratch file of the workspace, and its end. */
typedef struct at_image_set {
    at_gather *gather;
    at_scratch scratch;
} at_image_set;

AT_MUST_USE at_status at_image_set_begin(at_context *context, bool skip_bad,
                                         at_image_set *out, at_error *err);
/* Makes dataset `name` of what was gathered, and shows some of it: the first pictures,
 * or some of all (`spread`). */
AT_MUST_USE at_status at_image_set_finish(at_context *context, at_image_set *set,
                                          const char *name, const json_t *lineage,
                                          bool spread, at_error *err);
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

/* %fetch: which pictures there are in an open source. */
typedef struct at_image_fetch {
    const char *name, *source, *member;
    const char *format;  /* of a reader, or "auto" */
    const char *classes; /* a file of names, or names parted by commas; may be NULL */
    bool fresh, skip_bad;
} at_image_fetch;
typedef struct at_image_found at_image_found;
/* Both are borrowed until the release; *reader NULL: it is no set of pictures. Release
 * *found in any case. */
AT_MUST_USE at_status at_image_set_find(at_context *context, const at_image_fetch *fetch,
                                        at_source *source, at_image_found **found,
                                        const at_image_reader **reader, at_error *err);
void at_image_found_release(at_image_found *found); /* NULL is fine */
/* Makes the dataset of what was found. */
AT_MUST_USE at_status at_image_set_fetch(at_image_found *found, at_error *err);

#endif
