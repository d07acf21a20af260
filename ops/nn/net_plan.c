/* Planning: from a spec to nodes, values and buffers with their times. */
#include "ops/base/memory.h"
#include "ops/nn/layers.h"
#include "ops/nn/net_inside.h"

#include <stdio.h>
#include <string.h>

static const double MIB = 1024 * 1024;

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "no memory to plan a net");
}

void at_net_plan_release(at_net_plan *plan) {
    if (!plan)
        return;
    at_free(plan->nodes);
    at_free(plan->memory);
    at_free(plan->order);
    at_free(plan->values);
    at_free(plan->buffers);
    at_free(plan->offsets);
    at_free(plan->entries);
    at_free(plan);
}

const at_net_sizes *at_net_plan_sizes(const at_net_plan *plan) {
    return &plan->sizes;
}

const at_node *at_net_plan_node(const at_net_plan *plan, size_t index) {
    return index < plan->running ? &plan->nodes[plan->order[index]] : NULL;
}

size_t at_net_plan_layer(const at_net_plan *plan, const at_node *node) {
    return (size_t)(node - plan->nodes);
}

static at_status check(const at_net_spec *spec, const at_net_options *options,
                       at_error *err) {
    if (spec->error.code != AT_OK) {
        if (err)
            *err = spec->error;
        return spec->error.code;
    }
    if (options->batch < 1 || options->batch > AT_NET_BATCH)
        return at_fail(err, AT_INVALID, "a batch has 1 to %d images, not %d",
                       AT_NET_BATCH, (int)options->batch);
    if (options->parts < 0 || options->parts > AT_NET_PARTS)
        return at_fail(err, AT_INVALID, "work is divided into 1 to %d parts, not %d",
                       AT_NET_PARTS, options->parts);
    const at_isa *isa = options->isa ? options->isa : at_isa_pick();
    if (options->bf16 && !at_isa_bf16(isa))
        return at_fail(err, AT_INVALID,
                       "there are no bfloat16 instructions for %s on this processor",
                       isa->name);
    for (size_t i = 0; i < spec->count; i++)
        if (spec->layers[i].layer->loss != (i + 1 == spec->count))
            return at_fail(err, AT_INVALID, "a net has one loss, as its last layer");
    if (spec->count == 0)
        return at_fail(err, AT_INVALID, "a net of no layers");
    return AT_OK;
}

static at_status allocate(const at_net_spec *spec, at_net_plan *plan, at_error *err) {
    size_t count = plan->count = spec->count;
    plan->nodes = at_alloc_array(count, sizeof *plan->nodes);
    plan->memory = at_alloc_array(count, sizeof *plan->memory);
    plan->order = at_alloc_array(count, sizeof *plan->order);
    plan->values = at_alloc_array(count + 1, sizeof *plan->values);
    plan->offsets = at_alloc_array(count, sizeof *plan->offsets);
    plan->entries = at_alloc_array(count * AT_LAYER_PARAMETERS, sizeof *plan->entries);
    if (!plan->nodes || !plan->memory || !plan->order || !plan->values ||
        !plan->offsets || !plan->entries)
        return no_memory(err);
    return AT_OK;
}

/* What a node's kernels work on, and what it gives. */
static void choose_element(at_net_plan *plan, at_node *node) {
    at_element in = plan->values[node->in[0]].element;
    node->isa = in == AT_BFLOAT16 ? at_isa_bf16(plan->options.isa) : plan->options.isa;
    plan->values[node->out].element = node->layer->gives_floats ? AT_FLOAT32 : in;
}

