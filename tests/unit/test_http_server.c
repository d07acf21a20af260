/* The HTTP server and client against each other, and the server against raw sockets. */
#include "unit.h"

#include "magics/adapter/http_client.h"
#include "magics/adapter/http_server.h"
#include "ops/base/clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { LIMIT = 100000 };

/* What the handler saw last, and how it answers: /echo, /large?, /go/N redirects to N
 * - 1. */
static void handle(void *context, const at_http_request *request,
                   at_http_answer *answer) {
    atomic_fetch_add((atomic_int *)context, 1);
    answer->status = request->too_large ? 413 : 200;
    answer->content_type = "text/plain";
    if (strncmp(request->path, "/go/", 4) == 0 && strcmp(request->path, "/go/0") != 0) {
        int64_t left = 0;
        assert_true(at_parse_int(request->path + 4, &left));
        answer->status = 302;
        at_http_answer_header(
            answer, "Location",
            at_arena_format(request->arena, "/go/%lld", (long long)left - 1));
    }
    if (strcmp(request->path, "/slow") == 0)
        at_sleep(0.4);
    at_text_format(answer->body, "%s %s %zu %s|", request->method, request->path,
                   request->length, request->content_type ? request->content_type : "-");
    if (strcmp(request->path, "/echo") == 0)
        at_text_append(answer->body, request->body, request->length);
}

typedef struct fixture {
    at_http_server *server;
    atomic_int calls;
} fixture;

static void start(fixture *f, unsigned connections, double timeout) {
    at_error err;
    at_http_server_config config = {.threads = 2,
                                    .connections = connections,
                                    .timeout = timeout,
                                    .body_limit = LIMIT,
                                    .handler = handle,
                                    .context = &f->calls};
    atomic_init(&f->calls, 0);
    assert_ok(at_http_server_start(&config, &f->server, &err), &err);
    assert_true(at_http_server_port(f->server) > 0);
}

static int dial(const fixture *f) {
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)at_http_server_port(f->server))};
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval patience = {3, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void say(int fd, const char *text) {
    size_t left = strlen(text);
    while (left) {
        ssize_t n = send(fd, text, left, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* the server hung up */
        text += n;
        left -= (size_t)n;
    }
}

/* What comes until `enough` is in it, the end, or three seconds. */
static char *hear(int fd, const char *enough) {
    at_text heard = {0};
    char block[4096];
    for (;;) {
        ssize_t n = recv(fd, block, sizeof block, 0);
        if (n <= 0)
            break;
        at_text_append(&heard, block, (size_t)n);
        if (enough && strstr(heard.data, enough))
            break;
    }
    return heard.data ? at_text_take(&heard) : at_copy_text("");
}

static at_status gather(void *context, const char *bytes, size_t length, at_error *err) {
    (void)err;
    at_text_append(context, bytes, length);
    return AT_OK;
}

static at_status ask(const fixture *f, const char *path, const char *body,
                     const char *const *headers, at_http_reply *reply, at_text *out,
                     at_error *err) {
    char url[200];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", at_http_server_port(f->server),
             path);
    at_http_call call = {.url = url,
                         .headers = headers,
                         .body = body,
                         .length = body ? strlen(body) : 0,
                         .direct = true,
                         .write = gather,
                         .context = out};
    return at_http_perform(&call, reply, err);
}

static void answers_a_client(void **state) {
    (void)state;
    fixture f;
    at_error err;
    at_http_reply reply;
    at_text out = {0};
    start(&f, 8, 5);
    const char *headers[] = {"Content-Type: text/csv", NULL};
    assert_ok(ask(&f, "/echo", "a,b\n1,2\n", headers, &reply, &out, &err), &err);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.content_type, "text/plain");
    assert_string_equal(at_text_get(&out), "POST /echo 8 text/csv|a,b\n1,2\n");
    at_text_clear(&out);
    assert_ok(ask(&f, "/go/5", NULL, NULL, &reply, &out, &err), &err);
    assert_string_equal(at_text_get(&out), "GET /go/0 0 -|");
    assert_int_equal(ask(&f, "/go/50", NULL, NULL, &reply, &out, &err), AT_NETWORK);
    assert_non_null(strstr(err.text, "redirects more than 10 times"));
    at_text_fini(&out);
    at_http_server_stop(f.server, 1);
}

static void keeps_connections(void **state) {
    (void)state;
    fixture f;
    start(&f, 8, 5);
    int fd = dial(&f);
    for (int i = 0; i < 3; i++) {
        say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
        char *heard = hear(fd, "|abc");
        assert_non_null(strstr(heard, "POST /echo 3 -|abc"));
        at_free(heard);
    }
    say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n");
    char *heard = hear(fd, "|hello");
    assert_non_null(strstr(heard, "POST /echo 5 -|hello"));
    at_free(heard);
    close(fd);
    at_http_server_stop(f.server, 1);
}

