/* %time, %%time: how long something takes. */
#include "magics/language/spec.h"
#include "magics/view/grid.h"
#include "ops/base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct options {
    const char *line, *body;
} options;

static const at_param arguments[] = {
    {.name = "code",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_SQL,
     .offset = offsetof(options, line),
     .help = "a magic, a query or a shell line"},
};

static double processor_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const options *o = given;
    const char *code = o->line ? o->line : o->body;
    if (!code || !*code) {
        at_fail(err, AT_INVALID, "%%time needs something to time");
        return at_hint(err, "%%time SELECT ..., or a cell below %%%%time");
    }
    if (o->line && o->body) {
        at_fail(err, AT_INVALID, "%%%%time takes code on its line or below it, not both");
        return AT_INVALID;
    }
    double wall = at_now(), busy = processor_seconds();
    at_status status = at_context_run(context, code, err);
    wall = at_now() - wall;
    busy = processor_seconds() - busy;
    at_display_print(context->call->display, "%s, processor %s\n",
                     at_view_seconds(context->arena, wall),
                     at_view_seconds(context->arena, busy));
    return status;
}

static const char *const examples[] = {
    "%time SELECT count(*) FROM bank",
    "%%time\nSELECT job, avg(age) FROM bank GROUP BY job", NULL};

const at_magic at_magic_time = {
    .name = "time",
    .forms = AT_MAGIC_LINE | AT_MAGIC_CELL,
    .stage = AT_STAGE_HOUSE,
    .summary = "Runs a line or a cell and says how long it took",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .body = {.kind = AT_BODY_TEXT,
             .optional = true,
             .sql = true,
             .offset = offsetof(options, body),
             .help = "any cell: SQL, magics, shell lines"},
    .examples = examples,
    .detached = true,
    .options_size = sizeof(options),
    .run = run,
};
