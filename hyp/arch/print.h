/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines for people, on hyp's UART, which a VM may share: one line at a time. */
#ifndef HYP_PRINT_H
#define HYP_PRINT_H

#include <stdint.h>

void print_text(const char *text);
void print_number(uint64_t value);
void print_hex(uint64_t value); /* with 0x, and no zeros in front */

/* Begins a line with "hyp: ", and keeps other cores from printing until it ends. */
void print_begin(void);
void print_end(void);

#endif
