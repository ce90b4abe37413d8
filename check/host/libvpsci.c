/* SPDX-License-Identifier: BSD-2-Clause */
/* libvpsci behind the scenarios. */
#include "libvpsci.h"

enum {
    CPU_MAX = 48,
    STATES_MAX = 16,
    MEMORY_SIZE = 64 * 1024,
    STATISTICS_SIZE = 64 * 1024,
    RECORD_SIZE = 64 * 1024 /* of vpsci_save() */
};

/* One at a time. */
static struct {
    const struct libvpsci_configuration *configuration;
    struct vpsci_config config;
    struct vpsci_mpidr mpidrs[CPU_MAX];
    struct vpsci_power_state states[STATES_MAX];
    struct vpsci_vm *vm;
    struct end end;
    bool lost; /* it could not be moved: nothing more happens */
    uint64_t now;
    uint32_t polls[CPU_MAX]; /* since a request began; used by the CPU's own thread */
    _Alignas(VPSCI_ALIGNMENT) unsigned char memory[MEMORY_SIZE];
    _Alignas(VPSCI_ALIGNMENT) unsigned char statistics[STATISTICS_SIZE];
    unsigned char record[RECORD_SIZE];
} box;

static bool in_ram(uint64_t base, uint64_t length)
{
    return base >= LIBVPSCI_RAM_BASE && length <= LIBVPSCI_RAM_LENGTH &&
           base - LIBVPSCI_RAM_BASE <= LIBVPSCI_RAM_LENGTH - length;
}

static bool entry_is_valid(void *host, struct vpsci_ipa address)
{
    (void)host;
    return in_ram(address.value, 4);
}

static bool range_is_protected(void *host, struct vpsci_ipa base, uint64_t length)
{
    (void)host;
    return in_ram(base.value, length);
}

static uint64_t libvpsci_now(void *host)
{
    (void)host;
    return box.now;
}

static const struct vpsci_ops ops = {
    .entry_is_valid = entry_is_valid,
    .range_is_protected = range_is_protected,
    .now = libvpsci_now,
};

/* The state of the next lower level: the deepest one that also keeps, or also loses, the core's
 * context. */
static uint8_t state_below(const struct machine *machine, uint32_t n)
{
    const struct machine_state *state = &machine->states[n];

    while (n-- > 0) {
        if (machine->states[n].level + 1 == state->level &&
            machine->states[n].powerdown == state->powerdown) {
            return (uint8_t)n;
        }
    }
    return VPSCI_NO_STATE;
}

/* Describes the machine in the library's types. */
static void describe_machine(const struct machine *machine)
{
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        box.mpidrs[i].value = machine->mpidrs[i];
    }
    for (uint32_t i = 0; i < machine->state_count; i++) {
        box.states[i] = (struct vpsci_power_state){
            .value = machine->states[i].value,
            .level = machine->states[i].level,
            .local = machine->states[i].domain_off ? VPSCI_HW_OFF : VPSCI_HW_STANDBY,
            .below = state_below(machine, i),
        };
    }
    box.config.vcpu_count = machine->cpu_count;
    box.config.boot_vcpu = machine->boot_cpu;
    box.config.mpidrs = box.mpidrs;
    for (uint32_t level = 0; level < 3; level++) {
        box.config.domains[level] = machine->domains[level];
    }
}

void *libvpsci_create(const struct adapter *adapter)
{
    const struct libvpsci_configuration *configuration = adapter->configuration;

    box.configuration = configuration;
    box.end = (struct end){.kind = END_NOT};
    box.lost = false;
    box.now = 1000;
    box.config = configuration->config;
    box.config.size = sizeof(box.config);
    describe_machine(adapter->machine);
    if (!configuration->default_states) {
        box.config.states = box.states;
        box.config.state_count = adapter->machine->state_count;
    }
    box.config.statistics = box.statistics;
    box.config.statistics_size = sizeof(box.statistics);
    box.config.ops = &ops;
    if (vpsci_init(box.memory, sizeof(box.memory), &box.config, &box.vm) != 0) {
        return NULL;
    }
    return &box;
}

