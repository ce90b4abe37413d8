/* SPDX-License-Identifier: BSD-2-Clause */
/* Servers with one mistake each: libvpsci behind a layer that changes what it is asked or what
 * it answers. Real servers have made all of these mistakes. expected.txt lists the scenarios
 * that notice each. A scenario that notices none checks nothing. */
#include "../host/libvpsci.h"

enum { CPUS = 4 };

/* What is kept between calls; one system at a time. */
static struct {
    struct guest_call last_on[CPUS]; /* the latest CPU_ON of the CPU, accepted or not */
    struct guest_call first_on[CPUS];
    bool going[CPUS];   /* has called CPU_OFF, and has not been polled since */
    bool hurried[CPUS]; /* was told to start meanwhile */
    bool asleep[CPUS];
    bool fresh[CPUS];  /* sleeps since its last event */
    uint32_t starts;   /* CPU_ON that were accepted */
    bool spoilt[CPUS]; /* its pending start goes wrong */
} notes;

static const uint64_t names[CPUS] = {0x000, 0x001, 0x100, 0x101};

static uint32_t number_of(const struct guest_call *call)
{
    uint32_t id = (uint32_t)call->function & ~UINT32_C(0x40000000);

    return id - FID32(0) < FN_RANGE ? id - FID32(0) : FN_RANGE;
}

static bool is_64(const struct guest_call *call)
{
    return (call->function & UINT32_C(0x40000000)) != 0;
}

/* Returns the CPU with that MPIDR; CPUS if there is none. */
static uint32_t target_of(const struct guest_call *call)
{
    uint32_t cpu = 0;

    while (cpu < CPUS && names[cpu] != call->args[0]) {
        cpu++;
    }
    return cpu;
}

static bool event_says(const struct event *event, int32_t result)
{
    return event->kind == EVENT_RETURNED && (int32_t)event->x0 == result;
}

static void event_say(struct event *event, int64_t result)
{
    event->kind = EVENT_RETURNED;
    event->x0 = (uint64_t)result;
}

static void *broken_create(const struct adapter *adapter)
{
    static const typeof(notes) nothing;

    notes = nothing;
    return libvpsci_create(adapter);
}

/* ---- CPU_ON ------------------------------------------------------------------------------- */

/* KVM before 4.12, and others: no check whether another caller was first. */
static void call_two_successes(void *system, uint32_t cpu, const struct guest_call *call,
                               struct event *event)
{
    libvpsci_call(system, cpu, call, event);
    if (number_of(call) == FN_CPU_ON && event_says(event, RET_ON_PENDING)) {
        event_say(event, RET_SUCCESS);
    }
}

/* Xen: the entry is stored before it is known which caller wins. */
static void call_losers_entry(void *system, uint32_t cpu, const struct guest_call *call,
                              struct event *event)
{
    if (number_of(call) == FN_CPU_ON && target_of(call) < CPUS) {
        notes.last_on[target_of(call)] = *call;
    }
    libvpsci_call(system, cpu, call, event);
}

static void poll_losers_entry(void *system, uint32_t cpu, struct event *event)
{
    bool starts;

    libvpsci_poll(system, cpu, event);
    starts = event->kind == EVENT_ENTERED && notes.last_on[cpu].function != 0;
    if (starts) {
        event->entry.address = notes.last_on[cpu].args[1];
        event->entry.context = notes.last_on[cpu].args[2];
        notes.last_on[cpu].function = 0;
    }
}

/* A CPU that is told to start while it goes off starts with 0 in x0, because its thread clears
 * the registers on its way out. */
static void call_context_lost(void *system, uint32_t cpu, const struct guest_call *call,
                              struct event *event)
{
    uint32_t target = number_of(call) == FN_CPU_ON ? target_of(call) : CPUS;

    libvpsci_call(system, cpu, call, event);
    if (number_of(call) == FN_CPU_OFF) {
        notes.going[cpu] = event->kind == EVENT_NONE;
    }
    if (target < CPUS && event_says(event, RET_SUCCESS)) {
        notes.hurried[target] = notes.going[target];
    }
}

static void poll_context_lost(void *system, uint32_t cpu, struct event *event)
{
    libvpsci_poll(system, cpu, event);
    notes.going[cpu] = false;
    if (event->kind == EVENT_ENTERED && notes.hurried[cpu]) {
        event->entry.context = 0;
    }
    notes.hurried[cpu] = notes.hurried[cpu] && event->kind == EVENT_NONE;
}

