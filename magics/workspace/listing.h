/* Listing: the tables of %datasets, %models, %jobs and the like: filled cell by cell. */
#ifndef ATELIER_MAGICS_WORKSPACE_LISTING_H
#define ATELIER_MAGICS_WORKSPACE_LISTING_H

#include "magics/view/grid.h"
#include "magics/workspace/context.h"

typedef struct at_listing {
    at_context *context;
    const at_grid_column *columns;
    size_t column_count;
    at_grid_cell *cells;
    size_t count, capacity; /* cells */
    bool failed;
} at_listing; /* {.context, .columns, .column_count} */

/* Adds the next cell; NULL: missing. The text is borrowed until the listing is shown. */
void at_listing_put(at_listing *listing, const char *text);
void at_listing_format(at_listing *listing, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
size_t at_listing_rows(const at_listing *listing);
/* Shows the table, or prints `empty` where it has no rows. Finishes the listing. */
AT_MUST_USE at_status at_listing_show(at_listing *listing, const char *title,
                                      const char *caption, const char *empty,
                                      at_error *err);
void at_listing_fini(at_listing *listing);

/* "2026-01-31 12:34" in local time; in the arena. */
const char *at_listing_when(at_arena *arena, int64_t wall_us);
/* Text of `card`.key, or NULL; borrowed. */
const char *at_card_text(const at_entry *entry, const char *key);

#endif
