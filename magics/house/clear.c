/* %clear: takes away what the cell has shown so far. */
#include "magics/language/spec.h"

struct clear_options {
    bool wait;
};

static const at_param options[] = {
    {.name = "wait",
     .kind = AT_PARAM_FLAG,
     .offset = offsetof(struct clear_options, wait),
     .help = "not before something else is shown, so that nothing flickers"},
};

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct clear_options *o = given;
    (void)err;
    at_display_clear(context->call->display, o->wait);
    return AT_OK;
}

static const char *const examples[] = {"%clear", "%clear --wait", NULL};

const at_magic at_magic_clear = {
    .name = "clear",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_HOUSE,
    .summary = "Takes away what this cell has shown so far",
    .details = "In a terminal, where lines stay, it takes away the last line or what was "
               "still being updated.",
    .options = options,
    .option_count = AT_COUNT(options),
    .examples = examples,
    .detached = true,
    .options_size = sizeof(struct clear_options),
    .run = run,
};
