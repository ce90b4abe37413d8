/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * libvpsci: Arm's Power State Coordination Interface (PSCI, Arm DEN0022) for one virtual machine.
 *
 * A guest asks for power with a call (HVC or SMC). The embedder, a monitor or a hypervisor, hands
 * the call to vpsci_call() and does what the outcome says: write a result and go on, wait, start
 * somewhere else, or decide a request. The library keeps the power state of every vCPU, decides
 * everything that the specification decides, and leaves to the embedder what only a host can know.
 *
 *     struct vpsci_outcome out;
 *     vpsci_next(vcpu, &out);                    // may this vCPU run?
 *     for (;;) {
 *         switch (out.action) {
 *         case VPSCI_ENTER:  // reset the vCPU; PC = out.entry.address, x0 = out.entry.context
 *         case VPSCI_RETURN: // x0 = out.x0
 *         case VPSCI_RUN:    // run the guest until it exits; a call goes to vpsci_call(), any
 *                            // other exit is dealt with and then vpsci_next() asked
 *         case VPSCI_WAIT:   // look at out.wait and out.request; sleep until kicked; vpsci_next()
 *         }
 *     }
 *
 * docs/embedding.md walks through a whole monitor of that shape.
 *
 * Rules that hold for all of it
 *  - The caller owns everything: memory, threads, time, hardware. The library has no global state,
 *    allocates nothing, and needs nothing of a C library but memcpy() and memset().
 *  - Whatever a guest passes, no function here crashes, loops without bound, or touches another VM.
 *    What an embedder passes is checked where that is cheap; the rest is stated as a precondition.
 *  - Stopping a vCPU thread for the host's own reasons (a pause, a debugger, a migration) is no
 *    power state, and the library never learns of it.
 *  - Results for a guest are `enum vpsci_result`, the specification's numbers (abi.h). Results for
 *    the embedder are `enum vpsci_error`. The two are never mixed.
 *
 * Threads
 *  Every function names who may call it:
 *  - *owner*: the one thread that runs this vCPU, or one that has stopped that thread. Two owner
 *    calls for the same vCPU never overlap; those of different vCPUs may, freely.
 *  - *any thread*: at any time, also while owners are inside the library.
 *  - *exclusive*: while no other call for the same VM is in progress.
 *  All are non-blocking. None waits for another thread, so that a vCPU thread which the host has
 *  descheduled in the middle of a call does not delay any other.
 */
#ifndef VPSCI_VPSCI_H
#define VPSCI_VPSCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

/** The version of the library that a program was compiled for; PSCI's versions are independent of
 *  it. vpsci_library_version() returns the version that the program runs with. */
#define VPSCI_LIBRARY_MAJOR 1
#define VPSCI_LIBRARY_MINOR 0
#define VPSCI_LIBRARY_PATCH 0
#define VPSCI_LIBRARY_VERSION                                                                      \
    (VPSCI_LIBRARY_MAJOR << 16 | VPSCI_LIBRARY_MINOR << 8 | VPSCI_LIBRARY_PATCH)
#define VPSCI_LIBRARY_TEXT "1.0.0"

