/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Restoring. A record may come from any source: every number in it is checked against what a VM of
 * this configuration can be, and only when all are good does the VM change.
 */
#include "record.h"

enum {
    KNOWN_FLAGS = RECORD_STATISTICS | RECORD_OS_INITIATED | RECORD_MODE_USED | RECORD_MEM_PROTECT,
    CODE_MAX = -VPSCI_INVALID_ADDRESS
};

#define FORM_FLAGS (VPSCI__FORM_AARCH32 | VPSCI__FORM_THUMB | VPSCI__FORM_BIG_ENDIAN)

static void get_header(const uint8_t *at, struct vpsci__header *header)
{
    header->magic = vpsci__get(&at, 8);
    header->format = (uint32_t)vpsci__get(&at, 4);
    header->length = (uint32_t)vpsci__get(&at, 4);
    header->checksum = (uint32_t)vpsci__get(&at, 4);
    header->vcpu_count = (uint32_t)vpsci__get(&at, 4);
    header->state_count = (uint32_t)vpsci__get(&at, 4);
    header->digest = (uint32_t)vpsci__get(&at, 4);
    header->version = (uint32_t)vpsci__get(&at, 4);
    header->resident = (uint32_t)vpsci__get(&at, 4);
    header->actor = (uint32_t)vpsci__get(&at, 2);
    header->stage = (uint32_t)vpsci__get(&at, 1);
    header->flags = (uint32_t)vpsci__get(&at, 1);
    header->zero = (uint32_t)vpsci__get(&at, 4);
}

static void get_vcpu(const uint8_t *record, uint32_t index, struct vpsci__saved *saved)
{
    const uint8_t *at = record + RECORD_HEADER_SIZE + (size_t)index * RECORD_VCPU_SIZE;

    saved->affinity = (uint32_t)vpsci__get(&at, 4);
    saved->state = (uint32_t)vpsci__get(&at, 1);
    saved->code = (uint32_t)vpsci__get(&at, 1);
    saved->detail = (uint32_t)vpsci__get(&at, 1);
    saved->woken = (uint32_t)vpsci__get(&at, 1);
    saved->entry = vpsci__get(&at, 8);
    saved->context = vpsci__get(&at, 8);
    saved->form = (uint32_t)vpsci__get(&at, 4);
    saved->nodes = (uint32_t)vpsci__get(&at, 4);
}

/* Is it a record, complete and undamaged? */
static int check_bytes(const uint8_t *record, size_t size, struct vpsci__header *header)
{
    if (size < RECORD_HEADER_SIZE) {
        return VPSCI_E_TRUNCATED;
    }
    get_header(record, header);
    /* There was never a format 0. */
    if (header->magic != RECORD_MAGIC || header->format == 0) {
        return VPSCI_E_MAGIC;
    }
    if (header->format > RECORD_FORMAT) {
        return VPSCI_E_NEWER;
    }
    if (header->length != size) {
        return VPSCI_E_TRUNCATED;
    }
    return header->checksum == vpsci__checksum(record, size) ? 0 : VPSCI_E_CHECKSUM;
}

static bool names_match(const struct vpsci_vm *vm, const uint8_t *record)
{
    uint32_t i;

    for (i = 0; i < vm->vcpu_count; i++) {
        struct vpsci__saved saved;

        get_vcpu(record, i, &saved);
        if (saved.affinity != vpsci__vcpu(vm, i)->affinity) {
            return false;
        }
    }
    return true;
}

/* Is it of a VM like this one? */
static int check_match(const struct vpsci_vm *vm, const uint8_t *record,
                       const struct vpsci__header *header)
{
    uint32_t needs = (header->flags & RECORD_OS_INITIATED ? VPSCI_CAP_OS_INITIATED : 0) |
                     (header->flags & RECORD_MEM_PROTECT ? VPSCI_CAP_MEM_PROTECT : 0);

    if (header->vcpu_count != vm->vcpu_count || header->state_count != vm->state_count ||
        header->digest != vpsci__digest(vm)) {
        return VPSCI_E_MISMATCH;
    }
    if (header->length != vpsci__record_size(vm, header->flags)) {
        return VPSCI_E_IMPOSSIBLE;
    }
    return names_match(vm, record) && !(needs & ~vm->has) ? 0 : VPSCI_E_MISMATCH;
}

