/* Reads a CSV into a frame some times and tells the median: what tests/bench/csv.py runs.
 * Usage: csv_bench FILE [THREADS [TIMES]] */
#include "ops/base/clock.h"
#include "ops/base/text.h"
#include "ops/frame/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    enum { MOST = 1000 };
    static double seconds[MOST];
    at_error err = {0};
    at_pool *pool = NULL;
    int64_t threads = 0, times = 1;
    if (argc < 2 || (argc > 2 && !at_parse_int(argv[2], &threads)) ||
        (argc > 3 && !at_parse_int(argv[3], &times)) || times < 1 || times > MOST ||
        at_pool_new((size_t)threads, &pool, &err) != AT_OK) {
        fprintf(stderr, "usage: csv_bench FILE [THREADS [TIMES]]\n");
        return 2;
    }
    const at_read_context context = {.pool = pool};
    int64_t rows = 0;
    int columns = 0;
    for (int64_t i = 0; i < times; i++) {
        at_frame *frame;
        double start = at_now();
        if (at_csv_read_file(argv[1], NULL, &context, &frame, NULL, &err) != AT_OK) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
        seconds[i] = at_now() - start;
        rows = at_frame_rows(frame);
        columns = at_frame_columns(frame);
        at_frame_release(frame);
    }
    qsort(seconds, (size_t)times, sizeof *seconds, ascending);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"seconds\": %.6f, \"rows\": %lld, \"columns\": %d, \"peak_mb\": %.1f, "
           "\"threads\": %zu}\n",
           seconds[times / 2], (long long)rows, columns, (double)usage.ru_maxrss / 1024,
           at_pool_threads(pool));
    at_pool_release(pool);
    return 0;
}
