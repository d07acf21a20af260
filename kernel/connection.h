/* Connection: the connection file, and the endpoints in it. */
#ifndef ATELIER_KERNEL_CONNECTION_H
#define ATELIER_KERNEL_CONNECTION_H

#include "kernel/socket.h"
#include "ops/base/error.h"

#define AT_CONNECTION_FILE_LIMIT ((size_t)64 * 1024)

typedef enum at_channel {
    AT_SHELL,
    AT_CONTROL,
    AT_IOPUB,
    AT_STDIN,
    AT_HEARTBEAT,
    AT_CHANNELS /* how many */
} at_channel;

typedef struct at_connection {
    bool ipc; /* unix sockets at {ip}-{port} instead of TCP */
    char *ip;
    int ports[AT_CHANNELS];
    char *key; /* "" when messages are not signed */
    char *scheme;
    char *curve_public, *curve_secret; /* NULL without encryption */
} at_connection;

/* Every field is checked here; what is missing or wrong is named. */
AT_MUST_USE at_status at_connection_read(const char *path, at_connection *out,
                                         at_error *err);
void at_connection_fini(at_connection *connection);

/* "shell_port": the channel's name in the file and in a connect_reply. */
const char *at_channel_field(at_channel channel);
/* Makes the channel's socket and listens. */
AT_MUST_USE at_status at_connection_bind(const at_connection *connection,
                                         at_sockets *sockets, at_channel channel,
                                         at_socket **out, at_error *err);
/* Removes the files of unix sockets. */
void at_connection_unlink(const at_connection *connection);

#endif
