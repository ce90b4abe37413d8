/* SPDX-License-Identifier: BSD-2-Clause */
/** What a fuzz target implements, for libFuzzer and for the program that replaces libFuzzer. */
#ifndef FUZZ_REPLAY_H
#define FUZZ_REPLAY_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/** Makes the n-th input of the first corpus. @return its size, or 0 if there is none. */
size_t fuzz_seed(unsigned int n, uint8_t *bytes, size_t size);

#endif
