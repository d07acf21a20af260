#include "magics/language/option.h"
#include "magics/language/point.h"
#include "ops/base/suggest.h"
#include "ops/base/text.h"

#include <string.h>

typedef struct parser {
    const at_magic *magic;
    at_words_reader reader;
    at_options *out;
    at_word *words;
    size_t count, capacity;
    size_t positional; /* arguments filled so far */
    bool *seen;        /* (arguments, then options) */
    at_text list;      /* the words of a LIST argument, comma-separated */
    const char **rest; /* or as they are */
    size_t rest_count, rest_capacity;
    at_error *err;
} parser;

static const char *sigil(const at_magic *magic) {
    return magic->forms & AT_MAGIC_LINE ? "%" : "%%";
}

static at_status no_memory(parser *p) {
    return at_fail(p->err, AT_NO_MEMORY, "no memory left to read the options");
}

static at_status point(parser *p, at_status status, const at_word *word) {
    at_point(p->err, p->reader.code, p->reader.length, word->from, word->to);
    return status;
}

static const char *refers_word(at_refers refers) {
    switch (refers) {
    case AT_REFERS_DATASET:
        return "DATASET";
    case AT_REFERS_NEW_NAME:
        return "NAME";
    case AT_REFERS_MODEL:
        return "MODEL";
    case AT_REFERS_ENDPOINT:
        return "ENDPOINT";
    case AT_REFERS_JOB:
        return "JOB";
    case AT_REFERS_RECIPE:
        return "RECIPE";
    case AT_REFERS_COLUMN:
        return "COLUMN";
    case AT_REFERS_PATH:
        return "PATH";
    case AT_REFERS_SOURCE:
        return "SOURCE";
    case AT_REFERS_MAGIC:
        return "MAGIC";
    case AT_REFERS_ALGORITHM:
        return "ALGORITHM";
    case AT_REFERS_SQL:
        return "SQL";
    case AT_REFERS_NOTHING:
    case AT_REFERS_ANY:
        break;
    }
    return NULL;
}

void at_option_value(const at_param *param, at_text *out) {
    const char *word = refers_word(param->refers);
    switch (param->kind) {
    case AT_PARAM_FLAG:
        return;
    case AT_PARAM_BOOL:
        at_text_put(out, "true|false");
        return;
    case AT_PARAM_INT:
        at_text_put(out, "N");
        return;
    case AT_PARAM_REAL:
        at_text_put(out, "X");
        return;
    case AT_PARAM_CHOICE:
        for (size_t i = 0; param->choices && param->choices[i]; i++)
            at_text_format(out, "%s%s", i ? "|" : "", param->choices[i]);
        return;
    case AT_PARAM_TEXT:
    case AT_PARAM_LIST:
        at_text_put(out, word ? word : "TEXT");
        if (param->kind == AT_PARAM_LIST)
            at_text_put(out, ",...");
        return;
    }
}

static void put_upper(at_text *out, const char *name) {
    for (; *name; name++)
        at_text_char(out, *name >= 'a' && *name <= 'z' ? (char)(*name - 32) : *name);
}

void at_option_usage(const at_magic *magic, at_text *out) {
    at_text_format(out, "%s%s", sigil(magic), magic->name);
    for (size_t i = 0; i < magic->argument_count; i++) {
        const at_param *a = &magic->arguments[i];
        at_text_put(out, a->required ? " " : " [");
        put_upper(out, a->name);
        at_text_put(out, a->kind == AT_PARAM_LIST ? " ..." : "");
        at_text_put(out, a->required ? "" : "]");
    }
    for (size_t i = 0; i < magic->option_count; i++) {
        const at_param *o = &magic->options[i];
        at_text_format(out, o->required ? " --%s" : " [--%s", o->name);
        if (o->kind != AT_PARAM_FLAG)
            at_text_char(out, ' ');
        at_option_value(o, out);
        at_text_put(out, o->required ? "" : "]");
    }
}

/* Replaces the hint by how the magic is used, where nothing better is known. */
static at_status hint_usage(parser *p) {
    if (!p->err || p->err->hint[0])
        return p->err ? p->err->code : AT_INVALID;
    at_text usage = {0};
    at_option_usage(p->magic, &usage);
    at_status status = at_hint(p->err, "%s", at_text_get(&usage));
    at_text_fini(&usage);
    return status;
}

static at_status unknown_option(parser *p, const char *name, const at_word *word) {
    at_fail(p->err, AT_INVALID, "%s%s has no option --%.100s", sigil(p->magic),
            p->magic->name, name);
    const char *names[64];
    size_t count = p->magic->option_count < 64 ? p->magic->option_count : 64;
    for (size_t i = 0; i < count; i++)
        names[i] = p->magic->options[i].name;
    const char *near = at_nearest(name, names, count);
    if (near)
        (void)at_hint(p->err, "did you mean --%s?", near);
    (void)hint_usage(p);
    return point(p, AT_INVALID, word);
}

