/* SPDX-License-Identifier: BSD-2-Clause */
/* The run: the scenarios of the list, one after the other, across what ends the machine. */
#ifndef IMAGE_RUN_H
#define IMAGE_RUN_H

/* The script's main(): runs all remaining scenarios, prints the results, and turns the machine
 * off. */
__attribute__((noreturn)) void run_main(void);

#endif
