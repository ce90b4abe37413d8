/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The power controller's news as events. vCPUs that come on and go off are left out: a guest could
 * send any number of them.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "control/qmp_internal.h"

/* An event; `format` and what follows are json_pack()'s for its data. */
static void emit(struct qmp *qmp, const char *event, const char *format, ...)
{
    struct timespec now;
    va_list arguments;

    clock_gettime(CLOCK_REALTIME, &now);
    va_start(arguments, format);
    json_t *data = json_vpack_ex(NULL, 0, format, arguments);
    va_end(arguments);
    if (data == NULL) {
        return;
    }
    qmp_send_event(qmp, json_pack("{s:{s:I, s:I}, s:s, s:o}", "timestamp", "seconds",
                                  (json_int_t)now.tv_sec, "microseconds",
                                  (json_int_t)now.tv_nsec / 1000, "event", event, "data", data));
}

static const char *hex(char text[static 19], uint64_t value)
{
    (void)snprintf(text, 19, "0x%" PRIx64, value);
    return text;
}

static void tell_reset(struct qmp *qmp, const struct power_news *news)
{
    char type[19];
    char cookie[19];

    if (news->by_host) {
        emit(qmp, "RESET", "{s:b, s:s}", "guest", 0, "reason", "host-qmp-system-reset");
    } else if (news->has_type) {
        emit(qmp, "RESET", "{s:b, s:s, s:s, s:s, s:s}", "guest", 1, "reason", "guest-reset",
             "x-dormouse-kind", news->warm ? "warm" : "cold", "x-dormouse-type",
             hex(type, news->reset_type), "x-dormouse-cookie", hex(cookie, news->reset_cookie));
    } else {
        emit(qmp, "RESET", "{s:b, s:s}", "guest", 1, "reason", "guest-reset");
    }
}

static void tell_asked(struct qmp *qmp, const struct power_news *news)
{
    char entry[19];
    char context[19];

    emit(qmp, "X_DORMOUSE_SUSPEND_REQUEST", "{s:i, s:s, s:s, s:I, s:s}", "cpu-index",
         (int)news->vcpu, "entry", hex(entry, news->call->entry.value), "context",
         hex(context, news->call->context), "deadline-ms",
         (json_int_t)(news->deadline_ns / 1000000), "default",
         news->by_default ? "honour" : "refuse");
}

static void tell_vcpu(struct qmp *qmp, const char *event, const struct power_news *news)
{
    emit(qmp, event, "{s:i}", "cpu-index", (int)news->vcpu);
}

void qmp_tell(struct qmp *qmp, const struct power_news *news)
{
    if (qmp == NULL) {
        return;
    }
    switch (news->kind) {
    case POWER_NEWS_STOPPED:
        emit(qmp, "STOP", "{}");
        return;
    case POWER_NEWS_CONTINUED:
        emit(qmp, "RESUME", "{}");
        return;
    case POWER_NEWS_ASLEEP:
        emit(qmp, "SUSPEND", "{}");
        return;
    case POWER_NEWS_RESUMED:
        emit(qmp, "WAKEUP", "{}");
        return;
    case POWER_NEWS_REBOOT:
        tell_reset(qmp, news);
        return;
    case POWER_NEWS_OFF:
        emit(qmp, "SHUTDOWN", "{s:b, s:s, s:b}", "guest", 1, "reason", "guest-shutdown",
             "x-dormouse-hibernated", (int)news->hibernated);
        return;
    case POWER_NEWS_ASKED:
        tell_asked(qmp, news);
        return;
    case POWER_NEWS_ADMITTED:
        tell_vcpu(qmp, "X_DORMOUSE_VCPU_ADMITTED", news);
        return;
    case POWER_NEWS_WITHDRAWN:
        tell_vcpu(qmp, "X_DORMOUSE_VCPU_WITHDRAWN", news);
        return;
    case POWER_NEWS_NOT_ADMITTED:
        tell_vcpu(qmp, "X_DORMOUSE_VCPU_NOT_ADMITTED", news);
        return;
    default:
        return;
    }
}

void qmp_tell_quit(struct qmp *qmp, enum quit_reason reason)
{
    static const char *const reasons[] = {
        [QUIT_BY_SIGNAL] = "host-signal",
        [QUIT_BY_CONSOLE] = "host-ui",
        [QUIT_BY_QMP] = "host-qmp-quit",
        [QUIT_BY_ERROR] = "host-error",
    };

    if (qmp != NULL) {
        emit(qmp, "SHUTDOWN", "{s:b, s:s}", "guest", 0, "reason", reasons[reason]);
    }
}
