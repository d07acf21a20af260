/* A request above the sockets: method, path, Host, Content-Type and Accept on a line
 * each, the body after them, against the routes with one small trained model. Answers are
 * always whole: a known status, and JSON that parses where JSON is said. */
#include "magics/deploy/route.h"
#include "ops/learn/model.h"

#include <assert.h>
#include <string.h>

static at_endpoints endpoints;
static at_route route = {.endpoints = &endpoints, .port = 8080};

static at_frame *make_frame(void) {
    static const char *const cities[] = {"Oslo", "Rome", "Lima"};
    at_column_builder *columns[5];
    at_frame_builder *builder;
    at_frame *frame;
    at_status status =
        at_column_builder_new("temperature", AT_TYPE_FLOAT, &columns[0], NULL);
    status |= at_column_builder_new("city", AT_TYPE_CATEGORY, &columns[1], NULL);
    status |= at_column_builder_new("count", AT_TYPE_INT, &columns[2], NULL);
    status |= at_column_builder_new("day", AT_TYPE_DATE, &columns[3], NULL);
    status |= at_column_builder_new("ice", AT_TYPE_CATEGORY, &columns[4], NULL);
    status |= at_frame_builder_new(&builder, NULL);
    for (int i = 0; i < 200; i++) {
        const char *city = cities[i % 3];
        at_column_builder_real(columns[0], i * 37 % 50 - 25);
        at_column_builder_text(columns[1], city, 4);
        at_column_builder_int(columns[2], i % 7);
        at_column_builder_int(columns[3], 19000 + i);
        at_column_builder_text(columns[4], i * 37 % 50 < 25 ? "yes" : "no",
                               i * 37 % 50 < 25 ? 3 : 2);
    }
    for (int i = 0; i < 5; i++)
        status |= at_frame_builder_take(builder, columns[i], NULL);
    status |= at_frame_builder_finish(builder, &frame, NULL);
    assert(status == AT_OK);
    return frame;
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    at_frame *frame = make_frame();
    json_t *hyper = json_pack("{s:s}", "epochs", "2");
    at_train_request request = {.learner = at_learner_find("linear-learner"),
                                .hyperparameters = hyper,
                                .target = "ice",
                                .train = frame,
                                .seed = 1};
    at_model *model = NULL;
    at_error err;
    at_status status = at_model_train(&request, &model, &err);
    assert(status == AT_OK);
    json_t *card = json_pack("{s:[s,s,s,s]}", "response", "predicted_label",
                             "probability", "probabilities", "labels");
    at_endpoint **items = at_alloc_array(1, sizeof *items);
    status = at_endpoint_new("id", "ice-ep", model, card, &items[0], &err);
    assert(status == AT_OK);
    at_endpoints_init(&endpoints);
    at_endpoints_take(&endpoints, items, 1);
    at_model_release(model);
    json_decref(card);
    json_decref(hyper);
    at_frame_release(frame);
    return 0;
}

/* The next line, in the arena; NULL where it is "-". */
static const char *next_line(const char **at, const char *end, at_arena *arena) {
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    size_t length = (size_t)((stop ? stop : end) - *at);
    const char *line = at_arena_text(arena, *at, length);
    *at = stop ? stop + 1 : end;
    return strcmp(line, "-") == 0 ? NULL : line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    at_arena arena = {0};
    at_text body = {0}, answer_body = {0};
    const char *at = (const char *)data, *end = at + size;
    at_http_request request = {.arena = &arena};
    request.method = next_line(&at, end, &arena);
    request.path = next_line(&at, end, &arena);
    request.host = next_line(&at, end, &arena);
    request.content_type = next_line(&at, end, &arena);
    request.accept = next_line(&at, end, &arena);
    request.method = request.method ? request.method : "POST";
    request.path = request.path ? request.path : "/endpoints/ice-ep/invocations";
    at_text_append(&body, at, (size_t)(end - at));
    request.body = at_text_get(&body);
    request.length = body.length;
    at_http_answer answer = {
        .status = 500, .content_type = "application/json", .body = &answer_body};
    at_route_handle(&route, &request, &answer);
    assert(answer.status >= 200 && answer.status < 500);
    assert(answer.content_type && at_text_ok(&answer_body));
    assert(at_utf8_valid(at_text_get(&answer_body), answer_body.length));
    if (strcmp(answer.content_type, "application/json") == 0) {
        json_t *json = json_loadb(at_text_get(&answer_body), answer_body.length, 0, NULL);
        assert(json);
        json_decref(json);
    }
    at_text_fini(&body);
    at_text_fini(&answer_body);
    at_arena_fini(&arena);
    return 0;
}
