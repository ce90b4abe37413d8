/* SPDX-License-Identifier: BSD-2-Clause */
#include "control/news.h"

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "control/news_fields.h"

static json_t *wake_list(unsigned set)
{
    json_t *list = json_array();

    for (unsigned source = 1; source <= WAKE_ALL; source <<= 1) {
        if ((set & source) != 0) {
            json_array_append_new(list, json_string(wake_name(source)));
        }
    }
    return list;
}

void news_boot(struct events *events, const struct news_boot *boot)
{
    char psci[16];

    if (events == NULL) {
        return;
    }
    snprintf(psci, sizeof(psci), "%u.%u", boot->psci_version >> 16, boot->psci_version & 0xffff);
    events_emit(events, "boot", "s:i, s:i, s:i, s:I, s:s, s:s, s:s, s:o", "boot", (int)boot->count,
                "cpus", (int)boot->cpus, "admitted", (int)boot->admitted, "memory",
                (json_int_t)boot->memory, "psci", psci, "psci_mode", boot->psci_mode, "on_suspend",
                boot->on_suspend, "wake", wake_list(boot->wake));
}

static json_t *width_value(const struct power_news *news)
{
    return json_integer(news->call->smc32 ? 32 : 64);
}

static json_t *answer_value(const struct power_news *news)
{
    return json_string(news->result == VPSCI_DENIED ? "DENIED" : "INVALID_ADDRESS");
}

static json_t *source_value(const struct power_news *news)
{
    return json_string(wake_name(news->source));
}

static json_t *intid_value(const struct power_news *news)
{
    return news->intid >= 0 ? json_integer(news->intid) : NULL;
}

static json_t *deadline_value(const struct power_news *news)
{
    return json_integer((json_int_t)news->deadline_ns);
}

static json_t *asleep_value(const struct power_news *news)
{
    return json_integer((json_int_t)news->asleep_ns);
}

/* The kind of a reset, or of an end. */
static json_t *kind_value(const struct power_news *news)
{
    if (news->kind == POWER_NEWS_OFF) {
        return json_string(news->hibernated ? "hibernate" : "off");
    }
    return news_warmth(news);
}

static const struct news_field fields[] = {
    {"vcpu", news_vcpu},       {"entry", news_entry},         {"context", news_context},
    {"width", width_value},    {"answer", answer_value},      {"reason", news_reason},
    {"source", source_value},  {"intid", intid_value},        {"deadline_ns", deadline_value},
    {"default", news_default}, {"asleep_ns", asleep_value},   {"kind", kind_value},
    {"type", news_reset_type}, {"cookie", news_reset_cookie}, {"way", news_way},
    {"request", news_request}, {"device", news_device},       {"operation", news_operation},
    {"action", news_action},   {"file", news_file},           {"saved_ns", asleep_value},
};

static const struct news_row rows[] = {
#define NEWS(kind, event, fields, qmp, qmp_fields, colour, words)                                  \
    [POWER_NEWS_##kind] = {event, fields},
#define TOLD(event, fields, qmp, qmp_fields, colour, words)
#include "power/news.def"
};

void news_power(struct events *events, const struct power_news *news)
{
    const struct news_row *row = &rows[news->kind];

    if (events != NULL) {
        events_emit_object(events, row->event,
                           news_object(row, news, fields, sizeof(fields) / sizeof(fields[0])));
    }
}

void news_idle(struct events *events, unsigned vcpu, const char *state, uint64_t count)
{
    if (count != 0) {
        events_emit(events, "idle", "s:i, s:s, s:I", "vcpu", (int)vcpu, "state", state, "count",
                    (json_int_t)count);
    }
}

void news_balloon(struct events *events, uint64_t bytes)
{
    events_emit(events, "balloon", "s:I", "memory", (json_int_t)bytes);
}

void news_quit(struct events *events, const char *reason)
{
    events_emit(events, "quit", "s:s", "reason", reason);
}

void news_error(struct events *events, const char *message)
{
    events_emit(events, "error", "s:s", "message", message);
}
