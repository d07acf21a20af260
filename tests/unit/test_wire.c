#include "kernel/wire.h"
#include "ops/base/clock.h"
#include "tests/unit/unit.h"

/* Frames with copies of these texts. */
static at_frames frames_of(size_t count, const char *const *texts) {
    at_frames frames = {0};
    frames.items = at_alloc_array(count, sizeof *frames.items);
    assert_non_null(frames.items);
    for (size_t i = 0; i < count; i++)
        frames.items[i] = (at_bytes){at_copy_text(texts[i]), strlen(texts[i])};
    frames.count = frames.capacity = count;
    return frames;
}

static at_frames frames_of_packet(const at_packet *packet) {
    at_frames frames = {0};
    frames.items = at_alloc_array(packet->count, sizeof *frames.items);
    assert_non_null(frames.items);
    for (size_t i = 0; i < packet->count; i++) {
        const at_bytes *from = &packet->frames[i];
        frames.items[i] = (at_bytes){at_copy_bytes(from->data, from->size), from->size};
    }
    frames.count = frames.capacity = packet->count;
    return frames;
}

#define HEADER "{\"msg_id\":\"a\",\"msg_type\":\"kernel_info_request\"}"

static void test_what_is_packed_can_be_read(void **state) {
    (void)state;
    at_error err;
    at_wire ours, theirs;
    at_message *request, *answer, *again;
    assert_ok(at_wire_init(&ours, "hmac-sha256", "secret", &err), &err);
    assert_ok(at_wire_init(&theirs, "hmac-sha256", "secret", &err), &err);
    at_letter letter = {.type = "kernel_info_request",
                        .topic = "peer",
                        .when = at_wall_us(),
                        .content = "{\"x\":1}",
                        .content_size = 7};
    at_packet packet;
    assert_ok(at_wire_pack(&theirs, &letter, &packet, &err), &err);
    at_frames frames = frames_of_packet(&packet);
    assert_ok(at_wire_read(&ours, &frames, &request, &err), &err);
    assert_null(frames.items); /* taken */
    assert_string_equal(request->type, "kernel_info_request");
    assert_string_equal(request->id, packet.id);
    assert_int_equal(request->identities, 1);

    /* The answer goes back to the identity, with the header's own bytes as its parent. */
    at_origin *origin = at_message_origin(request);
    assert_non_null(origin);
    letter = (at_letter){.type = "kernel_info_reply",
                         .origin = origin,
                         .when = at_wall_us(),
                         .content = "{}",
                         .content_size = 2};
    at_packet reply;
    assert_ok(at_wire_pack(&ours, &letter, &reply, &err), &err);
    assert_memory_equal(reply.frames[0].data, "peer", 4);
    frames = frames_of_packet(&reply);
    assert_ok(at_wire_read(&theirs, &frames, &answer, &err), &err);
    const at_bytes *parent = &answer->parts[AT_PART_PARENT];
    assert_int_equal(parent->size, strlen(packet.header));
    assert_memory_equal(parent->data, packet.header, parent->size);

    /* And again: that is a replay. */
    frames = frames_of_packet(&reply);
    assert_int_equal(at_wire_read(&theirs, &frames, &again, &err), AT_EXISTS);
    at_message_release(request);
    at_message_release(answer);
    at_origin_release(origin);
    at_wire_fini(&ours);
    at_wire_fini(&theirs);
}

