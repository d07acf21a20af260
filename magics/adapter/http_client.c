#define CURL_DISABLE_TYPECHECK /* the functions are called through pointers */
#include "magics/adapter/http_client.h"
#include "ops/base/clock.h"
#include "ops/base/library.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum {
    REDIRECTS_MAX = 10,
    CONNECT_SECONDS = 20,
    STALL_SECONDS = 30,
    POLL_MS = 50, /* how soon a cancel is seen */
};

/* The table of the library. Written once, before the first call. */
static struct {
    __typeof__(&curl_global_init) global_init;
    __typeof__(&curl_easy_init) easy_init;
    __typeof__(&(curl_easy_setopt)) easy_setopt;
    __typeof__(&(curl_easy_getinfo)) easy_getinfo;
    __typeof__(&curl_easy_cleanup) easy_cleanup;
    __typeof__(&curl_easy_strerror) easy_strerror;
    __typeof__(&curl_slist_append) slist_append;
    __typeof__(&curl_slist_free_all) slist_free_all;
    __typeof__(&curl_multi_init) multi_init;
    __typeof__(&curl_multi_add_handle) multi_add_handle;
    __typeof__(&curl_multi_remove_handle) multi_remove_handle;
    __typeof__(&curl_multi_perform) multi_perform;
    __typeof__(&curl_multi_poll) multi_poll;
    __typeof__(&curl_multi_info_read) multi_info_read;
    __typeof__(&curl_multi_cleanup) multi_cleanup;
} curl;
static at_status load_status;
static at_error load_error;
static pthread_once_t load_once = PTHREAD_ONCE_INIT;

#define SYMBOL(field) {"curl_" #field, (void **)&curl.field}

static void load(void) {
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", NULL};
    const at_symbol symbols[] = {
        SYMBOL(global_init),      SYMBOL(easy_init),           SYMBOL(easy_setopt),
        SYMBOL(easy_getinfo),     SYMBOL(easy_cleanup),        SYMBOL(easy_strerror),
        SYMBOL(slist_append),     SYMBOL(slist_free_all),      SYMBOL(multi_init),
        SYMBOL(multi_add_handle), SYMBOL(multi_remove_handle), SYMBOL(multi_perform),
        SYMBOL(multi_poll),       SYMBOL(multi_info_read),     SYMBOL(multi_cleanup),
    };
    load_status = at_library_load(names, "libcurl4", symbols,
                                  sizeof symbols / sizeof *symbols, &load_error);
    if (!load_status && curl.global_init(CURL_GLOBAL_DEFAULT) != 0)
        load_status = at_fail(&load_error, AT_INTERNAL, "libcurl does not start");
}

/* A call under way. */
typedef struct transfer {
    const at_http_call *call;
    at_http_reply *reply;
    CURL *easy;
    bool begun;
    char range[32];
    int64_t range_from, range_total; /* of Content-Range; -1: none */
    at_status status;                /* of the caller's functions */
    at_error *err;
} transfer;

/* The value of header `name` ("content-type") in this line, copied into out; false if it
 * is another header. */
static bool header_value(const char *line, size_t length, const char *name, char *out,
                         size_t size) {
    size_t n = strlen(name);
    if (length <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
        return false;
    const char *from = line + n + 1, *end = line + length;
    while (from < end && (*from == ' ' || *from == '\t'))
        from++;
    while (end > from && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
        end--;
    size_t m = (size_t)(end - from) < size - 1 ? (size_t)(end - from) : size - 1;
    memcpy(out, from, m);
    out[m] = '\0';
    return true;
}

static size_t on_header(char *line, size_t size, size_t count, void *context) {
    transfer *t = context;
    size_t length = size * count;
    char value[256];
    if (length >= 5 && strncasecmp(line, "HTTP/", 5) == 0) { /* of each hop: begin anew */
        t->reply->content_type[0] = t->reply->tag[0] = '\0';
        t->range_from = t->range_total = -1;
    } else if (header_value(line, length, "content-type", value, sizeof value)) {
        snprintf(t->reply->content_type, sizeof t->reply->content_type, "%.127s", value);
    } else if (header_value(line, length, "etag", value, sizeof value)) {
        snprintf(t->reply->tag, sizeof t->reply->tag, "%s", value);
    } else if (header_value(line, length, "last-modified", value, sizeof value)) {
        if (!t->reply->tag[0])
            snprintf(t->reply->tag, sizeof t->reply->tag, "%s", value);
    } else if (header_value(line, length, "content-range", value, sizeof value)) {
        long long from = -1, to = -1, total = -1;
        if (sscanf(value, "bytes %lld-%lld/%lld", &from, &to, &total) >= 2) {
            t->range_from = from;
            t->range_total = total;
        }
    }
    return length;
}

static at_status begin(transfer *t) {
    long status = 0;
    curl_off_t length = -1;
    curl.easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    curl.easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    t->begun = true;
    t->reply->status = (int)status;
    if (status == 206 && t->range_from < 0)
        return at_fail(t->err, AT_NETWORK, "%.300s sent a part without saying which",
                       t->call->url);
    if (!t->call->begin)
        return AT_OK;
    int64_t from = 0, total = length;
    if (status == 206 && t->range_from >= 0) {
        from = t->range_from;
        total = t->range_total >= 0 ? t->range_total : length >= 0 ? from + length : -1;
    }
    return t->call->begin(t->call->context, (int)status, from, total, t->err);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context) {
    transfer *t = context;
    if (!t->begun)
        t->status = begin(t);
    if (!t->status && t->call->write && size && count)
        t->status = t->call->write(t->call->context, bytes, size * count, t->err);
    return t->status ? 0 : size * count;
}

static void set_options(transfer *t, struct curl_slist *headers) {
    const at_http_call *call = t->call;
    CURL *e = t->easy;
    curl.easy_setopt(e, CURLOPT_URL, call->url);
    curl.easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl.easy_setopt(e, CURLOPT_USERAGENT, "atelier/" ATELIER_VERSION);
    curl.easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl.easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl.easy_setopt(e, CURLOPT_FOLLOWLOCATION, call->body ? 0L : 1L);
    curl.easy_setopt(e, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
    curl.easy_setopt(e, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    double stall = call->stall > 0 ? call->stall : STALL_SECONDS;
    curl.easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl.easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)(stall + 0.999));
    if (call->deadline > 0)
        curl.easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)(call->deadline * 1e3));
    if (call->direct)
        curl.easy_setopt(e, CURLOPT_PROXY, "");
    if (call->from > 0) { /* not RESUME_FROM, which takes a whole answer for a failure */
        snprintf(t->range, sizeof t->range, "%lld-", (long long)call->from);
        curl.easy_setopt(e, CURLOPT_RANGE, t->range);
    }
    if (call->body) {
        curl.easy_setopt(e, CURLOPT_POST, 1L);
        curl.easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->length);
        curl.easy_setopt(e, CURLOPT_POSTFIELDS, call->body);
    }
    if (call->method)
        curl.easy_setopt(e, CURLOPT_CUSTOMREQUEST, call->method);
    if (headers)
        curl.easy_setopt(e, CURLOPT_HTTPHEADER, headers);
    curl.easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl.easy_setopt(e, CURLOPT_HEADERDATA, t);
    curl.easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl.easy_setopt(e, CURLOPT_WRITEDATA, t);
}

