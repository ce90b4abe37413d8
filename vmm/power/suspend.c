/* SPDX-License-Identifier: BSD-2-Clause */
/* A SYSTEM_SUSPEND, from the call to the wake. */
#include <errno.h>
#include <stddef.h>

#include "power/power_parts.h"

static bool suspend_finds_another_on(const struct power *power, unsigned vcpu)
{
    for (unsigned i = 0; i < power->cpu_count; i++) {
        if (i != vcpu && power->on[i]) {
            return true;
        }
    }
    return false;
}

enum { AARCH64_INSTRUCTION_SIZE = 4 };

static bool suspend_entry_is_valid(const struct power *power, struct ipa entry)
{
    return entry.value % AARCH64_INSTRUCTION_SIZE == 0 &&
           power->ops->ram_contains(power->driver, entry, AARCH64_INSTRUCTION_SIZE);
}

/*
 * Judges a call that the backend has not judged: POWER_EXIT_ALLOWED, _DENIED or _BAD_ENTRY. As in
 * the reference firmware the state of the other cores comes before the address. 0 or -errno.
 */
static int suspend_judge(struct power *power, unsigned vcpu, const struct suspend_call *call,
                         enum power_exit *judged)
{
    int error = power_observe_paused(power);

    if (error != 0) {
        return error;
    }
    if (suspend_finds_another_on(power, vcpu)) {
        *judged = POWER_EXIT_DENIED;
    } else {
        *judged =
            suspend_entry_is_valid(power, call->entry) ? POWER_EXIT_ALLOWED : POWER_EXIT_BAD_ENTRY;
    }
    return 0;
}

/*
 * Why the call must be refused, or NULL. The policy comes last, so that a wrong call gets the same
 * error under every policy.
 */
static const char *suspend_objection(const struct power *power, enum power_exit judged,
                                     enum vpsci_result *result)
{
    *result = VPSCI_DENIED;
    if (judged == POWER_EXIT_DENIED) {
        return "another vCPU is on";
    }
    if (judged == POWER_EXIT_BAD_ENTRY) {
        *result = VPSCI_INVALID_ADDRESS;
        return "the entry point is not an aligned address in guest memory";
    }
    return power->policy == SUSPEND_REFUSE || power->policy == SUSPEND_OFF ? "policy" : NULL;
}

static int suspend_refuse(struct power *power, unsigned vcpu, enum vpsci_result result,
                          const char *reason)
{
    int error = power->psci->answer(power->backend, vcpu, result);

    if (error != 0) {
        return error;
    }
    power_tell(power, (struct power_news){
                          .kind = POWER_NEWS_REFUSED,
                          .vcpu = vcpu,
                          .result = result,
                          .reason = reason,
                      });
    power->state = POWER_RUNNING;
    /* With --on-suspend ask the request has ended with the call. */
    request_drop_sleep(power, "the guest's SYSTEM_SUSPEND was refused");
    power_let_run(power);
    return 0;
}

int sleep_end(struct power *power, enum wake_source source)
{
    unsigned vcpu = power->sleeper;

    /*
     * An interrupt may wake the vCPU at the same time. After the pause sleep_ends() drops its exit.
     */
    power_pause_all(power);
    power_tell(power,
               (struct power_news){
                   .kind = POWER_NEWS_WAKE,
                   .vcpu = vcpu,
                   .source = source,
                   .intid = source == WAKE_IRQ ? power->ops->waking_intid(power->driver, vcpu) : -1,
               });
    int error = power->ops->recall != NULL ? power->ops->recall(power->driver) : 0;
    if (error == 0) {
        error = power->psci->restart(power->backend, vcpu, &power->call);
    }
    if (error != 0) {
        return error;
    }
    power->state = POWER_RUNNING;
    power->ops->sleep_ends(power->driver, vcpu);
    power_tell(power,
               (struct power_news){.kind = POWER_NEWS_RESUMED, .vcpu = vcpu, .call = &power->call});
    request_repeat(power);
    power_let_run(power);
    return 0;
}

/* The first of the set, in the order of the bits. */
static enum wake_source wake_first_source(unsigned set)
{
    return (enum wake_source)(set & -set);
}

/*
 * The sleep begins, of power->sleeper with power->call. Returns the sources that have a reason to end it
 * at once, `pending` among them. All vCPUs are paused.
 */
static unsigned sleep_enter(struct power *power, unsigned pending)
{
    power->state = POWER_ASLEEP;
    power->ignored = 0;
    power->ops->sleep_begins(power->driver, power->wake);
    power_tell(power, (struct power_news){.kind = POWER_NEWS_ASLEEP, .vcpu = power->sleeper});
    request_close(power, REQUEST_SLEEP);

    /*
     * Devices have reported wake-ups since sleep_begins(); this reads what they had before. So a
     * wake before the call, during it or after it is seen by one or the other.
     */
    return pending | (power->ops->wakes_pending(power->driver) & power->wake);
}

/* Whether the sleep has become a file, with which the machine ends. */
static bool sleep_is_saved(struct power *power, unsigned pending)
{
    bool wanted = power->saves;

    /*
     * The policy saves a sleep that lasts. The operator's wish comes before a wake: it would be lost with a
     * sleep that ends at once, and the guest of the file is woken anyway, or by the same reason.
     */
    power->saves = false;
    return (wanted || (power->policy == SUSPEND_SAVE && pending == 0)) &&
           power->ops->save(power->driver);
}