/* The capabilities without which no vCPU can be in this state or make this request. */
static uint32_t needs_of(const struct vpsci__saved *saved)
{
    uint32_t function = saved->form & 0xff;
    bool frozen = saved->state == VPSCI__FROZEN ||
                  (saved->state == VPSCI__STARTING && saved->detail == VPSCI__FROZEN);
    uint32_t needs = frozen ? VPSCI_CAP_CPU_FREEZE : 0;
    static const uint32_t by_function[] = {
        [VPSCI_FN_MIGRATE] = VPSCI__HAS_RESIDENT,
        [VPSCI_FN_SYSTEM_SUSPEND] = VPSCI_CAP_SYSTEM_SUSPEND,
        [VPSCI_FN_SYSTEM_RESET2] = VPSCI_CAP_SYSTEM_RESET2,
        [VPSCI_FN_CPU_DEFAULT_SUSPEND] = VPSCI_CAP_CPU_DEFAULT_SUSPEND,
        [VPSCI_FN_SYSTEM_OFF2] = VPSCI_CAP_SYSTEM_OFF2,
    };

    if (function == VPSCI_FN_SYSTEM_RESET2 && saved->entry != 0) {
        needs |= VPSCI_CAP_VENDOR_RESET;
    }
    return needs | by_function[function];
}

/* Can the function in `form` have put a vCPU into its state? */
static bool form_fits(const struct vpsci__saved *saved, bool acts)
{
    uint32_t function = saved->form & 0xff;

    if (acts) {
        return function == VPSCI_FN_SYSTEM_OFF || function == VPSCI_FN_SYSTEM_RESET ||
               function == VPSCI_FN_SYSTEM_RESET2 || function == VPSCI_FN_SYSTEM_OFF2;
    }
    switch (saved->state) {
    case VPSCI__STARTING:
    case VPSCI__PENDING:
        return function == VPSCI_FN_CPU_ON;
    case VPSCI__ASKING:
        return function == VPSCI_FN_CPU_ON || function == VPSCI_FN_MIGRATE;
    case VPSCI__POWERDOWN:
        return function == VPSCI_FN_CPU_SUSPEND || function == VPSCI_FN_CPU_DEFAULT_SUSPEND;
    case VPSCI__SUSPEND_ASKED:
    case VPSCI__SUSPENDED:
        return function == VPSCI_FN_SYSTEM_SUSPEND;
    default:
        return saved->form == 0;
    }
}

static bool entry_fits(const struct vpsci__saved *saved)
{
    if (!vpsci__has_entry(saved->state)) {
        return saved->entry == 0 && saved->context == 0;
    }
    if (saved->form & 0xff00 & ~FORM_FLAGS) {
        return false;
    }
    if ((saved->form & VPSCI__FORM_THUMB) && !(saved->form & VPSCI__FORM_AARCH32)) {
        return false;
    }
    if ((saved->form & VPSCI__FORM_AARCH32) && (saved->entry | saved->context) > UINT32_MAX) {
        return false;
    }
    return vpsci__entry_is_aligned(saved->entry, saved->form);
}

/* A system request: type and cookie as the call would have let them through. */
static bool stop_fits(const struct vpsci__saved *saved)
{
    if (saved->state != VPSCI__RETURNING || saved->code != -VPSCI_INTERNAL_FAILURE ||
        (saved->form >> 8)) {
        return false;
    }
    switch (saved->form) {
    case VPSCI_FN_SYSTEM_RESET2:
        return saved->entry == 0 || saved->entry >> 31 == 1;
    case VPSCI_FN_SYSTEM_OFF2:
        return saved->entry == 1 && saved->context == 0;
    default:
        return saved->entry == 0 && saved->context == 0;
    }
}

static bool detail_fits(const struct vpsci_vm *vm, const struct vpsci__saved *saved)
{
    switch (saved->state) {
    case VPSCI__STARTING:
        return saved->detail <= VPSCI__FROZEN;
    case VPSCI__STANDBY:
        return saved->detail < vm->state_count && !vpsci__is_powerdown(vm, saved->detail);
    case VPSCI__POWERDOWN:
        if ((saved->form & 0xff) == VPSCI_FN_CPU_DEFAULT_SUSPEND) {
            return saved->detail == vm->deepest[0];
        }
        return saved->detail < vm->state_count && vpsci__is_powerdown(vm, saved->detail);
    default:
        return saved->detail == 0;
    }
}

static bool wake_fits(const struct vpsci__saved *saved)
{
    bool wakes = saved->state == VPSCI__STANDBY || saved->state == VPSCI__POWERDOWN ||
                 saved->state == VPSCI__SUSPEND_ASKED || saved->state == VPSCI__SUSPENDED;

    return saved->woken == 0 || (saved->woken == 1 && wakes);
}

/* An undecided CPU_ON: its caller and its target each name the other, so that each has exactly one
 * peer. */
