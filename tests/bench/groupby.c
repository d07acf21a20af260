/* The query side of groupby.py: reads a CSV file, then one query a line from stdin, and
 * says how many seconds each took. */
#include "ops/base/clock.h"
#include "ops/frame/csv.h"
#include "ops/frame/sql.h"

#include <stdio.h>
#include <string.h>

static at_frame *bank;

static at_status find(void *context, const char *name, at_frame **out, at_error *err) {
    (void)context;
    if (strcmp(name, "bank") != 0)
        return at_fail(err, AT_NOT_FOUND, "there is no %s", name);
    *out = at_frame_retain(bank);
    return AT_OK;
}

int main(int argc, char **argv) {
    at_error err = {0};
    at_csv_options options = at_csv_options_default();
    at_read_context context = {0};
    at_csv_report report;
    at_sql_catalogue catalogue = {NULL, find, NULL};
    at_sql *sql = NULL;
    if (argc != 2 ||
        at_csv_read_file(argv[1], &options, &context, &bank, &report, &err) != AT_OK ||
        at_sql_new(&catalogue, &sql, &err) != AT_OK) {
        fprintf(stderr, "%s\n", argc == 2 ? err.text : "usage: groupby FILE.csv");
        return 1;
    }
    printf("%lld\n", (long long)at_frame_rows(bank));
    fflush(stdout);
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        at_frame *out = NULL;
        int64_t total = 0;
        double start = at_now();
        if (at_sql_query(sql, line, NULL, 0, 1000, NULL, &out, &total, &err) != AT_OK) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
        printf("%.9f %lld\n", at_now() - start, (long long)total);
        fflush(stdout);
        at_frame_release(out);
    }
    at_sql_release(sql);
    at_frame_release(bank);
    return 0;
}
