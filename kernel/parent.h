/* Parent: tells when the process that launched the kernel has died. Its number comes from
 * $JPY_PARENT_PID, which Jupyter sets, or else is our parent's. (PR_SET_PDEATHSIG would
 * tell of the launching thread, not of its process.) */
#ifndef ATELIER_KERNEL_PARENT_H
#define ATELIER_KERNEL_PARENT_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct at_parent {
    pid_t pid; /* 0: nobody to watch */
    int fd;    /* readable when it has died; -1 where the system has no pidfd */
} at_parent;

void at_parent_init(at_parent *parent);
void at_parent_fini(at_parent *parent);
bool at_parent_died(const at_parent *parent);

#endif
