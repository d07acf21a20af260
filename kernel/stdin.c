#include "kernel/stdin.h"

#include "kernel/json.h"
#include "kernel/thread.h"
#include "kernel/wakeup.h"
#include "ops/base/clock.h"
#include "ops/base/log.h"
#include "ops/base/memory.h"

#include <string.h>

/* One question; lives on the stack of the runner that asks. */
typedef struct at_ask {
    struct at_ask *next;
    at_origin *origin;
    const char *prompt;
    bool password, sent, answered;
    char id[80]; /* msg_id of the input_request */
    char *answer;
} at_ask;

struct at_stdin {
    at_wire *wire;
    at_socket *socket;
    at_wakeup wakeup;
    pthread_t thread;

    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    at_ask *asks;
    bool stopping;
};

static void unlink_ask(at_stdin *channel, at_ask *ask) {
    for (at_ask **place = &channel->asks; *place; place = &(*place)->next)
        if (*place == ask) {
            *place = ask->next;
            return;
        }
}

at_status at_stdin_ask(at_stdin *channel, at_origin *origin, const char *prompt,
                       bool password, const at_cancel *cancel, char **answer,
                       at_error *err) {
    at_ask ask = {.origin = origin, .prompt = prompt, .password = password};
    pthread_mutex_lock(&channel->lock);
    ask.next = channel->asks;
    channel->asks = &ask;
    at_wakeup_signal(&channel->wakeup);
    while (!ask.answered && !at_cancelled(cancel) && !channel->stopping)
        pthread_cond_wait(&channel->changed, &channel->lock);
    unlink_ask(channel, &ask);
    pthread_mutex_unlock(&channel->lock);
    if (!ask.answered)
        return at_fail(err, AT_CANCELLED, "interrupted while waiting for an answer");
    if (!ask.answer)
        return at_fail(err, AT_NO_MEMORY, "no memory for the answer");
    if (strcmp(ask.answer, "\x04") == 0) {
        at_free(ask.answer);
        return at_fail(err, AT_UNSUPPORTED, "the input ended before an answer came");
    }
    *answer = ask.answer;
    return AT_OK;
}

void at_stdin_wake(at_stdin *channel) {
    pthread_mutex_lock(&channel->lock);
    pthread_cond_broadcast(&channel->changed);
    pthread_mutex_unlock(&channel->lock);
}

static bool same_identities(const at_message *message, const at_origin *origin) {
    if (message->identities != origin->identity_count)
        return false;
    for (size_t i = 0; i < message->identities; i++) {
        const at_bytes *a = &message->frames.items[i], *b = &origin->identities[i];
        if (a->size != b->size || memcmp(a->data, b->data, a->size) != 0)
            return false;
    }
    return true;
}

/* Whether a reply names a request as its parent, and another one than `id`. Clients that
 * leave the parent out are taken at their word. */
static bool answers_another(const at_message *message, const char *id) {
    const at_bytes *frame = &message->parts[AT_PART_PARENT];
    json_t *parent = json_loadb(frame->data, frame->size, 0, NULL);
    const char *type = at_json_text(parent, "msg_type", "", NULL);
    const char *named = at_json_text(parent, "msg_id", id, NULL);
    bool another = strcmp(type, "input_request") == 0 && strcmp(named, id) != 0;
    json_decref(parent);
    return another;
}

/* With the lock held. A reply that nobody waits for is stale: it is dropped. */
static void deliver(at_stdin *channel, const at_message *message) {
    at_error err;
    json_t *content;
    for (at_ask *ask = channel->asks; ask; ask = ask->next) {
        if (!ask->sent || ask->answered || !same_identities(message, ask->origin) ||
            answers_another(message, ask->id))
            continue;
        if (at_message_content(message, &content, &err) != AT_OK) {
            at_log(AT_LOG_WARN, "stdin: %s", err.text);
            return;
        }
        ask->answer = at_copy_text(at_json_text(content, "value", "", NULL));
        ask->answered = true;
        json_decref(content);
        pthread_cond_broadcast(&channel->changed);
        return;
    }
    at_log(AT_LOG_INFO, "stdin: dropped an answer that nobody waits for");
}

