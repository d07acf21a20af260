#include "kernel/wire.h"

#include "kernel/json.h"
#include "ops/base/clock.h"
#include "ops/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char DELIMITER[] = "<IDS|MSG>";

enum { PARTS_LEAST = AT_PART_BUFFERS };

at_status at_wire_init(at_wire *wire, const char *scheme, const char *key,
                       at_error *err) {
    *wire = (at_wire){0};
    AT_TRY(at_signer_init(&wire->signer, scheme, key, err));
    atomic_init(&wire->sent, 0);
    at_uuid(wire->session);
    const char *user = getenv("USER");
    at_text quoted = {0};
    at_json_put_string(&quoted, user ? user : "kernel", user ? strlen(user) : 6);
    bool fits = at_text_ok(&quoted) && quoted.length < sizeof wire->username;
    snprintf(wire->username, sizeof wire->username, "%s",
             fits ? at_text_get(&quoted) : "\"kernel\"");
    at_text_fini(&quoted);
    return AT_OK;
}

void at_wire_fini(at_wire *wire) {
    at_signer_fini(&wire->signer);
}

static at_status find_delimiter(const at_frames *frames, size_t *place, at_error *err) {
    for (size_t i = 0; i < frames->count && i <= AT_IDENTITIES_LIMIT; i++)
        if (frames->items[i].size == sizeof DELIMITER - 1 &&
            memcmp(frames->items[i].data, DELIMITER, sizeof DELIMITER - 1) == 0) {
            *place = i;
            return AT_OK;
        }
    return at_fail(err, AT_CORRUPT, "a message without the delimiter %s", DELIMITER);
}

static at_status read_header(at_message *message, at_error *err) {
    const at_bytes *header = &message->parts[AT_PART_HEADER];
    json_error_t where;
    message->header = json_loadb(header->data, header->size, 0, &where);
    if (!json_is_object(message->header))
        return at_fail(err, AT_CORRUPT, "a message whose header is no JSON object");
    message->type = at_json_text(message->header, "msg_type", NULL, NULL);
    message->id = at_json_text(message->header, "msg_id", NULL, NULL);
    message->subshell = at_json_text(message->header, "subshell_id", NULL, NULL);
    if (!message->type || !message->id)
        return at_fail(err, AT_CORRUPT,
                       "a message whose header lacks msg_type or msg_id");
    return AT_OK;
}

at_status at_wire_read(at_wire *wire, at_frames *frames, at_message **out,
                       at_error *err) {
    size_t place = 0;
    at_message *message = at_alloc_zero(sizeof *message);
    at_status status = message ? find_delimiter(frames, &place, err)
                               : at_fail(err, AT_NO_MEMORY, "no memory for a message");
    if (status == AT_OK) {
        message->frames = *frames;
        *frames = (at_frames){0};
        message->identities = place;
        message->parts = message->frames.items + place + 1;
        size_t parts = message->frames.count - place - 1;
        if (parts < PARTS_LEAST)
            status = at_fail(err, AT_CORRUPT, "a message of %zu frames instead of %d",
                             parts, PARTS_LEAST);
        else if (message->parts[AT_PART_HEADER].size > AT_HEADER_LIMIT ||
                 message->parts[AT_PART_PARENT].size > AT_HEADER_LIMIT)
            status = at_fail(err, AT_LIMIT, "a message whose header is over %zu bytes",
                             AT_HEADER_LIMIT);
    }
    if (status == AT_OK)
        status = at_signer_check(&wire->signer, &message->parts[AT_PART_SIGNATURE],
                                 &message->parts[AT_PART_HEADER], err);
    if (status == AT_OK)
        status = read_header(message, err);
    at_frames_fini(frames);
    if (status != AT_OK) {
        at_message_release(message);
        return status;
    }
    *out = message;
    return AT_OK;
}

static at_bytes borrow(const char *text, size_t size) {
    /* A frame to send is only read. */
    return (at_bytes){(char *)(uintptr_t)text, size};
}

at_status at_wire_pack(at_wire *wire, const at_letter *letter, at_packet *out,
                       at_error *err) {
    char date[32];
    unsigned long number = atomic_fetch_add(&wire->sent, 1);
    snprintf(out->id, sizeof out->id, "%s_%ld_%lu", wire->session, (long)getpid(),
             number);
    int n = snprintf(out->header, sizeof out->header,
                     "{\"msg_id\":\"%s\",\"msg_type\":\"%s\",\"session\":\"%s\","
                     "\"username\":%s,\"date\":\"%s\",\"version\":\"%s\"}",
                     out->id, letter->type, wire->session, wire->username,
                     at_format_utc(letter->when, date), AT_PROTOCOL_VERSION);
    if (n < 0 || (size_t)n >= sizeof out->header)
        return at_fail(err, AT_INTERNAL, "a header of %d bytes", n);

    size_t count = 0;
    const at_origin *origin = letter->origin;
    if (letter->topic)
        out->frames[count++] = borrow(letter->topic, strlen(letter->topic));
    else
        for (size_t i = 0; origin && i < origin->identity_count; i++)
            out->frames[count++] = origin->identities[i];
    out->frames[count++] = borrow(DELIMITER, sizeof DELIMITER - 1);
    at_bytes *signature = &out->frames[count++];
    at_bytes *parts = &out->frames[count];
    out->frames[count++] = borrow(out->header, (size_t)n);
    out->frames[count++] = origin ? origin->header : borrow("{}", 2);
    out->frames[count++] = borrow("{}", 2);
    out->frames[count++] = borrow(letter->content, letter->content_size);
    at_sign(&wire->signer, parts, out->signature);
    *signature = borrow(out->signature, strlen(out->signature));
    out->count = count;
    return AT_OK;
}

at_status at_wire_send(at_wire *wire, at_socket *sock, const at_letter *letter,
                       at_error *err) {
    at_packet packet;
    AT_TRY(at_wire_pack(wire, letter, &packet, err));
    return at_socket_send(sock, packet.frames, packet.count, err);
}
