/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel command line: words separated by blanks, KEY=VALUE. */
#ifndef GUEST_ARGS_H
#define GUEST_ARGS_H

#include <stdbool.h>
#include <stdint.h>

/* Returns whether KEY=VALUE was given with exactly this value. */
bool args_is(const char *key, const char *value);
/* Returns the decimal or 0x... number of KEY=, or `otherwise` if there is none. */
uint64_t args_number(const char *key, uint64_t otherwise);
/* "1.1" as 0x00010001, the way PSCI_VERSION answers. */
uint64_t args_version(const char *key, uint64_t otherwise);
/* Copies the value, cut to fit; the empty string if there is none. */
void args_text(const char *key, char *text, uint32_t size);

#endif
