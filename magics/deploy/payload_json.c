/* A reader of just the JSON that payloads are made of: rows of scalars. It keeps numbers
 * as they were written and builds no tree, so that a large body needs little memory. RFC
 * 8259 otherwise. */
#include "magics/deploy/payload.h"

#include <string.h>

typedef struct reader {
    const char *at, *end;
    at_payload *payload;
    at_error *err;
    bool lines;
} reader;

static void skip_blanks(reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\r' ||
                              (*r->at == '\n' && !r->lines)))
        r->at++;
}

static bool eat(reader *r, char c) {
    skip_blanks(r);
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

/* A syntax error where the reader stands. */
static at_status unexpected(reader *r, const char *wanted) {
    at_payload *p = r->payload;
    skip_blanks(r);
    if (r->at == r->end || *r->at == '\n')
        return at_payload_fail(p, p->rows, NULL, r->err,
                               "the JSON ends where %s should be", wanted);
    size_t left = (size_t)(r->end - r->at), shown = left < 12 ? left : 12;
    while (shown < left && ((unsigned char)r->at[shown] & 0xC0) == 0x80)
        shown++;
    return at_payload_fail(p, p->rows, NULL, r->err,
                           "the JSON has '%.*s' where %s should be", (int)shown, r->at,
                           wanted);
}

static bool hex4(reader *r, unsigned *out) {
    if (r->end - r->at < 4)
        return false;
    *out = 0;
    for (int i = 0; i < 4; i++) {
        char c = r->at[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                : 99;
        if (digit > 15)
            return false;
        *out = *out << 4 | digit;
    }
    r->at += 4;
    return true;
}

static char *put_utf8(char *to, unsigned c) {
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xC0 | c >> 6);
        *to++ = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        *to++ = (char)(0xE0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 63));
        *to++ = (char)(0x80 | (c & 63));
    } else {
        *to++ = (char)(0xF0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 63));
        *to++ = (char)(0x80 | (c >> 6 & 63));
        *to++ = (char)(0x80 | (c & 63));
    }
    return to;
}

/* After a backslash. NULL: no valid escape. */
static char *read_escape(reader *r, char *to) {
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    if (r->at == r->end)
        return NULL;
    char c = *r->at++;
    const char *known = c ? strchr(from, c) : NULL;
    if (known) {
        *to++ = into[known - from];
        return to;
    }
    unsigned code, low;
    if (c != 'u' || !hex4(r, &code) || code == 0)
        return NULL;
    if (code >= 0xD800 && code < 0xDC00) { /* a pair makes one character */
        if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u')
            return NULL;
        r->at += 2;
        if (!hex4(r, &low) || low < 0xDC00 || low > 0xDFFF)
            return NULL;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code < 0xE000) {
        return NULL;
    }
    return put_utf8(to, code);
}

/* A string; the opening quote is behind. An escape is never shorter than what it stands
 * for, so the raw length bounds the copy. */
static at_status read_string(reader *r, at_payload_cell *out) {
    const char *close = r->at;
    while (close < r->end && *close != '"')
        close += *close == '\\' ? 2 : 1;
    if (close >= r->end) {
        r->at = r->end;
        return unexpected(r, "the end of a text");
    }
    char *copy = at_arena_alloc(r->payload->arena, (size_t)(close - r->at) + 1),
         *to = copy;
    if (!copy)
        return at_fail(r->err, AT_NO_MEMORY, "no memory left for the rows");
    while (r->at < close) {
        unsigned char c = (unsigned char)*r->at;
        if (c < ' ')
            return at_payload_fail(r->payload, r->payload->rows, NULL, r->err,
                                   "a text in the JSON holds a control character");
        r->at++;
        if (c != '\\')
            *to++ = (char)c;
        else if (!(to = read_escape(r, to)))
            return at_payload_fail(r->payload, r->payload->rows, NULL, r->err,
                                   "a text in the JSON holds an escape that is none");
    }
    *to = '\0';
    r->at = close + 1;
    *out = (at_payload_cell){copy, (size_t)(to - copy)};
    return AT_OK;
}

