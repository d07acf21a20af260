#include "ops/base/comm.h"

static void sum_of_one(const at_comm *comm, float *values, size_t count) {
    (void)comm, (void)values, (void)count;
}

const at_comm at_comm_alone = {.rank = 0, .size = 1, .sum = sum_of_one};
