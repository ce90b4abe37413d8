/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a VM's configuration and what its guest and its embedder do: the library and the
 * model must agree, to the last field. By hand, with clang or, with fuzz/replay.c, any compiler:
 *
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -Itests/model
 *       -o build/fuzz-vpsci_call fuzz/vpsci_call.c lib/[a-z]*.c
 *       tests/lib/model/{call,call_cpu,call_system,lockstep,model,power,sound,step,world}.c
 *   build/fuzz-vpsci_call -max_len=1024 fuzz/corpus/vpsci_call
 */
#include <stdlib.h>

#include "lockstep.h"
#include "replay.h"

enum { VCPUS_MAX = 9, STEPS_MAX = 1024, SEEDS = 8, SEED_SIZE = 256 };

static struct lockstep lockstep;
static struct world world;
static struct step steps[STEPS_MAX];

static size_t choose_and_do(struct choices *c)
{
    size_t count = 0;

    while (c->left > 0 && count < STEPS_MAX) {
        step_choose(&steps[count], c, &lockstep.model, &world);
        if (!lockstep_step(&lockstep, &steps[count++])) {
            break;
        }
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct choices c = choices_of_bytes(bytes, size);
    size_t count = 0;

    world_make(&world, &c, 1 + choose(&c, VCPUS_MAX));
    if (lockstep_begin(&lockstep, &world)) {
        count = choose_and_do(&c);
    }
    lockstep_end(&lockstep);
    if (lockstep.what != NULL) {
        lockstep_report(&lockstep, &world, steps, count, stderr);
        abort();
    }
    world_drop(&world);
    return 0;
}

/* Random bytes are a good start: they are cut into decisions, and most decisions are valid. */
size_t fuzz_seed(unsigned int n, uint8_t *bytes, size_t size)
{
    struct choices c = choices_of_seed(n);

    if (n >= SEEDS || size < SEED_SIZE) {
        return 0;
    }
    for (size_t i = 0; i < SEED_SIZE; i++) {
        bytes[i] = (uint8_t)choose_bits(&c);
    }
    return SEED_SIZE;
}
