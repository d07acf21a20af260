#include "ops/base/process.h"

#include "ops/base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

unsigned long long at_process_start(pid_t pid) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    int fd = pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    /* proc(5): "PID (NAME) S ..."; the name may hold anything; field 22 is the start. */
    const char *rest = strrchr(text, ')');
    unsigned long long ticks = 0;
    char state = 'Z';
    if (!rest || sscanf(rest,
                        ") %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
                        "%*s %*s %*s %*s %llu",
                        &state, &ticks) != 2)
        return 0;
    return state == 'Z' || state == 'X' ? 0 : ticks;
}

bool at_process_alive(pid_t pid) {
    return at_process_start(pid) != 0;
}

bool at_process_wait(pid_t pid, double seconds) {
    for (double end = at_now() + seconds; at_process_alive(pid);) {
        if (at_now() > end)
            return false;
        at_sleep(0.002);
    }
    return true;
}
