#include "magics/deploy/route.h"
#include "magics/deploy/picture.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What went wrong with one request, before it is written. */
typedef struct failure {
    int status;
    const char *type; /* of AWS, on the runtime path */
    size_t row;       /* 0: none */
    const char *column;
    at_error error;
} failure;

static const char *reason(int status) {
    switch (status) {
    case 403:
        return "Forbidden";
    case 404:
        return "NotFound";
    case 405:
        return "MethodNotAllowed";
    case 406:
        return "NotAcceptable";
    case 413:
        return "PayloadTooLarge";
    case 415:
        return "UnsupportedMediaType";
    case 500:
        return "InternalError";
    default:
        return "InvalidInput";
    }
}

/* {"error", "message", "hint"?, "row"?, "column"?} */
static void write_plain(const failure *f, at_text *out) {
    at_text_put(out, "{\"error\": ");
    at_response_quote(reason(f->status), out);
    at_text_put(out, ", \"message\": ");
    at_response_quote(f->error.text, out);
    if (f->error.hint[0]) {
        at_text_put(out, ", \"hint\": ");
        at_response_quote(f->error.hint, out);
    }
    if (f->row)
        at_text_format(out, ", \"row\": %zu", f->row);
    if (f->column) {
        at_text_put(out, ", \"column\": ");
        at_response_quote(f->column, out);
    }
    at_text_put(out, "}\n");
}

static void answer_failure(const failure *f, at_http_answer *answer) {
    at_text_clear(answer->body);
    answer->status = f->status;
    answer->content_type = "application/json";
    write_plain(f, answer->body);
}

/* As SageMaker's runtime wraps what a model's server says, so that boto3 raises
 * ModelError (or the named error) with our message in it. */
static void answer_runtime(const failure *f, const char *endpoint,
                           at_http_answer *answer) {
    at_text original = {0}, message = {0};
    write_plain(f, &original);
    at_text_clear(answer->body);
    answer->content_type = "application/json";
    if (f->type) {
        answer->status = f->status;
        at_text_put(answer->body, "{\"Message\": ");
        at_response_quote(f->error.text, answer->body);
    } else {
        answer->status = 424;
        at_text_format(&message, "endpoint %s answered %d: %s", endpoint, f->status,
                       f->error.text);
        if (f->error.hint[0])
            at_text_format(&message, " (%s)", f->error.hint);
        at_text_put(answer->body, "{\"Message\": ");
        at_response_quote(at_text_get(&message), answer->body);
        at_text_format(answer->body,
                       ", \"OriginalStatusCode\": %d, \"OriginalMessage\": ", f->status);
        at_response_quote(at_text_get(&original), answer->body);
    }
    at_text_put(answer->body, "}\n");
    at_http_answer_header(answer, "x-amzn-ErrorType", f->type ? f->type : "ModelError");
    if (original.failed || message.failed)
        answer->body->failed = true;
    at_text_fini(&original);
    at_text_fini(&message);
}

static bool host_is(const char *host, const char *want, int port) {
    size_t n = strlen(want);
    if (strncasecmp(host, want, n) != 0)
        return false;
    char digits[16];
    snprintf(digits, sizeof digits, ":%d", port);
    return strcmp(host + n, digits) == 0 || (host[n] == '\0' && port == 80);
}

static bool host_allowed(const at_route *route, const char *host) {
    static const char *const own[] = {"127.0.0.1", "localhost", "[::1]"};
    if (!host)
        return true; /* HTTP/1.0: no web page speaks it */
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (host_is(host, own[i], route->port))
            return true;
    for (const char *const *h = route->hosts; h && *h; h++) {
        size_t n = strlen(*h);
        if (strcmp(*h, "*") == 0 ||
            (strncasecmp(host, *h, n) == 0 && (host[n] == '\0' || host[n] == ':')))
            return true;
    }
    return false;
}

static int fail(failure *f, int status, const char *format, ...) AT_PRINTF(3, 4);
static int fail(failure *f, int status, const char *format, ...) {
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    f->status = status;
    at_fail(&f->error, AT_INVALID, "%s", text);
    return status;
}

static at_status read_payload(const at_http_request *request, at_media media, int header,
                              at_payload *payload, at_error *err) {
    const char *bytes = request->body;
    if (!at_utf8_valid(bytes, request->length))
        return at_fail(err, AT_INVALID, "the body is not valid UTF-8");
    switch (media) {
    case AT_MEDIA_CSV:
        return at_payload_csv(payload, bytes, request->length,
                              header < 0 ? AT_AUTO
                              : header   ? AT_YES
                                         : AT_NO,
                              err);
    case AT_MEDIA_JSON:
        return at_payload_json(payload, bytes, request->length, err);
    default:
        return at_payload_jsonl(payload, bytes, request->length, err);
    }
}

/* What the request sends and what it takes; 0, or the status of a failure. */
static int negotiate(const at_http_request *request, at_media *in, at_media *out,
                     int *header, failure *f) {
    bool charset_ok;
    if (request->too_large) {
        fail(f, 413, "the body is larger than %d bytes", AT_BODY_LIMIT);
        at_hint(&f->error, "send the rows in several requests");
        return f->status;
    }
    *in = at_media_of_content(request->content_type, &charset_ok, header);
    if (*in == AT_MEDIA_NONE) {
        fail(f, 415, "the content type '%.100s' is not one that a table can come in",
             request->content_type);
        at_hint(&f->error, "send Content-Type: text/csv, application/json or "
                           "application/jsonlines");
        return f->status;
    }
    if (!charset_ok)
        return fail(f, 415, "the charset of '%.100s' is not UTF-8",
                    request->content_type);
    *out = at_media_of_accept(request->accept, *in);
    if (*out == AT_MEDIA_NONE) {
        fail(f, 406, "'%.100s' is not a type that predictions can come in",
             request->accept);
        at_hint(&f->error,
                "send Accept: text/csv, application/json or application/jsonlines");
        return f->status;
    }
    return request->length ? 0 : fail(f, 400, "the body is empty");
}

