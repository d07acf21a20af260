/* usage_request: what this kernel and its machine use, for the resource panel
 * (jupyter-resource-usage). Read from /proc. */
#include "kernel/handler.h"
#include "ops/base/clock.h"
#include "ops/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PROC_LIMIT = 64 * 1024 };

/* The number after "\nNAME:" in a /proc file, in bytes where it says kB; -1 if absent. */
static json_int_t field(const char *text, const char *name) {
    char key[64];
    snprintf(key, sizeof key, "\n%s:", name);
    const char *at = strstr(text, key);
    return at ? (json_int_t)strtoll(at + strlen(key), NULL, 10) * 1024 : -1;
}

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static json_t *host_memory(void) {
    at_text text = {0};
    json_t *memory = json_object();
    if (at_file_read("/proc/meminfo", PROC_LIMIT, &text, NULL) == AT_OK) {
        /* The first line has no newline before it. */
        at_text all = {0};
        at_text_char(&all, '\n');
        at_text_put(&all, at_text_get(&text));
        const char *lines = at_text_get(&all);
        json_int_t total = field(lines, "MemTotal");
        json_int_t available = field(lines, "MemAvailable");
        json_object_set_new(memory, "total", json_integer(total));
        json_object_set_new(memory, "available", json_integer(available));
        json_object_set_new(memory, "used", json_integer(total - available));
        json_object_set_new(memory, "free", json_integer(field(lines, "MemFree")));
        if (total > 0)
            json_object_set_new(
                memory, "percent",
                json_real(100.0 * (double)(total - available) / (double)total));
        at_text_fini(&all);
    }
    at_text_fini(&text);
    return memory;
}

at_status at_on_usage(at_request *request, at_error *err) {
    char host[256] = "";
    at_text text = {0};
    gethostname(host, sizeof host - 1);
    AT_TRY(at_file_read("/proc/self/status", PROC_LIMIT, &text, err));
    json_int_t resident = field(at_text_get(&text), "VmRSS");
    at_text_fini(&text);
    /* Over the kernel's life so far at the first request, then since the one before. */
    at_kernel *kernel = request->kernel;
    double now = at_now(), used = cpu_seconds();
    double share = 100.0 * (used - kernel->usage_cpu) / (now - kernel->usage_at + 1e-9);
    kernel->usage_at = now;
    kernel->usage_cpu = used;
    request->reply = json_pack("{s:s, s:i, s:f, s:I, s:i, s:o}", "hostname", host, "pid",
                               (int)getpid(), "kernel_cpu", share, "kernel_memory",
                               resident, "cpu_count", (int)sysconf(_SC_NPROCESSORS_ONLN),
                               "host_virtual_memory", host_memory());
    return AT_OK;
}
