/* SPDX-License-Identifier: BSD-2-Clause */
/* The end and the reset of the machine, and the operator's pause. */
#include <errno.h>

#include "power/power_parts.h"

/* Whatever the guest was asked for is over with it. */
static void power_end(struct power *power, enum power_outcome outcome)
{
    bool off = outcome == POWER_OUTCOME_OFF || outcome == POWER_OUTCOME_HIBERNATED;

    power->state = POWER_ENDED;
    power->outcome = outcome;
    request_drop_sleep(power, off ? "the machine is off" : "the machine starts again");
    request_close(power, power->request);
}

static int guest_end(struct power *power, unsigned vcpu, enum power_outcome outcome)
{
    power_pause_all(power);
    int error = power->psci->honour(power->backend, vcpu);

    if (error != 0) {
        return error;
    }
    power_end(power, outcome);
    power_tell(power, (struct power_news){
                          .kind = POWER_NEWS_OFF,
                          .vcpu = vcpu,
                          .hibernated = outcome == POWER_OUTCOME_HIBERNATED,
                      });
    return 0;
}

enum { SYSTEM_WARM_RESET = 0 }; /* the one architectural reset type (DEN0022, SYSTEM_RESET2) */

static int guest_reset(struct power *power, unsigned vcpu, bool has_type,
                       const struct power_call *call)
{
    power_pause_all(power);
    int error = power->psci->honour(power->backend, vcpu);

    if (error != 0) {
        return error;
    }
    /* A vendor's reset type is a plain reset here, which is a cold one. */
    bool warm = has_type && call->reset_type == SYSTEM_WARM_RESET;

    power_end(power, warm ? POWER_OUTCOME_WARM_RESET : POWER_OUTCOME_COLD_RESET);
    power_tell(power, (struct power_news){
                          .kind = POWER_NEWS_REBOOT,
                          .vcpu = vcpu,
                          .warm = warm,
                          .has_type = has_type,
                          .reset_type = has_type ? call->reset_type : 0,
                          .reset_cookie = has_type ? call->reset_cookie : 0,
                      });
    return 0;
}

/* A wake-up that comes after another one: the guest is awake already. */
static int power_carry_on(struct power *power)
{
    power_let_run(power);
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
        return suspend_decide(power, vcpu, why, &call->suspend);
    case POWER_EXIT_WAKEUP:
        /*
         * A sleeper that is paused waits again after the pause. The interrupt is still pending and
         * wakes it then.
         */
        return power->state == POWER_ASLEEP && !power->stopped ? sleep_end(power, WAKE_IRQ)
                                                               : power_carry_on(power);
    case POWER_EXIT_OFF:
        return guest_end(power, vcpu, POWER_OUTCOME_OFF);
    case POWER_EXIT_HIBERNATE:
        return guest_end(power, vcpu, POWER_OUTCOME_HIBERNATED);
    case POWER_EXIT_RESET:
        return guest_reset(power, vcpu, false, call);
    case POWER_EXIT_RESET2:
        return guest_reset(power, vcpu, true, call);
    }
    return -EINVAL;
}

void power_stop(struct power *power)
{
    if (power->stopped) {
        return;
    }
    power_pause_all(power);
    power->stopped = true;
    request_pause(power);
    power_tell(power, (struct power_news){.kind = POWER_NEWS_STOPPED});
}

void power_cont(struct power *power)
{
    if (!power->stopped) {
        return;
    }
    power->stopped = false;
    request_continue(power);
    power_tell(power, (struct power_news){.kind = POWER_NEWS_CONTINUED});
    power_let_run(power);
}

void power_reset(struct power *power)
{
    power_pause_all(power);
    if (power->state == POWER_ASLEEP) {
        power->ops->sleep_ends(power->driver, power->sleeper);
    } else if (power->state == POWER_ASKED) {
        power->ops->deadline(power->driver, 0);
    }
    power_end(power, POWER_OUTCOME_COLD_RESET);
    power_tell(power, (struct power_news){.kind = POWER_NEWS_RESET});
}
