/* SPDX-License-Identifier: BSD-2-Clause */
/* What the guest's own programs have been asked for: to shut down, or to sleep. */
#include <stddef.h>

#include "power/power_parts.h"

#define SECOND INT64_C(1000000000)

static int64_t request_time(const struct power *power)
{
    return power->request == REQUEST_SLEEP ? POWER_SLEEP_SECONDS * SECOND : power->shutdown_ns;
}

void power_request_way(struct power *power, const char *way)
{
    power_tell(power, (struct power_news){
                          .kind = power->request == REQUEST_SLEEP ? POWER_NEWS_ASKED_SLEEP
                                                                  : POWER_NEWS_ASKED_SHUTDOWN,
                          .way = way,
                      });
}

/* The way may have gone since the request was made: a driver or an agent has ended. */
static void request_ask(struct power *power)
{
    const char *way = power->ops->way(power->driver, power->request);

    if (way == NULL) {
        power_request_failed(power, "nothing in the guest takes the request any more");
        return;
    }
    power_request_way(power, way);
    power->ops->ask(power->driver, power->request);
}

void request_open(struct power *power, enum power_request request)
{
    power->request = request;
    power->ops->request_deadline(power->driver, request_time(power));
    request_ask(power);
}

void request_close(struct power *power, enum power_request request)
{
    if (request != REQUEST_NONE && power->request == request) {
        power->request = REQUEST_NONE;
        power->ops->request_deadline(power->driver, 0);
    }
}

void request_repeat(struct power *power)
{
    if (power->request == REQUEST_SHUTDOWN) {
        request_ask(power);
    }
}

void request_pause(struct power *power)
{
    if (power->request != REQUEST_NONE) {
        power->ops->request_deadline(power->driver, 0);
    }
}

void request_continue(struct power *power)
{
    if (power->request != REQUEST_NONE) {
        power->ops->request_deadline(power->driver, request_time(power));
    }
}

static void request_tell_failed(struct power *power, enum power_request request, const char *reason)
{
    power->saves = false;
    power_tell(power, (struct power_news){
                          .kind = POWER_NEWS_REQUEST_FAILED,
                          .request = request,
                          .reason = reason,
                      });
}

void power_request_failed(struct power *power, const char *reason)
{
    enum power_request request = power->request;

    if (request != REQUEST_NONE) {
        request_close(power, request);
        request_tell_failed(power, request, reason);
    }
}

void request_drop_sleep(struct power *power, const char *reason)
{
    if (power->saves || power->request == REQUEST_SLEEP) {
        request_close(power, REQUEST_SLEEP);
        request_tell_failed(power, REQUEST_SLEEP, reason);
    }
}

void power_request_deadline(struct power *power)
{
    power_request_failed(power, power->request == REQUEST_SLEEP
                                    ? "the guest has not called SYSTEM_SUSPEND in time"
                                    : "the guest has not shut down in time");
}
