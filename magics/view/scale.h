/* Scale: round ticks of an axis, of numbers or of time. */
#ifndef ATELIER_MAGICS_VIEW_SCALE_H
#define ATELIER_MAGICS_VIEW_SCALE_H

#include <stdbool.h>

enum { AT_SCALE_TICKS = 12 };

/* What the ticks of a time scale count. */
typedef enum at_tick_unit {
    AT_TICK_NUMBER, /* no time at all */
    AT_TICK_SECONDS,
    AT_TICK_MINUTES,
    AT_TICK_HOURS,
    AT_TICK_DAYS,
    AT_TICK_MONTHS,
    AT_TICK_YEARS,
} at_tick_unit;

typedef struct at_scale {
    double low, high; /* of the axis */
    double ticks[AT_SCALE_TICKS];
    int tick_count;
    int decimals; /* that tell the ticks apart */
    at_tick_unit unit;
} at_scale;

/* About `wish` ticks at 1, 2 or 5 times a power of ten over [low, high]. `snap`: the axis
 * ends on ticks. */
void at_scale_init(at_scale *scale, double low, double high, int wish, bool snap);
/* The same over seconds since 1970-01-01: ticks on whole minutes, hours, days, months or
 * years. The axis ends at low and high. */
void at_scale_time(at_scale *scale, double low, double high, int wish);
/* A tick's label: "0.25", "20k", "1.5M"; "14:30", "3 Mar", "2012". `out` holds 32 bytes.
 */
void at_scale_label(const at_scale *scale, double value, char out[32]);

#endif
