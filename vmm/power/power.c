/* SPDX-License-Identifier: BSD-2-Clause */
#include "power/power.h"

#include <errno.h>
#include <stdlib.h>

static void tell(const struct power *power, struct power_news news)
{
    power->ops->tell(power->driver, &news);
}

int power_init(struct power *power, const struct power_options *options)
{
    *power = (struct power){
        .ops = options->ops,
        .driver = options->driver,
        .psci = options->psci,
        .backend = options->backend,
        .cpu_count = options->cpu_count,
        .on = calloc(options->cpu_count, sizeof(bool)),
        .policy = options->policy,
        .wake = options->wake,
        .stopped = options->stopped,
        .ask_ns = options->ask_ns,
        .ask_default = options->ask_default,
    };
    return power->on != NULL ? 0 : -ENOMEM;
}

void power_destroy(struct power *power)
{
    free(power->on);
    power->on = NULL;
}

void power_start(struct power *power)
{
    power->state = POWER_RUNNING;
    power->held = false;
    power->observed = false;
    power->on[0] = true;
    tell(power, (struct power_news){.kind = POWER_NEWS_VCPU_ON, .vcpu = 0});
    for (unsigned i = 1; i < power->cpu_count; i++) {
        power->on[i] = false;
    }
}

/* What is known of the vCPU; a difference is told. */
static void see(struct power *power, unsigned vcpu, bool on)
{
    if (power->on[vcpu] == on) {
        return;
    }
    power->on[vcpu] = on;
    tell(power, (struct power_news){
                    .kind = on ? POWER_NEWS_VCPU_ON : POWER_NEWS_VCPU_OFF,
                    .vcpu = vcpu,
                });
}

/*
 * Lets run what may: nothing while the machine is held, paused by the operator or waiting for the
 * operator's answer; asleep the caller alone, and only if an interrupt may wake it: out of the
 * guest nothing can spin.
 */
static void let_run(struct power *power)
{
    if (power->stopped || power->held) {
        return;
    }
    power->observed = false;
    if (power->state == POWER_RUNNING) {
        power->ops->resume(power->driver);
    } else if (power->state == POWER_ASLEEP && (power->wake & WAKE_IRQ) != 0) {
        power->ops->resume_one(power->driver, power->sleeper);
    }
}

/* While the machine is held nothing runs, and another pause would only cost time. */
static void pause_all(struct power *power)
{
    if (!power->held) {
        power->ops->pause(power->driver);
    }
}

void power_hold(struct power *power)
{
    pause_all(power);
    power->held = true;
}

void power_go_on(struct power *power)
{
    power->held = false;
    let_run(power);
}

void power_changed(struct power *power, unsigned vcpu, bool on)
{
    if (power->state != POWER_ENDED) {
        see(power, vcpu, on);
    }
}

/*
 * Reads the power state of every vCPU, all of them paused, and tells the differences; once, however
 * many calls are decided before a vCPU runs again.
 */
static int observe_paused(struct power *power)
{
    if (power->observed) {
        return 0;
    }
    for (unsigned i = 0; i < power->cpu_count; i++) {
        int off = power->psci->is_off(power->backend, i);

        if (off < 0) {
            return off;
        }
        see(power, i, !off);
    }
    power->observed = true;
    return 0;
}

int power_observe(struct power *power)
{
    if (power->state != POWER_RUNNING || power->stopped) {
        return 0;
    }
    pause_all(power);
    int error = observe_paused(power);
    let_run(power);
    return error;
}

static bool another_is_on(const struct power *power, unsigned vcpu)
{
    for (unsigned i = 0; i < power->cpu_count; i++) {
        if (i != vcpu && power->on[i]) {
            return true;
        }
    }
    return false;
}

enum { AARCH64_INSTRUCTION_SIZE = 4 };

static bool entry_is_valid(const struct power *power, struct ipa entry)
{
    return entry.value % AARCH64_INSTRUCTION_SIZE == 0 &&
           power->ops->ram_contains(power->driver, entry, AARCH64_INSTRUCTION_SIZE);
}

/*
 * Judges a call that no backend has judged: POWER_EXIT_ALLOWED, _DENIED or _BAD_ENTRY. The order is
 * the reference firmware's: the state of the other cores comes before the address. 0 or -errno.
 */
static int judge(struct power *power, unsigned vcpu, const struct suspend_call *call,
                 enum power_exit *judged)
{
    int error = observe_paused(power);

    if (error != 0) {
        return error;
    }
    if (another_is_on(power, vcpu)) {
        *judged = POWER_EXIT_DENIED;
    } else {
        *judged = entry_is_valid(power, call->entry) ? POWER_EXIT_ALLOWED : POWER_EXIT_BAD_ENTRY;
    }
    return 0;
}