/* One start in a hundred goes wrong, like a race that is rarely lost. */
static void call_now_and_then(void *system, uint32_t cpu, const struct guest_call *call,
                              struct event *event)
{
    libvpsci_call(system, cpu, call, event);
    if (number_of(call) == FN_CPU_ON && target_of(call) < CPUS && event_says(event, RET_SUCCESS)) {
        notes.spoilt[target_of(call)] = ++notes.starts % 100 == 0;
    }
}

static void poll_now_and_then(void *system, uint32_t cpu, struct event *event)
{
    libvpsci_poll(system, cpu, event);
    if (event->kind == EVENT_ENTERED && notes.spoilt[cpu]) {
        notes.spoilt[cpu] = false;
        event->entry.context ^= 1;
    }
}

/* ---- Arguments ---------------------------------------------------------------------------- */

/* Xen: an SMC32 call is treated as its 64-bit form. */
static void call_upper_halves(void *system, uint32_t cpu, const struct guest_call *call,
                              struct event *event)
{
    static const uint32_t twins = HAS(FN_CPU_ON) | HAS(FN_AFFINITY_INFO) | HAS(FN_CPU_SUSPEND) |
                                  HAS(FN_SYSTEM_SUSPEND) | HAS(FN_SYSTEM_RESET2);
    struct guest_call changed = *call;

    if (number_of(call) < FN_RANGE && (twins & HAS(number_of(call))) != 0) {
        changed.function |= UINT32_C(0x40000000);
    }
    libvpsci_call(system, cpu, &changed, event);
}

/* KVM before 5.15: reserved bits of an MPIDR are ignored. */
static void call_reserved_bits(void *system, uint32_t cpu, const struct guest_call *call,
                               struct event *event)
{
    struct guest_call changed = *call;

    if (number_of(call) == FN_CPU_ON || number_of(call) == FN_AFFINITY_INFO) {
        changed.args[0] &= is_64(call) ? VPSCI_MPIDR_MASK : VPSCI_MPIDR_MASK & UINT32_MAX;
    }
    libvpsci_call(system, cpu, &changed, event);
}

/* KVM and others: reserved bits of power_state are not checked. */
static void call_any_power_state(void *system, uint32_t cpu, const struct guest_call *call,
                                 struct event *event)
{
    struct guest_call changed = *call;

    if (number_of(call) == FN_CPU_SUSPEND) {
        changed.args[0] &= ~UINT64_C(0xfcfe0000);
    }
    libvpsci_call(system, cpu, &changed, event);
}

/* libvmm and others: unknown functions return SUCCESS. */
static void call_unknown_success(void *system, uint32_t cpu, const struct guest_call *call,
                                 struct event *event)
{
    libvpsci_call(system, cpu, call, event);
    if (number_of(call) >= FN_COUNT && event_says(event, RET_NOT_SUPPORTED)) {
        event_say(event, RET_SUCCESS);
    }
}

/* VirtualBox: PSCI_FEATURES checks only the number of the function. */
static void call_features_number(void *system, uint32_t cpu, const struct guest_call *call,
                                 struct event *event)
{
    struct guest_call changed = *call;

    if (number_of(call) == FN_FEATURES) {
        changed.args[0] = FID32((uint32_t)call->args[0] % FN_RANGE);
    }
    libvpsci_call(system, cpu, &changed, event);
}

/* ---- AFFINITY_INFO ------------------------------------------------------------------------ */

/* Xen: a CPU that does not exist is off. */
static void call_unknown_is_off(void *system, uint32_t cpu, const struct guest_call *call,
                                struct event *event)
{
    libvpsci_call(system, cpu, call, event);
    if (number_of(call) == FN_AFFINITY_INFO && (uint32_t)call->args[1] == 0 &&
        event_says(event, RET_INVALID_PARAMETERS)) {
        event_say(event, AFFINITY_OFF);
    }
}

/* QEMU: above level 0 everything is on. */
static void call_levels_on(void *system, uint32_t cpu, const struct guest_call *call,
                           struct event *event)
{
    libvpsci_call(system, cpu, call, event);
    if (number_of(call) == FN_AFFINITY_INFO && (uint32_t)call->args[1] - 1 < 3) {
        event_say(event, AFFINITY_ON);
    }
}

