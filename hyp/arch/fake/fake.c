/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake.h"

#include <stddef.h>
#include <string.h>

#include "fake_gic.h"
#include "fake_interface.h"
#include "fake_stop.h"

enum { FREQUENCY = 62500000, CORES_IN_CLUSTER = 4 };

struct fake_hooks fake_hooks;
struct fake_guest fake_guests[FAKE_CORES];
uint64_t fake_now;

static unsigned fake_core;
static uint8_t fake_ram[FAKE_RAM_SIZE];
static uint64_t fake_deadlines[FAKE_CORES];
static uint32_t fake_timers[FAKE_CORES];

void fake_reset(void)
{
    fake_core = 0;
    fake_now = 0;
    memset(&fake_hooks, 0, sizeof(fake_hooks));
    memset(fake_guests, 0, sizeof(fake_guests));
    memset(fake_ram, 0xa5, sizeof(fake_ram)); /* what a machine has there before */
    memset(fake_timers, 0, sizeof(fake_timers));
    for (unsigned i = 0; i < FAKE_CORES; i++) {
        fake_deadlines[i] = UINT64_MAX;
    }
    fake_gic_reset();
    fake_interface_reset();
}

/* ---- Cores ---- */

void fake_run_as(unsigned core)
{
    fake_require(core < FAKE_CORES, "no such core");
    fake_core = core;
}

unsigned arch_core_count(void)
{
    return FAKE_CORES;
}

unsigned arch_core(void)
{
    return fake_core;
}

/* Not the core's number: what is sent by the wrong one goes astray. */
uint64_t arch_core_mpidr(unsigned core)
{
    return core / CORES_IN_CLUSTER * 0x100 + core % CORES_IN_CLUSTER;
}

void arch_kick(unsigned core)
{
    fake_intid(core, ARCH_INTID_KICK)->latch = true;
}

int64_t arch_start_core(unsigned core)
{
    fake_require(core < FAKE_CORES, "no such core");
    return 0;
}

void arch_wait(void)
{
    if (fake_hooks.wait != NULL) {
        fake_hooks.wait();
    }
}

void arch_sleep(enum arch_sleep depth)
{
    fake_require(depth <= ARCH_SLEEP_SYSTEM, "no such sleep");
    arch_wait();
}

void arch_lock(struct arch_lock *lock)
{
    fake_require(lock->owner == lock->next, "a lock that the only thread holds already");
    lock->next++;
}

void arch_unlock(struct arch_lock *lock)
{
    fake_require(lock->owner + 1 == lock->next, "a lock that is not held");
    lock->owner++;
}

/* ---- Guests ---- */

void arch_run(struct arch_frame *frame, struct arch_exit *exit)
{
    *exit = (struct arch_exit){.kind = ARCH_EXIT_INTERRUPT};
    if (fake_hooks.run != NULL) {
        fake_hooks.run(frame, exit);
    }
}

void arch_reset_vcpu(struct arch_frame *frame, uint64_t entry, uint64_t context, bool big_endian)
{
    *frame = (struct arch_frame){.x = {context}, .pc = entry, .pstate = 0x3c5};
    fake_guests[fake_core].resets++;
    fake_guests[fake_core].big_endian = big_endian;
}

void arch_stop_timers(void)
{
    fake_guests[fake_core].timer_stops++;
    fake_set_timer(fake_core, ARCH_INTID_VIRTUAL_TIMER, false);
    fake_set_timer(fake_core, ARCH_INTID_PHYSICAL_TIMER, false);
}

void arch_stop_tracing(void)
{
}

bool arch_guest_is_big_endian(void)
{
    return fake_guests[fake_core].big_endian;
}

void arch_inject_abort(struct arch_frame *frame, const struct arch_exit *exit)
{
    (void)frame;
    (void)exit;
    fake_guests[fake_core].aborts++;
}

void arch_inject_undefined(struct arch_frame *frame)
{
    (void)frame;
    fake_guests[fake_core].undefined++;
}

