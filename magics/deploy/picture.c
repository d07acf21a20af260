#include "magics/deploy/picture.h"
#include "magics/deploy/route.h"
#include "ops/base/text.h"
#include "ops/learn/image_net.h"

#include <string.h>
#include <strings.h>

/* A picture says itself of what kind it is; the header must only not contradict that. */
static bool takes(const char *content_type) {
    static const char *const types[] = {"application/x-image", "application/octet-stream",
                                        "image/"};
    if (!content_type || !*content_type)
        return true;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strncasecmp(content_type, types[i], strlen(types[i])) == 0)
            return true;
    return false;
}

static int check(const at_http_request *request, at_media *out, at_error *err) {
    if (request->too_large) {
        at_fail(err, AT_INVALID, "the picture is larger than %d bytes", AT_BODY_LIMIT);
        at_hint(err, "send a smaller one: it is resized anyway");
        return 413;
    }
    if (!takes(request->content_type)) {
        at_fail(err, AT_INVALID, "the content type '%.100s' is not that of a picture",
                request->content_type);
        at_hint(err, "send Content-Type: image/jpeg, image/png or application/x-image");
        return 415;
    }
    *out = at_media_of_accept(request->accept, AT_MEDIA_JSON);
    if (*out != AT_MEDIA_JSON && *out != AT_MEDIA_JSONL) {
        at_fail(err, AT_INVALID, "'%.100s' is not a type that probabilities can come in",
                request->accept);
        at_hint(err, "send Accept: application/json or application/jsonlines");
        return 406;
    }
    if (request->length)
        return 0;
    at_fail(err, AT_INVALID, "the body is empty");
    return 400;
}

static void write_numbers(const float *p, int count, at_media media, at_text *out) {
    at_text_put(out, media == AT_MEDIA_JSONL ? "{\"prediction\": [" : "[");
    for (int c = 0; c < count; c++)
        at_text_format(out, "%s%.9g", c ? ", " : "", (double)p[c]);
    at_text_put(out, media == AT_MEDIA_JSONL ? "]}\n" : "]\n");
}

int at_picture_answer(const at_endpoint *endpoint, const at_http_request *request,
                      at_http_answer *answer, at_error *err) {
    at_media media = AT_MEDIA_NONE;
    int code = check(request, &media, err);
    if (code)
        return code;
    at_image_net *net = at_model_image_net(endpoint->model);
    float *p =
        at_arena_alloc(request->arena, (size_t)at_image_net_classes(net) * sizeof *p);
    at_status status = p ? at_image_net_ask(net, request->body, request->length, p, err)
                         : at_fail(err, AT_NO_MEMORY, "no memory left for the picture");
    if (status == AT_NO_MEMORY || status == AT_INTERNAL || status == AT_IO)
        return 500;
    if (status)
        return 400;
    write_numbers(p, at_model_classes(endpoint->model), media, answer->body);
    answer->status = 200;
    answer->content_type = at_media_type(media);
    return 0;
}
