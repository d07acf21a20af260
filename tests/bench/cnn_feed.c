#include "tests/bench/cnn_feed.h"
#include "ops/base/memory.h"
#include "ops/image/gather.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { KEPT_BATCHES = 4, SHORTER_SIDE = 256 };

/* The folder as a dataset beside the other files of the benchmarks. */
static at_status gather(const char *folder, const char *path, at_error *err) {
    char scratch[] = "build/bench/cnn_feed-XXXXXX";
    int fd = mkstemp(scratch);
    at_image_files files = {0};
    at_gather *g = NULL;
    at_frame *frame = NULL;
    at_status status = fd < 0 ? at_fail_errno(err, "%s", scratch)
                              : at_image_files_walk(&files, folder, err);
    if (!status)
        status = at_gather_new(fd, scratch, NULL, true, &g, err);
    if (!status) {
        at_image_sink sink = at_gather_sink(g);
        status = at_folder_reader.read(&files, &sink, err);
    }
    if (!status)
        status = at_gather_finish(g, &frame, err);
    if (!status)
        status = at_gather_save(g, frame, path, err);
    at_frame_release(frame);
    at_gather_release(g);
    at_image_files_fini(&files);
    if (fd >= 0) {
        close(fd);
        unlink(scratch);
    }
    return status;
}

at_status cnn_feed_open(const char *folder, const char *augmentation, bool kept,
                        int32_t side, int32_t batch, cnn_feed *out, at_error *err) {
    char path[] = "build/bench/cnn_feed.safetensors-XXXXXX";
    *out = (cnn_feed){0};
    int fd = mkstemp(path);
    if (fd < 0)
        return at_fail_errno(err, "%s", path);
    close(fd);
    at_status status = gather(folder, path, err);
    if (!status)
        status = at_images_open(path, &out->images, err);
    unlink(path); /* it is mapped */
    if (status)
        return status;
    size_t count = (size_t)at_images_count(out->images);
    if (kept && count > KEPT_BATCHES * (size_t)batch)
        count = KEPT_BATCHES * (size_t)batch;
    int64_t *ids = at_alloc_array(count, sizeof *ids);
    out->labels = at_alloc_array((size_t)batch, sizeof *out->labels);
    if (!ids || !out->labels)
        return at_fail(err, AT_NO_MEMORY, "not enough memory");
    for (size_t i = 0; i < count; i++) /* some of each class */
        ids[i] = (int64_t)(i * (size_t)at_images_count(out->images) / count);
    at_pipeline_options options = {
        .images = out->images,
        .ids = ids,
        .count = count,
        .prep = at_prep_default(3, side, side, side > SHORTER_SIDE ? side : SHORTER_SIDE),
        .shuffle = true,
        .tail = AT_TAIL_WRAP,
        .batch = batch,
        .budget = kept ? (size_t)1 << 30 : 0};
    if (!at_augment_from_name(augmentation, &options.augment.kind))
        return at_fail(err, AT_INVALID, "no augmentation %s", augmentation);
    status = at_pipeline_new(&options, &out->pipeline, err);
    at_free(ids);
    return status;
}

at_status cnn_feed_next(cnn_feed *feed, at_error *err) {
    AT_TRY(at_pipeline_next(feed->pipeline, &feed->now, err));
    for (int32_t i = 0; i < feed->now.count; i++) {
        size_t count; /* places are ids where none were left out */
        feed->labels[i] = (int32_t)at_images_labels(
            feed->images, (int64_t)feed->now.places[i], &count)[0];
    }
    return AT_OK;
}

void cnn_feed_close(cnn_feed *feed) {
    at_pipeline_release(feed->pipeline);
    at_images_release(feed->images);
    at_free(feed->labels);
}
