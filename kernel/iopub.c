#include "kernel/iopub.h"

#include "kernel/json.h"
#include "kernel/thread.h"
#include "kernel/wakeup.h"
#include "ops/base/clock.h"
#include "ops/base/log.h"
#include "ops/base/memory.h"

#include <stdlib.h>
#include <string.h>

#define QUEUE_LIMIT   ((size_t)64 * 1024 * 1024) /* bytes */
#define QUEUE_SECONDS 2.0 /* of output that waits under a rate limit, at most */
#define CHUNK_LIMIT   ((size_t)256 * 1024) /* bytes of one stream message */
#define CHUNK_PACED   ((size_t)64 * 1024)  /* the same under a rate limit */
#define JOIN_SECONDS  0.02                 /* a stream waits this long for more */
#define STALL_SECONDS 5.0
#define RETRY_SECONDS 0.001
#define PROBE_SECONDS 1.0
#define DRAIN_SECONDS 1.0
/* The server counts in windows of 3 s. Burst + 3 s at this share of its limits stays
 * below 3 s at the limits. */
#define SERVER_BYTES    1e6
#define SERVER_MESSAGES 1e3
#define PACE_SHARE      0.8
#define PACE_BURST      0.5 /* seconds at the limit */
/* Bytes, about, of what goes around a content. */
#define ENVELOPE 1024

typedef struct at_item {
    struct at_item *next;
    const char *type;
    at_origin *origin;
    int64_t when;
    double born; /* at_now */
    bool stream; /* body: raw text; else JSON */
    at_stream channel;
    at_text body;
} at_item;

/* The end of a stream message that began a UTF-8 sequence; goes before the next one. */
typedef struct at_carry {
    at_origin *origin;
    at_stream channel;
    char bytes[4];
    size_t length;
} at_carry;

struct at_iopub {
    at_wire *wire;
    at_socket *socket;
    pthread_t thread;
    at_wakeup wakeup;

    pthread_mutex_t lock; /* guards all down to `asleep` */
    pthread_cond_t room;
    at_item *first, *last;
    size_t bytes;
    bool stopping, hurry, asleep;

    /* The thread's own. */
    bool welcomed, lossy;
    double probe_at, drain_until;
    double rate; /* bytes a second; 0: no limit */
    double byte_tokens, message_tokens, filled_at;
    size_t chunk, limit; /* bytes: of a stream message, of the queue */
    at_carry carry;
};

static void release_item(at_item *item) {
    if (!item)
        return;
    at_origin_release(item->origin);
    at_text_fini(&item->body);
    at_free(item);
}

/* ---- posting: any thread ---- */

static at_item *new_item(const char *type, at_origin *origin) {
    at_item *item = at_alloc_zero(sizeof *item);
    if (!item)
        return NULL;
    item->type = type;
    item->origin = at_origin_retain(origin);
    item->when = at_wall_us();
    item->born = at_now();
    return item;
}

/* With the lock held. */
static void push(at_iopub *iopub, at_item *item) {
    iopub->bytes += item->body.length;
    if (iopub->last)
        iopub->last->next = item;
    else
        iopub->first = item;
    iopub->last = item;
    if (iopub->asleep)
        at_wakeup_signal(&iopub->wakeup);
}

static void wait_for_room(at_iopub *iopub) {
    while (iopub->bytes >= iopub->limit && !iopub->stopping)
        pthread_cond_wait(&iopub->room, &iopub->lock);
}

static void post(at_iopub *iopub, at_item *item, bool may_wait) {
    if (!item || !at_text_ok(&item->body)) {
        at_log(AT_LOG_ERROR, "no memory for an output message");
        release_item(item);
        return;
    }
    pthread_mutex_lock(&iopub->lock);
    if (may_wait)
        wait_for_room(iopub);
    push(iopub, item);
    pthread_mutex_unlock(&iopub->lock);
}

void at_iopub_post(at_iopub *iopub, const char *type, at_origin *origin,
                   const json_t *content) {
    at_item *item = new_item(type, origin);
    if (item)
        at_json_dump(&item->body, content);
    post(iopub, item, true);
}

void at_iopub_post_now(at_iopub *iopub, const char *type, at_origin *origin,
                       const json_t *content) {
    at_item *item = new_item(type, origin);
    if (item)
        at_json_dump(&item->body, content);
    post(iopub, item, false);
}

void at_iopub_status(at_iopub *iopub, at_origin *origin, const char *state) {
    at_item *item = new_item("status", origin);
    if (item)
        at_text_format(&item->body, "{\"execution_state\":\"%s\"}", state);
    post(iopub, item, false);
}

