#include "kernel/display_terminal.h"

#include "kernel/json.h"
#include "ops/base/memory.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

typedef struct at_display_terminal {
    at_display base; /* first: the vtable's functions get this */
    int out, err;
    bool terminal;
    pthread_mutex_t lock; /* guards what follows */
    /* What was shown last under an id: on a terminal as it stands on the screen,
     * elsewhere held back. NULL when something else was printed since. */
    char *id, *text;
    size_t lines; /* rows it takes on the screen */
    bool clear_due;
} at_display_terminal;

static void write_all(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) /* nobody reads: the cell runs on */
            return;
        bytes += n;
        length -= (size_t)n;
    }
}

static void write_block(int fd, const char *text) {
    size_t length = strlen(text);
    write_all(fd, text, length);
    if (length == 0 || text[length - 1] != '\n')
        write_all(fd, "\n", 1);
}

/* Rows that a text takes on a screen of `width` columns: a code point is one column, an
 * escape sequence none. */
static size_t count_rows(const char *text, size_t width) {
    size_t rows = 1, column = 0;
    for (const char *c = text; *c; c++) {
        if (*c == '\x1b' && c[1] == '[') {
            c += 2;
            while (*c && !(*c >= '@' && *c <= '~'))
                c++;
            if (!*c)
                break;
        } else if (*c == '\n') {
            rows += c[1] != '\0';
            column = 0;
        } else if (((unsigned char)*c & 0xC0) != 0x80) {
            if (column == width) {
                rows++;
                column = 0;
            }
            column++;
        }
    }
    return rows;
}

static size_t screen_width(int fd) {
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void forget(at_display_terminal *self) {
    at_free(self->id);
    at_free(self->text);
    self->id = self->text = NULL;
}

/* Takes what was shown under an id off the screen. */
static void erase(at_display_terminal *self) {
    at_text back = {0};
    at_text_format(&back, "\x1b[%zuA\r\x1b[J", self->lines);
    write_all(self->out, at_text_get(&back), back.length);
    at_text_fini(&back);
}

/* With the lock held. Lines that stand on a terminal stay, as in IPython: what can be
 * taken away is what would still be updated, or the line that has not ended. */
static void wipe(at_display_terminal *self) {
    if (self->terminal && self->text)
        erase(self);
    else if (self->terminal)
        write_all(self->out, "\r\x1b[2K", 5);
    forget(self);
}

/* With the lock held: something is shown now. */
static void wipe_if_due(at_display_terminal *self) {
    if (self->clear_due)
        wipe(self);
    self->clear_due = false;
}

/* With the lock held: something else comes now. */
static void settle(at_display_terminal *self) {
    if (self->text && !self->terminal)
        write_block(self->out, self->text);
    forget(self);
}

static const char *plain_of(const at_bundle *bundle) {
    return at_json_text(bundle->data, "text/plain", "", NULL);
}

static void put_stream(at_display *display, at_stream stream, const char *text,
                       size_t length) {
    at_display_terminal *self = (at_display_terminal *)display;
    pthread_mutex_lock(&self->lock);
    wipe_if_due(self);
    settle(self);
    write_all(stream == AT_STDOUT ? self->out : self->err, text, length);
    pthread_mutex_unlock(&self->lock);
}

/* With the lock held. */
static void draw(at_display_terminal *self, const char *text, const char *id) {
    if (self->terminal && self->id && strcmp(self->id, id) == 0)
        erase(self);
    else if (!self->id || strcmp(self->id, id) != 0)
        settle(self);
    at_free(self->id);
    at_free(self->text);
    self->id = at_copy_text(id);
    self->text = at_copy_text(text);
    if (!self->id || !self->text) { /* no memory to draw it again: print it once */
        settle(self);
        write_block(self->out, text);
    } else if (self->terminal) {
        write_block(self->out, text);
        self->lines = count_rows(text, screen_width(self->out));
    }
}

static void show(at_display *display, const at_bundle *bundle, const char *id) {
    at_display_terminal *self = (at_display_terminal *)display;
    pthread_mutex_lock(&self->lock);
    wipe_if_due(self);
    if (id)
        draw(self, plain_of(bundle), id);
    else {
        settle(self);
        write_block(self->out, plain_of(bundle));
    }
    pthread_mutex_unlock(&self->lock);
}

static void show_plain(at_display *display, const at_bundle *bundle) {
    show(display, bundle, NULL);
}

static void clear(at_display *display, bool wait) {
    at_display_terminal *self = (at_display_terminal *)display;
    pthread_mutex_lock(&self->lock);
    self->clear_due = wait;
    if (!wait)
        wipe(self);
    pthread_mutex_unlock(&self->lock);
}

at_status at_display_terminal_new(int out, int err_out, at_display **display,
                                  at_error *err) {
    static const at_display_vtable vtable = {
        .stream = put_stream,
        .show = show,
        .update = show,
        .result = show_plain,
        .page = show_plain,
        .clear = clear,
    };
    at_display_terminal *self = at_alloc_zero(sizeof *self);
    if (!self)
        return at_fail(err, AT_NO_MEMORY, "no memory for the display");
    *self = (at_display_terminal){.base = {.vtable = &vtable, .live = isatty(out) == 1},
                                  .out = out,
                                  .err = err_out,
                                  .terminal = isatty(out) == 1,
                                  .lock = PTHREAD_MUTEX_INITIALIZER};
    *display = &self->base;
    return AT_OK;
}

void at_display_terminal_release(at_display *display) {
    at_display_terminal *self = (at_display_terminal *)display;
    if (!self)
        return;
    settle(self);
    pthread_mutex_destroy(&self->lock);
    at_free(self);
}
