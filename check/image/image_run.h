/* SPDX-License-Identifier: BSD-2-Clause */
/* The run: the scenarios of the list, one after the other, and over what ends the machine. */
#ifndef IMAGE_RUN_H
#define IMAGE_RUN_H

/* The script's main(): runs all that is left to run, says so, and turns the machine off. */
__attribute__((noreturn)) void run_main(void);

#endif
