/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program for libvpsci without some of its families (lib/families.txt): the mandatory functions
 * work, and what is left out is refused when a VM is made.
 *
 *   program CAPABILITIES LEVELS    the capabilities that this build has, as a number; and 1 if power
 *                                  states may have a level above 0, else 0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vpsci/vpsci.h"

enum { CPUS = 2, CAPABILITIES = 10, ENTRY = 0x40080000 };

static _Alignas(VPSCI_ALIGNMENT) unsigned char memory[8192];
static const struct vpsci_mpidr mpidrs[CPUS] = {{0}, {1}};
static struct vpsci_outcome out;
static int failures;

static void check_that(bool is_so, const char *what)
{
    if (!is_so) {
        (void)printf("%s: not so\n", what);
        failures++;
    }
}

static int make_vm(const struct vpsci_config *changes, struct vpsci_vm **vm)
{
    struct vpsci_config config = *changes;

    config.size = sizeof(config);
    config.vcpu_count = CPUS;
    config.mpidrs = mpidrs;
    return vpsci_init(memory, sizeof(memory), &config, vm);
}

static uint64_t call(struct vpsci_vm *vm, uint32_t cpu, uint32_t function, uint64_t first)
{
    const struct vpsci_guest_call guest = {.function = function, .args = {first, ENTRY, 7}};

    memset(&out, 0xa5, sizeof(out));
    vpsci_call(vpsci_vcpu_at(vm, cpu), &guest, &out);
    return out.action == VPSCI_RETURN ? out.x0 : UINT64_MAX;
}

static bool waits(enum vpsci_wait wait)
{
    return out.action == VPSCI_WAIT && out.wait == wait;
}

static void next(struct vpsci_vm *vm, uint32_t cpu)
{
    memset(&out, 0xa5, sizeof(out));
    vpsci_next(vpsci_vcpu_at(vm, cpu), &out);
}

static void try_cores(struct vpsci_vm *vm)
{
    check_that(call(vm, 0, VPSCI_FID_32 | VPSCI_FN_VERSION, 0) == VPSCI_VERSION_NEWEST, "VERSION");
    check_that(call(vm, 0, VPSCI_FID_32 | VPSCI_FN_FEATURES, VPSCI_FID_64 | VPSCI_FN_CPU_ON) == 0,
               "FEATURES");
    check_that(call(vm, 0, VPSCI_FID_64 | VPSCI_FN_CPU_ON, 1) == 0 &&
                   out.start == vpsci_vcpu_at(vm, 1),
               "CPU_ON");
    next(vm, 1);
    check_that(out.action == VPSCI_ENTER && out.entry.address.value == ENTRY &&
                   out.entry.context == 7,
               "an entry");
    (void)call(vm, 1, VPSCI_FID_32 | VPSCI_FN_CPU_OFF, 0);
    check_that(waits(VPSCI_WAIT_OFF), "CPU_OFF");
}

static void try_sleep(struct vpsci_vm *vm)
{
    struct vpsci_vcpu *boot = vpsci_vcpu_at(vm, 0);

    (void)call(vm, 0, VPSCI_FID_64 | VPSCI_FN_CPU_SUSPEND, 0x10000);
    check_that(waits(VPSCI_WAIT_POWERDOWN) && vpsci_wake(boot), "CPU_SUSPEND");
    next(vm, 0);
    check_that(out.action == VPSCI_ENTER && out.ended == VPSCI_WAIT_POWERDOWN, "the end of it");
    (void)call(vm, 0, VPSCI_FID_64 | VPSCI_FN_SYSTEM_SUSPEND, ENTRY);
    check_that(waits(VPSCI_WAIT_ANSWER) && vpsci_answer(boot, VPSCI_SUCCESS) == 0 &&
                   vpsci_wake(boot),
               "SYSTEM_SUSPEND");
    next(vm, 0);
    check_that(out.action == VPSCI_ENTER && out.ended == VPSCI_WAIT_SUSPENDED, "its end");
    (void)call(vm, 0, VPSCI_FID_32 | VPSCI_FN_SYSTEM_OFF, 0);
    check_that(waits(VPSCI_WAIT_STOPPED) && out.request.function == VPSCI_FN_SYSTEM_OFF,
               "SYSTEM_OFF");
}

/* Each capability by itself is known or refused, as the build is. */
static void try_capabilities(unsigned long known)
{
    for (unsigned i = 0; i < CAPABILITIES; i++) {
        struct vpsci_config config = {.capabilities = UINT32_C(1) << i};
        struct vpsci_vm *vm;
        int error = make_vm(&config, &vm);

        check_that(error == (known >> i & 1 ? 0 : VPSCI_E_ARGUMENT), "a capability");
    }
}

static void try_levels(bool has_levels)
{
    static const struct vpsci_power_state states[] = {
        {0x10000, 0, VPSCI_HW_OFF, VPSCI_NO_STATE},
        {0x1010000, 1, VPSCI_HW_OFF, 0},
    };
    struct vpsci_config config = {.states = states, .state_count = 2};
    struct vpsci_vm *vm;

    check_that(make_vm(&config, &vm) == (has_levels ? 0 : VPSCI_E_STATES), "a level");
}

int main(int count, char **arguments)
{
    struct vpsci_config config = {.capabilities = VPSCI_CAP_SYSTEM_SUSPEND};
    struct vpsci_vm *vm;

    if (count != 3) {
        return 2;
    }
    check_that(make_vm(&config, &vm) == 0, "vpsci_init()");
    if (vm) {
        try_cores(vm);
        try_sleep(vm);
    }
    try_capabilities(strtoul(arguments[1], NULL, 0));
    try_levels(arguments[2][0] == '1');
    return failures ? 1 : 0;
}
