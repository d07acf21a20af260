#include "ops/learn/port.h"

#include "ops/base/memory.h"
#include "ops/base/text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory for the columns of a model");
}

/* A column of missing cells. */
static at_status add_blank(at_frame_builder *b, const at_port_column *c, int64_t rows,
                           at_error *err) {
    at_column_builder *column;
    AT_TRY(at_column_builder_new(c->name, c->type, &column, err));
    at_column_builder_reserve(column, rows);
    for (int64_t r = 0; r < rows; r++)
        at_column_builder_missing(column);
    return at_frame_builder_take(b, column, err);
}

at_status at_port_init(at_port *port, const json_t *schema, at_error *err) {
    *port = (at_port){0};
    size_t count = json_array_size(schema);
    if (count == 0)
        return at_fail(err, AT_CORRUPT, "the model's columns are damaged");
    port->columns = at_alloc_array(count, sizeof *port->columns);
    at_status status = port->columns ? AT_OK : no_memory(err);
    for (size_t i = 0; i < count && status == AT_OK; i++) {
        const json_t *item = json_array_get(schema, i);
        const char *name = json_string_value(json_object_get(item, "name"));
        const char *type = json_string_value(json_object_get(item, "type"));
        at_port_column *c = &port->columns[i];
        if (!name || !*name || !type || !at_type_from_name(type, &c->type))
            status = at_fail(err, AT_CORRUPT, "the model's columns are damaged");
        else if (!(c->name = at_copy_text(name)))
            status = no_memory(err);
        else
            port->count++;
    }
    if (status != AT_OK)
        at_port_fini(port);
    return status;
}

void at_port_fini(at_port *port) {
    for (int i = 0; i < port->count; i++)
        at_free(port->columns[i].name);
    at_free(port->columns);
    *port = (at_port){0};
}

static at_status wrong_cell(const at_port_column *want, const at_column *have,
                            int64_t row, at_error *err) {
    at_text cell = {0};
    at_column_format(have, row, &cell);
    const char *hold = want->type == AT_TYPE_INT     ? "a whole number"
                       : want->type == AT_TYPE_FLOAT ? "a number"
                       : want->type == AT_TYPE_BOOL  ? "true or false"
                       : at_type_textual(want->type) ? "text"
                                                     : at_type_name(want->type);
    at_fail(err, AT_INVALID,
            "row %" PRId64 ", column %s: %s was expected, not %s '%.80s'", row + 1,
            want->name, hold, at_type_name(have->type), at_text_get(&cell));
    at_text_fini(&cell);
    return AT_INVALID;
}

/* Appends one cell in the wanted type; false: it would not keep its value. */
static bool add_cell(at_column_builder *b, const at_port_column *want,
                     const at_column *have, int64_t row) {
    if (!at_column_valid(have, row)) {
        at_column_builder_missing(b);
        return true;
    }
    if (at_type_textual(want->type)) {
        if (!at_type_textual(have->type))
            return false;
        int64_t length;
        const char *text = at_column_text(have, row, &length);
        at_column_builder_text(b, text, length);
        return true;
    }
    bool numbers = at_type_numeric(have->type) || have->type == AT_TYPE_BOOL;
    double x = numbers ? at_column_real(have, row) : (double)NAN;
    if (want->type == AT_TYPE_FLOAT && numbers) {
        at_column_builder_real(b, x);
        return true;
    }
    bool whole = isfinite(x) && x == floor(x) && fabs(x) <= 9007199254740992.0;
    if (!whole ||
        (want->type == AT_TYPE_BOOL ? x != 0 && x != 1 : want->type != AT_TYPE_INT))
        return false;
    at_column_builder_int(b, (int64_t)x);
    return true;
}

static at_status add_converted(at_frame_builder *b, const at_port_column *want,
                               const at_column *have, at_error *err) {
    at_column_builder *column;
    AT_TRY(at_column_builder_new(want->name, want->type, &column, err));
    at_column_builder_reserve(column, have->rows);
    for (int64_t r = 0; r < have->rows; r++)
        if (!add_cell(column, want, have, r)) {
            at_column_builder_release(column);
            return wrong_cell(want, have, r, err);
        }
    return at_frame_builder_take(b, column, err);
}

/* Where the i-th column is in the frame: names mostly come in order, so `guess` goes
 * first. */
static int find(const at_frame *frame, const at_port_column *c, int guess) {
    const at_column *there = at_frame_column(frame, guess);
    return there && strcmp(there->name, c->name) == 0 ? guess
                                                      : at_frame_find(frame, c->name);
}

static at_status check_present(const at_port *port, const at_frame *frame,
                               at_error *err) {
    enum { SHOWN = 10 };
    at_text names = {0};
    int lacking = 0, next = 0;
    for (int i = 0; i < port->count; i++) {
        const at_port_column *c = &port->columns[i];
        int at = find(frame, c, next);
        next = at >= 0 ? at + 1 : next;
        if (at >= 0)
            continue;
        if (lacking++ < SHOWN)
            at_text_format(&names, "%s%s", lacking > 1 ? ", " : "", c->name);
    }
    at_status status = AT_OK;
    if (lacking) {
        at_fail(err, AT_INVALID, "the rows lack %s that the model needs: %s%s",
                lacking == 1 ? "a column" : "columns", at_text_get(&names),
                lacking > SHOWN ? ", ..." : "");
        at_hint(err, "names are matched without regard to case");
        status = AT_INVALID;
    }
    at_text_fini(&names);
    return status;
}

/* Is the frame of the port's shape as it stands? */
static bool fits(const at_port *port, const at_frame *frame) {
    if (port->count != at_frame_columns(frame))
        return false;
    for (int i = 0; i < port->count; i++) {
        const at_column *have = at_frame_column(frame, i);
        if (have->type != port->columns[i].type ||
            strcmp(have->name, port->columns[i].name) != 0)
            return false;
    }
    return true;
}

static at_status add(const at_port_column *c, const at_frame *frame, int *next,
                     at_frame_builder *b, at_error *err) {
    int at = find(frame, c, *next);
    *next = at + 1;
    const at_column *have = at_frame_column(frame, at);
    if (have->type == c->type)
        return at_frame_builder_share(b, frame, at, c->name, err);
    if (have->missing == have->rows)
        return add_blank(b, c, have->rows, err);
    return add_converted(b, c, have, err);
}

at_status at_port_conform(const at_port *port, const at_frame *frame, at_frame **out,
                          at_error *err) {
    *out = NULL;
    if (fits(port, frame)) {
        *out = at_frame_retain(frame);
        return AT_OK;
    }
    AT_TRY(check_present(port, frame, err));
    at_frame_builder *b;
    AT_TRY(at_frame_builder_new(&b, err));
    int next = 0;
    for (int i = 0; i < port->count; i++) {
        at_status status = add(&port->columns[i], frame, &next, b, err);
        if (status != AT_OK) {
            at_frame_builder_release(b);
            return status;
        }
    }
    return at_frame_builder_finish(b, out, err);
}
