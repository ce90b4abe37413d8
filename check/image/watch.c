/* SPDX-License-Identifier: BSD-2-Clause */
#include "watch.h"

#include <stddef.h>

#include "../../bare/timer.h"
#include "hand.h"
#include "landing.h"
#include "nature.h"
#include "wake.h"

/* Microseconds. */
enum {
    LONG = 5000000,
    QUIET = 100000,
    /* For a core that was not told to start, in case it does. */
    BRIEF = 10000,
    /* Until a core that was told to sleep is believed to be asleep. */
    ASLEEP = 10000,
    /* After which a core wakes itself. */
    ALARM = 20000,
    /* Between two checks whether a core is off, and the time in which a core that is said to be
     * off might still appear. */
    GLANCE = 500,
    /* The time in which all cores of a team get their orders. */
    MUSTER = 3000,
    /* An event that comes sooner is polled for; then the checks are NAP apart. */
    PROMPT = 300,
    NAP = 1000
};

static const struct machine *machine;

static bool was_hasty;
static uint64_t patience_times = 1;

static const struct event nothing = {.kind = EVENT_NONE};

void watch_prepare(const struct machine *the_machine)
{
    machine = the_machine;
}

/* ---- Time --------------------------------------------------------------------------------- */

static uint64_t watch_ticks(uint64_t microseconds)
{
    return microseconds * timer_frequency() / 1000000;
}

uint64_t watch_microseconds(void)
{
    uint64_t frequency = timer_frequency();
    uint64_t now = timer_now(TIMER_VIRTUAL);

    return now / frequency * 1000000 + now % frequency * 1000000 / frequency;
}

static bool time_is_over(uint64_t since, uint64_t microseconds)
{
    return timer_now(TIMER_VIRTUAL) - since > watch_ticks(microseconds);
}

void watch_pass(uint64_t microseconds)
{
    uint64_t since = watch_microseconds();
    uint64_t passed = 0;

    while (passed < microseconds) {
        if (microseconds - passed > PROMPT) {
            wake_sleep(microseconds - passed);
        } else {
            wake_pause();
        }
        passed = watch_microseconds() - since;
    }
}

/* ---- Watching one core -------------------------------------------------------------------- */

static enum nature hand_nature(const struct hand *hand)
{
    return hand->state == HAND_BUSY ? nature_of(machine, hand->call.function) : NATURE_LEAVES;
}

/* The time limit covers the server's work, not the way to the call. */
static void wait_until_taken(const struct hand *hand)
{
    uint64_t since = timer_now(TIMER_VIRTUAL);

    while (hand->state == HAND_BUSY && hand->taken != hand->orders && !hand_has_event(hand) &&
           !time_is_over(since, LONG)) {
        wake_pause();
    }
}

/* PSCI 0.1 has no call to ask. */
static bool is_leaving(const struct hand *hand)
{
    return machine->ids_0_1[0] == 0 && !hand->expected && hand->state == HAND_BUSY &&
           hand_nature(hand) == NATURE_LEAVES;
}

/* Waits for a core that is to go off until the server says that it is off. The server's word is
 * used for nothing else: an event from the core later still counts. */
static bool is_off(const struct hand *hand)
{
    return is_leaving(hand) && smp_affinity(hand->cpu) == AFFINITY_OFF;
}

static uint64_t hand_patience(const struct hand *hand)
{
    enum nature what = hand_nature(hand);
    bool returns = what == NATURE_PLAIN || what == NATURE_STARTS;
    bool is_woken = hand->pending && what == NATURE_WAITS;

    if (hand->expected || returns || is_woken || is_leaving(hand)) {
        return LONG;
    }
    return (hand->state == HAND_AWAY ? BRIEF : QUIET) * patience_times;
}

static void wait_a_little(uint64_t since)
{
    if (time_is_over(since, PROMPT)) {
        wake_sleep(NAP);
    } else {
        wake_pause();
    }
}

static void watch_glance(void)
{
    watch_pass(GLANCE);
}