static void make_nodes(const at_net_spec *spec, at_net_plan *plan) {
    for (size_t i = 0; i < plan->count; i++)
        plan->memory[i].input_sums = -1;
    for (size_t v = 0; v <= plan->count; v++)
        plan->values[v] =
            (at_value){.dims = at_net_dims(spec, (int)v),
                       .element = plan->options.bf16 ? AT_BFLOAT16 : AT_FLOAT32,
                       .producer = -1,
                       .buffer = -1,
                       .gradient = -1};
    for (size_t i = 0; i < plan->count; i++) {
        const at_spec_layer *from = &spec->layers[i];
        at_node *node = &plan->nodes[i];
        *node = (at_node){.layer = from->layer,
                          .options = from->options,
                          .out = (int)i + 1,
                          .out_dims = from->out,
                          .batch = plan->options.batch,
                          .parts = plan->options.parts,
                          .training = plan->options.training && i >= plan->options.frozen,
                          .add = -1,
                          .norm = -1,
                          .counted = -1,
                          .summed = -1};
        memcpy(node->name, from->name, sizeof node->name);
        for (int k = 0; k < AT_LAYER_INPUTS; k++) {
            node->in[k] = from->in[k];
            if (from->in[k] < 0)
                continue;
            node->in_dims[k] = plan->values[from->in[k]].dims;
            plan->values[from->in[k]].consumers++;
        }
        choose_element(plan, node);
        if (node->layer->parameters)
            node->layer->parameters(node);
        for (int p = 0; i < plan->options.frozen && p < node->parameter_count; p++)
            node->parameters[p].learned = false;
    }
}

static at_status check_elements(const at_net_plan *plan, at_error *err) {
    for (size_t i = 0; i < plan->count; i++) {
        const at_node *node = &plan->nodes[i];
        at_element first = plan->values[node->in[0]].element;
        for (int k = 0; k < node->layer->inputs; k++) {
            at_element element = plan->values[node->in[k]].element;
            if (element == AT_BFLOAT16 && node->layer->wants_floats)
                return at_fail(err, AT_INVALID,
                               "in bfloat16, layer '%s' needs a pool or a flatten "
                               "before it",
                               node->name);
            if (element != first)
                return at_fail(err, AT_INVALID, "layer '%s' takes in bfloat16 and floats",
                               node->name);
        }
    }
    return AT_OK;
}

/* ---- parameters ---- */

static void place_parameters(at_net_plan *plan) {
    size_t at = 0;
    for (int learned = 1; learned >= 0; learned--) {
        for (size_t i = 0; i < plan->count; i++)
            for (int p = 0; p < plan->nodes[i].parameter_count; p++) {
                const at_parameter *parameter = &plan->nodes[i].parameters[p];
                if (parameter->learned != (learned == 1))
                    continue;
                plan->offsets[i][p] = at;
                at += parameter->floats;
            }
        if (learned)
            plan->learned_floats = at;
    }
    plan->parameter_floats = at;
    for (size_t i = 0; i < plan->count; i++)
        for (int p = 0; p < plan->nodes[i].parameter_count; p++) {
            struct at_parameter_entry *entry = &plan->entries[plan->entry_count++];
            entry->node = (int)i;
            entry->parameter = p;
            snprintf(entry->name, sizeof entry->name, "%s.%s", plan->nodes[i].name,
                     plan->nodes[i].parameters[p].name);
            if (plan->nodes[i].parameters[p].learned)
                plan->sizes.values +=
                    at_net_parameter_values(plan, plan->entry_count - 1);
        }
}

/* ---- what each node needs ---- */

static at_node *running(const at_net_plan *plan, size_t i) {
    return &plan->nodes[plan->order[i]];
}

/* A batch norm that reads this value. */
static bool normed(const at_net_plan *plan, int value) {
    for (size_t i = 0; i < plan->running; i++)
        if (running(plan, i)->layer->norm && running(plan, i)->in[0] == value)
            return true;
    return false;
}

/* A batch norm on the data with a fixed scale learns its shift alone: the convolution
 * after it need not give a gradient of the images. */
static void plan_sums(at_net_plan *plan, at_node *node) {
    const at_value *out = &plan->values[node->out];
    if (!node->training || !node->layer->norm || !node->options.fixed_scale ||
        node->back[0] || node->relu || node->add >= 0 || out->consumers != 1)
        return;
    for (size_t i = 0; i < plan->running; i++) {
        at_node *reader = running(plan, i);
        if (reader->in[0] == node->out && reader->layer->back_sums) {
            reader->back_sums = true;
            node->summed = plan->order[i];
        }
    }
}

