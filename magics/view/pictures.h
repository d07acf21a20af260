/* Pictures: a grid of images with what they are. In a page they follow the notebook's
 * theme and are still pictures where it is not trusted (data URIs in <img>); in a console
 * they are a list. Large images are shown as thumbnails, small ones larger, with hard
 * pixels. */
#ifndef ATELIER_MAGICS_VIEW_PICTURES_H
#define ATELIER_MAGICS_VIEW_PICTURES_H

#include "kernel/display.h"

enum {
    AT_PICTURES_SIDE = 112,         /* px of the longer side */
    AT_PICTURES_BYTES = 700 * 1000, /* most bytes of a page: what does not fit is left */
};

typedef struct at_picture {
    const void *bytes; /* encoded */
    size_t length;
    const char *label; /* under it; may be NULL */
    const char *note;  /* under that, faint; may be NULL */
    bool wrong;        /* the label is shown as a mistake */
} at_picture;

typedef struct at_pictures {
    const char *title;   /* may be NULL */
    const char *caption; /* may be NULL */
    const at_picture *items;
    size_t count;
} at_pictures;

/* *shown (may be NULL): how many there was room for. */
AT_MUST_USE at_status at_view_pictures(const at_pictures *pictures, size_t *shown,
                                       at_bundle *out, at_error *err);

#endif