static bool is_pair(const uint8_t *record, uint32_t index, const struct vpsci__saved *saved)
{
    struct vpsci__saved peer;

    get_vcpu(record, saved->form >> 16, &peer);
    return peer.state == (saved->state == VPSCI__STARTING ? VPSCI__ASKING : VPSCI__STARTING) &&
           (peer.form & 0xff) == VPSCI_FN_CPU_ON && peer.form >> 16 == index;
}

/* The peer that a form names: the vCPU itself if its own call made it, else any vCPU. */
static bool peer_fits(const struct vpsci_vm *vm, const uint8_t *record, uint32_t index,
                      const struct vpsci__saved *saved)
{
    uint32_t peer = saved->form >> 16;

    switch (saved->state) {
    case VPSCI__STARTING:
        return peer < vm->vcpu_count && is_pair(record, index, saved);
    case VPSCI__ASKING:
        if (peer >= vm->vcpu_count || (saved->form & 0xff00)) {
            return false;
        }
        return (saved->form & 0xff) == VPSCI_FN_MIGRATE
                   ? vm->config.trusted_os == VPSCI_TRUSTED_OS_MIGRATABLE
                   : is_pair(record, index, saved);
    case VPSCI__PENDING:
        return peer < vm->vcpu_count;
    default:
        return peer == (vpsci__has_entry(saved->state) ? index : 0);
    }
}

/* A domain that is down begins with this vCPU and is in a state of its level. */
static bool nodes_fit(const struct vpsci_vm *vm, uint32_t index, uint32_t nodes)
{
    uint32_t level;

    for (level = 1; level <= vm->highest; level++, nodes >>= 8) {
        uint32_t state_index = (nodes & 0xff) - 1;

        if ((nodes & 0xff) == 0) {
            continue;
        }
        if (state_index >= vm->state_count || vm->states[state_index].level != level ||
            vpsci__vcpu(vm, index)->domain[level - 1] != index) {
            return false;
        }
    }
    return nodes == 0;
}

/* In CPU_SUSPEND, after which the mode is used. */
static bool sleeps_by_call(const struct vpsci__saved *saved)
{
    return saved->state == VPSCI__STANDBY ||
           (saved->state == VPSCI__POWERDOWN && (saved->form & 0xff) == VPSCI_FN_CPU_SUSPEND);
}

/* Does the core keep its domains on? See vpsci__stays_counted(). */
static bool is_counted(const struct vpsci_vm *vm, const struct vpsci__saved *saved, bool by_os)
{
    return sleeps_by_call(saved) ? !by_os && vm->states[saved->detail].level == 0
                                 : !vpsci__is_down(saved->state);
}

/* No domain is down with a core in it that keeps it on. */
static bool domains_fit(const struct vpsci_vm *vm, const uint8_t *record, uint32_t index,
                        const struct vpsci__saved *saved)
{
    bool by_os = (record[RECORD_FLAGS_AT] & RECORD_OS_INITIATED) != 0;
    uint32_t level;

    for (level = 1; level <= vm->highest && is_counted(vm, saved, by_os); level++) {
        struct vpsci__saved first;

        get_vcpu(record, vpsci__vcpu(vm, index)->domain[level - 1], &first);
        if (first.nodes >> 8 * (level - 1) & 0xff) {
            return false;
        }
    }
    return true;
}

static bool vcpu_fits(const struct vpsci_vm *vm, const uint8_t *record, uint32_t index,
                      const struct vpsci__saved *saved, bool acts)
{
    return saved->code <= (saved->state == VPSCI__RETURNING ? CODE_MAX : 0) &&
           (acts ? stop_fits(saved) : entry_fits(saved)) && detail_fits(vm, saved) &&
           wake_fits(saved) && peer_fits(vm, record, index, saved) &&
           nodes_fit(vm, index, saved->nodes) && domains_fit(vm, record, index, saved);
}

static int check_vcpu(const struct vpsci_vm *vm, const uint8_t *record, uint32_t index, bool acts)
{
    struct vpsci__saved saved;

    get_vcpu(record, index, &saved);
    if (saved.state >= VPSCI__SAVED_COUNT || !form_fits(&saved, acts)) {
        return VPSCI_E_IMPOSSIBLE;
    }
    if (needs_of(&saved) & ~vm->has) {
        return VPSCI_E_MISMATCH;
    }
    return vcpu_fits(vm, record, index, &saved, acts) ? 0 : VPSCI_E_IMPOSSIBLE;
}

