/* IDX from anywhere. */
#include "ops/image/idx.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    at_idx idx;
    at_error err;
    if (at_idx_parse(data, size, &idx, &err)) {
        assert(err.text[0]);
        return 0;
    }
    size_t count = 1;
    volatile unsigned sum = 0;
    for (int i = 0; i < idx.rank; i++)
        count *= idx.shape[i];
    for (size_t i = 0; i < count; i++)
        sum += idx.data[i];
    assert(idx.data + count == data + size);
    return 0;
}