/* Adds one chunk, to the last item where it continues that. With the lock held. */
static bool push_stream(at_iopub *iopub, at_origin *origin, at_stream stream,
                        const char *text, size_t length) {
    at_item *last = iopub->last;
    if (last && last->stream && last->channel == stream && last->origin == origin &&
        last->body.length + length <= iopub->chunk) {
        at_text_append(&last->body, text, length);
        iopub->bytes += length;
        return at_text_ok(&last->body);
    }
    at_item *item = new_item("stream", origin);
    if (!item)
        return false;
    item->stream = true;
    item->channel = stream;
    at_text_append(&item->body, text, length);
    if (!at_text_ok(&item->body)) {
        release_item(item);
        return false;
    }
    push(iopub, item);
    return true;
}

void at_iopub_stream(at_iopub *iopub, at_origin *origin, at_stream stream,
                     const char *text, size_t length) {
    bool ok = true;
    pthread_mutex_lock(&iopub->lock);
    while (length > 0 && ok) {
        wait_for_room(iopub);
        size_t n = length < iopub->chunk ? length : iopub->chunk;
        ok = push_stream(iopub, origin, stream, text, n);
        text += n;
        length -= n;
    }
    pthread_mutex_unlock(&iopub->lock);
    if (!ok)
        at_log(AT_LOG_ERROR, "no memory for printed text");
}

void at_iopub_hurry(at_iopub *iopub) {
    pthread_mutex_lock(&iopub->lock);
    iopub->hurry = true;
    at_wakeup_signal(&iopub->wakeup);
    pthread_mutex_unlock(&iopub->lock);
}

/* ---- sending: the thread ---- */

static void send_lossy(at_iopub *iopub, const at_packet *packet) {
    at_error err;
    at_socket_set_lossy(iopub->socket, true);
    if (at_socket_send(iopub->socket, packet->frames, packet->count, &err) != AT_OK)
        at_log(AT_LOG_ERROR, "iopub: %s", err.text);
    at_socket_set_lossy(iopub->socket, false);
}

static void welcome(at_iopub *iopub, const char *topic, size_t length) {
    at_text content = {0}, name = {0};
    at_text_append(&name, topic, length);
    at_text_put(&content, "{\"subscription\":");
    at_json_put_string(&content, topic, length);
    at_text_char(&content, '}');
    at_letter letter = {.type = "iopub_welcome",
                        .topic = at_text_get(&name),
                        .when = at_wall_us(),
                        .content = at_text_get(&content),
                        .content_size = content.length};
    at_packet packet;
    if (at_text_ok(&content) && at_text_ok(&name) &&
        at_wire_pack(iopub->wire, &letter, &packet, NULL) == AT_OK)
        send_lossy(iopub, &packet);
    if (!iopub->welcomed) {
        /* Held until somebody can hear it; nobody has been told anything before. */
        static const char starting[] = "{\"execution_state\":\"starting\"}";
        iopub->welcomed = true;
        letter = (at_letter){.type = "status",
                             .topic = "status",
                             .when = at_wall_us(),
                             .content = starting,
                             .content_size = sizeof starting - 1};
        if (at_wire_pack(iopub->wire, &letter, &packet, NULL) == AT_OK)
            send_lossy(iopub, &packet);
    }
    at_text_fini(&content);
    at_text_fini(&name);
}

static void read_subscriptions(at_iopub *iopub) {
    at_frames frames;
    for (;;) {
        at_status status = at_socket_receive(iopub->socket, &frames, NULL);
        if (status != AT_OK && status != AT_LIMIT)
            return;
        if (status == AT_LIMIT)
            continue;
        const at_bytes *first = &frames.items[0];
        bool subscribes = frames.count == 1 && first->size >= 1 && first->data[0] == 1;
        if (subscribes && first->size <= CHUNK_LIMIT &&
            at_utf8_valid(first->data + 1, first->size - 1) &&
            !memchr(first->data + 1, '\0', first->size - 1))
            welcome(iopub, first->data + 1, first->size - 1);
        at_frames_fini(&frames);
    }
}

static void transmit(at_iopub *iopub, const at_packet *packet) {
    at_error err;
    double now = at_now(), give_up = iopub->drain_until;
    if (give_up == 0)
        give_up = now + (iopub->lossy ? 0 : STALL_SECONDS);
    bool probe = !iopub->lossy || now >= iopub->probe_at;
    while (probe) {
        at_status status =
            at_socket_send(iopub->socket, packet->frames, packet->count, &err);
        if (status != AT_BUSY) {
            if (status != AT_OK)
                at_log(AT_LOG_ERROR, "iopub: %s", err.text);
            iopub->lossy = false;
            return;
        }
        if (at_now() >= give_up)
            break;
        at_socket_wait(iopub->socket, true, iopub->wakeup.fd, RETRY_SECONDS);
        at_wakeup_clear(&iopub->wakeup);
        read_subscriptions(iopub);
    }
    if (probe)
        iopub->probe_at = at_now() + PROBE_SECONDS;
    if (!iopub->lossy && iopub->drain_until == 0)
        at_log(AT_LOG_WARN, "a client takes no output for %g s: its part is dropped",
               STALL_SECONDS);
    iopub->lossy = true;
    send_lossy(iopub, packet);
    at_sleep(RETRY_SECONDS); /* so that the mark of the others is not reached */
}