/* A CPU in CPU_SUSPEND counts as off. */
static void call_suspended_is_off(void *system, uint32_t cpu, const struct guest_call *call,
                                  struct event *event)
{
    uint32_t target = number_of(call) == FN_AFFINITY_INFO ? target_of(call) : CPUS;

    libvpsci_call(system, cpu, call, event);
    if (number_of(call) == FN_CPU_SUSPEND) {
        notes.asleep[cpu] = event->kind == EVENT_NONE;
    }
    if (target < CPUS && notes.asleep[target] && event_says(event, AFFINITY_ON)) {
        event_say(event, AFFINITY_OFF);
    }
}

static void poll_suspended_is_off(void *system, uint32_t cpu, struct event *event)
{
    libvpsci_poll(system, cpu, event);
    notes.asleep[cpu] = notes.asleep[cpu] && event->kind == EVENT_NONE;
}

/* ---- Sleep -------------------------------------------------------------------------------- */

/* An interrupt that comes right after the call is lost. */
static void call_wake_lost(void *system, uint32_t cpu, const struct guest_call *call,
                           struct event *event)
{
    libvpsci_call(system, cpu, call, event);
    notes.fresh[cpu] = event->kind == EVENT_NONE;
}

static void poll_wake_lost(void *system, uint32_t cpu, struct event *event)
{
    libvpsci_poll(system, cpu, event);
    notes.fresh[cpu] = false;
}

static void wake_wake_lost(void *system, uint32_t cpu)
{
    if (!notes.fresh[cpu]) {
        libvpsci_wake(system, cpu);
    }
    notes.fresh[cpu] = false;
}

/* A CPU returns from a powerdown state at the address where it was first started. */
static void call_old_entry(void *system, uint32_t cpu, const struct guest_call *call,
                           struct event *event)
{
    libvpsci_call(system, cpu, call, event);
    notes.asleep[cpu] = number_of(call) == FN_CPU_SUSPEND && event->kind == EVENT_NONE;
    if (number_of(call) == FN_CPU_ON && target_of(call) < CPUS && event_says(event, RET_SUCCESS)) {
        notes.first_on[target_of(call)] = *call;
    }
}

static void poll_old_entry(void *system, uint32_t cpu, struct event *event)
{
    libvpsci_poll(system, cpu, event);
    if (event->kind == EVENT_ENTERED && notes.asleep[cpu]) {
        event->entry.address = notes.first_on[cpu].args[1];
        event->entry.context = notes.first_on[cpu].args[2];
    }
}

/* Minos: the guest wakes behind its call. */
static void poll_resume_in_place(void *system, uint32_t cpu, struct event *event)
{
    libvpsci_poll(system, cpu, event);
    if (event->kind == EVENT_ENTERED && notes.asleep[cpu]) {
        event_say(event, RET_SUCCESS);
    }
    notes.asleep[cpu] = notes.asleep[cpu] && event->kind == EVENT_NONE;
}

static void call_resume_in_place(void *system, uint32_t cpu, const struct guest_call *call,
                                 struct event *event)
{
    libvpsci_call(system, cpu, call, event);
    notes.asleep[cpu] = number_of(call) == FN_SYSTEM_SUSPEND && event->kind == EVENT_NONE;
}

/* Minos: a guest whose sleep is refused is told that it has slept. */
static void call_refused_success(void *system, uint32_t cpu, const struct guest_call *call,
                                 struct event *event)
{
    libvpsci_call(system, cpu, call, event);
    if (number_of(call) == FN_SYSTEM_SUSPEND && event_says(event, RET_DENIED)) {
        event_say(event, RET_SUCCESS);
    }
}

/* ---- Others ------------------------------------------------------------------------------- */

/* Monitors on KVM for a long time: SCTLR_EL1.EE is not set. */
static void poll_little_endian(void *system, uint32_t cpu, struct event *event)
{
    libvpsci_poll(system, cpu, event);
    event->entry.big_endian = false;
}

/* libvmm, Alioth: a system that cannot be ended. */
static void call_no_end(void *system, uint32_t cpu, const struct guest_call *call,
                        struct event *event)
{
    if (!is_64(call) && (number_of(call) == FN_SYSTEM_OFF || number_of(call) == FN_SYSTEM_RESET)) {
        event_say(event, RET_INTERNAL_FAILURE);
        return;
    }
    libvpsci_call(system, cpu, call, event);
}

/* ---- The servers -------------------------------------------------------------------------- */

