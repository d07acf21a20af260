/* Help as text, HTML and Markdown: one walk over a spec. */
#include "magics/language/help.h"
#include "magics/language/option.h"
#include "magics/view/style.h"
#include "ops/learn/algorithm.h"

#include <string.h>

const char *at_help_stage(at_stage stage) {
    static const char *const names[] = {
        [AT_STAGE_DATA] = "Data",        [AT_STAGE_CLEAN] = "Clean and prepare",
        [AT_STAGE_TRAIN] = "Train",      [AT_STAGE_DEPLOY] = "Deploy",
        [AT_STAGE_HOUSE] = "Keep house",
    };
    return names[stage];
}

const char *at_help_sigil(const at_magic *magic) {
    return magic->forms & AT_MAGIC_LINE ? "%" : "%%";
}

static bool as_cell(const at_magic *magic) {
    return (magic->forms & AT_MAGIC_CELL) && magic->body.kind != AT_BODY_NONE;
}

/* Help of a param in words: what it is, what it takes, its default. */
static void put_words(const at_param *param, at_text *out) {
    at_text_put(out, param->help ? param->help : "");
    bool plain = param->kind == AT_PARAM_FLAG || param->kind == AT_PARAM_TEXT ||
                 (param->kind == AT_PARAM_LIST && !param->choices);
    if (!plain) {
        char expected[256];
        at_param_expects(param, expected, sizeof expected);
        at_text_format(out, "%s%s", param->help ? "; " : "", expected);
    } else if (param->unit) {
        at_text_format(out, " (%s)", param->unit);
    }
    if (param->required)
        at_text_put(out, "; required");
    else if (param->fallback && param->kind != AT_PARAM_FLAG)
        at_text_format(out, "; default %s", param->fallback);
}

static void put_name(const at_param *param, bool option, at_text *out) {
    if (option)
        at_text_put(out, "--");
    for (const char *c = param->name; *c; c++)
        at_text_char(out, !option && *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c);
    if (option && param->kind != AT_PARAM_FLAG && param->kind != AT_PARAM_CHOICE) {
        at_text_char(out, ' ');
        at_option_value(param, out);
    }
}

void at_help_param(const at_param *param, bool option, at_text *out) {
    at_text name = {0};
    put_name(param, option, &name);
    at_text_format(out, "%-24s ", at_text_get(&name));
    at_text_fini(&name);
    put_words(param, out);
    at_text_char(out, '\n');
}

/* The table of settings, where it can be had with default options. */
static const at_param *settings(const at_magic *magic, size_t *count) {
    *count = 0;
    if (magic->body.kind != AT_BODY_SETTINGS || !magic->body.settings)
        return NULL;
    at_arena arena = {0};
    at_error err = {0};
    const at_param *table = NULL;
    void *base = at_arena_alloc(&arena, magic->options_size + 1);
    if (base &&
        !at_params_defaults(magic->options, magic->option_count, &arena, base, &err))
        table = magic->body.settings(base, count);
    at_arena_fini(&arena);
    return table;
}

/* One walk over a spec; text, HTML and Markdown differ only in how they write. */
typedef struct writer {
    at_text *out;
    void (*title)(at_text *out, const at_magic *magic);
    void (*heading)(at_text *out, const char *text);
    void (*paragraph)(at_text *out, const char *text);
    void (*open)(at_text *out);
    void (*row)(at_text *out, const char *name, const char *words);
    void (*close)(at_text *out);
    void (*example)(at_text *out, const char *text);
    bool brief; /* steps and hyperparameters have a chapter of their own */
} writer;

static void write_params(const writer *w, const char *heading, const at_param *params,
                         size_t count, bool option) {
    if (!count)
        return;
    w->heading(w->out, heading);
    w->open(w->out);
    for (size_t i = 0; i < count; i++) {
        at_text name = {0}, words = {0};
        put_name(&params[i], option, &name);
        put_words(&params[i], &words);
        w->row(w->out, at_text_get(&name), at_text_get(&words));
        at_text_fini(&name);
        at_text_fini(&words);
    }
    w->close(w->out);
}

static void write_steps(const writer *w, unsigned where) {
    size_t count;
    const at_step_kind *const *kinds = at_steps(&count);
    w->heading(w->out, "Steps, one a line");
    w->open(w->out);
    for (size_t i = 0; i < count; i++) {
        if (!(kinds[i]->where & where))
            continue;
        at_text name = {0};
        at_text_format(&name, "%s%s%s", kinds[i]->verb, *kinds[i]->pattern ? " " : "",
                       kinds[i]->pattern);
        w->row(w->out, at_text_get(&name), kinds[i]->summary);
        at_text_fini(&name);
    }
    w->close(w->out);
}

/* Is the table one of an algorithm's hyperparameters? */
static bool of_algorithm(const at_param *table) {
    at_algorithm algorithm;
    for (size_t i = 0; at_algorithm_at(i, &algorithm); i++)
        if (algorithm.params == table)
            return true;
    return false;
}

