#include "magics/view/scale.h"

#include "ops/base/clock.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

/* An axis has a length, whatever the data have. */
static void widen(double *low, double *high, double unit) {
    if (!isfinite(*low) || !isfinite(*high)) {
        *low = 0;
        *high = unit;
    }
    if (*high - *low <= 1e-12 * fmax(fabs(*low), fabs(*high)) || *high <= *low) {
        double room = *low == 0 || unit > 1 ? unit : fabs(*low) * 0.1;
        *low -= room;
        *high += room;
    }
}

void at_scale_init(at_scale *scale, double low, double high, int wish, bool snap) {
    widen(&low, &high, 1);
    double raw = (high - low) / wish;
    double power = pow(10, floor(log10(raw)));
    double unit = raw / power;
    double step = power * (unit < 1.5 ? 1 : unit < 3.5 ? 2 : unit < 7.5 ? 5 : 10);
    double first = snap ? floor(low / step + 1e-9) : ceil(low / step - 1e-9);
    double last = snap ? ceil(high / step - 1e-9) : floor(high / step + 1e-9);
    scale->unit = AT_TICK_NUMBER;
    scale->low = snap ? first * step : low;
    scale->high = snap ? last * step : high;
    scale->decimals = (int)fmax(0, -floor(log10(step) + 1e-9));
    scale->tick_count = 0;
    for (double k = first; k <= last + 0.5 && scale->tick_count < AT_SCALE_TICKS; k++)
        scale->ticks[scale->tick_count++] = k * step;
}

static double second_of(int64_t year, unsigned month) {
    return (double)at_days_from_civil(year, month, 1) * 86400;
}

/* Ticks on the first of every `step`-th month. */
static void tick_months(at_scale *scale, int step) {
    int64_t year;
    unsigned month, day;
    at_civil_from_days((int64_t)floor(scale->low / 86400), &year, &month, &day);
    int64_t k = (year * 12 + (int64_t)month - 1) / step * step;
    for (; scale->tick_count < AT_SCALE_TICKS; k += step) {
        double at = second_of(k / 12, (unsigned)(k % 12) + 1);
        if (at > scale->high)
            return;
        if (at >= scale->low)
            scale->ticks[scale->tick_count++] = at;
    }
}

void at_scale_time(at_scale *scale, double low, double high, int wish) {
    static const struct {
        double seconds;
        at_tick_unit unit;
        int months;
    } steps[] = {
        {1, AT_TICK_SECONDS, 0},
        {5, AT_TICK_SECONDS, 0},
        {15, AT_TICK_SECONDS, 0},
        {60, AT_TICK_MINUTES, 0},
        {300, AT_TICK_MINUTES, 0},
        {900, AT_TICK_MINUTES, 0},
        {3600, AT_TICK_HOURS, 0},
        {10800, AT_TICK_HOURS, 0},
        {21600, AT_TICK_HOURS, 0},
        {43200, AT_TICK_HOURS, 0},
        {86400, AT_TICK_DAYS, 0},
        {2 * 86400, AT_TICK_DAYS, 0},
        {7 * 86400, AT_TICK_DAYS, 0},
        {14 * 86400, AT_TICK_DAYS, 0},
        {30.4 * 86400, AT_TICK_MONTHS, 1},
        {91.3 * 86400, AT_TICK_MONTHS, 3},
        {182.6 * 86400, AT_TICK_MONTHS, 6},
        {365.2 * 86400, AT_TICK_YEARS, 12},
        {730.5 * 86400, AT_TICK_YEARS, 24},
        {1826.2 * 86400, AT_TICK_YEARS, 60},
        {3652.4 * 86400, AT_TICK_YEARS, 120},
        {7304.8 * 86400, AT_TICK_YEARS, 240},
        {18262.1 * 86400, AT_TICK_YEARS, 600},
        {36524.2 * 86400, AT_TICK_YEARS, 1200},
    };
    enum { STEPS = sizeof steps / sizeof *steps };
    widen(&low, &high, 43200);
    size_t s = 0;
    while (s + 1 < STEPS && (high - low) / steps[s].seconds > 1.4 * wish)
        s++;
    *scale = (at_scale){.low = low, .high = high, .unit = steps[s].unit};
    if (steps[s].months) {
        tick_months(scale, steps[s].months);
        return;
    }
    double step = steps[s].seconds;
    for (double at = ceil(low / step) * step;
         at <= high && scale->tick_count < AT_SCALE_TICKS; at += step)
        scale->ticks[scale->tick_count++] = at;
}

static void label_time(const at_scale *scale, double value, char out[32]) {
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t year, days = (int64_t)floor(value / 86400);
    unsigned month, day;
    at_civil_from_days(days, &year, &month, &day);
    int second = (int)(value - (double)days * 86400);
    bool first = scale->tick_count > 0 && value <= scale->ticks[0];
    const char *name = months[month - 1];
    if (scale->unit == AT_TICK_SECONDS)
        snprintf(out, 32, "%02d:%02d:%02d", second / 3600, second / 60 % 60, second % 60);
    else if (scale->unit <= AT_TICK_HOURS && second != 0 && !first)
        snprintf(out, 32, "%02d:%02d", second / 3600, second / 60 % 60);
    else if (scale->unit <= AT_TICK_HOURS && second != 0)
        snprintf(out, 32, "%u %s %02d:%02d", day, name, second / 3600, second / 60 % 60);
    else if (scale->unit <= AT_TICK_DAYS && first)
        snprintf(out, 32, "%u %s %lld", day, name, (long long)year);
    else if (scale->unit <= AT_TICK_DAYS)
        snprintf(out, 32, "%u %s", day, name);
    else if (scale->unit == AT_TICK_YEARS || (month == 1 && !first))
        snprintf(out, 32, "%lld", (long long)year);
    else if (first)
        snprintf(out, 32, "%s %lld", name, (long long)year);
    else
        snprintf(out, 32, "%s", name);
}

void at_scale_label(const at_scale *scale, double value, char out[32]) {
    if (scale->unit != AT_TICK_NUMBER) {
        label_time(scale, value, out);
        return;
    }
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
