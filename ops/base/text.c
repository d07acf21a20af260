#include "ops/base/text.h"
#include "ops/base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Makes room for `more` bytes and the NUL; false (and sticky failed) if it cannot. */
static bool reserve(at_text *text, size_t more) {
    if (text->failed)
        return false;
    size_t need;
    if (__builtin_add_overflow(text->length, more, &need) ||
        __builtin_add_overflow(need, (size_t)1, &need)) {
        text->failed = true;
        return false;
    }
    if (need <= text->capacity)
        return true;
    char *grown = at_grow(text->data, &text->capacity, need < 64 ? 64 : need, 1);
    if (!grown) {
        text->failed = true;
        return false;
    }
    text->data = grown;
    return true;
}

void at_text_append(at_text *text, const char *bytes, size_t length) {
    if (!reserve(text, length))
        return;
    if (length)
        memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void at_text_put(at_text *text, const char *string) {
    at_text_append(text, string, strlen(string));
}

void at_text_char(at_text *text, char c) {
    at_text_append(text, &c, 1);
}

void at_text_format(at_text *text, const char *format, ...) {
    if (!reserve(text, 64))
        return;
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    size_t room = text->capacity - text->length;
    int n = vsnprintf(text->data + text->length, room, format, args);
    va_end(args);
    if (n < 0) {
        text->failed = true;
    } else if ((size_t)n < room) {
        text->length += (size_t)n;
    } else {
        text->data[text->length] = '\0'; /* what was cut off is not ours to show */
        if (reserve(text, (size_t)n)) {
            vsnprintf(text->data + text->length, (size_t)n + 1, format, again);
            text->length += (size_t)n;
        }
    }
    va_end(again);
    if (text->failed && text->data)
        text->data[text->length] = '\0';
}

void at_text_html(at_text *text, const char *bytes, size_t length) {
    size_t from = 0;
    for (size_t i = 0; i < length; i++) {
        const char *escape = NULL;
        switch (bytes[i]) {
        case '&':
            escape = "&amp;";
            break;
        case '<':
            escape = "&lt;";
            break;
        case '>':
            escape = "&gt;";
            break;
        case '"':
            escape = "&quot;";
            break;
        case '\'':
            escape = "&#39;";
            break;
        default:
            continue;
        }
        at_text_append(text, bytes + from, i - from);
        at_text_put(text, escape);
        from = i + 1;
    }
    if (from < length)
        at_text_append(text, bytes + from, length - from);
}

void at_text_clear(at_text *text) {
    text->length = 0;
    text->failed = false;
    if (text->data)
        text->data[0] = '\0';
}

bool at_text_ok(const at_text *text) {
    return !text->failed;
}

const char *at_text_get(const at_text *text) {
    return text->data ? text->data : "";
}

char *at_text_take(at_text *text) {
    char *data = NULL;
    if (!text->failed && reserve(text, 0)) {
        data = text->data;
        data[text->length] = '\0';
        text->data = NULL;
    }
    at_text_fini(text);
    return data;
}

void at_text_fini(at_text *text) {
    at_free(text->data);
    *text = (at_text){0};
}
