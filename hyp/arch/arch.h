/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What core/ asks of the processor. arch/ does it on arm64 at EL2; arch/fake/ does it in a program
 * on the build machine, for unit tests. A vCPU has a physical core of its own, so its EL1 and FP
 * registers stay in that core while hyp runs: hyp saves only what it overwrites.
 */
#ifndef HYP_ARCH_H
#define HYP_ARCH_H

#include <stdbool.h>
#include <stdint.h>

/* The guest's registers that hyp overwrites. enter.S knows the offsets. */
struct arch_frame {
    uint64_t x[31];
    uint64_t pc;
    uint64_t pstate;
};

/* Why a guest stopped running. */
enum arch_exit_kind {
    ARCH_EXIT_INTERRUPT, /* a physical interrupt is pending */
    ARCH_EXIT_CALLED,    /* hyp_call() has carried a call out, and the guest has to wait */
    ARCH_EXIT_HVC,
    ARCH_EXIT_SMC,
    ARCH_EXIT_DATA_ABORT,  /* at stage 2 */
    ARCH_EXIT_FETCH_ABORT, /* at stage 2 */
    ARCH_EXIT_SYSREG,      /* a trapped system register access */
    ARCH_EXIT_OTHER
};

struct arch_exit {
    enum arch_exit_kind kind;
    uint64_t esr; /* ESR_EL2 */
    uint64_t va;  /* FAR_EL2, of aborts */
    uint64_t ipa; /* of aborts, all bits */
};

/* ---- Running a guest: all for the calling core ---- */

/* Enters the guest, and returns when it stops. pc is the instruction to continue at; for a HVC it
 * is the one after it, for all others the one that trapped. */
void arch_run(struct arch_frame *frame, struct arch_exit *exit);
/* Sets every register of the guest as DEN0022 6.4 requires for a core that starts: EL1h, MMU and
 * caches off, interrupts masked, x0 = context, pc = entry. Its timers stay as they are. */
void arch_reset_vcpu(struct arch_frame *frame, uint64_t entry, uint64_t context, bool big_endian);
/* Turns the guest's timers off, as after a reset. Not at the end of a CPU_SUSPEND, in which they go
 * on. */
void arch_stop_timers(void);
/* Ends profiling, trace and branch records of the guest: what they have buffered is in its memory
 * afterwards, and nothing follows. */
void arch_stop_tracing(void);
/* The guest's data accesses are big-endian (SCTLR_EL1.EE). */
bool arch_guest_is_big_endian(void);
/* Gives the guest a synchronous external abort for the exit's access, as for an address without a
 * device. */
void arch_inject_abort(struct arch_frame *frame, const struct arch_exit *exit);
/* Gives the guest an undefined-instruction exception. */
void arch_inject_undefined(struct arch_frame *frame);
/* Makes this core ready for a guest (all of EL2 that booting.rst names), with these stage 2 tables and
 * this VMID from now on; mpidr is what the guest reads in MPIDR_EL1. */
void arch_use_vm(uint64_t stage2_root, unsigned vmid, uint64_t mpidr);
/* A bit, by INTID, for each of the guest's timers that is due and not masked. */
uint32_t arch_due_timers(void);

/* ---- Cores ---- */

unsigned arch_core_count(void);          /* of the board's list: those that may exist */
unsigned arch_core(void);                /* the calling core's index in the board's list */
uint64_t arch_core_mpidr(unsigned core); /* the physical one: affinity fields only */
/* Waits until a physical interrupt is pending for this core, enabled at the GIC; interrupts stay
 * masked. May return earlier. */
void arch_wait(void);
/* How deep a core may sleep whose vCPU does not go on but starts anew. */
enum arch_sleep {
    ARCH_SLEEP_CORE,  /* any interrupt that is enabled at the GIC ends it */
    ARCH_SLEEP_OFF,   /* only a kick and hyp's own timer need to end it */
    ARCH_SLEEP_SYSTEM /* as CORE; the machine sleeps if all other cores are off */
};
/* As arch_wait(), but the guest's registers may be lost, other than its timers. */
void arch_sleep(enum arch_sleep depth);
/* Makes arch_run(), arch_wait() and arch_sleep() of another core return. */
void arch_kick(unsigned core);
/* Starts another core, which calls hyp_core_main(). Returns the firmware's result, 0 for success. */
int64_t arch_start_core(unsigned core);

/* What core/ has for arch/: where the first core begins, with the machine's device tree, and where the
 * others do; and a short way for calls. */
