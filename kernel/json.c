#include "kernel/json.h"

#include <string.h>

/* Length of the valid UTF-8 sequence at `s`, 0 if there is none. */
static size_t sequence(const unsigned char *s, size_t left) {
    if (s[0] < 0x80)
        return 1;
    size_t want = s[0] >= 0xC2 && s[0] < 0xE0 ? 2 : s[0] >= 0xE0 && s[0] < 0xF0 ? 3 : 4;
    if (s[0] < 0xC2 || s[0] > 0xF4 || left < want)
        return 0;
    for (size_t i = 1; i < want; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xF0 && s[1] < 0x90);
    bool beyond = (s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF4 && s[1] > 0x8F);
    return overlong || beyond ? 0 : want;
}

static void escape(at_text *out, unsigned char c) {
    switch (c) {
    case '"':
        at_text_append(out, "\\\"", 2);
        return;
    case '\\':
        at_text_append(out, "\\\\", 2);
        return;
    case '\n':
        at_text_append(out, "\\n", 2);
        return;
    case '\r':
        at_text_append(out, "\\r", 2);
        return;
    case '\t':
        at_text_append(out, "\\t", 2);
        return;
    default:
        at_text_format(out, "\\u%04x", c);
    }
}

void at_json_put_string(at_text *out, const char *bytes, size_t length) {
    const unsigned char *s = (const unsigned char *)bytes;
    at_text_char(out, '"');
    size_t begin = 0, i = 0;
    while (i < length) {
        bool plain = s[i] >= 0x20 && s[i] < 0x7F && s[i] != '"' && s[i] != '\\';
        size_t n = plain ? 1 : sequence(s + i, length - i);
        if (plain || n > 1) {
            i += n;
            continue;
        }
        at_text_append(out, bytes + begin, i - begin);
        if (n == 1)
            escape(out, s[i]);
        else
            at_text_put(out, "\xEF\xBF\xBD");
        begin = ++i;
    }
    at_text_append(out, bytes + begin, length - begin);
    at_text_char(out, '"');
}

size_t at_utf8_unfinished(const char *bytes, size_t length) {
    for (size_t back = 1; back <= 3 && back <= length; back++) {
        unsigned char c = (unsigned char)bytes[length - back];
        if ((c & 0xC0) == 0x80)
            continue;
        size_t want = c >= 0xF0 && c <= 0xF4 ? 4 : c >= 0xE0 ? 3 : c >= 0xC2 ? 2 : 1;
        return c <= 0xF4 && want > back ? back : 0;
    }
    return 0;
}

static int append(const char *bytes, size_t length, void *out) {
    at_text_append(out, bytes, length);
    return at_text_ok(out) ? 0 : -1;
}

void at_json_dump(at_text *out, const json_t *value) {
    if (json_dump_callback(value, append, out, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
        out->failed = true;
}

bool at_json_bool(const json_t *object, const char *key, bool fallback) {
    const json_t *value = json_object_get(object, key);
    return json_is_boolean(value) ? json_is_true(value) : fallback;
}

int64_t at_json_int(const json_t *object, const char *key, int64_t fallback) {
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? (int64_t)json_integer_value(value) : fallback;
}

const char *at_json_text(const json_t *object, const char *key, const char *fallback,
                         size_t *length) {
    const json_t *value = json_object_get(object, key);
    const char *text = json_is_string(value) ? json_string_value(value) : fallback;
    if (length)
        *length = json_is_string(value) ? json_string_length(value)
                  : text                ? strlen(text)
                                        : 0;
    return text;
}