/* Names the option as it is typed, with its dashes. */
static at_status bad_value(parser *p, at_status status, const at_param *param,
                           bool option, const at_word *word) {
    if (p->err && status == AT_INVALID && option) {
        size_t n = strlen(param->name);
        if (strncmp(p->err->text, param->name, n) == 0 && p->err->text[n] == ' ') {
            at_error copy = *p->err;
            at_fail(p->err, AT_INVALID, "--%s", copy.text);
            if (copy.hint[0])
                (void)at_hint(p->err, "%s", copy.hint);
        }
    }
    return point(p, status, word);
}

static at_status keep_word(parser *p, const at_word *word) {
    if (p->count == p->capacity) {
        size_t capacity = p->capacity ? 2 * p->capacity : 8;
        at_word *grown = at_arena_alloc(p->reader.arena, capacity * sizeof *grown);
        if (!grown)
            return no_memory(p);
        if (p->count)
            memcpy(grown, p->words, p->count * sizeof *grown);
        p->words = grown;
        p->capacity = capacity;
    }
    p->words[p->count++] = *word;
    return AT_OK;
}

/* Does the next word read as an option, so that it cannot be a value? */
static bool option_next(const at_words_reader *r) {
    return r->at + 1 < r->to && r->code[r->at] == '-' && r->code[r->at + 1] == '-';
}

static at_status option(parser *p, const at_word *word) {
    const char *equals = strchr(word->text, '=');
    size_t n = equals ? (size_t)(equals - word->text) - 2 : strlen(word->text) - 2;
    const char *name = at_arena_text(p->reader.arena, word->text + 2, n);
    if (!name)
        return no_memory(p);
    if (strcmp(name, "help") == 0) {
        p->out->help = true;
        return AT_OK;
    }
    const at_param *param =
        at_param_find(p->magic->options, p->magic->option_count, name);
    if (!param)
        return unknown_option(p, name, word);
    size_t index = p->magic->argument_count + (size_t)(param - p->magic->options);
    if (p->seen[index]) {
        at_fail(p->err, AT_INVALID, "--%s is given twice", param->name);
        return point(p, AT_INVALID, word);
    }
    p->seen[index] = true;
    at_word value = *word;
    const char *text = NULL;
    if (equals) {
        const char *raw = strchr(word->raw, '=');
        text = param->kind == AT_PARAM_LIST && raw ? raw + 1 : equals + 1;
    } else if (param->kind != AT_PARAM_FLAG) {
        bool more = false;
        at_word_skip(&p->reader);
        if (!option_next(&p->reader))
            AT_TRY(at_word_next(&p->reader, &value, &more, p->err));
        if (!more) {
            char expected[256];
            at_param_expects(param, expected, sizeof expected);
            at_fail(p->err, AT_INVALID, "--%s needs a value: %s", param->name, expected);
            return point(p, AT_INVALID, word);
        }
        AT_TRY(keep_word(p, &value));
        text = param->kind == AT_PARAM_LIST ? value.raw : value.text;
    }
    at_status status = at_param_set(param, text, p->reader.arena, p->out->base, p->err);
    return status ? bad_value(p, status, param, true, &value) : AT_OK;
}

static bool parted_by_commas(const at_param *param) {
    return param->refers != AT_REFERS_NOTHING && param->refers != AT_REFERS_PATH &&
           param->refers != AT_REFERS_SOURCE && param->refers != AT_REFERS_SQL;
}

/* One more word of a LIST argument: "a,", ",b", "c". */
static at_status list_word(parser *p, const at_param *param, const at_word *word) {
    if (parted_by_commas(param)) {
        const char *from = word->raw;
        size_t n = strlen(from);
        while (n && *from == ',')
            from++, n--;
        while (n && from[n - 1] == ',')
            n--;
        if (n && p->list.length)
            at_text_char(&p->list, ',');
        at_text_append(&p->list, from, n);
        return at_text_ok(&p->list) ? AT_OK : no_memory(p);
    }
    const char **grown =
        at_grow(p->rest, &p->rest_capacity, p->rest_count + 1, sizeof *grown);
    if (!grown)
        return no_memory(p);
    p->rest = grown;
    p->rest[p->rest_count++] = word->text;
    return AT_OK;
}

static at_status too_many(parser *p, const at_word *word) {
    at_fail(p->err, AT_INVALID, "unexpected '%.200s'", word->text);
    const char *names[64];
    size_t count = p->magic->option_count < 64 ? p->magic->option_count : 64;
    for (size_t i = 0; i < count; i++)
        names[i] = p->magic->options[i].name;
    const char *bare = word->text + strspn(word->text, "-");
    size_t n = strcspn(bare, "=");
    const char *name = at_arena_text(p->reader.arena, bare, n);
    const char *near = name && n > 1 ? at_nearest(name, names, count) : NULL;
    if (near)
        (void)at_hint(p->err, "did you mean --%s?", near);
    (void)hint_usage(p);
    return point(p, AT_INVALID, word);
}

static at_status positional(parser *p, const at_word *word) {
    if (p->positional >= p->magic->argument_count)
        return too_many(p, word);
    const at_param *param = &p->magic->arguments[p->positional];
    p->seen[p->positional] = true;
    if (param->kind == AT_PARAM_LIST)
        return list_word(p, param, word);
    if (word->text[0] == '-' && word->text[1] && !word->quoted) {
        double number;
        if (!at_parse_real(word->text, &number))
            return too_many(p, word);
    }
    p->positional++;
    at_status status =
        at_param_set(param, word->text, p->reader.arena, p->out->base, p->err);
    return status ? bad_value(p, status, param, false, word) : AT_OK;
}