static void send_promised_interrupt(struct hand *hand, uint64_t *since)
{
    if (hand->interrupt && time_is_over(*since, ASLEEP)) {
        hand->interrupt = false;
        hand->expected = hand->expected || hand_nature(hand) == NATURE_WAITS;
        wake_send(hand->cpu);
        *since = timer_now(TIMER_VIRTUAL);
    }
}

/* Returns the core that a call is to start, or NULL. */
static struct hand *call_target(const struct guest_call *call)
{
    uint64_t mask = fid_is_64(call->function) ? UINT64_MAX : UINT32_MAX;
    uint64_t name = call->args[0] & mask & MPIDR_AFFINITY;

    if (nature_of(machine, call->function) != NATURE_STARTS) {
        return NULL;
    }
    for (uint32_t i = 0; i < cpu_count; i++) {
        if (cpus[i].mpidr == name) {
            return &hands[i];
        }
    }
    return NULL;
}

/* Comes before the call, because the started core may arrive before the call returns. */
static void note_caller(const struct guest_call *call)
{
    struct hand *started = call_target(call);

    if (started != NULL && started->state == HAND_AWAY) {
        started->starts_big_endian = call->big_endian;
    }
}

/* Returns whether a core that starts there can be seen. */
static bool is_entry(const struct guest_call *call)
{
    uint64_t address = call->args[1] & (fid_is_64(call->function) ? UINT64_MAX : UINT32_MAX);

    return address % sizeof(uint32_t) == 0 && address - machine->entry < LANDING_SIZE;
}

/* After an accepted CPU_ON its target must start. */
static void note_start(const struct guest_call *call, const struct event *event)
{
    struct hand *started = call_target(call);

    if (started != NULL && event->kind == EVENT_RETURNED && (uint32_t)event->x0 == 0) {
        started->expected = is_entry(call);
    }
}

/* Returns whether the event came after the wait had ended, and not because of an interrupt. An
 * interrupt cannot cause a refusal. */
static bool came_late(const struct hand *hand)
{
    bool refused = hand->event.kind == EVENT_RETURNED && (uint32_t)hand->event.x0 != 0;

    return hand->given_up && hand_has_event(hand) && (refused || !hand->roused);
}

static void watch_take_event(struct hand *hand, struct event *event)
{
    bool was_busy = hand->state == HAND_BUSY;

    was_hasty = was_hasty || came_late(hand);
    hand->given_up = false;
    hand_take_event(hand, event);
    hand->interrupt = false;
    hand->pending = false;
    if (was_busy) {
        note_start(&hand->call, event);
    }
}

static void watch_hand(struct hand *hand, struct event *event)
{
    uint64_t since;

    *event = nothing;
    wait_until_taken(hand);
    since = timer_now(TIMER_VIRTUAL);
    while (!hand_has_event(hand)) {
        if (time_is_over(since, hand_patience(hand))) {
            hand->given_up = hand->state == HAND_BUSY;
            hand->roused = false;
            return;
        }
        send_promised_interrupt(hand, &since);
        if (is_off(hand)) {
            watch_glance();
            break;
        }
        wait_a_little(since);
    }
    if (hand_has_event(hand)) {
        watch_take_event(hand, event);
    } else {
        hand->state = HAND_AWAY;
        hand->interrupt = false;
        hand->given_up = false;
    }
}

/* ---- Calls -------------------------------------------------------------------------------- */

static bool is_in_team(const struct team_call *calls, uint32_t count, uint32_t cpu)
{
    for (uint32_t i = 0; i < count; i++) {
        if (calls[i].cpu == cpu) {
            return true;
        }
    }
    return false;
}

/* Returns a core that could carry the script while the caller and the team make calls, or NULL. */
static struct hand *find_spare(const struct team_call *calls, uint32_t count)
{
    for (uint32_t i = 0; i < cpu_count; i++) {
        if (&hands[i] != hand_self() && hands[i].state == HAND_IDLE && !hand_has_event(&hands[i]) &&
            !is_in_team(calls, count, i)) {
            return &hands[i];
        }
    }
    return NULL;
}

