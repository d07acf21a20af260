/* Doctor: `atelier doctor`: what is found on this machine, and what to do about the rest.
 */
#ifndef ATELIER_KERNEL_DOCTOR_H
#define ATELIER_KERNEL_DOCTOR_H

/* `workspace`: the folder that cells would use from here; NULL: not known. Prints to
 * stdout; returns a process exit code: 0 when nothing needs doing, else 1. */
int at_doctor(const char *workspace);

#endif