void arch_use_vm(uint64_t stage2_root, unsigned vmid, uint64_t mpidr)
{
    fake_guests[fake_core].stage2_root = stage2_root;
    fake_guests[fake_core].vmid = vmid;
    fake_guests[fake_core].mpidr = mpidr;
}

/* ---- Time ---- */

uint64_t arch_now(void)
{
    return fake_now;
}

uint64_t arch_date(void)
{
    return 0;
}

uint64_t arch_frequency(void)
{
    return FREQUENCY;
}

void arch_set_deadline(uint64_t count)
{
    fake_deadlines[fake_core] = count;
    fake_set_line(fake_core, ARCH_INTID_TIMER, count <= fake_now);
}

uint64_t fake_deadline(unsigned core)
{
    return fake_deadlines[core];
}

void fake_set_timer(unsigned core, unsigned intid, bool is_due)
{
    uint32_t bit = UINT32_C(1) << intid;

    fake_timers[core] = is_due ? fake_timers[core] | bit : fake_timers[core] & ~bit;
    fake_set_line(core, intid, is_due);
}

uint32_t arch_due_timers(void)
{
    return fake_timers[fake_core];
}

/* ---- Memory and devices ---- */

uint64_t arch_image(uint64_t *size)
{
    *size = 0;
    return FAKE_RAM;
}

void arch_map_memory(uint64_t pa, uint64_t size)
{
    fake_require(pa >= FAKE_RAM && size <= FAKE_RAM_SIZE && pa - FAKE_RAM <= FAKE_RAM_SIZE - size,
                 "a map of what is not RAM");
}

void *arch_memory(uint64_t pa)
{
    fake_require(pa >= FAKE_RAM && pa <= FAKE_RAM + FAKE_RAM_SIZE, "an address that is not in RAM");
    return fake_ram + (pa - FAKE_RAM);
}

void arch_clean(const void *address, uint64_t size)
{
    const uint8_t *first = address;

    fake_require(first >= fake_ram && size <= FAKE_RAM_SIZE &&
                     (uint64_t)(first - fake_ram) <= FAKE_RAM_SIZE - size,
                 "caches of what is not RAM");
}

void arch_forget_stage2(void)
{
}

static uint64_t fake_read(uint64_t pa, unsigned size)
{
    uint64_t value = 0;

    fake_require(pa % size == 0, "an unaligned access");
    fake_require(fake_gic_read(pa, size, &value) ||
                     (fake_hooks.read != NULL && fake_hooks.read(pa, size, &value)),
                 "a read where nothing is");
    return value;
}

static void fake_write(uint64_t pa, unsigned size, uint64_t value)
{
    fake_require(pa % size == 0, "an unaligned access");
    fake_require(fake_gic_write(pa, size, value) ||
                     (fake_hooks.write != NULL && fake_hooks.write(pa, size, value)),
                 "a write where nothing is");
}

uint8_t arch_read8(uint64_t pa)
{
    return (uint8_t)fake_read(pa, 1);
}

uint32_t arch_read32(uint64_t pa)
{
    return (uint32_t)fake_read(pa, 4);
}

uint64_t arch_read64(uint64_t pa)
{
    return fake_read(pa, 8);
}

void arch_write8(uint64_t pa, uint8_t value)
{
    fake_write(pa, 1, value);
}

void arch_write32(uint64_t pa, uint32_t value)
{
    fake_write(pa, 4, value);
}

void arch_write64(uint64_t pa, uint64_t value)
{
    fake_write(pa, 8, value);
}

/* ---- Firmware ---- */

void arch_firmware(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3,
                   struct arch_smc_result *result)
{
    *result = (struct arch_smc_result){.x = {(uint64_t)-1}}; /* NOT_SUPPORTED */
    if (fake_hooks.firmware != NULL) {
        fake_hooks.firmware(function, a1, a2, a3, result);
    }
}
