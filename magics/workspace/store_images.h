/* The pictures behind image datasets.
 *
 * A dataset of images is a table whose file also holds the pictures (ops/image/images.h);
 * its card has "images": the id of the dataset that holds them, its own. What is made of
 * it (%split, %%clean, CREATE TABLE AS) is an image dataset too as long as its table
 * keeps the columns `id` and `label`, and `id` names pictures that there are: its card
 * has the same "images", and the entry keeps the other's file alive. So parts share the
 * pictures. */
#ifndef ATELIER_MAGICS_WORKSPACE_STORE_IMAGES_H
#define ATELIER_MAGICS_WORKSPACE_STORE_IMAGES_H

#include "magics/workspace/store.h"
#include "ops/image/gather.h"
#include "ops/image/images.h"

/* Makes dataset `name` of what was gathered and finished. As at_store_put_frame. */
AT_MUST_USE at_status at_store_images_put(at_workspace *workspace, const char *name,
                                          at_gather *gather, const at_frame *frame,
                                          const json_t *lineage, at_error *err);
/* Is it one of images? */
bool at_store_images_behind(const at_entry *dataset);
/* The pictures of a dataset. AT_INVALID for one of rows alone. Caller releases. */
AT_MUST_USE at_status at_store_images(at_workspace *workspace, const at_entry *dataset,
                                      at_images **out, at_error *err);

#endif
