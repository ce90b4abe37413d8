/* SPDX-License-Identifier: BSD-2-Clause */
/* NODE_HW_STATE: the state of the hardware, not the requested one. */
#include "../engine/moves.h"
#include "families.h"

static const struct event *node(struct trial *t, uint64_t target, uint64_t level)
{
    return ask(t, id(t, FN_NODE_HW_STATE), target, level);
}

static void on_and_off(struct trial *t)
{
    uint32_t cpu = other(t, 0);

    returns_as(t, node(t, mpidr(t, boot(t)), 0), NUMBER_HW_STATE, HW_ON,
               "NODE_HW_STATE of the caller");
    returns_as(t, node(t, mpidr(t, cpu), 0), NUMBER_HW_STATE, HW_OFF,
               "NODE_HW_STATE of a CPU that is off");
    start(t, cpu);
    returns_as(t, node(t, mpidr(t, cpu), 0), NUMBER_HW_STATE, HW_ON,
               "NODE_HW_STATE of a CPU that runs");
    stop(t, cpu);
    returns_as(t, node(t, mpidr(t, cpu), 0), NUMBER_HW_STATE, HW_OFF,
               "NODE_HW_STATE after CPU_OFF");
}

static void asleep(struct trial *t, bool powerdown)
{
    const struct machine_state *state = state_need(t, 0, powerdown);
    uint32_t cpu = started(t, 0);

    put_into(t, cpu, state, 1);
    const struct event *e = node(t, mpidr(t, cpu), 0);

    comes_back(t, e, "NODE_HW_STATE of a CPU that sleeps");
    expect(t, code(e) == (powerdown ? HW_OFF : HW_STANDBY) || code(e) == HW_ON,
           "NODE_HW_STATE of a CPU that sleeps is neither its state nor HW_ON");
    characteristic_as(t, "NODE_HW_STATE of a CPU that sleeps", NUMBER_HW_STATE, e->x0);
    wakes_from(t, cpu, state, entry(t), 1);
    returns_as(t, node(t, mpidr(t, cpu), 0), NUMBER_HW_STATE, HW_ON,
               "NODE_HW_STATE of a CPU that woke");
}

static void standby(struct trial *t)
{
    asleep(t, false);
}

static void powerdown(struct trial *t)
{
    asleep(t, true);
}

static void cluster(struct trial *t)
{
    uint32_t cpu = stranger(t, 1, boot(t));
    const struct machine_state *state = state_need(t, 1, true);

    if (t->over) {
        return;
    }
    returns_as(t, node(t, mpidr(t, boot(t)), 1), NUMBER_HW_STATE, HW_ON,
               "NODE_HW_STATE of the caller's cluster");
    const struct event *e = node(t, mpidr(t, cpu), 1);

    comes_back(t, e, "NODE_HW_STATE of a cluster whose CPUs are off");
    expect(t, code(e) == HW_OFF || code(e) == HW_ON || code(e) == HW_STANDBY,
           "NODE_HW_STATE of a cluster whose CPUs are off is no state");
    start(t, cpu);
    returns_as(t, node(t, mpidr(t, cpu), 1), NUMBER_HW_STATE, HW_ON,
               "NODE_HW_STATE of a cluster with a CPU on");
    put_into(t, cpu, state, 1);
    e = node(t, mpidr(t, cpu), 1);
    comes_back(t, e, "NODE_HW_STATE of a cluster whose last CPU sleeps");
    expect(t, code(e) == HW_OFF || code(e) == HW_ON,
           "NODE_HW_STATE of a cluster put off is neither HW_OFF nor HW_ON");
    characteristic_as(t, "NODE_HW_STATE of a cluster that may be off", NUMBER_HW_STATE, e->x0);
    wakes_from(t, cpu, state, entry(t), 1);
    returns_as(t, node(t, mpidr(t, cpu), 1), NUMBER_HW_STATE, HW_ON,
               "NODE_HW_STATE of a cluster that woke");
}

/* The hardware cannot turn a domain off around a core that keeps its context. */
static void off_around_standby(struct trial *t, bool os_initiated)
{
    const struct machine_state *state = state_need(t, 0, false);
    uint32_t a = stranger(t, 1, boot(t));
    uint32_t b = t->over ? a : sibling(t, 1, a);

    start(t, a);
    start(t, b);
    if (os_initiated) {
        to_os_mode(t);
    }
    put_into(t, b, state, 1);
    stop(t, a);
    const struct event *core = node(t, mpidr(t, b), 0);
    const struct event *e = node(t, mpidr(t, b), 1);

    expect(t, code(e) != HW_OFF || code(core) == HW_OFF || t->over,
           "NODE_HW_STATE says that a cluster is off in which a CPU is not");
    wakes_from(t, b, state, entry(t), 1);
}

static void standby_in_cluster(struct trial *t)
{
    state_need(t, 1, true);
    off_around_standby(t, false);
}

