/* One ResNet on one pool: what cnn.py drives. Reads commands from stdin, answers a line
 * of JSON each: "step N" (training) or "forward N" runs N of them and tells their
 * seconds; "profile" tells the seconds of each layer since the last. On start it tells
 * the memory and the seconds to the first step's end.
 *
 *     cnn_bench train|infer DEPTH SIDE BATCH CLASSES THREADS [fp32|bf16 [FOLDER AUGMENT
 *               kept|decoded]]
 *
 * With a folder it takes its batches from the pictures there, else always the same. */
#include "ops/base/clock.h"
#include "ops/nn/resnet.h"
#include "tests/bench/cnn_feed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

typedef struct bench {
    bool train;
    at_net *net;
    at_batch batch;
    cnn_feed feed; /* without a pipeline: none */
} bench;

static int fail(const at_error *err) {
    fprintf(stderr, "%s\n%s\n", err->text, err->hint);
    return 1;
}

static void take_batch(bench *it) {
    at_error err;
    if (cnn_feed_next(&it->feed, &err))
        exit(fail(&err));
    it->batch.bytes = it->feed.now.pixels;
    it->batch.labels = it->feed.labels;
}

static double run(bench *it, int times) {
    double from = at_now();
    for (int i = 0; i < times; i++) {
        if (it->feed.pipeline)
            take_batch(it);
        if (it->train)
            at_net_step(it->net, &it->batch, 0.01);
        else
            at_net_forward(it->net, &it->batch);
    }
    return at_now() - from;
}

static double peak_mb(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static void profile(bench *it) {
    static double seconds[AT_NET_LAYERS + 1][2];
    size_t count = at_net_profile(it->net, seconds, AT_NET_LAYERS + 1);
    const at_net_plan *plan = at_net_plan_of(it->net);
    printf("{");
    for (size_t i = 0; at_net_plan_node(plan, i); i++) {
        const at_node *node = at_net_plan_node(plan, i);
        size_t row = at_net_plan_layer(plan, node);
        bool multiplies = node->algorithm[AT_CONV_FORWARD] != NULL;
        printf("\"%s %s\": [%.6f, %.6f, %.0f", node->layer->name, node->name,
               seconds[row][0], seconds[row][1],
               multiplies ? at_conv_flops(&node->shape) : 0);
        for (int pass = 0; pass < 3; pass++)
            if (node->algorithm[pass])
                printf(", \"%s\"", node->algorithm[pass]->name);
        printf("], ");
    }
    printf("\"rest\": [%.6f, 0]}\n", seconds[count][0]);
}

int main(int argc, char **argv) {
    if (argc != 7 && argc != 8 && argc != 11)
        return fprintf(stderr, "cnn_bench train|infer DEPTH SIDE BATCH CLASSES THREADS "
                               "[fp32|bf16 [FOLDER AUGMENT kept|decoded]]\n");
    double from = at_now();
    int depth = (int)strtol(argv[2], NULL, 10), side = (int)strtol(argv[3], NULL, 10);
    int count = (int)strtol(argv[4], NULL, 10), classes = (int)strtol(argv[5], NULL, 10);
    int threads = (int)strtol(argv[6], NULL, 10);
    bench it = {.train = strcmp(argv[1], "train") == 0};
    at_error err;
    at_pool *pool;
    at_net_spec *spec;
    at_net_plan *plan;
    at_resnet_options resnet = {
        .version = 1, .depth = depth, .image = {3, side, side}, .classes = classes};
    at_net_options options = {.batch = count,
                              .training = it.train,
                              .bf16 = argc >= 8 && strcmp(argv[7], "bf16") == 0,
                              .parts = threads,
                              .optimizing = at_optimizer_defaults()};
    if (at_pool_new((size_t)threads, &pool, &err) ||
        at_resnet_new(&resnet, &spec, &err) ||
        at_net_plan_new(spec, &options, &plan, &err))
        return fail(&err);
    at_net_sizes sizes = *at_net_plan_sizes(plan);
    if (at_net_new(&plan, pool, NULL, &it.net, &err))
        return fail(&err);
    at_net_initialize(it.net, 1);
    size_t values = (size_t)count * 3 * (size_t)side * (size_t)side;
    uint8_t *bytes = malloc(values);
    int32_t *labels = calloc((size_t)count, sizeof *labels);
    for (size_t i = 0; i < values; i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 24);
    for (int i = 0; i < count; i++)
        labels[i] = i % classes;
    it.batch = (at_batch){.count = count,
                          .bytes = bytes,
                          .mean = {124, 117, 104},
                          .scale = {0.017F, 0.017F, 0.017F},
                          .labels = labels};
    if (argc == 11 && cnn_feed_open(argv[8], argv[9], strcmp(argv[10], "kept") == 0, side,
                                    count, &it.feed, &err))
        return fail(&err);
    run(&it, 1);
    printf("{\"isa\": \"%s\", \"first_s\": %.4f, \"planned_mb\": %.1f, "
           "\"workspace_mb\": %.1f}\n",
           at_isa_pick()->name, at_now() - from, (double)sizes.total / 1048576,
           (double)sizes.workspace / 1048576);
    fflush(stdout);
    char line[64];
    while (fgets(line, sizeof line, stdin)) {
        if (strncmp(line, "profile", 7) == 0) {
            profile(&it);
        } else {
            int times = (int)strtol(line, NULL, 10);
            double seconds = run(&it, times);
            printf("{\"seconds\": %.6f, \"peak_mb\": %.1f}\n", seconds / times,
                   peak_mb());
        }
        fflush(stdout);
    }
    cnn_feed_close(&it.feed);
    at_net_release(it.net);
    at_net_spec_release(spec);
    at_pool_release(pool);
    free(bytes);
    free(labels);
    return 0;
}
