/* SPDX-License-Identifier: BSD-2-Clause */
/* The CPU interfaces of the cores: hyp's, and the guests' by list registers. */
#include "fake_interface.h"

#include <string.h>

#include "fake.h"
#include "fake_stop.h"

enum {
    PRIORITY_IDLE = 0x100,
    ACTIVE_MAX = 16,
    HCR_ENABLE = 1,
    HCR_UNDERFLOW = 2,
    HCR_ENDED_UNLISTED = 4,
    HCR_NO_PENDING = 8
};

#define LR_INTID(entry)    ((unsigned)(uint32_t)(entry))
#define LR_PRIORITY(entry) ((unsigned)((entry) >> 48 & 0xff))
#define LR_HARDWARE        (1ull << 61)
#define LR_PENDING         (1ull << 62)
#define LR_ACTIVE          (1ull << 63)
#define VMCR_GROUP1        (1u << 1)
#define VMCR_POINT1(vmcr)  ((vmcr) >> 18 & 7)
#define VMCR_MASK(vmcr)    ((vmcr) >> 24)

struct fake_interface {
    uint64_t lists[FAKE_LISTS];
    uint32_t undropped; /* what hyp acknowledged, and has not dropped */
    uint32_t hcr;
    uint32_t vmcr;
    unsigned active_count;
    unsigned active[ACTIVE_MAX]; /* priorities, the most urgent last */
};

unsigned fake_list_count;
uint32_t fake_foreign;

static struct fake_interface interfaces[FAKE_CORES];

static struct fake_interface *interface_here(void)
{
    return &interfaces[arch_core()];
}

void fake_interface_reset(void)
{
    memset(interfaces, 0, sizeof(interfaces));
    for (unsigned i = 0; i < FAKE_CORES; i++) {
        interfaces[i].undropped = FAKE_SPURIOUS;
        interfaces[i].hcr = HCR_ENABLE;
    }
    fake_list_count = 4;
    fake_foreign = 0;
}

/* ---- hyp's ---- */

static bool interface_signals(const struct fake_intid *its)
{
    return its->enabled && its->group1 && !its->active && (its->latch || (its->line && !its->edge));
}

/* The level of the maintenance interrupt. */
static void interface_maintain(unsigned core)
{
    const struct fake_interface *its = &interfaces[core];
    unsigned used = 0;
    unsigned pending = 0;

    for (unsigned i = 0; i < fake_list_count; i++) {
        used += its->lists[i] != 0;
        pending += (its->lists[i] & (LR_PENDING | LR_ACTIVE)) == LR_PENDING;
    }
    fake_set_line(core, ARCH_INTID_MAINTENANCE,
                  (its->hcr & HCR_ENABLE) != 0 &&
                      (((its->hcr & HCR_UNDERFLOW) != 0 && used <= 1) ||
                       ((its->hcr & HCR_ENDED_UNLISTED) != 0 && its->hcr >> 27 != 0) ||
                       ((its->hcr & HCR_NO_PENDING) != 0 && pending == 0)));
}

unsigned fake_signalled(unsigned core)
{
    unsigned found = FAKE_SPURIOUS;
    unsigned urgency = 0xff;

    interface_maintain(core);
    for (unsigned i = 0; i < FAKE_INTIDS; i++) {
        const struct fake_intid *its = fake_intid(core, i);
        bool comes_here = i < FAKE_PRIVATE || its->route == arch_core_mpidr(core);

        if (comes_here && interface_signals(its) && its->priority < urgency) {
            urgency = its->priority;
            found = i;
        }
    }
    return found;
}

uint32_t arch_gic_acknowledge(void)
{
    struct fake_interface *here = interface_here();
    unsigned intid = fake_signalled(arch_core());

    fake_require(here->undropped == FAKE_SPURIOUS, "acknowledged before the priority was dropped");
    if (fake_foreign != 0) {
        here->undropped = fake_foreign;
        fake_foreign = 0;
        return here->undropped;
    }
    if (intid != FAKE_SPURIOUS) {
        fake_intid(arch_core(), intid)->active = true;
        fake_intid(arch_core(), intid)->latch = false;
        here->undropped = intid;
        if (fake_hooks.acknowledged != NULL) {
            fake_hooks.acknowledged();
        }
    }
    return intid;
}

void arch_gic_drop(uint32_t intid)
{
    fake_require(interface_here()->undropped == intid, "dropped what was not acknowledged");
    interface_here()->undropped = FAKE_SPURIOUS;
}

void arch_gic_deactivate(uint32_t intid)
{
    fake_intid(arch_core(), intid)->active = false;
    if (fake_hooks.deactivated != NULL) {
        fake_hooks.deactivated();
    }
}

