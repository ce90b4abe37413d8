/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Power domains above the core: which are down, and in which state (DEN0022, "Power state
 * coordination").
 *
 * A domain has a row of cells (struct vpsci_vm in internal.h). Its head has the number of cores
 * that are counted as up, the domain's state, and a version. The other cells count the states that
 * sleeping cores asked for, and the domains beneath it that are on or in standby. So the cost of a
 * call depends on how many levels and states there are, and not on how many cores.
 *
 * A core goes down from the lowest level up. At each level it first adds what it asks for, and then
 * one swap of the head takes it out of the number of cores that are up. If that number was 1, the
 * same swap gives the domain its state. After that the core tells the domain above that this one is
 * no longer on, and only then goes on to that level. A core comes up from the highest level down:
 * one swap of the head counts it, turns the domain on and increments the version; then it takes
 * back what it, and the domain beneath, had added. It follows that
 *  - a core that is counted at a level is counted at all levels above;
 *  - a core that changes the counts of a domain is counted as up in its head at that time;
 *  - so if a thread reads a head with the number 1, for its own core, and its swap of that head
 *    succeeds, what it read of the counts in between was true of that moment. The version tells a
 *    head from one that another core has changed by coming up and going down again;
 *  - a domain in which no core is up has its final state: there is no step in between.
 *
 * Threads that may be here at the same time, for cores of one domain:
 *  - the owner of a core that goes down, in vpsci__went_down();
 *  - the owner of a core that comes up, in vpsci__came_up();
 *  - any thread that answers a SYSTEM_SUSPEND, in vpsci__went_down() for the core that asked;
 *  - the owner of a core that asks in OS-initiated mode, in vpsci__os_may(), which changes nothing.
 *
 * A core is counted as up from before its word says so until after its word says that it is down.
 * Only a host that turns on a core (vpsci_mp_state_set()) changes the word first.
 */
#include "internal.h"

/* A row: the head, one cell with the four counts below, then votes, four in a cell. */
enum { HEAD, COUNTS, VOTES };

/* Fields of COUNTS, in units of 16 bits. A field that is subtracted from before another thread has
 * added to it borrows from the next, and gets that back; no thread uses what is read meanwhile. */
enum {
    NONE_LOST,   /* cores in powerdown that asked for no state of this level */
    NONE_KEPT,   /* the same of cores in standby */
    BENEATH_ON,  /* domains of the next lower level that are on */
    BENEATH_KEPT /* ... and that are in standby */
};

/* The head: cores that are up 15:0, state index plus 1 23:16 or 0 while the domain is on, version
 * 63:24. */
#define STATE_SHIFT 16
#define STATE_MASK  (UINT64_C(0xff) << STATE_SHIFT)
#define VERSION     (UINT64_C(1) << 24)

/* What a core wants of a domain: a state, NO_STATE, or this. */
enum { AS_AGREED = VPSCI_NO_STATE + 1 };

static bool is_asleep(uint64_t word)
{
    return vpsci__state_of(word) == VPSCI__STANDBY || vpsci__state_of(word) == VPSCI__POWERDOWN;
}

/* Race: vpsci__set_suspend_mode() on another core may change the mode. It cannot while a core is in
 * CPU_SUSPEND: that core has noted that the mode is used, and it counts as on. For a core that goes
 * off it makes no difference which of the two calls was first. */
static bool is_os_initiated(const struct vpsci_vm *vm)
{
    return (vpsci__load(&vm->system) & VPSCI__OS_INITIATED) != 0;
}

/* The row of the domain of a level that begins with vCPU `first`. */
static struct vpsci__cell *row_of(const struct vpsci_vm *vm, uint32_t first, uint32_t level)
{
    return vpsci__domain_row(vm, first) + vm->row_at[level - 1];
}

static uint32_t count_of(uint64_t cell, uint32_t field)
{
    return (uint32_t)(cell >> 16 * field & 0xffff);
}

static uint64_t one_of(uint32_t field)
{
    return UINT64_C(1) << 16 * field;
}

static uint32_t up_of(uint64_t head)
{
    return (uint32_t)(head & 0xffff);
}

static uint32_t state_of_head(uint64_t head)
{
    uint32_t value = (uint32_t)((head & STATE_MASK) >> STATE_SHIFT);

    return value ? value - 1 : VPSCI_NO_STATE;
}

static uint64_t with_state(uint64_t head, uint32_t state_index)
{
    uint64_t value = state_index == VPSCI_NO_STATE ? 0 : state_index + 1;

    return (head & ~STATE_MASK) | value << STATE_SHIFT;
}

/* The state of the domain of a level that begins with vCPU `first`; NO_STATE while it is on. Race:
 * cores of the domain come up and go down at any time. The result was true at one moment. */
uint32_t vpsci__node_state(const struct vpsci_vm *vm, uint32_t first, uint32_t level)
{
    return state_of_head(vpsci__load(&row_of(vm, first, level)[HEAD]));
}

/* Whether the domain is on, or in standby, as the domain above counts it. */
static uint64_t weight_of(const struct vpsci_vm *vm, uint32_t state_index)
{
    if (state_index == VPSCI_NO_STATE) {
        return one_of(BENEATH_ON);
    }
    return vm->states[state_index].local == VPSCI_HW_STANDBY ? one_of(BENEATH_KEPT) : 0;
}

/* Adds what a core that is down, as `word` says, asks of a domain, or takes it back if `sign` is
 * UINT64_MAX. A core that is off agrees to everything: only one that sleeps is counted. */
static void add_vote(const struct vpsci_vm *vm, struct vpsci__cell *row, uint32_t level,
                     uint64_t word, uint64_t sign)
{
    uint32_t state_index;
    uint32_t field;

    if (!is_asleep(word)) {
        return;
    }
    state_index = vpsci__state_at(vm, vpsci__detail_of(word), level);
    if (state_index == VPSCI_NO_STATE) {
        field = vpsci__state_of(word) == VPSCI__STANDBY ? NONE_KEPT : NONE_LOST;
        vpsci__add(&row[COUNTS], one_of(field) * sign);
        return;
    }
    field = state_index - vm->shallowest[level];
    vpsci__add(&row[VOTES + field / 4], one_of(field % 4) * sign);
}

/* What the sleeping cores of a domain ask for. */
struct votes {
    uint32_t shallowest; /* of their states; NO_STATE if one of them asks for none */
    bool keep;           /* one of them is in standby */
};

/*
 * Reads them. In OS-initiated mode a core in powerdown agrees to everything: the core that goes down
 * last decides, and what another one asked for was refused, or is of a time when that was last.
 *
 * Race: the owners of cores that come up and go down. If none is counted as up but the caller's
 * core, and the head stays the same, none of them changes anything here.
 */
static struct votes read_votes(const struct vpsci_vm *vm, const struct vpsci__cell *row,
                               uint32_t level, uint64_t counts)
{
    struct votes votes = {vm->deepest[level], count_of(counts, NONE_KEPT) > 0};
    bool by_os = is_os_initiated(vm);
    bool none = votes.keep || (!by_os && count_of(counts, NONE_LOST) > 0);
    uint32_t i = vm->deepest[level] + 1U;

    /* From the deepest up, so that the last one found is the shallowest. */
    while (i-- > vm->shallowest[level]) {
        uint32_t field = i - vm->shallowest[level];

        if (count_of(vpsci__load(&row[VOTES + field / 4]), field % 4) > 0) {
            bool lost = vpsci__is_powerdown(vm, i);

            votes.keep |= !lost;
            votes.shallowest = by_os && lost ? votes.shallowest : i;
        }
    }
    votes.shallowest = none ? VPSCI_NO_STATE : votes.shallowest;
    return votes;
}

/* The state that a domain enters if the last core in it goes down and wants `wanted`; NO_STATE if it
 * stays on. All domains beneath have to be down, and if the state is OFF, nothing in it may only be
 * in standby. Race: see read_votes(). */
static uint32_t next_state(const struct vpsci_vm *vm, const struct vpsci__cell *row, uint32_t level,
                           uint32_t wanted)
{
    uint64_t counts = vpsci__load(&row[COUNTS]);
    struct votes votes;
    bool keep;

    if (wanted == VPSCI_NO_STATE || count_of(counts, BENEATH_ON) > 0) {
        return VPSCI_NO_STATE;
    }
    votes = read_votes(vm, row, level, counts);
    wanted = wanted == AS_AGREED ? votes.shallowest : wanted;
    keep = votes.keep || count_of(counts, BENEATH_KEPT) > 0;
    if (wanted == VPSCI_NO_STATE || (keep && vm->states[wanted].local == VPSCI_HW_OFF)) {
        return VPSCI_NO_STATE;
    }
    return wanted;
}

/* Takes the vCPU's core out of those that are up in its domain of a level. Returns the state that
 * the domain enters by that, or NO_STATE. */
static uint32_t count_down(const struct vpsci_vm *vm, const struct vpsci_vcpu *vcpu, uint32_t level,
                           uint32_t wanted)
{
    uint32_t first = vcpu->domain[level - 1];
    struct vpsci__cell *row = row_of(vm, first, level);
    uint64_t head = vpsci__load(&row[HEAD]);

    for (;;) {
        bool last = up_of(head) == 1;
        uint32_t state_index = last ? next_state(vm, row, level, wanted) : VPSCI_NO_STATE;

        /* Race: the statistics of a domain are written by the only core that is up in it. If the
         * swap fails, another core has come up or gone down since, and has not touched them:
         * the domain was on all the time, and this core is still counted. */
        vpsci__stat_enter(vm, first, level, state_index);
        if (vpsci__swap(&row[HEAD], &head, with_state(head - 1, state_index))) {
            return state_index;
        }
        vpsci__stat_undo(vm, first, level, state_index);
    }
}

/* The reverse. Returns the state that the domain was in. */
static uint32_t count_up(const struct vpsci_vm *vm, const struct vpsci_vcpu *vcpu, uint32_t level)
{
    uint32_t first = vcpu->domain[level - 1];
    struct vpsci__cell *row = row_of(vm, first, level);
    uint64_t head = vpsci__load(&row[HEAD]);

    /* Race: cores that come up and go down; each turn means that one of them did. The one that
     * turns the domain on ends its stay: the next stay begins when that core is down again. */
    while (!vpsci__swap(&row[HEAD], &head, with_state(head + 1, VPSCI_NO_STATE) + VERSION)) {
    }
    vpsci__stat_leave(vm, first, level, state_of_head(head));
    return state_of_head(head);
}

/* Tells the domain above that the vCPU's domain of a level has gone from one state to another. Race:
 * the next one may come before this one. No thread reads what is then subtracted before it was added:
 * both cores are counted as up in the domain above. */
static void tell_above(const struct vpsci_vm *vm, const struct vpsci_vcpu *vcpu, uint32_t level,
                       uint32_t from, uint32_t to)
{
    if (level < vm->highest && from != to) {
        vpsci__add(&row_of(vm, vcpu->domain[level], level + 1)[COUNTS],
                   weight_of(vm, to) - weight_of(vm, from));
    }
}

/* Does a core that goes by CPU_SUSPEND into a state of level 0 count as up for its domains? In
 * platform-coordinated mode they have to stay on for it, and the mode stays while it sleeps: the call
 * has noted that it is used. So nothing has to be counted. A core in CPU_DEFAULT_SUSPEND, which notes
 * nothing, counts as down. */
bool vpsci__stays_counted(const struct vpsci_vm *vm, uint32_t state_index)
{
    return vm->highest > 0 && vm->states[state_index].level == 0 && !is_os_initiated(vm);
}

static bool is_counted(uint64_t word)
{
    return !vpsci__is_down(word) || (word & VPSCI__COUNTED);
}

/* Brings the domains up to date after the vCPU has gone down, as `word` says. `by_os`: in
 * OS-initiated mode the caller of CPU_SUSPEND decides up to which level domains go down, and into
 * which states. Race: the vCPU itself cannot come up: its owner is in this call, or waits for the
 * answer that this call is part of. For others see the head of this file. */
void vpsci__went_down(const struct vpsci_vcpu *vcpu, uint64_t word, bool by_os)
{
    const struct vpsci_vm *vm = vpsci__vm(vcpu);
    uint32_t level;

    if (word & VPSCI__COUNTED) {
        return;
    }
    by_os = by_os && vm->highest > 0 && is_os_initiated(vm);
    for (level = 1; level <= vm->highest; level++) {
        uint32_t wanted =
            by_os ? vpsci__state_at(vm, vpsci__detail_of(word), level) : (uint32_t)AS_AGREED;

        add_vote(vm, row_of(vm, vcpu->domain[level - 1], level), level, word, 1);
        tell_above(vm, vcpu, level, VPSCI_NO_STATE, count_down(vm, vcpu, level, wanted));
    }
}

/* Brings the domains, and the core's statistics, up to date before the vCPU is up; it is down as
 * `word` says. */
void vpsci__came_up(const struct vpsci_vcpu *vcpu, uint64_t word)
{
    const struct vpsci_vm *vm = vpsci__vm(vcpu);
    uint32_t level;

    vpsci__stat_leave(vm, vcpu->index, 0, vpsci__core_state(vm, word));
    if (word & VPSCI__COUNTED) {
        return;
    }
    for (level = vm->highest; level > 0; level--) {
        tell_above(vm, vcpu, level, count_up(vm, vcpu, level), VPSCI_NO_STATE);
        add_vote(vm, row_of(vm, vcpu->domain[level - 1], level), level, word, UINT64_MAX);
    }
}

/* May the vCPU, alone in its domain of a level, take that into the state? All domains beneath but
 * its own have to be down, and nothing may be turned off that is in standby. */
static int level_allows(const struct vpsci_vm *vm, const struct vpsci_vcpu *vcpu, uint32_t level,
                        uint32_t state_index)
{
    const struct vpsci__cell *row = row_of(vm, vcpu->domain[level - 1], level);
    uint64_t counts = vpsci__load(&row[COUNTS]);

    if (count_of(counts, BENEATH_ON) > (level > 1)) {
        return VPSCI_DENIED;
    }
    if (vm->states[state_index].local == VPSCI_HW_OFF &&
        (count_of(counts, BENEATH_KEPT) > 0 || read_votes(vm, row, level, counts).keep)) {
        return VPSCI_INVALID_PARAMETERS;
    }
    return VPSCI_SUCCESS;
}

/*
 * OS-initiated mode: is the caller the last core up in every domain that it wants down? Otherwise
 * DENIED; INVALID_PARAMETERS if a state does not go with what others are in (DEN0022 5.4).
 *
 * A core that sleeps and was woken, but has not been told so yet, does not count as up: a guest
 * cannot tell whether the wake or this call was first.
 *
 * Race: other cores of the domain may come up, go down or ask the same at this time. None of them is
 * counted as up in the head, and the head is the same afterwards: so what was read in between
 * was true of one moment, and that is when this call takes effect. If two ask at once each sees the
 * other counted as up, and both get DENIED, which the specification allows.
 * Race: after that moment another core may come up. The domain then stays on, or, if the other core
 * is down again before this one is, what next_state() finds is as if this call had come after it.
 */
int vpsci__os_may(const struct vpsci_vcpu *vcpu, uint32_t state_index)
{
    const struct vpsci_vm *vm = vpsci__vm(vcpu);
    uint32_t level = vm->states[state_index].level;
    int result = VPSCI_SUCCESS;
    const struct vpsci__cell *row;
    uint64_t head;

    if (level == 0) {
        return VPSCI_SUCCESS;
    }
    row = row_of(vm, vcpu->domain[level - 1], level);
    head = vpsci__load(&row[HEAD]);
    if (up_of(head) != 1) {
        return VPSCI_DENIED;
    }
    for (; level > 0 && result != VPSCI_DENIED; level--) {
        int allowed = level_allows(vm, vcpu, level, vpsci__state_at(vm, state_index, level));

        result = allowed ? allowed : result;
    }
    return vpsci__load(&row[HEAD]) == head ? result : VPSCI_DENIED;
}

/* Counts a core in the domains that it is in, as its word says. */
static void recount_core(const struct vpsci_vm *vm, struct vpsci_vcpu *vcpu)
{
    uint64_t word = vpsci__load(&vcpu->word);
    uint32_t level;

    if (is_asleep(word) && (vpsci__load(&vcpu->form) & 0xff) != VPSCI_FN_CPU_DEFAULT_SUSPEND &&
        vpsci__stays_counted(vm, vpsci__detail_of(word))) {
        word |= VPSCI__COUNTED;
        vpsci__store(&vcpu->word, word);
    }
    for (level = 1; level <= vm->highest; level++) {
        struct vpsci__cell *row = row_of(vm, vcpu->domain[level - 1], level);

        if (is_counted(word)) {
            vpsci__add(&row[HEAD], 1);
        } else {
            add_vote(vm, row, level, word, 1);
        }
    }
}

/* Sets the states of the domains that begin with a vCPU (struct vpsci__saved has the same number),
 * with nothing counted yet. Exclusive. */
void vpsci__nodes_set(const struct vpsci_vm *vm, uint32_t index, uint32_t nodes)
{
    struct vpsci__cell *row = vpsci__domain_row(vm, index);
    uint32_t level;
    uint32_t i;

    for (i = 0; i < vm->row_at[VPSCI_LEVEL_MAX]; i++) {
        vpsci__store(&row[i], 0);
    }
    for (level = 1; level <= vm->highest; level++, nodes >>= 8) {
        vpsci__store(&row_of(vm, index, level)[HEAD], (uint64_t)(nodes & 0xff) << STATE_SHIFT);
    }
}

/* The same number for what they are in now. */
uint32_t vpsci__nodes(const struct vpsci_vm *vm, uint32_t index)
{
    uint32_t nodes = 0;
    uint32_t level;

    for (level = vm->highest; level > 0; level--) {
        nodes = nodes << 8 | (vpsci__node_state(vm, index, level) + 1) % (VPSCI_NO_STATE + 1);
    }
    return nodes;
}

/* Computes all counts from the words, the mode and the states of domains. Exclusive. */
void vpsci__nodes_recount(const struct vpsci_vm *vm)
{
    uint32_t level;
    uint32_t i;

    for (i = 0; i < vm->vcpu_count; i++) {
        struct vpsci_vcpu *vcpu = vpsci__vcpu(vm, i);

        recount_core(vm, vcpu);
        for (level = 1; level < vm->highest; level++) {
            if (vcpu->domain[level - 1] == i) {
                vpsci__add(&row_of(vm, vcpu->domain[level], level + 1)[COUNTS],
                           weight_of(vm, vpsci__node_state(vm, i, level)));
            }
        }
    }
}

/* At the start and after a reset: the domains without the boot vCPU are down. Exclusive. */
void vpsci__nodes_reset(const struct vpsci_vm *vm)
{
    const struct vpsci_vcpu *boot = vpsci__vcpu(vm, vm->config.boot_vcpu);
    uint32_t level;
    uint32_t i;

    for (i = 0; i < vm->vcpu_count; i++) {
        const struct vpsci_vcpu *vcpu = vpsci__vcpu(vm, i);
        uint32_t nodes = 0;

        for (level = vm->highest; level > 0; level--) {
            bool is_down = vcpu->domain[level - 1] == i && boot->domain[level - 1] != i;

            nodes = nodes << 8 | (is_down ? vm->deepest[level] + 1U : 0);
        }
        vpsci__nodes_set(vm, i, nodes);
    }
    vpsci__nodes_recount(vm);
}

/* Have all cores reached their domains? Those of the highest level are changed first by a core that
 * comes up, and last by one that goes down; and CPU_OFF does that when its word says OFF already.
 * Race: the caller makes sure that no word changes from before this call until after it. */
bool vpsci__nodes_settled(const struct vpsci_vm *vm)
{
    uint32_t difference = 0;
    uint32_t i;

    for (i = 0; vm->highest > 0 && i < vm->vcpu_count; i++) {
        const struct vpsci_vcpu *vcpu = vpsci__vcpu(vm, i);

        difference += is_counted(vpsci__load(&vcpu->word));
        difference -= up_of(vpsci__load(&row_of(vm, i, vm->highest)[HEAD]));
    }
    return difference == 0;
}

/* The result of NODE_HW_STATE for a core (DEN0022, NODE_HW_STATE). One that is half way down, or up,
 * is on. Race: the core's owner may change its state at any time; the result is that of one moment
 * during the call. */
static enum vpsci_hw_state core_hw_state(const struct vpsci_vm *vm, const struct vpsci_vcpu *vcpu)
{
    uint64_t word = vpsci__settled(vm, vcpu);

    if (word & (VPSCI__WAKE | VPSCI__UNSETTLED)) {
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
    state_index = vpsci__node_state(vm, target->domain[level - 1], level);
    return state_index == VPSCI_NO_STATE ? VPSCI_HW_ON : vm->states[state_index].local;
}