static void plan_nodes(at_net_plan *plan) {
    for (size_t i = 0; i < plan->running; i++) {
        at_node *node = running(plan, i);
        bool wants = false;
        for (int p = 0; p < node->parameter_count; p++)
            wants |= node->parameters[p].learned;
        for (int k = 0; k < AT_LAYER_INPUTS; k++) {
            node->back[k] = node->in[k] >= 0 && plan->values[node->in[k]].wants;
            wants |= node->back[k];
        }
        if (node->back_sums)
            node->back[0] = false;
        plan_sums(plan, node);
        node->back_add = node->add >= 0 && plan->values[node->add].wants;
        plan->values[node->out].wants =
            plan->options.training && (wants || node->back_add);
        node->counts = node->training && node->layer->counts && normed(plan, node->out);
        if (node->training && node->layer->norm) {
            int producer = plan->values[node->in[0]].producer;
            if (producer >= 0 && plan->nodes[producer].counts)
                node->counted = producer;
        }
        node->layer->plan(node);
    }
}

/* ---- buffers ---- */

static at_status add_buffer(at_net_plan *plan, int first, int last, size_t bytes,
                            int *out, at_error *err) {
    at_buffer *grown =
        at_grow(plan->buffers, &plan->buffer_room, plan->buffer_count + 1, sizeof *grown);
    if (!grown)
        return no_memory(err);
    plan->buffers = grown;
    *out = (int)plan->buffer_count++;
    grown[*out] = (at_buffer){.first = first, .last = last, .bytes = at_aligned(bytes)};
    return AT_OK;
}

/* A buffer for a map, whose layout follows when all that it needs is known. */
static at_status add_map(at_net_plan *plan, const at_value *value, int first, int *out,
                         at_error *err) {
    AT_TRY(add_buffer(plan, first, first, 0, out, err));
    plan->buffers[*out].map = (at_blocked){.n = plan->options.batch,
                                           .c = value->dims.c,
                                           .h = value->dims.h,
                                           .w = value->dims.w,
                                           .pixel = value->element};
    return AT_OK;
}

static void extend(at_net_plan *plan, int buffer, int time, at_halo halo) {
    at_buffer *b = &plan->buffers[buffer];
    if (time > b->last)
        b->last = time;
    b->halo = at_halo_join(b->halo, halo);
}

static int forward_time(size_t i) {
    return (int)i + 1;
}

static int backward_time(const at_net_plan *plan, size_t i) {
    return (int)(2 * plan->running - i);
}

/* What computes the value that the loss takes in; NULL: nothing does. */
static const at_node *head_of(const at_net_plan *plan) {
    int producer = plan->values[plan->nodes[plan->count - 1].in[0]].producer;
    return producer < 0 ? NULL : &plan->nodes[producer];
}

/* The values, from their producer to the last that reads them. */
static at_status keep_values(at_net_plan *plan, at_error *err) {
    AT_TRY(add_map(plan, &plan->values[0], 0, &plan->values[0].buffer, err));
    for (size_t i = 0; i < plan->running; i++) {
        at_node *node = running(plan, i);
        bool training = node->training;
        int now = forward_time(i);
        at_value *out = &plan->values[node->out];
        AT_TRY(add_map(plan, out, now, &out->buffer, err));
        extend(plan, out->buffer, now, node->needs.out);
        if (training && node->needs.keeps_out)
            extend(plan, out->buffer, backward_time(plan, i), (at_halo){0});
        int last = training && node->needs.keeps_in ? backward_time(plan, i) : now;
        for (int k = 0; k < AT_LAYER_INPUTS; k++)
            if (node->in[k] >= 0)
                extend(plan, plan->values[node->in[k]].buffer, last, node->needs.in);
        if (node->add >= 0)
            extend(plan, plan->values[node->add].buffer, now, (at_halo){0});
        if (node->layer->loss) { /* asked for after the step */
            extend(plan, out->buffer, plan->end, (at_halo){0});
            extend(plan, plan->values[node->in[0]].buffer, plan->end, (at_halo){0});
            const at_node *head = head_of(plan);
            if (head)
                extend(plan, plan->values[head->in[0]].buffer, plan->end, (at_halo){0});
        }
    }
    return AT_OK;
}

/* The gradient of an input: added to one that is there, over the output's gradient where
 * the layer can, or in a buffer of its own. */
