/* ResNets against PyTorch: logits, loss, every gradient, three steps of SGD and inference
 * after them, from golden/resnet.txt (made by golden/resnet.py, in double); on floats and
 * in bfloat16. */
#include "net_world.h"
#include "resnet_formula.h"

#include "ops/nn/resnet.h"

#include <inttypes.h>

enum { CLASSES = 10, LINE = 512, CASES = 6 };

static void set_parameter(at_net *net, size_t index) {
    const at_net_plan *plan = at_net_plan_of(net);
    size_t count = at_net_parameter_values(plan, index);
    float *values = at_alloc_array(count, sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = formula_value(at_net_parameter_name(plan, index),
                                  at_net_parameter(plan, index), i);
    at_net_set(net, index, values);
    at_free(values);
}

/* ---- one case ---- */

typedef struct golden {
    int version, depth;
    at_dims image;
    int32_t batch;
    double rate;
} golden;

typedef struct world {
    golden it;
    const char *isa;
    bool bf16;
    at_net_spec *spec;
    at_net *net, *inference;
    at_batch batch;
    float *images;
    int32_t labels[64];
    double losses[3];
    double worst[5];  /* by kind of line */
    double single[5]; /* PyTorch's in the same precision: single or bfloat16 */
} world;

static const char *const kinds[5] = {"loss", "logits", "gradient", "trained", "eval"};

/* How far off a figure may be, besides eight times what PyTorch's own single precision
 * is. A ReLU whose argument lies within rounding of 0 opens in one form and stays closed
 * in another: that alone moves a gradient by some thousandths. Logits know no such step.
 */
static const double allowed[5] = {1e-3, 5e-5, 8e-3, 2e-3, 2e-2};
/* Without such a ReLU, so at least in one of the forms, all is this near. */
enum { NEAR = 5 }; /* times 1e-5 */

static void set_parameters(world *w) {
    for (size_t i = 0; i < at_net_parameter_count(at_net_plan_of(w->net)); i++)
        set_parameter(w->net, i);
}

static void set_up(world *w, at_pool *pool) {
    at_error err;
    at_resnet_options options = {.version = w->it.version,
                                 .depth = w->it.depth,
                                 .image = w->it.image,
                                 .classes = CLASSES};
    assert_ok(at_resnet_new(&options, &w->spec, &err), &err);
    at_net_options plan = {.batch = w->it.batch,
                           .training = true,
                           .isa = at_isa_named(w->isa),
                           .bf16 = w->bf16,
                           .parts = 2,
                           .optimizing = at_optimizer_defaults()};
    plan.optimizing.decay_all = w->it.version == 1;
    w->net = net_make(w->spec, &plan, pool);
    set_parameters(w);
    plan.training = false;
    w->inference = net_make(w->spec, &plan, pool);
    size_t values = (size_t)w->it.batch * (size_t)w->it.image.c * (size_t)w->it.image.h *
                    (size_t)w->it.image.w;
    w->images = at_alloc_array(values, sizeof *w->images);
    for (size_t i = 0; i < values; i++)
        w->images[i] = (float)formula_uniform("images", i);
    for (int32_t i = 0; i < w->it.batch; i++)
        w->labels[i] =
            (int32_t)((formula_uniform("labels", (size_t)i) + 1) * (CLASSES / 2));
    w->batch = (at_batch){.count = w->it.batch, .nchw = w->images, .labels = w->labels};
}

static void tear_down(world *w) {
    at_net_release(w->net);
    at_net_release(w->inference);
    at_net_spec_release(w->spec);
    at_free(w->images);
}

/* ---- comparing ---- */

static void note(world *w, int kind, double off) {
    if (!(off <= w->worst[kind]))
        w->worst[kind] = off;
}

static void compare_row(world *w, int kind, const float *ours, const double *want) {
    double scale = 1;
    for (int k = 0; k < CLASSES; k++)
        scale = fmax(scale, fabs(want[k]));
    for (int k = 0; k < CLASSES; k++)
        note(w, kind, fabs((double)ours[k] - want[k]) / scale);
}

/* norm and three values of a parameter or its gradient. */
static void compare_values(world *w, int kind, const char *name, const double *want) {
    const at_net_plan *plan = at_net_plan_of(w->net);
    int index = at_net_parameter_find(plan, name);
    if (index < 0)
        fail_msg("there is no parameter %s", name);
    size_t count = at_net_parameter_values(plan, (size_t)index);
    float *values = at_alloc_array(count, sizeof *values);
    if (kind == 2)
        at_net_gradient(w->net, (size_t)index, values);
    else
        at_net_get(w->net, (size_t)index, values);
    double norm = 0;
    for (size_t i = 0; i < count; i++)
        norm += (double)values[i] * (double)values[i];
    norm = sqrt(norm);
    double scale = fmax(want[0], 1e-3);
    note(w, kind, fabs(norm - want[0]) / scale);
    const size_t at[3] = {0, count / 2, count - 1};
    for (int k = 0; k < 3; k++)
        note(w, kind, fabs((double)values[at[k]] - want[k + 1]) / scale);
    at_free(values);
}

/* Words after the first of a line: a name or number, then numbers. */
static int numbers_of(char *at, double *out, int room) {
    int n = 0;
    for (char *end; n < room; at = end, n++) {
        out[n] = strtod(at, &end);
        if (end == at)
            break;
    }
    return n;
}

/* The loss of a step of the training, which runs when the first is asked for. */
static double trained_loss(world *w, int step) {
    if (at_net_steps(w->net) == 0) {
        set_parameters(w); /* the first pass moved the running values */
        for (int i = 0; i < 3; i++)
            w->losses[i] = at_net_step(w->net, &w->batch, w->it.rate);
    }
    return w->losses[step];
}

/* How far off PyTorch itself is, where that is in our precision. */
static void take_peer(world *w, const char *kind, const char *figure, bool ours) {
    for (int k = 0; ours && k < 5; k++)
        if (strcmp(kinds[k], kind) == 0)
            w->single[k] = strtod(figure, NULL);
}

static void take_line(world *w, char *line) {
    char name[LINE];
    double v[CLASSES + 1];
    int used = 0;
    if (sscanf(line, "single %511s %n", name, &used) == 1) {
        take_peer(w, name, line + used, !w->bf16);
    } else if (sscanf(line, "bfloat16 %511s %n", name, &used) == 1) {
        take_peer(w, name, line + used, w->bf16);
    } else if (sscanf(line, "gradient %511s %n", name, &used) == 1) {
        assert_int_equal(numbers_of(line + used, v, 4), 4);
        compare_values(w, 2, name, v);
    } else if (sscanf(line, "trained %511s %n", name, &used) == 1) {
        assert_int_equal(numbers_of(line + used, v, 4), 4);
        compare_values(w, 3, name, v);
    } else if (strncmp(line, "loss ", 5) == 0) {
        assert_int_equal(numbers_of(line + 5, v, 2), 2);
        if (v[0] < 1)
            note(w, 0, fabs(at_net_gradients(w->net, &w->batch) - v[1]));
        else
            note(w, 0, fabs(trained_loss(w, (int)v[0]) - v[1]));
    } else if (strncmp(line, "logits ", 7) == 0) {
        assert_int_equal(numbers_of(line + 7, v, CLASSES + 1), CLASSES + 1);
        compare_row(w, 1, at_net_logits(w->net, (int32_t)v[0]), v + 1);
    } else if (strncmp(line, "eval ", 5) == 0) {
        assert_int_equal(numbers_of(line + 5, v, CLASSES + 1), CLASSES + 1);
        if ((int)v[0] == 0) {
            at_net_copy(w->inference, w->net);
            at_net_forward(w->inference, &w->batch);
        }
        compare_row(w, 4, at_net_logits(w->inference, (int32_t)v[0]), v + 1);
    } else {
        fail_msg("resnet.txt: %s", line);
    }
}

/* The nearest of the forms' gradients, over what PyTorch's single precision is off. */
static double nearest[CASES];

static void finish(world *w, int number) {
    print_message("ResNet-%d v%d %s%s:", w->it.depth, w->it.version, w->isa,
                  w->bf16 ? " bfloat16" : "");
    for (int k = 0; k < 5; k++)
        print_message(" %s %.1e (%.1e)", kinds[k], w->worst[k], w->single[k]);
    print_message("\n");
    for (int k = 0; k < 5; k++)
        if (!(w->worst[k] <=
              (w->bf16 ? 2.5 * w->single[k] + 0.02 : allowed[k] + 8 * w->single[k])))
            fail_msg("%s: %g off, PyTorch in this precision %g", kinds[k], w->worst[k],
                     w->single[k]);
    double excess = w->worst[2] - 8 * w->single[2];
    if (!w->bf16 && excess < nearest[number])
        nearest[number] = excess;
    tear_down(w);
}

static bool begins(const char *line, golden *it) {
    return sscanf(line, "case %d %d %" SCNd32 " %" SCNd32 " %" SCNd32 " %" SCNd32 " %lf",
                  &it->version, &it->depth, &it->image.c, &it->image.h, &it->image.w,
                  &it->batch, &it->rate) == 7;
}

/* Which forms a case is worth its time in. */
static bool runs(const golden *it, const char *isa, bool bf16) {
    if (bf16 && strcmp(isa, "scalar") == 0)
        return it->depth == 20 && it->version == 1;
    return it->depth == 20 || strcmp(isa, at_isa_pick()->name) == 0 ||
           (it->depth == 18 && strcmp(isa, "scalar") != 0);
}

/* All cases in one form of the kernels. */
static void run_all(const char *isa, bool bf16) {
    at_error err;
    at_pool *pool;
    assert_ok(at_pool_new(2, &pool, &err), &err);
    FILE *file = fopen(ATELIER_SOURCE "/tests/unit/golden/resnet.txt", "r");
    assert_non_null(file);
    char line[LINE];
    world w = {.isa = isa, .bf16 = bf16};
    bool open = false;
    int cases = 0;
    while (fgets(line, sizeof line, file)) {
        golden it;
        if (!begins(line, &it)) {
            if (open)
                take_line(&w, line);
            continue;
        }
        if (open)
            finish(&w, cases - 1);
        w = (world){.it = it, .isa = isa, .bf16 = bf16};
        open = runs(&it, isa, bf16);
        if (open)
            set_up(&w, pool);
        cases++;
    }
    if (open)
        finish(&w, cases - 1);
    assert_int_equal(cases, CASES);
    fclose(file);
    at_pool_release(pool);
}

static void test_golden(void **state) {
    (void)state;
    for (int i = 0; i < CASES; i++)
        nearest[i] = 1;
    size_t forms = 0;
    for (size_t i = 0; at_isa_at(i); i++, forms++)
        run_all(at_isa_at(i)->name, false);
    for (int i = 0; i < CASES && forms > 2; i++)
        if (!(nearest[i] <= NEAR * 1e-5))
            fail_msg("case %d: every form's gradients are %g off", i, nearest[i]);
}

static void test_golden_bf16(void **state) {
    (void)state;
    for (size_t i = 0; at_isa_at(i); i++)
        if (at_isa_bf16(at_isa_at(i)))
            run_all(at_isa_at(i)->name, true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_golden_bf16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
