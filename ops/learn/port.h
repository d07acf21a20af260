/* Port: the columns that a stage of a model takes, and a frame brought into that shape:
 * columns in order, of the types that the model was trained on. */
#ifndef ATELIER_OPS_LEARN_PORT_H
#define ATELIER_OPS_LEARN_PORT_H

#include "ops/frame/frame.h"

#include <jansson.h>

typedef struct at_port_column {
    char *name;
    at_type type;
} at_port_column;

typedef struct at_port {
    at_port_column *columns;
    int count;
} at_port; /* zero-initialise */

/* From a schema [{"name", "type"}]. AT_CORRUPT for no schema. */
AT_MUST_USE at_status at_port_init(at_port *port, const json_t *schema, at_error *err);
void at_port_fini(at_port *port);

/* A new reference to a frame of the port's shape, perhaps `frame` itself; other columns
 * fall away. Whole numbers serve for floats and text for categories, and the reverse
 * where nothing is lost; an all-missing column serves for any. AT_INVALID lists missing
 * columns, or names column and row (from 1) of a cell of the wrong type. Thread-safe. */
AT_MUST_USE at_status at_port_conform(const at_port *port, const at_frame *frame,
                                      at_frame **out, at_error *err);

#endif
