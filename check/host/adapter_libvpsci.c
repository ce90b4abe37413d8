/* SPDX-License-Identifier: BSD-2-Clause */
/* libvpsci behind the scenarios, in the configurations that its embedders may choose. */
#include "libvpsci.h"

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
    .state_count = sizeof(table) / sizeof((table)[0]), .entry = LIBVPSCI_ENTRY,                    \
    .bad_entry = LIBVPSCI_BAD_ENTRY, .protected_base = LIBVPSCI_RAM_BASE,                          \
    .protected_length = LIBVPSCI_RAM_LENGTH, .own_base = LIBVPSCI_RAM_BASE,                        \
    .own_length = LIBVPSCI_OWN_LENGTH, .abilities = ABILITIES

static const uint64_t row_4[] = {0x0, 0x1, 0x2, 0x3};
static const uint64_t clusters_4[] = {0x000, 0x001, 0x100, 0x101};
static const uint64_t clusters_8[] = {0x00000, 0x00001, 0x00100, 0x00101,
                                      0x10000, 0x10001, 0x10100, 0x10101};
/* In no order, with every field in use, and more than 16 CPUs. */
static const uint64_t scattered[] = {
    0x0000000003, 0x0000000000, 0x0000000001, 0x0000000002, 0x00000000fe, 0x000000ff00,
    0x0000010000, 0x0000ff0000, 0x0100000000, 0xff00000000, 0xff00fefefe, 0x0000010101,
    0x0100010101, 0x0200010101, 0x0000000100, 0x0000000101, 0x0000000010, 0x0000000011,
    0x0000000020, 0x0000000080, 0x0000008000, 0x0000800000, 0x8000000000, 0x0000000110,
};

/* The two states that the library has by default, in either format. */
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
    MACHINE(row_4, two_states), .ids_0_1 = {VPSCI_FID_0_1_KVM, VPSCI_FID_0_1_KVM + 1,
                                            VPSCI_FID_0_1_KVM + 2, VPSCI_FID_0_1_KVM + 3}};
static const struct machine legacy_own_machine = {
    MACHINE(row_4, two_states), .ids_0_1 = {0xdead0001, 0xdead0002, 0xdead0003, 0xdead0004}};

/* ---- Configurations ----------------------------------------------------------------------- */

static const struct libvpsci_configuration everything = {
    .config = {.capabilities = ALL_CAPABILITIES, .smccc_version = 0x10005}};
static const struct libvpsci_configuration nothing = {.default_states = true};
static const struct libvpsci_configuration extended = {
    .config = {.options = VPSCI_OPTION_EXTENDED_STATE,
               .capabilities = VPSCI_CAP_SYSTEM_SUSPEND | VPSCI_CAP_CPU_DEFAULT_SUSPEND},
    .default_states = true};
static const struct libvpsci_configuration os_initiated = {
    .config = {.capabilities = ALL_CAPABILITIES, .options = VPSCI_OPTION_EXTENDED_STATE}};
static const struct libvpsci_configuration version_1_1 = {
    .config = {.capabilities = ALL_CAPABILITIES, .version = VPSCI_VERSION_1_1}};
static const struct libvpsci_configuration version_1_0 = {
    .config = {
        .capabilities = ALL_CAPABILITIES, .version = VPSCI_VERSION_1_0, .smccc_version = 0x10000}};
static const struct libvpsci_configuration version_0_2 = {
    .config = {.capabilities = ALL_CAPABILITIES, .version = VPSCI_VERSION_0_2}};
static const struct libvpsci_configuration version_0_1 = {
    .config = {.capabilities = ALL_CAPABILITIES, .version = VPSCI_VERSION_0_1},
    .default_states = true};
static const struct libvpsci_configuration version_0_1_own = {
    .config = {.version = VPSCI_VERSION_0_1,
               .ids_0_1 = {0xdead0001, 0xdead0002, 0xdead0003, 0xdead0004}},
    .default_states = true};
static const struct libvpsci_configuration asks = {
    .config = {.capabilities = ALL_CAPABILITIES, .options = VPSCI_OPTION_ASK_CPU_ON}, .delay = 3};
static const struct libvpsci_configuration moves = {
    .config = {.capabilities = ALL_CAPABILITIES, .options = VPSCI_OPTION_ASK_CPU_ON},
    .moves = true,
    .delay = 3};
static const struct libvpsci_configuration refuses = {
    .config = {.capabilities = ALL_CAPABILITIES}, .delay = 2, .on_suspend = VPSCI_DENIED};
static const struct libvpsci_configuration as_kvm = {
    .config = {.capabilities = VPSCI_CAP_SYSTEM_SUSPEND | VPSCI_CAP_SYSTEM_RESET2 |
                               VPSCI_CAP_VENDOR_RESET | VPSCI_CAP_SYSTEM_OFF2,
               .options = VPSCI_OPTION_NO_ON_PENDING},
    .default_states = true};
static const struct libvpsci_configuration plain_reset2 = {
    .config = {.capabilities = VPSCI_CAP_SYSTEM_RESET2 | VPSCI_CAP_MEM_PROTECT},
    .default_states = true};
static const struct libvpsci_configuration migratable = {
    .config = {.capabilities = ALL_CAPABILITIES, .trusted_os = VPSCI_TRUSTED_OS_MIGRATABLE}};
static const struct libvpsci_configuration fixed = {
    .config = {.capabilities = ALL_CAPABILITIES, .trusted_os = VPSCI_TRUSTED_OS_FIXED}};
static const struct libvpsci_configuration old_migratable = {
    .config = {.version = VPSCI_VERSION_0_2, .trusted_os = VPSCI_TRUSTED_OS_MIGRATABLE},
    .default_states = true};

#define ADAPTER_WITH(are_threads, title, text, the_machine, the_configuration)                     \
    {.name = (title),                                                                              \
     .description = (text),                                                                        \
     .machine = &(the_machine),                                                                    \
     .configuration = &(the_configuration),                                                        \
     .threads = (are_threads),                                                                     \
     .create = libvpsci_create,                                                                    \
     .call = libvpsci_call,                                                                        \
     .poll = libvpsci_poll,                                                                        \
     .wake = libvpsci_wake,                                                                        \
     .end = libvpsci_end,                                                                          \
     .restart = libvpsci_restart,                                                                  \
     .pass = libvpsci_pass}

#define ADAPTER(...) ADAPTER_WITH(true, __VA_ARGS__)
/* A system that is moved has one thread at a time. */
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
