#include "magics/view/pictures.h"

#include "magics/view/base64.h"
#include "magics/view/style.h"
#include "ops/image/image_write.h"
#include "ops/image/resize.h"

#include <string.h>

enum { SMALL = 64, QUALITY = 82 };

/* Fits in a square of AT_PICTURES_SIDE. */
static void fit(int32_t *w, int32_t *h) {
    int32_t longer = *w > *h ? *w : *h;
    *w = *w * AT_PICTURES_SIDE / longer;
    *h = *h * AT_PICTURES_SIDE / longer;
    *w = *w < 1 ? 1 : *w;
    *h = *h < 1 ? 1 : *h;
}

static at_status put_image(const at_picture *picture, at_text *html, at_error *err) {
    at_image image, small;
    at_text file = {0};
    AT_TRY(at_image_decode(picture->bytes, picture->length, 0, &image, err));
    int32_t w = image.w, h = image.h;
    bool pixels = w <= SMALL && h <= SMALL;
    fit(&w, &h);
    at_status status;
    if (pixels)
        status = at_image_write_png(&image, &file, err);
    else {
        status = at_image_resize(&image, w, h, &small, err);
        if (!status)
            status = at_image_write_jpeg(&small, QUALITY, &file, err);
        at_image_fini(&small);
    }
    if (!status) {
        at_text_format(html, "<img width=\"%d\" height=\"%d\"%s alt=\"", w, h,
                       pixels ? " class=\"atl-px\"" : "");
        if (picture->label)
            at_text_html(html, picture->label, strlen(picture->label));
        at_text_format(html, "\" src=\"data:image/%s;base64,", pixels ? "png" : "jpeg");
        at_base64_put(html, at_text_get(&file), file.length);
        at_text_put(html, "\">");
    }
    at_text_fini(&file);
    at_image_fini(&image);
    return status;
}

static at_status put_picture(const at_picture *picture, at_text *html, at_error *err) {
    at_text_format(html, "<span class=\"atl-pic%s\">", picture->wrong ? " atl-bad" : "");
    at_error why;
    at_status status = put_image(picture, html, &why);
    if (status == AT_NO_MEMORY) {
        if (err)
            *err = why;
        return status;
    }
    if (status)
        at_text_put(html, "<i>cannot be shown</i>");
    if (picture->label) {
        at_text_put(html, "<b>");
        at_text_html(html, picture->label, strlen(picture->label));
        at_text_put(html, "</b>");
    }
    if (picture->note) {
        at_text_put(html, " <small>");
        at_text_html(html, picture->note, strlen(picture->note));
        at_text_put(html, "</small>");
    }
    at_text_put(html, "</span> ");
    return AT_OK;
}

/* "  1  cat   300 x 200". */
static void put_line(const at_picture *picture, size_t number, at_text *plain) {
    at_text_format(plain, "%3zu  %s%s%s%s\n", number,
                   picture->label ? picture->label : "(no label)",
                   picture->wrong ? "  (wrong)" : "", picture->note ? "  " : "",
                   picture->note ? picture->note : "");
}

at_status at_view_pictures(const at_pictures *pictures, size_t *shown, at_bundle *out,
                           at_error *err) {
    at_text html = {0}, plain = {0};
    size_t count = 0;
    at_status status = AT_OK;
    at_text_put(&html, "<div class=\"atl\">");
    at_style_put(&html);
    if (pictures->title) {
        at_text_put(&html, "<div class=\"atl-title\">");
        at_text_html(&html, pictures->title, strlen(pictures->title));
        at_text_put(&html, "</div>");
        at_text_format(&plain, "%s\n", pictures->title);
    }
    at_text_put(&html, "<div class=\"atl-pics\">");
    while (count < pictures->count && !status) {
        size_t before = html.length;
        status = put_picture(&pictures->items[count], &html, err);
        if (html.length > AT_PICTURES_BYTES && count) {
            html.length = before; /* one too many */
            html.data[before] = '\0';
            break;
        }
        put_line(&pictures->items[count], count + 1, &plain);
        count++;
    }
    at_text_put(&html, "</div>");
    if (pictures->caption) {
        at_text_put(&html, "<div class=\"atl-cap\">");
        at_text_html(&html, pictures->caption, strlen(pictures->caption));
        at_text_put(&html, "</div>");
        at_text_put(&plain, pictures->caption);
    }
    at_text_put(&html, "</div>");
    if (shown)
        *shown = count;
    if (!status) {
        *out = at_bundle_new(at_text_get(&plain));
        at_bundle_put(out, "text/html", at_text_get(&html));
        if (!at_text_ok(&html) || !at_text_ok(&plain) || !at_bundle_ok(out)) {
            at_bundle_fini(out);
            status = at_fail(err, AT_NO_MEMORY, "not enough memory to show pictures");
        }
    }
    at_text_fini(&html);
    at_text_fini(&plain);
    return status;
}
