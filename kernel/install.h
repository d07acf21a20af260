/* Install: `atelier install` and `atelier uninstall`. Return a process exit code. */
#ifndef ATELIER_KERNEL_INSTALL_H
#define ATELIER_KERNEL_INSTALL_H

int at_install_main(int argc, char **argv);
int at_uninstall_main(int argc, char **argv);

#endif
