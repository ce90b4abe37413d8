/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: any bytes, as the device tree that a boot loader gives to the bare-metal guest. The reader
 * must not read beyond its end, and its results must be valid. The header's size is set to the true
 * size.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bare/platform.h"
#include "bare/platform_idle.h"
#include "bare/smp.h"
#include "bare/tree.h"
#include "tests/bare/guest_rig.h"

enum { HEADER_SIZE = 40 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(bool right)
{
    if (!right) {
        abort();
    }
}

static void check_idle(void)
{
    for (unsigned i = 0; i < platform_idle_count(); i++) {
        bool used = false;

        check(platform_idle(i)->level < PLATFORM_LEVELS);
        check(strlen(platform_idle(i)->name) < TREE_SIZE_MAX);
        for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
            used = used || platform_cpu_idles(cpu, i);
        }
        check(used);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < HEADER_SIZE || size > TREE_SIZE_MAX || !guest_rig_read(bytes, size)) {
        return 0;
    }
    check(platform.bootargs == NULL || strlen(platform.bootargs) < size);
    check(platform.ram_count <= PLATFORM_RAM_MAX && platform.gicr_count <= PLATFORM_GICR_MAX);
    check(platform.uart_kind == PLATFORM_UART_NONE || platform.uart_width != 0);
    check(platform.uart_intid < 1020 && platform.virtual_timer_intid < 1020);
    (void)platform_scratch();
    check_idle();
    return 0;
}
