/* SPDX-License-Identifier: BSD-2-Clause */
#include "vgic_list.h"

#include "arch.h"
#include "vgic_hardware.h"
#include "vm.h"

/* ICH_LR<n>_EL2 (IHI0069, 12.4.8). */
#define LR_INTID(entry)    ((uint32_t)(entry))
#define LR_PRIORITY(entry) ((unsigned)((entry) >> 48 & 0xff))
#define LR_GROUP1          (1ull << 60)
#define LR_HARDWARE        (1ull << 61) /* the guest's deactivation is the hardware's as well */
#define LR_PENDING         (1ull << 62)
#define LR_ACTIVE          (1ull << 63)
#define LR_STATE           (LR_PENDING | LR_ACTIVE)

/* ICH_HCR_EL2.EOIcount. */
#define HCR_ENDED(hcr) ((hcr) >> 27)
#define HCR_ENDED_MASK (0x1fu << 27)

enum { LR_PHYSICAL_SHIFT = 32, LR_PRIORITY_SHIFT = 48 };

enum { LIST_NONE = -1 };

void vgic_add_waiting(struct vcpu *vcpu, unsigned intid)
{
    vcpu->gic.waiting[intid / 32] |= 1u << intid % 32;
    vcpu->gic.waiting_words |= 1u << intid / 32;
}

/* Returns whether it was waiting. */
static bool waiting_remove(struct vcpu *vcpu, unsigned intid)
{
    uint32_t *word = &vcpu->gic.waiting[intid / 32];
    uint32_t bit = 1u << intid % 32;
    bool was = (*word & bit) != 0;

    *word &= ~bit;
    if (*word == 0) {
        vcpu->gic.waiting_words &= ~(1u << intid / 32);
    }
    return was;
}

/* Returns the INTID after `after` that is waiting, or VGIC_INTID_COUNT. */
static unsigned waiting_next(const struct vcpu *vcpu, unsigned from)
{
    for (unsigned word = from / 32; word < VGIC_WORDS; word++, from = word * 32) {
        uint32_t bits = vcpu->gic.waiting[word] & UINT32_MAX << from % 32;

        if (bits != 0) {
            return word * 32 + (unsigned)__builtin_ctz(bits);
        }
        if (vcpu->gic.waiting_words >> word < 2) {
            break;
        }
    }
    return VGIC_INTID_COUNT;
}

/* Returns the most urgent waiting interrupt, or VGIC_INTID_COUNT. */
static unsigned waiting_first(const struct vcpu *vcpu, unsigned *priority)
{
    unsigned first = VGIC_INTID_COUNT;

    *priority = VGIC_PRIORITY_NONE;
    if (vcpu->gic.waiting_words == 0) {
        return first;
    }
    for (unsigned at = waiting_next(vcpu, 0); at < VGIC_INTID_COUNT;
         at = waiting_next(vcpu, at + 1)) {
        unsigned its = vgic_priority(vcpu, at);

        if (its < *priority) {
            *priority = its;
            first = at;
        }
    }
    return first;
}

/* A bit for each list register in use. */
static uint32_t list_used(void)
{
    return ~arch_gic_empty_lists() & UINT32_MAX >> (32 - arch_gic_list_count());
}

/* Returns the list register of this interrupt. */
static int list_find(unsigned intid)
{
    for (uint32_t used = list_used(); used != 0; used &= used - 1) {
        int index = __builtin_ctz(used);

        if (LR_INTID(arch_gic_list_read((unsigned)index)) == intid) {
            return index;
        }
    }
    return LIST_NONE;
}

/* The list register of the least urgent interrupt in this state, if it is less urgent than
 * `priority`. */
static int list_find_last(uint64_t state, unsigned priority)
{
    int found = LIST_NONE;

    for (uint32_t used = list_used(); used != 0; used &= used - 1) {
        int index = __builtin_ctz(used);
        uint64_t entry = arch_gic_list_read((unsigned)index);

        if ((entry & LR_STATE) == state && LR_PRIORITY(entry) > priority) {
            priority = LR_PRIORITY(entry);
            found = index;
        }
    }
    return found;
}

/* The hardware counts the ends of interrupts that have no list register (ICH_HCR_EL2.EOIcount). */
static int list_park(struct vcpu *vcpu, unsigned priority)
{
    int index = list_find_last(LR_ACTIVE, priority);

    if (index == LIST_NONE || vcpu->gic.parked_count == VGIC_PARKED_MAX) {
        return LIST_NONE;
    }
    vcpu->gic.parked[vcpu->gic.parked_count++] =
        (uint16_t)LR_INTID(arch_gic_list_read((unsigned)index));
    return index;
}

/* An empty list register, or else one of a less urgent interrupt: if it is pending it waits again, if
 * it is active it is parked. */
static int list_make_room(struct vcpu *vcpu, unsigned priority)
{
    uint32_t empty = arch_gic_empty_lists();
    int found;

    if (empty != 0) {
        return __builtin_ctz(empty);
    }
    found = list_find_last(LR_PENDING, priority);
    if (found == LIST_NONE) {
        return list_park(vcpu, priority);
    }
    vgic_add_waiting(vcpu, LR_INTID(arch_gic_list_read((unsigned)found)));
    return found;
}

static uint64_t list_entry(unsigned intid, unsigned priority)
{
    uint64_t entry = intid | (uint64_t)priority << LR_PRIORITY_SHIFT | LR_GROUP1 | LR_PENDING;

    if (intid < VGIC_SGI_COUNT) {
        return entry;
    }
    return entry | LR_HARDWARE | (uint64_t)intid << LR_PHYSICAL_SHIFT;
}

