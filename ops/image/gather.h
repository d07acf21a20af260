/* Gather: what a reader hands on becomes an image dataset: a table, and the pictures in
 * the same file (images.h). Every image is decoded once on the way, so that training
 * never meets one that cannot be.
 *
 * The table: id (int), label (category; text "[1,0,1]" where images have several; float
 * where labels are no whole numbers), width, height, channels (int), format (category:
 * jpeg, png, ..., raw), bytes (int), source (text). Codes of `label` are the indices of
 * the classes, in every part of the set. */
#ifndef ATELIER_OPS_IMAGE_GATHER_H
#define ATELIER_OPS_IMAGE_GATHER_H

#include "ops/base/pool.h"
#include "ops/frame/frame.h"
#include "ops/image/reader.h"

typedef struct at_gather at_gather;

/* `fd`, `path`: an empty file for what is gathered, open to write; the caller's. `pool`
 * may be NULL. `skip_bad`: images that cannot be read are left out and counted. */
AT_MUST_USE at_status at_gather_new(int fd, const char *path, at_pool *pool,
                                    bool skip_bad, at_gather **out, at_error *err);
void at_gather_release(at_gather *gather); /* NULL is fine */
/* For a reader; its cancel and progress are the caller's to set. */
at_image_sink at_gather_sink(at_gather *gather);
/* Names of classes that stand for those of the set; before the first image. */
AT_MUST_USE at_status at_gather_classes(at_gather *gather, const char *const *names,
                                        size_t count, at_error *err);
/* The table of all images, to be shown and saved. AT_INVALID where there are none. */
AT_MUST_USE at_status at_gather_finish(at_gather *gather, at_frame **out, at_error *err);
/* After finish: writes table and pictures as one file. */
AT_MUST_USE at_status at_gather_save(at_gather *gather, const at_frame *frame,
                                     const char *path, at_error *err);
/* How many images were left out, and why the first was. The file of the dataset names the
 * first AT_IMAGES_LEFT_OUT of them (images.h). */
size_t at_gather_skipped(const at_gather *gather, const char **why);

#endif
