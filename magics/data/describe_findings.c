/* What is odd about a table, and the %%clean cell that mends it. */
#include "magics/data/describe.h"
#include "magics/view/grid.h"
#include "ops/base/text.h"
#include "ops/explore/finding.h"

static const char *title_of(at_finding_kind kind) {
    static const char *const titles[] = {
        [AT_FINDING_BLANKS] = "blanks",
        [AT_FINDING_SPELLINGS] = "mixed spellings",
        [AT_FINDING_MARKERS] = "mark for missing",
        [AT_FINDING_SENTINEL] = "mark for missing?",
        [AT_FINDING_NUMBERS] = "numbers as text",
        [AT_FINDING_DUPLICATES] = "repeated rows",
        [AT_FINDING_EMPTY] = "empty",
        [AT_FINDING_CONSTANT] = "constant",
        [AT_FINDING_TWINS] = "said twice",
        [AT_FINDING_IDENTIFIER] = "identifier",
        [AT_FINDING_OUTLIERS] = "far-out values",
    };
    return titles[kind];
}

static at_status show_table(const at_describe *d, const at_finding *findings,
                            size_t count, at_error *err) {
    static const at_grid_column heads[] = {
        {.title = "finding"}, {.title = "columns"}, {.title = "what"}};
    at_grid_cell *cells =
        at_arena_alloc(d->context->arena, (3 * count + 1) * sizeof *cells);
    if (!cells)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to describe %s", d->data);
    for (size_t i = 0; i < count; i++) {
        cells[3 * i].text = title_of(findings[i].kind);
        cells[3 * i + 1].text = findings[i].columns;
        cells[3 * i + 2].text = findings[i].text;
    }
    at_grid grid = {.title = "Worth a look",
                    .columns = heads,
                    .column_count = 3,
                    .cells = cells,
                    .row_count = count,
                    .wrap = 1u << 1 | 1u << 2};
    at_bundle bundle;
    AT_TRY(at_view_grid(&grid, &bundle, err));
    at_view_send(d->context->call->display, &bundle);
    return AT_OK;
}

/* Steps that are a matter of taste are comments. */
static at_status show_cell(const at_describe *d, const at_finding *findings, size_t count,
                           at_error *err) {
    at_text code = {0};
    int steps = 0, comments = 0;
    at_text_format(&code, "%%%%clean %s", d->data);
    for (size_t i = 0; i < count; i++) {
        if (!findings[i].step)
            continue;
        at_text_format(&code, "\n%s%s", findings[i].perhaps ? "# " : "",
                       findings[i].step);
        steps += !findings[i].perhaps;
        comments += findings[i].perhaps;
    }
    at_status status = AT_OK;
    if (steps + comments > 0) {
        const char *title =
            comments == 0 ? "To mend this, paste into a cell:"
            : steps == 0
                ? "Steps that may mend this (take the # away from those that should run):"
                : "To mend this, paste into a cell (lines behind # are a matter of "
                  "taste):";
        at_bundle bundle;
        status = at_text_ok(&code) ? at_view_code(title, at_text_get(&code), &bundle, err)
                                   : at_fail(err, AT_NO_MEMORY,
                                             "not enough memory to describe %s", d->data);
        if (status == AT_OK)
            at_view_send(d->context->call->display, &bundle);
    }
    at_text_fini(&code);
    return status;
}

at_status at_describe_findings(const at_describe *d, at_error *err) {
    at_findings_task task = {.frame = d->frame,
                             .profiles = d->profiles,
                             .facets = &d->facets,
                             .relations = d->relations,
                             .relation_count = d->relation_count,
                             .target = d->target,
                             .pool = at_session_pool(d->context->session),
                             .cancel = d->context->call->cancel,
                             .arena = d->context->arena};
    at_finding *findings = NULL;
    size_t count = 0;
    AT_TRY(at_findings_of(&task, &findings, &count, err));
    if (count == 0)
        return AT_OK;
    AT_TRY(show_table(d, findings, count, err));
    return show_cell(d, findings, count, err);
}