static void call_here(struct hand *self, const struct guest_call *call, uint64_t not_before,
                      struct event *event)
{
    self->alarm = self->interrupt ? watch_ticks(ALARM) : 0;
    self->interrupt = false;
    self->pending = false;
    note_caller(call);
    hand_call_here(self, call, not_before, event);
    note_start(call, event);
}

/* Has a core make a call, and moves the script to another core first if possible. Returns true
 * if the call was made here; then `event` is its result. */
static bool watch_make_call(struct hand *hand, const struct guest_call *call, struct event *event)
{
    struct hand *spare;
    enum nature what = nature_of(machine, call->function);

    if (hand != hand_self()) {
        note_caller(call);
        hand_call(hand, call, 0);
        return false;
    }
    spare = what == NATURE_PLAIN || what == NATURE_STARTS ? NULL : find_spare(NULL, 0);
    if (spare == NULL) {
        call_here(hand, call, 0, event);
        return true;
    }
    hand_call(hand, call, 0);
    hand_move(spare);
    return false;
}

/* Returns whether a core can make a call at all. If it cannot, there is no event. */
static bool is_here(const struct hand *hand)
{
    return hand->state == HAND_IDLE && !hand_has_event(hand);
}

void watch_call(uint32_t cpu, const struct guest_call *call, struct event *event)
{
    *event = nothing;
    if (is_here(&hands[cpu]) && !watch_make_call(&hands[cpu], call, event)) {
        watch_hand(&hands[cpu], event);
    }
}

void watch_begin(uint32_t cpu, const struct guest_call *call, struct event *event)
{
    *event = nothing;
    if (is_here(&hands[cpu])) {
        watch_make_call(&hands[cpu], call, event);
    }
}

void watch_await(uint32_t cpu, struct event *event)
{
    *event = nothing;
    if (&hands[cpu] != hand_self() && !is_here(&hands[cpu])) {
        watch_hand(&hands[cpu], event);
    }
}

/* The caller's own call comes last: by then the others know the time of theirs. */
void watch_together(struct team_call *calls, uint32_t count)
{
    struct hand *self = hand_self();
    struct hand *spare = find_spare(calls, count);
    struct team_call *own = NULL;
    uint64_t when = timer_now(TIMER_VIRTUAL) + watch_ticks(MUSTER);

    for (uint32_t i = 0; i < count; i++) {
        struct hand *hand = &hands[calls[i].cpu];

        calls[i].event = nothing;
        if (hand == self && spare == NULL) {
            own = &calls[i];
        } else if (is_here(hand)) {
            hand_call(hand, &calls[i].call, when);
        }
    }
    if (own != NULL) {
        call_here(self, &own->call, when, &own->event);
    } else if (is_in_team(calls, count, (uint32_t)(self - hands))) {
        hand_move(spare);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (&calls[i] != own) {
            watch_hand(&hands[calls[i].cpu], &calls[i].event);
        }
    }
}

bool watch_was_hasty(void)
{
    bool hasty = was_hasty;

    for (uint32_t i = 0; i < cpu_count; i++) {
        hasty = hasty || came_late(&hands[i]);
    }
    was_hasty = false;
    return hasty;
}

void watch_patiently(uint32_t times)
{
    patience_times = times;
}

/* ---- Interrupts --------------------------------------------------------------------------- */

void watch_interrupt(uint32_t cpu)
{
    struct hand *hand = &hands[cpu];

    if (hand->state == HAND_BUSY && hand_nature(hand) == NATURE_WAITS) {
        hand->expected = true;
        hand->roused = !hand_has_event(hand);
    }
    hand->pending = hand->state == HAND_IDLE;
    wake_send(hand->cpu);
}

void watch_interrupt_soon(uint32_t cpu)
{
    hands[cpu].interrupt = true;
}
