/* A net from inside. Private to ops/nn/net*.c. */
#ifndef ATELIER_OPS_NN_NET_RUN_H
#define ATELIER_OPS_NN_NET_RUN_H

#include "ops/nn/net_inside.h"

typedef enum at_task_kind {
    AT_TASK_LOAD,
    AT_TASK_PREPARE,
    AT_TASK_FORWARD,
    AT_TASK_REST, /* zeros past the count, behind frozen layers */
    AT_TASK_BACKWARD,
    AT_TASK_SUM,   /* of the gradients over ranks */
    AT_TASK_UPDATE /* of the parameters */
} at_task_kind;

typedef struct at_task {
    at_task_kind kind;
    int node; /* or -1 */
    int phases;
    int time;    /* of the plan, or -1 */
    bool clears; /* borders of buffers that begin at that time */
} at_task;

struct at_net {
    at_net_plan *plan;
    at_net *host;        /* a training net whose memory this one shares, or NULL */
    bool dirty;          /* another net used the workspace: borders are not zero */
    at_pool *pool;       /* borrowed, or NULL */
    const at_comm *comm; /* borrowed */
    void *map;
    size_t mapped; /* bytes */
    float *parameters, *gradients, *state;
    char *prepared, *workspace;
    at_layer_call *calls; /* by node */
    at_task *tasks;
    size_t task_count, step_tasks; /* all; those before the update */
    at_blocked input;
    double (*seconds)[2]; /* by node, forward and backward; the last: all else */
    double *loss;         /* [parts][2] */
    at_batch batch;       /* of the step */
    at_update update;     /* of the step */
    uint64_t steps, seed, step_seed;
};

/* This part's share of the batch's images into the input map. */
void at_net_load(const at_net *net, int part);

#endif
