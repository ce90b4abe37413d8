/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the operator is told: one line on standard error a time, "dormouse: ...", or
 * "dormouse: NAME: ..." once the VM's name is known. Any thread.
 */
#ifndef DORMOUSE_CONTROL_REPORT_H
#define DORMOUSE_CONTROL_REPORT_H

/* Sets the VM's name for the lines that follow; NULL takes it away. Main thread, before others run.
 */
void report_name(const char *name);

/* Says what is wrong, where, and what to do. No newline in the format; a terminal in raw mode is
 * served with the carriage return it needs. */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
