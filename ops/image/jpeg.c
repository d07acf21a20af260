#include "ops/image/jpeg.h"

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h> /* needs stdio.h before it */

#include <jerror.h>

/* How libjpeg fails: it calls back, and must not be returned to. */
typedef struct failure {
    struct jpeg_error_mgr base; /* first: libjpeg hands on a pointer to it */
    jmp_buf back;
    at_status status;
    at_error *err;
} failure;

static void fail(j_common_ptr info) {
    failure *f = (failure *)info->err;
    char text[JMSG_LENGTH_MAX];
    f->base.format_message(info, text);
    if (f->base.msg_code == JERR_OUT_OF_MEMORY)
        f->status = at_fail(f->err, AT_NO_MEMORY, "not enough memory to decode a JPEG");
    else
        f->status = at_fail(f->err, AT_CORRUPT, "the JPEG is damaged: %s", text);
    longjmp(f->back, 1);
}

/* A warning (bytes between segments, a restart out of step) leaves a whole picture: data
 * sets in use are full of them. */
static void pass_over(j_common_ptr info, int level) {
    (void)info;
    (void)level;
}

/* a * b / 255, rounded. */
static uint8_t times(unsigned a, unsigned b) {
    unsigned t = a * b + 128;
    return (uint8_t)((t + (t >> 8)) >> 8);
}

/* Four inks: each is what is left of white, and black dims the others. */
static void from_inks(const uint8_t *inks, size_t count, uint8_t *to) {
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < 3; k++)
            to[3 * i + k] = times(inks[4 * i + k], inks[4 * i + 3]);
}

static at_status begin(struct jpeg_decompress_struct *d, const at_image_facts *facts,
                       at_image *out, at_error *err) {
    bool grey = d->jpeg_color_space == JCS_GRAYSCALE;
    if (d->image_width != (JDIMENSION)facts->w || d->image_height != (JDIMENSION)facts->h)
        return at_fail(err, AT_CORRUPT, "the JPEG is damaged: its headers disagree");
    if (!grey && d->num_components != 3 && d->num_components != 4)
        return at_fail(err, AT_UNSUPPORTED, "a JPEG of %d channels is not read here",
                       d->num_components);
    d->out_color_space = grey                     ? JCS_GRAYSCALE
                         : d->num_components == 4 ? JCS_CMYK
                                                  : JCS_RGB;
    d->dct_method = JDCT_ISLOW;
    d->do_fancy_upsampling = TRUE;
    return at_image_new(facts->w, facts->h, grey ? 1 : 3, out, err);
}

static void read_rows(struct jpeg_decompress_struct *d, at_image *out) {
    size_t width = (size_t)out->w * (size_t)out->c;
    bool inks = d->out_color_space == JCS_CMYK;
    JSAMPARRAY row = inks ? d->mem->alloc_sarray((j_common_ptr)d, JPOOL_IMAGE,
                                                 (JDIMENSION)out->w * 4, 1)
                          : NULL;
    while (d->output_scanline < d->output_height) {
        uint8_t *to = at_image_own(out) + d->output_scanline * width;
        jpeg_read_scanlines(d, inks ? row : &to, 1);
        if (inks)
            from_inks(row[0], (size_t)out->w, to);
    }
}

at_status at_jpeg_decode(const void *bytes, size_t length, const at_image_facts *facts,
                         at_image *out, at_error *err) {
    struct jpeg_decompress_struct d = {0};
    failure f = {.err = err};
    d.err = jpeg_std_error(&f.base);
    f.base.error_exit = fail;
    f.base.emit_message = pass_over;
    if (setjmp(f.back)) {
        jpeg_destroy_decompress(&d);
        at_image_fini(out);
        return f.status;
    }
    jpeg_create_decompress(&d);
    jpeg_mem_src(&d, bytes, length);
    jpeg_read_header(&d, TRUE);
    at_status status = begin(&d, facts, out, err);
    if (status == AT_OK) {
        jpeg_start_decompress(&d);
        read_rows(&d, out);
        jpeg_finish_decompress(&d);
    }
    jpeg_destroy_decompress(&d);
    return status;
}