static void receive_all(at_stdin *channel) {
    at_frames frames;
    at_message *message;
    at_error err = {0};
    at_status status;
    while ((status = at_socket_receive(channel->socket, &frames, &err)) != AT_BUSY) {
        if (status == AT_OK)
            status = at_wire_read(channel->wire, &frames, &message, &err);
        if (status != AT_OK) {
            at_log(AT_LOG_WARN, "stdin: dropped %s", err.text);
            continue;
        }
        if (strcmp(message->type, "input_reply") == 0)
            deliver(channel, message);
        at_message_release(message);
    }
}

static void send_ask(at_stdin *channel, at_ask *ask) {
    at_error err = {0};
    at_text content = {0};
    at_text_put(&content, "{\"prompt\":");
    at_json_put_string(&content, ask->prompt, strlen(ask->prompt));
    at_text_put(&content, ask->password ? ",\"password\":true}" : ",\"password\":false}");
    at_letter letter = {.type = "input_request",
                        .origin = ask->origin,
                        .when = at_wall_us(),
                        .content = at_text_get(&content),
                        .content_size = content.length};
    at_packet packet;
    at_status status = at_text_ok(&content)
                           ? at_wire_pack(channel->wire, &letter, &packet, &err)
                           : at_fail(&err, AT_NO_MEMORY, "no memory for a question");
    if (status == AT_OK)
        status = at_socket_send(channel->socket, packet.frames, packet.count, &err);
    if (status == AT_OK)
        memcpy(ask->id, packet.id, sizeof ask->id);
    else
        at_log(AT_LOG_ERROR, "stdin: %s", err.text);
    ask->sent = true;
    at_text_fini(&content);
}

static void *run(void *context) {
    at_stdin *channel = context;
    for (bool stopping = false; !stopping;) {
        at_socket_wait(channel->socket, true, channel->wakeup.fd, -1);
        at_wakeup_clear(&channel->wakeup);
        pthread_mutex_lock(&channel->lock);
        /* What came before a question cannot be its answer: read first, then ask. */
        receive_all(channel);
        for (at_ask *ask = channel->asks; ask; ask = ask->next)
            if (!ask->sent)
                send_ask(channel, ask);
        stopping = channel->stopping;
        pthread_mutex_unlock(&channel->lock);
    }
    return NULL;
}

at_status at_stdin_new(at_wire *wire, at_socket *sock, at_stdin **out, at_error *err) {
    at_stdin *channel = at_alloc_zero(sizeof *channel);
    if (!channel) {
        at_socket_release(sock);
        return at_fail(err, AT_NO_MEMORY, "no memory for the stdin channel");
    }
    channel->wire = wire;
    channel->socket = sock;
    pthread_mutex_init(&channel->lock, NULL);
    pthread_cond_init(&channel->changed, NULL);
    at_status status = at_wakeup_init(&channel->wakeup, err);
    if (status == AT_OK)
        status =
            at_thread_start(&channel->thread, "stdin", AT_STACK_SMALL, run, channel, err);
    if (status != AT_OK) {
        at_wakeup_fini(&channel->wakeup);
        at_socket_release(sock);
        at_free(channel);
        return status;
    }
    *out = channel;
    return AT_OK;
}

void at_stdin_release(at_stdin *channel) {
    if (!channel)
        return;
    pthread_mutex_lock(&channel->lock);
    channel->stopping = true;
    pthread_cond_broadcast(&channel->changed);
    at_wakeup_signal(&channel->wakeup);
    pthread_mutex_unlock(&channel->lock);
    pthread_join(channel->thread, NULL);
    at_socket_release(channel->socket);
    at_wakeup_fini(&channel->wakeup);
    pthread_mutex_destroy(&channel->lock);
    pthread_cond_destroy(&channel->changed);
    at_free(channel);
}
