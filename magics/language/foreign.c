/* What is pasted into a cell and is no SQL: Python, shell, a magic without its %.
 * Notebook servers also run Python of their own in any kernel; it is refused at once and
 * untouched. */
#include "magics/language/point.h"
#include "magics/language/spec.h"
#include "magics/language/sqlcell.h"
#include "ops/base/letter.h"

#include <string.h>

static bool name_char(char c) {
    return at_is_name(c) || c == '-';
}

static bool is_word(const char *text, size_t length, const char *const *words,
                    size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strlen(words[i]) == length && memcmp(text, words[i], length) == 0)
            return true;
    return false;
}

/* The rest of a line has the shape of Python: a call, an assignment, a block. */
static bool python_shape(const char *text, size_t length) {
    size_t i = 0;
    while (i < length && (name_char(text[i]) || text[i] == '.'))
        i++;
    size_t after = i;
    while (i < length && text[i] == ' ')
        i++;
    if (i < length && text[i] == '=' && !(i + 1 < length && text[i + 1] == '='))
        return true;
    return after == i && i < length && text[i] == '('; /* f(...) */
}

static at_status python(at_error *err) {
    at_fail(err, AT_SYNTAX, "this looks like Python; a cell here is SQL or magics");
    return at_hint(err,
                   "%%help lists the magics; SELECT ... asks the workspace's tables");
}

at_status at_foreign_check(const char *code, size_t length, size_t from, size_t to,
                           at_error *err) {
    static const char *const python_words[] = {
        "import", "from", "def",    "class",  "for",   "while",  "if",  "try", "print",
        "async",  "with", "lambda", "assert", "raise", "return", "del", "elif"};
    static const char *const statements[] = {
        "select",  "with",     "values",    "explain", "create",  "drop",
        "insert",  "update",   "delete",    "alter",   "attach",  "pragma",
        "begin",   "commit",   "replace",   "vacuum",  "analyze", "detach",
        "reindex", "rollback", "savepoint", "release", "end"};
    while (from < to && (code[from] == ' ' || code[from] == '\t' || code[from] == '\n' ||
                         code[from] == '\r'))
        from++;
    size_t end = from, line = from;
    while (end < to && name_char(code[end]))
        end++;
    while (line < to && code[line] != '\n')
        line++;
    if (end == from || !at_is_name(code[from]) || at_is_digit(code[from])) {
        if (code[from] != '@' || line == from)
            return AT_OK;
        at_status status = python(err);
        at_point(err, code, length, from, line);
        return status;
    }
    char word[16] = "";
    size_t n = end - from;
    for (size_t i = 0; i < n && n < sizeof word; i++)
        word[i] = code[from + i] >= 'A' && code[from + i] <= 'Z'
                      ? (char)(code[from + i] + 32)
                      : code[from + i];
    bool known =
        is_word(word, strlen(word), statements, sizeof statements / sizeof statements[0]);
    /* `with open(...) as f:` ends its line in a colon; WITH of SQL never does. */
    bool colon = line > from && code[line - 1] == ':';
    if (known && !(strcmp(word, "with") == 0 && colon))
        return AT_OK;
    at_status status = AT_OK;
    const at_magic *magic = n < sizeof word ? at_magic_find(word) : NULL;
    if (is_word(code + from, n, python_words,
                sizeof python_words / sizeof python_words[0]) ||
        python_shape(code + from, line - from)) {
        status = python(err);
    } else if (magic) {
        const char *sigil = magic->forms & AT_MAGIC_LINE ? "%" : "%%";
        at_fail(err, AT_SYNTAX, "'%s' is no SQL", word);
        status = at_hint(err, "did you mean %s%s?", sigil, magic->name);
    } else {
        at_fail(err, AT_SYNTAX, "'%.*s' begins no SQL statement", (int)(n < 60 ? n : 60),
                code + from);
        bool lonely = end == line;
        status =
            lonely ? at_hint(err, "to see a dataset: %%show %.*s, or SELECT * FROM %.*s",
                             (int)(n < 60 ? n : 60), code + from, (int)(n < 60 ? n : 60),
                             code + from)
                   : at_hint(err, "a cell holds SQL (SELECT ...), magics (%%help) or "
                                  "shell lines (!ls)");
    }
    at_point(err, code, length, from, end);
    return status;
}
