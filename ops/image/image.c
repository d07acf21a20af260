#include "ops/image/image.h"
#include "ops/base/memory.h"
#include "ops/image/container.h"
#include "ops/image/jpeg.h"
#include "ops/image/orientation.h"
#include "ops/image/stb_image.h"

#include <string.h>

/* Bytes at the start (after `skip`) that name a format. */
static const struct {
    size_t skip, length;
    const char *bytes;
    at_image_format format; /* UNKNOWN: one that is only named */
    const char *name;
} marks[] = {
    {0, 3, "\xFF\xD8\xFF", AT_IMAGE_JPEG, "JPEG"},
    {0, 8, "\x89PNG\r\n\x1A\n", AT_IMAGE_PNG, "PNG"},
    {0, 2, "BM", AT_IMAGE_BMP, "BMP"},
    {0, 6, "GIF87a", AT_IMAGE_GIF, "GIF"},
    {0, 6, "GIF89a", AT_IMAGE_GIF, "GIF"},
    {0, 2, "P5", AT_IMAGE_PNM, "PGM"},
    {0, 2, "P6", AT_IMAGE_PNM, "PPM"},
    {8, 4, "WEBP", AT_IMAGE_UNKNOWN, "WebP"},
    {0, 4, "II*\0", AT_IMAGE_UNKNOWN, "TIFF"},
    {0, 4, "MM\0*", AT_IMAGE_UNKNOWN, "TIFF"},
    {0, 4, "\0\0\1\0", AT_IMAGE_UNKNOWN, "icon"},
    {0, 4, "8BPS", AT_IMAGE_UNKNOWN, "Photoshop"},
    {4, 8, "ftypavif", AT_IMAGE_UNKNOWN, "AVIF"},
    {4, 8, "ftypheic", AT_IMAGE_UNKNOWN, "HEIC"},
    {4, 8, "jP  \r\n\x87\n", AT_IMAGE_UNKNOWN, "JPEG 2000"},
    {0, 4, "v/1\1", AT_IMAGE_UNKNOWN, "OpenEXR"},
    {0, 10, "#?RADIANCE", AT_IMAGE_UNKNOWN, "Radiance"},
    {0, 2, "P1", AT_IMAGE_UNKNOWN, "text PNM"},
    {0, 2, "P2", AT_IMAGE_UNKNOWN, "text PNM"},
    {0, 2, "P3", AT_IMAGE_UNKNOWN, "text PNM"},
};
enum { MARKS = sizeof marks / sizeof *marks };

static size_t mark_of(const void *bytes, size_t length) {
    for (size_t i = 0; i < MARKS; i++)
        if (length >= marks[i].skip + marks[i].length &&
            memcmp((const char *)bytes + marks[i].skip, marks[i].bytes,
                   marks[i].length) == 0)
            return i;
    return MARKS;
}

const char *at_image_format_name(at_image_format format) {
    static const char *const names[] = {"unknown", "jpeg", "png", "bmp", "gif", "raw"};
    return names[format];
}

at_image_format at_image_recognise(const void *bytes, size_t length) {
    size_t mark = mark_of(bytes, length);
    return mark < MARKS ? marks[mark].format : AT_IMAGE_UNKNOWN;
}

static at_status check_size(const at_image_facts *facts, at_error *err) {
    if (facts->w < 1 || facts->h < 1)
        return at_fail(err, AT_CORRUPT, "the image is %d x %d pixels", facts->w,
                       facts->h);
    if (facts->w <= AT_IMAGE_SIDE && facts->h <= AT_IMAGE_SIDE &&
        (int64_t)facts->w * facts->h <= AT_IMAGE_PIXELS)
        return AT_OK;
    at_fail(err, AT_LIMIT, "the image claims %d x %d pixels, which is too large",
            facts->w, facts->h);
    return at_hint(err, "at most %d a side and %d million in all are read", AT_IMAGE_SIDE,
                   AT_IMAGE_PIXELS / 1000000);
}

static at_status no_image(const void *bytes, size_t length, at_error *err) {
    size_t mark = mark_of(bytes, length);
    if (length == 0)
        return at_fail(err, AT_UNSUPPORTED, "the image is empty: it has no bytes");
    if (mark == MARKS)
        at_fail(err, AT_UNSUPPORTED, "the %zu bytes are no image that is read here",
                length);
    else
        at_fail(err, AT_UNSUPPORTED, "%s images are not read here", marks[mark].name);
    return at_hint(err, "JPEG, PNG, BMP, GIF and binary PGM and PPM are read");
}

