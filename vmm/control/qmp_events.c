/* SPDX-License-Identifier: BSD-2-Clause */
/* The power controller's news as events of QMP (power/news.def). */
#include <time.h>

#include "control/news_fields.h"
#include "control/qmp_internal.h"

/* Takes over `data`. As in QEMU, an event that has none has no member of that name. */
static void qmp_emit(struct qmp *qmp, const char *event, json_t *data)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    json_t *object =
        json_pack("{s:{s:I, s:I}, s:s}", "timestamp", "seconds", (json_int_t)now.tv_sec,
                  "microseconds", (json_int_t)now.tv_nsec / 1000, "event", event);
    if (data == NULL || json_object_size(data) > 0) {
        qmp_set(&object, "data", data);
    } else {
        json_decref(data);
    }
    qmp_send_event(qmp, object);
}

static json_t *qmp_deadline(const struct power_news *news)
{
    return json_integer((json_int_t)(news->deadline_ns / 1000000));
}

static json_t *qmp_guest(const struct power_news *news)
{
    return json_boolean(news->kind != POWER_NEWS_RESET);
}

/* QEMU's names of why a machine was reset or shut down; or why the guest does not do what it was asked. */
static json_t *qmp_reason(const struct power_news *news)
{
    switch (news->kind) {
    case POWER_NEWS_RESET:
        return json_string("host-qmp-system-reset");
    case POWER_NEWS_REBOOT:
        return json_string("guest-reset");
    case POWER_NEWS_REQUEST_FAILED:
    case POWER_NEWS_DISK_FAILED:
        return news_reason(news);
    default:
        return json_string("guest-shutdown");
    }
}

static json_t *qmp_kind(const struct power_news *news)
{
    return news->has_type ? news_warmth(news) : NULL;
}

static json_t *qmp_hibernated(const struct power_news *news)
{
    return json_boolean(news->hibernated);
}

static json_t *qmp_no_space(const struct power_news *news)
{
    return json_boolean(news->no_space);
}

static json_t *qmp_path(const struct power_news *news)
{
    return json_sprintf("/machine/%s", news->device);
}

static const struct news_field fields[] = {
    {"qom-path", qmp_path},
    {"action", news_action},
    {"device", news_device},
    {"operation", news_operation},
    {"nospace", qmp_no_space},
    {"cpu-index", news_vcpu},
    {"entry", news_entry},
    {"context", news_context},
    {"deadline-ms", qmp_deadline},
    {"default", news_default},
    {"file", news_file},
    {"guest", qmp_guest},
    {"reason", qmp_reason},
    {"request", news_request},
    {"way", news_way},
    {"x-dormouse-way", news_way},
    {"x-dormouse-kind", qmp_kind},
    {"x-dormouse-type", news_reset_type},
    {"x-dormouse-cookie", news_reset_cookie},
    {"x-dormouse-hibernated", qmp_hibernated},
};

static const struct news_row rows[] = {
#define NEWS(kind, event, fields, qmp, qmp_fields, colour, words)                                  \
    [POWER_NEWS_##kind] = {qmp, qmp_fields},
#define TOLD(event, fields, qmp, qmp_fields, colour, words)
#include "power/news.def"
};

void qmp_tell(struct qmp *qmp, const struct power_news *news)
{
    const struct news_row *row = &rows[news->kind];

    if (qmp != NULL && news->kind == POWER_NEWS_OFF && news->hibernated) {
        qmp_emit(qmp, "SUSPEND_DISK", json_object());
    }
    if (qmp != NULL && row->event != NULL) {
        qmp_emit(qmp, row->event,
                 news_object(row, news, fields, sizeof(fields) / sizeof(fields[0])));
    }
}

void qmp_tell_balloon(struct qmp *qmp, uint64_t bytes)
{
    if (qmp != NULL) {
        qmp_emit(qmp, "BALLOON_CHANGE", json_pack("{s:I}", "actual", (json_int_t)bytes));
    }
}

void qmp_tell_port(struct qmp *qmp, const char *port, bool open)
{
    if (qmp != NULL) {
        qmp_emit(qmp, "VSERPORT_CHANGE", json_pack("{s:s, s:b}", "id", port, "open", (int)open));
    }
}

void qmp_tell_clock(struct qmp *qmp, int32_t ahead)
{
    if (qmp != NULL) {
        qmp_emit(qmp, "RTC_CHANGE",
                 json_pack("{s:i, s:s}", "offset", (int)ahead, "qom-path", "/machine/rtc"));
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
        qmp_emit(qmp, "SHUTDOWN", json_pack("{s:b, s:s}", "guest", 0, "reason", reasons[reason]));
    }
}
