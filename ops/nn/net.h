/* Nets: specified, planned, then run.
 *
 *     at_net_spec *spec;                          // what it computes
 *     at_net_spec_new((at_dims){3, 32, 32}, &spec, err);
 *     int x = at_net_layer(spec, "convolution", "conv1", 0, &(at_layer_options){...});
 *     ...
 *     at_net_layer(spec, "softmax", "loss", x, NULL);
 *     at_net_plan_new(spec, &options, &plan, err); // how: algorithms, fusions, memory
 *     at_net_new(&plan, pool, NULL, &net, err);    // maps the memory
 *     at_net_initialize(net, seed);
 *     loss = at_net_step(net, &batch, rate);       // cannot fail
 *
 * A spec is a list of layers; value 0 is the input, each layer gives one value, and the
 * last layer is a loss. Plans for training and for inference of one spec have the same
 * parameters in the same order, so that their memory can be copied as it is.
 *
 * Same spec, seed, data, ISA and parts: same bits, on any number of threads. */
#ifndef ATELIER_OPS_NN_NET_H
#define ATELIER_OPS_NN_NET_H

#include "ops/base/comm.h"
#include "ops/base/pool.h"
#include "ops/nn/layer.h"
#include "ops/nn/optimizer.h"

enum { AT_NET_LAYERS = 4096, AT_NET_PARTS = 256, AT_NET_BATCH = 65536 }; /* at most */

/* ---- specification ---- */

typedef struct at_net_spec at_net_spec;

AT_MUST_USE at_status at_net_spec_new(at_dims input, at_net_spec **out, at_error *err);
void at_net_spec_release(at_net_spec *spec); /* NULL is fine */
/* Appends a layer and returns its value. A mistake returns -1, is carried on by what is
 * built on it, and told by at_net_plan_new. `options` may be NULL: all 0. */
int at_net_layer(at_net_spec *spec, const char *layer, const char *name, int input,
                 const at_layer_options *options);
int at_net_sum(at_net_spec *spec, const char *name, int a, int b);
at_dims at_net_dims(const at_net_spec *spec, int value); /* of one image; 0s for -1 */
/* Layers before the first whose name begins with `prefix`; all of them where none does.
 */
size_t at_net_layers_before(const at_net_spec *spec, const char *prefix);

/* ---- plan ---- */

typedef struct at_net_options {
    int32_t batch;
    bool training; /* false: inference, forward only, with what can be folded folded */
    const at_isa *isa; /* NULL: at_isa_pick() */
    /* Values and their gradients in bfloat16 as far as the pooling at the end; weights
     * stay floats, as do all sums. Where the ISA has no instructions for it
     * (at_isa_bf16), a mistake. */
    bool bf16;
    int parts; /* the work's division; 0: 1. Usually the pool's threads */
    const at_optimizer *optimizer; /* training; NULL: sgd */
    at_optimizer_options optimizing;
    size_t limit; /* bytes that a net may take; 0: no limit */
    /* So many layers of the spec, from its first, are not learned: in training they run
     * as in inference (batch norms by their running values, which stay), have no gradient
     * and keep nothing for one. After their parameters were set: at_net_prepare. A net
     * within another (at_net_new_within) has the same number. */
    size_t frozen;
} at_net_options;

/* Bytes, except `values`. */
typedef struct at_net_sizes {
    size_t parameters, gradients, state; /* state: the optimiser's */
    size_t prepared;                     /* inference: folded and transformed weights */
    size_t workspace; /* values, their gradients and scratch, one over another in time */
    size_t total;
    size_t values; /* numbers that are learned */
} at_net_sizes;

typedef struct at_net_plan at_net_plan;

/* AT_NO_MEMORY where the limit is passed: the error names the sizes, the hint a batch
 * that fits. */
AT_MUST_USE at_status at_net_plan_new(const at_net_spec *spec,
                                      const at_net_options *options, at_net_plan **out,
                                      at_error *err);
void at_net_plan_release(at_net_plan *plan); /* NULL is fine */
const at_net_sizes *at_net_plan_sizes(const at_net_plan *plan);
/* The nodes in the order they run; NULL past the last. For tests and profiles. */
const at_node *at_net_plan_node(const at_net_plan *plan, size_t index);
size_t at_net_plan_layer(const at_net_plan *plan, const at_node *node); /* in the spec */

