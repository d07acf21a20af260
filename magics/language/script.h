/* `atelier run` and `atelier convert`: cells from a script (.atl, percent format) or a
 * notebook (.ipynb) in a terminal. Both return a process exit code: 0, 1 for a cell that
 * failed, 2 for wrong use. */
#ifndef ATELIER_MAGICS_LANGUAGE_SCRIPT_H
#define ATELIER_MAGICS_LANGUAGE_SCRIPT_H

int at_run_main(int argc,
                char **argv); /* run FILE [-p name=value]... [--workspace DIR] */
int at_convert_main(int argc, char **argv); /* convert FROM TO */

#endif
