#include "magics/view/scale.h"

#include <math.h>
#include <stdio.h>

void at_scale_init(at_scale *scale, double low, double high, int wish, bool snap) {
    if (!isfinite(low) || !isfinite(high)) {
        low = 0;
        high = 1;
    }
    if (high - low <= 1e-12 * fmax(fabs(low), fabs(high)) || high <= low) {
        double room = low == 0 ? 1 : fabs(low) * 0.1;
        low -= room;
        high += room;
    }
    double raw = (high - low) / wish;
    double power = pow(10, floor(log10(raw)));
    double unit = raw / power;
    double step = power * (unit < 1.5 ? 1 : unit < 3.5 ? 2 : unit < 7.5 ? 5 : 10);
    double first = snap ? floor(low / step + 1e-9) : ceil(low / step - 1e-9);
    double last = snap ? ceil(high / step - 1e-9) : floor(high / step + 1e-9);
    scale->low = snap ? first * step : low;
    scale->high = snap ? last * step : high;
    scale->decimals = (int)fmax(0, -floor(log10(step) + 1e-9));
    scale->tick_count = 0;
    for (double k = first; k <= last + 0.5 && scale->tick_count < AT_SCALE_TICKS; k++)
        scale->ticks[scale->tick_count++] = k * step;
}

void at_scale_label(const at_scale *scale, double value, char out[32]) {
    double top = fmax(fabs(scale->low), fabs(scale->high));
    if (fabs(value) < 1e-9 * top)
        snprintf(out, 32, "0");
    else if (top >= 2e9 || (scale->decimals > 5))
        snprintf(out, 32, "%.3g", value);
    else if (top >= 2e6)
        snprintf(out, 32, "%.3gM", value / 1e6);
    else if (top >= 1e4)
        snprintf(out, 32, "%.4gk", value / 1e3);
    else
        snprintf(out, 32, "%.*f", scale->decimals, value);
}
