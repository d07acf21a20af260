/* `atelier serve`: the process of the server. The main thread owns the signals and the
 * store; requests run on the HTTP library's threads. */
#include "magics/adapter/http_server.h"
#include "magics/deploy/endpoint.h"
#include "magics/deploy/route.h"
#include "magics/deploy/serve.h"
#include "magics/deploy/server_files.h"
#include "ops/base/clock.h"
#include "ops/base/file.h"
#include "ops/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    THREADS = 2,
    /* 64 clients, and some room for the kernel and for who checks /ping. One more waits.
     */
    CONNECTIONS = 64 + 8,
    HOSTS_MAX = 16,
    LOG_MAX = 1024 * 1024, /* bytes; a larger log begins anew at the next start */
    FIRST_PORT =
        20000, /* ports are looked for here, below those that clients are given */
    PORTS = 10000,
};

typedef struct options {
    const char *address;
    char *workspace; /* absolute; owned */
    int port;        /* 0: the saved one, else a free one */
    double timeout;
    bool daemon;
    const char *hosts[HOSTS_MAX + 1];
} options;

typedef struct serving {
    const options *options;
    int lock;
    at_endpoints endpoints;
    at_route route;
    at_http_server *http;
} serving;

static const char usage[] =
    "usage: atelier serve [options]\n"
    "  --workspace DIR    the workspace whose endpoints to serve (default: as a kernel "
    "finds "
    "it)\n"
    "  --port N           the port (default: the one it had before)\n"
    "  --address A        the address to listen on (default: 127.0.0.1, this machine "
    "only)\n"
    "  --allow-host H     also answer requests for this host name; may be repeated\n"
    "  --timeout SECONDS  close connections that are idle for so long (default: 60)\n"
    "  --daemon           run in the background; returns when it answers\n";