/* Up to a few times the limit, a body is read to its end so that the answer is heard. */
static void refuses_large_bodies(void **state) {
    (void)state;
    fixture f;
    at_error err;
    at_http_reply reply;
    at_text out = {0};
    start(&f, 8, 5);
    char *body = at_alloc(LIMIT + 2);
    memset(body, 'x', LIMIT + 1);
    body[LIMIT + 1] = '\0';
    assert_ok(ask(&f, "/any", body, NULL, &reply, &out, &err), &err);
    assert_int_equal(reply.status, 413);
    const char *chunked[] = {"Transfer-Encoding: chunked", NULL};
    assert_ok(ask(&f, "/any", body, chunked, &reply, &out, &err), &err);
    assert_int_equal(reply.status, 413);
    body[LIMIT] = '\0';
    assert_ok(ask(&f, "/any", body, NULL, &reply, &out, &err), &err);
    assert_int_equal(reply.status, 200);
    at_free(body);
    at_text_fini(&out);
    int fd = dial(&f); /* one that announces far too much is answered at once */
    say(fd, "POST /any HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n");
    char *heard = hear(fd, "\r\n\r\n");
    assert_non_null(strstr(heard, " 413 "));
    at_free(heard);
    close(fd);
    at_http_server_stop(f.server, 1);
}

static void bounds_headers(void **state) {
    (void)state;
    fixture f;
    start(&f, 8, 5);
    char *filler = at_alloc(64 * 1024 + 1);
    memset(filler, 'h', 64 * 1024);
    filler[64 * 1024] = '\0';
    int fd = dial(&f);
    say(fd, "GET /any HTTP/1.1\r\nHost: x\r\nX-Filler: ");
    say(fd, filler);
    say(fd, "\r\n\r\n");
    char *heard = hear(fd, "\r\n\r\n");
    assert_null(strstr(heard, " 200 "));
    assert_int_equal(atomic_load(&f.calls), 0);
    at_free(heard);
    at_free(filler);
    close(fd);
    at_http_server_stop(f.server, 1);
}

/* One byte now and then keeps a connection lively for ever; its request has an end all
 * the same. */
static void ends_dribblers(void **state) {
    (void)state;
    fixture f;
    start(&f, 8, 1);
    int idle = dial(&f), dribbler = dial(&f);
    say(dribbler, "POST /any HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
    double begin = at_now();
    char byte;
    bool closed = false;
    while (!closed && at_now() < begin + 6) {
        say(dribbler, "x");
        at_sleep(0.1);
        at_http_server_sweep(f.server);
        closed = recv(dribbler, &byte, 1, MSG_DONTWAIT) == 0;
    }
    assert_true(closed);
    assert_true(at_now() - begin > 1.5);
    assert_int_equal(recv(idle, &byte, 1, 0), 0);
    assert_int_equal(atomic_load(&f.calls), 0);
    close(idle);
    close(dribbler);
    at_http_server_stop(f.server, 1);
}

static void *ask_slowly(void *context) {
    fixture *f = context;
    int fd = dial(f);
    say(fd, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    char *heard = hear(fd, "|");
    close(fd);
    return heard;
}

static void lets_requests_end(void **state) {
    (void)state;
    fixture f;
    start(&f, 8, 5);
    pthread_t thread;
    pthread_create(&thread, NULL, ask_slowly, &f);
    while (atomic_load(&f.calls) == 0)
        at_sleep(0.005);
    at_http_server_stop(f.server, 3);
    void *heard = NULL;
    pthread_join(thread, &heard);
    assert_non_null(strstr(heard, "GET /slow"));
    at_free(heard);
}

static void waits_when_full(void **state) {
    (void)state;
    fixture f;
    start(&f, 2, 5);
    int first = dial(&f), second = dial(&f);
    const char *request = "GET /any HTTP/1.1\r\nHost: x\r\n\r\n";
    int fds[] = {first, second};
    for (int i = 0; i < 2; i++) {
        say(fds[i], request);
        at_free(hear(fds[i], "|"));
    }
    int third = dial(&f);
    say(third, request);
    at_sleep(0.2);
    assert_int_equal(atomic_load(&f.calls), 2);
    close(first);
    char *heard = hear(third, "|");
    assert_non_null(strstr(heard, "GET /any"));
    at_free(heard);
    close(second);
    close(third);
    at_http_server_stop(f.server, 1);
}

static void says_what_is_wrong(void **state) {
    (void)state;
    fixture f;
    at_error err;
    start(&f, 8, 5);
    at_http_server *second = NULL;
    at_http_server_config config = {.port = at_http_server_port(f.server),
                                    .threads = 1,
                                    .connections = 1,
                                    .timeout = 1,
                                    .handler = handle};
    assert_int_equal(at_http_server_start(&config, &second, &err), AT_BUSY);
    config.address = "localhost";
    assert_int_equal(at_http_server_start(&config, &second, &err), AT_INVALID);
    at_http_reply reply;
    at_http_server_stop(f.server, 1);
    int port = config.port;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
    at_http_call call = {.url = url, .direct = true};
    assert_int_equal(at_http_perform(&call, &reply, &err), AT_NETWORK);
    assert_non_null(strstr(err.text, "nothing answers"));
    call.url = "ftp://127.0.0.1/";
    assert_int_equal(at_http_perform(&call, &reply, &err), AT_INVALID);
    at_cancel cancel = {0};
    at_cancel_raise(&cancel);
    call = (at_http_call){.url = url, .cancel = &cancel};
    assert_int_equal(at_http_perform(&call, &reply, &err), AT_CANCELLED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_a_client),     cmocka_unit_test(keeps_connections),
        cmocka_unit_test(refuses_large_bodies), cmocka_unit_test(bounds_headers),
        cmocka_unit_test(ends_dribblers),       cmocka_unit_test(lets_requests_end),
        cmocka_unit_test(waits_when_full),      cmocka_unit_test(says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
