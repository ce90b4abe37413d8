/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Messages on standard error, one line each: "PROGRAM: ...", or "PROGRAM: NAME: ..." after the name
 * of a VM is set. No function here waits for a reader of standard error.
 */
#ifndef DORMOUSE_BASE_REPORT_H
#define DORMOUSE_BASE_REPORT_H

/**
 * Sets the program's name, which stays the caller's ("dormouse" before that), and opens standard
 * error a second time so that later messages need to open nothing. Main thread, before others run.
 */
void report_open(const char *program);

/** Sets the VM's name for the lines that follow; NULL removes it. Main thread, before others run.
 */
void report_name(const char *name);

/**
 * Says what is wrong, where, and what to do. No newline in the format; a terminal in raw mode gets
 * the carriage return that it needs. If standard error takes no more the message is lost; the next
 * one that gets through is preceded by a line with the number of those that did not. Any thread.
 */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * -REPORTED in place of -errno: the reason has been report()ed, and the caller says nothing more.
 * Greater than any number of errno.
 */
enum { REPORTED = 0x10000 };

/** At the program's end: says how many messages were lost, and waits a second at most to say it. */
void report_close(void);

#endif
