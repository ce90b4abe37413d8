/* SPDX-License-Identifier: BSD-2-Clause */
/** What the user is told on standard error. */
#ifndef TOOL_COMPLAIN_H
#define TOOL_COMPLAIN_H

/** One line, "vpsci-check: ...": what is wrong, where, what to do. No newline in the format. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
