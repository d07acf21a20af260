#include "ops/image/container.h"
#include "ops/image/orientation.h"

#include <pthread.h>
#include <string.h>

enum { SCANS_MAX = 1000 };

static uint32_t big(const uint8_t *p, int bytes) {
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | p[i];
    return value;
}

/* ---- JPEG ---------------------------------------------------------------------------
 */

static at_status cut_off(const char *format, size_t length, at_error *err) {
    return at_fail(err, AT_CORRUPT, "the %s is cut off: it ends at byte %zu", format,
                   length);
}

static at_status read_frame(const uint8_t *segment, size_t size, size_t at,
                            at_image_facts *facts, at_error *err) {
    if (size < 8)
        return at_fail(err, AT_CORRUPT, "the JPEG is damaged: a short header at byte %zu",
                       at);
    if (segment[2] != 8)
        return at_fail(err, AT_UNSUPPORTED,
                       "a JPEG of %d bits a channel is not read here, 8 are", segment[2]);
    facts->h = (int32_t)big(segment + 3, 2);
    facts->w = (int32_t)big(segment + 5, 2);
    facts->c = segment[7] == 1 ? 1 : 3;
    return AT_OK;
}

/* What the segments so far have said. */
typedef struct jpeg {
    const uint8_t *bytes;
    size_t length;
    at_image_facts *facts;
    int scans;
} jpeg;

/* Huffman tables: class and number, 16 counts of codes by length, as many values. More
 * than 256 values, or more codes of a length than there can be, are more than decoders
 * have room for. */
static at_status read_tables(jpeg *j, size_t at, size_t size, at_error *err) {
    const uint8_t *segment = j->bytes + at + 2;
    for (size_t i = 2; i < size;) {
        size_t values = 0, codes = 0;
        bool room = size - i >= 17 && segment[i] >> 4 <= 1 && (segment[i] & 15) <= 3;
        for (size_t k = 1; room && k <= 16; k++) {
            values += segment[i + k];
            codes = codes * 2 + segment[i + k];
            room = codes <= (size_t)1 << k;
        }
        if (!room || values > 256 || values > size - i - 17)
            return at_fail(err, AT_CORRUPT,
                           "the JPEG is damaged: a wrong Huffman table at byte %zu", at);
        i += 17 + values;
    }
    return AT_OK;
}

/* Past the entropy-coded data that begins at `at`: the next marker that is neither a
 * stuffed byte nor a restart; `length` where there is none. */
static size_t past_scan(const uint8_t *bytes, size_t length, size_t at) {
    while (at < length) {
        const uint8_t *mark = memchr(bytes + at, 0xFF, length - at);
        if (!mark)
            return length;
        at = (size_t)(mark - bytes);
        if (at + 1 >= length)
            return length;
        uint8_t code = bytes[at + 1];
        if (code == 0xFF)
            at++;
        else if (code == 0 || (code >= 0xD0 && code <= 0xD7))
            at += 2;
        else
            return at;
    }
    return length;
}

static bool frame_marker(uint8_t code) {
    return code >= 0xC0 && code <= 0xCF && code != 0xC4 && code != 0xC8 && code != 0xCC;
}

/* A segment with a length of its own; *at moves past it. */
static at_status read_segment(jpeg *j, uint8_t code, size_t *at, at_error *err) {
    size_t begin = *at;
    if (j->length - begin < 4)
        return cut_off("JPEG", j->length, err);
    size_t size = big(j->bytes + begin + 2, 2);
    if (size < 2)
        return at_fail(err, AT_CORRUPT,
                       "the JPEG is damaged: a segment of %zu bytes at byte %zu", size,
                       begin);
    if (size > j->length - begin - 2)
        return cut_off("JPEG", j->length, err);
    *at = begin + 2 + size;
    if (frame_marker(code)) {
        if (j->facts->w)
            return at_fail(err, AT_CORRUPT,
                           "the JPEG is damaged: a second frame at byte %zu", begin);
        return read_frame(j->bytes + begin + 2, size, begin, j->facts, err);
    }
    const uint8_t *data = j->bytes + begin + 4;
    if (code == 0xE1 && !j->facts->orientation && size >= 8 &&
        memcmp(data, "Exif\0", 6) == 0)
        j->facts->orientation = at_orientation_read(data + 6, size - 8);
    if (code == 0xC4)
        return read_tables(j, begin, size, err);
    if (code == 0xDA) {
        if (++j->scans > SCANS_MAX)
            return at_fail(err, AT_LIMIT, "the JPEG has more than %d scans", SCANS_MAX);
        *at = past_scan(j->bytes, j->length, *at);
    }
    return AT_OK;
}

