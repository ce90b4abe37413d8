/* SPDX-License-Identifier: BSD-2-Clause */
/* All scenarios on libvpsci, in all its configurations, one call after the other, and with few
 * rounds: the processors that this runs on are emulated. */
#include "../../../check/host/runner.h"
#include "runtime.h"

static void put_line(void *context, const char *line)
{
    (void)context;
    rt_print(line);
    rt_print("\n");
}

enum { CONFIGURATIONS_MAX = 32, ROUNDS = 50 };

static struct machine machines[CONFIGURATIONS_MAX];
static struct adapter slow[CONFIGURATIONS_MAX];

static uint32_t slow_down(void)
{
    uint32_t count = adapter_count < CONFIGURATIONS_MAX ? adapter_count : CONFIGURATIONS_MAX;

    for (uint32_t i = 0; i < count; i++) {
        machines[i] = *adapters[i].machine;
        machines[i].most_rounds = ROUNDS;
        slow[i] = adapters[i];
        slow[i].machine = &machines[i];
    }
    return count;
}

int main(int count, char **arguments)
{
    struct runner runner = {.tap = {.line = put_line}};

    (void)count;
    (void)arguments;
    runner_run_all(&runner, slow, slow_down());
    return runner.tap.failed ? 1 : 0;
}
