#include "ops/image/prep.h"
#include "ops/image/resize.h"

#include <jansson.h>
#include <math.h>

at_prep at_prep_default(int32_t c, int32_t h, int32_t w, int32_t resize) {
    if (c == 1)
        return (at_prep){.c = c, .h = h, .w = w, .resize = resize, {127.5F}, {127.5F}};
    return (at_prep){.c = c,
                     .h = h,
                     .w = w,
                     .resize = resize,
                     .mean = {123.675F, 116.28F, 103.53F},
                     .deviation = {58.395F, 57.12F, 57.375F}};
}

at_status at_prep_check(const at_prep *prep, at_error *err) {
    if (prep->c != 1 && prep->c != 3)
        return at_fail(err, AT_INVALID, "images have 1 or 3 channels, not %d", prep->c);
    if (prep->h < 1 || prep->w < 1 || prep->h > 4096 || prep->w > 4096)
        return at_fail(err, AT_INVALID, "image_shape is %d x %d; 1 to 4096 can be",
                       prep->h, prep->w);
    int32_t least = prep->h > prep->w ? prep->h : prep->w;
    if (prep->resize && (prep->resize < least || prep->resize > AT_IMAGE_SIDE)) {
        at_fail(err, AT_INVALID, "resize is %d, and image_shape is %d x %d", prep->resize,
                prep->h, prep->w);
        return at_hint(err, "resize is the shorter side before the crop: at least %d",
                       least);
    }
    for (int k = 0; k < prep->c; k++)
        if (!isfinite(prep->mean[k]) || !(prep->deviation[k] > 0) ||
            !isfinite(prep->deviation[k]))
            return at_fail(err, AT_INVALID, "a channel cannot be scaled by (%g, %g)",
                           (double)prep->mean[k], (double)prep->deviation[k]);
    return AT_OK;
}

json_t *at_prep_to_json(const at_prep *prep) {
    json_t *mean = json_array(), *deviation = json_array();
    for (int k = 0; k < prep->c; k++) {
        json_array_append_new(mean, json_real((double)prep->mean[k]));
        json_array_append_new(deviation, json_real((double)prep->deviation[k]));
    }
    return json_pack("{s:[i,i,i], s:i, s:o, s:o}", "image_shape", prep->c, prep->h,
                     prep->w, "resize", prep->resize, "mean", mean, "deviation",
                     deviation);
}

at_status at_prep_from_json(const json_t *json, at_prep *out, at_error *err) {
    const json_t *shape = json_object_get(json, "image_shape");
    const json_t *mean = json_object_get(json, "mean");
    const json_t *deviation = json_object_get(json, "deviation");
    json_int_t sides[3], resize = json_integer_value(json_object_get(json, "resize"));
    for (size_t i = 0; i < 3; i++)
        sides[i] = json_integer_value(json_array_get(shape, i));
    *out = (at_prep){0};
    if (sides[0] < 1 || sides[0] > 3 || sides[1] < 1 || sides[1] > 4096 || sides[2] < 1 ||
        sides[2] > 4096 || resize < 0 || resize > AT_IMAGE_SIDE ||
        json_array_size(mean) != (size_t)sides[0] ||
        json_array_size(deviation) != (size_t)sides[0])
        return at_fail(err, AT_CORRUPT, "how the model takes its images is unreadable");
    *out = (at_prep){.c = (int32_t)sides[0],
                     .h = (int32_t)sides[1],
                     .w = (int32_t)sides[2],
                     .resize = (int32_t)resize};
    for (size_t k = 0; k < (size_t)sides[0]; k++) {
        out->mean[k] = (float)json_number_value(json_array_get(mean, k));
        out->deviation[k] = (float)json_number_value(json_array_get(deviation, k));
    }
    return at_prep_check(out, err);
}

void at_prep_resized(const at_prep *prep, int32_t w, int32_t h, int32_t *out_w,
                     int32_t *out_h) {
    int64_t side = prep->resize;
    *out_w = w;
    *out_h = h;
    if (side == 0)
        return;
    /* The longer side is rounded down, as MXNet and torchvision do. */
    *out_w = w < h ? (int32_t)side : (int32_t)(side * w / h);
    *out_h = w < h ? (int32_t)(side * h / w) : (int32_t)side;
}

at_status at_prep_fits(const at_prep *prep, int32_t w, int32_t h, at_error *err) {
    int32_t rw, rh;
    at_prep_resized(prep, w, h, &rw, &rh);
    if ((int64_t)rw * rh > AT_IMAGE_PIXELS)
        return at_fail(err, AT_LIMIT, "an image of %d x %d is too long to be resized", w,
                       h);
    if (rw >= prep->w && rh >= prep->h)
        return AT_OK;
    at_fail(err, AT_INVALID,
            "an image of %d x %d pixels is smaller than image_shape, %d x %d", w, h,
            prep->w, prep->h);
    return at_hint(err, "give a smaller image_shape, or set resize = %d",
                   prep->h > prep->w ? prep->h : prep->w);
}

at_prep_target at_prep_nchw(const at_prep *prep, float *data) {
    return (at_prep_target){.data = data,
                            .channel = (size_t)prep->h * (size_t)prep->w,
                            .row = (size_t)prep->w,
                            .pixel = 1};
}

at_prep_target at_prep_blocked(const at_blocked *map, int32_t n) {
    return (at_prep_target){.data = map->data + (size_t)n * map->image,
                            .channel = 1,
                            .row = map->row,
                            .pixel = AT_BLOCK};
}

at_status at_prep_load(const at_prep *prep, const void *bytes, size_t length,
                       at_image *out, at_error *err) {
    int32_t w, h;
    AT_TRY(at_image_decode(bytes, length, prep->c, out, err));
    at_status status = at_prep_fits(prep, out->w, out->h, err);
    at_prep_resized(prep, out->w, out->h, &w, &h);
    if (!status && (w != out->w || h != out->h)) {
        at_image whole = *out;
        status = at_image_resize(&whole, w, h, out, err);
        at_image_fini(&whole);
    } else if (status)
        at_image_fini(out);
    return status;
}

void at_prep_place(const at_prep *prep, const at_image *image, int32_t left, int32_t top,
                   const at_prep_target *target) {
    /* A table for each channel: one rounding, the same on every machine. */
    float table[3][256];
    size_t c = (size_t)prep->c, w = (size_t)prep->w;
    for (size_t k = 0; k < c; k++)
        for (int v = 0; v < 256; v++)
            table[k][v] = ((float)v - prep->mean[k]) / prep->deviation[k];
    for (int32_t y = 0; y < prep->h; y++) {
        const uint8_t *from =
            image->pixels + ((size_t)(top + y) * (size_t)image->w + (size_t)left) * c;
        float *row = target->data + (size_t)y * target->row;
        for (size_t k = 0; k < c; k++) {
            float *to = row + k * target->channel;
            for (size_t x = 0; x < w; x++)
                to[x * target->pixel] = table[k][from[x * c + k]];
        }
    }
}

at_status at_prep_run(const at_prep *prep, const void *bytes, size_t length,
                      const at_prep_target *target, at_error *err) {
    at_image image;
    AT_TRY(at_prep_load(prep, bytes, length, &image, err));
    at_prep_place(prep, &image, (image.w - prep->w) / 2, (image.h - prep->h) / 2, target);
    at_image_fini(&image);
    return AT_OK;
}
