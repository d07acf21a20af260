#include "magics/view/grid.h"

#include "magics/view/style.h"
#include "ops/base/text.h"

#include <string.h>

enum { PLAIN_CELL = 56 }; /* columns of a console that one cell may take */

static bool wraps(const at_grid *grid, size_t c) {
    return c < 32 && (grid->wrap >> c & 1);
}

/* In a console sentences stand whole where nothing follows them. */
static bool unbroken(const at_grid *grid, size_t c) {
    return wraps(grid, c) && c + 1 == grid->column_count;
}

/* Alignment stands in the element too, for pages that drop our style sheet. */
static void put_head(const at_grid *grid, at_text *out) {
    at_text_put(out, "<thead><tr>");
    for (size_t c = 0; c < grid->column_count; c++) {
        const at_grid_column *column = &grid->columns[c];
        at_text_put(out, column->right ? "<th class=\"atl-r\" style=\"text-align:right\">"
                                       : "<th style=\"text-align:left\">");
        at_text_html(out, column->title, strlen(column->title));
        if (column->note) {
            at_text_put(out, "<br><small>");
            at_text_html(out, column->note, strlen(column->note));
            at_text_put(out, "</small>");
        }
        at_text_put(out, "</th>");
    }
    at_text_put(out, "</tr></thead>");
}

static void put_cell(const at_grid *grid, size_t c, const at_grid_cell *cell,
                     at_text *out) {
    bool right = grid->columns[c].right;
    at_text_format(out, "<td%s style=\"text-align:%s%s%s\"",
                   right                     ? " class=\"atl-r\""
                   : wraps(grid, c)          ? " class=\"atl-wrap\""
                   : grid->compact && c == 0 ? " class=\"atl-key\""
                                             : "",
                   right ? "right" : "left", cell->shade ? ";background:" : "",
                   cell->shade ? cell->shade : "");
    at_text_char(out, '>');
    if (cell->html)
        at_text_put(out, cell->html);
    else if (!cell->text)
        at_text_put(out, "<span class=\"atl-na\">–</span>");
    else
        at_text_html(out, cell->text, strlen(cell->text));
    at_text_put(out, "</td>");
}

static void put_html(const at_grid *grid, at_text *out) {
    at_text_put(out, "<div class=\"atl\">");
    at_style_put(out);
    if (grid->title) {
        at_text_put(out, "<div class=\"atl-title\">");
        at_text_html(out, grid->title, strlen(grid->title));
        at_text_put(out, "</div>");
    }
    at_text_put(out, "<div class=\"atl-scroll\"><table class=\"atl-grid\">");
    bool titled = false;
    for (size_t c = 0; c < grid->column_count; c++)
        titled |= grid->columns[c].title[0] != '\0';
    if (titled)
        put_head(grid, out);
    at_text_put(out, "<tbody>");
    for (size_t r = 0; r < grid->row_count; r++) {
        at_text_put(out, "<tr>");
        for (size_t c = 0; c < grid->column_count; c++)
            put_cell(grid, c, &grid->cells[r * grid->column_count + c], out);
        at_text_put(out, "</tr>");
    }
    at_text_put(out, "</tbody></table></div>");
    if (grid->caption) {
        at_text_put(out, "<div class=\"atl-cap\">");
        at_text_html(out, grid->caption, strlen(grid->caption));
        at_text_put(out, "</div>");
    }
    at_text_put(out, "</div>");
}

static void pad(at_text *out, size_t count) {
    while (count-- > 0)
        at_text_char(out, ' ');
}

/* Bytes of `text` that fit into `limit` display columns. */
static size_t cut(const char *text, size_t limit) {
    size_t length = strlen(text);
    if (at_view_width(text, length) <= limit)
        return length;
    size_t points = at_utf8_count(text, length);
    while (points > 0) {
        size_t bytes = at_utf8_offset(text, length, points);
        if (at_view_width(text, bytes) < limit)
            return bytes;
        points--;
    }
    return 0;
}

