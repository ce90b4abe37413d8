/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PSCI firmware at EL3 of QEMU's `virt` with secure=on, for tests of hyp: libvpsci decides, and a core
 * that goes down really loses what it has. On serial line 2, which is the secure one, it says at the
 * end what it was asked for.
 */
#include "board.h"
#include "lose.h"
#include "vpsci/vpsci.h"

enum { MEMORY_SIZE = 16384, MACHINE_TREE = 0x40000000, HYP = 0x40400000 };

/* SPSR_EL3: EL2h, DAIF masked. SCR_EL3: NS, FIQ, RES1, HCE, RW, APK, API. */
#define SPSR_EL2H UINT64_C(0x3c9)
#define SCR_VALUE UINT64_C(0x30535)

/* ESR_EL3.EC of an SMC of AArch64. */
enum { CLASS_SHIFT = 26, CLASS_SMC = 0x17 };

struct frame {
    uint64_t x[31];
    uint64_t pc;
    uint64_t pstate;
    uint64_t unused;
};

_Static_assert(sizeof(struct frame) == 272, "start.S");

void firmware_begin(struct frame *frame, unsigned core);
void firmware_take_call(struct frame *frame);
void firmware_take_kick(struct frame *frame);
_Noreturn void firmware_fault(uint64_t esr, uint64_t pc);

static struct vpsci_vm *firmware_vm;
static char firmware_memory[MEMORY_SIZE] __attribute__((aligned(VPSCI_ALIGNMENT)));
static uint32_t firmware_is_ready;
static struct {
    uint32_t powerdowns;
    uint32_t starts;
    uint32_t system_suspends;
} firmware_counts;

static struct vpsci_vcpu *firmware_self(void)
{
    return vpsci_vcpu_at(firmware_vm, board_core());
}

static void firmware_report(void)
{
    board_say("powerdowns", firmware_counts.powerdowns);
    board_say("starts", firmware_counts.starts);
    board_say("system suspends", firmware_counts.system_suspends);
}

static void firmware_count(enum vpsci_wait ended)
{
    uint32_t *count = ended == VPSCI_WAIT_POWERDOWN   ? &firmware_counts.powerdowns
                      : ended == VPSCI_WAIT_SUSPENDED ? &firmware_counts.system_suspends
                                                      : &firmware_counts.starts;

    __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
}

static void firmware_answer(const struct vpsci_request *request)
{
    vpsci_answer(request->vcpu, VPSCI_SUCCESS);
    if (request->function == VPSCI_FN_SYSTEM_SUSPEND) {
        return;
    }
    firmware_report();
    board_end(request->function != VPSCI_FN_SYSTEM_OFF);
}

/* What wakes the core is pending at its CPU interface, and ends WFI, or was there before. */
static void firmware_wait(const struct vpsci_outcome *out)
{
    if (out->request.pending) {
        firmware_answer(&out->request);
        return;
    }
    if (vpsci_outcome_mp_state(out) != VPSCI_MP_SUSPENDED) {
        board_wait_for_kick();
    } else if (board_wait()) {
        vpsci_wake(firmware_self());
    }
}

static void firmware_enter(struct frame *frame, const struct vpsci_outcome *out)
{
    firmware_count(out->ended);
    lose_all();
    for (unsigned i = 1; i < 31; i++) {
        frame->x[i] = LOST;
    }
    frame->x[0] = out->entry.context;
    frame->pc = out->entry.address.value;
    frame->pstate = SPSR_EL2H;
}

/* Returns true if the core goes on at EL2. */
static bool firmware_apply(struct frame *frame, const struct vpsci_outcome *out)
{
    if (out->start != NULL) {
        board_kick(vpsci_vcpu_index(out->start));
    }
    switch (out->action) {
    case VPSCI_RUN:
        return true;
    case VPSCI_RETURN:
    case VPSCI_FOREIGN:
        frame->x[0] = out->x0;
        return true;
    case VPSCI_ENTER:
        firmware_enter(frame, out);
        return true;
    default:
        firmware_wait(out);
        return false;
    }
}

static void firmware_go_on(struct frame *frame)
{
    struct vpsci_outcome out;

    do {
        board_take_kick();
        vpsci_next(firmware_self(), &out);
    } while (!firmware_apply(frame, &out));
}

void firmware_take_call(struct frame *frame)
{
    struct vpsci_guest_call call = {.function = frame->x[0],
                                    .args = {frame->x[1], frame->x[2], frame->x[3]}};
    struct vpsci_outcome out;
    uint64_t esr = board_exception();

    if (esr >> CLASS_SHIFT != CLASS_SMC) {
        firmware_fault(esr, frame->pc);
    }
    vpsci_call(firmware_self(), &call, &out);
    if (!firmware_apply(frame, &out)) {
        firmware_go_on(frame);
    }
}

/* It came too late, or for nothing. */
void firmware_take_kick(struct frame *frame)
{
    (void)frame;
    board_take_kick();
}

_Noreturn void firmware_fault(uint64_t esr, uint64_t pc)
{
    board_say("fault at EL3: core", board_core());
    board_say("class", esr >> CLASS_SHIFT);
    board_say("pc", pc);
    board_end(false);
    for (;;) {
    }
}

static void firmware_create(unsigned count)
{
    struct vpsci_mpidr mpidrs[BOARD_CORES];
    struct vpsci_config config = {.size = sizeof(config),
                                  .vcpu_count = count,
                                  .mpidrs = mpidrs,
                                  .capabilities = VPSCI_CAP_SYSTEM_SUSPEND};

    for (unsigned i = 0; i < count; i++) {
        mpidrs[i].value = i;
    }
    if (vpsci_init(firmware_memory, sizeof(firmware_memory), &config, &firmware_vm) != 0) {
        firmware_fault(0, 0);
    }
}

void firmware_begin(struct frame *frame, unsigned core)
{
    if (core == 0) {
        firmware_create(board_start());
        __atomic_store_n(&firmware_is_ready, 1, __ATOMIC_RELEASE);
    }
    while (__atomic_load_n(&firmware_is_ready, __ATOMIC_ACQUIRE) == 0) {
    }
    board_start_core(SCR_VALUE);
    if (core == 0) {
        lose_all();
        *frame = (struct frame){.x = {MACHINE_TREE}, .pc = HYP, .pstate = SPSR_EL2H};
    } else {
        firmware_go_on(frame);
    }
}