/* ---- net ---- */

typedef struct at_net at_net;

/* Maps the memory and takes the plan over (*plan = NULL) when it succeeds. `pool` and
 * `comm` are borrowed and may be NULL: the caller's thread; one process. */
AT_MUST_USE at_status at_net_new(at_net_plan **plan, at_pool *pool, const at_comm *comm,
                                 at_net **out, at_error *err);
/* An inference net within a training net of the same spec: it has no parameters of its
 * own but reads the other's, and computes in the other's workspace where that is large
 * enough, so that validating between epochs takes next to no memory. After steps of
 * `host`, call at_net_prepare before at_net_forward. The two must not run at once; `host`
 * is borrowed and must live longer. AT_INVALID where the specs differ. */
AT_MUST_USE at_status at_net_new_within(at_net_plan **plan, at_net *host, at_net **out,
                                        at_error *err);
void at_net_release(at_net *net); /* NULL is fine */
const at_net_plan *at_net_plan_of(const at_net *net);

/* One step of training: forward, loss, backward, update. Returns the loss (see the loss
 * layers), as a mean over the batch; it is for the caller to see whether it is finite.
 * With rate 0 and momentum 0 the parameters stay. Neither allocates nor fails. */
double at_net_step(at_net *net, const at_batch *batch, double rate);
/* The same without the update: gradients can be looked at. */
double at_net_gradients(at_net *net, const at_batch *batch);
/* Inference. After parameters were set, at_net_prepare comes first, as it does in a
 * training net with frozen layers. Returns the loss
 * where labels are given, else 0. */
double at_net_forward(at_net *net, const at_batch *batch);
void at_net_prepare(at_net *net);

/* After a step or forward: image n's probabilities, and what went into the loss layer.
 * [classes], borrowed until the next. */
const float *at_net_output(const at_net *net, int32_t n);
const float *at_net_logits(const at_net *net, int32_t n);
/* ... and what went into the layer before that, the head. [features] */
const float *at_net_features(const at_net *net, int32_t n);

/* Steps done: the optimiser's count and the seed of dropout follow it. */
uint64_t at_net_steps(const at_net *net);

/* Seconds of each node of the plan, forward (0) and backward (1), summed since the net
 * was made or last asked; `out` has room for nodes x 2. Measured on thread 0. The last
 * two: [nodes][0] is the update. Returns the nodes. */
size_t at_net_profile(at_net *net, double (*out)[2], size_t room);

/* ---- parameters ---- */

/* MXNet's Xavier, gaussian, by the inputs, magnitude 2 (He et al., 2015): weights normal
 * with variance 2 / fan_in; scales 1, running variances 1, all else 0. The optimiser's
 * state to 0, steps to 0; the seed is dropout's too. */
void at_net_initialize(at_net *net, uint64_t seed);

size_t at_net_parameter_count(const at_net_plan *plan);
/* "conv1.weight": the layer's name, a dot, the parameter's. Borrowed. */
const char *at_net_parameter_name(const at_net_plan *plan, size_t index);
const at_parameter *at_net_parameter(const at_net_plan *plan, size_t index);
size_t at_net_parameter_values(const at_net_plan *plan, size_t index); /* dense */
/* Index by name, or -1. */
int at_net_parameter_find(const at_net_plan *plan, const char *name);
/* Dense, row-major, both ways. */
void at_net_get(const at_net *net, size_t index, float *dense);
void at_net_set(at_net *net, size_t index, const float *dense);
void at_net_gradient(const at_net *net, size_t index, float *dense); /* learned ones */

/* All that a job must keep to go on bit for bit: the engine's own arrays, as they are. */
typedef struct at_net_memory {
    float *parameters, *state;
    size_t parameter_floats, state_floats;
    uint64_t steps, seed;
} at_net_memory;
at_net_memory at_net_memory_of(at_net *net);
/* Copies arrays of the same sizes back, with steps and seed. */
void at_net_restore(at_net *net, const at_net_memory *memory);
/* Parameters from one net to another of the same spec; prepares an inference net. */
void at_net_copy(at_net *to, const at_net *from);

#endif