static void put_plain_cell(at_text *out, const char *text, size_t width, bool right,
                           bool wrap, bool last) {
    size_t bytes = wrap ? strlen(text) : cut(text, PLAIN_CELL);
    bool short_of = bytes < strlen(text);
    size_t used = at_view_width(text, bytes) + (short_of ? 1 : 0);
    size_t blank = width > used ? width - used : 0;
    if (right)
        pad(out, blank);
    for (size_t i = 0; i < bytes; i++) /* a cell is one line */
        at_text_char(
            out, text[i] == '\n' || text[i] == '\r' || text[i] == '\t' ? ' ' : text[i]);
    if (short_of)
        at_text_put(out, "…");
    if (!right && !last)
        pad(out, blank);
}

static const char *plain_text(const at_grid_cell *cell) {
    return cell->text ? cell->text : "–";
}

static at_status put_plain(const at_grid *grid, at_text *out, at_error *err) {
    size_t columns = grid->column_count;
    size_t *width = at_alloc_array(columns + 1, sizeof *width);
    if (!width)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to lay out a table");
    bool titled = false;
    for (size_t c = 0; c < columns; c++) {
        width[c] = at_view_width(grid->columns[c].title, strlen(grid->columns[c].title));
        titled |= width[c] > 0;
        for (size_t r = 0; r < grid->row_count; r++) {
            const char *text = plain_text(&grid->cells[r * columns + c]);
            size_t w = at_view_width(text, strlen(text));
            w = w > PLAIN_CELL && !unbroken(grid, c) ? PLAIN_CELL : w;
            width[c] = w > width[c] ? w : width[c];
        }
    }
    if (grid->title)
        at_text_format(out, "%s\n", grid->title);
    if (titled) {
        for (size_t c = 0; c < columns; c++) {
            at_text_put(out, c ? "  " : "");
            put_plain_cell(out, grid->columns[c].title, width[c], grid->columns[c].right,
                           unbroken(grid, c), c + 1 == columns);
        }
        at_text_char(out, '\n');
        for (size_t c = 0; c < columns; c++) {
            at_text_put(out, c ? "  " : "");
            for (size_t i = 0; i < width[c] && i < PLAIN_CELL; i++)
                at_text_put(out, "─");
        }
        at_text_char(out, '\n');
    }
    for (size_t r = 0; r < grid->row_count; r++) {
        for (size_t c = 0; c < columns; c++) {
            at_text_put(out, c ? "  " : "");
            put_plain_cell(out, plain_text(&grid->cells[r * columns + c]), width[c],
                           grid->columns[c].right, unbroken(grid, c), c + 1 == columns);
        }
        if (r + 1 < grid->row_count)
            at_text_char(out, '\n');
    }
    if (grid->caption)
        at_text_format(out, "\n%s", grid->caption);
    at_free(width);
    return AT_OK;
}

at_status at_view_grid(const at_grid *grid, at_bundle *out, at_error *err) {
    at_text plain = {0}, html = {0};
    at_status status = put_plain(grid, &plain, err);
    if (status == AT_OK) {
        put_html(grid, &html);
        *out = at_bundle_new(at_text_get(&plain));
        at_bundle_put(out, "text/html", at_text_get(&html));
        if (!at_text_ok(&plain) || !at_text_ok(&html) || !at_bundle_ok(out)) {
            at_bundle_fini(out);
            status = at_fail(err, AT_NO_MEMORY, "not enough memory to show a table");
        }
    }
    at_text_fini(&plain);
    at_text_fini(&html);
    return status;
}

at_status at_view_facts(const char *title, const at_fact *facts, size_t count,
                        at_bundle *out, at_error *err) {
    static const at_grid_column columns[] = {{"", NULL, false}, {"", NULL, false}};
    at_grid_cell *cells = at_alloc_array(count * 2 + 1, sizeof *cells);
    if (!cells)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to show a list");
    for (size_t i = 0; i < count; i++) {
        cells[2 * i].text = facts[i].key;
        cells[2 * i + 1].text = facts[i].value;
    }
    at_grid grid = {.title = title,
                    .columns = columns,
                    .column_count = 2,
                    .cells = cells,
                    .row_count = count,
                    .compact = true};
    at_status status = at_view_grid(&grid, out, err);
    at_free(cells);
    return status;
}

void at_view_send(at_display *display, at_bundle *bundle) {
    at_display_show(display, bundle, NULL);
    at_bundle_fini(bundle);
}
