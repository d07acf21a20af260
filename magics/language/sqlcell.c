#include "magics/language/sqlcell.h"
#include "magics/language/expand.h"
#include "magics/language/point.h"
#include "magics/language/session.h"
#include "magics/view/grid.h"
#include "ops/base/text.h"

#include <string.h>

enum { SHOWN_ROWS = 20, KEPT_OTHERS = 1 };

typedef struct running {
    at_context *context;
    const at_sqlcell *cell;
    at_expanded body;
    const at_sql_statement *statements;
    size_t count;
    at_workspace *workspace;
    at_sql *sql;
    const at_sql_binding *bindings;
    size_t binding_count;
    at_error *err;
} running;

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "no memory left for the query");
}

static at_status query(running *r, const at_sql_statement *statement, int64_t limit,
                       at_frame **out, int64_t *total) {
    return at_sql_query(r->sql, statement->query, r->bindings, r->binding_count, limit,
                        r->context->call->cancel, out, total, r->err);
}

/* Lineage of a dataset that SQL made: the start of a chain, its parents for the record.
 */
static at_status keep(running *r, const at_sql_statement *statement, const char *name) {
    at_error *err = r->err;
    AT_TRY(at_store_check_name(AT_KIND_DATASET, name, err));
    at_frame *frame = NULL;
    int64_t total = 0;
    at_session_sql_mark(r->context->session);
    AT_TRY(query(r, statement, 0, &frame, &total));
    json_t *lineage =
        at_lineage_origin("sql", statement->query + strspn(statement->query, " \t\r\n"));
    json_t *parents = at_session_sql_used(r->context->session);
    at_status status;
    if (!lineage || !parents)
        status = no_memory(err);
    else
        status = at_lineage_adopt(r->workspace, lineage, parents, err);
    if (!status)
        status = at_store_put_frame(r->workspace, name, frame, lineage, err);
    if (!status) {
        at_arena *arena = r->context->arena;
        at_display_print(r->context->call->display, "%s: %s x %s\n", name,
                         at_view_plural(arena, at_frame_rows(frame), "row"),
                         at_view_plural(arena, at_frame_columns(frame), "column"));
    }
    json_decref(parents);
    json_decref(lineage);
    at_frame_release(frame);
    return status;
}

static at_status show(running *r, const at_sql_statement *statement) {
    at_frame *frame = NULL;
    int64_t total = 0, rows = r->cell->limit > 0 ? r->cell->limit : SHOWN_ROWS;
    AT_TRY(query(r, statement, rows, &frame, &total));
    at_table_options options = {.rows = rows, .types = false};
    if (total > rows)
        options.more =
            "CREATE TABLE name AS ... keeps all rows, %show name pages through them";
    at_bundle bundle = {0};
    at_status status = at_view_table(frame, total, &options, &bundle, r->err);
    at_frame_release(frame);
    if (status)
        return status;
    at_display *display = r->context->call->display;
    if (r->cell->out) {
        *r->cell->out = bundle;
        return AT_OK;
    }
    if (r->cell->last)
        at_display_result(display, &bundle);
    else
        at_display_show(display, &bundle, NULL);
    at_bundle_fini(&bundle);
    return AT_OK;
}

static at_status drop(running *r, const at_sql_statement *statement) {
    at_error *err = r->err;
    at_status status =
        at_store_delete(r->workspace, AT_KIND_DATASET, statement->name, err);
    if (status == AT_NOT_FOUND && statement->if_exists) {
        at_error_clear(err);
        return AT_OK;
    }
    if (!status)
        at_display_print(r->context->call->display, "%s: deleted\n", statement->name);
    return status;
}