/* Sizes as the file has them. `*at`: where the pixels of a PNM begin. */
static at_status probe(const void *bytes, size_t length, bool whole,
                       at_image_facts *facts, size_t *at, at_error *err) {
    *facts = (at_image_facts){.format = at_image_recognise(bytes, length)};
    if (length > AT_IMAGE_FILE_MAX)
        return at_fail(err, AT_LIMIT, "the image file is larger than %d MB",
                       AT_IMAGE_FILE_MAX >> 20);
    switch (facts->format) {
    case AT_IMAGE_JPEG:
        AT_TRY(at_container_jpeg(bytes, length, facts, err));
        break;
    case AT_IMAGE_PNG:
        AT_TRY(at_container_png(bytes, length, whole, facts, err));
        break;
    case AT_IMAGE_PNM:
        AT_TRY(at_container_pnm(bytes, length, facts, at, err));
        break;
    case AT_IMAGE_BMP:
        if (at_stb_image_probe(bytes, length, 1 << 20, facts, err) != AT_OK) {
            AT_TRY(at_container_bmp(bytes, length, facts, err)); /* says it better */
            return at_stb_image_probe(bytes, length, 1 << 20, facts, err);
        }
        AT_TRY(at_container_bmp(bytes, length, facts, err));
        break;
    case AT_IMAGE_GIF:
        AT_TRY(at_stb_image_probe(bytes, length, 1 << 20, facts, err));
        break;
    case AT_IMAGE_UNKNOWN:
        return no_image(bytes, length, err);
    }
    facts->orientation = facts->orientation ? facts->orientation : 1;
    return check_size(facts, err);
}

at_status at_image_probe(const void *bytes, size_t length, at_image_facts *out,
                         at_error *err) {
    size_t at;
    AT_TRY(probe(bytes, length, false, out, &at, err));
    if (at_orientation_lies(out->orientation)) {
        int32_t w = out->w;
        out->w = out->h;
        out->h = w;
    }
    return AT_OK;
}

at_status at_image_new(int32_t w, int32_t h, int32_t c, at_image *out, at_error *err) {
    *out = (at_image){.w = w, .h = h, .c = c};
    out->owned = at_alloc((size_t)w * (size_t)h * (size_t)c);
    out->pixels = out->owned;
    return out->owned ? AT_OK
                      : at_fail(err, AT_NO_MEMORY,
                                "not enough memory for an image of %d x %d", w, h);
}

void at_image_fini(at_image *image) {
    at_free(image->owned);
    *image = (at_image){0};
}

at_status at_image_to_channels(at_image *image, int32_t channels, at_error *err) {
    if (image->c == channels)
        return AT_OK;
    at_image out;
    AT_TRY(at_image_new(image->w, image->h, channels, &out, err));
    uint8_t *to = at_image_own(&out);
    const uint8_t *from = image->pixels;
    size_t count = (size_t)image->w * (size_t)image->h;
    if (channels == 3)
        for (size_t i = 0; i < count; i++)
            to[3 * i] = to[3 * i + 1] = to[3 * i + 2] = from[i];
    else /* 0.299, 0.587, 0.114 in units of 1/65536, rounded */
        for (size_t i = 0; i < count; i++)
            to[i] = (uint8_t)((from[3 * i] * 19595u + from[3 * i + 1] * 38470u +
                               from[3 * i + 2] * 7471u + 0x8000u) >>
                              16);
    at_image_fini(image);
    *image = out;
    return AT_OK;
}

static at_status decode(const void *bytes, size_t length, const at_image_facts *facts,
                        size_t at, at_image *out, at_error *err) {
    if (facts->format == AT_IMAGE_PNM) {
        *out = (at_image){.pixels = (const uint8_t *)bytes + at,
                          .w = facts->w,
                          .h = facts->h,
                          .c = facts->c};
        return AT_OK;
    }
    if (facts->format == AT_IMAGE_JPEG)
        return at_jpeg_decode(bytes, length, facts, out, err);
    size_t budget = (size_t)facts->w * (size_t)facts->h * 16 + length + (4 << 20);
    AT_TRY(at_stb_image_decode(bytes, length, budget, out, err));
    /* The bounds were those of the header that we read. */
    if (out->w == facts->w && out->h == facts->h)
        return AT_OK;
    at_image_fini(out);
    return at_fail(err, AT_CORRUPT, "the image is damaged: its headers disagree");
}

at_status at_image_decode(const void *bytes, size_t length, int32_t channels,
                          at_image *out, at_error *err) {
    at_image_facts facts;
    size_t at = 0;
    *out = (at_image){0};
    AT_TRY(probe(bytes, length, true, &facts, &at, err));
    AT_TRY(decode(bytes, length, &facts, at, out, err));
    at_status status = channels ? at_image_to_channels(out, channels, err) : AT_OK;
    if (!status)
        status = at_orientation_apply(out, facts.orientation, err);
    if (status)
        at_image_fini(out);
    return status;
}
