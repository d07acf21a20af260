#include "ops/learn/image_data.h"
#include "ops/base/memory.h"

#include <inttypes.h>
#include <math.h>

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory for the list of images");
}

at_status at_image_ids(const at_frame *frame, at_images *images, int64_t **out,
                       at_error *err) {
    *out = NULL;
    int index = at_frame_find(frame, AT_IMAGES_ID);
    const at_column *column = index >= 0 ? at_frame_column(frame, index) : NULL;
    if (!column || column->type != AT_TYPE_INT)
        return at_fail(err, AT_INVALID,
                       "the dataset has no whole-number column '%s', which names the "
                       "pictures",
                       AT_IMAGES_ID);
    int64_t rows = at_frame_rows(frame);
    int64_t *ids = at_alloc_array((size_t)rows + 1, sizeof *ids);
    if (!ids)
        return no_memory(err);
    for (int64_t r = 0; r < rows; r++) {
        ids[r] = column->ints[r];
        if (!at_column_valid(column, r) || ids[r] < 0 ||
            ids[r] >= at_images_count(images)) {
            at_free(ids);
            return at_fail(err, AT_INVALID,
                           "row %" PRId64 " has an %s that names no picture", r + 1,
                           AT_IMAGES_ID);
        }
    }
    *out = ids;
    return AT_OK;
}

/* Rows whose label is known, in the order of the table. */
static at_status keep_known(at_image_data *data, const double *y, int64_t rows,
                            at_error *err) {
    data->labels = at_alloc_array((size_t)rows + 1, sizeof *data->labels);
    if (!data->labels)
        return no_memory(err);
    for (int64_t r = 0; r < rows; r++) {
        if (isnan(y[r])) {
            data->left_out++;
            continue;
        }
        data->ids[data->count] = data->ids[r];
        data->labels[data->count++] = (int32_t)y[r];
    }
    return data->count ? AT_OK
                       : at_fail(err, AT_INVALID, "no image has a label that is known");
}

/* The same of rows with several labels; y: (rows, classes). */
static at_status keep_listed(at_image_data *data, const double *y, int64_t rows,
                             size_t classes, at_error *err) {
    data->targets = at_alloc_array((size_t)rows + 1, classes);
    if (!data->targets)
        return no_memory(err);
    for (int64_t r = 0; r < rows; r++, y += classes) {
        if (isnan(y[0])) {
            data->left_out++;
            continue;
        }
        for (size_t c = 0; c < classes; c++)
            data->targets[data->count * classes + c] = y[c] > 0;
        data->ids[data->count++] = data->ids[r];
    }
    return data->count ? AT_OK
                       : at_fail(err, AT_INVALID, "no image has labels that are known");
}

static at_status read_labels(const at_frame *frame, const at_column *column,
                             const at_target *target, const at_label_lists *lists,
                             at_image_data *out, at_error *err) {
    int64_t rows = at_frame_rows(frame);
    size_t classes = lists ? (size_t)lists->classes : 1;
    double *y = (size_t)rows < SIZE_MAX / classes / sizeof *y
                    ? at_alloc_array((size_t)rows * classes + 1, sizeof *y)
                    : NULL;
    at_status status = y ? AT_OK : no_memory(err);
    if (status == AT_OK)
        status = lists ? at_label_lists_read(lists, column, y, err)
                       : at_target_encode(target, column, y, err);
    if (status == AT_OK)
        status = lists ? keep_listed(out, y, rows, classes, err)
                       : keep_known(out, y, rows, err);
    at_free(y);
    return status;
}

at_status at_image_data_init(const at_frame *frame, at_images *images, const char *label,
                             const at_target *target, const at_label_lists *lists,
                             at_image_data *out, at_error *err) {
    *out = (at_image_data){0};
    int index = at_frame_find(frame, label);
    if (index < 0)
        return at_fail(err, AT_INVALID, "the dataset has no column '%s'", label);
    at_status status = at_image_ids(frame, images, &out->ids, err);
    if (status == AT_OK)
        status =
            read_labels(frame, at_frame_column(frame, index), target, lists, out, err);
    if (status != AT_OK) {
        at_image_data_fini(out);
        return status;
    }
    out->images = at_images_retain(images);
    return AT_OK;
}

void at_image_data_fini(at_image_data *data) {
    at_images_release(data->images);
    at_free(data->ids);
    at_free(data->labels);
    at_free(data->targets);
    at_free(data->features);
    *data = (at_image_data){0};
}

at_status at_image_data_fits(const at_image_data *data, const at_prep *prep,
                             at_error *err) {
    size_t small = 0;
    at_error first;
    at_error_clear(&first);
    for (size_t i = 0; i < data->count; i++) {
        size_t length;
        const uint8_t *bytes = at_images_bytes(data->images, data->ids[i], &length);
        at_image_facts facts;
        AT_TRY(at_image_probe(bytes, length, &facts, err));
        at_error why;
        if (at_prep_fits(prep, facts.w, facts.h, &why) != AT_OK && small++ == 0)
            first = why;
    }
    if (small == 0)
        return AT_OK;
    at_fail(err, AT_INVALID, "%s (%zu of %zu images)", first.text, small, data->count);
    return at_hint(err, "%s", first.hint);
}