static at_status keep_gradient(at_net_plan *plan, const at_node *node, int input, int now,
                               bool *taken, at_error *err) {
    at_node_memory *memory = &plan->memory[node - plan->nodes];
    at_value *value = &plan->values[node->in[input]];
    int own = plan->values[node->out].gradient;
    if (value->gradient >= 0) {
        memory->accumulate[input] = true;
    } else if (node->layer->in_place && own >= 0 && !*taken) {
        *taken = true;
        value->gradient = own;
    } else {
        int buffer;
        AT_TRY(add_map(plan, value, now, &buffer, err));
        value->gradient = buffer;
    }
    extend(plan, value->gradient, now, node->needs.d_in);
    return AT_OK;
}

static at_status keep_gradients(at_net_plan *plan, at_error *err) {
    for (size_t i = plan->running; i-- > 0;) {
        at_node *node = running(plan, i);
        at_value *out = &plan->values[node->out];
        int now = backward_time(plan, i);
        if (!node->layer->loss && out->wants && out->gradient < 0 && node->summed < 0)
            return at_fail(err, AT_INVALID, "nothing uses what layer '%s' gives",
                           node->name);
        bool taken = false; /* the output's gradient lives on as another's */
        if (out->gradient >= 0)
            extend(plan, out->gradient, now, node->needs.d_out);
        if (node->back_add) {
            at_value *added = &plan->values[node->add];
            plan->memory[node - plan->nodes].own_add = added->gradient >= 0;
            if (added->gradient < 0) {
                added->gradient = out->gradient;
                taken = true;
            }
            extend(plan, added->gradient, now, (at_halo){0});
        }
        for (int k = 0; k < AT_LAYER_INPUTS; k++)
            if (node->back[k])
                AT_TRY(keep_gradient(plan, node, k, now, &taken, err));
    }
    return AT_OK;
}

static at_status keep_rest(at_net_plan *plan, at_error *err) {
    for (size_t i = 0; i < plan->running; i++) {
        at_node *node = running(plan, i);
        at_node_memory *memory = &plan->memory[plan->order[i]];
        *memory = (at_node_memory){
            .saved = -1,
            .forward_scratch = -1,
            .backward_scratch = -1,
            .sums = -1,
            .input_sums = memory->input_sums,
            .own_add = memory->own_add,
            .accumulate = {memory->accumulate[0], memory->accumulate[1]}};
        int now = forward_time(i), back = backward_time(plan, i);
        if (node->summed >= 0) { /* the convolution comes later in the order */
            AT_TRY(add_buffer(plan, back - 1, back,
                              at_padded(node->out_dims.c) * sizeof(float),
                              &memory->input_sums, err));
            size_t giver = i + 1;
            while (plan->order[giver] != node->summed)
                giver++;
            plan->buffers[memory->input_sums].first = backward_time(plan, giver);
            plan->memory[node->summed].input_sums = memory->input_sums;
        }
        if (node->needs.saved)
            AT_TRY(add_buffer(plan, now, back, node->needs.saved, &memory->saved, err));
        if (node->needs.forward_scratch)
            AT_TRY(add_buffer(plan, now, now, node->needs.forward_scratch,
                              &memory->forward_scratch, err));
        if (plan->options.training && node->needs.backward_scratch)
            AT_TRY(add_buffer(plan, back, back, node->needs.backward_scratch,
                              &memory->backward_scratch, err));
        if (node->counts)
            AT_TRY(add_buffer(plan, now, now,
                              (size_t)node->parts * 2 * at_padded(node->out_dims.c) *
                                  sizeof(double),
                              &memory->sums, err));
        if (node->counted >= 0) {
            memory->sums = plan->memory[node->counted].sums;
            extend(plan, memory->sums, now, (at_halo){0});
        }
        memory->prepared = plan->sizes.prepared;
        plan->sizes.prepared += at_aligned(node->needs.prepared);
        if (node->needs.prepare_scratch > plan->prepare_scratch)
            plan->prepare_scratch = node->needs.prepare_scratch;
    }
    return AT_OK;
}

/* ---- the whole ---- */