/*
 * Why the call so judged must be refused, or NULL. The operator's word comes last, so that a guest
 * whose call is wrong learns so under every policy.
 */
static const char *refusal(const struct power *power, enum power_exit judged,
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

static int refuse(struct power *power, unsigned vcpu, enum vpsci_result result, const char *reason)
{
    int error = power->psci->answer(power->backend, vcpu, result);

    if (error != 0) {
        return error;
    }
    tell(power, (struct power_news){
                    .kind = POWER_NEWS_REFUSED,
                    .vcpu = vcpu,
                    .result = result,
                    .reason = reason,
                });
    power->state = POWER_RUNNING;
    let_run(power);
    return 0;
}

/* Ends the sleep: the guest starts again at the entry it named. */
static int wake_up(struct power *power, enum wake_source source)
{
    unsigned vcpu = power->sleeper;

    /* An interrupt may race this wake: pausing takes its exit, if there is one, out of the way. */
    pause_all(power);
    tell(power,
         (struct power_news){
             .kind = POWER_NEWS_WAKE,
             .vcpu = vcpu,
             .source = source,
             .intid = source == WAKE_IRQ ? power->ops->waking_intid(power->driver, vcpu) : -1,
         });
    int error = power->psci->restart(power->backend, vcpu, &power->call);
    if (error != 0) {
        return error;
    }
    power->state = POWER_RUNNING;
    power->ops->sleep_ends(power->driver, vcpu);
    tell(power,
         (struct power_news){.kind = POWER_NEWS_RESUMED, .vcpu = vcpu, .call = &power->call});
    let_run(power);
    return 0;
}

/* The first of the set, in the order of the bits. */
static enum wake_source first_source(unsigned set)
{
    return (enum wake_source)(set & -set);
}

/* The call is power->call, the caller power->sleeper, and all is paused. */
static int fall_asleep(struct power *power)
{
    unsigned vcpu = power->sleeper;
    int error = power->psci->honour(power->backend, vcpu);

    if (error != 0) {
        return error;
    }
    tell(power, (struct power_news){.kind = POWER_NEWS_HONOURED, .vcpu = vcpu});
    power->state = POWER_ASLEEP;
    power->ignored = 0;
    power->ops->sleep_begins(power->driver, power->wake);
    tell(power, (struct power_news){.kind = POWER_NEWS_ASLEEP, .vcpu = vcpu});

    /*
     * The devices have been looking out since sleep_begins(), and here is what they had before: a
     * wake from before the call, during it or after it is seen on one side or the other. The
     * operator's wake, which is no level of anything, was kept while he was asked.
     */
    unsigned pending = (power->ops->wakes_pending(power->driver) | power->woken) & power->wake;
    power->woken = 0;
    if (pending != 0) {
        return wake_up(power, first_source(pending));
    }
    error = (power->wake & WAKE_IRQ) != 0 ? power->psci->doze(power->backend, vcpu) : 0;
    if (error == 0) {
        let_run(power);
    }
    return error;
}

/* Nobody runs until power_answer(): all other vCPUs are off, and the caller waits for its answer.
 */
static int ask(struct power *power)
{
    power->state = POWER_ASKED;
    power->woken = 0;
    power->ops->deadline(power->driver, power->ask_ns);
    tell(power, (struct power_news){
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
    return honour ? fall_asleep(power) : refuse(power, power->sleeper, VPSCI_DENIED, by);
}

int power_deadline(struct power *power)
{
    return power->state == POWER_ASKED
               ? power_answer(power, power->ask_default, "no answer before the deadline")
               : 0;
}

static int suspend(struct power *power, unsigned vcpu, enum power_exit judged,
                   const struct suspend_call *call)
{
    enum vpsci_result result;

    pause_all(power);
    int error = judged == POWER_EXIT_SUSPEND ? judge(power, vcpu, call, &judged) : 0;
    if (error != 0) {
        return error;
    }
    power->call = *call;
    power->sleeper = vcpu;
    tell(power, (struct power_news){
                    .kind = POWER_NEWS_SUSPEND_REQUEST, .vcpu = vcpu, .call = &power->call});
    const char *reason = refusal(power, judged, &result);
    if (reason != NULL) {
        return refuse(power, vcpu, result, reason);
    }
    return power->policy == SUSPEND_ASK ? ask(power) : fall_asleep(power);
}

static int end(struct power *power, unsigned vcpu, enum power_outcome outcome)
{
    pause_all(power);
    int error = power->psci->honour(power->backend, vcpu);

    if (error != 0) {
        return error;
    }
    power->state = POWER_ENDED;
    power->outcome = outcome;
    tell(power, (struct power_news){
                    .kind = POWER_NEWS_OFF,
                    .vcpu = vcpu,
                    .hibernated = outcome == POWER_OUTCOME_HIBERNATED,
                });
    return 0;
}

enum { SYSTEM_WARM_RESET = 0 }; /* the one architectural reset type (DEN0022, SYSTEM_RESET2) */

static int reset(struct power *power, unsigned vcpu, bool has_type, const struct power_call *call)
{
    pause_all(power);
    int error = power->psci->honour(power->backend, vcpu);

    if (error != 0) {
        return error;
    }
    /* A vendor's type has no meaning here but "reset", and the plain reset is the cold one. */
    bool warm = has_type && call->reset_type == SYSTEM_WARM_RESET;

    power->state = POWER_ENDED;
    power->outcome = warm ? POWER_OUTCOME_WARM_RESET : POWER_OUTCOME_COLD_RESET;
    tell(power, (struct power_news){
                    .kind = POWER_NEWS_REBOOT,
                    .vcpu = vcpu,
                    .warm = warm,
                    .has_type = has_type,
                    .reset_type = has_type ? call->reset_type : 0,
                    .reset_cookie = has_type ? call->reset_cookie : 0,
                });
    return 0;
}

/* A wake-up that another has overtaken: the guest is awake already. */
static int carry_on(struct power *power)
{
    let_run(power);
    return 0;
}

int power_exit(struct power *power, unsigned vcpu, enum power_exit why,
               const struct power_call *call)
{
    if (power->state == POWER_ENDED) {
        return 0; /* Another vCPU's SYSTEM_OFF or SYSTEM_RESET came first and stands. */
    }
    switch (why) {
    case POWER_EXIT_SUSPEND:
    case POWER_EXIT_ALLOWED:
    case POWER_EXIT_DENIED:
    case POWER_EXIT_BAD_ENTRY:
        return suspend(power, vcpu, why, &call->suspend);
    case POWER_EXIT_WAKEUP:
        /* A paused sleeper waits again, and wakes, when it is let run: the interrupt stays. */
        return power->state == POWER_ASLEEP && !power->stopped ? wake_up(power, WAKE_IRQ)
                                                               : carry_on(power);
    case POWER_EXIT_OFF:
        return end(power, vcpu, POWER_OUTCOME_OFF);
    case POWER_EXIT_HIBERNATE:
        return end(power, vcpu, POWER_OUTCOME_HIBERNATED);
    case POWER_EXIT_RESET:
        return reset(power, vcpu, false, call);
    case POWER_EXIT_RESET2:
        return reset(power, vcpu, true, call);
    }
    return -EINVAL;
}

/* Tells of an ignored wake, but of each source only once a sleep: input must not flood the log. */
static void ignore(struct power *power, enum wake_source source, const char *reason)
{
    if ((power->ignored & source) != 0) {
        return;
    }
    if (power->state == POWER_ASLEEP) {
        power->ignored |= source;
    }
    tell(power,
         (struct power_news){.kind = POWER_NEWS_WAKE_IGNORED, .source = source, .reason = reason});
}

/* A wake while a SYSTEM_SUSPEND waits for its answer. What devices have is there after it too. */
static int keep_wake(struct power *power, enum wake_source source)
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
        return keep_wake(power, source);
    case POWER_ASLEEP:
        if ((power->wake & source) == 0) {
            ignore(power, source, "not in --wake");
            return POWER_WAKE_UNCOUNTED;
        }
        error = wake_up(power, source);
        return error != 0 ? error : POWER_WAKE_DONE;
    case POWER_RUNNING:
        /* A device's interrupt reaches a running guest by itself; the operator's wish does not. */
        if (source == WAKE_SIGNAL) {
            power->ignored = 0;
            ignore(power, source, "the guest is awake");
        }
        break;
    case POWER_ENDED:
        break;
    }
    return POWER_WAKE_AWAKE;
}

void power_stop(struct power *power)
{
    if (power->stopped) {
        return;
    }
    pause_all(power);
    power->stopped = true;
    tell(power, (struct power_news){.kind = POWER_NEWS_STOPPED});
}

void power_cont(struct power *power)
{
    if (!power->stopped) {
        return;
    }
    power->stopped = false;
    tell(power, (struct power_news){.kind = POWER_NEWS_CONTINUED});
    let_run(power);
}

void power_reset(struct power *power)
{
    pause_all(power);
    if (power->state == POWER_ASLEEP) {
        power->ops->sleep_ends(power->driver, power->sleeper);
    } else if (power->state == POWER_ASKED) {
        power->ops->deadline(power->driver, 0);
    }
    power->state = POWER_ENDED;
    power->outcome = POWER_OUTCOME_COLD_RESET;
    tell(power, (struct power_news){.kind = POWER_NEWS_RESET});
}
