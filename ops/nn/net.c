/* Running a planned net: its memory, its calls, its steps. */
#include "ops/base/clock.h"
#include "ops/base/memory.h"
#include "ops/nn/net_inside.h"
#include "ops/nn/net_run.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 * 1024 * 1024 };

static size_t huge(size_t bytes) {
    return (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
}

/* One stretch on huge pages: parameters, gradients, state, prepared weights, workspace.
 * The kernel gives it zeroed, and page by page as it is touched. */
static at_status map_memory(at_net *net, at_error *err) {
    at_net_sizes own = net->plan->sizes;
    bool shares = net->host && net->host->plan->sizes.workspace >= own.workspace;
    if (net->host)
        own.parameters = 0;
    if (shares)
        own.workspace = 0;
    own.total = own.parameters + own.gradients + own.state + own.prepared + own.workspace;
    const at_net_sizes *sizes = &own;
    net->mapped = huge(sizes->total + 8 * AT_ALIGN) + HUGE_PAGE;
    void *memory = mmap(NULL, net->mapped, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        net->mapped = 0;
        at_fail(err, AT_NO_MEMORY, "the system gives no %.0f MiB for the net",
                (double)sizes->total / HUGE_PAGE * 2);
        return err ? at_hint(err, "choose a smaller mini_batch_size") : AT_NO_MEMORY;
    }
    net->map = memory;
    /* Only a hint: without huge pages all runs, somewhat slower. */
    (void)madvise(memory, net->mapped, MADV_HUGEPAGE);
    char *at = (char *)huge((uintptr_t)memory);
    net->parameters = (float *)(void *)at;
    at += at_aligned(sizes->parameters);
    net->gradients = (float *)(void *)at;
    at += at_aligned(sizes->gradients);
    net->state = (float *)(void *)at;
    at += at_aligned(sizes->state);
    net->prepared = at;
    at += at_aligned(sizes->prepared);
    net->workspace = shares ? net->host->workspace : at;
    if (net->host)
        net->parameters = net->host->parameters;
    return AT_OK;
}

static void *place(const at_net *net, int buffer) {
    return buffer < 0 ? NULL : net->workspace + net->plan->buffers[buffer].offset;
}

static at_blocked map_at(const at_net *net, int buffer) {
    if (buffer < 0)
        return (at_blocked){0};
    return at_blocked_at(&net->plan->buffers[buffer].map, place(net, buffer));
}

enum { STREAM_FROM = 16 << 20 }; /* bytes of a map that no cache holds */

static void make_call(at_net *net, size_t index) {
    const at_net_plan *plan = net->plan;
    const at_node *node = &plan->nodes[index];
    const at_node_memory *memory = &plan->memory[index];
    at_layer_call *call = &net->calls[index];
    *call = (at_layer_call){.node = node, .batch = &net->batch, .seed = &net->step_seed};
    for (int p = 0; p < node->parameter_count; p++) {
        call->parameters[p] = net->parameters + plan->offsets[index][p];
        if (plan->options.training && node->parameters[p].learned)
            call->gradients[p] = net->gradients + plan->offsets[index][p];
    }
    if (plan->values[node->out].producer != (int)index)
        return; /* folded into another: its parameters are all that is asked for */
    const at_value *out = &plan->values[node->out];
    call->out = map_at(net, out->buffer);
    call->d_out = map_at(net, out->gradient);
    for (int k = 0; k < AT_LAYER_INPUTS; k++) {
        if (node->in[k] >= 0)
            call->in[k] = map_at(net, plan->values[node->in[k]].buffer);
        if (node->back[k])
            call->d_in[k] = map_at(net, plan->values[node->in[k]].gradient);
        call->accumulate[k] = memory->accumulate[k];
    }
    if (node->add >= 0)
        call->add = map_at(net, plan->values[node->add].buffer);
    if (memory->own_add)
        call->d_add = map_at(net, plan->values[node->add].gradient);
    if (node->norm >= 0)
        call->norm = &net->calls[node->norm];
    call->saved = place(net, memory->saved);
    call->sums = place(net, memory->sums);
    call->input_sums = place(net, memory->input_sums);
    call->forward_scratch = place(net, memory->forward_scratch);
    call->backward_scratch = place(net, memory->backward_scratch);
    call->prepared = net->prepared + memory->prepared;
    call->prepare_scratch = net->workspace;
    call->loss = net->loss;
    call->stream = at_blocked_bytes(&call->out) >= STREAM_FROM;
}

/* ---- tasks ---- */

static void clear_halos(const at_net *net, int time, int part) {
    const at_net_plan *plan = net->plan;
    for (size_t i = 0; i < plan->buffer_count; i++) {
        const at_buffer *b = &plan->buffers[i];
        if ((b->clear || (b->border && net->dirty)) && b->first == time) {
            at_blocked map = map_at(net, (int)i);
            at_blocked_clear_border(&map, part, plan->options.parts);
        }
    }
}

/* Frozen layers run as in inference and leave what they will in the images past the
 * count; a layer that learns wants zeros there. */
static bool feeds_training(const at_net_plan *plan, const at_node *node) {
    for (size_t i = 0; i < plan->running && !node->training; i++) {
        const at_node *reader = &plan->nodes[plan->order[i]];
        if (reader->training && (reader->in[0] == node->out ||
                                 reader->in[1] == node->out || reader->add == node->out))
            return true;
    }
    return false;
}

static void clear_rest(const at_layer_call *call, int part) {
    int32_t blocks = at_blocks(call->out.c), count = call->batch->count;
    size_t rest = (size_t)(call->out.n - count) * (size_t)blocks;
    size_t end = at_share(rest, part + 1, call->node->parts);
    for (size_t i = at_share(rest, part, call->node->parts); i < end; i++)
        at_clear_plane(&call->out, count + (int32_t)(i / (size_t)blocks),
                       (int32_t)(i % (size_t)blocks));
}

/* Does anything have to be cleared at this time? */
static bool clears(const at_net_plan *plan, int time) {
    for (size_t i = 0; i < plan->buffer_count; i++)
        if (plan->buffers[i].clear && plan->buffers[i].first == time)
            return true;
    return false;
}

static void add_task(at_net *net, at_task_kind kind, int node, int phases, int time) {
    net->tasks[net->task_count++] =
        (at_task){.kind = kind,
                  .node = node,
                  .phases = phases,
                  .time = time,
                  .clears = time >= 0 && clears(net->plan, time)};
}

static void make_tasks(at_net *net) {
    const at_net_plan *plan = net->plan;
    add_task(net, AT_TASK_LOAD, -1, 1, 0);
    for (size_t i = 0; i < plan->running; i++) {
        const at_node *node = &plan->nodes[plan->order[i]];
        add_task(net, AT_TASK_FORWARD, plan->order[i], node->needs.forward_phases,
                 (int)i + 1);
        if (feeds_training(plan, node))
            add_task(net, AT_TASK_REST, plan->order[i], 1, -1);
    }
    for (size_t i = plan->running; plan->options.training && i-- > 0;) {
        const at_node *node = &plan->nodes[plan->order[i]];
        if (node->layer->loss || plan->values[node->out].wants)
            add_task(net, AT_TASK_BACKWARD, plan->order[i], node->needs.backward_phases,
                     (int)(2 * plan->running - i));
    }
    net->step_tasks = net->task_count;
    if (plan->options.training) {
        add_task(net, AT_TASK_SUM, -1, 1, -1);
        add_task(net, AT_TASK_UPDATE, -1, 1, -1);
    }
}

static void update(const at_net *net, int part) {
    const at_net_plan *plan = net->plan;
    const at_optimizer *optimizer = plan->options.optimizer;
    const at_optimizer_options *options = &plan->options.optimizing;
    int parts = plan->options.parts;
    size_t from = at_share(plan->learned_floats / AT_BLOCK, part, parts) * AT_BLOCK;
    size_t to = at_share(plan->learned_floats / AT_BLOCK, part + 1, parts) * AT_BLOCK;
    for (size_t i = 0; i < plan->count; i++)
        for (int p = 0; p < plan->nodes[i].parameter_count; p++) {
            const at_parameter *parameter = &plan->nodes[i].parameters[p];
            size_t first = plan->offsets[i][p], last = first + parameter->floats;
            first = first < from ? from : first;
            last = last > to ? to : last;
            if (!parameter->learned || first >= last)
                continue;
            bool decays = options->decay_all || parameter->role == AT_ROLE_WEIGHT ||
                          parameter->role == AT_ROLE_SCALE;
            at_update work = net->update;
            work.w = net->parameters + first;
            work.g = net->gradients + first;
            work.m = net->state + first;
            work.v =
                optimizer->states > 1 ? net->state + plan->learned_floats + first : NULL;
            work.count = last - first;
            work.decay = optimizer->decays && decays ? options->decay : 0;
            optimizer->run(plan->options.isa->pointwise, &work);
        }
}

/* The gradients of all processes, as a mean. */
static void sum_over_ranks(const at_net *net, int part) {
    if (part != 0 || net->comm->size == 1)
        return;
    size_t count = net->plan->learned_floats;
    net->comm->sum(net->comm, net->gradients, count);
    float share = 1.0F / (float)net->comm->size;
    for (size_t i = 0; i < count; i++)
        net->gradients[i] *= share;
}

static void run_part(const at_net *net, const at_task *task, int phase, int part) {
    const at_layer_call *call = task->node < 0 ? NULL : &net->calls[task->node];
    switch (task->kind) {
    case AT_TASK_LOAD:
        at_net_load(net, part);
        break;
    case AT_TASK_PREPARE:
        call->node->layer->prepare(call, phase, part);
        break;
    case AT_TASK_FORWARD:
        call->node->layer->forward(call, phase, part);
        break;
    case AT_TASK_REST:
        clear_rest(call, part);
        break;
    case AT_TASK_BACKWARD:
        call->node->layer->backward(call, phase, part);
        break;
    case AT_TASK_SUM:
        sum_over_ranks(net, part);
        break;
    case AT_TASK_UPDATE:
        update(net, part);
        break;
    }
}

/* Numbers below 1e-38 count as 0 in a step: on many processors they are a hundred times
 * slower, and gradients are full of them. Gives what was set before. */
static unsigned flush_tiny(void) {
#if defined(__x86_64__)
    unsigned before = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(before | 0x8040);
    return before;
#else
    return 0;
#endif
}

static void unflush(unsigned before) {
#if defined(__x86_64__)
    __builtin_ia32_ldmxcsr(before);
#else
    (void)before;
#endif
}

typedef struct at_run {
    at_net *net;
    const at_task *tasks;
    size_t count;
} at_run;

/* Every thread goes through all tasks, with a barrier after each phase. */
static void run_team(void *context, size_t thread) {
    const at_run *run = context;
    at_net *net = run->net;
    int parts = net->plan->options.parts, threads = (int)at_pool_threads(net->pool);
    unsigned before = flush_tiny();
    double then = thread == 0 ? at_now() : 0;
    for (size_t i = 0; i < run->count; i++) {
        const at_task *task = &run->tasks[i];
        bool clear = task->clears || (net->dirty && task->time >= 0);
        for (int part = (int)thread; clear && part < parts; part += threads)
            clear_halos(net, task->time, part);
        if (clear)
            at_pool_barrier(net->pool);
        for (int phase = 0; phase < task->phases; phase++) {
            for (int part = (int)thread; part < parts; part += threads)
                run_part(net, task, phase, part);
            at_pool_barrier(net->pool);
        }
        if (thread == 0) {
            double now = at_now();
            size_t row = task->node < 0 ? net->plan->count : (size_t)task->node;
            net->seconds[row][task->kind == AT_TASK_BACKWARD] += now - then;
            then = now;
        }
    }
    unflush(before);
}

static void run_tasks(at_net *net, const at_task *tasks, size_t count) {
    at_run run = {.net = net, .tasks = tasks, .count = count};
    bool within = net->host && net->host->workspace == net->workspace;
    if (within)
        net->host->dirty = net->dirty = true;
    at_pool_team(net->pool, run_team, &run);
    if (!within)
        net->dirty = false;
}

/* ---- the net ---- */

void at_net_release(at_net *net) {
    if (!net)
        return;
    if (net->mapped)
        munmap(net->map, net->mapped);
    at_net_plan_release(net->plan);
    at_free(net->calls);
    at_free(net->tasks);
    at_free(net->seconds);
    at_free(net->loss);
    at_free(net);
}

static at_status build(at_net *net, at_error *err) {
    size_t count = net->plan->count;
    net->calls = at_alloc_array(count, sizeof *net->calls);
    net->tasks = at_alloc_array(3 * count + 3, sizeof *net->tasks);
    net->seconds = at_alloc_array(count + 1, sizeof *net->seconds);
    net->loss = at_alloc_array(2 * (size_t)net->plan->options.parts, sizeof *net->loss);
    if (!net->calls || !net->tasks || !net->seconds || !net->loss)
        return at_fail(err, AT_NO_MEMORY, "no memory for a net");
    AT_TRY(map_memory(net, err));
    for (size_t i = 0; i < count; i++)
        make_call(net, i);
    net->input = map_at(net, net->plan->values[0].buffer);
    make_tasks(net);
    return AT_OK;
}

static at_status new_net(at_net_plan **plan, at_net *host, at_pool *pool,
                         const at_comm *comm, at_net **out, at_error *err) {
    *out = NULL;
    at_net *net = at_alloc_zero(sizeof *net);
    if (!net)
        return at_fail(err, AT_NO_MEMORY, "no memory for a net");
    net->plan = *plan;
    net->host = host;
    net->pool = pool;
    net->comm = comm ? comm : &at_comm_alone;
    at_status status = build(net, err);
    if (status != AT_OK) {
        net->plan = NULL; /* stays the caller's */
        at_net_release(net);
        return status;
    }
    *plan = NULL;
    *out = net;
    return AT_OK;
}

at_status at_net_new(at_net_plan **plan, at_pool *pool, const at_comm *comm, at_net **out,
                     at_error *err) {
    return new_net(plan, NULL, pool, comm, out, err);
}

at_status at_net_new_within(at_net_plan **plan, at_net *host, at_net **out,
                            at_error *err) {
    const at_net_plan *a = *plan, *b = host->plan;
    bool same = !a->options.training && a->entry_count == b->entry_count &&
                a->parameter_floats == b->parameter_floats &&
                a->learned_floats == b->learned_floats;
    for (size_t i = 0; same && i < a->entry_count; i++)
        same = strcmp(a->entries[i].name, b->entries[i].name) == 0;
    *out = NULL;
    if (!same)
        return at_fail(err, AT_INVALID,
                       "only an inference net of the same layers fits into another net");
    return new_net(plan, host, host->pool, host->comm, out, err);
}

const at_net_plan *at_net_plan_of(const at_net *net) {
    return net->plan;
}

static double loss_of(const at_net *net) {
    double loss = 0, weights = 0;
    for (int part = 0; part < net->plan->options.parts; part++) {
        loss += net->loss[2 * part];
        weights += net->loss[2 * part + 1];
    }
    return weights > 0 ? loss / weights : 0;
}

double at_net_gradients(at_net *net, const at_batch *batch) {
    net->batch = *batch;
    net->step_seed = net->seed + net->steps;
    run_tasks(net, net->tasks, net->step_tasks);
    return loss_of(net);
}

double at_net_step(at_net *net, const at_batch *batch, double rate) {
    const at_net_options *options = &net->plan->options;
    net->batch = *batch;
    net->step_seed = net->seed + net->steps;
    net->steps++;
    options->optimizer->settle(&options->optimizing, rate, net->steps, &net->update);
    run_tasks(net, net->tasks, net->task_count);
    return loss_of(net);
}

double at_net_forward(at_net *net, const at_batch *batch) {
    return at_net_gradients(net, batch); /* an inference plan has no backward tasks */
}

void at_net_prepare(at_net *net) {
    const at_net_plan *plan = net->plan;
    for (size_t i = 0; i < plan->running; i++) {
        const at_node *node = &plan->nodes[plan->order[i]];
        at_task task = {.kind = AT_TASK_PREPARE,
                        .node = plan->order[i],
                        .phases = node->needs.prepare_phases,
                        .time = -1};
        if (task.phases)
            run_tasks(net, &task, 1);
    }
    if (plan->prepare_scratch) /* it lay over the values */
        net->dirty = true;
}

static const float *row_of(const at_net *net, int value, int32_t n) {
    at_blocked map = map_at(net, net->plan->values[value].buffer);
    return at_plane(&map, n, 0).data;
}

const float *at_net_output(const at_net *net, int32_t n) {
    return row_of(net, (int)net->plan->count, n);
}

const float *at_net_logits(const at_net *net, int32_t n) {
    return row_of(net, net->plan->nodes[net->plan->count - 1].in[0], n);
}

const float *at_net_features(const at_net *net, int32_t n) {
    const at_net_plan *plan = net->plan;
    int logits = plan->nodes[plan->count - 1].in[0];
    int head = plan->values[logits].producer;
    return row_of(net, head < 0 ? logits : plan->nodes[head].in[0], n);
}

uint64_t at_net_steps(const at_net *net) {
    return net->steps;
}

size_t at_net_profile(at_net *net, double (*out)[2], size_t room) {
    size_t count = net->plan->count;
    for (size_t i = 0; i <= count && i < room; i++) {
        memcpy(out[i], net->seconds[i], sizeof *out);
        net->seconds[i][0] = net->seconds[i][1] = 0;
    }
    return count;
}
