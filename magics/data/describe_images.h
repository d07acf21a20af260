/* %describe of a dataset of images: what pictures it holds. */
#ifndef ATELIER_MAGICS_DATA_DESCRIBE_IMAGES_H
#define ATELIER_MAGICS_DATA_DESCRIBE_IMAGES_H

#include "magics/language/context.h"
#include "ops/image/images.h"

/* How large they are, of what kind, how many of each class with a picture of each, which
 * are there twice, and which could not be read. `frame`: the table of dataset `name`, not
 * empty; its `id` names pictures of `images`. */
AT_MUST_USE at_status at_describe_images(at_context *context, const char *name,
                                         const at_frame *frame, const at_images *images,
                                         at_error *err);

#endif
