/* How the rows of an image dataset are shown: as a grid of their pictures. */
#ifndef ATELIER_MAGICS_DATA_PICTURE_SHOW_H
#define ATELIER_MAGICS_DATA_PICTURE_SHOW_H

#include "magics/language/context.h"
#include "ops/image/images.h"

/* `rows` rows of `frame`, every `step`-th from `first` on; its `id` names pictures of
 * `images`. `more` (may be NULL): what shows the rest, for the caption. */
AT_MUST_USE at_status at_picture_show(at_context *context, const char *title,
                                      const at_frame *frame, const at_images *images,
                                      int64_t first, int64_t rows, int64_t step,
                                      const char *more, at_error *err);

#endif
