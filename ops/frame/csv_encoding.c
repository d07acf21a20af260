#include "ops/base/text.h"
#include "ops/frame/csv_reader.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

/* 0x80 to 0x9F of Windows-1252
 * (unicode.org/Public/MAPPINGS/VENDORS/MICSFT/WINDOWS/CP1252.TXT); the five that it
 * leaves open become U+FFFD. */
static const uint16_t high[32] = {0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020,
                                  0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFD,
                                  0x017D, 0xFFFD, 0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D,
                                  0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
                                  0x0153, 0xFFFD, 0x017E, 0x0178};

size_t at_csv_from_latin(const char *bytes, size_t length, char *out) {
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned c = (unsigned char)bytes[i];
        if (c >= 0x80 && c < 0xA0)
            c = high[c - 0x80];
        if (c < 0x80) {
            out[n++] = (char)c;
        } else if (c < 0x800) {
            out[n++] = (char)(0xC0 | c >> 6);
            out[n++] = (char)(0x80 | (c & 0x3F));
        } else {
            out[n++] = (char)(0xE0 | c >> 12);
            out[n++] = (char)(0x80 | (c >> 6 & 0x3F));
            out[n++] = (char)(0x80 | (c & 0x3F));
        }
    }
    return n;
}

bool at_csv_is_latin(const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        unsigned c = (unsigned char)bytes[i];
        if (c >= 0x80 && c < 0xA0 && high[c - 0x80] == 0xFFFD)
            return false;
    }
    return true;
}

const char *at_csv_sniff(const char *bytes, size_t length, size_t *skip) {
    static const struct {
        const char *mark, *encoding;
        size_t length;
    } marks[] = {{"\xEF\xBB\xBF", "utf-8", 3},
                 {"\xFF\xFE", "utf-16le", 2},
                 {"\xFE\xFF", "utf-16be", 2}};
    for (size_t i = 0; i < 3; i++) {
        *skip = marks[i].length;
        if (length >= *skip && memcmp(bytes, marks[i].mark, *skip) == 0)
            return marks[i].encoding;
    }
    /* Latin letters in UTF-16 without a mark: every second byte is 0. */
    *skip = 0;
    size_t zeros[2] = {0, 0}, sample = length < 1000 ? length / 2 * 2 : 1000;
    for (size_t i = 0; i < sample; i++)
        zeros[i % 2] += bytes[i] == 0;
    if (sample >= 4 && zeros[1] > sample / 4 && zeros[0] < sample / 20)
        return "utf-16le";
    if (sample >= 4 && zeros[0] > sample / 4 && zeros[1] < sample / 20)
        return "utf-16be";
    return NULL;
}

at_status at_csv_transcode(const char *bytes, size_t length, const char *encoding,
                           at_text *out, at_error *err) {
    iconv_t converter = iconv_open("UTF-8", encoding);
    if (converter == (iconv_t)-1) {
        at_fail(err, AT_INVALID, "unknown encoding '%s'", encoding);
        if (err)
            at_hint(err, "for example utf-8, utf-16le, windows-1252, big5, shift_jis");
        return AT_INVALID;
    }
    char piece[16384], *from = (char *)bytes; /* iconv does not write there */
    size_t left = length;
    at_status status = AT_OK;
    while (left > 0 && status == AT_OK) {
        char *to = piece;
        size_t room = sizeof piece;
        size_t failed = iconv(converter, &from, &left, &to, &room);
        at_text_append(out, piece, sizeof piece - room);
        if (failed == (size_t)-1 && errno != E2BIG)
            status = at_fail(err, AT_INVALID, "byte %zu is not %s", length - left + 1,
                             encoding);
    }
    iconv_close(converter);
    if (status == AT_OK && !at_text_ok(out))
        status = at_fail(err, AT_NO_MEMORY, "out of memory");
    return status;
}