/* The list of 16 targets, and where the affinity is in ICC_SGI1R_EL1. */
void arch_gic_send(uint64_t sgi1r)
{
    for (unsigned core = 0; core < FAKE_CORES; core++) {
        uint64_t mpidr = arch_core_mpidr(core);
        uint64_t cluster = (mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 |
                           (mpidr >> 8 & 0xff) << 16 | (mpidr >> 4 & 0xf) << 44;

        if ((sgi1r & 0x00fff0ff00ff0000) == cluster && (sgi1r >> (mpidr & 0xf) & 1) != 0) {
            fake_intid(core, sgi1r >> 24 & 0xf)->latch = true;
        }
    }
    fake_require((sgi1r >> 40 & 1) == 0, "an SGI to all cores of the machine");
}

/* ---- The guest's ---- */

unsigned arch_gic_list_count(void)
{
    return fake_list_count;
}

uint64_t arch_gic_list_read(unsigned index)
{
    fake_require(index < fake_list_count, "no such list register");
    return interface_here()->lists[index];
}

/* IHI0069, 12.4.8: what software must not write. */
void arch_gic_list_write(unsigned index, uint64_t value)
{
    struct fake_interface *here = interface_here();
    uint64_t both = LR_PENDING | LR_ACTIVE;

    fake_require(index < fake_list_count, "no such list register");
    for (unsigned i = 0; i < fake_list_count && value != 0; i++) {
        fake_require(i == index || here->lists[i] == 0 ||
                         LR_INTID(here->lists[i]) != LR_INTID(value),
                     "an interrupt in two list registers");
    }
    fake_require((value & LR_HARDWARE) == 0 || (value & both) != both,
                 "a hardware interrupt that is pending and active");
    here->lists[index] = value;
}

uint32_t arch_gic_read_hcr(void)
{
    return interface_here()->hcr;
}

void arch_gic_write_hcr(uint32_t value)
{
    interface_here()->hcr = value;
}

uint32_t arch_gic_read_vmcr(void)
{
    return interface_here()->vmcr;
}

void arch_gic_write_vmcr(uint32_t value)
{
    interface_here()->vmcr = value;
}

uint32_t arch_gic_empty_lists(void)
{
    uint32_t lists = 0;

    for (unsigned i = 0; i < fake_list_count; i++) {
        lists |= interface_here()->lists[i] == 0 ? 1u << i : 0;
    }
    return lists;
}

void arch_gic_clear_active_priorities(void)
{
    interface_here()->active_count = 0;
}

unsigned arch_gic_running_priority(void)
{
    const struct fake_interface *here = interface_here();

    return here->active_count == 0 ? PRIORITY_IDLE : here->active[here->active_count - 1];
}

void fake_guest_set_mask(uint8_t mask)
{
    struct fake_interface *here = interface_here();

    here->vmcr = (here->vmcr & 0xffffff) | (uint32_t)mask << 24;
}

void fake_guest_set_group1(bool enabled)
{
    struct fake_interface *here = interface_here();

    here->vmcr = enabled ? here->vmcr | VMCR_GROUP1 : here->vmcr & ~VMCR_GROUP1;
}

/* Returns the list register of what is signalled to the guest, or FAKE_LISTS. */
static unsigned guest_find_signalled(const struct fake_interface *here)
{
    unsigned urgency = arch_gic_running_priority();
    unsigned found = FAKE_LISTS;

    if ((here->hcr & HCR_ENABLE) == 0 || (here->vmcr & VMCR_GROUP1) == 0) {
        return FAKE_LISTS;
    }
    urgency = VMCR_MASK(here->vmcr) < urgency ? VMCR_MASK(here->vmcr) : urgency;
    for (unsigned i = 0; i < fake_list_count; i++) {
        uint64_t entry = here->lists[i];

        if ((entry & (LR_PENDING | LR_ACTIVE)) == LR_PENDING && LR_PRIORITY(entry) < urgency) {
            urgency = LR_PRIORITY(entry);
            found = i;
        }
    }
    return found;
}

unsigned fake_guest_acknowledge(void)
{
    struct fake_interface *here = interface_here();
    unsigned index = guest_find_signalled(here);

    if (index == FAKE_LISTS) {
        return FAKE_SPURIOUS;
    }
    fake_require(here->active_count < ACTIVE_MAX, "too many active interrupts");
    here->lists[index] = (here->lists[index] & ~LR_PENDING) | LR_ACTIVE;
    here->active[here->active_count++] =
        LR_PRIORITY(here->lists[index]) & UINT32_MAX << VMCR_POINT1(here->vmcr);
    return LR_INTID(here->lists[index]);
}

/* Returns whether the interrupt was active in a list register. */
static bool guest_deactivate(struct fake_interface *here, unsigned intid)
{
    for (unsigned i = 0; i < fake_list_count; i++) {
        uint64_t entry = here->lists[i];

        if ((entry & LR_ACTIVE) == 0 || LR_INTID(entry) != intid) {
            continue;
        }
        if ((entry & LR_HARDWARE) != 0) {
            arch_gic_deactivate((uint32_t)(entry >> 32 & 0x3ff));
        }
        entry &= ~LR_ACTIVE;
        here->lists[i] = (entry & LR_PENDING) != 0 ? entry : 0;
        return true;
    }
    return false;
}

void fake_guest_end(unsigned intid)
{
    struct fake_interface *here = interface_here();

    here->active_count -= here->active_count != 0;
    if (!guest_deactivate(here, intid)) {
        here->hcr += 1u << 27; /* EOIcount */
    }
}