static void send_text(at_iopub *iopub, const char *type, const char *topic,
                      const at_origin *origin, int64_t when, const at_text *content) {
    at_letter letter = {.type = type,
                        .topic = topic,
                        .origin = origin,
                        .when = when,
                        .content = at_text_get(content),
                        .content_size = content->length};
    at_packet packet;
    at_error err;
    if (!at_text_ok(content))
        at_log(AT_LOG_ERROR, "no memory for an output message");
    else if (at_wire_pack(iopub->wire, &letter, &packet, &err) != AT_OK)
        at_log(AT_LOG_ERROR, "iopub: %s", err.text);
    else
        transmit(iopub, &packet);
}

static void send_stream(at_iopub *iopub, const at_origin *origin, at_stream channel,
                        int64_t when, const char *text, size_t length) {
    bool out = channel == AT_STDOUT;
    at_text content = {0};
    at_text_put(&content, out ? "{\"name\":\"stdout\",\"text\":"
                              : "{\"name\":\"stderr\",\"text\":");
    at_json_put_string(&content, text, length);
    at_text_char(&content, '}');
    iopub->byte_tokens -= (double)content.length + ENVELOPE;
    send_text(iopub, "stream", out ? "stream.stdout" : "stream.stderr", origin, when,
              &content);
    at_text_fini(&content);
}

/* Sends the carried bytes alone: nothing completes them. */
static void drop_carry(at_iopub *iopub, int64_t when) {
    at_carry carry = iopub->carry;
    iopub->carry = (at_carry){0};
    if (carry.length)
        send_stream(iopub, carry.origin, carry.channel, when, carry.bytes, carry.length);
    at_origin_release(carry.origin);
}

static void send_stream_item(at_iopub *iopub, at_item *item) {
    at_carry *carry = &iopub->carry;
    at_text joined = {0};
    bool continues =
        carry->length && carry->origin == item->origin && carry->channel == item->channel;
    if (continues) {
        at_text_append(&joined, carry->bytes, carry->length);
        carry->length = 0;
    }
    drop_carry(iopub, item->when);
    at_text_append(&joined, item->body.data, item->body.length);
    if (!at_text_ok(&joined)) {
        at_log(AT_LOG_ERROR, "no memory for printed text");
        at_text_fini(&joined);
        return;
    }
    size_t rest = at_utf8_unfinished(joined.data, joined.length);
    size_t whole = joined.length - rest;
    if (whole)
        send_stream(iopub, item->origin, item->channel, item->when, joined.data, whole);
    if (rest) {
        *carry = (at_carry){.origin = at_origin_retain(item->origin),
                            .channel = item->channel,
                            .length = rest};
        memcpy(carry->bytes, joined.data + whole, rest);
    }
    at_text_fini(&joined);
}

/* ---- pacing ---- */

/* Messages a second under the limit. */
static double message_rate(const at_iopub *iopub) {
    return SERVER_MESSAGES * iopub->rate / SERVER_BYTES;
}

static void fill_tokens(at_iopub *iopub) {
    double now = at_now(), passed = now - iopub->filled_at;
    double messages = message_rate(iopub);
    iopub->filled_at = now;
    iopub->byte_tokens += passed * iopub->rate * PACE_SHARE;
    iopub->message_tokens += passed * messages * PACE_SHARE;
    if (iopub->byte_tokens > iopub->rate * PACE_BURST)
        iopub->byte_tokens = iopub->rate * PACE_BURST;
    if (iopub->message_tokens > messages * PACE_BURST)
        iopub->message_tokens = messages * PACE_BURST;
}

static bool is_paced(const at_iopub *iopub, const at_item *item) {
    return iopub->rate > 0 && strcmp(item->type, "status") != 0 &&
           strcmp(item->type, "execute_input") != 0;
}

/* Seconds until `item`, the first, may go. With the lock held. */
static double delay_of(at_iopub *iopub, const at_item *item) {
    double wait = 0;
    if (iopub->stopping)
        return 0;
    if (item->stream && !item->next && !iopub->hurry &&
        item->body.length < iopub->chunk / 2)
        wait = item->born + JOIN_SECONDS - at_now();
    if (is_paced(iopub, item)) {
        fill_tokens(iopub);
        double lack = -iopub->message_tokens / (message_rate(iopub) * PACE_SHARE);
        if (item->stream && -iopub->byte_tokens / (iopub->rate * PACE_SHARE) > lack)
            lack = -iopub->byte_tokens / (iopub->rate * PACE_SHARE);
        if (lack > wait)
            wait = lack;
    }
    return wait > 0 ? wait : 0;
}