static const char *skip_digits(const char *at, const char *end) {
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* The end of the number at `at`, or NULL. */
static const char *number_end(const char *at, const char *end) {
    if (at < end && *at == '-')
        at++;
    const char *whole = skip_digits(at, end);
    if (whole == at || (*at == '0' && whole > at + 1))
        return NULL;
    at = whole;
    if (at < end && *at == '.') {
        const char *fraction = skip_digits(at + 1, end);
        if (fraction == at + 1)
            return NULL;
        at = fraction;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        const char *exponent = skip_digits(at, end);
        return exponent == at ? NULL : exponent;
    }
    return at;
}

static bool eat_word(reader *r, const char *word) {
    size_t n = strlen(word);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
        return false;
    r->at += n;
    return true;
}

/* One value of a row. */
static at_status read_scalar(reader *r, const char *column, at_payload_cell *out) {
    if (eat(r, '"'))
        return read_string(r, out);
    *out = (at_payload_cell){0};
    if (eat_word(r, "null"))
        return AT_OK;
    if (eat_word(r, "true"))
        *out = (at_payload_cell){"true", 4};
    else if (eat_word(r, "false"))
        *out = (at_payload_cell){"false", 5};
    if (out->text)
        return AT_OK;
    const char *end = number_end(r->at, r->end);
    if (end) {
        size_t length = (size_t)(end - r->at);
        *out = (at_payload_cell){at_arena_text(r->payload->arena, r->at, length), length};
        r->at = end;
        return out->text ? AT_OK
                         : at_fail(r->err, AT_NO_MEMORY, "no memory left for the rows");
    }
    if (r->at < r->end && (*r->at == '[' || *r->at == '{'))
        return at_payload_fail(r->payload, r->payload->rows, column, r->err,
                               "a list or an object where a single value is expected");
    return unexpected(r, "a value");
}

static const char *column_name(const reader *r, size_t place) {
    const at_intake *intake = r->payload->intake;
    return place < intake->count ? intake->columns[place].name : NULL;
}

/* The rest of [v, v, ...]. */
static at_status read_array(reader *r, at_payload_cell *cells) {
    size_t width = r->payload->intake->count, count = 0;
    if (!eat(r, ']')) {
        do {
            at_payload_cell cell;
            AT_TRY(read_scalar(r, column_name(r, count), &cell));
            if (count < width)
                cells[count] = cell;
            count++;
        } while (eat(r, ','));
        if (!eat(r, ']'))
            return unexpected(r, "',' or ']'");
    }
    if (count == width)
        return AT_OK;
    at_payload_fail(r->payload, r->payload->rows, NULL, r->err,
                    "there are %zu values where %zu are expected", count, width);
    return at_hint(r->err, "send objects {\"column\": value} to match by name");
}

static at_status unknown_key(reader *r, const char *key) {
    at_payload_fail(r->payload, r->payload->rows, NULL, r->err,
                    "the model does not know a column '%.100s'", key);
    return at_intake_hint(r->payload->intake, key, r->err);
}

static at_status lacks_key(reader *r, size_t place) {
    at_payload_fail(r->payload, r->payload->rows, column_name(r, place), r->err,
                    "the value is not there");
    return at_hint(r->err, "send null where a value is unknown");
}

/* The rest of {"name": v, ...}; or of {"features": [...]}. */
static at_status read_object(reader *r, at_payload_cell *cells, unsigned char *seen) {
    const at_intake *intake = r->payload->intake;
    size_t next = 0;
    if (eat(r, '}'))
        return lacks_key(r, 0);
    do {
        at_payload_cell key, value;
        if (!eat(r, '"'))
            return unexpected(r, "a column's name in quotes");
        AT_TRY(read_string(r, &key));
        if (!eat(r, ':'))
            return unexpected(r, "':'");
        int place = at_intake_find(intake, key.text, key.length, next);
        if (place == AT_INTAKE_UNKNOWN && strcmp(key.text, "features") == 0 &&
            eat(r, '[')) {
            AT_TRY(read_array(r, cells));
            return eat(r, '}') ? AT_OK : unexpected(r, "'}'");
        }
        if (place == AT_INTAKE_UNKNOWN)
            return unknown_key(r, key.text);
        AT_TRY(read_scalar(r, key.text, &value));
        if (place < 0)
            continue;
        if (seen[place])
            return at_payload_fail(r->payload, r->payload->rows,
                                   column_name(r, (size_t)place), r->err,
                                   "the value is there twice");
        seen[place] = 1;
        cells[place] = value;
        next = (size_t)place + 1;
    } while (eat(r, ','));
    if (!eat(r, '}'))
        return unexpected(r, "',' or '}'");
    for (size_t i = 0; i < intake->count; i++)
        if (!seen[i])
            return lacks_key(r, i);
    return AT_OK;
}

static at_status read_row(reader *r, unsigned char *seen) {
    at_payload_cell *cells = at_payload_row(r->payload);
    if (!cells)
        return at_fail(r->err, AT_NO_MEMORY, "no memory left for the rows");
    if (eat(r, '['))
        return read_array(r, cells);
    if (!eat(r, '{'))
        return unexpected(r, "a row, {\"column\": value} or [value, ...],");
    memset(seen, 0, r->payload->intake->count);
    return read_object(r, cells, seen);
}

static at_status begin(reader *r, at_payload *payload, const char *bytes, size_t length,
                       bool lines, unsigned char **seen, at_error *err) {
    *r = (reader){bytes, bytes + length, payload, err, lines};
    if (length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
        r->at += 3;
    *seen = at_arena_alloc(payload->arena, payload->intake->count);
    return *seen ? AT_OK : at_fail(err, AT_NO_MEMORY, "no memory left for the rows");
}

static at_status no_rows(at_payload *payload, at_error *err, const char *hint) {
    at_payload_fail(payload, 0, NULL, err, "the body holds no rows");
    return at_hint(err, "%s", hint);
}

at_status at_payload_json(at_payload *payload, const char *bytes, size_t length,
                          at_error *err) {
    reader r;
    unsigned char *seen;
    at_payload_cell key;
    AT_TRY(begin(&r, payload, bytes, length, false, &seen, err));
    bool named = eat(&r, '{') && eat(&r, '"') && read_string(&r, &key) == AT_OK &&
                 strcmp(key.text, "instances") == 0 && eat(&r, ':') && eat(&r, '[');
    if (!named) {
        at_payload_fail(payload, 0, NULL, err, "the body is not {\"instances\": [...]}");
        return at_hint(err, "for one JSON object a line, send Content-Type: "
                            "application/jsonlines");
    }
    if (eat(&r, ']'))
        return no_rows(payload, err, "put a row into \"instances\"");
    do
        AT_TRY(read_row(&r, seen));
    while (eat(&r, ','));
    if (!eat(&r, ']'))
        return unexpected(&r, "',' or ']'");
    if (!eat(&r, '}'))
        return unexpected(&r, "'}'");
    skip_blanks(&r);
    return r.at == r.end ? AT_OK : unexpected(&r, "the end");
}

at_status at_payload_jsonl(at_payload *payload, const char *bytes, size_t length,
                           at_error *err) {
    reader r;
    unsigned char *seen;
    AT_TRY(begin(&r, payload, bytes, length, true, &seen, err));
    for (;;) {
        skip_blanks(&r);
        if (r.at == r.end)
            break;
        if (*r.at == '\n') {
            r.at++;
            continue;
        }
        AT_TRY(read_row(&r, seen));
        skip_blanks(&r);
        if (r.at < r.end && *r.at != '\n')
            return unexpected(&r, "the end of the line");
    }
    return payload->rows ? AT_OK : no_rows(payload, err, "send one JSON object a line");
}