#ifdef __cplusplus
extern "C" {
#endif

/** One virtual machine, and one of its vCPUs. Both live in memory that the embedder gave. */
struct vpsci_vm;
struct vpsci_vcpu;

/** An intermediate physical address: what a guest uses as a physical one. */
struct vpsci_ipa {
    uint64_t value;
};

/**
 * A CPU's name: the affinity fields of its MPIDR_EL1, Aff3 in bits 39:32, Aff2 in 23:16, Aff1 in
 * 15:8, Aff0 in 7:0; all other bits are zero.
 */
struct vpsci_mpidr {
    uint64_t value;
};

/** Limits, and numbers that mean "none". */
enum vpsci_limit {
    VPSCI_VCPU_MAX = 4096,
    /** What memory for a VM, and for its statistics, is aligned to, in bytes. */
    VPSCI_ALIGNMENT = 64,
    /** "No lower level", in `struct vpsci_power_state`. */
    VPSCI_NO_STATE = 0xff,
    /** The most entries that a table of power states may have. */
    VPSCI_STATE_MAX = 64,
    /** The highest power level, and the highest affinity level. */
    VPSCI_LEVEL_MAX = 3
};

/** What the library returns to its embedder when it cannot do as asked. */
enum vpsci_error {
    VPSCI_E_ARGUMENT = -1,   /**< a null pointer, a number out of range, misaligned memory */
    VPSCI_E_MEMORY = -2,     /**< the memory given is too small */
    VPSCI_E_MPIDR = -3,      /**< an MPIDR has bits outside its affinity fields, or occurs twice */
    VPSCI_E_STATES = -4,     /**< the table of power states, or the tree of domains, is unsound */
    VPSCI_E_VERSION = -5,    /**< no such version of PSCI, or of the SMC calling convention */
    VPSCI_E_STATE = -6,      /**< nothing to answer, or not possible in the vCPU's present state */
    VPSCI_E_BUSY = -7,       /**< a call or a request is in progress; try again after it */
    VPSCI_E_TRUNCATED = -8,  /**< a saved record ends early, or is longer than it says */
    VPSCI_E_MAGIC = -9,      /**< not a saved record */
    VPSCI_E_NEWER = -10,     /**< a saved record of a newer format than this library knows */
    VPSCI_E_CHECKSUM = -11,  /**< a saved record was damaged */
    VPSCI_E_MISMATCH = -12,  /**< a saved record of a VM that is configured otherwise */
    VPSCI_E_IMPOSSIBLE = -13 /**< a saved record of a state that no VM can be in */
};

/**
 * What a VM offers beyond the mandatory functions. All are off unless asked for, so that a new
 * version of the library shows a guest nothing new by itself. A function whose capability is off
 * returns NOT_SUPPORTED, and so does PSCI_FEATURES for it.
 */
enum vpsci_capability {
    /** SYSTEM_SUSPEND. Advertising it changes what guests do: Linux then makes "deep" its default
     *  way to suspend. Turn it on once something can wake the VM. */
    VPSCI_CAP_SYSTEM_SUSPEND = 1 << 0,
    /** SYSTEM_RESET2 with the architectural type SYSTEM_WARM_RESET. */
    VPSCI_CAP_SYSTEM_RESET2 = 1 << 1,
    /** SYSTEM_RESET2 also with vendor types (bit 31 set). Needs VPSCI_CAP_SYSTEM_RESET2. */
    VPSCI_CAP_VENDOR_RESET = 1 << 2,
    /** SYSTEM_OFF2 with HIBERNATE_OFF. */
    VPSCI_CAP_SYSTEM_OFF2 = 1 << 3,
    /** OS-initiated mode: PSCI_SET_SUSPEND_MODE, and bit 0 of PSCI_FEATURES(CPU_SUSPEND). */
    VPSCI_CAP_OS_INITIATED = 1 << 4,
    VPSCI_CAP_CPU_FREEZE = 1 << 5,
    VPSCI_CAP_CPU_DEFAULT_SUSPEND = 1 << 6,
    VPSCI_CAP_NODE_HW_STATE = 1 << 7,
    /** PSCI_STAT_RESIDENCY and PSCI_STAT_COUNT. Needs `statistics` and `ops->now`. */
    VPSCI_CAP_STATISTICS = 1 << 8,
    /** MEM_PROTECT; with `ops->range_is_protected` also MEM_PROTECT_CHECK_RANGE. */
    VPSCI_CAP_MEM_PROTECT = 1 << 9
};

/** How a VM behaves where the specification leaves a choice. */
enum vpsci_option {
    /** `power_state` has the extended format: StateID 27:0, StateType 30 (bit 1 of
     *  PSCI_FEATURES(CPU_SUSPEND)). Otherwise the original one: StateID 15:0, StateType 16,
     *  PowerLevel 25:24. */
    VPSCI_OPTION_EXTENDED_STATE = 1 << 0,
    /** Every CPU_ON that the specification allows becomes a request, for the host to admit or to
     *  refuse. Otherwise it is honoured at once. */
    VPSCI_OPTION_ASK_CPU_ON = 1 << 1,
    /** Do as KVM does: while a CPU_ON is pending, AFFINITY_INFO returns ON, and another CPU_ON
     *  ALREADY_ON. Otherwise both return ON_PENDING. */
    VPSCI_OPTION_NO_ON_PENDING = 1 << 2
};

/**
 * One low-power state that CPU_SUSPEND accepts. A state of a level above 0 is a composite: it puts
 * the domain of that level into `local` and everything beneath it into the state `below`.
 *
 * In platform-coordinated mode, a domain whose cores asked for different states gets the shallowest
 * of them, which is the one that comes first in the table; it stays on while a core beneath it
 * runs, or asked for a state of a lower level only.
 */
struct vpsci_power_state {
    /** What a guest passes as `power_state`, all of it. No two entries have the same. Its StateType
     *  bit is set if the core loses its context, that is, if the level 0 state of its chain has
     *  `local` VPSCI_HW_OFF; in the original format its PowerLevel is `level`. */
    uint32_t value;
    /** The highest level that the state affects, 0 (a core) to 3. */
    uint8_t level;
    /** The state of the domain at that level: VPSCI_HW_STANDBY or VPSCI_HW_OFF. A domain is never
     *  OFF with something beneath it that is only in STANDBY: it stays on. */
    uint8_t local;
    /** Index of the entry, of the next lower level and earlier in the table, that says what happens
     *  beneath; VPSCI_NO_STATE at level 0. */
    uint8_t below;
};

/** What the guest is told of a Trusted OS beside it (DEN0022 5.9, MIGRATE_INFO_TYPE). */
enum vpsci_trusted_os {
    VPSCI_TRUSTED_OS_NONE = 0,       /**< type 2; MIGRATE and MIGRATE_INFO_UP_CPU: NOT_SUPPORTED */
    VPSCI_TRUSTED_OS_MULTIPROCESSOR, /**< the same to the guest */
    VPSCI_TRUSTED_OS_MIGRATABLE,     /**< type 0; lives on one core, MIGRATE becomes a request */
    VPSCI_TRUSTED_OS_FIXED           /**< type 1; lives on one core, MIGRATE is DENIED */
};

/**
 * What only the host knows. All are optional. Each runs on the thread that has called the library,
 * so that several may run at once. They must not call the library.
 */
struct vpsci_ops {
    /** May a vCPU start at `address`? Alignment has been checked. Without this function every
     *  aligned address is valid. If it returns false, the call returns INVALID_ADDRESS
     *  (INVALID_PARAMETERS before PSCI 1.0). */
    bool (*entry_is_valid)(void *host, struct vpsci_ipa address);
    /** Is all of this memory cleared on a reset while MEM_PROTECT is on? `length` is not 0 and
     *  base + length - 1 does not wrap. */
    bool (*range_is_protected)(void *host, struct vpsci_ipa base, uint64_t length);
    /** Microseconds since a fixed moment; must never decrease. Used for statistics only. */
    uint64_t (*now)(void *host);
};

/**
 * The description of a VM. The library copies it. What `states`, `statistics`, `ops` and `host` point
 * to must stay while the VM exists, `states` and `ops` unchanged; `mpidrs` and `domains` are read by
 * vpsci_init() only. Zero is valid for all fields but the first three.
 *
 * Later versions of the library may add fields at the end. For a caller that was compiled for an
 * older one, `size` ends before them, and they are zero.
 */
struct vpsci_config {
    /** sizeof(struct vpsci_config) */
    size_t size;
    /** How many vCPUs there are: 1 to VPSCI_VCPU_MAX. */
    uint32_t vcpu_count;
    /** `vcpu_count` names, all different, in any layout. */
    const struct vpsci_mpidr *mpidrs;
    /** The vCPU that is on at the start and after a reset, as an index into `mpidrs`. */
    uint32_t boot_vcpu;
    /** The version of PSCI, VPSCI_VERSION_*; 0 for the newest. */
    uint32_t version;
    /** The version of the SMC calling convention: 0x10000 to 0x10005; 0 for 1.1. From 1.3 on, bit
     *  16 of a function ID is a hint and is ignored. Which registers a call preserves is up to the
     *  embedder. */
    uint32_t smccc_version;
    uint32_t capabilities; /**< of enum vpsci_capability */
    uint32_t options;      /**< of enum vpsci_option */
    /** IDs of CPU_SUSPEND, CPU_OFF, CPU_ON and MIGRATE (enum vpsci_id_0_1) for version 0.1, which
     *  has none of its own; all zero for those of KVM, VPSCI_FID_0_1_KVM and the three that
     *  follow. */
    uint32_t ids_0_1[VPSCI_ID_0_1_COUNT];
    /** The low-power states, shallow ones first, up to VPSCI_STATE_MAX. NULL for a standby and a
     *  powerdown state of the core: 0 and 0x10000, or 0 and 0x40000000 in the extended format. */
    const struct vpsci_power_state *states;
    uint32_t state_count;
    /** The tree of power domains: domains[n - 1][i] is the lowest index of the vCPUs that share
     *  vCPU i's domain of level n. A NULL entry says that domains of that level follow the affinity
     *  fields: the vCPUs that agree in Aff3 to Aff<n>. Each domain lies within one of the next
     *  level. */
    const uint16_t *domains[VPSCI_LEVEL_MAX];
    enum vpsci_trusted_os trusted_os;
    /** Where a Trusted OS that lives on one core is at the start: an index into `mpidrs`. */
    uint32_t trusted_os_vcpu;
    /** Room for statistics: vpsci_statistics_size() bytes, aligned to VPSCI_ALIGNMENT, or NULL. */
    void *statistics;
    size_t statistics_size;
    const struct vpsci_ops *ops; /**< NULL: none */
    void *host;                  /**< handed to `ops` */
};

/** A guest's call, as its registers hold it. */
struct vpsci_guest_call {
    uint64_t function; /**< x0; the upper half does not matter */
    uint64_t args[3];  /**< x1 to x3 */
    bool aarch32;      /**< the caller is in AArch32 state */
    bool big_endian;   /**< its data accesses are big-endian: SCTLR_ELx.EE, or CPSR.E */
};

/** What a vCPU is to do now. */
enum vpsci_action {
    /** Run the guest: its registers are as they should be. */
    VPSCI_RUN = 0,
    /** Write x0, then run the guest. x1 to x3 carry no results; keep or clear them. */
    VPSCI_RETURN,
    /** Reset the vCPU, start it at `entry`. Handed out exactly once. */
    VPSCI_ENTER,
    /** Do not run. Call vpsci_next() again after a kick. */
    VPSCI_WAIT,
    /** As VPSCI_RETURN with NOT_SUPPORTED; but the ID is neither PSCI's nor one of the general
     *  calls, and an embedder that implements it may answer instead. */
    VPSCI_FOREIGN
};

/** Why a vCPU waits, and for what. */
enum vpsci_wait {
    VPSCI_WAIT_NOT = 0,
    VPSCI_WAIT_OFF,       /**< off: for CPU_ON */
    VPSCI_WAIT_FROZEN,    /**< off by CPU_FREEZE: for CPU_ON */
    VPSCI_WAIT_STARTING,  /**< for the host's answer to the CPU_ON that would start it */
    VPSCI_WAIT_STANDBY,   /**< in CPU_SUSPEND, context kept: for vpsci_wake() */
    VPSCI_WAIT_POWERDOWN, /**< in CPU_SUSPEND or CPU_DEFAULT_SUSPEND: for vpsci_wake() */
    VPSCI_WAIT_SUSPENDED, /**< in SYSTEM_SUSPEND, honoured: for vpsci_wake() */
    VPSCI_WAIT_HELD,      /**< put into VPSCI_MP_SUSPENDED by the host: for vpsci_wake() */
    VPSCI_WAIT_ANSWER,    /**< for vpsci_answer() to `request` */
    VPSCI_WAIT_STOPPED    /**< the system is stopping or has stopped: SYSTEM_OFF and its like */
};

/** Something that the host has to decide: `function` is VPSCI_FN_CPU_ON, MIGRATE, SYSTEM_SUSPEND,
 *  SYSTEM_OFF, SYSTEM_RESET, SYSTEM_RESET2 or SYSTEM_OFF2. */
struct vpsci_request {
    bool pending; /**< false: nothing to decide, the rest is undefined */
    enum vpsci_function function;
    struct vpsci_vcpu *vcpu;   /**< whose call it is; the argument of vpsci_answer() */
    struct vpsci_vcpu *target; /**< CPU_ON, MIGRATE: the other vCPU; else NULL */
    struct vpsci_ipa entry;    /**< CPU_ON, SYSTEM_SUSPEND: where it would start */
    uint64_t context;          /**< CPU_ON, SYSTEM_SUSPEND: the context ID */
    uint32_t type;             /**< SYSTEM_RESET2: reset_type; SYSTEM_OFF2: 1, HIBERNATE_OFF */
    uint64_t cookie;           /**< SYSTEM_RESET2: the cookie */
};

/** Where and how a vCPU starts (DEN0022, "Initial core configuration"): at the highest exception
 *  level that the guest has, MMU and caches off, all exceptions masked, x0 the context ID. */
struct vpsci_entry {
    struct vpsci_ipa address;
    uint64_t context;
    bool aarch32;    /**< in AArch32 state, as the caller was */
    bool thumb;      /**< T32; bit 0 of the address given is already cleared. AArch32 only */
    bool big_endian; /**< as the caller was: SCTLR_ELx.EE, or CPSR.E */
};

/**
 * What vpsci_call() and vpsci_next() say. `action`, `wait`, `ended`, `start` and `request.pending` are
 * always set. `x0`, `entry` and the rest of `request` are set only where they say so; otherwise they
 * are undefined: what was in memory before, or anything else.
 */
struct vpsci_outcome {
    enum vpsci_action action;
    enum vpsci_wait wait; /**< VPSCI_WAIT: why; else VPSCI_WAIT_NOT */
    /** VPSCI_ENTER and VPSCI_RETURN of vpsci_next(): which wait they end; else VPSCI_WAIT_NOT. It
     *  says which timers the vCPU has:
     *    OFF        a CPU_ON starts it: timers as after a reset
     *    POWERDOWN  CPU_SUSPEND: its timers went on meanwhile, and one may have ended the wait. If
     *               resetting the vCPU clears them, save them before and restore them after.
     *    SUSPENDED  SYSTEM_SUSPEND: timers as after a reset; the guest sets them again
     *    STANDBY    the guest continues, with all that it had
     *    ANSWER     its request was answered: the guest continues */
    enum vpsci_wait ended;
    uint64_t x0;              /**< VPSCI_RETURN, VPSCI_FOREIGN: the result; else undefined */
    struct vpsci_entry entry; /**< VPSCI_ENTER: where; else undefined */
    /** After a CPU_ON that was honoured at once: kick this vCPU, it has been told to start. Else
     *  NULL. */
    struct vpsci_vcpu *start;
    /** VPSCI_WAIT_ANSWER: what the caller waits for. VPSCI_WAIT_STOPPED: the system request, on the
     *  vCPU that made it and until it is answered. Else not pending. */
    struct vpsci_request request;
};

/* ---- A VM's memory, start and reset ------------------------------------------------------- */

/** Bytes of memory that vpsci_init() needs for this VM, a multiple of VPSCI_ALIGNMENT; 0 if its
 *  `size`, `vcpu_count` or `state_count` is out of range. Besides these it reads the table of
 *  states; the rest of the description may be given later. Any thread. */
size_t vpsci_size(const struct vpsci_config *config);

/** Bytes of memory that statistics need for that many vCPUs and entries in the table of states (2
 *  if there is no table), a multiple of VPSCI_ALIGNMENT; 0 if a number is out of range, or
 *  statistics are left out of this build. Any thread. */
size_t vpsci_statistics_size(uint32_t vcpu_count, uint32_t state_count);

/**
 * Makes a VM in `memory` (`size` bytes, aligned to VPSCI_ALIGNMENT): its boot vCPU is on, the
 * others are off, the suspend mode is platform-coordinated, MEM_PROTECT is off, all statistics are
 * zero. There is nothing to undo: to end a VM, use its memory for something else. Exclusive.
 *
 * @return 0, with *vm set; or, with *vm NULL:
 *   VPSCI_E_ARGUMENT  a null pointer; `size` that of no version of the struct, or larger than this
 *                     version of the library knows and with something in the rest that is not
 *                     zero; `vcpu_count`, `boot_vcpu`, `trusted_os`, `trusted_os_vcpu` or
 *                     `state_count` out of range; unknown bits in `options`; capabilities that are
 *                     unknown, or left out of this build (docs/embedding.md, "Building"); `ids_0_1`
 *                     not all different; memory or statistics misaligned
 *   VPSCI_E_MEMORY    memory or statistics too small
 *   VPSCI_E_MPIDR     see there
 *   VPSCI_E_STATES    an entry of `states` or of `domains` breaks a rule given there, or domains
 *                     above the core are left out of this build
 *   VPSCI_E_VERSION   `version` or `smccc_version` does not exist
 */
int vpsci_init(void *memory, size_t size, const struct vpsci_config *config, struct vpsci_vm **vm);

/**
 * Puts every vCPU back as vpsci_init() left it, after the embedder has reset the machine: the boot
 * vCPU is on (the embedder sets its registers), the others are off, all waits and requests are
 * forgotten, statistics are zero. The version of PSCI stays; so does MEM_PROTECT, unless the reset
 * was a SYSTEM_RESET2 (inferred from TF-A). The Trusted OS is where it started. Exclusive.
 */
void vpsci_reset(struct vpsci_vm *vm);

/** The vCPU with this index, or NULL. Any thread. */
struct vpsci_vcpu *vpsci_vcpu_at(struct vpsci_vm *vm, uint32_t index);

/** The vCPU of this name, or NULL. The cost does not depend on how many there are. Any thread. */
struct vpsci_vcpu *vpsci_find(struct vpsci_vm *vm, struct vpsci_mpidr mpidr);

/** The vCPU's index: its place in `mpidrs`, and what vpsci_vcpu_at() takes. Any thread. */
uint32_t vpsci_vcpu_index(const struct vpsci_vcpu *vcpu);

/** The vCPU's name, as the configuration gave it and as vpsci_find() takes it. Any thread. */
struct vpsci_mpidr vpsci_vcpu_mpidr(const struct vpsci_vcpu *vcpu);

/** The version of PSCI in force, as PSCI_VERSION and KVM_REG_ARM_PSCI_VERSION encode it. Any
 * thread. */
uint32_t vpsci_version(const struct vpsci_vm *vm);

/**
 * Pins the version, as a write of KVM_REG_ARM_PSCI_VERSION does. A guest may
 * rely on the version that it has read: set it before the guest runs. Any thread.
 *
 * @return 0, or VPSCI_E_VERSION, with nothing changed.
 */
int vpsci_version_set(struct vpsci_vm *vm, uint32_t version);

/* ---- Running vCPUs ------------------------------------------------------------------------ */

/**
 * Carries out a guest's call as PSCI specifies, and says what the vCPU has to do next:
 *
 *   VPSCI_RETURN   the call is over; x0 is its result. Error codes are sign-extended to 64 bits for
 *                  either width, other results of SMC32 calls zero-extended.
 *   VPSCI_FOREIGN  the call is not one of the library's; x0 is NOT_SUPPORTED
 *   VPSCI_WAIT     the vCPU must not continue:
 *     WAIT_OFF, WAIT_FROZEN         CPU_OFF, CPU_FREEZE
 *     WAIT_STANDBY, WAIT_POWERDOWN  CPU_SUSPEND, CPU_DEFAULT_SUSPEND. If an interrupt that is to
 *                                   wake the vCPU is pending already, call vpsci_wake() now.
 *     WAIT_ANSWER    SYSTEM_SUSPEND, MIGRATE, and CPU_ON with VPSCI_OPTION_ASK_CPU_ON: decide
 *                    out->request, at once or later, with vpsci_answer()
 *     WAIT_STOPPED   SYSTEM_OFF, SYSTEM_RESET, SYSTEM_RESET2, SYSTEM_OFF2: kick every vCPU, whose
 *                    vpsci_next() now says WAIT_STOPPED as well, then decide out->request. It
 *                    is not pending if another vCPU's system request is undecided or was honoured.
 *
 * The action is never VPSCI_RUN or VPSCI_ENTER. A vCPU to which vpsci_next() says WAIT, RETURN or
 * ENTER is not running and cannot make calls: then nothing else happens, and the outcome is that of
 * vpsci_next(). (A call is carried out if the vCPU has not yet noticed that the system is
 * stopping.) Owner.
 *
 * The guest's registers other than x0 stay unchanged until an outcome says otherwise, so that a
 * refused call leaves no trace.
 */
void vpsci_call(struct vpsci_vcpu *vcpu, const struct vpsci_guest_call *call,
                struct vpsci_outcome *out);

/** How much of a call vpsci_call() reads. For embedders that need a system call to read a register
 *  of a guest. */
struct vpsci_function_info {
    uint8_t arguments; /**< how many of args[0] and on: 0 to 3 */
    bool starts_core;  /**< it gives an entry point; `big_endian` says how that starts */
    /** CPU_SUSPEND: only if vpsci_needs_entry() says so of args[0]; otherwise only args[0] is
     *  read, and `big_endian` is not. */
    bool by_power_state;
};

/**
 * How much vpsci_call() reads of a call of the function ID `function`; what it does not read may
 * hold any value. For an ID that is not the library's, *info says all arguments, because the
 * embedder may answer the call itself. Any thread.
 *
 * @return whether the ID is PSCI's, or that of a general call that the library answers.
 */
bool vpsci_describe_function(const struct vpsci_vm *vm, uint32_t function,
                             struct vpsci_function_info *info);

/** Whether a CPU_SUSPEND with this `power_state` loses the core's context, and so needs an entry
 *  point. Returns false also for a value that is not valid for the VM. Any thread. */
bool vpsci_needs_entry(const struct vpsci_vm *vm, uint32_t power_state);

/**
 * Says what this vCPU has to do now. Call it before every entry into the guest, or at least after
 * every kick. VPSCI_RETURN and VPSCI_ENTER are handed out once: they end a wait, the vCPU counts as
 * running from then on, and the embedder has to carry them out. VPSCI_RUN and VPSCI_WAIT change
 * nothing and are repeated by each further call. Owner.
 */
void vpsci_next(struct vpsci_vcpu *vcpu, struct vpsci_outcome *out);

/**
 * Wakes a vCPU, because of an interrupt for it or for any other reason that the host has. Ends
 * CPU_SUSPEND, CPU_DEFAULT_SUSPEND, SYSTEM_SUSPEND and VPSCI_MP_SUSPENDED. A wake that comes while
 * the host decides a SYSTEM_SUSPEND is kept: if the host honours the call, the sleep ends at once.
 * A vCPU that is running, off or starting is not affected and does not remember the wake. To find
 * a wake that came before the call, look at pending interrupts after it, as vpsci_call() says. Any
 * thread.
 *
 * @return true if the vCPU was waiting for it and its owner must be kicked. False also if the vCPU
 * had been woken already, and for a wake that is kept.
 */
bool vpsci_wake(struct vpsci_vcpu *vcpu);

/**
 * Answers the pending request of `vcpu`, once, at any time after vpsci_call() returned. The owner
 * of `vcpu` then has to be kicked (all owners, if the system was stopped). Any thread.
 *
 * @param result VPSCI_SUCCESS honours it:
 *   CPU_ON           the target is pending: kick it too; the caller gets SUCCESS
 *   MIGRATE          the Trusted OS is now on the target; the caller gets SUCCESS
 *   SYSTEM_SUSPEND   the caller sleeps until vpsci_wake(), then starts at the entry
 *   the others       the system has stopped; the embedder ends the VM, or resets it and calls
 *                    vpsci_reset(). Honouring a SYSTEM_RESET2 turns MEM_PROTECT off.
 * An error code refuses it: the caller gets the code and continues with all else unchanged, the
 * target of a CPU_ON is off (or frozen) again, and a system that was stopping continues.
 *
 * @return 0, or
 *   VPSCI_E_ARGUMENT  `result` is not one of enum vpsci_result
 *   VPSCI_E_STATE     nothing is pending: it was answered, or the VM was reset
 */
int vpsci_answer(struct vpsci_vcpu *vcpu, enum vpsci_result result);

/** The request of `vcpu` that waits for an answer, in *request; also after vpsci_restore().
 *  @return request->pending. Any thread. */
bool vpsci_pending_request(struct vpsci_vcpu *vcpu, struct vpsci_request *request);

/* ---- The host's view ---------------------------------------------------------------------- */

/** Power states of a vCPU, in more detail than a guest can see. */
enum vpsci_state {
    VPSCI_STATE_OFF = 0,
    VPSCI_STATE_FROZEN,     /**< off, by CPU_FREEZE */
    VPSCI_STATE_STARTING,   /**< CPU_ON is being decided by the host */
    VPSCI_STATE_ON_PENDING, /**< CPU_ON accepted, not yet running */
    VPSCI_STATE_ON,
    VPSCI_STATE_STANDBY,           /**< CPU_SUSPEND, context kept */
    VPSCI_STATE_POWERDOWN,         /**< CPU_SUSPEND, to start at its entry */
    VPSCI_STATE_SUSPEND_REQUESTED, /**< SYSTEM_SUSPEND is being decided by the host */
    VPSCI_STATE_SUSPENDED,         /**< SYSTEM_SUSPEND, honoured */
    VPSCI_STATE_HELD,              /**< VPSCI_MP_SUSPENDED, by the host */
    VPSCI_STATE_ASKING             /**< on, waiting for an answer to CPU_ON or MIGRATE */
};

/** A vCPU's state. A vCPU that has been woken or answered is ON even before its vpsci_next(). Any
 *  thread. */
enum vpsci_state vpsci_vcpu_state(const struct vpsci_vcpu *vcpu);

/** Where the system as a whole is. */
enum vpsci_system {
    VPSCI_SYSTEM_RUNNING = 0,
    VPSCI_SYSTEM_STOPPING, /**< all vCPUs are to stop; the request is being decided */
    VPSCI_SYSTEM_STOPPED   /**< the request was honoured: off, or to be reset */
};

/** Where the system is now. It changes from RUNNING to STOPPING by a guest's call, and from there
 *  to either of the others by vpsci_answer(); vpsci_reset() and vpsci_restore() set it too. Any
 *  thread. */
enum vpsci_system vpsci_system_state(const struct vpsci_vm *vm);

/** How many vCPUs are not off: which SYSTEM_SUSPEND requires to be 1. Any thread. */
uint32_t vpsci_on_count(const struct vpsci_vm *vm);

/** Whether MEM_PROTECT is on. If so, the embedder has to clear the memory after SYSTEM_RESET,
 *  SYSTEM_OFF or the end of the VM, before anything else can run in it. Any thread. */
bool vpsci_mem_protect(const struct vpsci_vm *vm);

/** KVM's names and numbers for a vCPU's multiprocessing state (KVM_GET_MP_STATE). */
enum vpsci_mp_state { VPSCI_MP_RUNNABLE = 0, VPSCI_MP_STOPPED = 5, VPSCI_MP_SUSPENDED = 10 };

/**
 * The MP state with which the vCPU does in KVM_RUN what an outcome of vpsci_call() or vpsci_next()
 * says: RUNNABLE to run; SUSPENDED for waits that vpsci_wake() ends, in which KVM_RUN looks for
 * interrupts; STOPPED for all other waits. It follows from the outcome alone. If the vCPU's state
 * has changed since, its owner has been kicked, and KVM_RUN returns. Any thread.
 */
enum vpsci_mp_state vpsci_outcome_mp_state(const struct vpsci_outcome *outcome);

/**
 * What KVM_GET_MP_STATE is to report of the vCPU at this moment: STOPPED if it is off
 * (also while the host decides on its CPU_ON), or if the system is stopping or stopped; SUSPENDED
 * if it waits for vpsci_wake(); else RUNNABLE, also while a CPU_ON is pending or its own request is
 * undecided. For management and diagnosis; never set it before KVM_RUN: a CPU_ON may have come
 * since vpsci_next(), and RUNNABLE would let the vCPU run where it was turned off. Any thread.
 */
enum vpsci_mp_state vpsci_mp_state_get(const struct vpsci_vcpu *vcpu);

/**
 * Sets the MP state by the host's decision, not by the guest's:
 *   VPSCI_MP_STOPPED    the vCPU is off, as after CPU_OFF; a pending entry is forgotten.
 *                       One that is off, or frozen, stays so.
 *   VPSCI_MP_RUNNABLE   one that was off is on, and runs with the registers that the embedder gives
 *                       it; one that waits for vpsci_wake() is woken; else nothing changes
 *   VPSCI_MP_SUSPENDED  one that runs waits (VPSCI_WAIT_HELD) until vpsci_wake(), then continues;
 *                       one that was off does the same; one that waits for vpsci_wake() already
 *                       continues to wait. VPSCI_E_STATE if vpsci_next() has an entry or a result
 *                       to hand out.
 * Owner: the vCPU's thread, or one that has stopped it.
 *
 * @return 0, or, with nothing changed,
 *   VPSCI_E_ARGUMENT  no such state
 *   VPSCI_E_BUSY      the vCPU waits for an answer, or its CPU_ON does; or the system is stopping
 *                     or stopped
 *   VPSCI_E_STATE     see above
 */
int vpsci_mp_state_set(struct vpsci_vcpu *vcpu, enum vpsci_mp_state state);

/* ---- Save and restore --------------------------------------------------------------------- */

/** Bytes that vpsci_save() writes. Any thread. */
size_t vpsci_save_size(const struct vpsci_vm *vm);

/**
 * Writes all that the library knows of a VM: states of all vCPUs, pending entries, undecided
 * requests, wakes that are kept, a reset in progress, statistics, version and modes. The record
 * has a version and a checksum and is the same on machines of either endianness. It holds the
 * state at one moment, even if other threads call the library meanwhile. Any thread.
 *
 * @return the number of bytes, or
 *   VPSCI_E_MEMORY  `size` is below vpsci_save_size()
 *   VPSCI_E_BUSY    an owner is inside the library right now, half way through a change. Its
 *                   registers could not be saved either: stop the vCPUs, then save.
 */
ptrdiff_t vpsci_save(const struct vpsci_vm *vm, void *buffer, size_t size);

/**
 * Puts a VM that vpsci_init() made with the same vCPUs, power states and domains into the state
 * that was saved. The record may come from an older version of the library, and from any
 * source: it is checked in full before anything is changed. Capabilities, options and the calling
 * convention's version are the configuration's; a record that needs a capability which
 * is off is a mismatch. Statistics are restored if both VMs have them. Exclusive.
 *
 * @return 0, or, with nothing changed, VPSCI_E_TRUNCATED, VPSCI_E_MAGIC, VPSCI_E_NEWER,
 *   VPSCI_E_CHECKSUM, VPSCI_E_MISMATCH, VPSCI_E_IMPOSSIBLE
 */
int vpsci_restore(struct vpsci_vm *vm, const void *record, size_t size);

/* ---- Words for people --------------------------------------------------------------------- */

/** What an enum vpsci_error means, in English; never NULL. Any thread. */
const char *vpsci_error_text(int error);

/** The version of the library that is running, encoded as VPSCI_LIBRARY_VERSION. Any thread. */
uint32_t vpsci_library_version(void);

/** "CPU_ON" and the like for a function ID of PSCI of either width, of KVM's for version 0.1, or of
 *  a general call that the library answers; else NULL. Any thread. */
const char *vpsci_function_name(uint32_t id);

/** What a result of the function with this ID means: "SUCCESS", "DENIED"; of AFFINITY_INFO "ON",
 *  "OFF", "ON_PENDING"; and the like. NULL for a number, such as a count or a version. Any thread. */
const char *vpsci_result_name(uint32_t id, int64_t result);

/** "off", "powerdown" and the like for each enumerator, else NULL. Any thread. */
const char *vpsci_action_name(enum vpsci_action action);
const char *vpsci_wait_name(enum vpsci_wait wait);
const char *vpsci_state_name(enum vpsci_state state);
const char *vpsci_system_name(enum vpsci_system system);

#ifdef __cplusplus
}
#endif
#endif