/* Ends the sleep that one of `pending` has a reason to end, or waits for what ends it. */
static int sleep_go_on(struct power *power, unsigned pending)
{
    if (pending != 0) {
        return sleep_end(power, wake_first_source(pending));
    }
    int error =
        (power->wake & WAKE_IRQ) != 0 ? power->psci->doze(power->backend, power->sleeper) : 0;
    if (error == 0) {
        power_let_run(power);
    }
    return error;
}

/* The call is power->call, the caller power->sleeper, and all vCPUs are paused. */
static int sleep_begin(struct power *power)
{
    int error = power->psci->honour(power->backend, power->sleeper);

    if (error != 0) {
        return error;
    }
    power_tell(power, (struct power_news){.kind = POWER_NEWS_HONOURED, .vcpu = power->sleeper});
    /*
     * The operator's wake has no level that could be read; it was kept while the operator was asked. A
     * guest that is asked to shut down does not do so asleep.
     */
    if (power->request == REQUEST_SHUTDOWN) {
        power->woken |= WAKE_SIGNAL;
    }
    unsigned pending = sleep_enter(power, power->woken & power->wake);
    power->woken = 0;
    return sleep_is_saved(power, pending) ? 0 : sleep_go_on(power, pending);
}

int power_start_asleep(struct power *power, unsigned vcpu, const struct suspend_call *call,
                       bool wake)
{
    unsigned pending = 0;

    power_start_with(power, vcpu);
    power->sleeper = vcpu;
    power->call = *call;
    power->woken = 0;
    if (wake) {
        bool irq =
            (power->wake & WAKE_IRQ) != 0 && power->ops->waking_intid(power->driver, vcpu) >= 0;

        pending = irq ? WAKE_IRQ : WAKE_SIGNAL;
    }
    return sleep_go_on(power, sleep_enter(power, pending));
}

void sleep_save_now(struct power *power)
{
    power_pause_all(power);
    if (!power->ops->save(power->driver)) {
        power_let_run(power);
    }
}

/* No vCPU runs until power_answer(): all others are off, and the caller waits for its answer. */
static int suspend_ask(struct power *power)
{
    power->state = POWER_ASKED;
    power->woken = 0;
    request_close(power, REQUEST_SLEEP);
    power->ops->deadline(power->driver, power->ask_ns);
    power_tell(power, (struct power_news){
                          .kind = POWER_NEWS_ASKED,
                          .vcpu = power->sleeper,
                          .call = &power->call,
                          .deadline_ns = power->ask_ns,
                          .by_default = power->ask_default,
                      });
    return 0;
}

int power_answer(struct power *power, bool honour, const char *by)
{
    if (power->state != POWER_ASKED) {
        return -EINVAL;
    }
    power->ops->deadline(power->driver, 0);
    return honour ? sleep_begin(power) : suspend_refuse(power, power->sleeper, VPSCI_DENIED, by);
}

int power_deadline(struct power *power)
{
    return power->state == POWER_ASKED
               ? power_answer(power, power->ask_default, "no answer before the deadline")
               : 0;
}

int suspend_decide(struct power *power, unsigned vcpu, enum power_exit judged,
                   const struct suspend_call *call)
{
    enum vpsci_result result;

    power_pause_all(power);
    int error = judged == POWER_EXIT_SUSPEND ? suspend_judge(power, vcpu, call, &judged) : 0;
    if (error != 0) {
        return error;
    }
    power->call = *call;
    power->sleeper = vcpu;
    power_tell(power, (struct power_news){
                          .kind = POWER_NEWS_SUSPEND_REQUEST, .vcpu = vcpu, .call = &power->call});
    const char *reason = suspend_objection(power, judged, &result);
    if (reason != NULL) {
        return suspend_refuse(power, vcpu, result, reason);
    }
    return power->policy == SUSPEND_ASK ? suspend_ask(power) : sleep_begin(power);
}

/* Reports an ignored wake, but each source only once in a sleep: input must not flood the log. */
static void wake_ignore(struct power *power, enum wake_source source, const char *reason)
{
    if ((power->ignored & source) != 0) {
        return;
    }
    if (power->state == POWER_ASLEEP) {
        power->ignored |= source;
    }
    power_tell(power, (struct power_news){
                          .kind = POWER_NEWS_WAKE_IGNORED, .source = source, .reason = reason});
}

/*
 * A wake while a SYSTEM_SUSPEND waits for its answer. A device still has its reason after the
 * answer.
 */
static int wake_keep(struct power *power, enum wake_source source)
{
    if ((power->wake & source) == 0) {
        return POWER_WAKE_UNCOUNTED;
    }
    power->woken |= source & WAKE_SIGNAL;
    return POWER_WAKE_KEPT;
}

int power_wake(struct power *power, enum wake_source source)
{
    int error;

    switch (power->state) {
    case POWER_ASKED:
        return wake_keep(power, source);
    case POWER_ASLEEP:
        if ((power->wake & source) == 0) {
            wake_ignore(power, source, "not in --wake");
            return POWER_WAKE_UNCOUNTED;
        }
        error = sleep_end(power, source);
        return error != 0 ? error : POWER_WAKE_DONE;
    case POWER_RUNNING:
        /* A device's interrupt reaches a running guest by itself; the operator's wake does not. */
        if (source == WAKE_SIGNAL) {
            power->ignored = 0;
            wake_ignore(power, source, "the guest is awake");
        }
        break;
    case POWER_ENDED:
        break;
    }
    return POWER_WAKE_AWAKE;
}
