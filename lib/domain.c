/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Power domains above the core: which are down, and in which state (DEN0022, "Power state
 * coordination").
 *
 * The cores' words say who is down; what state a domain went into is kept with the first vCPU in
 * it. Whoever goes down last puts it there, after his own word says down; whoever comes up clears
 * it, after his own word says up; and who put it there looks at the words once more. So of one that
 * goes and one that comes at the same time at least one sees the other, and no domain stays down
 * with a core up in it.
 */
#include "internal.h"

/* Is there anything to keep, besides the vCPUs' words? */
bool vpsci__accounts(const struct vpsci_vm *vm)
{
    return vm->highest > 0 || vm->statistics;
}

bool vpsci__is_down(uint64_t word)
{
    static const bool down[VPSCI__STATE_COUNT] = {
        [VPSCI__OFF] = true,       [VPSCI__FROZEN] = true,    [VPSCI__STARTING] = true,
        [VPSCI__PENDING] = true,   [VPSCI__STANDBY] = true,   [VPSCI__POWERDOWN] = true,
        [VPSCI__CLAIMED] = true,   [VPSCI__SUSPENDED] = true, [VPSCI__LEAVING] = true,
        [VPSCI__HONOURING] = true, [VPSCI__REVOKING] = true,
    };

    return down[vpsci__state_of(word)];
}

static bool is_asleep(uint64_t word)
{
    return vpsci__state_of(word) == VPSCI__STANDBY || vpsci__state_of(word) == VPSCI__POWERDOWN;
}

static bool is_os_initiated(const struct vpsci_vm *vm)
{
    return (vpsci__load(&vm->system) & VPSCI__OS_INITIATED) != 0;
}

static bool shares(const struct vpsci_vcpu *vcpu, const struct vpsci_vcpu *other, uint32_t level)
{
    return vcpu->domain[level - 1] == other->domain[level - 1];
}

/* The entry that the domain of a level which begins with vCPU `first` is in, or NO_STATE: it is on.
 */
uint32_t vpsci__node_entry(const struct vpsci_vm *vm, uint32_t first, uint32_t level)
{
    uint64_t nodes = vpsci__load(&vpsci__vcpu(vm, first)->nodes);
    uint32_t value = (uint32_t)(nodes >> 8 * (level - 1) & 0xff);

    return value ? value - 1 : VPSCI_NO_STATE;
}

/* Sets it, and returns what it was. */
static uint32_t swap_node(const struct vpsci_vm *vm, uint32_t first, uint32_t level, uint32_t entry)
{
    struct vpsci__cell *nodes = &vpsci__vcpu(vm, first)->nodes;
    uint32_t shift = 8 * (level - 1);
    uint64_t value = entry == VPSCI_NO_STATE ? 0 : entry + 1;
    uint64_t before = vpsci__load(nodes);

    while (!vpsci__swap(nodes, &before, (before & ~(UINT64_C(0xff) << shift)) | value << shift)) {
    }
    before = before >> shift & 0xff;
    return before ? (uint32_t)before - 1 : VPSCI_NO_STATE;
}

/* Is a core down, and are its domains beneath `level`, so that the one of that level can go into
 * `entry`? None of them may only stand by where that turns them off. */
static bool is_down_beneath(const struct vpsci_vm *vm, const struct vpsci_vcpu *vcpu,
                            uint32_t level, uint32_t entry)
{
    bool off = vm->states[entry].local == VPSCI_HW_OFF;
    uint64_t word;

    while (--level > 0) {
        uint32_t its = vpsci__node_entry(vm, vcpu->domain[level - 1], level);

        if (its == VPSCI_NO_STATE || (off && vm->states[its].local == VPSCI_HW_STANDBY)) {
            return false;
        }
    }
    word = vpsci__load(&vcpu->word);
    return vpsci__is_down(word) && !(off && vpsci__state_of(word) == VPSCI__STANDBY);
}

static bool all_are_down(const struct vpsci_vm *vm, const struct vpsci_vcpu *vcpu, uint32_t level,
                         uint32_t entry)
{
    uint32_t i;

    for (i = vcpu->domain[level - 1]; i < vm->vcpu_count; i++) {
        const struct vpsci_vcpu *other = vpsci__vcpu(vm, i);

        if (shares(vcpu, other, level) && !is_down_beneath(vm, other, level, entry)) {
            return false;
        }
    }
    return true;
}

/* The deepest entry of a level that a core agrees to, NO_STATE for none. In OS-initiated mode one
 * in powerdown has nothing to lose and agrees to all: the OS decides by who comes last. */
static uint32_t vote(const struct vpsci_vm *vm, uint64_t word, uint32_t level)
{
    bool agrees = vpsci__state_of(word) == VPSCI__POWERDOWN && is_os_initiated(vm);

    if (!vpsci__is_down(word)) {
        return VPSCI_NO_STATE;
    }
    if (!is_asleep(word) || agrees) {
        return vm->deepest[level];
    }
    return vpsci__state_at(vm, vpsci__slot_of(word), level);
}

/* What all cores of a domain agree to: the shallowest of their votes. */
static uint32_t agreed(const struct vpsci_vm *vm, const struct vpsci_vcpu *vcpu, uint32_t level)
{
    uint32_t entry = VPSCI_NO_STATE;
    uint32_t i;

    for (i = vcpu->domain[level - 1]; i < vm->vcpu_count; i++) {
        const struct vpsci_vcpu *other = vpsci__vcpu(vm, i);
        uint32_t its;

        if (!shares(vcpu, other, level)) {
            continue;
        }
        its = vote(vm, vpsci__load(&other->word), level);
        if (its == VPSCI_NO_STATE) {
            return VPSCI_NO_STATE;
        }
        if (its < entry) {
            entry = its;
        }
    }
    return entry;
}

/* The entry that the vCPU's domain of a level is to be in as things are, or NO_STATE: it stays on.
 * `decided` is what an OS-initiated caller said, NO_STATE where the cores have to agree. */
static uint32_t wanted(const struct vpsci_vm *vm, const struct vpsci_vcpu *vcpu, uint32_t level,
                       uint32_t decided)
{
    uint32_t entry = decided == VPSCI_NO_STATE ? agreed(vm, vcpu, level) : decided;

    return entry != VPSCI_NO_STATE && all_are_down(vm, vcpu, level, entry) ? entry : VPSCI_NO_STATE;
}

/* Takes the vCPU's domain of a level down, if it is to be. Where something has changed meanwhile
 * that is undone, and begun anew: another core may have come up, and even gone down again with
 * other wishes. */
static bool take_down(const struct vpsci_vm *vm, const struct vpsci_vcpu *vcpu, uint32_t level,
                      uint32_t decided)
{
    uint32_t first = vcpu->domain[level - 1];
    uint32_t entry;

    while ((entry = wanted(vm, vcpu, level, decided)) != VPSCI_NO_STATE) {
        if (swap_node(vm, first, level, entry) == VPSCI_NO_STATE) {
            vpsci__stat_enter(vm, first, level, entry);
        }
        if (wanted(vm, vcpu, level, decided) == entry) {
            return true;
        }
        vpsci__stat_leave(vm, first, level, swap_node(vm, first, level, VPSCI_NO_STATE));
    }
    return false;
}

/* The vCPU's word says that it is down: its own statistics and its domains follow. In OS-initiated
 * mode, one that suspends itself says how far up that goes and what its domains are to do
 * (`by_os`). */
void vpsci__went_down(struct vpsci_vcpu *vcpu, bool by_os)
{
    const struct vpsci_vm *vm = vpsci__vm(vcpu);
    uint64_t word = vpsci__load(&vcpu->word);
    uint32_t highest = vm->highest;
    uint32_t decided = VPSCI_NO_STATE;
    uint32_t level;

    vpsci__stat_enter(vm, vcpu->index, 0, vpsci__core_entry(vm, word));
    if (by_os && is_os_initiated(vm)) {
        decided = vpsci__slot_of(word);
        highest = decided == VPSCI_NO_STATE ? 0 : vm->states[decided].level;
    }
    for (level = 1; level <= highest; level++) {
        if (!take_down(vm, vcpu, level, vpsci__state_at(vm, decided, level))) {
            return;
        }
    }
}

/* The vCPU's word says that it is up, and was `old` before. */
void vpsci__came_up(struct vpsci_vcpu *vcpu, uint64_t old)
{
    const struct vpsci_vm *vm = vpsci__vm(vcpu);
    uint32_t level;

    vpsci__stat_leave(vm, vcpu->index, 0, vpsci__core_entry(vm, old));
    for (level = 1; level <= vm->highest; level++) {
        uint32_t first = vcpu->domain[level - 1];

        if (vpsci__node_entry(vm, first, level) != VPSCI_NO_STATE) {
            vpsci__stat_leave(vm, first, level, swap_node(vm, first, level, VPSCI_NO_STATE));
        }
    }
}

/* May `vcpu` be the last to go down, as it says, with `other` as it is? A core has to be off or
 * asleep, and in a domain that went down if it is beside the vCPU's own. What the state turns off
 * must not have kept anything. */
static int other_allows(const struct vpsci_vcpu *vcpu, const struct vpsci_vcpu *other,
                        uint64_t word, uint32_t entry)
{
    const struct vpsci_vm *vm = vpsci__vm(vcpu);
    bool keeps = vpsci__state_of(word) == VPSCI__STANDBY;
    bool off = false;
    uint32_t level;

    if (!vpsci__is_off(word) && (!is_asleep(word) || (word & VPSCI__WAKE))) {
        return VPSCI_DENIED;
    }
    for (level = vm->states[entry].level; level > 0; level--) {
        uint32_t its;

        if (shares(vcpu, other, level)) {
            off |= vm->states[vpsci__state_at(vm, entry, level)].local == VPSCI_HW_OFF;
            continue;
        }
        its = vpsci__node_entry(vm, other->domain[level - 1], level);
        if (its == VPSCI_NO_STATE) {
            return VPSCI_DENIED;
        }
        keeps |= vm->states[its].local == VPSCI_HW_STANDBY;
    }
    return keeps && off ? VPSCI_INVALID_PARAMETERS : VPSCI_SUCCESS;
}

/* All of the domain, once. `changes` sums up how often the words in it have changed. */
static int others_allow(const struct vpsci_vcpu *vcpu, uint32_t entry, uint64_t *changes)
{
    const struct vpsci_vm *vm = vpsci__vm(vcpu);
    uint32_t level = vm->states[entry].level;
    int result = VPSCI_SUCCESS;
    uint32_t i;

    *changes = 0;
    for (i = vcpu->domain[level - 1]; i < vm->vcpu_count; i++) {
        const struct vpsci_vcpu *other = vpsci__vcpu(vm, i);
        uint64_t word;
        int its;

        if (other == vcpu || !shares(vcpu, other, level)) {
            continue;
        }
        word = vpsci__settled(vm, other);
        *changes += word >> 32;
        its = other_allows(vcpu, other, word, entry);
        if (its == VPSCI_DENIED) {
            return VPSCI_DENIED;
        }
        result = its ? its : result;
    }
    return result;
}

/*
 * OS-initiated mode: is the caller the last one up in every domain that it wants down? Its own word
 * says INTENDING meanwhile, which is up to everybody else: of two last ones at the same time
 * neither is. The others are looked at twice, since only what held for all of them at one moment
 * counts. Returns a result; after SUCCESS the word remains INTENDING.
 */
int vpsci__os_may(struct vpsci_vcpu *vcpu, uint32_t entry)
{
    const struct vpsci_vm *vm = vpsci__vm(vcpu);
    uint64_t word = vpsci__load(&vcpu->word);
    uint64_t before;
    uint64_t after;
    int result;

    if (vm->states[entry].level == 0) {
        return VPSCI_SUCCESS;
    }
    word = vpsci__to(word, VPSCI__INTENDING);
    vpsci__store(&vcpu->word, word);
    result = others_allow(vcpu, entry, &before);
    if (result == VPSCI_SUCCESS) {
        result = others_allow(vcpu, entry, &after);
        if (before != after) {
            result = VPSCI_DENIED;
        }
    }
    if (result) {
        vpsci__store(&vcpu->word, vpsci__to(word, VPSCI__ON));
    }
    return result;
}

/* At the start and after a reset: the domains without the boot vCPU are down. */
void vpsci__nodes_reset(struct vpsci_vm *vm)
{
    const struct vpsci_vcpu *boot = vpsci__vcpu(vm, vm->config->boot_vcpu);
    uint32_t level;
    uint32_t i;

    for (i = 0; i < vm->vcpu_count; i++) {
        struct vpsci_vcpu *vcpu = vpsci__vcpu(vm, i);

        vpsci__poke(&vcpu->nodes, 0);
        for (level = 1; level <= vm->highest; level++) {
            if (vcpu->domain[level - 1] == i && !shares(vcpu, boot, level)) {
                (void)swap_node(vm, i, level, vm->deepest[level]);
            }
        }
    }
}

/* NODE_HW_STATE of a core (DEN0022, NODE_HW_STATE). */
static enum vpsci_hw_state core_hw_state(const struct vpsci_vm *vm, const struct vpsci_vcpu *vcpu)
{
    uint64_t word = vpsci__settled(vm, vcpu);

    if (word & VPSCI__WAKE) {
        return VPSCI_HW_ON;
    }
    if (vpsci__state_of(word) == VPSCI__STANDBY || vpsci__state_of(word) == VPSCI__HELD) {
        return VPSCI_HW_STANDBY;
    }
    return vpsci__is_down(word) && vpsci__state_of(word) != VPSCI__LEAVING ? VPSCI_HW_OFF
                                                                           : VPSCI_HW_ON;
}

int64_t vpsci__node_hw_state(struct vpsci__invocation *call)
{
    const struct vpsci_vm *vm = call->vm;
    const struct vpsci_vcpu *target = vpsci__target(vm, call->args[0]);
    uint32_t level = (uint32_t)call->args[1];
    uint32_t entry;

    if (level > vm->highest || !target) {
        return VPSCI_INVALID_PARAMETERS;
    }
    if (level == 0) {
        return core_hw_state(vm, target);
    }
    entry = vpsci__node_entry(vm, target->domain[level - 1], level);
    return entry == VPSCI_NO_STATE ? VPSCI_HW_ON : vm->states[entry].local;
}
