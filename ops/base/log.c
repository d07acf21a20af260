#include "ops/base/log.h"
#include "ops/base/clock.h"
#include "ops/base/text.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {"error", "warn", "info", "debug"};
static at_log_level threshold;
static pthread_once_t threshold_once = PTHREAD_ONCE_INIT;
/* The one switch of the process that is not in a context: a log line must find its way
 * from code that was given none. */
static atomic_int log_descriptor = 2;

static void read_threshold(void) {
    threshold = AT_LOG_WARN;
    const char *want = getenv("ATELIER_LOG");
    for (size_t i = 0; want && i < sizeof names / sizeof *names; i++)
        if (at_equal_fold(want, names[i]))
            threshold = (at_log_level)i;
}

void at_log(at_log_level level, const char *format, ...) {
    int saved = errno;
    pthread_once(&threshold_once, read_threshold);
    if (level > threshold)
        return;
    char stamp[28], line[2048];
    int n = snprintf(line, sizeof line,
                     "%s atelier[%d] %s: ", at_format_utc(at_wall_us(), stamp),
                     (int)getpid(), names[level]);
    va_list args;
    va_start(args, format);
    vsnprintf(line + n, sizeof line - (size_t)n, format, args);
    va_end(args);
    size_t length = strlen(line);
    if (length > sizeof line - 2)
        length = sizeof line - 2;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < ' ') /* one line a message */
            line[i] = ' ';
    line[length++] = '\n';
    /* One write a line, so that lines of threads and processes do not mix. */
    ssize_t wrote = write(atomic_load(&log_descriptor), line, length);
    (void)wrote; /* nowhere to say that the log is gone */
    errno = saved;
}

void at_log_to(int descriptor) {
    atomic_store(&log_descriptor, descriptor);
}
