#include "ops/image/image_write.h"
#include "ops/base/memory.h"

#define STBIW_MALLOC(size)     at_alloc(size)
#define STBIW_REALLOC(p, size) at_resize_array(p, size, 1)
#define STBIW_FREE(p)          at_free(p)
#define STBIW_ASSERT(x)        ((void)0)
#define STBI_WRITE_NO_STDIO
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
/* Told of at the end of the file, so not within the pair below. */
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wdouble-promotion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wfloat-conversion"
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

static void put(void *context, void *bytes, int length) {
    at_text_append(context, bytes, (size_t)length);
}

static at_status written(int done, const at_text *out, at_error *err) {
    return done && at_text_ok(out)
               ? AT_OK
               : at_fail(err, AT_NO_MEMORY, "not enough memory to encode an image");
}

at_status at_image_write_jpeg(const at_image *image, int quality, at_text *out,
                              at_error *err) {
    return written(stbi_write_jpg_to_func(put, out, image->w, image->h, image->c,
                                          image->pixels, quality),
                   out, err);
}

at_status at_image_write_png(const at_image *image, at_text *out, at_error *err) {
    return written(stbi_write_png_to_func(put, out, image->w, image->h, image->c,
                                          image->pixels, image->w * image->c),
                   out, err);
}
