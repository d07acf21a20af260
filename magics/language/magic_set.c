/* %set: variables for ${name} in options and bodies, :name in SQL. */
#include "magics/language/spec.h"
#include "magics/view/grid.h"
#include "ops/base/text.h"

#include <string.h>

typedef struct options {
    at_words words;
    bool unset, fallback;
} options;

static const at_param arguments[] = {
    {.name = "assignment",
     .kind = AT_PARAM_LIST,
     .offset = offsetof(options, words),
     .help = "name = value; a name alone shows it; nothing lists all"},
};
static const at_param params[] = {
    {.name = "unset",
     .kind = AT_PARAM_FLAG,
     .offset = offsetof(options, unset),
     .help = "forget the variable"},
    {.name = "default",
     .kind = AT_PARAM_FLAG,
     .offset = offsetof(options, fallback),
     .help = "keep the value that the variable may have already"},
};

typedef struct listing {
    at_fact *facts;
    size_t count;
} listing;

static void count_one(void *context, const char *name, const char *value) {
    (void)name;
    (void)value;
    ((listing *)context)->count++;
}

static void list_one(void *context, const char *name, const char *value) {
    listing *l = context;
    l->facts[l->count++] = (at_fact){name, value};
}

static at_status list(at_context *context, at_error *err) {
    listing l = {0};
    at_session_each(context->session, count_one, &l);
    if (!l.count) {
        at_display_print(context->call->display,
                         "no variables; %%set name = value makes one\n");
        return AT_OK;
    }
    l.facts = at_arena_alloc(context->arena, l.count * sizeof *l.facts);
    if (!l.facts)
        return at_fail(err, AT_NO_MEMORY, "no memory left to list the variables");
    l.count = 0;
    at_session_each(context->session, list_one, &l);
    at_bundle bundle = {0};
    AT_TRY(at_view_facts(NULL, l.facts, l.count, &bundle, err));
    at_view_send(context->call->display, &bundle);
    return AT_OK;
}

static at_status show(at_context *context, const char *name, at_error *err) {
    const char *value = at_session_get(context->session, name);
    if (!value) {
        at_fail(err, AT_NOT_FOUND, "there is no variable '%.100s'", name);
        return at_hint(err, "set it with %%set %s = VALUE", name);
    }
    at_display_print(context->call->display, "%s\n", value);
    return AT_OK;
}

/* "name", "=", "value", ... however they were spaced, back into name and value. */
static at_status split(at_context *context, const at_words *words, const char **name,
                       const char **value, at_error *err) {
    at_text all = {0};
    for (size_t i = 0; i < words->count; i++)
        at_text_format(&all, "%s%s", i ? " " : "", words->items[i]);
    char *text = at_arena_text(context->arena, at_text_get(&all), all.length);
    bool ok = text && at_text_ok(&all);
    at_text_fini(&all);
    if (!ok)
        return at_fail(err, AT_NO_MEMORY, "no memory left for a variable");
    char *equals = strchr(text, '=');
    *name = text;
    *value = NULL;
    if (!equals)
        return AT_OK;
    char *end = equals;
    while (end > text && end[-1] == ' ')
        end--;
    *end = '\0';
    *value = equals[1] == ' ' ? equals + 2 : equals + 1;
    return AT_OK;
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const options *o = given;
    const char *name, *value;
    if (!o->words.count)
        return list(context, err);
    AT_TRY(split(context, &o->words, &name, &value, err));
    if (o->unset)
        return at_session_set(context->session, name, NULL, err);
    if (value && o->fallback && at_session_get(context->session, name))
        return AT_OK;
    if (value)
        return at_session_set(context->session, name, value, err);
    if (o->words.count > 1) {
        at_fail(err, AT_SYNTAX, "expected = after the name");
        return at_hint(err, "%%set %s = ...", o->words.items[0]);
    }
    return show(context, name, err);
}

static const char *const examples[] = {"%set target = y", "%set rows = 1000 --default",
                                       "%set", "%set target --unset", NULL};

const at_magic at_magic_set = {
    .name = "set",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_HOUSE,
    .summary = "Sets a variable: ${name} in options and bodies, :name in SQL",
    .details =
        "`${name}` stands for the value in the options and the body of any magic, also "
        "inside quotes; `\\${` stands for the characters themselves. `:name` is a value "
        "in "
        "SQL, never a piece of its text. Shell lines see the variables in their "
        "environment. `atelier run -p name=value` sets them from outside; `--default` in "
        "the "
        "script then leaves that value.",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .options = params,
    .option_count = AT_COUNT(params),
    .examples = examples,
    .detached = true,
    .options_size = sizeof(options),
    .run = run,
};
