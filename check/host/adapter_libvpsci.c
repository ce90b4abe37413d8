/* SPDX-License-Identifier: BSD-2-Clause */
/* libvpsci behind the scenarios, in the configurations that its embedders may choose. */
#include "adapter.h"
#include "vpsci/vpsci.h"

enum {
    CPU_MAX = 48,
    STATES_MAX = 16,
    MEMORY_SIZE = 64 * 1024,
    STATISTICS_SIZE = 64 * 1024,
    RECORD_SIZE = 64 * 1024 /* of vpsci_save() */
};

/* RAM of the machines, as far as entry points and MEM_PROTECT are concerned. */
#define RAM_BASE   UINT64_C(0x40000000)
#define RAM_LENGTH UINT64_C(0x20000000)
#define ENTRY      (RAM_BASE + 0x80000)
#define BAD_ENTRY  UINT64_C(0x1000)

/** What `adapter->configuration` points to. */
struct configuration {
    struct vpsci_config config;   /* but for vCPUs, states, domains, memory, ops, host */
    bool default_states;          /* the machine's are those that the library has by itself */
    bool moves;                   /* saved and restored before every step */
    uint32_t delay;               /* polls until a request is answered */
    enum vpsci_result on_suspend; /* the answer to SYSTEM_SUSPEND */
};

/* One at a time. */
static struct {
    const struct configuration *configuration;
    struct vpsci_config config;
    struct vpsci_mpidr mpidrs[CPU_MAX];
    struct vpsci_power_state states[STATES_MAX];
    struct vpsci_vm *vm;
    struct end end;
    bool lost; /* it could not be moved: nothing happens any more */
    uint64_t now;
    uint32_t polls[CPU_MAX]; /* since a request began; of the CPU's own thread */
    _Alignas(VPSCI_ALIGNMENT) unsigned char memory[MEMORY_SIZE];
    _Alignas(VPSCI_ALIGNMENT) unsigned char statistics[STATISTICS_SIZE];
    unsigned char record[RECORD_SIZE];
} box;

