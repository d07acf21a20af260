/* Fit: what every learner's fit needs beside its method: when to stop, what to tell, and
 * the rows looked at before any work. */
#ifndef ATELIER_OPS_LEARN_FIT_H
#define ATELIER_OPS_LEARN_FIT_H

#include "ops/learn/learner.h"

/* Why the fit must stop now, as words for the log ("Interrupted", "The time is up");
 * NULL: it may go on. */
const char *at_fit_over(const at_fit_task *task);
/* AT_CANCELLED: it was over before there was anything to keep: "the first tree was
 * grown". */
at_status at_fit_too_soon(const at_fit_task *task, const char *what, at_error *err);

/* Each may be called where nobody listens (task->events NULL). */
void at_fit_say(const at_fit_task *task, const char *format, ...) AT_PRINTF(2, 3);
void at_fit_point(const at_fit_task *task, const char *series, const char *metric,
                  double x, double y);
void at_fit_progress(const at_fit_task *task, double done, double total,
                     const char *what);

/* No rows to train on, or a cell that cannot be learned from: AT_INVALID names the first
 * one. Labels are finite; weights are finite, not negative, and some of each part count;
 * inputs are finite, or NaN where the learner takes missing ones. */
AT_MUST_USE at_status at_fit_check_rows(const at_fit_task *task, bool missing,
                                        at_error *err);
/* A class or a number that a setting and the data disagree on; `given` may be
 * AT_AUTO_INT. */
AT_MUST_USE at_status at_fit_check_classes(const at_fit_task *task, int64_t given,
                                           at_error *err);

/* The mean loss of scores (as at_learner.predict gives them) over the rows of a part, by
 * their weights: log loss of classes (probabilities no nearer to 0 or 1 than 1e-15), root
 * mean squared error of numbers. */
double at_fit_loss(const at_fit_task *task, const at_design *part, const double *scores);
/* What at_fit_loss measures: "logloss", "mlogloss" or "rmse". */
const char *at_fit_loss_name(at_problem problem);

#endif
