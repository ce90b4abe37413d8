/* SPDX-License-Identifier: BSD-2-Clause */
/* All scenarios on libvpsci, in all its configurations, one call after the other. */
#include "../../check/host/runner.h"
#include "runtime.h"

static void put_line(void *context, const char *line)
{
    (void)context;
    rt_print(line);
    rt_print("\n");
}

int main(int count, char **arguments)
{
    struct runner runner = {.tap = {.line = put_line}};

    (void)count;
    (void)arguments;
    runner_run_all(&runner, adapters, adapter_count);
    return runner.tap.failed ? 1 : 0;
}
