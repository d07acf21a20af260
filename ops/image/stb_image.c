#include "ops/image/stb_image.h"
#include "ops/base/memory.h"

#include <limits.h>
#include <string.h>

/* stb_image allocates what a file tells it to. Its allocator is handed no context, so the
 * budget of the call in progress belongs to the thread. Each piece carries its size in
 * front, which keeps the alignment of malloc. */
enum { FRONT = 16 };
static _Thread_local size_t budget_left;

static void *take(size_t size) {
    if (size > budget_left || budget_left - size < FRONT)
        return NULL;
    unsigned char *piece = at_alloc(size + FRONT);
    if (!piece)
        return NULL;
    memcpy(piece, &size, sizeof size);
    budget_left -= size + FRONT;
    return piece + FRONT;
}

static void give(void *p) {
    if (!p)
        return;
    size_t size;
    memcpy(&size, (unsigned char *)p - FRONT, sizeof size);
    budget_left += size + FRONT;
    at_free((unsigned char *)p - FRONT);
}

static void *retake(void *p, size_t size) {
    size_t old = 0;
    if (p)
        memcpy(&old, (unsigned char *)p - FRONT, sizeof old);
    void *fresh = take(size);
    if (fresh && p) {
        memcpy(fresh, p, old < size ? old : size);
        give(p);
    }
    return fresh;
}

#define STBI_MALLOC(size)     take(size)
#define STBI_REALLOC(p, size) retake(p, size)
#define STBI_FREE(p)          give(p)
#define STBI_MAX_DIMENSIONS   AT_IMAGE_SIDE
#define STBI_ASSERT(x)        ((void)0) /* a damaged file is not our bug */
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_ONLY_GIF
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
/* Told of at the end of the file, so not within the pair below. */
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wdouble-promotion"
#include <stb/stb_image.h>
#pragma GCC diagnostic pop

static at_status refuse(at_image_format format, at_error *err) {
    const char *why = stbi_failure_reason();
    static const char *const names[] = {
        [AT_IMAGE_PNG] = "PNG", [AT_IMAGE_BMP] = "BMP", [AT_IMAGE_GIF] = "GIF"};
    const char *name = format <= AT_IMAGE_GIF && names[format] ? names[format] : "image";
    if (why && strcmp(why, "outofmem") == 0)
        return at_fail(err, AT_LIMIT,
                       "the %s needs more memory than an image of its size may", name);
    return at_fail(err, AT_CORRUPT, "the %s cannot be decoded: %s", name,
                   why ? why : "it is damaged");
}

at_status at_stb_image_probe(const void *bytes, size_t length, size_t budget,
                             at_image_facts *facts, at_error *err) {
    int w, h, c;
    if (length > INT_MAX)
        return at_fail(err, AT_LIMIT, "the image file is larger than 2 GB");
    budget_left = budget;
    if (!stbi_info_from_memory(bytes, (int)length, &w, &h, &c))
        return refuse(facts->format, err);
    facts->w = w;
    facts->h = h;
    facts->c = c <= 2 ? 1 : 3;
    return AT_OK;
}

/* The pixels, moved to the front of their piece, so that at_image_fini can free them. */
static void hand_over(unsigned char *pixels, int w, int h, int from, int to,
                      at_image *out) {
    unsigned char *piece = pixels - FRONT;
    size_t count = (size_t)w * (size_t)h;
    if (from == to)
        memmove(piece, pixels, count * (size_t)to);
    else
        for (size_t i = 0; i < count; i++) /* alpha is dropped */
            for (int k = 0; k < to; k++)
                piece[i * (size_t)to + (size_t)k] = pixels[i * (size_t)from + (size_t)k];
    *out = (at_image){.pixels = piece, .w = w, .h = h, .c = to, .owned = piece};
}

at_status at_stb_image_decode(const void *bytes, size_t length, size_t budget,
                              at_image *out, at_error *err) {
    int w, h, c;
    if (length > INT_MAX)
        return at_fail(err, AT_LIMIT, "the image file is larger than 2 GB");
    at_image_format format = at_image_recognise(bytes, length);
    budget_left = budget;
    unsigned char *pixels = stbi_load_from_memory(bytes, (int)length, &w, &h, &c, 0);
    if (!pixels)
        return refuse(format, err);
    hand_over(pixels, w, h, c, c <= 2 ? 1 : 3, out);
    return AT_OK;
}
