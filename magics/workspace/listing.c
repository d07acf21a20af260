#include "magics/workspace/listing.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

void at_listing_put(at_listing *listing, const char *text) {
    at_grid_cell *more =
        at_grow(listing->cells, &listing->capacity, listing->count + 1, sizeof *more);
    if (!more) {
        listing->failed = true;
        return;
    }
    listing->cells = more;
    more[listing->count++] = (at_grid_cell){.text = text};
}

void at_listing_format(at_listing *listing, const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const char *copy = at_arena_format(listing->context->arena, "%s", text);
    listing->failed = listing->failed || !copy;
    at_listing_put(listing, copy);
}

size_t at_listing_rows(const at_listing *listing) {
    return listing->count / listing->column_count;
}

void at_listing_fini(at_listing *listing) {
    at_free(listing->cells);
    listing->cells = NULL;
    listing->count = listing->capacity = 0;
}

at_status at_listing_show(at_listing *listing, const char *title, const char *caption,
                          const char *empty, at_error *err) {
    at_display *display = listing->context->call->display;
    at_grid grid = {.title = title,
                    .caption = caption,
                    .columns = listing->columns,
                    .column_count = listing->column_count,
                    .cells = listing->cells,
                    .row_count = at_listing_rows(listing),
                    .compact = true};
    at_status status = AT_OK;
    at_bundle bundle;
    if (listing->failed) {
        status = at_fail(err, AT_NO_MEMORY, "no memory left to show the table");
    } else if (grid.row_count == 0) {
        at_display_print(display, "%s\n", empty);
    } else {
        status = at_view_grid(&grid, &bundle, err);
        if (!status) {
            at_view_send(display, &bundle);
        }
    }
    at_listing_fini(listing);
    return status;
}

const char *at_listing_when(at_arena *arena, int64_t wall_us) {
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm local;
    char text[32];
    if (!localtime_r(&seconds, &local) ||
        strftime(text, sizeof text, "%Y-%m-%d %H:%M", &local) == 0)
        return NULL;
    return at_arena_format(arena, "%s", text);
}

const char *at_card_text(const at_entry *entry, const char *key) {
    return json_string_value(json_object_get(entry->card, key));
}
