/* Sheet: the columns of a frame while a recipe works on them. Steps swap, add and take
 * away columns; one frame is built at the end, so that many steps over one row stay
 * cheap. */
#ifndef ATELIER_OPS_RECIPE_SHEET_H
#define ATELIER_OPS_RECIPE_SHEET_H

#include "ops/base/memory.h"
#include "ops/frame/column.h"

typedef struct at_sheet_origin {
    at_column_store *store; /* of the column; NULL: it is column `index` of the base */
    int index;
    bool indicator; /* made by one-hot: not of the kind "numeric" */
    bool discarded; /* until at_sheet_sweep */
} at_sheet_origin;

typedef struct at_sheet {
    at_frame *base; /* retained */
    int64_t rows;
    int count;
    at_column *columns;       /* (count); names are borrowed: see at_sheet_add */
    at_sheet_origin *origins; /* (count) */
    size_t columns_capacity, origins_capacity;
    at_arena *brief; /* where everything of a brief sheet lies; else NULL */
    /* May a column of this name be absent, since nothing that matters reads it? Set by
     * the recipe at work; NULL: none may. */
    at_status (*spares)(void *context, const char *name, bool *out, at_error *err);
    void *spares_context;
} at_sheet;

AT_MUST_USE at_status at_sheet_init(at_sheet *sheet, const at_frame *frame,
                                    at_error *err);
/* The same for a few rows that are only looked at: the sheet and its new cells lie in
 * `arena`, which outlives it and every frame that is made of it, so that nothing is
 * allocated cell by cell. */
AT_MUST_USE at_status at_sheet_init_brief(at_sheet *sheet, const at_frame *frame,
                                          at_arena *arena, at_error *err);
void at_sheet_fini(at_sheet *sheet);

/* The column of that name (ASCII case-insensitive), looked for from `from` on and around;
 * -1: none. */
int at_sheet_find(const at_sheet *sheet, const char *name, int from);

/* Swaps the cells of column `index`; its name stays. Consumes store, also on failure. */
void at_sheet_set(at_sheet *sheet, int index, const at_column *column,
                  at_column_store *store);
/* The same from a builder, which is consumed, also on failure. */
AT_MUST_USE at_status at_sheet_set_built(at_sheet *sheet, int index,
                                         at_column_builder *builder, at_error *err);
/* Adds a column at the end. `name` must outlive the sheet: a step's, or in the sheet's
 * arena. Consumes store, also on failure. */
AT_MUST_USE at_status at_sheet_add(at_sheet *sheet, const char *name,
                                   const at_column *column, at_column_store *store,
                                   bool indicator, at_error *err);
void at_sheet_remove(at_sheet *sheet, int index);
/* Removes many: marks one, which stays where it is until at_sheet_sweep. */
void at_sheet_discard(at_sheet *sheet, int index);
void at_sheet_sweep(at_sheet *sheet);

/* Keeps these rows. */
AT_MUST_USE at_status at_sheet_take_rows(at_sheet *sheet, const int64_t *rows,
                                         int64_t count, at_error *err);
/* A frame of all columns, or of some. */
AT_MUST_USE at_status at_sheet_frame(const at_sheet *sheet, at_frame **out,
                                     at_error *err);
AT_MUST_USE at_status at_sheet_part(const at_sheet *sheet, const int *columns, int count,
                                    at_frame **out, at_error *err);

/* A store without arrays, and an array of zeros for one of its arrays (NULL: no memory):
 * what a sheet is given as a store is made with these, since they know where its cells
 * lie. */
AT_MUST_USE at_status at_sheet_store(at_sheet *sheet, at_column_store **out,
                                     at_error *err);
void *at_sheet_cells(at_sheet *sheet, size_t count, size_t size);
/* A store with `values` of that many elements, zeroed, and, where the column `like`
 * misses cells, a copy of its validity bits; *out is the column of both. */
AT_MUST_USE at_status at_sheet_array(at_sheet *sheet, at_type type, const at_column *like,
                                     at_column *out, at_column_store **store,
                                     at_error *err);

#endif
