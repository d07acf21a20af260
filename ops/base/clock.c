#include "ops/base/clock.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

double at_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int64_t at_wall_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

char *at_format_utc(int64_t wall_us, char *out) {
    enum { SIZE = 28, SECOND = 1000000 };
    const int64_t first = -62167219200, last = 253402300799; /* years 0000 to 9999 */
    int64_t seconds = wall_us / SECOND, us = wall_us % SECOND;
    if (us < 0) {
        us += SECOND;
        seconds--;
    }
    seconds = seconds < first ? first : seconds > last ? last : seconds;
    int64_t days = seconds / 86400, rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    int64_t year;
    unsigned month, day;
    at_civil_from_days(days, &year, &month, &day);
    /* The bounds are true already; the remainders tell the compiler that it fits. */
    snprintf(out, SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ", (unsigned)(year % 10000),
             month % 100, day % 100, (unsigned)(rest / 3600 % 24),
             (unsigned)(rest / 60 % 60), (unsigned)(rest % 60), (unsigned)(us % SECOND));
    return out;
}

void at_sleep(double seconds) {
    if (!(seconds > 0))
        return;
    double whole = floor(fmin(seconds, 1e9));
    struct timespec t = {.tv_sec = (time_t)whole,
                         .tv_nsec = (long)((fmin(seconds, 1e9) - whole) * 1e9)};
    nanosleep(&t, NULL);
}

/* Howard Hinnant, "chrono-compatible low-level date algorithms": eras of 400 years, and
 * years that begin in March, so that the leap day comes last. */
int64_t at_days_from_civil(int64_t year, unsigned month, unsigned day) {
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t shifted = month > 2 ? month - 3 : month + 9;
    int64_t day_of_year = (153 * shifted + 2) / 5 + day - 1;
    int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void at_civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day) {
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    *day = (unsigned)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *month = (unsigned)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}