bool vgic_list_next(struct vcpu *vcpu)
{
    unsigned priority;
    unsigned intid = waiting_first(vcpu, &priority);
    uint64_t entry = list_entry(intid, priority);
    int index;

    if (intid == VGIC_INTID_COUNT) {
        return false;
    }
    index = list_find(intid);
    if (index != LIST_NONE && (entry & LR_HARDWARE) == 0) {
        /* The next SGI of this number arrived while the guest handles one. A hardware interrupt
         * could only be taken again because it was deactivated at the hardware: the list register
         * is out of date, and LR.HW forbids both states at once. */
        entry |= arch_gic_list_read((unsigned)index) & LR_STATE;
    }
    if (index == LIST_NONE) {
        index = list_make_room(vcpu, priority);
    }
    if (index == LIST_NONE) {
        return false;
    }
    waiting_remove(vcpu, intid);
    arch_gic_list_write((unsigned)index, entry);
    return true;
}

unsigned vgic_listed_urgency(void)
{
    unsigned urgency = VGIC_PRIORITY_NONE;

    for (uint32_t used = list_used(); used != 0; used &= used - 1) {
        uint64_t entry = arch_gic_list_read((unsigned)__builtin_ctz(used));

        if ((entry & LR_STATE) == LR_PENDING && LR_PRIORITY(entry) < urgency) {
            urgency = LR_PRIORITY(entry);
        }
    }
    return urgency;
}

unsigned vgic_urgency(const struct vcpu *vcpu)
{
    unsigned listed = vgic_listed_urgency();
    unsigned waiting;

    waiting_first(vcpu, &waiting);
    return waiting < listed ? waiting : listed;
}

static uint32_t list_bits(unsigned word, uint64_t state)
{
    uint32_t bits = 0;

    for (unsigned i = 0; i < arch_gic_list_count(); i++) {
        uint64_t entry = arch_gic_list_read(i);

        if ((entry & state) != 0 && LR_INTID(entry) / 32 == word) {
            bits |= 1u << LR_INTID(entry) % 32;
        }
    }
    return bits;
}

uint32_t vgic_listed_pending(unsigned word)
{
    return list_bits(word, LR_PENDING);
}

uint32_t vgic_listed_active(const struct vcpu *vcpu, unsigned word)
{
    uint32_t bits = list_bits(word, LR_ACTIVE);

    for (unsigned i = 0; i < vcpu->gic.parked_count; i++) {
        if (vcpu->gic.parked[i] / 32u == word) {
            bits |= 1u << vcpu->gic.parked[i] % 32;
        }
    }
    return bits;
}

static void parked_end(struct vcpu *vcpu, unsigned index)
{
    vgic_end(vcpu->gic.parked[index]);
    vcpu->gic.parked_count--;
    for (unsigned i = index; i < vcpu->gic.parked_count; i++) {
        vcpu->gic.parked[i] = vcpu->gic.parked[i + 1];
    }
}

/* A guest ends the most urgent interrupt first: that one was parked last. */
void vgic_unpark(struct vcpu *vcpu)
{
    uint32_t hcr = arch_gic_read_hcr();

    for (unsigned i = 0; i < HCR_ENDED(hcr) && vcpu->gic.parked_count != 0; i++) {
        parked_end(vcpu, vcpu->gic.parked_count - 1);
    }
    arch_gic_write_hcr(hcr & ~HCR_ENDED_MASK);
}

/* Ends that state of the interrupt in its list register, which is then empty unless it is in the
 * other state as well. Returns whether it was in that state. */
static bool list_remove(unsigned intid, uint64_t state)
{
    int index = list_find(intid);
    uint64_t entry = index == LIST_NONE ? 0 : arch_gic_list_read((unsigned)index);

    if ((entry & state) == 0) {
        return false;
    }
    entry &= ~state;
    arch_gic_list_write((unsigned)index, (entry & LR_STATE) != 0 ? entry : 0);
    return true;
}

static bool vgic_forget_pending(struct vcpu *vcpu, unsigned intid)
{
    bool was_waiting = waiting_remove(vcpu, intid);

    return list_remove(intid, LR_PENDING) || was_waiting;
}

void vgic_drop(struct vcpu *vcpu, unsigned intid)
{
    if (vgic_forget_pending(vcpu, intid)) {
        vgic_end(intid);
    }
}

void vgic_return(struct vcpu *vcpu, unsigned intid)
{
    if (vgic_forget_pending(vcpu, intid)) {
        vgic_end_pending(vcpu, intid);
    }
}

void vgic_finish(struct vcpu *vcpu, unsigned intid)
{
    if (list_remove(intid, LR_ACTIVE)) {
        vgic_end(intid);
    }
    for (unsigned i = 0; i < vcpu->gic.parked_count; i++) {
        if (vcpu->gic.parked[i] == intid) {
            parked_end(vcpu, i);
            return;
        }
    }
}

void vgic_empty(struct vcpu *vcpu)
{
    while (vcpu->gic.parked_count != 0) {
        parked_end(vcpu, vcpu->gic.parked_count - 1);
    }
    for (uint32_t used = list_used(); used != 0; used &= used - 1) {
        unsigned intid = LR_INTID(arch_gic_list_read((unsigned)__builtin_ctz(used)));

        vgic_finish(vcpu, intid);
        vgic_return(vcpu, intid);
    }
    for (unsigned at = waiting_next(vcpu, 0); at < VGIC_INTID_COUNT;
         at = waiting_next(vcpu, at + 1)) {
        vgic_return(vcpu, at);
    }
}
