/* A spec and a plan from inside. Private to ops/nn/net*.c. */
#ifndef ATELIER_OPS_NN_NET_INSIDE_H
#define ATELIER_OPS_NN_NET_INSIDE_H

#include "ops/nn/net.h"

typedef struct at_spec_layer {
    const at_layer *layer;
    char name[AT_LAYER_NAME];
    at_layer_options options;
    int in[AT_LAYER_INPUTS];
    at_dims out;
} at_spec_layer;

struct at_net_spec {
    at_dims input;
    at_spec_layer *layers; /* layer i gives value i + 1 */
    size_t count, room;
    at_error error; /* the first mistake; code AT_OK: none */
};

/* A stretch of memory, in use from `first` to `last` (both included) of the plan's time:
 * 0 the input; then the nodes forward, one each; then backward, in reverse. */
typedef struct at_buffer {
    int first, last;
    size_t bytes, offset;
    at_blocked map; /* n = 0: no map */
    at_halo halo;
    bool border; /* has a halo or padded channels */
    bool clear;  /* halo and padding are to be cleared at `first` of every run: the memory
                    is another's at other times */
} at_buffer;

typedef struct at_value {
    at_dims dims;
    at_element element;
    int producer;  /* node, or -1: the input (or fused away) */
    int consumers; /* in the spec */
    bool wants;    /* a gradient */
    int buffer;    /* or -1 */
    int gradient;  /* buffer of its gradient, or -1 */
} at_value;

/* The buffers of a node, or -1. */
typedef struct at_node_memory {
    int saved, forward_scratch, backward_scratch, sums, input_sums;
    bool accumulate[AT_LAYER_INPUTS]; /* the gradient is there already */
    bool own_add;                     /* d_add has a buffer of its own: add to it */
    size_t prepared;                  /* offset within the prepared region */
} at_node_memory;

struct at_net_plan {
    at_net_options options;
    at_node *nodes; /* one a layer of the spec; folded ones do not run */
    at_node_memory *memory;
    size_t count;
    int *order; /* nodes that run */
    size_t running;
    at_value *values; /* count + 1 */
    at_buffer *buffers;
    size_t buffer_count, buffer_room;
    int end; /* the time after the last */
    /* Parameters: the learned ones first. */
    size_t learned_floats, parameter_floats;
    size_t (*offsets)[AT_LAYER_PARAMETERS]; /* floats, by node */
    struct at_parameter_entry {
        int node, parameter;
        char name[AT_LAYER_NAME + 16];
    } *entries;
    size_t entry_count;
    size_t prepare_scratch;
    at_net_sizes sizes;
};

/* Which nodes run, in what order, with what fused into them. Cannot fail. */
void at_net_fuse(at_net_plan *plan);
/* Offsets of all buffers; the bytes they take together. AT_NO_MEMORY. */
AT_MUST_USE at_status at_net_arrange(at_net_plan *plan, size_t *bytes, at_error *err);

#endif