/* The next item whose time has come, or NULL with *wait (below 0: for ever). */
static at_item *take(at_iopub *iopub, double *wait, bool *done) {
    pthread_mutex_lock(&iopub->lock);
    at_item *item = iopub->first;
    *wait = item ? delay_of(iopub, item) : -1;
    *done = !item && iopub->stopping;
    if (!item)
        iopub->hurry = false;
    if (item && *wait == 0) {
        iopub->first = item->next;
        if (!iopub->first)
            iopub->last = NULL;
        iopub->bytes -= item->body.length;
        pthread_cond_broadcast(&iopub->room);
        if (iopub->stopping && iopub->drain_until == 0)
            iopub->drain_until = at_now() + DRAIN_SECONDS;
    } else
        item = NULL;
    iopub->asleep = !item;
    pthread_mutex_unlock(&iopub->lock);
    return item;
}

static void send_item(at_iopub *iopub, at_item *item) {
    if (is_paced(iopub, item))
        iopub->message_tokens -= 1;
    if (item->stream) {
        send_stream_item(iopub, item);
        return;
    }
    drop_carry(iopub, item->when);
    send_text(iopub, item->type, item->type, item->origin, item->when, &item->body);
}

static void *run(void *context) {
    at_iopub *iopub = context;
    for (bool done = false; !done;) {
        double wait;
        read_subscriptions(iopub);
        at_item *item = take(iopub, &wait, &done);
        if (item) {
            send_item(iopub, item);
            release_item(item);
        } else if (!done) {
            at_socket_wait(iopub->socket, true, iopub->wakeup.fd, wait);
            at_wakeup_clear(&iopub->wakeup);
        }
    }
    drop_carry(iopub, at_wall_us());
    return NULL;
}

/* Bytes that may wait. An interrupted cell's output goes on until they are sent: under a
 * limit a few seconds' worth, but room for one chunk. */
static size_t find_limit(double rate) {
    double limit = rate * QUEUE_SECONDS;
    if (rate == 0 || limit >= (double)QUEUE_LIMIT)
        return QUEUE_LIMIT;
    return limit > (double)CHUNK_PACED ? (size_t)limit : CHUNK_PACED;
}

/* Bytes a second that our subscribers can take; 0: no limit. */
static double find_rate(void) {
    const char *given = getenv("ATELIER_IOPUB_RATE");
    double rate;
    if (given && at_parse_real(given, &rate) && rate >= 0)
        return rate;
    return getenv("JPY_SESSION_NAME") ? SERVER_BYTES : 0;
}

at_status at_iopub_new(at_wire *wire, at_socket *sock, at_iopub **out, at_error *err) {
    at_iopub *iopub = at_alloc_zero(sizeof *iopub);
    if (!iopub) {
        at_socket_release(sock);
        return at_fail(err, AT_NO_MEMORY, "no memory for iopub");
    }
    iopub->wire = wire;
    iopub->socket = sock;
    iopub->rate = find_rate();
    iopub->chunk = iopub->rate > 0 ? CHUNK_PACED : CHUNK_LIMIT;
    iopub->limit = find_limit(iopub->rate);
    iopub->filled_at = at_now();
    iopub->byte_tokens = iopub->rate * PACE_BURST;
    iopub->message_tokens = message_rate(iopub) * PACE_BURST;
    pthread_mutex_init(&iopub->lock, NULL);
    pthread_cond_init(&iopub->room, NULL);
    at_status status = at_wakeup_init(&iopub->wakeup, err);
    if (status == AT_OK)
        status =
            at_thread_start(&iopub->thread, "iopub", AT_STACK_SMALL, run, iopub, err);
    if (status != AT_OK) {
        at_wakeup_fini(&iopub->wakeup);
        at_socket_release(sock);
        at_free(iopub);
        return status;
    }
    *out = iopub;
    return AT_OK;
}

void at_iopub_release(at_iopub *iopub) {
    if (!iopub)
        return;
    pthread_mutex_lock(&iopub->lock);
    iopub->stopping = true;
    pthread_cond_broadcast(&iopub->room);
    at_wakeup_signal(&iopub->wakeup);
    pthread_mutex_unlock(&iopub->lock);
    pthread_join(iopub->thread, NULL);
    at_socket_release(iopub->socket);
    at_wakeup_fini(&iopub->wakeup);
    pthread_mutex_destroy(&iopub->lock);
    pthread_cond_destroy(&iopub->room);
    at_free(iopub);
}
