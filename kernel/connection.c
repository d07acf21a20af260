#include "kernel/connection.h"

#include "kernel/json.h"
#include "ops/base/file.h"
#include "ops/base/memory.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

enum { ENDPOINT_SIZE = 512, CURVE_KEY_SIZE = 40 };

static const char *const FIELDS[AT_CHANNELS] = {
    [AT_SHELL] = "shell_port", [AT_CONTROL] = "control_port", [AT_IOPUB] = "iopub_port",
    [AT_STDIN] = "stdin_port", [AT_HEARTBEAT] = "hb_port",
};

const char *at_channel_field(at_channel channel) {
    return FIELDS[channel];
}

static at_status read_ports(const json_t *root, at_connection *out, at_error *err) {
    if (!json_object_get(root, "shell_port") &&
        json_object_get(root, "registration_port")) {
        at_fail(
            err, AT_UNSUPPORTED,
            "the connection file asks for the registration handshake of protocol 5.6");
        return at_hint(err, "launch the kernel with a file that holds the five ports");
    }
    for (int i = 0; i < AT_CHANNELS; i++) {
        int64_t port = at_json_int(root, FIELDS[i], -1);
        int64_t most = out->ipc ? INT32_MAX : 65535;
        if (port < 1 || port > most)
            return at_fail(err, AT_INVALID,
                           "%s is missing in the connection file, or not from 1 to %lld",
                           FIELDS[i], (long long)most);
        out->ports[i] = (int)port;
    }
    return AT_OK;
}

static at_status read_curve(const json_t *root, at_connection *out, at_error *err) {
    const char *public_key = at_json_text(root, "curve_publickey", NULL, NULL);
    const char *secret_key = at_json_text(root, "curve_secretkey", NULL, NULL);
    if (!public_key && !secret_key)
        return AT_OK;
    if (!public_key || !secret_key || strlen(public_key) != CURVE_KEY_SIZE ||
        strlen(secret_key) != CURVE_KEY_SIZE)
        return at_fail(err, AT_INVALID,
                       "curve_publickey and curve_secretkey of the connection file must "
                       "both be there, with %d characters each",
                       CURVE_KEY_SIZE);
    out->curve_public = at_copy_text(public_key);
    out->curve_secret = at_copy_text(secret_key);
    if (!out->curve_public || !out->curve_secret)
        return at_fail(err, AT_NO_MEMORY, "no memory for the connection file");
    return AT_OK;
}

static at_status read_fields(const json_t *root, at_connection *out, at_error *err) {
    if (!json_is_object(root))
        return at_fail(err, AT_CORRUPT, "the connection file is not a JSON object");
    const char *transport = at_json_text(root, "transport", "tcp", NULL);
    out->ipc = strcmp(transport, "ipc") == 0;
    if (!out->ipc && strcmp(transport, "tcp") != 0) {
        at_fail(err, AT_UNSUPPORTED, "the transport '%.32s' is not known", transport);
        return at_hint(err, "use tcp or ipc");
    }
    size_t length;
    const char *ip = at_json_text(root, "ip", NULL, &length);
    if (!ip || length == 0 || length > ENDPOINT_SIZE / 2)
        return at_fail(err, AT_INVALID, "ip is missing in the connection file");
    AT_TRY(read_ports(root, out, err));
    AT_TRY(read_curve(root, out, err));
    const json_t *key = json_object_get(root, "key");
    if (key && !json_is_string(key))
        return at_fail(err, AT_INVALID, "key of the connection file is not a string");
    out->ip = at_copy_text(ip);
    out->key = at_copy_text(at_json_text(root, "key", "", NULL));
    out->scheme =
        at_copy_text(at_json_text(root, "signature_scheme", "hmac-sha256", NULL));
    if (!out->ip || !out->key || !out->scheme)
        return at_fail(err, AT_NO_MEMORY, "no memory for the connection file");
    return AT_OK;
}

at_status at_connection_read(const char *path, at_connection *out, at_error *err) {
    *out = (at_connection){0};
    at_text text = {0};
    at_status status = at_file_read(path, AT_CONNECTION_FILE_LIMIT, &text, err);
    if (status != AT_OK) {
        at_text_fini(&text);
        return status;
    }
    json_error_t where;
    json_t *root = json_loadb(at_text_get(&text), text.length, 0, &where);
    if (root)
        status = read_fields(root, out, err);
    else
        status = at_fail(err, AT_CORRUPT, "line %d, column %d: %s", where.line,
                         where.column, where.text);
    json_decref(root);
    at_text_fini(&text);
    if (status != AT_OK) {
        at_prefix(err, "%s", path);
        at_connection_fini(out);
    }
    return status;
}

void at_connection_fini(at_connection *connection) {
    at_free(connection->ip);
    at_free(connection->key);
    at_free(connection->scheme);
    at_free(connection->curve_public);
    at_free(connection->curve_secret);
    *connection = (at_connection){0};
}

static at_status endpoint(const at_connection *connection, at_channel channel,
                          char out[ENDPOINT_SIZE], at_error *err) {
    int port = connection->ports[channel];
    if (!connection->ipc) {
        bool bare_v6 = strchr(connection->ip, ':') && connection->ip[0] != '[';
        snprintf(out, ENDPOINT_SIZE, bare_v6 ? "tcp://[%s]:%d" : "tcp://%s:%d",
                 connection->ip, port);
        return AT_OK;
    }
    int n = snprintf(out, ENDPOINT_SIZE, "ipc://%s-%d", connection->ip, port);
    size_t room = sizeof((struct sockaddr_un *)0)->sun_path - 1;
    if (n < 0 || (size_t)n - strlen("ipc://") > room)
        return at_fail(err, AT_LIMIT,
                       "the path %s-%d is too long for a unix socket (at most %zu bytes)",
                       connection->ip, port, room);
    return AT_OK;
}

at_status at_connection_bind(const at_connection *connection, at_sockets *sockets,
                             at_channel channel, at_socket **out, at_error *err) {
    char place[ENDPOINT_SIZE];
    AT_TRY(endpoint(connection, channel, place, err));
    at_curve curve = {connection->curve_public, connection->curve_secret};
    at_socket *sock;
    AT_TRY(at_socket_new(sockets, channel == AT_IOPUB ? AT_XPUB : AT_ROUTER, &curve,
                         &sock, err));
    at_status status = at_socket_bind(sock, place, err);
    if (status != AT_OK) {
        at_socket_release(sock);
        return status;
    }
    *out = sock;
    return AT_OK;
}

void at_connection_unlink(const at_connection *connection) {
    if (!connection->ipc)
        return;
    for (int i = 0; i < AT_CHANNELS; i++) {
        char path[ENDPOINT_SIZE];
        snprintf(path, sizeof path, "%s-%d", connection->ip, connection->ports[i]);
        unlink(path);
    }
}