/* Points a failure that has no place yet at its statement. */
static at_status point(running *r, at_status status, const at_sql_statement *statement) {
    if (status && status != AT_CANCELLED && status != AT_NO_MEMORY) {
        size_t from = at_expanded_origin(&r->body, statement->offset);
        const char *name =
            statement->name ? strstr(statement->text, statement->name) : NULL;
        size_t skip = name ? (size_t)(name - statement->text) : 0;
        size_t wide =
            name ? strlen(statement->name) : strcspn(statement->text, " \t\r\n");
        if (skip)
            from = at_expanded_origin(&r->body, statement->offset + skip);
        at_point(r->err, r->cell->code, r->cell->length, from, from + wide);
    }
    return status;
}

static at_status run_statement(running *r, const at_sql_statement *statement,
                               bool shown) {
    at_frame *frame = NULL;
    int64_t total;
    if (at_cancelled(r->context->call->cancel))
        return at_fail(r->err, AT_CANCELLED, "interrupted");
    if (r->cell->into)
        return keep(r, statement, r->cell->into);
    switch (statement->verb) {
    case AT_SQL_CREATE: {
        /* IF NOT EXISTS: what is there stays. */
        at_frame *there = NULL;
        if (statement->if_exists &&
            !at_store_frame(r->workspace, statement->name, &there, NULL)) {
            at_frame_release(there);
            return AT_OK;
        }
        return keep(r, statement, statement->name);
    }
    case AT_SQL_DROP:
        return drop(r, statement);
    case AT_SQL_SELECT:
        break;
    }
    if (shown)
        return show(r, statement);
    /* Not shown, but its errors are. */
    AT_TRY(query(r, statement, KEPT_OTHERS, &frame, &total));
    at_frame_release(frame);
    return AT_OK;
}

static at_status split(running *r) {
    const at_sqlcell *cell = r->cell;
    at_context *context = r->context;
    AT_TRY(at_foreign_check(cell->code, cell->length, cell->from, cell->to, r->err));
    AT_TRY(at_expand(context->session, cell->code, cell->length, cell->from, cell->to,
                     context->arena, &r->body, r->err));
    at_sql_statement *statements = NULL;
    /* Below as many line ends as stand above it in the cell, and behind as many blanks as
     * stand before it on its line (%time ...): SQL's own lines, columns and carets are
     * then those of the cell. */
    int line, column;
    at_point_place(cell->code, cell->length, cell->from, &line, &column);
    size_t above = (size_t)line - 1, before = above + (size_t)column - 1;
    char *text = at_arena_alloc(context->arena, before + r->body.length + 1);
    if (!text)
        return no_memory(r->err);
    memset(text, '\n', above);
    memset(text + above, ' ', before - above);
    memcpy(text + before, r->body.text, r->body.length);
    AT_TRY(at_sql_split(text, before + r->body.length, context->arena, &statements,
                        &r->count, r->err));
    for (size_t i = 0; i < r->count; i++)
        statements[i].offset -= before;
    r->statements = statements;
    return AT_OK;
}

at_status at_sqlcell_run(at_context *context, const at_sqlcell *cell, at_error *err) {
    running r = {.context = context, .cell = cell, .err = err};
    AT_TRY(split(&r));
    if (cell->into)
        AT_TRY(at_store_check_name(AT_KIND_DATASET, cell->into, err));
    if (cell->into && (r.count != 1 || r.statements[0].verb != AT_SQL_SELECT)) {
        at_fail(err, AT_INVALID, "--into takes exactly one query");
        return at_hint(err, "CREATE TABLE name AS SELECT ... makes datasets one by one");
    }
    AT_TRY(at_session_workspace(context->session, context->call->display, &r.workspace,
                                err));
    AT_TRY(at_session_sql(context->session, r.workspace, &r.sql, err));
    AT_TRY(at_session_bindings(context->session, context->arena, &r.bindings,
                               &r.binding_count, err));
    size_t shown = r.count;
    for (size_t i = 0; i < r.count; i++)
        if (r.statements[i].verb == AT_SQL_SELECT)
            shown = i;
    for (size_t i = 0; i < r.count; i++)
        AT_TRY(
            point(&r, run_statement(&r, &r.statements[i], i == shown), &r.statements[i]));
    return AT_OK;
}