at_status at_container_jpeg(const uint8_t *bytes, size_t length, at_image_facts *facts,
                            at_error *err) {
    jpeg j = {.bytes = bytes, .length = length, .facts = facts};
    size_t at = 2;
    *facts = (at_image_facts){.format = AT_IMAGE_JPEG};
    for (;;) {
        /* Bytes between segments are passed over, as every decoder does. */
        while (at < length && bytes[at] != 0xFF)
            at++;
        while (at + 1 < length && bytes[at + 1] == 0xFF)
            at++;
        if (at + 1 >= length)
            return cut_off("JPEG", length, err);
        uint8_t code = bytes[at + 1];
        if (code == 0xD9)
            break;
        if (code == 0 || code == 1 || (code >= 0xD0 && code <= 0xD8))
            at += 2;
        else
            AT_TRY(read_segment(&j, code, &at, err));
    }
    if (!facts->w || !facts->h || !j.scans)
        return at_fail(err, AT_CORRUPT, "the JPEG holds no picture: it ends at byte %zu",
                       at);
    return AT_OK;
}

/* ---- PNG ----------------------------------------------------------------------------
 */

static uint32_t table[256]; /* of CRC-32, made once */
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void make_table(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? 0xEDB88320u ^ c >> 1 : c >> 1;
        table[i] = c;
    }
}

static uint32_t checksum(const uint8_t *bytes, size_t length) {
    pthread_once(&table_once, make_table);
    uint32_t c = UINT32_MAX;
    for (size_t i = 0; i < length; i++)
        c = table[(c ^ bytes[i]) & 255] ^ c >> 8;
    return ~c;
}

static at_status read_header(const uint8_t *data, size_t size, at_image_facts *facts,
                             at_error *err) {
    if (size != 13)
        return at_fail(err, AT_CORRUPT, "the PNG is damaged: its header has %zu bytes",
                       size);
    uint32_t w = big(data, 4), h = big(data + 4, 4);
    if (w == 0 || h == 0 || w > INT32_MAX || h > INT32_MAX)
        return at_fail(err, AT_CORRUPT, "the PNG is damaged: it is %u x %u", w, h);
    facts->w = (int32_t)w;
    facts->h = (int32_t)h;
    facts->c = data[9] == 0 || data[9] == 4 ? 1 : 3;
    return AT_OK;
}

at_status at_container_png(const uint8_t *bytes, size_t length, bool whole,
                           at_image_facts *facts, at_error *err) {
    *facts = (at_image_facts){.format = AT_IMAGE_PNG};
    bool pixels = false;
    for (size_t at = 8;;) {
        if (length - at < 12)
            return cut_off("PNG", length, err);
        size_t size = big(bytes + at, 4);
        const uint8_t *kind = bytes + at + 4;
        if (size > length - at - 12)
            return at_fail(err, AT_CORRUPT,
                           "the PNG is cut off: the piece at byte %zu has %zu bytes", at,
                           size);
        bool first = at == 8, header = memcmp(kind, "IHDR", 4) == 0;
        if (first != header)
            return at_fail(err, AT_CORRUPT, "the PNG is damaged: %s at byte %zu",
                           first ? "no header" : "a second header", at);
        /* Upper case: critical. A damaged comment harms nobody. */
        if (!(kind[0] & 32) && checksum(kind, size + 4) != big(bytes + at + 8 + size, 4))
            return at_fail(err, AT_CORRUPT,
                           "the PNG is damaged: wrong checksum of the piece at byte %zu",
                           at);
        if (header)
            AT_TRY(read_header(kind + 4, size, facts, err));
        if (memcmp(kind, "eXIf", 4) == 0 && !facts->orientation)
            facts->orientation = at_orientation_read(kind + 4, size);
        pixels |= memcmp(kind, "IDAT", 4) == 0;
        if (pixels && !whole)
            return AT_OK;
        if (memcmp(kind, "IEND", 4) == 0)
            break;
        at += size + 12;
    }
    return pixels ? AT_OK : at_fail(err, AT_CORRUPT, "the PNG holds no picture");
}

