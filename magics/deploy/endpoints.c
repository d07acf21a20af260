/* %endpoints: what the workspace serves, and where. */
#include "magics/deploy/sample.h"
#include "magics/deploy/serve.h"
#include "magics/language/spec.h"
#include "magics/view/grid.h"

struct endpoints_options {
    bool start;
};

static const at_param options[] = {
    {.name = "start",
     .kind = AT_PARAM_FLAG,
     .offset = offsetof(struct endpoints_options, start),
     .help = "start the server again where it does not run"},
};

enum { COLUMNS = 4 };

static void fill_row(at_context *context, const at_entry *entry,
                     const at_server_info *server, at_grid_cell row[COLUMNS]) {
    at_arena *arena = context->arena;
    at_error why;
    const char *state = "Stopped";
    if (server->running) {
        at_status status = at_server_check(context->workspace, entry->name, &why);
        state = status == AT_OK     ? "InService"
                : status == AT_BUSY ? "Starting"
                                    : at_arena_format(arena, "Failed: %s", why.text);
    }
    row[0].text = entry->name;
    row[1].text = json_string_value(json_object_get(entry->card, "model_name"));
    row[2].text = state;
    row[3].text =
        server->port ? at_arena_format(arena, "127.0.0.1:%d", server->port) : NULL;
}

static at_status show(at_context *context, const at_entry *entries, size_t count,
                      const at_server_info *server, at_error *err) {
    static const at_grid_column columns[COLUMNS] = {{"endpoint", NULL, false},
                                                    {"model", NULL, false},
                                                    {"state", NULL, false},
                                                    {"address", NULL, false}};
    at_grid_cell *cells =
        at_arena_alloc(context->arena, (count + 1) * COLUMNS * sizeof *cells);
    if (!cells)
        return at_fail(err, AT_NO_MEMORY, "no memory left for the list");
    for (size_t i = 0; i < count; i++)
        fill_row(context, &entries[i], server, cells + i * COLUMNS);
    at_grid grid = {
        .columns = columns,
        .column_count = COLUMNS,
        .cells = cells,
        .row_count = count,
        .caption =
            server->running
                ? at_arena_format(context->arena, "served by process %d on port %d",
                                  server->pid, server->port)
                : "the server does not run: %endpoints --start, %deploy and %%invoke "
                  "start it again on its port",
    };
    at_bundle bundle;
    AT_TRY(at_view_grid(&grid, &bundle, err));
    at_view_send(context->call->display, &bundle);
    const char *address =
        at_arena_format(context->arena, "http://127.0.0.1:%d", server->port);
    if (server->port && address)
        at_display_print(
            context->call->display,
            "POST %s/endpoints/NAME/invocations, or from Python:\n" AT_BOTO_LINE "\n",
            address, address, entries[0].name);
    return AT_OK;
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct endpoints_options *o = given;
    at_entry *entries = NULL;
    size_t count = 0;
    AT_TRY(at_store_list(context->workspace, AT_KIND_ENDPOINT, context->arena, &entries,
                         &count, err));
    at_server_info server = {0};
    at_status status = at_server_find(context->workspace, &server, err);
    if (!status && o->start && count) /* one that starts already is waited for */
        status =
            at_server_ensure(context->workspace, context->call->cancel, &server, err);
    if (!status && count)
        status = show(context, entries, count, &server, err);
    else if (!status)
        at_display_print(
            context->call->display,
            "There are no endpoints. %%deploy MODEL --endpoint NAME makes one.\n");
    for (size_t i = 0; i < count; i++)
        at_entry_fini(&entries[i]);
    return status;
}

static const char *const examples[] = {"%endpoints", NULL};

const at_magic at_magic_endpoints = {
    .name = "endpoints",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_DEPLOY,
    .summary = "Lists the endpoints: address, model, state",
    .options = options,
    .option_count = AT_COUNT(options),
    .examples = examples,
    .options_size = sizeof(struct endpoints_options),
    .run = run,
};