static void test_what_is_wrong_is_refused(void **state) {
    (void)state;
    static const struct {
        at_status status;
        size_t count;
        const char *texts[24];
    } cases[] = {
        {AT_CORRUPT, 1, {""}},
        {AT_CORRUPT, 1, {"<IDS|MSG>"}},
        {AT_CORRUPT, 5, {"<IDS|MSG>", "", HEADER, "{}", "{}"}},
        {AT_CORRUPT, 6, {"<IDS|MSG", "", HEADER, "{}", "{}", "{}"}},
        {AT_CORRUPT, 6, {"<IDS|MSG>", "", "", "{}", "{}", "{}"}},
        {AT_CORRUPT, 6, {"<IDS|MSG>", "", "[]", "{}", "{}", "{}"}},
        {AT_CORRUPT, 6, {"<IDS|MSG>", "", "{\"msg_id\":\"a\"}", "{}", "{}", "{}"}},
        {AT_CORRUPT, 6, {"<IDS|MSG>", "", "{\"msg_type\":\"a\"}", "{}", "{}", "{}"}},
        {AT_CORRUPT,
         6,
         {"<IDS|MSG>", "", "{\"msg_id\":1,\"msg_type\":2}", "{}", "{}", "{}"}},
        {AT_CORRUPT, 23, {"i", "i",         "i", "i",    "i",  "i",  "i", "i",
                          "i", "i",         "i", "i",    "i",  "i",  "i", "i",
                          "i", "<IDS|MSG>", "",  HEADER, "{}", "{}", "{}"}},
        {AT_OK, 6, {"<IDS|MSG>", "", HEADER, "{}", "{}", "{}"}},
        {AT_OK, 8, {"i", "<IDS|MSG>", "", HEADER, "", "", "", "buffer"}},
    };
    at_error err;
    at_wire wire;
    assert_ok(at_wire_init(&wire, "hmac-sha256", "", &err), &err);
    for (size_t i = 0; i < COUNT(cases); i++) {
        at_frames frames = frames_of(cases[i].count, cases[i].texts);
        at_message *message = NULL;
        assert_int_equal(at_wire_read(&wire, &frames, &message, &err), cases[i].status);
        assert_null(frames.items);
        at_message_release(message);
    }
    at_wire_fini(&wire);
}

static void test_a_large_header_is_refused_before_it_is_parsed(void **state) {
    (void)state;
    at_error err;
    at_wire wire;
    at_message *message = NULL;
    assert_ok(at_wire_init(&wire, "hmac-sha256", "", &err), &err);
    for (int place = 2; place <= 3; place++) {
        const char *texts[] = {"<IDS|MSG>", "", HEADER, "{}", "{}", "{}"};
        at_frames frames = frames_of(6, texts);
        at_free(frames.items[place].data);
        frames.items[place].data = at_alloc_zero(AT_HEADER_LIMIT + 1);
        frames.items[place].size = AT_HEADER_LIMIT + 1;
        assert_int_equal(at_wire_read(&wire, &frames, &message, &err), AT_LIMIT);
    }
    at_wire_fini(&wire);
}

static at_status read_once(void *context) {
    static const char *const texts[] = {"id", "<IDS|MSG>", "", HEADER, "{}", "{}", "{}"};
    at_wire *wire = context;
    at_message *message = NULL;
    /* The frames come from the socket: their making is not what is tested here. */
    at_frames frames = {.items = calloc(COUNT(texts), sizeof(at_bytes)),
                        .count = COUNT(texts)};
    for (size_t i = 0; i < COUNT(texts); i++)
        frames.items[i] = (at_bytes){strdup(texts[i]), strlen(texts[i])};
    at_status status = at_wire_read(wire, &frames, &message, NULL);
    if (status != AT_OK)
        return status;
    at_origin *origin = at_message_origin(message);
    at_message_release(message);
    status = origin ? AT_OK : AT_NO_MEMORY;
    at_origin_release(origin);
    return status;
}

static void test_without_memory(void **state) {
    (void)state;
    at_error err;
    at_wire wire;
    assert_ok(at_wire_init(&wire, "hmac-sha256", "", &err), &err);
    assert_true(at_test_sweep(read_once, &wire) >= 4);
    at_wire_fini(&wire);
}

static void test_every_message_has_an_id_of_its_own(void **state) {
    (void)state;
    at_error err;
    at_wire wire;
    at_packet one, two;
    at_letter letter = {
        .type = "status", .topic = "t", .content = "{}", .content_size = 2};
    assert_ok(at_wire_init(&wire, "hmac-sha256", "k", &err), &err);
    assert_ok(at_wire_pack(&wire, &letter, &one, &err), &err);
    assert_ok(at_wire_pack(&wire, &letter, &two, &err), &err);
    assert_string_not_equal(one.id, two.id);
    assert_string_not_equal(one.signature, two.signature);
    at_wire_fini(&wire);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_packed_can_be_read),
        cmocka_unit_test(test_what_is_wrong_is_refused),
        cmocka_unit_test(test_a_large_header_is_refused_before_it_is_parsed),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_every_message_has_an_id_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
