/* RecordIO from anywhere: every record, joined, its labels, and its image's head. */
#include "ops/image/image.h"
#include "ops/image/recordio.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    at_text joined = {0}, again = {0};
    at_error err;
    at_recordio_image *image = malloc(sizeof *image);
    for (size_t at = 0; at < size;) {
        const uint8_t *record;
        size_t length, before = at;
        if (at_recordio_next(data, size, &at, &joined, &record, &length, &err)) {
            assert(err.text[0]);
            break;
        }
        assert(at > before && at <= size);
        if (at_recordio_image_of(record, length, image, &err) == AT_OK) {
            assert(image->label_count >= 1 && image->label_count <= 4096);
            assert(image->bytes + image->length == record + length);
            at_image_facts facts;
            (void)!at_image_probe(image->bytes, image->length, &facts, &err);
        }
        /* What was read is written and read again as it was. */
        at_text_clear(&again);
        assert(at_recordio_put(&again, record, length, &err) == AT_OK);
        size_t start = 0, back_length;
        const uint8_t *back;
        at_text other = {0};
        assert(at_recordio_next((const uint8_t *)again.data, again.length, &start, &other,
                                &back, &back_length, &err) == AT_OK);
        assert(back_length == length && memcmp(back, record, length) == 0);
        at_text_fini(&other);
    }
    free(image);
    at_text_fini(&joined);
    at_text_fini(&again);
    return 0;
}