static bool system_fits(const struct vpsci_vm *vm, const struct vpsci__header *header)
{
    bool resides = vm->config.trusted_os == VPSCI_TRUSTED_OS_MIGRATABLE;
    bool asked = header->stage == VPSCI__STOP_ASKED;

    if ((header->flags & ~(uint32_t)KNOWN_FLAGS) || header->zero) {
        return false;
    }
    if (!asked && header->stage != VPSCI__RUNNING && header->stage != VPSCI__STOPPED) {
        return false;
    }
    if (asked ? header->actor >= vm->vcpu_count : header->actor != VPSCI__NOBODY) {
        return false;
    }
    return resides ? header->resident < vm->vcpu_count
                   : header->resident == vm->config.trusted_os_vcpu;
}

static int check_values(const struct vpsci_vm *vm, const uint8_t *record,
                        const struct vpsci__header *header)
{
    uint32_t i;

    if (!system_fits(vm, header) || !vpsci__version_known(header->version)) {
        return VPSCI_E_IMPOSSIBLE;
    }
    for (i = 0; i < vm->vcpu_count; i++) {
        int error =
            check_vcpu(vm, record, i, header->stage == VPSCI__STOP_ASKED && header->actor == i);

        if (error) {
            return error;
        }
    }
    return 0;
}

static void set_vcpu(struct vpsci_vcpu *vcpu, const struct vpsci__saved *saved)
{
    uint64_t word = vpsci__to(vpsci__load(&vcpu->word), (enum vpsci__state)saved->state);

    vpsci__store(&vcpu->entry, saved->entry);
    vpsci__store(&vcpu->context, saved->context);
    vpsci__store(&vcpu->form, saved->form);
    vpsci__nodes_set(vpsci__vm(vcpu), vcpu->index, saved->nodes);
    vpsci__store(&vcpu->word, vpsci__with_detail(word, saved->detail) | (uint64_t)saved->code << 8 |
                                  (saved->woken ? VPSCI__WAKE : 0));
}

/* Stays continue from now, by the clock of this host. */
static void set_statistics(const struct vpsci_vm *vm, const uint8_t *record)
{
    const uint8_t *at = record + RECORD_HEADER_SIZE + (size_t)vm->vcpu_count * RECORD_VCPU_SIZE;
    uint32_t cells = vpsci__stat_cells(vm->state_count);
    uint64_t now = vm->config.ops->now(vm->config.host);
    uint32_t index;
    uint32_t i;

    for (index = 0; index < vm->vcpu_count; index++) {
        struct vpsci__cell *row = vpsci__stat_row(vm, index);

        for (i = 0; i < cells; i++) {
            uint64_t value = vpsci__get(&at, 8);

            if (i <= VPSCI_LEVEL_MAX) {
                value = vpsci__turn_stay(value, now);
            }
            vpsci__store(&row[i], value);
        }
    }
}

static void set_system(struct vpsci_vm *vm, const struct vpsci__header *header, uint32_t count)
{
    uint64_t system = vpsci__with_stage(0, (enum vpsci__stage)header->stage, header->actor);

    if (header->flags & RECORD_OS_INITIATED) {
        system |= VPSCI__OS_INITIATED;
    }
    if (header->flags & RECORD_MODE_USED) {
        system |= VPSCI__MODE_USED;
    }
    (void)vpsci_version_set(vm, header->version);
    vpsci__store(&vm->resident, header->resident);
    vpsci__store(&vm->protect, (header->flags & RECORD_MEM_PROTECT) != 0);
    vpsci__store(&vm->census, vpsci__with_journal(count, VPSCI__NOBODY));
    vpsci__store(&vm->system, system);
}

int vpsci_restore(struct vpsci_vm *vm, const void *data, size_t size)
{
    const uint8_t *record = (const uint8_t *)data;
    struct vpsci__header header;
    int error = check_bytes(record, size, &header);
    uint32_t count = 0;
    uint32_t i;

    error = error ? error : check_match(vm, record, &header);
    error = error ? error : check_values(vm, record, &header);
    if (error) {
        return error;
    }
    vpsci_reset(vm);
    for (i = 0; i < vm->vcpu_count; i++) {
        struct vpsci__saved saved;

        get_vcpu(record, i, &saved);
        count += saved.state > VPSCI__FROZEN;
        header.flags |= sleeps_by_call(&saved) ? RECORD_MODE_USED : 0;
        set_vcpu(vpsci__vcpu(vm, i), &saved);
    }
    if (vm->statistics && (header.flags & RECORD_STATISTICS)) {
        set_statistics(vm, record);
    }
    set_system(vm, &header, count);
    vpsci__nodes_recount(vm);
    return 0;
}
