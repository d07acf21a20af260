/* Augmented manifest, as SageMaker Ground Truth writes it: JSON lines,
 *
 *     {"source-ref": "s3://bucket/cat/7.jpg", "class": 3, "class-metadata": {...}}
 *
 * The label is a number, a number as text, a list of numbers (also as text: "[1,0,1]"),
 * or the name of a class. */
#ifndef ATELIER_OPS_IMAGE_MANIFEST_H
#define ATELIER_OPS_IMAGE_MANIFEST_H

#include "ops/base/error.h"
#include "ops/base/memory.h"

typedef struct at_manifest_line {
    const char *source;
    const char *name;    /* of the class, where the line says it; else NULL */
    const float *labels; /* (label_count) */
    size_t label_count;  /* 0: none, or a name alone */
} at_manifest_line;

/* One line, without its end. Texts and labels are in the arena. */
AT_MUST_USE at_status at_manifest_parse(const char *text, size_t length, at_arena *arena,
                                        at_manifest_line *out, at_error *err);

#endif
