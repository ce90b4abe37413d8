/* SPDX-License-Identifier: BSD-2-Clause */
#include "hand.h"

#include <stddef.h>

#include "entry_state.h"
#include "gic.h"
#include "layout.h"
#include "psci.h"
#include "script_stack.h"
#include "state.h"
#include "sve.h"
#include "timer.h"
#include "wake.h"
#include "watchdog.h"

enum {
    FIRST_PRESERVED_1_1 = 4,
    FIRST_PRESERVED_1_0 = 18,
    LINK_REGISTER = 30,
    INSTRUCTION_SIZE = 4,
    VECTORS_EVERY = 16
};

/* How often an idle core checks the watchdog, in microseconds. */
enum { WATCHDOG_EVERY = 5000000 };

struct hand hands[CPU_MAX];

static bool convention_is_1_0;
/* The core that carries the script, and the one that hand_carry() gives it to next. */
static struct hand *carrier;
static struct hand *next_carrier;

struct hand *hand_self(void)
{
    return &hands[smp_self() - cpus];
}

bool hand_carries(uint64_t mpidr)
{
    return carrier != NULL && ((carrier->cpu->mpidr ^ mpidr) & MPIDR_AFFINITY) == 0;
}

/* ---- Making a call ------------------------------------------------------------------------ */

/* After CPU_OFF and CPU_FREEZE a core starts from the beginning; after any other call it
 * continues behind the call. */
static bool comes_back(uint64_t function)
{
    uint32_t id = (uint32_t)function;

    return id != FID32(FN_CPU_OFF) && id != FID32(FN_CPU_FREEZE);
}

static void hand_prepare_call(const struct guest_call *call, struct psci_call *made)
{
    psci_prepare(made, (uint32_t)call->function, call->args[0], call->args[1], call->args[2]);
    made->in[0] = call->function;
    made->resumes = comes_back(call->function);
    if (call->big_endian) {
        made->sctlr |= SCTLR_EE;
    }
}

static void hand_wait_until(uint64_t counter)
{
    while (timer_now(TIMER_VIRTUAL) < counter) {
    }
}

/* x4 to x17 are unpredictable in SMCCC 1.0 (2.5). */
static void forgive_registers(struct psci_call *made)
{
    for (unsigned i = FIRST_PRESERVED_1_1; i < FIRST_PRESERVED_1_0; i++) {
        made->out[i] = made->in[i];
    }
}

static void note_return(struct psci_call *made, struct event *event)
{
    if (convention_is_1_0) {
        forgive_registers(made);
    }
    *event = (struct event){
        .kind = EVENT_RETURNED, .x0 = made->out[0], .trouble = psci_registers_problem(made)};
}

static void note_entry(const struct cpu *cpu, bool big_endian, struct event *event)
{
    const struct entry_state *found = &cpu->entry;

    *event = (struct event){
        .kind = EVENT_ENTERED,
        .entry = {.address = found->x[LINK_REGISTER] - INSTRUCTION_SIZE,
                  .context = found->x[0],
                  .big_endian = entry_is_big_endian(found)},
        .trouble = entry_problem(found, big_endian),
    };
}

/* True: it returned. */
static bool hand_call_now(struct hand *hand, struct event *event)
{
    struct psci_call made;

    hand_prepare_call(&hand->call, &made);
    hand_wait_until(hand->not_before);
    smp_barrier();
    hand->taken = hand->orders;
    if (psci_call(&made)) {
        wake_enable();
        sve_prepare();
        note_entry(hand->cpu, hand->call.big_endian, event);
        return false;
    }
    note_return(&made, event);
    return true;
}

/* The SVE state is large, so there is room for one core's: it is checked in some of the
 * carrier's calls. */
static struct sve_state vectors_before;
static struct sve_state vectors_after;
static bool has_vectors;

static bool looks_at_vectors(const struct hand *hand)
{
    static unsigned calls;

    return has_vectors && hand == carrier && calls++ % VECTORS_EVERY == 0;
}

static const char *find_difference(const struct core_state *before, bool with_vectors)
{
    struct core_state after;
    const char *difference;

    state_read_core(&after);
    difference = state_difference(before, &after);
    if (difference == NULL && with_vectors) {
        sve_read(&vectors_after);
        difference = sve_difference(&vectors_before, &vectors_after);
    }
    return difference;
}

