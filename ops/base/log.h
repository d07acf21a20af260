/* The log: one line a message to a descriptor of its own, filtered by $ATELIER_LOG
 * (error, warn, info, debug; default warn). For the people who run the program, not for
 * the user of a cell. */
#ifndef ATELIER_OPS_BASE_LOG_H
#define ATELIER_OPS_BASE_LOG_H

typedef enum at_log_level {
    AT_LOG_ERROR,
    AT_LOG_WARN,
    AT_LOG_INFO,
    AT_LOG_DEBUG
} at_log_level;

void at_log(at_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Where lines go (default 2). The kernel sets it to the saved stderr before it captures.
 */
void at_log_to(int descriptor);

#endif
