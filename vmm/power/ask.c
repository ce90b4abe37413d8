/* SPDX-License-Identifier: BSD-2-Clause */
/* When the operator may ask the guest to shut down or to sleep, and what that needs first. */
#include <stddef.h>

#include "power/power_parts.h"

static const char *ask_sleep_objection(const struct power *power)
{
    if (power->policy == SUSPEND_OFF || power->policy == SUSPEND_REFUSE) {
        return "the guest may not sleep (--on-suspend)";
    }
    if (power->request == REQUEST_SHUTDOWN) {
        return "the guest has been asked to shut down";
    }
    if (power->state == POWER_ASKED) {
        return "a SYSTEM_SUSPEND waits for an answer already";
    }
    return power->state == POWER_ASLEEP ? "the guest is suspended already" : NULL;
}

static const char *ask_shutdown_objection(const struct power *power)
{
    return power->state == POWER_ASLEEP && (power->wake & WAKE_SIGNAL) == 0
               ? "the guest is suspended, and the operator is not among the wake sources (--wake)"
               : NULL;
}

/* Why the guest cannot be asked, or NULL. */
static const char *ask_objection(const struct power *power, enum power_request request)
{
    if (power->state == POWER_ENDED) {
        return "the machine is off; reset it first";
    }
    if (power->stopped) {
        return "the VM is paused; continue it first";
    }
    const char *why =
        request == REQUEST_SLEEP ? ask_sleep_objection(power) : ask_shutdown_objection(power);
    if (why != NULL || power->ops->way(power->driver, request) != NULL) {
        return why;
    }
    return request == REQUEST_SLEEP
               ? "the guest has no agent that is connected, and no driver for the sleep key"
               : "the guest has no agent that is connected, and no driver for the power key";
}

int power_ask(struct power *power, enum power_request request, const char **why)
{
    *why = ask_objection(power, request);
    if (*why != NULL) {
        return POWER_NOT_ASKED;
    }
    if (request == REQUEST_SHUTDOWN) {
        request_drop_sleep(power, "the guest is to shut down");
    }
    if (power->state == POWER_RUNNING) {
        request_open(power, request);
        return 0;
    }
    /* It is to shut down. What follows makes it run, and asks again if it was asleep. */
    if (power->state == POWER_ASKED) {
        int error = power_answer(power, false, "the guest is to shut down");

        if (error == 0) {
            request_open(power, request);
        }
        return error;
    }
    power->request = request;
    power->ops->request_deadline(power->driver, power->shutdown_ns);
    return sleep_end(power, WAKE_SIGNAL);
}

int power_save(struct power *power, const char **why)
{
    if (power->state == POWER_ASLEEP) {
        *why = NULL;
        sleep_save_now(power);
        return 0;
    }
    int result = power_ask(power, REQUEST_SLEEP, why);
    if (result == 0 && power->request == REQUEST_SLEEP) {
        power->saves = true;
    }
    return result;
}