/* 0: answered. */
static int invoke(at_endpoint *endpoint, const at_http_request *request,
                  at_http_answer *answer, failure *f) {
    if (at_model_of_images(endpoint->model))
        return f->status = at_picture_answer(endpoint, request, answer, &f->error);
    at_media in = AT_MEDIA_NONE, out = AT_MEDIA_NONE;
    int header;
    if (negotiate(request, &in, &out, &header, f))
        return f->status;
    at_payload payload;
    at_payload_init(&payload, &endpoint->intake, request->arena);
    bool fault = false;
    at_status status = read_payload(request, in, header, &payload, &f->error);
    if (!status)
        status =
            at_endpoint_answer(endpoint, &payload, out, answer->body, &fault, &f->error);
    if (status) {
        f->status = fault || status == AT_NO_MEMORY || status == AT_INTERNAL ? 500 : 400;
        f->row = payload.bad_row;
        f->column = payload.bad_column;
        return f->status;
    }
    answer->status = 200;
    answer->content_type = at_media_type(out);
    return 0;
}

static void serve_runtime(at_route *route, const char *name,
                          const at_http_request *request, at_http_answer *answer) {
    failure f = {0};
    at_endpoint *endpoint = at_endpoints_get(route->endpoints, name);
    if (!endpoint) {
        at_text names = {0};
        at_endpoints_names(route->endpoints, &names);
        if (names.length)
            fail(&f, 400, "there is no endpoint '%.200s'; there are: %.300s", name,
                 at_text_get(&names));
        else
            fail(&f, 400, "there is no endpoint '%.200s', nor any other", name);
        at_text_fini(&names);
        f.type = "ValidationError";
        answer_runtime(&f, name, answer);
        return;
    }
    if (invoke(endpoint, request, answer, &f))
        answer_runtime(&f, endpoint->name, answer);
    at_http_answer_header(answer, "x-Amzn-Invoked-Production-Variant", "AllTraffic");
    at_endpoint_release(endpoint);
}

static void serve_only(at_route *route, const at_http_request *request,
                       at_http_answer *answer) {
    failure f = {0};
    at_endpoint *endpoint = at_endpoints_only(route->endpoints);
    if (!endpoint) {
        at_text names = {0};
        at_endpoints_names(route->endpoints, &names);
        if (names.length)
            fail(&f, 400, "there are several endpoints: %.400s", at_text_get(&names));
        else
            fail(&f, 400, "there is no endpoint yet");
        at_hint(&f.error, names.length ? "ask POST /endpoints/NAME/invocations"
                                       : "make one with %%deploy MODEL --endpoint NAME");
        at_text_fini(&names);
        answer_failure(&f, answer);
        return;
    }
    if (invoke(endpoint, request, answer, &f))
        answer_failure(&f, answer);
    at_endpoint_release(endpoint);
}

/* The NAME of /endpoints/NAME/invocations, in the arena; NULL: another path. */
static const char *runtime_name(const at_http_request *request) {
    static const char head[] = "/endpoints/", tail[] = "/invocations";
    const char *path = request->path;
    if (strncmp(path, head, sizeof head - 1) != 0)
        return NULL;
    path += sizeof head - 1;
    size_t length = strlen(path), n = sizeof tail - 1;
    if (length <= n || strcmp(path + length - n, tail) != 0)
        return NULL;
    return at_arena_text(request->arena, path, length - n);
}

static bool allows(const at_http_request *request, const char *allowed,
                   at_http_answer *answer) {
    if (strcmp(request->method, allowed) == 0)
        return true;
    failure f = {0};
    fail(&f, 405, "%.20s is not how to ask here", request->method);
    at_hint(&f.error, "send a %s", allowed);
    answer_failure(&f, answer);
    at_http_answer_header(answer, "Allow", allowed);
    return false;
}

void at_route_handle(void *context, const at_http_request *request,
                     at_http_answer *answer) {
    at_route *route = context;
    failure f = {0};
    const char *name;
    if (!host_allowed(route, request->host)) {
        fail(&f, 403, "the host '%.100s' is not this server", request->host);
        at_hint(&f.error, "ask 127.0.0.1:%d, or start the server with --allow-host",
                route->port);
        answer_failure(&f, answer);
    } else if (strcmp(request->path, "/invocations") == 0) {
        if (allows(request, "POST", answer))
            serve_only(route, request, answer);
    } else if ((name = runtime_name(request))) {
        if (allows(request, "POST", answer))
            serve_runtime(route, name, request, answer);
    } else if (strcmp(request->path, "/ping") == 0) {
        if (strcmp(request->method, "HEAD") == 0 || allows(request, "GET", answer)) {
            answer->status = 200;
            at_text_put(answer->body, "{\"status\": \"Healthy\"}\n");
        }
    } else {
        fail(&f, 404, "there is nothing at %.200s", request->path);
        at_hint(&f.error, "ask GET /ping, POST /invocations or "
                          "POST /endpoints/NAME/invocations");
        answer_failure(&f, answer);
    }
}