void hyp_main(const void *tree);
/* A call by HVC or SMC of an AArch64 guest, in the middle of arch_run(), with x0 to x18, x29 and x30 in
 * the frame. Returns true if the guest continues at once. */
bool hyp_call(struct arch_frame *frame, uint64_t esr);
void hyp_core_main(void);

struct arch_lock {
    uint32_t owner; /* arch/'s own: a ticket lock */
    uint32_t next;
};

void arch_lock(struct arch_lock *lock);
void arch_unlock(struct arch_lock *lock);

/* ---- Time ---- */

uint64_t arch_now(void);       /* CNTPCT_EL0; the guests' CNTVOFF_EL2 is 0 */
uint64_t arch_frequency(void); /* in Hz */
uint64_t arch_date(void);      /* of the machine's clock, in seconds since 1970; 0 without one */
/* hyp's own timer of this core, CNTHP: arch_wait() and arch_run() return at this count at the
 * latest. UINT64_MAX turns it off. */
void arch_set_deadline(uint64_t count);

/* ---- Memory and devices, by physical address ---- */

#define ARCH_MEMORY_END (UINT64_C(1) << 39) /* RAM from here on is not mapped */

uint64_t arch_image(uint64_t *size);              /* where hyp itself is */
void arch_map_memory(uint64_t pa, uint64_t size); /* RAM, write-back; before other cores start */
void *arch_memory(uint64_t pa);                   /* of RAM that is mapped */
uint8_t arch_read8(uint64_t pa);
uint32_t arch_read32(uint64_t pa);
uint64_t arch_read64(uint64_t pa);
void arch_write8(uint64_t pa, uint8_t value);
void arch_write32(uint64_t pa, uint32_t value);
void arch_write64(uint64_t pa, uint64_t value);
/* Makes what EL2 wrote visible to a guest whose MMU and caches are off, and to its fetches. */
void arch_clean(const void *address, uint64_t size);
/* After a change of stage 2 tables, or of guest memory by a reset: TLBs and instruction caches of the
 * calling core's VM, on all cores. */
void arch_forget_stage2(void);

/* ---- The GIC (GICv3, IHI0069) ---- */

/* The interrupts of each core that are hyp's own. No device uses ARCH_INTID_KICK. */
enum { ARCH_INTID_VIRTUAL_TIMER = 27, ARCH_INTID_PHYSICAL_TIMER = 30 }; /* the guest's */
enum { ARCH_INTID_KICK = 16, ARCH_INTID_MAINTENANCE = 25, ARCH_INTID_TIMER = 26 };

uint64_t arch_gic_distributor(void);            /* its registers, by physical address */
uint64_t arch_gic_redistributor(unsigned core); /* its two frames of 64 KiB; 0: no such core */

/* ---- The CPU interface and the list registers of this core ---- */

/* Brings up what all cores share, once and before other cores start; and what the calling core has. */
void arch_gic_start_machine(void);
void arch_gic_start_core(void);

uint32_t arch_gic_acknowledge(void);         /* ICC_IAR1_EL1 */
void arch_gic_drop(uint32_t intid);          /* ICC_EOIR1_EL1: priority drop only (EOImode 1) */
void arch_gic_deactivate(uint32_t intid);    /* ICC_DIR_EL1 */
void arch_gic_send(uint64_t sgi1r);          /* ICC_SGI1R_EL1 */
unsigned arch_gic_list_count(void);          /* how many list registers there are */
uint64_t arch_gic_list_read(unsigned index); /* ICH_LR<n>_EL2 */
void arch_gic_list_write(unsigned index, uint64_t value);
uint32_t arch_gic_read_hcr(void); /* ICH_HCR_EL2 */
void arch_gic_write_hcr(uint32_t value);
uint32_t arch_gic_read_vmcr(void); /* ICH_VMCR_EL2: the guest's PMR and group enables */
void arch_gic_write_vmcr(uint32_t value);
uint32_t arch_gic_empty_lists(void);         /* ICH_ELRSR_EL2 */
void arch_gic_clear_active_priorities(void); /* ICH_AP0R/AP1R, of a core that is reset */
/* The priority of the guest's most urgent active interrupt, by ICH_AP0R/AP1R; 0x100 if it has none. */
unsigned arch_gic_running_priority(void);

/* ---- Firmware below hyp: SMC, or HVC without EL3 ---- */

struct arch_smc_result {
    uint64_t x[4];
};

void arch_firmware(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3,
                   struct arch_smc_result *result);

/* ---- Messages for people, on hyp's UART ---- */

void arch_put(char c);
/* Prints what is known of this core, and stops it for good. */
__attribute__((noreturn)) void arch_stop(const char *reason);

#endif
