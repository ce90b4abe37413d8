/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Messages on standard error, one line each: "PROGRAM: ...", or "PROGRAM: NAME: ..." after the name
 * of a VM is set. If standard error is systemd's journal, each line begins with its level (sd-daemon(3)). No function
 * here waits for a reader of standard error.
 */
#ifndef DORMOUSE_BASE_REPORT_H
#define DORMOUSE_BASE_REPORT_H

/**
 * Sets the program's name ("dormouse" before that); the string remains the caller's. Opens standard
 * error a second time, so that later messages need to open nothing. Main thread, before others run.
 */
void report_open(const char *program);

/**
 * If standard error is the journal: messages go to its socket at `path` from now on, with the fields PRIORITY,
 * SYSLOG_IDENTIFIER, DORMOUSE_VM and, for an error, MESSAGE_ID. One that the socket does not take goes to standard error.
 * report_close() ends that. Main thread, before others run.
 */
void report_use_journal(const char *path);

/**
 * An entry for the journal only, with the field DORMOUSE_STATE and a MESSAGE_ID: what the VM does from now on. Nothing if
 * report_use_journal() has found no journal.
 */
void report_state(const char *state);

/** Sets the VM's name for the lines that follow; NULL removes it. Main thread, before others run.
 */
void report_name(const char *name);

/**
 * Prints what is wrong, where, and what to do. The format has no newline; a terminal in raw mode
 * gets the carriage return that it needs. If standard error takes no more, the message is lost. The
 * next message that can be written follows a line with the number of lost ones. Any thread.
 */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** The same for what is no error: in the journal its level is notice. */
void report_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * A function returns -REPORTED instead of -errno if it has already report()ed the reason, so that
 * the caller prints nothing more. Greater than any errno.
 */
enum { REPORTED = 0x10000 };

/**
 * Called at the program's end: reports how many messages were lost, and waits at most a second to
 * do so.
 */
void report_close(void);

#endif
