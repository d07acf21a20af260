/* Describe: the parts of %describe. Each looks at one side of the table and sends what it
 * finds. */
#ifndef ATELIER_MAGICS_DATA_DESCRIBE_H
#define ATELIER_MAGICS_DATA_DESCRIBE_H

#include "magics/language/context.h"
#include "ops/explore/relation.h"
#include "ops/frame/profile.h"

/* Pairs and predictions are computed over a sample of so many rows at most; fewer where
 * there are very many columns (AT_DESCRIBE_CELLS: pairs times rows). */
enum { AT_DESCRIBE_ROWS = 100000, AT_DESCRIBE_SEED = 1, AT_DESCRIBE_COLUMNS = 600 };
#define AT_DESCRIBE_CELLS 4e8

typedef struct at_describe {
    at_context *context;
    const char *data;           /* the dataset's name */
    const at_frame *frame;      /* the columns asked for, and the target */
    int target;                 /* its column in the frame; -1: none */
    const at_profile *profiles; /* (columns) */
    at_facets facets;           /* of a sample; of rows whose target is known */
    at_relation *relations;     /* of the facets, strongest first */
    size_t relation_count;
    int64_t known; /* rows that the sample was drawn from */
} at_describe;

/* The table of columns (describe_columns.c). */
AT_MUST_USE at_status at_describe_columns(const at_describe *d, at_error *err);
/* What is odd, and the cell that mends it (describe_findings.c). */
AT_MUST_USE at_status at_describe_findings(const at_describe *d, at_error *err);
/* The strongest relations (describe_relations.c). */
AT_MUST_USE at_status at_describe_relations(const at_describe *d, at_error *err);
/* The target, what predicts it, and the leak radar (describe_target.c). */
AT_MUST_USE at_status at_describe_target(const at_describe *d, at_error *err);

/* " · from a sample of 100,000 rows", or "". */
const char *at_describe_sampled(const at_describe *d);

#endif
