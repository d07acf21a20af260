/* Time: a monotonic clock for durations, the wall clock for stamps. */
#ifndef ATELIER_OPS_BASE_CLOCK_H
#define ATELIER_OPS_BASE_CLOCK_H

#include <stdint.h>

double at_now(void);      /* seconds, monotonic */
int64_t at_wall_us(void); /* microseconds since 1970-01-01 UTC */
/* "2026-01-31T12:34:56.123456Z"; `out` holds at least 28 bytes. Returns `out`. */
char *at_format_utc(int64_t wall_us, char *out);
void at_sleep(double seconds); /* may return early on a signal */

/* Days since 1970-01-01 of a proleptic Gregorian date, and back. */
int64_t at_days_from_civil(int64_t year, unsigned month, unsigned day);
void at_civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day);

#endif