/* Is the next positional a TEXT of SQL, the last: the rest of the line as typed? */
static bool verbatim_next(const parser *p) {
    if (p->positional + 1 != p->magic->argument_count)
        return false;
    const at_param *param = &p->magic->arguments[p->positional];
    return param->kind == AT_PARAM_TEXT && param->refers == AT_REFERS_SQL;
}

static at_status verbatim(parser *p) {
    at_words_reader *r = &p->reader;
    const at_param *param = &p->magic->arguments[p->positional];
    int line, column;
    at_point_place(r->code, r->length, r->at, &line, &column);
    size_t before = (size_t)line - 1, n = r->to - r->at;
    char *text = at_arena_alloc(r->arena, before + n + 1);
    if (!text)
        return no_memory(p);
    memset(text, '\n', before);
    memcpy(text + before, r->code + r->at, n);
    at_word word = {.text = text, .raw = text, .from = r->at, .to = r->to};
    AT_TRY(keep_word(p, &word));
    r->at = r->to;
    p->seen[p->positional++] = true;
    return at_param_set(param, text, r->arena, p->out->base, p->err);
}

/* Puts the words of a LIST argument into its place. */
static at_status finish_list(parser *p) {
    if (p->positional >= p->magic->argument_count || !p->seen[p->positional])
        return AT_OK;
    const at_param *param = &p->magic->arguments[p->positional];
    if (parted_by_commas(param)) {
        at_status status = at_param_set(param, at_text_get(&p->list), p->reader.arena,
                                        p->out->base, p->err);
        return status ? bad_value(p, status, param, false, &p->words[p->count - 1])
                      : AT_OK;
    }
    const char **items = at_arena_alloc(p->reader.arena, p->rest_count * sizeof *items);
    if (!items)
        return no_memory(p);
    memcpy(items, p->rest, p->rest_count * sizeof *items);
    at_words words = {.items = items, .count = p->rest_count};
    memcpy((char *)p->out->base + param->offset, &words, sizeof words);
    return AT_OK;
}

static at_status check_required(parser *p, size_t from) {
    for (size_t i = 0; i < p->magic->argument_count + p->magic->option_count; i++) {
        bool is_option = i >= p->magic->argument_count;
        const at_param *param = is_option
                                    ? &p->magic->options[i - p->magic->argument_count]
                                    : &p->magic->arguments[i];
        if (!param->required || p->seen[i])
            continue;
        at_fail(p->err, AT_INVALID, "%s%s needs %s%s (%s)", sigil(p->magic),
                p->magic->name, is_option ? "--" : "", param->name,
                param->help ? param->help : "a value");
        (void)hint_usage(p);
        size_t end = p->count ? p->words[p->count - 1].to : from;
        at_point(p->err, p->reader.code, p->reader.length, end, end);
        return AT_INVALID;
    }
    return AT_OK;
}

static at_status parse(parser *p) {
    bool only_words = false;
    for (;;) {
        at_word_skip(&p->reader);
        if (p->reader.at >= p->reader.to)
            return AT_OK;
        if (verbatim_next(p) && !(option_next(&p->reader) && !only_words))
            return verbatim(p);
        at_word word;
        bool more;
        AT_TRY(at_word_next(&p->reader, &word, &more, p->err));
        if (!more)
            return AT_OK;
        AT_TRY(keep_word(p, &word));
        bool dashes = !only_words && !word.quoted && strncmp(word.text, "--", 2) == 0;
        if (dashes && !word.text[2]) {
            only_words = true;
            continue;
        }
        AT_TRY(dashes ? option(p, &word) : positional(p, &word));
        if (p->out->help)
            return AT_OK;
    }
}

at_status at_options_parse(const at_magic *magic, const at_session *session,
                           const char *code, size_t length, size_t from, size_t to,
                           at_arena *arena, at_options *out, at_error *err) {
    *out = (at_options){0};
    parser p = {.magic = magic,
                .reader = {.session = session,
                           .code = code,
                           .length = length,
                           .at = from,
                           .to = to,
                           .arena = arena},
                .out = out,
                .err = err};
    out->base = at_arena_alloc(arena, magic->options_size ? magic->options_size : 1);
    p.seen = at_arena_alloc(arena, magic->argument_count + magic->option_count + 1);
    if (!out->base || !p.seen)
        return no_memory(&p);
    AT_TRY(at_params_defaults(magic->arguments, magic->argument_count, arena, out->base,
                              err));
    AT_TRY(
        at_params_defaults(magic->options, magic->option_count, arena, out->base, err));
    at_status status = parse(&p);
    if (!status && !out->help)
        status = finish_list(&p);
    if (!status && !out->help)
        status = check_required(&p, from);
    out->words = p.words;
    out->word_count = p.count;
    at_text_fini(&p.list);
    at_free(p.rest);
    return status;
}