/* ---- PNM ----------------------------------------------------------------------------
 */

/* A decimal number of at most 9 digits after blanks; -1: there is none. */
static int64_t number(const uint8_t *bytes, size_t length, size_t *at) {
    while (*at < length && (bytes[*at] == ' ' || (bytes[*at] >= 9 && bytes[*at] <= 13)))
        ++*at;
    int64_t value = 0;
    size_t begin = *at;
    while (*at < length && *at - begin < 9 && bytes[*at] >= '0' && bytes[*at] <= '9')
        value = value * 10 + bytes[(*at)++] - '0';
    return *at == begin ? -1 : value;
}

at_status at_container_pnm(const uint8_t *bytes, size_t length, at_image_facts *facts,
                           size_t *at, at_error *err) {
    *facts = (at_image_facts){.format = AT_IMAGE_PNM, .c = bytes[1] == '5' ? 1 : 3};
    *at = 2;
    int64_t w = number(bytes, length, at), h = number(bytes, length, at);
    int64_t most = number(bytes, length, at);
    if (w < 1 || h < 1 || most < 1 || *at >= length)
        return at_fail(err, AT_CORRUPT, "the PNM's header is damaged at byte %zu", *at);
    if (most != 255)
        return at_fail(err, AT_UNSUPPORTED,
                       "a PNM whose most is %lld is not read here, only 255",
                       (long long)most);
    ++*at; /* one blank */
    facts->w = (int32_t)w;
    facts->h = (int32_t)h;
    int64_t want = w * h * facts->c;
    if (want > (int64_t)(length - *at))
        return at_fail(err, AT_CORRUPT, "the PNM is cut off: %zu bytes of %lld pixels",
                       length - *at, (long long)(w * h));
    return AT_OK;
}

/* ---- BMP ----------------------------------------------------------------------------
 */

static uint32_t little(const uint8_t *p, int bytes) {
    uint32_t value = 0;
    for (int i = bytes; i-- > 0;)
        value = value << 8 | p[i];
    return value;
}

at_status at_container_bmp(const uint8_t *bytes, size_t length, at_image_facts *facts,
                           at_error *err) {
    /* Positive heights are stored from below, negative ones from above. */
    facts->h = facts->h < 0 && facts->h > INT32_MIN ? -facts->h : facts->h;
    if (length < 34 || little(bytes + 14, 4) < 40)
        return AT_OK; /* an old header: its decoder knows where it ends */
    uint32_t packing = little(bytes + 30, 4);
    if (packing == 1 || packing == 2)
        return at_fail(err, AT_UNSUPPORTED, "run-length packed BMPs are not read here");
    uint64_t row = ((uint64_t)facts->w * little(bytes + 28, 2) + 31) / 32 * 4;
    /* Padding after the last row is left out by some who write them. */
    uint64_t want = little(bytes + 10, 4) + row * (uint64_t)facts->h - 3;
    if (want <= length)
        return AT_OK;
    return at_fail(err, AT_CORRUPT, "the BMP is cut off: it ends at byte %zu of %llu",
                   length, (unsigned long long)want + 3);
}