static void standby_in_cluster_os(struct trial *t)
{
    state_need(t, 1, true);
    off_around_standby(t, true);
}

/* The same one level up: CPU_OFF of one cluster's last CPU, while the other cluster is in standby. */
static void standby_cluster(struct trial *t)
{
    const struct machine_state *state = state_need(t, 1, false);
    uint32_t a = stranger(t, 2, boot(t));
    uint32_t b = t->over ? a : sibling(t, 2, a);

    while (!t->over && (!same_domain(t, 2, a, b) || same_domain(t, 1, a, b))) {
        b++;
        if (b == cpu_count(t)) {
            skip(t, "there are no two clusters apart from the boot CPU's");
        }
    }
    start(t, a);
    start(t, b);
    to_os_mode(t);
    put_into(t, b, state, 1);
    stop(t, a);
    const struct event *cluster = node(t, mpidr(t, b), 1);
    const struct event *e = node(t, mpidr(t, b), 2);

    expect(t, t->over || code(e) != HW_OFF || code(cluster) == HW_OFF,
           "NODE_HW_STATE says that a domain is off in which a cluster is not");
    wakes_from(t, b, state, entry(t), 1);
}

static void arguments(struct trial *t)
{
    uint64_t self = mpidr(t, boot(t));

    returns(t, node(t, absent_mpidr(t, boot(t), 0), 0), IS_INVALID_PARAMETERS,
            "NODE_HW_STATE of a CPU that does not exist");
    returns(t, node(t, self | UINT64_C(1) << 24, 0), IS_INVALID_PARAMETERS,
            "NODE_HW_STATE with a reserved bit in its target");
    returns(t, node(t, self, 4), IS_INVALID_PARAMETERS, "NODE_HW_STATE of level 4");
    returns(t, node(t, self, UINT32_MAX), IS_INVALID_PARAMETERS, "NODE_HW_STATE of no level");
    returns_as(t, node(t, self, GARBAGE), NUMBER_HW_STATE, HW_ON,
               "NODE_HW_STATE with garbage in the upper half of power_level");
    returns_as(
        t,
        call(t, boot(t), FID32(FN_NODE_HW_STATE), GARBAGE | (self & UINT32_MAX), GARBAGE, GARBAGE),
        NUMBER_HW_STATE, HW_ON, "SMC32 NODE_HW_STATE with garbage in the upper halves");
}

#define NODE     HAS(FN_NODE_HW_STATE)
#define MISTAKEN "the guest accesses hardware that is off, or waits for hardware that is on"

static const struct scenario scenarios[] = {
    {.name = "node-hw-state-standby-in-cluster-os-initiated",
     .clause = "NODE_HW_STATE, power_level; OS-initiated mode",
     .consequence = MISTAKEN,
     .since = V1_0,
     .needs = NODE | HAS(FN_SET_SUSPEND_MODE),
     .cpus = 4,
     .abilities = VIEW_FRESH,
     .run = standby_in_cluster_os},
    {.name = "node-hw-state-standby-cluster-os-initiated",
     .clause = "NODE_HW_STATE, power_level; OS-initiated mode",
     .consequence = MISTAKEN,
     .since = V1_0,
     .needs = NODE | HAS(FN_SET_SUSPEND_MODE),
     .cpus = 4,
     .run = standby_cluster},
    {.name = "node-hw-state-on-and-off",
     .clause = "NODE_HW_STATE",
     .consequence = MISTAKEN,
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .needs = NODE,
     .cpus = 2,
     .run = on_and_off},
    {.name = "node-hw-state-standby",
     .clause = "NODE_HW_STATE",
     .consequence = MISTAKEN,
     .since = V1_0,
     .needs = NODE,
     .cpus = 2,
     .run = standby},
    {.name = "node-hw-state-powerdown",
     .clause = "NODE_HW_STATE",
     .consequence = MISTAKEN,
     .since = V1_0,
     .needs = NODE,
     .cpus = 2,
     .run = powerdown},
    {.name = "node-hw-state-cluster",
     .clause = "NODE_HW_STATE, power_level",
     .consequence = MISTAKEN,
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .needs = NODE,
     .cpus = 2,
     .run = cluster},
    {.name = "node-hw-state-standby-in-cluster",
     .clause = "NODE_HW_STATE, power_level",
     .consequence = MISTAKEN,
     .since = V1_0,
     .needs = NODE,
     .cpus = 4,
     .run = standby_in_cluster},
    {.name = "node-hw-state-arguments",
     .clause = "NODE_HW_STATE, INVALID_PARAMETERS",
     .consequence = "the server shifts by a guest's number, or reads beyond a table",
     .since = V1_0,
     .needs = NODE,
     .run = arguments},
};

const struct family node_hw_state_family = {"node-hw-state", scenarios, COUNT_OF(scenarios)};
