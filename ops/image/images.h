/* Images: the pictures of an image dataset, encoded as they came, in the file of its
 * table. The table (ops/frame) says what they are; its column `id` is the place of each
 * row's picture here. A part of the dataset, or a selection of its rows, is another table
 * whose ids point into the same pictures.
 *
 * Beside the columns of the table the container holds
 *     images.bytes    U8 [bytes]       every encoded image, one after the other
 *     images.offsets  I64 [count + 1]
 *     images.labels   F32 [labels]     the labels as they came, one after the other
 *     images.places   I64 [count + 1]  of each image's labels in there
 * and in its __metadata__ "images": {"classes": [names, by index], "left_out": [why each
 * of those that could not be read was left out], "left_out_count": number}.
 *
 * Immutable, mapped, refcounted; every read is thread-safe. */
#ifndef ATELIER_OPS_IMAGE_IMAGES_H
#define ATELIER_OPS_IMAGE_IMAGES_H

#include "ops/base/error.h"

#include <stddef.h>
#include <stdint.h>

/* What the columns of an image dataset's table are called. */
#define AT_IMAGES_ID "id" /* int: the place of the picture, from 0 */
#define AT_IMAGES_LABEL                                                                  \
    "label" /* category: the class; text "[1,0,1]": several labels                       \
             */

enum { AT_IMAGES_LEFT_OUT = 100 }; /* most that are named of those left out */

typedef struct at_images at_images;

/* AT_NOT_FOUND where the file is a table without pictures; AT_CORRUPT for a damaged one.
 */
AT_MUST_USE at_status at_images_open(const char *path, at_images **out, at_error *err);
at_images *at_images_retain(at_images *images);
void at_images_release(at_images *images); /* NULL is fine */

int64_t at_images_count(const at_images *images);
/* The encoded bytes of picture `id` (in [0, count)). */
const uint8_t *at_images_bytes(const at_images *images, int64_t id, size_t *length);
/* Its labels as they came: (*count), borrowed. */
const float *at_images_labels(const at_images *images, int64_t id, size_t *count);
/* Names of the classes, by index. */
size_t at_images_classes(const at_images *images);
const char *at_images_class(const at_images *images, size_t index);
/* How many could not be read when the set was made; *named: the first so many of them are
 * named by at_images_left_out_why, as "cat/7.jpg: the JPEG is cut off ...". */
size_t at_images_left_out(const at_images *images, size_t *named);
const char *at_images_left_out_why(const at_images *images, size_t index);
/* -1: there is none of that name. */
int64_t at_images_class_find(const at_images *images, const char *name, size_t length);

#endif