static bool parse(int argc, char **argv, options *o) {
    static const struct option table[] = {{"workspace", required_argument, NULL, 'w'},
                                          {"port", required_argument, NULL, 'p'},
                                          {"address", required_argument, NULL, 'a'},
                                          {"allow-host", required_argument, NULL, 'h'},
                                          {"timeout", required_argument, NULL, 't'},
                                          {"daemon", no_argument, NULL, 'd'},
                                          {NULL, 0, NULL, 0}};
    *o = (options){.timeout = 60};
    size_t hosts = 0;
    int64_t port = 0;
    bool ok = true;
    for (int c; ok && (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        if (c == 'w')
            o->workspace = optarg;
        else if (c == 'a')
            o->address = optarg;
        else if (c == 'd')
            o->daemon = true;
        else if (c == 'p')
            ok = at_parse_int(optarg, &port) && port >= 1 && port <= 65535;
        else if (c == 't')
            ok = at_parse_real(optarg, &o->timeout) && o->timeout >= 0.1 &&
                 o->timeout <= 3600;
        else if (c == 'h' && hosts < HOSTS_MAX)
            o->hosts[hosts++] = optarg;
        else
            ok = false;
    }
    o->port = (int)port;
    if (!ok || optind < argc) {
        fputs(usage, stderr);
        return false;
    }
    char *found = o->workspace ? at_copy_text(o->workspace) : at_workspace_locate();
    o->workspace = found ? realpath(found, NULL) : NULL;
    if (!o->workspace)
        fprintf(stderr, "atelier serve: there is no workspace %s\n", found ? found : "");
    at_free(found);
    return o->workspace != NULL;
}

/* Loads what one row of the store describes, unless it is loaded already. */
static at_status load_endpoint(serving *s, at_workspace *workspace, const at_entry *entry,
                               at_arena *arena, at_endpoint **out, at_error *err) {
    at_endpoint *old = at_endpoints_get(&s->endpoints, entry->name);
    if (old && strcmp(old->id, entry->id) == 0) {
        *out = old;
        return AT_OK;
    }
    at_endpoint_release(old);
    const char *id = json_string_value(json_object_get(entry->card, "model"));
    if (!id)
        return at_fail(err, AT_CORRUPT, "the endpoint %s names no model", entry->name);
    const char *folder = at_store_path(workspace, AT_KIND_MODEL, id, arena);
    if (!folder)
        return at_fail(err, AT_NO_MEMORY, "no memory left for the endpoint");
    at_model *model = NULL;
    AT_TRY(at_model_load(folder, &model, err));
    at_status status =
        at_endpoint_new(entry->id, entry->name, model, entry->card, out, err);
    at_model_release(model);
    return status;
}

static json_t *state_of(at_status status, const at_error *err) {
    return status ? json_pack("{s:s, s:s, s:s}", "state", "Failed", "error", err->text,
                              "hint", err->hint)
                  : json_pack("{s:s}", "state", "InService");
}

/* Loads every endpoint of the store and swaps them in; one that cannot be loaded leaves
 * the others alone. `states` gets what became of each. */
static at_status load_all(serving *s, json_t *states, at_arena *arena, at_error *err) {
    at_workspace *workspace = NULL;
    at_entry *entries = NULL;
    size_t count = 0, loaded = 0;
    AT_TRY(at_workspace_open(s->options->workspace, &workspace, err));
    at_status status =
        at_store_list(workspace, AT_KIND_ENDPOINT, arena, &entries, &count, err);
    at_endpoint **items = at_alloc_array(count + 1, sizeof *items);
    if (!status && !items)
        status = at_fail(err, AT_NO_MEMORY, "no memory left for the endpoints");
    for (size_t i = 0; i < count && !status; i++) {
        at_error why;
        at_status got =
            load_endpoint(s, workspace, &entries[i], arena, &items[loaded], &why);
        loaded += got == AT_OK;
        if (got)
            at_log(AT_LOG_ERROR, "endpoint %s: %s", entries[i].name, why.text);
        if (json_object_set_new(states, entries[i].name, state_of(got, &why)) != 0)
            status = at_fail(err, AT_NO_MEMORY, "no memory left for the endpoints");
    }
    for (size_t i = 0; i < count; i++)
        at_entry_fini(&entries[i]);
    at_workspace_close(workspace);
    if (status) {
        for (size_t i = 0; i < loaded; i++)
            at_endpoint_release(items[i]);
        at_free(items);
        return status;
    }
    at_endpoints_take(&s->endpoints, items, loaded);
    at_log(AT_LOG_INFO, "%zu of %zu endpoints are in service", loaded, count);
    return AT_OK;
}

/* Loads every endpoint; *state (new reference) will say in the state file what is live.
 */
static at_status load(serving *s, json_t **state, at_error *err) {
    at_arena arena = {0};
    json_t *states = json_object();
    *state = json_pack("{s:i, s:f, s:o}", "pid", (int)getpid(), "loaded", at_now(),
                       "endpoints", states);
    at_status status =
        *state ? load_all(s, states, &arena, err)
               : at_fail(err, AT_NO_MEMORY, "no memory left for the endpoints");
    at_arena_fini(&arena);
    return status;
}

/* Says what is loaded, and where it is served. */
static at_status publish(serving *s, json_t *state, at_error *err) {
    if (json_object_set_new(state, "port", json_integer(at_http_server_port(s->http))) !=
        0)
        return at_fail(err, AT_NO_MEMORY, "no memory left for the endpoints");
    return at_server_write_state(s->options->workspace, state, err);
}

static at_status reload(serving *s, at_error *err) {
    json_t *state = NULL;
    at_status status = load(s, &state, err);
    if (!status)
        status = publish(s, state, err);
    json_decref(state);
    return status;
}

/* Where to look for a port first: by workspace, so that each tends to have its own. */
static int first_port(const char *workspace) {
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *p = workspace; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    return FIRST_PORT + (int)(hash % PORTS);
}

/* The port is known to the router before the first request can come. */
static at_status try_port(serving *s, const at_http_server_config *config,
                          at_error *err) {
    s->route.port = config->port;
    return at_http_server_start(config, &s->http, err);
}

static at_status start_http(serving *s, at_error *err) {
    const options *o = s->options;
    at_http_server_config config = {
        .address = o->address,
        .threads = THREADS,
        .connections = CONNECTIONS,
        .timeout = o->timeout,
        .body_limit = AT_BODY_LIMIT,
        .handler = at_route_handle,
        .context = &s->route,
    };
    int saved = at_server_saved_port(o->workspace);
    config.port = o->port ? o->port : saved;
    at_status status = AT_BUSY;
    if (config.port)
        status = try_port(s, &config, err);
    if (status == AT_BUSY && saved && !o->port)
        at_log(AT_LOG_WARN, "port %d is taken by another program: another is chosen",
               saved);
    int from = first_port(o->workspace);
    for (int i = 0; i < 100 && status == AT_BUSY && !o->port; i++) {
        config.port = FIRST_PORT + (from - FIRST_PORT + i) % PORTS;
        status = try_port(s, &config, err);
    }
    AT_TRY(status);
    return s->route.port == saved ? AT_OK
                                  : at_server_save_port(o->workspace, s->route.port, err);
}

/* Is the workspace still the one whose lock is held? */
static bool workspace_there(const serving *s) {
    struct stat held, named;
    char *path = at_server_path(s->options->workspace, "lock");
    bool there = !path || (fstat(s->lock, &held) == 0 && stat(path, &named) == 0 &&
                           held.st_ino == named.st_ino && held.st_dev == named.st_dev);
    at_free(path);
    return there;
}

static void run_loop(serving *s, const sigset_t *signals) {
    const struct timespec tick = {0, 500 * 1000 * 1000};
    for (;;) {
        int caught = sigtimedwait(signals, NULL, &tick);
        at_error err;
        if (caught == SIGTERM || caught == SIGINT) {
            at_log(AT_LOG_INFO, "asked to end");
            return;
        }
        if (caught == SIGHUP) {
            if (reload(s, &err))
                at_log(AT_LOG_ERROR, "cannot load the endpoints: %s", err.text);
            continue;
        }
        at_http_server_sweep(s->http);
        if (!workspace_there(s)) {
            at_log(AT_LOG_INFO, "the workspace is gone");
            return;
        }
    }
}

/* Tells who waits for the start: a line end alone is success, else "error\nhint". A
 * server that dies before says nothing, which is neither. */
static void report(int to, const char *text) {
    if (to < 0)
        return;
    ssize_t n = write(to, text, strlen(text));
    (void)n; /* nobody waits any more */
    close(to);
}

static void report_failure(int to, const at_error *err) {
    at_text said = {0};
    at_text_format(&said, "%s%s%s", err->text, err->hint[0] ? "\n" : "", err->hint);
    report(to, at_text_ok(&said) ? said.data : err->text);
    if (to < 0)
        fprintf(stderr, "atelier serve: %s\n", at_text_ok(&said) ? said.data : err->text);
    at_text_fini(&said);
}

static int serve(const options *o, int ready) {
    serving s = {.options = o, .lock = -1};
    at_error err;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals,
                    NULL); /* in every thread: the main one waits for them */
    signal(SIGPIPE, SIG_IGN);
    at_endpoints_init(&s.endpoints);
    s.route = (at_route){.endpoints = &s.endpoints, .hosts = o->hosts};
    at_status status = at_server_lock(o->workspace, &s.lock, &err);
    /* Loaded before the port is open: nobody is told that an endpoint does not exist
     * because it is not there yet. */
    json_t *state = NULL;
    if (!status)
        status = load(&s, &state, &err);
    if (!status)
        status = start_http(&s, &err);
    if (!status)
        status = publish(&s, state, &err);
    json_decref(state);
    if (status) {
        at_log(AT_LOG_ERROR, "%s", err.text);
        report_failure(ready, &err);
    } else {
        at_log(AT_LOG_INFO, "serving %s on port %d", o->workspace, s.route.port);
        if (ready < 0) {
            printf("serving %s at http://%s:%d\n", o->workspace,
                   o->address ? o->address : "127.0.0.1", s.route.port);
            fflush(stdout);
        }
        report(ready, "\n");
        run_loop(&s, &signals);
    }
    at_http_server_stop(s.http, 5);
    at_endpoints_fini(&s.endpoints);
    if (s.lock >= 0)
        close(s.lock);
    return status ? 1 : 0;
}

