/* A step as the line that its user would write, after the pattern of its kind. */
#include "ops/base/letter.h"
#include "ops/base/text.h"
#include "ops/recipe/step.h"

#include <stdio.h>
#include <string.h>

typedef struct writer {
    const at_step *step;
    at_text *out;
    size_t value; /* the next of args.values */
} writer;

static bool plain(const char *name, const char *also) {
    if (!*name)
        return false;
    for (const char *c = name; *c; c++)
        if (!at_is_word(*c) && !strchr(also, *c))
            return false;
    return true;
}

/* Words that mean a kind of column where no column has that name. */
static bool is_kind(const char *name) {
    static const char *const kinds[] = {"numeric", "category", "text", "date", "all"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (at_equal_fold(name, kinds[i]))
            return true;
    }
    return false;
}

void at_step_write_name(at_text *out, const char *name) {
    if (plain(name, "") && !is_kind(name)) {
        at_text_put(out, name);
        return;
    }
    char quote = !strchr(name, '`') ? '`' : !strchr(name, '"') ? '"' : '\'';
    at_text_char(out, quote);
    at_text_put(out, name);
    at_text_char(out, quote);
}

const char *at_step_quote(const char *name, char out[AT_STEP_QUOTED]) {
    at_text text = {0};
    at_step_write_name(&text, name);
    snprintf(out, AT_STEP_QUOTED, "%s", at_text_ok(&text) ? at_text_get(&text) : name);
    at_text_fini(&text);
    return out;
}

static void write_columns(const at_step *step, at_text *out) {
    for (size_t i = 0; i < step->args.column_count; i++) {
        const at_selector *selector = &step->args.columns[i];
        if (i)
            at_text_put(out, ", ");
        if (!selector->literal && plain(selector->text, "*?-."))
            at_text_put(out, selector->text);
        else
            at_step_write_name(out, selector->text);
    }
}

static void write_value(at_text *out, const char *value) {
    double number;
    if (at_parse_real(value, &number) && plain(value, "+-.")) {
        at_text_put(out, value);
        return;
    }
    char quote = strchr(value, '"') ? '\'' : '"';
    at_text_char(out, quote);
    at_text_put(out, value);
    at_text_char(out, quote);
}

static const char *next_value(writer *w) {
    return w->step->args.values[w->value++];
}

static size_t left(const writer *w) {
    return w->step->args.value_count - w->value;
}

static void write_pairs(writer *w) {
    for (bool first = true; left(w) >= 2; first = false) {
        at_text_put(w->out, first ? "" : ", ");
        write_value(w->out, next_value(w));
        at_text_put(w->out, " -> ");
        write_value(w->out, next_value(w));
    }
}

static void write_names(writer *w) {
    for (bool first = true; left(w); first = false) {
        at_text_put(w->out, first ? "" : ", ");
        at_step_write_name(w->out, next_value(w));
    }
}

/* Words of the pattern's own: as they are. */
static void write_words(writer *w) {
    for (bool first = true; left(w); first = false) {
        at_text_put(w->out, first ? "" : ", ");
        at_text_put(w->out, next_value(w));
    }
}

static void write_values(writer *w, size_t most) {
    for (size_t i = 0; i < most && w->value < w->step->args.value_count; i++) {
        if (i)
            at_text_put(w->out, ", ");
        write_value(w->out, w->step->args.values[w->value++]);
    }
}

static bool is(const char *word, size_t length, const char *what) {
    return strlen(what) == length && memcmp(word, what, length) == 0;
}

/* Was this optional group given? Its slots say. */
static bool given(const writer *w, const char *from, const char *to) {
    size_t length = (size_t)(to - from);
    const at_step_args *args = &w->step->args;
    for (size_t i = 0; i < length; i++) {
        if (length - i >= 6 && memcmp(from + i, "COLUMN", 6) == 0)
            return args->column_count > 0;
        if (length - i >= 5 && memcmp(from + i, "VALUE", 5) == 0)
            return w->value < args->value_count;
        if (length - i >= 4 && memcmp(from + i, "NAME", 4) == 0)
            return args->name != NULL;
        if (length - i >= 4 && memcmp(from + i, "TYPE", 4) == 0)
            return args->has_type;
        if (from[i] == '{')
            return memchr(from, '+', length) ? w->value < args->value_count
                                             : args->word != NULL;
    }
    return false;
}

static void write_element(writer *w, const char *word, size_t length) {
    const at_step_args *args = &w->step->args;
    at_text_char(w->out, ' ');
    if (is(word, length, "COLUMNS") || is(word, length, "COLUMN"))
        write_columns(w->step, w->out);
    else if (is(word, length, "VALUE"))
        write_values(w, 1);
    else if (is(word, length, "VALUES"))
        write_values(w, SIZE_MAX);
    else if (is(word, length, "PAIRS"))
        write_pairs(w);
    else if (is(word, length, "NAMES"))
        write_names(w);
    else if (*word == '{' && word[length - 1] == '+')
        write_words(w);
    else if (is(word, length, "NAME"))
        at_step_write_name(w->out, args->name ? args->name : "");
    else if (is(word, length, "TYPE"))
        at_text_put(w->out, at_type_name(args->type));
    else if (is(word, length, "EXPRESSION"))
        at_text_put(w->out, args->expression ? args->expression : "");
    else if (*word == '{' && args->word)
        at_text_put(w->out, args->word);
    else if (*word == '{')
        write_values(w, 1);
    else
        at_text_append(w->out, word, length);
}

void at_step_write(const at_step *step, at_text *out) {
    writer w = {step, out, 0};
    at_text_put(out, step->kind->verb);
    for (const char *p = step->kind->pattern; *p;) {
        if (*p == ' ' || *p == ']') {
            p++;
            continue;
        }
        if (*p == '[') {
            const char *end = p + strcspn(p, "]");
            p = given(&w, p, end) ? p + 1 : end;
            continue;
        }
        size_t length = *p == '{' ? strcspn(p, "}") + 1 : strcspn(p, " []");
        length += *p == '{' && p[length] == '+';
        write_element(&w, p, length);
        p += length;
    }
}
