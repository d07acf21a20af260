/* Scale: round ticks of an axis. */
#ifndef ATELIER_MAGICS_VIEW_SCALE_H
#define ATELIER_MAGICS_VIEW_SCALE_H

#include <stdbool.h>

enum { AT_SCALE_TICKS = 12 };

typedef struct at_scale {
    double low, high; /* of the axis */
    double ticks[AT_SCALE_TICKS];
    int tick_count;
    int decimals; /* that tell the ticks apart */
} at_scale;

/* About `wish` ticks at 1, 2 or 5 times a power of ten over [low, high]. `snap`: the axis
 * ends on ticks. */
void at_scale_init(at_scale *scale, double low, double high, int wish, bool snap);
/* A tick's label: "0.25", "20k", "1.5M". `out` holds 32 bytes. */
void at_scale_label(const at_scale *scale, double value, char out[32]);

#endif