static at_status lay_out(at_net_plan *plan, at_error *err) {
    plan->end = (int)(plan->options.training ? 2 * plan->running : plan->running) + 1;
    AT_TRY(keep_values(plan, err));
    if (plan->options.training)
        AT_TRY(keep_gradients(plan, err));
    AT_TRY(keep_rest(plan, err));
    for (size_t i = 0; i < plan->buffer_count; i++) {
        at_buffer *b = &plan->buffers[i];
        if (!b->map.n)
            continue;
        b->map = at_blocked_plan_of(b->map.pixel, b->map.n, b->map.c, b->map.h, b->map.w,
                                    b->halo);
        b->bytes = at_aligned(at_blocked_bytes(&b->map));
    }
    AT_TRY(at_net_arrange(plan, &plan->sizes.workspace, err));
    at_net_sizes *sizes = &plan->sizes;
    if (sizes->workspace < plan->prepare_scratch)
        sizes->workspace = plan->prepare_scratch;
    sizes->parameters = plan->parameter_floats * sizeof(float);
    if (plan->options.training) {
        sizes->gradients = plan->learned_floats * sizeof(float);
        sizes->state = (size_t)plan->options.optimizer->states * sizes->gradients;
    }
    sizes->total = sizes->parameters + sizes->gradients + sizes->state + sizes->prepared +
                   sizes->workspace;
    return AT_OK;
}

static at_status make(const at_net_spec *spec, const at_net_options *options,
                      at_net_plan **out, at_error *err) {
    *out = at_alloc_zero(sizeof **out);
    if (!*out)
        return no_memory(err);
    at_net_plan *plan = *out;
    plan->options = *options;
    if (!plan->options.isa)
        plan->options.isa = at_isa_pick();
    if (plan->options.parts == 0)
        plan->options.parts = 1;
    if (!plan->options.optimizer)
        plan->options.optimizer = at_optimizer_at(0);
    AT_TRY(allocate(spec, plan, err));
    make_nodes(spec, plan);
    AT_TRY(check_elements(plan, err));
    place_parameters(plan);
    at_net_fuse(plan);
    plan_nodes(plan);
    return lay_out(plan, err);
}

static at_status plan_one(const at_net_spec *spec, const at_net_options *options,
                          at_net_plan **out, at_error *err) {
    at_status status = make(spec, options, out, err);
    if (status != AT_OK) {
        at_net_plan_release(*out);
        *out = NULL;
    }
    return status;
}

/* The largest batch under the limit, or 0. */
static int32_t batch_that_fits(const at_net_spec *spec, const at_net_options *options) {
    at_net_options trial = *options;
    int32_t low = 0, high = options->batch;
    while (high - low > 1) {
        at_net_plan *plan;
        trial.batch = low + (high - low) / 2;
        if (plan_one(spec, &trial, &plan, NULL) != AT_OK)
            return 0;
        if (plan->sizes.total <= options->limit)
            low = trial.batch;
        else
            high = trial.batch;
        at_net_plan_release(plan);
    }
    return low;
}

static at_status over_limit(const at_net_spec *spec, const at_net_options *options,
                            const at_net_sizes *sizes, at_error *err) {
    at_fail(
        err, AT_NO_MEMORY,
        "%s a batch of %d would take %.0f MiB of %.0f: %.0f for parameters, gradients "
        "and optimiser, %.0f for the values of the batch",
        options->training ? "training on" : "inference on", (int)options->batch,
        (double)sizes->total / MIB, (double)options->limit / MIB,
        (double)(sizes->total - sizes->workspace) / MIB, (double)sizes->workspace / MIB);
    int32_t fits = err ? batch_that_fits(spec, options) : 0;
    if (fits > 0)
        at_hint(err, "a batch of %d (mini_batch_size) fits; so do smaller images",
                (int)fits);
    else
        at_hint(err, "not even one image fits: choose fewer layers or smaller images");
    return AT_NO_MEMORY;
}

at_status at_net_plan_new(const at_net_spec *spec, const at_net_options *options,
                          at_net_plan **out, at_error *err) {
    *out = NULL;
    AT_TRY(check(spec, options, err));
    AT_TRY(plan_one(spec, options, out, err));
    if (options->limit && (*out)->sizes.total > options->limit) {
        at_net_sizes sizes = (*out)->sizes;
        at_net_plan_release(*out);
        *out = NULL;
        return over_limit(spec, options, &sizes, err);
    }
    return AT_OK;
}
