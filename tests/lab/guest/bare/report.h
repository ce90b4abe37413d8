/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Results, in the Test Anything Protocol: `ok N - TEXT`, `not ok N - TEXT: got X, expected Y`, `#
 * remark`, and at the end the plan `1..N`. Only one core may report at a time.
 */
#ifndef GUEST_REPORT_H
#define GUEST_REPORT_H

#include <stdbool.h>
#include <stdint.h>

/* Formats: %s %u %d %x %lu %ld %lx, with no width or flags. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void remark(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Return whether the check passed. */
bool check(bool passed, const char *text);
/* As hexadecimal numbers, or as PSCI's return codes by name. */
bool check_equal(uint64_t got, uint64_t expected, const char *text);
bool check_result(int64_t got, int64_t expected, const char *text);
/* Passed where got <= limit. */
bool check_at_most(uint64_t got, uint64_t limit, const char *unit, const char *text);
bool check_at_least(uint64_t got, uint64_t limit, const char *unit, const char *text);
/* Passed where there is no problem. */
bool check_none(const char *problem, const char *text);
void skip(const char *text, const char *why);

/* Prints the plan and powers the machine off. */
__attribute__((noreturn)) void report_end(void);
/* Prints the plan, for scenarios that end the machine in another way. */
void report_plan(void);

/* The number of checks so far. A machine that reboots carries it over. */
unsigned report_count(void);
void report_continue(unsigned count);

#endif
