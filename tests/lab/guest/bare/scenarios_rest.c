/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cost of cores that wait for each other; the test outside counts the time of the vCPUs'
 * threads.
 */
#include <stddef.h>

#include "guest_scenario.h"
#include "report.h"
#include "rest.h"
#include "smp.h"
#include "timer.h"
#include "uart.h"

enum { COMMAND_LEAVE = 1 };

static void wait_for_command(struct cpu *cpu)
{
    while (!smp_wait_command(cpu, COMMAND_LEAVE)) {
    }
}

static void poll_for_command(struct cpu *cpu)
{
    while (cpu->command < COMMAND_LEAVE) {
    }
}

static void wait_for_key(void)
{
    uint64_t since = timer_now(TIMER_VIRTUAL);
    uint8_t byte;

    while (!uart_read(&byte)) {
        rest_after(timer_now(TIMER_VIRTUAL) - since);
    }
}

SCENARIO(
    waits_rest, "waits-rest", "",
    "until a key is pressed the first two cores wait, and the third polls: waiting costs nothing")
{
    if (!check_at_least(cpu_count, 3, "cores", "there are cores to wait")) {
        return;
    }
    check_result(smp_start(&cpus[1], wait_for_command, 0), RET_SUCCESS, "a core that waits");
    check_result(smp_start(&cpus[2], poll_for_command, 0), RET_SUCCESS, "and one that polls");
    remark("ready");
    wait_for_key();
    for (uint32_t i = 1; i <= 2; i++) {
        smp_set_command(&cpus[i], COMMAND_LEAVE);
        check(smp_wait_off(&cpus[i]), "it turns itself off");
    }
}
