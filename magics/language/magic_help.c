/* %help: what there is to say, and how. */
#include "magics/language/help.h"
#include "magics/view/grid.h"
#include "ops/base/suggest.h"

typedef struct options {
    const char *name;
} options;

static const at_param arguments[] = {
    {.name = "name",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_MAGIC,
     .offset = offsetof(options, name),
     .help = "a magic to tell all about"},
};

static at_status unknown(const char *name, at_error *err) {
    size_t count;
    const at_magic *const *magics = at_magics(&count);
    const char *near = NULL, *names[128];
    for (size_t i = 0; i < count && i < AT_COUNT(names); i++)
        names[i] = magics[i]->name;
    near = at_nearest(name, names, count < AT_COUNT(names) ? count : AT_COUNT(names));
    at_fail(err, AT_NOT_FOUND, "there is no magic '%.100s'", name);
    return near ? at_hint(err, "did you mean %%help %s?", near)
                : at_hint(err, "%%help alone lists them");
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const options *o = given;
    at_bundle bundle;
    if (!o->name) {
        AT_TRY(at_help_overview(&bundle, err));
    } else {
        const char *name = o->name;
        while (*name == '%')
            name++;
        const at_magic *magic = at_magic_find(name);
        if (!magic)
            return unknown(o->name, err);
        AT_TRY(at_help_bundle(magic, &bundle, err));
    }
    at_view_send(context->call->display, &bundle);
    return AT_OK;
}

static const char *const examples[] = {"%help", "%help sql", "%sql?", NULL};

const at_magic at_magic_help = {
    .name = "help",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_HOUSE,
    .summary = "Lists the magics, or tells all about one",
    .details = "`%name?` shows the same in the pager, and Shift-Tab beside the cursor.",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .examples = examples,
    .detached = true,
    .options_size = sizeof(options),
    .run = run,
};