static bool in_ram(uint64_t base, uint64_t length)
{
    return base >= RAM_BASE && length <= RAM_LENGTH && base - RAM_BASE <= RAM_LENGTH - length;
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

static uint64_t now(void *host)
{
    (void)host;
    return box.now;
}

static const struct vpsci_ops ops = {
    .entry_is_valid = entry_is_valid,
    .range_is_protected = range_is_protected,
    .now = now,
};

/* What a state leaves beneath it: the deepest of the next lower level that keeps, or loses, the
 * core's context as it does. */
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

/* The machine in the library's types. */
static void describe(const struct machine *machine)
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

static void *create(const struct adapter *adapter)
{
    const struct configuration *configuration = adapter->configuration;

    box.configuration = configuration;
    box.end = (struct end){.kind = END_NOT};
    box.lost = false;
    box.now = 1000;
    box.config = configuration->config;
    describe(adapter->machine);
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

static void translate(const struct vpsci_outcome *out, struct event *event)
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

/* Into a new VM, as a live migration would: nothing that a guest sees may depend on it. */
static void move(void)
{
    ptrdiff_t size;

    if (!box.configuration->moves || box.lost) {
        return;
    }
    size = vpsci_save(box.vm, box.record, sizeof(box.record));
    box.lost = size < 0 || vpsci_init(box.memory, sizeof(box.memory), &box.config, &box.vm) != 0 ||
               vpsci_restore(box.vm, box.record, (size_t)size) != 0;
}

static void make_call(void *system, uint32_t cpu, const struct guest_call *call,
                      struct event *event)
{
    struct vpsci_call made = {
        .function = call->function,
        .args = {call->args[0], call->args[1], call->args[2]},
        .aarch32 = call->aarch32,
        .big_endian = call->big_endian,
    };
    struct vpsci_outcome out;

    (void)system;
    move();
    box.polls[cpu] = 0;
    if (box.lost) {
        return;
    }
    vpsci_call(vpsci_vcpu(box.vm, cpu), &made, &out);
    translate(&out, event);
}

static void note_end(const struct vpsci_request *request)
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

/* What the host of these machines decides, a while after it was asked. */
static void decide(struct vpsci_vcpu *vcpu, uint32_t cpu)
{
    struct vpsci_request request;

    if (!vpsci_request(vcpu, &request) || box.polls[cpu]++ < box.configuration->delay) {
        return;
    }
    if (request.function == VPSCI_FN_SYSTEM_SUSPEND) {
        vpsci_answer(vcpu, box.configuration->on_suspend);
        return;
    }
    if (vpsci_answer(vcpu, VPSCI_SUCCESS) == 0) {
        note_end(&request);
    }
}

static void poll(void *system, uint32_t cpu, struct event *event)
{
    struct vpsci_vcpu *vcpu;
    struct vpsci_outcome out;

    (void)system;
    move();
    if (box.lost) {
        return;
    }
    vcpu = vpsci_vcpu(box.vm, cpu);
    decide(vcpu, cpu);
    vpsci_next(vcpu, &out);
    translate(&out, event);
}

static void wake(void *system, uint32_t cpu)
{
    (void)system;
    vpsci_wake(vpsci_vcpu(box.vm, cpu));
}

static void end(void *system, struct end *end)
{
    (void)system;
    *end = box.end;
    if (vpsci_system(box.vm) != VPSCI_SYSTEM_STOPPED) {
        end->kind = END_NOT;
    }
}

static void restart(void *system)
{
    (void)system;
    vpsci_reset(box.vm);
    box.end = (struct end){.kind = END_NOT};
}

static void pass(void *system, uint64_t microseconds)
{
    (void)system;
    box.now += microseconds;
}

/* ---- Machines ----------------------------------------------------------------------------- */

enum {
    ABILITIES = VIEW_BIG_ENDIAN | VIEW_END | VIEW_RESTART | VIEW_TIME | VIEW_EXPENDABLE |
                VIEW_OUTSIDE | VIEW_FRESH | VIEW_HANDOVER,
    ALL_CAPABILITIES = VPSCI_CAP_SYSTEM_SUSPEND | VPSCI_CAP_SYSTEM_RESET2 | VPSCI_CAP_VENDOR_RESET |
                       VPSCI_CAP_SYSTEM_OFF2 | VPSCI_CAP_OS_INITIATED | VPSCI_CAP_CPU_FREEZE |
                       VPSCI_CAP_CPU_DEFAULT_SUSPEND | VPSCI_CAP_NODE_HW_STATE |
                       VPSCI_CAP_STATISTICS | VPSCI_CAP_MEM_PROTECT
};

#define MACHINE(names, table)                                                                      \
    .cpu_count = sizeof(names) / sizeof((names)[0]), .mpidrs = (names), .states = (table),         \
    .state_count = sizeof(table) / sizeof((table)[0]), .entry = ENTRY, .bad_entry = BAD_ENTRY,     \
    .protected_base = RAM_BASE, .protected_length = RAM_LENGTH, .abilities = ABILITIES

static const uint64_t row_4[] = {0x0, 0x1, 0x2, 0x3};
static const uint64_t clusters_4[] = {0x000, 0x001, 0x100, 0x101};
static const uint64_t clusters_8[] = {0x00000, 0x00001, 0x00100, 0x00101,
                                      0x10000, 0x10001, 0x10100, 0x10101};
/* In no order, with every field in use, and more than 16 of them. */
static const uint64_t scattered[] = {
    0x0000000003, 0x0000000000, 0x0000000001, 0x0000000002, 0x00000000fe, 0x000000ff00,
    0x0000010000, 0x0000ff0000, 0x0100000000, 0xff00000000, 0xff00fefefe, 0x0000010101,
    0x0100010101, 0x0200010101, 0x0000000100, 0x0000000101, 0x0000000010, 0x0000000011,
    0x0000000020, 0x0000000080, 0x0000008000, 0x0000800000, 0x8000000000, 0x0000000110,
};

/* The two that the library has by itself, in either format. */
static const struct machine_state two_states[] = {
    {.value = 0x00000000, .level = 0, .powerdown = false, .domain_off = false},
    {.value = 0x00010000, .level = 0, .powerdown = true, .domain_off = true},
};
static const struct machine_state two_extended_states[] = {
    {.value = 0x00000000, .level = 0, .powerdown = false, .domain_off = false},
    {.value = 0x40000000, .level = 0, .powerdown = true, .domain_off = true},
};

static const struct machine_state cluster_states[] = {
    {.value = 0x00000001, .level = 0, .powerdown = false, .domain_off = false},
    {.value = 0x00010002, .level = 0, .powerdown = true, .domain_off = true},
    {.value = 0x01000011, .level = 1, .powerdown = false, .domain_off = false},
    {.value = 0x01010022, .level = 1, .powerdown = true, .domain_off = true},
};

static const struct machine_state tree_states[] = {
    {.value = 0x00000001, .level = 0, .powerdown = false, .domain_off = false},
    {.value = 0x40000002, .level = 0, .powerdown = true, .domain_off = true},
    {.value = 0x00000011, .level = 1, .powerdown = false, .domain_off = false},
    {.value = 0x40000022, .level = 1, .powerdown = true, .domain_off = true},
    {.value = 0x00000111, .level = 2, .powerdown = false, .domain_off = false},
    {.value = 0x40000222, .level = 2, .powerdown = true, .domain_off = true},
};

/* Domains that do not follow the affinity fields: 0 1 | 2 3 | ... and all in one of level 2. */
static const uint16_t pairs[] = {0, 0, 2, 2};
static const uint16_t one[] = {0, 0, 0, 0};

static const struct machine default_machine = {MACHINE(row_4, two_states)};
static const struct machine extended_machine = {MACHINE(row_4, two_extended_states)};
static const struct machine cluster_machine = {MACHINE(clusters_4, cluster_states)};
static const struct machine tree_machine = {MACHINE(clusters_8, tree_states)};
static const struct machine scattered_machine = {MACHINE(scattered, two_states), .boot_cpu = 5};
static const struct machine aarch32_machine = {MACHINE(clusters_4, cluster_states),
                                               .aarch32 = true};
static const struct machine domains_machine = {MACHINE(row_4, tree_states), .boot_cpu = 2,
                                               .domains = {pairs, one}};
static const struct machine legacy_machine = {
    MACHINE(row_4, two_states), .ids_0_1 = {0x95c1ba5e, 0x95c1ba5f, 0x95c1ba60, 0x95c1ba61}};
static const struct machine legacy_own_machine = {
    MACHINE(row_4, two_states), .ids_0_1 = {0xdead0001, 0xdead0002, 0xdead0003, 0xdead0004}};

/* ---- Configurations ----------------------------------------------------------------------- */

static const struct configuration everything = {
    .config = {.capabilities = ALL_CAPABILITIES, .smccc_version = 0x10005}};
static const struct configuration nothing = {.default_states = true};
static const struct configuration extended = {
    .config = {.options = VPSCI_OPTION_EXTENDED_STATE,
               .capabilities = VPSCI_CAP_SYSTEM_SUSPEND | VPSCI_CAP_CPU_DEFAULT_SUSPEND},
    .default_states = true};
static const struct configuration os_initiated = {
    .config = {.capabilities = ALL_CAPABILITIES, .options = VPSCI_OPTION_EXTENDED_STATE}};
static const struct configuration version_1_1 = {
    .config = {.capabilities = ALL_CAPABILITIES, .version = VPSCI_VERSION_1_1}};
static const struct configuration version_1_0 = {.config = {.capabilities = ALL_CAPABILITIES,
                                                            .version = VPSCI_VERSION_1_0,
                                                            .smccc_version = 0x10000}};
static const struct configuration version_0_2 = {
    .config = {.capabilities = ALL_CAPABILITIES, .version = VPSCI_VERSION_0_2}};
static const struct configuration version_0_1 = {
    .config = {.capabilities = ALL_CAPABILITIES, .version = VPSCI_VERSION_0_1},
    .default_states = true};
static const struct configuration version_0_1_own = {
    .config = {.version = VPSCI_VERSION_0_1,
               .ids_0_1 = {0xdead0001, 0xdead0002, 0xdead0003, 0xdead0004}},
    .default_states = true};
static const struct configuration asks = {
    .config = {.capabilities = ALL_CAPABILITIES, .options = VPSCI_OPTION_ASK_CPU_ON}, .delay = 3};
static const struct configuration moves = {
    .config = {.capabilities = ALL_CAPABILITIES, .options = VPSCI_OPTION_ASK_CPU_ON},
    .moves = true,
    .delay = 3};
static const struct configuration refuses = {
    .config = {.capabilities = ALL_CAPABILITIES}, .delay = 2, .on_suspend = VPSCI_DENIED};
static const struct configuration as_kvm = {
    .config = {.capabilities = VPSCI_CAP_SYSTEM_SUSPEND | VPSCI_CAP_SYSTEM_RESET2 |
                               VPSCI_CAP_VENDOR_RESET | VPSCI_CAP_SYSTEM_OFF2,
               .options = VPSCI_OPTION_NO_ON_PENDING},
    .default_states = true};
static const struct configuration plain_reset2 = {
    .config = {.capabilities = VPSCI_CAP_SYSTEM_RESET2 | VPSCI_CAP_MEM_PROTECT},
    .default_states = true};
static const struct configuration migratable = {
    .config = {.capabilities = ALL_CAPABILITIES, .trusted_os = VPSCI_TRUSTED_OS_MIGRATABLE}};
static const struct configuration fixed = {
    .config = {.capabilities = ALL_CAPABILITIES, .trusted_os = VPSCI_TRUSTED_OS_FIXED}};
static const struct configuration old_migratable = {
    .config = {.version = VPSCI_VERSION_0_2, .trusted_os = VPSCI_TRUSTED_OS_MIGRATABLE},
    .default_states = true};

#define ADAPTER_WITH(are_threads, title, text, the_machine, the_configuration)                     \
    {.name = (title),                                                                              \
     .description = (text),                                                                        \
     .machine = &(the_machine),                                                                    \
     .configuration = &(the_configuration),                                                        \
     .threads = (are_threads),                                                                     \
     .create = create,                                                                             \
     .call = make_call,                                                                            \
     .poll = poll,                                                                                 \
     .wake = wake,                                                                                 \
     .end = end,                                                                                   \
     .restart = restart,                                                                           \
     .pass = pass}

#define ADAPTER(...) ADAPTER_WITH(true, __VA_ARGS__)
/* What is moved has one thread at a time. */
#define ADAPTER_ALONE(...) ADAPTER_WITH(false, __VA_ARGS__)

const struct adapter adapters[] = {
    ADAPTER("everything", "all capabilities, two clusters of two", cluster_machine, everything),
    ADAPTER("default", "nothing optional", default_machine, nothing),
    ADAPTER("extended", "the extended format of power_state", extended_machine, extended),
    ADAPTER("osi", "OS-initiated mode, with domains of two levels", tree_machine, os_initiated),
    ADAPTER("domains", "domains that do not follow the MPIDRs", domains_machine, os_initiated),
    ADAPTER("scattered", "24 CPUs with MPIDRs all over the range", scattered_machine, nothing),
    ADAPTER("1.1", "PSCI 1.1", cluster_machine, version_1_1),
    ADAPTER("1.0", "PSCI 1.0, SMC calling convention 1.0", cluster_machine, version_1_0),
    ADAPTER("0.2", "PSCI 0.2", cluster_machine, version_0_2),
    ADAPTER("0.1", "PSCI 0.1, by KVM's IDs", legacy_machine, version_0_1),
    ADAPTER("0.1-own-ids", "PSCI 0.1, by other IDs", legacy_own_machine, version_0_1_own),
    ADAPTER("asks", "every CPU_ON asked about, and answered later", cluster_machine, asks),
    ADAPTER_ALONE("moves", "saved and restored before every step", cluster_machine, moves),
    ADAPTER("refuses", "SYSTEM_SUSPEND refused, later", cluster_machine, refuses),
    ADAPTER("aarch32", "a guest in AArch32 state", aarch32_machine, everything),
    ADAPTER("as-kvm", "no ON_PENDING", default_machine, as_kvm),
    ADAPTER("reset2", "SYSTEM_RESET2 without vendor types", default_machine, plain_reset2),
    ADAPTER("tos-migratable", "a Trusted OS that can be moved", cluster_machine, migratable),
    ADAPTER("tos-fixed", "a Trusted OS that cannot be moved", cluster_machine, fixed),
    ADAPTER("tos-0.2", "a Trusted OS that can be moved, PSCI 0.2", default_machine, old_migratable),
};

const uint32_t adapter_count = sizeof(adapters) / sizeof(adapters[0]);