/* Standard output and error go to the log, input comes from nowhere, nothing else is open
 * but `keep`. */
static bool detach(const options *o, int keep) {
    char *path = at_server_path(o->workspace, "log.txt");
    char *folder = at_server_path(o->workspace, "");
    bool ok = path && folder && at_folder_make(folder, NULL) == AT_OK;
    int flags = O_WRONLY | O_CREAT | O_APPEND;
    if (ok && at_file_size(path) > LOG_MAX)
        flags |= O_TRUNC;
    int nowhere = open("/dev/null", O_RDONLY), log = ok ? open(path, flags, 0666) : -1;
    at_free(path);
    at_free(folder);
    if (nowhere < 0 || log < 0 || setsid() < 0)
        return false;
    dup2(nowhere, 0);
    dup2(log, 1);
    dup2(log, 2);
    if ((keep > 3 && close_range(3, (unsigned)keep - 1, 0) != 0) ||
        close_range((unsigned)keep + 1, ~0u, 0) != 0)
        for (int fd = 3; fd < 1024; fd++) /* an old system: as many as are usual */
            if (fd != keep)
                close(fd);
    setenv("ATELIER_LOG", "info", 0);
    return chdir("/") == 0;
}

/* The parent: returns when the child serves (0), or says why it does not (1). */
static int wait_for_child(int from) {
    char text[1800]; /* an error and its hint */
    size_t length = 0;
    for (ssize_t n; length < sizeof text - 1;) {
        n = read(from, text + length, sizeof text - 1 - length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        length += (size_t)n;
    }
    text[length] = '\0';
    close(from);
    if (length == 1 && text[0] == '\n')
        return 0;
    fprintf(
        stderr, "%s\n",
        length
            ? text
            : "the server ended while it started; see server/log.txt in the workspace");
    return 1;
}

static int serve_in_background(const options *o) {
    int ends[2];
    if (pipe(ends) != 0) {
        perror("atelier serve");
        return 1;
    }
    pid_t child = fork();
    if (child < 0) {
        perror("atelier serve");
        return 1;
    }
    if (child > 0) {
        close(ends[1]);
        return wait_for_child(ends[0]);
    }
    close(ends[0]);
    if (!detach(o, ends[1])) {
        report(ends[1], "cannot open the server's log in the workspace");
        return 1;
    }
    return serve(o, ends[1]);
}

int at_serve_main(int argc, char **argv) {
    options o;
    if (!parse(argc, argv, &o))
        return 2;
    int code = o.daemon ? serve_in_background(&o) : serve(&o, -1);
    free(o.workspace); /* realpath's */
    return code;
}
