/* Communication between the processes of one job: what a training step asks of it. Today
 * there is one process behind it; the sum over ranks has its place in the step's plan. */
#ifndef ATELIER_OPS_BASE_COMM_H
#define ATELIER_OPS_BASE_COMM_H

#include <stddef.h>

typedef struct at_comm at_comm;
struct at_comm {
    int rank, size; /* rank in [0, size) */
    /* values[i] = the sum over all ranks, the same bits on each. Every rank calls with
     * the same count, in the same order, from one thread. */
    void (*sum)(const at_comm *comm, float *values, size_t count);
    void *state;
};

/* One process: a sum is what it already has. */
extern const at_comm at_comm_alone;

#endif
