/* Fusion: which layers run inside another one. A ReLU or a sum goes into the layer whose
 * value it alone uses, so that the value is never written in between; in inference a
 * batch norm goes into the weights of its convolution. Frozen layers of a training net
 * are fused as in inference, among themselves.
 *
 * The order stays topological: a layer that takes a sum in moves to the sum's place,
 * where both sides are there. */
#include "ops/nn/net_inside.h"

/* The node of a value that one layer alone uses, or NULL. */
static at_node *only_for(at_net_plan *plan, int value) {
    const at_value *v = &plan->values[value];
    return v->producer >= 0 && v->consumers == 1 ? &plan->nodes[v->producer] : NULL;
}

static bool may_take(const at_node *node) {
    return !node->layer->relu_in_inference || !node->training;
}

/* `node` computes value `out` from now on. */
static void gives(at_net_plan *plan, at_node *node, int out) {
    plan->values[node->out].producer = -1;
    node->out = out;
    plan->values[out].producer = (int)(node - plan->nodes);
}

static bool fuse_relu(at_net_plan *plan, at_node *relu) {
    at_node *node = only_for(plan, relu->in[0]);
    if (!node || !node->layer->takes_relu || node->relu || !may_take(node) ||
        node->training != relu->training)
        return false;
    node->relu = true;
    gives(plan, node, relu->out);
    return true;
}

static void move_to_end(at_net_plan *plan, int node) {
    size_t i = 0;
    while (plan->order[i] != node)
        i++;
    for (; i + 1 < plan->running; i++)
        plan->order[i] = plan->order[i + 1];
    plan->order[i] = node;
}

static bool fuse_add(at_net_plan *plan, at_node *add) {
    for (int side = 0; side < 2; side++) {
        at_node *node = only_for(plan, add->in[side]);
        if (!node || !node->layer->takes_add || node->relu || node->add >= 0 ||
            node->training != add->training)
            continue;
        node->add = add->in[1 - side];
        gives(plan, node, add->out);
        move_to_end(plan, (int)(node - plan->nodes));
        return true;
    }
    return false;
}

static bool fuse_norm(at_net_plan *plan, at_node *norm) {
    at_node *node = only_for(plan, norm->in[0]);
    if (norm->training || !node || node->training || !node->layer->takes_norm ||
        node->norm >= 0 || node->relu || node->add >= 0)
        return false;
    node->norm = (int)(norm - plan->nodes);
    gives(plan, node, norm->out);
    return true;
}

void at_net_fuse(at_net_plan *plan) {
    for (size_t i = 0; i < plan->count; i++) {
        at_node *node = &plan->nodes[i];
        plan->values[node->out].producer = (int)i;
        bool fused = false;
        if (node->layer->norm)
            fused = fuse_norm(plan, node);
        else if (node->layer->sums)
            fused = fuse_add(plan, node);
        else if (node->layer->rectifies)
            fused = fuse_relu(plan, node);
        if (!fused)
            plan->order[plan->running++] = (int)i;
    }
}
