/* What a training of images tells while it runs, and what its model's card keeps of it.
 */
#include "ops/learn/image_parts.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

void at_image_say(const at_image_training *t, const char *format, ...) {
    const at_fit_events *events = t->request->events;
    char line[320];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (events && events->log)
        events->log(events->context, line);
}

void at_image_point(const at_image_training *t, const char *series, const char *metric,
                    double x, double y) {
    const at_fit_events *events = t->request->events;
    if (events && events->point && isfinite(y))
        events->point(events->context, series, metric, x, y);
}

void at_image_note(at_image_training *t, const char *format, ...) {
    char line[1200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (!t->notes)
        t->notes = json_array();
    json_array_append_new(t->notes, json_string(line));
}
