/* Numbers, sizes and durations as a person reads them. */
#include "magics/view/grid.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *at_view_count(at_arena *arena, int64_t count) {
    char digits[24], out[40];
    int n = snprintf(digits, sizeof digits, "%lld", (long long)count);
    int at = 0;
    for (int i = 0; i < n; i++) {
        out[at++] = digits[i];
        int left = n - 1 - i;
        if (digits[i] != '-' && left > 0 && left % 3 == 0)
            out[at++] = ',';
    }
    const char *text = at_arena_text(arena, out, (size_t)at);
    return text ? text : "";
}

const char *at_view_plural(at_arena *arena, int64_t count, const char *noun) {
    const char *text = at_arena_format(arena, "%s %s%s", at_view_count(arena, count),
                                       noun, count == 1 ? "" : "s");
    return text ? text : "";
}

const char *at_view_bytes(at_arena *arena, int64_t bytes) {
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    double value = (double)bytes;
    int unit = 0;
    while (fabs(value) >= 999.5 && unit < 4) {
        value /= 1000;
        unit++;
    }
    const char *text = at_arena_format(arena,
                                       unit == 0       ? "%.0f %s"
                                       : value < 9.995 ? "%.2f %s"
                                       : value < 99.95 ? "%.1f %s"
                                                       : "%.0f %s",
                                       value, units[unit]);
    return text ? text : "";
}

const char *at_view_seconds(at_arena *arena, double seconds) {
    const char *text;
    if (seconds < 0.9995)
        text = at_arena_format(arena, "%.0f ms", seconds * 1e3);
    else if (seconds < 9.95)
        text = at_arena_format(arena, "%.1f s", seconds);
    else if (seconds < 59.5)
        text = at_arena_format(arena, "%.0f s", seconds);
    else if (seconds < 3570)
        text = at_arena_format(arena, "%d min %d s", (int)(lround(seconds) / 60),
                               (int)(lround(seconds) % 60));
    else
        text = at_arena_format(arena, "%d h %d min", (int)(lround(seconds / 60) / 60),
                               (int)(lround(seconds / 60) % 60));
    return text ? text : "";
}

const char *at_view_number(at_arena *arena, double value) {
    const char *text;
    double size = fabs(value);
    if (isnan(value))
        text = "–";
    else if (isinf(value))
        text = value > 0 ? "inf" : "-inf";
    else if (value == floor(value) && size < 1e9)
        text = at_view_count(arena, (int64_t)value);
    else if (size >= 1e9 || size < 1e-4)
        text = at_arena_format(arena, "%.3g", value);
    else if (size >= 999.95)
        text = at_view_count(arena, llround(value));
    else {
        int digits = 3 - (int)floor(log10(size));
        text = at_arena_format(arena, "%.*f", digits < 0 ? 0 : digits, value);
    }
    return text ? text : "";
}

/* The code point at *i of valid or invalid UTF-8; moves *i past it. */
static uint32_t next_point(const char *text, size_t length, size_t *i) {
    unsigned char lead = (unsigned char)text[(*i)++];
    int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    uint32_t point = more == 3   ? lead & 7u
                     : more == 2 ? lead & 15u
                     : more == 1 ? lead & 31u
                                 : lead;
    while (more-- > 0 && *i < length && ((unsigned char)text[*i] & 0xC0) == 0x80)
        point = point << 6 | ((unsigned char)text[(*i)++] & 0x3Fu);
    return point;
}

size_t at_view_width(const char *text, size_t length) {
    /* Combining marks take no column, East Asian wide and emoji take two (UAX 11, in the
     * ranges that matter in tables). */
    size_t width = 0;
    for (size_t i = 0; i < length;) {
        uint32_t p = next_point(text, length, &i);
        bool none = (p >= 0x300 && p <= 0x36F) || p == 0x200B || p == 0x200D ||
                    (p >= 0xFE00 && p <= 0xFE0F);
        bool wide = (p >= 0x1100 && p <= 0x115F) || (p >= 0x2E80 && p <= 0xA4CF) ||
                    (p >= 0xAC00 && p <= 0xD7A3) || (p >= 0xF900 && p <= 0xFAFF) ||
                    (p >= 0xFE30 && p <= 0xFE6F) || (p >= 0xFF00 && p <= 0xFF60) ||
                    (p >= 0xFFE0 && p <= 0xFFE6) || (p >= 0x1F300 && p <= 0x1F64F) ||
                    (p >= 0x1F900 && p <= 0x1F9FF) || (p >= 0x20000 && p <= 0x3FFFD);
        width += none ? 0 : wide ? 2 : 1;
    }
    return width;
}