/* Says what went wrong, in words for who typed the address. */
static at_status explain(const transfer *t, CURLcode code, at_error *err) {
    const char *url = t->call->url;
    switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
        at_fail(err, AT_INVALID, "'%.300s' is not an address that can be fetched", url);
        return at_hint(err, "write it as http://... or https://...");
    case CURLE_COULDNT_RESOLVE_HOST:
        at_fail(err, AT_NETWORK, "the host of %.300s is unknown", url);
        return at_hint(err, "check the spelling and the network connection; "
                            "$ATELIER_MIRROR names a folder to fetch from offline");
    case CURLE_COULDNT_CONNECT:
        at_fail(err, AT_NETWORK, "nothing answers at %.300s", url);
        return at_hint(err, "is the server running and the port right?");
    case CURLE_TOO_MANY_REDIRECTS:
        return at_fail(err, AT_NETWORK, "%.300s redirects more than %d times", url,
                       REDIRECTS_MAX);
    case CURLE_OPERATION_TIMEDOUT:
        return at_fail(err, AT_NETWORK, "%.300s stopped sending (time-out)", url);
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
        return at_fail(err, AT_NETWORK, "the connection to %.300s broke (%s)", url,
                       curl.easy_strerror(code));
    case CURLE_OUT_OF_MEMORY:
        return at_fail(err, AT_NO_MEMORY, "no memory left to fetch %.300s", url);
    default:
        return at_fail(err, AT_NETWORK, "cannot fetch %.300s: %s", url,
                       curl.easy_strerror(code));
    }
}

static at_status drive(transfer *t, CURLM *multi, at_error *err) {
    for (int running = 1;;) {
        if (at_cancelled(t->call->cancel))
            return at_fail(err, AT_CANCELLED, "interrupted");
        if (curl.multi_perform(multi, &running) != CURLM_OK)
            return at_fail(err, AT_INTERNAL, "libcurl lost its way");
        if (t->status)
            return t->status;
        if (!running)
            break;
        curl.multi_poll(multi, NULL, 0, POLL_MS, NULL);
    }
    int left = 0;
    CURLMsg *message = curl.multi_info_read(multi, &left);
    CURLcode code = message ? message->data.result : CURLE_OK;
    if (code != CURLE_OK)
        return explain(t, code, err);
    return t->begun ? AT_OK : begin(t); /* an answer without a body */
}

at_status at_http_perform(const at_http_call *call, at_http_reply *reply, at_error *err) {
    pthread_once(&load_once, load);
    if (load_status) {
        if (err)
            *err = load_error;
        return load_status;
    }
    at_error own; /* the caller's functions always have one to fill */
    *reply = (at_http_reply){0};
    transfer t = {.call = call,
                  .reply = reply,
                  .range_from = -1,
                  .range_total = -1,
                  .err = err ? err : &own};
    struct curl_slist *headers = NULL;
    at_status status = AT_OK;
    for (size_t i = 0; call->headers && call->headers[i] && !status; i++) {
        struct curl_slist *more = curl.slist_append(headers, call->headers[i]);
        headers = more ? more : headers;
        if (!more)
            status = AT_NO_MEMORY;
    }
    t.easy = curl.easy_init();
    CURLM *multi = curl.multi_init();
    if (status || !t.easy || !multi) {
        status = at_fail(err, AT_NO_MEMORY, "no memory left to fetch %.300s", call->url);
    } else {
        set_options(&t, headers);
        curl.multi_add_handle(multi, t.easy);
        status = drive(&t, multi, err);
        curl.multi_remove_handle(multi, t.easy);
    }
    if (multi)
        curl.multi_cleanup(multi);
    if (t.easy)
        curl.easy_cleanup(t.easy);
    curl.slist_free_all(headers);
    return status;
}