/* Sets all registers that are checked to known values before the call, and compares them after
 * it. */
static void hand_make_call(struct hand *hand, struct event *event)
{
    struct core_state before;
    bool with_vectors = looks_at_vectors(hand);

    state_fill_fp(hand->orders | 1);
    if (with_vectors) {
        sve_fill(&vectors_before, hand->orders | 1);
    }
    if (hand->alarm != 0) {
        timer_arm(TIMER_VIRTUAL, timer_now(TIMER_VIRTUAL) + hand->alarm);
    }
    state_read_core(&before);
    if (hand_call_now(hand, event) && event->trouble == NULL) {
        event->trouble = find_difference(&before, with_vectors);
    }
    wake_quiet();
}

static void hand_publish(struct hand *hand, const struct event *event)
{
    hand->event = *event;
    smp_barrier();
    hand->events++;
    wake_others();
}

/* ---- A core's life ------------------------------------------------------------------------ */

/*
 * The ring comes after the order. A core that sees the order early waits for its ring; otherwise
 * the call that it makes next could find the ring pending.
 */
static void wait_for_order(const struct hand *hand)
{
    while (hand->orders == hand->served) {
        watchdog_look();
        wake_sleep(WATCHDOG_EVERY);
    }
    smp_barrier();
    if (hand->rung) {
        wake_answer_ring();
    }
}

static void hand_order(struct hand *hand, enum order order)
{
    bool rings = hand != hand_self() && wake_can_ring(hand->cpu);

    hand->order = order;
    hand->rung = rings;
    smp_barrier();
    hand->orders++;
    wake_others();
    if (rings) {
        wake_ring(hand->cpu);
    }
}

/* Returns when another core is to carry the script. That core may be told only now, when the
 * script has left this one. */
static void hand_carry(void)
{
    script_carry();
    hand_order(next_carrier, ORDER_CARRY);
}

__attribute__((noreturn)) static void hand_serve(struct hand *hand)
{
    struct event event;

    for (;;) {
        wait_for_order(hand);
        hand->served = hand->orders;
        if (hand->order == ORDER_CARRY) {
            carrier = hand;
            hand_carry();
            continue;
        }
        hand_make_call(hand, &event);
        hand_publish(hand, &event);
    }
}

/* A core arrives here by CPU_ON, or because a server by mistake started it a second time. */
static void hand_arrive(struct cpu *cpu)
{
    struct hand *hand = &hands[cpu - cpus];
    struct event event;

    note_entry(cpu, hand->starts_big_endian, &event);
    gic_init();
    wake_enable();
    wake_quiet();
    sve_prepare();
    hand->served = hand->orders;
    hand_publish(hand, &event);
    hand_serve(hand);
}

void hands_convention(uint32_t smccc_version)
{
    convention_is_1_0 = (int32_t)smccc_version < (int32_t)SMCCC_1_1;
}

void hands_start(void)
{
    for (uint32_t i = 0; i < cpu_count; i++) {
        hands[i].cpu = &cpus[i];
        cpus[i].function = hand_arrive;
    }
    hand_self()->state = HAND_IDLE;
    has_vectors = sve_prepare();
    hand_order(hand_self(), ORDER_CARRY);
    hand_serve(hand_self());
}

/* ---- For the carrier ---------------------------------------------------------------------- */

void hand_call(struct hand *hand, const struct guest_call *call, uint64_t not_before)
{
    hand->call = *call;
    hand->not_before = not_before;
    hand->alarm = 0;
    hand->state = HAND_BUSY;
    hand_order(hand, ORDER_CALL);
}

void hand_move(struct hand *to)
{
    next_carrier = to;
    script_leave();
}

void hand_call_here(struct hand *self, const struct guest_call *call, uint64_t not_before,
                    struct event *event)
{
    self->call = *call;
    self->not_before = not_before;
    hand_make_call(self, event);
}

bool hand_has_event(const struct hand *hand)
{
    return hand->events != hand->seen;
}

void hand_take_event(struct hand *hand, struct event *event)
{
    smp_barrier();
    hand->seen = hand->events;
    *event = hand->event;
    hand->state = HAND_IDLE;
    hand->expected = false;
}
