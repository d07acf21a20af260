/* The UTF-8 part of text.h. */
#include "ops/base/text.h"

/* Length of the well-formed sequence at `p` (1 to 4), 0 if there is none. The table is
 * Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF. */
static size_t sequence(const unsigned char *p, size_t room) {
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 0;
    size_t length = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (room < length)
        return 0;
    unsigned char low = 0x80, high = 0xBF;
    if (p[0] == 0xE0)
        low = 0xA0;
    else if (p[0] == 0xED)
        high = 0x9F;
    else if (p[0] == 0xF0)
        low = 0x90;
    else if (p[0] == 0xF4)
        high = 0x8F;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

bool at_utf8_valid(const char *bytes, size_t length) {
    const unsigned char *p = (const unsigned char *)bytes;
    for (size_t i = 0; i < length;) {
        size_t n = sequence(p + i, length - i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

/* Continuation bytes belong to the code point before them; so broken text still has
 * places. */
static bool starts(char byte) {
    return ((unsigned char)byte & 0xC0) != 0x80;
}

size_t at_utf8_count(const char *bytes, size_t length) {
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += starts(bytes[i]);
    return count;
}

size_t at_utf8_offset(const char *bytes, size_t length, size_t index) {
    size_t seen = 0;
    for (size_t i = 0; i < length; i++)
        if (starts(bytes[i]) && seen++ == index)
            return i;
    return length;
}

size_t at_utf8_index(const char *bytes, size_t length, size_t offset) {
    return at_utf8_count(bytes, offset < length ? offset : length);
}