static const struct machine_state states[] = {
    {.value = 0x00000001, .level = 0, .powerdown = false, .domain_off = false},
    {.value = 0x00010002, .level = 0, .powerdown = true, .domain_off = true},
};

static const struct machine machine = {
    .cpu_count = CPUS,
    .mpidrs = names,
    .states = states,
    .state_count = sizeof(states) / sizeof(states[0]),
    .entry = LIBVPSCI_ENTRY,
    .bad_entry = LIBVPSCI_BAD_ENTRY,
    .protected_base = LIBVPSCI_RAM_BASE,
    .protected_length = LIBVPSCI_RAM_LENGTH,
    .abilities = VIEW_BIG_ENDIAN | VIEW_END | VIEW_RESTART | VIEW_TIME | VIEW_EXPENDABLE |
                 VIEW_OUTSIDE | VIEW_FRESH | VIEW_HANDOVER,
};

static const struct libvpsci_configuration configuration = {
    .config = {.capabilities = VPSCI_CAP_SYSTEM_SUSPEND | VPSCI_CAP_SYSTEM_RESET2 |
                               VPSCI_CAP_SYSTEM_OFF2 | VPSCI_CAP_STATISTICS}};

/* Without threads, the order of two calls does not depend on chance, so the same scenarios
 * always fail. */
#define BROKEN(title, text, the_call, the_poll, the_wake)                                          \
    {.name = (title),                                                                              \
     .description = (text),                                                                        \
     .machine = &machine,                                                                          \
     .configuration = &configuration,                                                              \
     .create = broken_create,                                                                      \
     .call = (the_call),                                                                           \
     .poll = (the_poll),                                                                           \
     .wake = (the_wake),                                                                           \
     .end = libvpsci_end,                                                                          \
     .restart = libvpsci_restart,                                                                  \
     .pass = libvpsci_pass}
#define BROKEN_CALL(title, text, call) BROKEN(title, text, call, libvpsci_poll, libvpsci_wake)
#define BROKEN_BOTH(title, text, name) BROKEN(title, text, call_##name, poll_##name, libvpsci_wake)

const struct adapter adapters[] = {
    BROKEN_CALL("none", "no mistake", libvpsci_call),
    BROKEN_CALL("two-successes", "CPU_ON of a CPU that starts is accepted", call_two_successes),
    BROKEN_BOTH("losers-entry", "a refused CPU_ON changes where the CPU starts", losers_entry),
    BROKEN_BOTH("context-lost", "CPU_ON close after CPU_OFF loses its context", context_lost),
    BROKEN_BOTH("now-and-then", "one start in a hundred has a wrong context", now_and_then),
    BROKEN_CALL("upper-halves", "SMC32 calls use upper halves", call_upper_halves),
    BROKEN_CALL("reserved-bits", "reserved bits of an MPIDR are ignored", call_reserved_bits),
    BROKEN_CALL("any-power-state", "reserved bits of power_state are ignored",
                call_any_power_state),
    BROKEN_CALL("unknown-success", "unknown functions succeed", call_unknown_success),
    BROKEN_CALL("features-number", "PSCI_FEATURES looks at numbers only", call_features_number),
    BROKEN_CALL("unknown-is-off", "CPUs that do not exist are off", call_unknown_is_off),
    BROKEN_CALL("levels-on", "AFFINITY_INFO is ON above level 0", call_levels_on),
    BROKEN_BOTH("suspended-is-off", "AFFINITY_INFO is OFF in CPU_SUSPEND", suspended_is_off),
    BROKEN("wake-lost", "an interrupt right after the call is lost", call_wake_lost, poll_wake_lost,
           wake_wake_lost),
    BROKEN_BOTH("old-entry", "CPU_SUSPEND wakes at CPU_ON's entry point", old_entry),
    BROKEN_BOTH("resume-in-place", "SYSTEM_SUSPEND returns", resume_in_place),
    BROKEN_CALL("refused-success", "SYSTEM_SUSPEND that is refused says SUCCESS",
                call_refused_success),
    BROKEN("little-endian", "CPUs start little-endian", libvpsci_call, poll_little_endian,
           libvpsci_wake),
    BROKEN_CALL("no-end", "SYSTEM_OFF and SYSTEM_RESET return", call_no_end),
};

const uint32_t adapter_count = sizeof(adapters) / sizeof(adapters[0]);