static void write_body(const writer *w, const at_magic *magic) {
    if (!as_cell(magic))
        return;
    at_text words = {0};
    at_text_format(&words, "%s%s", magic->body.help ? magic->body.help : "text",
                   magic->body.optional ? " (may be left out)" : "");
    w->heading(w->out, "Body");
    w->paragraph(w->out, at_text_get(&words));
    at_text_fini(&words);
    if (magic->body.kind == AT_BODY_STEPS && w->brief)
        w->paragraph(w->out, "They are listed under [Steps](#steps).");
    else if (magic->body.kind == AT_BODY_STEPS)
        write_steps(w, magic->body.steps);
    size_t count;
    const at_param *table = settings(magic, &count);
    if (!table)
        return;
    if (w->brief && of_algorithm(table)) {
        w->paragraph(w->out, "The keys are those of the algorithm, listed under "
                             "[Hyperparameters](#hyperparameters).");
        return;
    }
    w->heading(w->out, "Settings, key = value");
    w->open(w->out);
    for (size_t i = 0; i < count; i++) {
        at_text value = {0};
        put_words(&table[i], &value);
        w->row(w->out, table[i].name, at_text_get(&value));
        at_text_fini(&value);
    }
    w->close(w->out);
}

static void write_magic(const writer *w, const at_magic *magic) {
    at_text text = {0};
    w->title(w->out, magic);
    at_text_format(&text, "%s.", magic->summary);
    w->paragraph(w->out, at_text_get(&text));
    if (magic->details)
        w->paragraph(w->out, magic->details);
    write_params(w, "Arguments", magic->arguments, magic->argument_count, false);
    write_params(w, "Options", magic->options, magic->option_count, true);
    write_body(w, magic);
    for (size_t i = 0; magic->examples && magic->examples[i]; i++) {
        if (i == 0)
            w->heading(w->out, "Examples");
        w->example(w->out, magic->examples[i]);
    }
    at_text_fini(&text);
}

/* The line of usage, folded before options where it is long. */
static void put_usage(const at_magic *magic, at_text *out) {
    enum { WIDTH = 88 };
    at_text usage = {0};
    if ((magic->forms & AT_MAGIC_LINE) && as_cell(magic))
        at_text_put(&usage, "%");
    at_option_usage(magic, &usage);
    size_t column = 0;
    for (const char *at = at_text_get(&usage); *at;) {
        /* one option with its value stays together */
        size_t n = 1 + strcspn(at + 1, " ");
        while (at[n] && strncmp(at + n, " [", 2) != 0 && strncmp(at + n, " --", 3) != 0)
            n += 1 + strcspn(at + n + 1, " ");
        if (column && column + n > WIDTH) {
            at_text_put(out, "\n   ");
            column = 3;
        }
        at_text_append(out, at, n);
        column += n;
        at += n;
    }
    at_text_fini(&usage);
}

/* -- text -- */
static void text_title(at_text *out, const at_magic *magic) {
    put_usage(magic, out);
    at_text_put(out, "\n");
}
static void text_heading(at_text *out, const char *text) {
    at_text_format(out, "\n%s\n", text);
}
/* Folded at blanks, for a console. */
static void text_paragraph(at_text *out, const char *text) {
    enum { WIDTH = 88 };
    size_t column = 0;
    at_text_put(out, "\n");
    while (*text) {
        size_t n = strcspn(text, " \n");
        if (column && column + 1 + n > WIDTH) {
            at_text_put(out, "\n");
            column = 0;
        }
        at_text_put(out, column ? " " : "");
        at_text_append(out, text, n);
        column += n + (column > 0);
        text += n;
        if (*text == '\n') {
            at_text_put(out, "\n");
            column = 0;
        }
        text += *text != '\0';
    }
    at_text_put(out, "\n");
}
static void text_nothing(at_text *out) {
    (void)out;
}
static void text_row(at_text *out, const char *name, const char *words) {
    at_text_format(out, strlen(name) > 24 ? "  %s\n  %-24s  " : "  %-24s%s  ", name, "");
    at_text_format(out, "%s\n", words);
}
static void text_example(at_text *out, const char *text) {
    at_text_put(out, "\n");
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");
        at_text_format(out, "    %.*s\n", (int)n, p);
        p += n + (p[n] == '\n');
    }
}

void at_help_text(const at_magic *magic, at_text *out) {
    writer w = {out,      text_title,   text_heading, text_paragraph, text_nothing,
                text_row, text_nothing, text_example, false};
    write_magic(&w, magic);
}

/* -- HTML -- */
/* Text with `code` spans of Markdown as <code>. */
static void html_text(at_text *out, const char *text) {
    bool code = false;
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "`\n");
        at_text_html(out, p, n);
        p += n;
        if (*p == '`') {
            code = !code;
            at_text_put(out, code ? "<code>" : "</code>");
            p++;
        } else if (*p == '\n') {
            at_text_put(out, p[1] == '\n' ? "<br>" : " ");
            p++;
        }
    }
    if (code)
        at_text_put(out, "</code>");
}
#define BLOCK                                                                            \
    "<pre style=\"margin:4px 0 8px;padding:8px 10px;border-radius:6px;overflow:auto;"    \
    "background:var(--jp-layout-color2,#f3f4f6)\">"
