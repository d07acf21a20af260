/* CIFAR binary from anywhere; the first byte says which of the two. */
#include "ops/image/cifar.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    at_cifar cifar;
    at_error err;
    if (size < 1)
        return 0;
    if (at_cifar_parse(data + 1, size - 1, data[0] & 1, &cifar, &err)) {
        assert(err.text[0]);
        return 0;
    }
    for (size_t i = 0; i < cifar.count; i++) {
        uint8_t rgb[AT_CIFAR_PIXELS];
        assert(at_cifar_get(&cifar, i, rgb) < (data[0] & 1 ? 100 : 10));
    }
    return 0;
}
