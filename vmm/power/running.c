/* SPDX-License-Identifier: BSD-2-Clause */
/* Which vCPUs may run, and which are on. */
#include <errno.h>
#include <stdlib.h>

#include "power/power_parts.h"

void power_tell(const struct power *power, struct power_news news)
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
        .shutdown_ns = options->shutdown_ns,
    };
    return power->on != NULL ? 0 : -ENOMEM;
}

void power_destroy(struct power *power)
{
    free(power->on);
    power->on = NULL;
}

void power_start_with(struct power *power, unsigned vcpu)
{
    power->state = POWER_RUNNING;
    power->held = false;
    power->observed = false;
    for (unsigned i = 0; i < power->cpu_count; i++) {
        power->on[i] = i == vcpu;
    }
    power_tell(power, (struct power_news){.kind = POWER_NEWS_VCPU_ON, .vcpu = vcpu});
}

void power_start(struct power *power)
{
    power_start_with(power, 0);
}

/* Notes whether the vCPU is on; reports a change. */
static void power_see(struct power *power, unsigned vcpu, bool on)
{
    if (power->on[vcpu] == on) {
        return;
    }
    power->on[vcpu] = on;
    power_tell(power, (struct power_news){
                          .kind = on ? POWER_NEWS_VCPU_ON : POWER_NEWS_VCPU_OFF,
                          .vcpu = vcpu,
                      });
}

void power_let_run(struct power *power)
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

void power_pause_all(struct power *power)
{
    if (!power->held) {
        power->ops->pause(power->driver);
    }
}

void power_hold(struct power *power)
{
    power_pause_all(power);
    power->held = true;
}

void power_go_on(struct power *power)
{
    power->held = false;
    power_let_run(power);
}

void power_changed(struct power *power, unsigned vcpu, bool on)
{
    if (power->state != POWER_ENDED) {
        power_see(power, vcpu, on);
    }
}

int power_observe_paused(struct power *power)
{
    if (power->observed) {
        return 0;
    }
    for (unsigned i = 0; i < power->cpu_count; i++) {
        int off = power->psci->is_off(power->backend, i);

        if (off < 0) {
            return off;
        }
        power_see(power, i, !off);
    }
    power->observed = true;
    return 0;
}

int power_observe(struct power *power)
{
    if (power->state != POWER_RUNNING || power->stopped) {
        return 0;
    }
    power_pause_all(power);
    int error = power_observe_paused(power);
    power_let_run(power);
    return error;
}