static void html_block(at_text *out, const char *text) {
    at_text_put(out, BLOCK);
    at_text_html(out, text, strlen(text));
    at_text_put(out, "</pre>");
}
static void html_title(at_text *out, const at_magic *magic) {
    at_text usage = {0};
    put_usage(magic, &usage);
    html_block(out, at_text_get(&usage));
    at_text_fini(&usage);
}
static void html_heading(at_text *out, const char *text) {
    at_text_put(out, "<div class=\"atl-title\" style=\"margin-top:12px\">");
    at_text_html(out, text, strlen(text));
    at_text_put(out, "</div>");
}
static void html_paragraph(at_text *out, const char *text) {
    at_text_put(out, "<p>");
    html_text(out, text);
    at_text_put(out, "</p>");
}
static void html_open(at_text *out) {
    at_text_put(out, "<div class=\"atl-scroll\" style=\"max-height:none\">"
                     "<table class=\"atl-grid\"><tbody>");
}
static void html_row(at_text *out, const char *name, const char *words) {
    at_text_put(out, "<tr><td style=\"min-width:9em\"><code>");
    at_text_html(out, name, strlen(name));
    at_text_put(out, "</code></td><td style=\"white-space:normal;max-width:52em\">");
    html_text(out, words);
    at_text_put(out, "</td></tr>");
}
static void html_close(at_text *out) {
    at_text_put(out, "</tbody></table></div>");
}

void at_help_html(const at_magic *magic, at_text *out) {
    writer w = {out,      html_title, html_heading, html_paragraph, html_open,
                html_row, html_close, html_block,   false};
    at_text_put(out, "<div class=\"atl\">");
    at_style_put(out);
    write_magic(&w, magic);
    at_text_put(out, "</div>");
}

/* -- Markdown -- */
static void markdown_title(at_text *out, const at_magic *magic) {
    at_text_format(out, "### %s%s\n\n```\n", as_cell(magic) ? "%%" : at_help_sigil(magic),
                   magic->name);
    put_usage(magic, out);
    at_text_put(out, "\n```\n");
}
static void markdown_heading(at_text *out, const char *text) {
    at_text_format(out, "\n**%s**\n", text);
}
static void markdown_paragraph(at_text *out, const char *text) {
    at_text_format(out, "\n%s\n", text);
}
static void markdown_open(at_text *out) {
    at_text_put(out, "\n| | |\n|---|---|\n");
}
static void markdown_cell(at_text *out, const char *text) {
    for (; *text; text++) {
        if (*text == '|')
            at_text_char(out, '\\');
        at_text_char(out, *text == '\n' ? ' ' : *text);
    }
}
static void markdown_row(at_text *out, const char *name, const char *words) {
    const char *fence = strchr(name, '`') ? "``" : "`";
    at_text_format(out, "| %s", fence);
    markdown_cell(out, name);
    at_text_format(out, "%s | ", fence);
    markdown_cell(out, words);
    at_text_put(out, " |\n");
}
static void markdown_example(at_text *out, const char *text) {
    at_text_format(out, "\n```\n%s\n```\n", text);
}

void at_help_markdown(const at_magic *magic, at_text *out) {
    writer w = {out,           markdown_title, markdown_heading, markdown_paragraph,
                markdown_open, markdown_row,   text_nothing,     markdown_example,
                true};
    write_magic(&w, magic);
}

static const char OVERVIEW[] = "A cell holds SQL over your datasets (`SELECT ... FROM "
                               "name`), magics (`%name`, `%%name`), "
                               "or shell lines (`!command`). `%help NAME` or `%name?` "
                               "tells all about one; Tab completes, "
                               "Shift-Tab explains.";

static void write_overview(const writer *w) {
    size_t count;
    const at_magic *const *magics = at_magics(&count);
    w->paragraph(w->out, OVERVIEW);
    for (at_stage stage = AT_STAGE_DATA; stage <= AT_STAGE_HOUSE; stage++) {
        bool open = false;
        for (size_t i = 0; i < count; i++) {
            at_text name = {0};
            if (magics[i]->stage != stage)
                continue;
            if (!open) {
                w->heading(w->out, at_help_stage(stage));
                w->open(w->out);
            }
            open = true;
            at_text_format(&name, "%s%s", as_cell(magics[i]) ? "%%" : "%",
                           magics[i]->name);
            w->row(w->out, at_text_get(&name), magics[i]->summary);
            at_text_fini(&name);
        }
        if (open)
            w->close(w->out);
    }
}

void at_help_overview_text(at_text *out) {
    writer w = {out,      text_title,   text_heading, text_paragraph, text_nothing,
                text_row, text_nothing, text_example, false};
    write_overview(&w);
}

void at_help_overview_html(at_text *out) {
    writer w = {out,      html_title, html_heading, html_paragraph, html_open,
                html_row, html_close, html_block,   false};
    at_text_put(out, "<div class=\"atl\">");
    at_style_put(out);
    write_overview(&w);
    at_text_put(out, "</div>");
}
