#include "magics/language/reference.h"
#include "magics/language/help.h"
#include "magics/language/stepline.h"
#include "ops/frame/sql.h"
#include "ops/learn/algorithm.h"

#include <stdio.h>
#include <string.h>

static const char INTRODUCTION[] =
    "# Reference\n"
    "\n"
    "Every magic, step and setting, written by the program from its own descriptions: "
    "what "
    "`%help` and Shift-Tab show is the same.\n"
    "\n"
    "## Cells\n"
    "\n"
    "| a cell that ... | is |\n"
    "|---|---|\n"
    "| starts with `%%name` | a cell magic: its options on that line, its body below |\n"
    "| holds lines that start with `%name` | line magics, run in order |\n"
    "| holds lines that start with `!` | shell commands; an exit code other than 0 fails "
    "the "
    "cell |\n"
    "| holds anything else | SQL over the datasets; the last result is shown |\n"
    "| is `%name?`, `dataset?` or `dataset.column?` | help |\n"
    "\n"
    "Options are written `--name value` or `--name=value`; quotes work as in a shell, a "
    "name "
    "with odd characters stands in backticks, `#` begins a comment, a backslash at the "
    "end of "
    "the line continues it. `%set name = value` makes `${name}` in options and bodies "
    "and "
    "`:name` in SQL; `\\${` stands for the characters themselves.\n";

/* "a, b, c" of a list of words, as code. */
static void put_words(at_text *out, const char *const *words) {
    for (size_t i = 0; words[i]; i++)
        at_text_format(out, "%s`%s`", i ? ", " : "", words[i]);
    at_text_put(out, "\n");
}

static void put_cell(at_text *out, const char *text) {
    for (; *text; text++) {
        if (*text == '|')
            at_text_char(out, '\\');
        at_text_char(out, *text);
    }
}

static void put_steps(at_text *out) {
    size_t count;
    const at_step_kind *const *kinds = at_steps(&count);
    at_text_put(
        out,
        "\n## Steps\n\n"
        "One a line, in `%%clean` (makes a dataset) or `%%prepare` (defines a recipe "
        "that is fitted with a model). COLUMNS are names, globs (`emp*`) or kinds "
        "(`numeric`, `category`, `text`, `date`, `all`), comma-separated; values stand "
        "in `'` or `\"`, odd column names in backticks; PAIRS are `old -> new`; what is "
        "in "
        "brackets may be left out, of words in braces one is chosen, or with a + "
        "some.\n\n"
        "| step | in | what it does | for example |\n|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        const at_step_kind *k = kinds[i];
        at_text_put(out, "| `");
        put_cell(out, k->verb);
        at_text_put(out, *k->pattern ? " " : "");
        put_cell(out, k->pattern);
        at_text_format(out, "` | %s%s%s | ", k->where & AT_STEP_CLEAN ? "clean" : "",
                       k->where == (AT_STEP_CLEAN | AT_STEP_PREPARE) ? ", " : "",
                       k->where & AT_STEP_PREPARE ? "prepare" : "");
        put_cell(out, k->summary);
        const char *fence = strchr(k->example, '`') ? "``" : "`";
        at_text_format(out, " | %s", fence);
        put_cell(out, k->example);
        at_text_format(out, "%s |\n", fence);
    }
}

static void put_algorithms(at_text *out) {
    at_algorithm a;
    at_text_put(out, "\n## Hyperparameters\n\n"
                     "The body of `%%train`, `key = value` one a line, by algorithm.\n");
    for (size_t i = 0; at_algorithm_at(i, &a); i++) {
        at_text_format(out,
                       "\n### %s\n\n%s.\n\n| | takes | default | |\n|---|---|---|---|\n",
                       a.name, a.title);
        for (size_t p = 0; p < a.param_count; p++) {
            const at_param *param = &a.params[p];
            char expected[256];
            at_param_expects(param, expected, sizeof expected);
            at_text_format(out, "| `%s` | ", param->name);
            put_cell(out, expected);
            at_text_format(out, " | %s | ", param->fallback ? param->fallback : "");
            put_cell(out, param->help ? param->help : "");
            at_text_put(out, " |\n");
        }
    }
}

void at_reference_write(at_text *out) {
    size_t count;
    const at_magic *const *magics = at_magics(&count);
    at_text_put(out, INTRODUCTION);
    for (at_stage stage = AT_STAGE_DATA; stage <= AT_STAGE_HOUSE; stage++) {
        bool open = false;
        for (size_t i = 0; i < count; i++) {
            if (magics[i]->stage != stage)
                continue;
            if (!open)
                at_text_format(out, "\n## %s\n", at_help_stage(stage));
            open = true;
            at_text_put(out, "\n");
            at_help_markdown(magics[i], out);
        }
    }
    put_steps(out);
    put_algorithms(out);
    at_text_put(out, "\n## SQL\n\nThe dialect of SQLite "
                     "(https://www.sqlite.org/lang_select.html). Functions: ");
    put_words(out, at_sql_functions());
}

int at_reference_main(int argc, char **argv) {
    at_text page = {0};
    (void)argc, (void)argv;
    at_reference_write(&page);
    bool good = at_text_ok(&page) && fputs(at_text_get(&page), stdout) >= 0 &&
                fflush(stdout) == 0;
    at_text_fini(&page);
    return good ? 0 : 1;
}
