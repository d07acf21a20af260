/* Style: the look of everything we show, in one place. Colours come from JupyterLab's
 * theme variables with fall-backs that read on white and on black. */
#ifndef ATELIER_MAGICS_VIEW_STYLE_H
#define ATELIER_MAGICS_VIEW_STYLE_H

#include "ops/base/text.h"

/* Appends the <style> element that every HTML output of ours starts with. Class .atl. */
void at_style_put(at_text *html);

/* The i-th colour of a series: "#3b82c4", ...; repeats. Reads in light and dark. */
const char *at_style_color(size_t i);
#define AT_STYLE_GOOD "#2f9e6e"
#define AT_STYLE_BAD  "#d64550"
#define AT_STYLE_GREY "#8a8f98"

#endif