static void translate_outcome(const struct vpsci_outcome *out, struct event *event)
{
    if (out->action == VPSCI_RETURN || out->action == VPSCI_FOREIGN) {
        event->kind = EVENT_RETURNED;
        event->x0 = out->x0;
    } else if (out->action == VPSCI_ENTER) {
        event->kind = EVENT_ENTERED;
        event->entry = (struct arrival){
            .address = out->entry.address.value,
            .context = out->entry.context,
            .aarch32 = out->entry.aarch32,
            .thumb = out->entry.thumb,
            .big_endian = out->entry.big_endian,
        };
    }
}

/* Moves the system into a new VM, as a live migration would. Nothing that a guest sees may
 * depend on it. */
static void move_system(void)
{
    ptrdiff_t size;

    if (!box.configuration->moves || box.lost) {
        return;
    }
    size = vpsci_save(box.vm, box.record, sizeof(box.record));
    box.lost = size < 0 || vpsci_init(box.memory, sizeof(box.memory), &box.config, &box.vm) != 0 ||
               vpsci_restore(box.vm, box.record, (size_t)size) != 0;
}

void libvpsci_call(void *system, uint32_t cpu, const struct guest_call *call, struct event *event)
{
    struct vpsci_guest_call made = {
        .function = call->function,
        .args = {call->args[0], call->args[1], call->args[2]},
        .aarch32 = call->aarch32,
        .big_endian = call->big_endian,
    };
    struct vpsci_outcome out;

    (void)system;
    move_system();
    box.polls[cpu] = 0;
    if (box.lost) {
        return;
    }
    vpsci_call(vpsci_vcpu_at(box.vm, cpu), &made, &out);
    translate_outcome(&out, event);
}

static void note_system_end(const struct vpsci_request *request)
{
    box.end.type = request->type;
    box.end.cookie = request->cookie;
    switch (request->function) {
    case VPSCI_FN_SYSTEM_OFF:
        box.end.kind = END_OFF;
        break;
    case VPSCI_FN_SYSTEM_RESET:
        box.end.kind = END_RESET;
        break;
    case VPSCI_FN_SYSTEM_RESET2:
        box.end.kind = END_RESET2;
        break;
    case VPSCI_FN_SYSTEM_OFF2:
        box.end.kind = END_HIBERNATE;
        break;
    default:
        break;
    }
}

/* Makes the host's decision, some time after the request. */
static void decide_request(struct vpsci_vcpu *vcpu, uint32_t cpu)
{
    struct vpsci_request request;

    if (!vpsci_pending_request(vcpu, &request) || box.polls[cpu]++ < box.configuration->delay) {
        return;
    }
    if (request.function == VPSCI_FN_SYSTEM_SUSPEND) {
        vpsci_answer(vcpu, box.configuration->on_suspend);
        return;
    }
    if (vpsci_answer(vcpu, VPSCI_SUCCESS) == 0) {
        note_system_end(&request);
    }
}

void libvpsci_poll(void *system, uint32_t cpu, struct event *event)
{
    struct vpsci_vcpu *vcpu;
    struct vpsci_outcome out;

    (void)system;
    move_system();
    if (box.lost) {
        return;
    }
    vcpu = vpsci_vcpu_at(box.vm, cpu);
    decide_request(vcpu, cpu);
    vpsci_next(vcpu, &out);
    translate_outcome(&out, event);
}

void libvpsci_wake(void *system, uint32_t cpu)
{
    (void)system;
    vpsci_wake(vpsci_vcpu_at(box.vm, cpu));
}

void libvpsci_end(void *system, struct end *end)
{
    (void)system;
    *end = box.end;
    if (vpsci_system_state(box.vm) != VPSCI_SYSTEM_STOPPED) {
        end->kind = END_NOT;
    }
}

void libvpsci_restart(void *system)
{
    (void)system;
    vpsci_reset(box.vm);
    box.end = (struct end){.kind = END_NOT};
}

void libvpsci_pass(void *system, uint64_t microseconds)
{
    (void)system;
    box.now += microseconds;
}
