/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Power domains above the core: which are down, and in which state (DEN0022, "Power state
 * coordination").
 *
 * Whether a core is down is in its own word. The state of a domain is kept in `nodes` of the first
 * vCPU in it: an index into the table of power states plus 1, or 0 while the domain is on.
 *
 * No lock protects `nodes`. Threads that may be here at the same time, for cores of one domain:
 *  - the owner of a core that goes down, in vpsci__went_down();
 *  - the owner of a core that comes up, in vpsci__came_up();
 *  - any thread that answers a SYSTEM_SUSPEND, in vpsci__went_down() for the core that asked.
 *
 * The last core to power down records the domain's state after publishing its own word. A core that
 * comes up publishes its own word, and clears the domain's state after that. The core that recorded
 * the state then looks at all words once more. Every access is sequentially consistent, so of a
 * core that goes down and one that comes up at the same time at least one sees the other, and no
 * domain stays down with a core up in it.
 */
#include "internal.h"

/* Is there anything to keep besides the vCPUs' words: domains above the core, or statistics? */
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

/* Race: vpsci__set_suspend_mode() on another core may change the mode. It cannot while a core is in
 * CPU_SUSPEND: that core has noted that the mode is used, and it counts as on. */
static bool is_os_initiated(const struct vpsci_vm *vm)
{
    return (vpsci__load(&vm->system) & VPSCI__OS_INITIATED) != 0;
}

static bool shares_domain(const struct vpsci_vcpu *vcpu, const struct vpsci_vcpu *other,
                          uint32_t level)
{
    return vcpu->domain[level - 1] == other->domain[level - 1];
}

/* The state of the domain of a level that begins with vCPU `first`; NO_STATE while it is on. Race:
 * owners of cores in that domain store it in swap_node() at any time. The result was true at one
 * moment of this call; what depends on it staying true reads it again. */
uint32_t vpsci__node_state(const struct vpsci_vm *vm, uint32_t first, uint32_t level)
{
    uint64_t nodes = vpsci__load(&vpsci__vcpu(vm, first)->nodes);
    uint32_t value = (uint32_t)(nodes >> 8 * (level - 1) & 0xff);

    return value ? value - 1 : VPSCI_NO_STATE;
}

/* Sets the state of that domain, and returns what it was. Race: other threads change the bytes of
 * other levels in the same word, or this one; each turn of the loop means that one of them did. */
static uint32_t swap_node(const struct vpsci_vm *vm, uint32_t first, uint32_t level,
                          uint32_t state_index)
{
    struct vpsci__cell *nodes = &vpsci__vcpu(vm, first)->nodes;
    uint32_t shift = 8 * (level - 1);
    uint64_t value = state_index == VPSCI_NO_STATE ? 0 : state_index + 1;
    uint64_t before = vpsci__load(nodes);

    while (!vpsci__swap(nodes, &before, (before & ~(UINT64_C(0xff) << shift)) | value << shift)) {
    }
    before = before >> shift & 0xff;
    return before ? (uint32_t)before - 1 : VPSCI_NO_STATE;
}

/* Are a core and its domains beneath `level` down, so that the domain of that level can enter the
 * state? If the state turns them off, none of them may only be in standby. Race: the core's owner
 * may bring it up during the call, first its word and then its domains from the bottom. The domains
 * are read first and the word last, so that a core which comes up before the word is read is seen
 * as up. For one that comes up after that, see take_domain_down(). */
static bool is_down_beneath(const struct vpsci_vm *vm, const struct vpsci_vcpu *vcpu,
                            uint32_t level, uint32_t state_index)
{
    bool off = vm->states[state_index].local == VPSCI_HW_OFF;
    uint64_t word;

    while (--level > 0) {
        uint32_t its = vpsci__node_state(vm, vcpu->domain[level - 1], level);

        if (its == VPSCI_NO_STATE || (off && vm->states[its].local == VPSCI_HW_STANDBY)) {
            return false;
        }
    }
    word = vpsci__load(&vcpu->word);
    return vpsci__is_down(word) && !(off && vpsci__state_of(word) == VPSCI__STANDBY);
}

/* The same for all cores of the domain, one after the other. Race: as above, for each of them. */
static bool all_are_down(const struct vpsci_vm *vm, const struct vpsci_vcpu *vcpu, uint32_t level,
                         uint32_t state_index)
{
    uint32_t i;

    for (i = vcpu->domain[level - 1]; i < vm->vcpu_count; i++) {
        const struct vpsci_vcpu *other = vpsci__vcpu(vm, i);

        if (shares_domain(vcpu, other, level) && !is_down_beneath(vm, other, level, state_index)) {
            return false;
        }
    }
    return true;
}

/* The deepest state of a level that a core agrees to, NO_STATE if none. In OS-initiated mode a core
 * in powerdown has no context to lose and agrees to all: the OS decides, by the call of the last
 * core. */
static uint32_t vote_of(const struct vpsci_vm *vm, uint64_t word, uint32_t level)
{
    bool agrees = vpsci__state_of(word) == VPSCI__POWERDOWN && is_os_initiated(vm);

    if (!vpsci__is_down(word)) {
        return VPSCI_NO_STATE;
    }
    if (!is_asleep(word) || agrees) {
        return vm->deepest[level];
    }
    return vpsci__state_at(vm, vpsci__detail_of(word), level);
}

/* The state that all cores of a domain agree to: the shallowest of their votes. Race: the owner of
 * each core may bring it up, or put it to sleep in another state, while the others are read here.
 * take_domain_down() reads all of them a second time. */
static uint32_t agreed_state(const struct vpsci_vm *vm, const struct vpsci_vcpu *vcpu,
                             uint32_t level)
{
    uint32_t state_index = VPSCI_NO_STATE;
    uint32_t i;

    for (i = vcpu->domain[level - 1]; i < vm->vcpu_count; i++) {
        const struct vpsci_vcpu *other = vpsci__vcpu(vm, i);
        uint32_t its;

        if (!shares_domain(vcpu, other, level)) {
            continue;
        }
        its = vote_of(vm, vpsci__load(&other->word), level);
        if (its == VPSCI_NO_STATE) {
            return VPSCI_NO_STATE;
        }
        if (its < state_index) {
            state_index = its;
        }
    }
    return state_index;
}

/* The state that the vCPU's domain of a level should be in now; NO_STATE if it has to stay on.
 * `decided` is what an OS-initiated caller asked for, NO_STATE if the cores have to agree. */
static uint32_t wanted_state(const struct vpsci_vm *vm, const struct vpsci_vcpu *vcpu,
                             uint32_t level, uint32_t decided)
{
    uint32_t state_index = decided == VPSCI_NO_STATE ? agreed_state(vm, vcpu, level) : decided;

    return state_index != VPSCI_NO_STATE && all_are_down(vm, vcpu, level, state_index)
               ? state_index
               : VPSCI_NO_STATE;
}

/* Takes the vCPU's domain of a level down if all its cores allow it, and returns whether it did. */
static bool take_domain_down(const struct vpsci_vm *vm, const struct vpsci_vcpu *vcpu,
                             uint32_t level, uint32_t decided)
{
    uint32_t first = vcpu->domain[level - 1];
    uint32_t state_index;

    while ((state_index = wanted_state(vm, vcpu, level, decided)) != VPSCI_NO_STATE) {
        /* Race: two cores may be last at the same time, and both store here. Only the one that
         * finds the domain on counts the beginning of its stay. */
        if (swap_node(vm, first, level, state_index) == VPSCI_NO_STATE) {
            vpsci__stat_enter(vm, first, level, state_index);
        }
        /* Race: since wanted_state() above, the owner of another core of the domain may have
         * brought it up. If that owner read the domain's state before swap_node() stored it, it did
         * not clear it. This second look then sees that core up, or down again with another vote,
         * and the loop clears the state and tries again. If that owner read the state after the
         * store, it clears the state itself. Clearing twice does no harm: only one of the two swaps
         * returns the state and counts the end of its stay. */
        if (wanted_state(vm, vcpu, level, decided) == state_index) {
            return true;
        }
        vpsci__stat_leave(vm, first, level, swap_node(vm, first, level, VPSCI_NO_STATE));
    }
    return false;
}

/* Brings statistics and domains up to date after the vCPU's word has become a down state. `by_os`:
 * in OS-initiated mode the caller of CPU_SUSPEND decides up to which level domains go down, and
 * into which states. Race: any thread may call vpsci_wake(), which sets a flag in the word and does
 * not change the state in it. Owners of other cores of the same domains bring those up and down:
 * see the head of this file. The vCPU itself cannot come up: its owner is in this call, or waits
 * for the answer that this call is part of. */
void vpsci__went_down(struct vpsci_vcpu *vcpu, bool by_os)
{
    const struct vpsci_vm *vm = vpsci__vm(vcpu);
    uint64_t word = vpsci__load(&vcpu->word);
    uint32_t highest = vm->highest;
    uint32_t decided = VPSCI_NO_STATE;
    uint32_t level;

    vpsci__stat_enter(vm, vcpu->index, 0, vpsci__core_state(vm, word));
    if (by_os && is_os_initiated(vm)) {
        decided = vpsci__detail_of(word);
        highest = decided == VPSCI_NO_STATE ? 0 : vm->states[decided].level;
    }
    for (level = 1; level <= highest; level++) {
        if (!take_domain_down(vm, vcpu, level, vpsci__state_at(vm, decided, level))) {
            return;
        }
    }
}

/* Brings statistics and domains up to date after the vCPU's word has become an up state; it was
 * `old`. Race: the owner of another core of a domain may be in vpsci__went_down() and store the
 * domain's state after it was read here. That owner then looks at all words once more, sees this
 * core up, and clears the state: see take_domain_down(). */
void vpsci__came_up(struct vpsci_vcpu *vcpu, uint64_t old)
{
    const struct vpsci_vm *vm = vpsci__vm(vcpu);
    uint32_t level;

    vpsci__stat_leave(vm, vcpu->index, 0, vpsci__core_state(vm, old));
    for (level = 1; level <= vm->highest; level++) {
        uint32_t first = vcpu->domain[level - 1];

        /* Race: several cores of the domain may come up here at the same time. Each clears the
         * state; only the first swap returns it, and counts the end of its stay. */
        if (vpsci__node_state(vm, first, level) != VPSCI_NO_STATE) {
            vpsci__stat_leave(vm, first, level, swap_node(vm, first, level, VPSCI_NO_STATE));
        }
    }
}

/* May `vcpu` be the last core to go down, with `other` in the state that `word` says? The other
 * core has to be off or asleep, and outside of the vCPU's own domain of a level it has to be in a
 * domain that is down. A state that turns them off must not be used while one of them keeps its
 * context. Race: the owner of the other core, or a wake, may change what is read here during the
 * call. vpsci__os_may() asks twice, and takes the answer only if no word has changed. */
static int other_allows(const struct vpsci_vcpu *vcpu, const struct vpsci_vcpu *other,
                        uint64_t word, uint32_t state_index)
{
    const struct vpsci_vm *vm = vpsci__vm(vcpu);
    bool keeps = vpsci__state_of(word) == VPSCI__STANDBY;
    bool off = false;
    uint32_t level;

    if (!vpsci__is_off(word) && (!is_asleep(word) || (word & VPSCI__WAKE))) {
        return VPSCI_DENIED;
    }
    for (level = vm->states[state_index].level; level > 0; level--) {
        uint32_t its;

        if (shares_domain(vcpu, other, level)) {
            off |= vm->states[vpsci__state_at(vm, state_index, level)].local == VPSCI_HW_OFF;
            continue;
        }
        its = vpsci__node_state(vm, other->domain[level - 1], level);
        if (its == VPSCI_NO_STATE) {
            return VPSCI_DENIED;
        }
        keeps |= vm->states[its].local == VPSCI_HW_STANDBY;
    }
    return keeps && off ? VPSCI_INVALID_PARAMETERS : VPSCI_SUCCESS;
}

/* Asks other_allows() for all other cores of the domain, once. `changes` becomes the sum of how
 * often their words have changed. */
static int others_allow(const struct vpsci_vcpu *vcpu, uint32_t state_index, uint64_t *changes)
{
    const struct vpsci_vm *vm = vpsci__vm(vcpu);
    uint32_t level = vm->states[state_index].level;
    int result = VPSCI_SUCCESS;
    uint32_t i;

    *changes = 0;
    for (i = vcpu->domain[level - 1]; i < vm->vcpu_count; i++) {
        const struct vpsci_vcpu *other = vpsci__vcpu(vm, i);
        uint64_t word;
        int its;

        if (other == vcpu || !shares_domain(vcpu, other, level)) {
            continue;
        }
        word = vpsci__settled(vm, other);
        *changes += word >> 32;
        its = other_allows(vcpu, other, word, state_index);
        if (its == VPSCI_DENIED) {
            return VPSCI_DENIED;
        }
        result = its ? its : result;
    }
    return result;
}

/*
 * OS-initiated mode: is the caller the last core up in every domain that it wants down? Returns a
 * result; after SUCCESS its word remains INTENDING.
 *
 * Race: another core of the domain may be in this function at the same time, and both would be the
 * last. The caller stores INTENDING in its own word first, which all others take for up, and reads
 * the others after that. So each of the two sees the other up, and both get DENIED, which the
 * specification allows.
 * Race: the owner of another core may bring it up, or any thread may wake it, after it was read and
 * before the last core is read. So all are read twice, and if a word has changed in between the
 * result is DENIED: only what was true of all cores at one moment counts.
 */
int vpsci__os_may(struct vpsci_vcpu *vcpu, uint32_t state_index)
{
    const struct vpsci_vm *vm = vpsci__vm(vcpu);
    uint64_t word = vpsci__load(&vcpu->word);
    uint64_t before;
    uint64_t after;
    int result;

    if (vm->states[state_index].level == 0) {
        return VPSCI_SUCCESS;
    }
    word = vpsci__to(word, VPSCI__INTENDING);
    vpsci__store(&vcpu->word, word);
    result = others_allow(vcpu, state_index, &before);
    if (result == VPSCI_SUCCESS) {
        result = others_allow(vcpu, state_index, &after);
        if (before != after) {
            result = VPSCI_DENIED;
        }
    }
    if (result) {
        vpsci__store(&vcpu->word, vpsci__to(word, VPSCI__ON));
    }
    return result;
}

/* At the start and after a reset: the domains without the boot vCPU are down. Race: none, since no
 * other call for this VM is in progress. */
void vpsci__nodes_reset(struct vpsci_vm *vm)
{
    const struct vpsci_vcpu *boot = vpsci__vcpu(vm, vm->config.boot_vcpu);
    uint32_t level;
    uint32_t i;

    for (i = 0; i < vm->vcpu_count; i++) {
        struct vpsci_vcpu *vcpu = vpsci__vcpu(vm, i);

        vpsci__store(&vcpu->nodes, 0);
        for (level = 1; level <= vm->highest; level++) {
            if (vcpu->domain[level - 1] == i && !shares_domain(vcpu, boot, level)) {
                (void)swap_node(vm, i, level, vm->deepest[level]);
            }
        }
    }
}

/* The result of NODE_HW_STATE for a core (DEN0022, NODE_HW_STATE). Race: the core's owner may
 * change its state at any time; the result is that of one moment during the call. */
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
    const struct vpsci_vcpu *target = vpsci__target(vm, vpsci__arg(call, 0));
    uint32_t level = (uint32_t)vpsci__arg(call, 1);
    uint32_t state_index;

    if (level > vm->highest || !target) {
        return VPSCI_INVALID_PARAMETERS;
    }
    if (level == 0) {
        return core_hw_state(vm, target);
    }
    /* Race: as for a core, with the owners of all cores in the domain. */
    state_index = vpsci__node_state(vm, target->domain[level - 1], level);
    return state_index == VPSCI_NO_STATE ? VPSCI_HW_ON : vm->states[state_index].local;
}
