/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * As much of a C library as the tests need that run on machines whose C library is not there: a
 * program is main(), these files and nothing else. The calls of the kernel are in start_MACHINE.S;
 * in hosted.c for programs that have a C library after all.
 */
#ifndef FREESTANDING_RUNTIME_H
#define FREESTANDING_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int main(int count, char **arguments);

/* open(2) for reading, read(2) and write(2); negative numbers are errors. */
long rt_open(const char *path);
long rt_read(int fd, void *buffer, size_t size);
long rt_write(int fd, const void *bytes, size_t size);
_Noreturn void rt_exit(int status);

/* A file's bytes, as far as they fit; -1 where there is none. */
long rt_load(const char *path, void *buffer, size_t size);

/* To standard output. */
void rt_print(const char *text);
void rt_print_number(uint64_t value);
void rt_print_hex(const void *bytes, size_t size);

bool rt_same(const void *left, const void *right, size_t size);
bool rt_same_text(const char *left, const char *right);

#endif
