/* Any bytes as a safetensors file and as a frame in one: every byte of every array that
 * is handed out can be read. */
#include "ops/base/safetensors.h"
#include "ops/base/text.h"
#include "ops/frame/frame.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned touch(const at_array *array) {
    unsigned sum = 0;
    for (size_t i = 0; i < array->bytes; i++)
        sum += ((const unsigned char *)array->data)[i];
    return sum;
}

static void open_frame(const uint8_t *data, size_t size) {
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    char path[64];
    at_frame *frame;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd >= 0 && write(fd, data, size) == (ssize_t)size &&
        at_frame_open(path, &frame, NULL) == AT_OK) {
        at_text text = {0};
        for (int c = 0; c < at_frame_columns(frame); c++)
            for (int64_t i = 0; i < at_frame_rows(frame) && i < 10000; i++)
                at_column_format(at_frame_column(frame, c), i, &text);
        at_text_fini(&text);
        at_frame_release(frame);
    }
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    at_safetensors *file;
    at_error err = {0};
    if (at_safetensors_view(data, size, &file, &err) == AT_OK) {
        volatile unsigned sum = 0;
        for (size_t i = 0; i < at_safetensors_count(file); i++) {
            const at_array *array = at_safetensors_get(file, i);
            sum += touch(array);
            sum += at_safetensors_find(file, array->name) != array;
        }
        at_safetensors_meta(file, "format");
        at_safetensors_release(file);
        open_frame(data, size);
    }
    return 0;
}
