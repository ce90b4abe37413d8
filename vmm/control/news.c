/* SPDX-License-Identifier: BSD-2-Clause */
#include "control/news.h"

#include <inttypes.h>
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/options.h"

/* Addresses and context IDs are 64 bits wide and go as hexadecimal text: JSON readers lose bits. */
struct hex {
    char text[sizeof("0x0123456789abcdef")];
};

static struct hex hex(uint64_t value)
{
    struct hex out;

    snprintf(out.text, sizeof(out.text), "0x%" PRIx64, value);
    return out;
}

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

void news_boot(struct events *events, const struct config *config, const struct news_boot *boot)
{
    char psci[16];

    if (events == NULL) {
        return;
    }
    snprintf(psci, sizeof(psci), "%u.%u", boot->psci_version >> 16, boot->psci_version & 0xffff);
    events_emit(events, "boot", "s:i, s:i, s:i, s:I, s:s, s:s, s:s, s:o", "boot", (int)boot->count,
                "cpus", (int)config->cpu_count, "admitted",
                (int)(config->cpus_admitted != 0 ? config->cpus_admitted : config->cpu_count),
                "memory", (json_int_t)config->memory_size, "psci", psci, "psci_mode",
                options_mode_name(boot->psci_mode), "on_suspend", options_policy_name(boot->policy),
                "wake", wake_list(config->wake));
}

static void tell_vcpu(struct events *events, const char *event, const struct power_news *news)
{
    events_emit(events, event, "s:i", "vcpu", (int)news->vcpu);
}

static void tell_request(struct events *events, const struct power_news *news)
{
    events_emit(events, "suspend-request", "s:i, s:s, s:s, s:i", "vcpu", (int)news->vcpu, "entry",
                hex(news->call->entry.value).text, "context", hex(news->call->context).text,
                "width", news->call->smc32 ? 32 : 64);
}

static void tell_refused(struct events *events, const struct power_news *news)
{
    events_emit(events, "suspend-refused", "s:i, s:s, s:s", "vcpu", (int)news->vcpu, "answer",
                news->result == PSCI_DENIED ? "DENIED" : "INVALID_ADDRESS", "reason", news->reason);
}

static void tell_wake(struct events *events, const struct power_news *news)
{
    if (news->intid >= 0) {
        events_emit(events, "wake", "s:i, s:s, s:i", "vcpu", (int)news->vcpu, "source",
                    wake_name(news->source), "intid", news->intid);
    } else {
        events_emit(events, "wake", "s:i, s:s", "vcpu", (int)news->vcpu, "source",
                    wake_name(news->source));
    }
}

static void tell_asked(struct events *events, const struct power_news *news)
{
    events_emit(events, "suspend-asked", "s:i, s:I, s:s", "vcpu", (int)news->vcpu, "deadline_ns",
                (json_int_t)news->deadline_ns, "default", news->by_default ? "honour" : "refuse");
}

static void tell_reboot(struct events *events, const struct power_news *news)
{
    const char *kind = news->warm ? "warm" : "cold";

    if (news->has_type) {
        events_emit(events, "reboot", "s:i, s:s, s:s, s:s", "vcpu", (int)news->vcpu, "kind", kind,
                    "type", hex(news->reset_type).text, "cookie", hex(news->reset_cookie).text);
    } else {
        events_emit(events, "reboot", "s:i, s:s", "vcpu", (int)news->vcpu, "kind", kind);
    }
}

void news_power(struct events *events, const struct power_news *news)
{
    switch (news->kind) {
    case POWER_NEWS_VCPU_ON:
        tell_vcpu(events, "vcpu-on", news);
        return;
    case POWER_NEWS_VCPU_OFF:
        tell_vcpu(events, "vcpu-off", news);
        return;
    case POWER_NEWS_SUSPEND_REQUEST:
        tell_request(events, news);
        return;
    case POWER_NEWS_HONOURED:
        tell_vcpu(events, "suspend-honoured", news);
        return;
    case POWER_NEWS_REFUSED:
        tell_refused(events, news);
        return;
    case POWER_NEWS_ASLEEP:
        tell_vcpu(events, "asleep", news);
        return;
    case POWER_NEWS_WAKE:
        tell_wake(events, news);
        return;
    case POWER_NEWS_WAKE_IGNORED:
        events_emit(events, "wake-ignored", "s:s, s:s", "source", wake_name(news->source), "reason",
                    news->reason);
        return;
    case POWER_NEWS_RESUMED:
        events_emit(events, "resumed", "s:i, s:s, s:I", "vcpu", (int)news->vcpu, "entry",
                    hex(news->call->entry.value).text, "asleep_ns", (json_int_t)news->asleep_ns);
        return;
    case POWER_NEWS_REBOOT:
        if (news->by_host) {
            events_emit(events, "reset", "s:s", "kind", "cold"); /* No vCPU called. */
        } else {
            tell_reboot(events, news);
        }
        return;
    case POWER_NEWS_OFF:
        events_emit(events, "off", "s:i, s:s", "vcpu", (int)news->vcpu, "kind",
                    news->hibernated ? "hibernate" : "off");
        return;
    case POWER_NEWS_STOPPED:
        events_emit(events, "paused", "");
        return;
    case POWER_NEWS_CONTINUED:
        events_emit(events, "continued", "");
        return;
    case POWER_NEWS_ASKED:
        tell_asked(events, news);
        return;
    case POWER_NEWS_ADMITTED:
        tell_vcpu(events, "vcpu-admitted", news);
        return;
    case POWER_NEWS_WITHDRAWN:
        tell_vcpu(events, "vcpu-withdrawn", news);
        return;
    case POWER_NEWS_NOT_ADMITTED:
        tell_vcpu(events, "vcpu-not-admitted", news);
        return;
    }
}

void news_idle(struct events *events, unsigned vcpu, const char *state, uint64_t count)
{
    if (count != 0) {
        events_emit(events, "idle", "s:i, s:s, s:I", "vcpu", (int)vcpu, "state", state, "count",
                    (json_int_t)count);
    }
}

void news_quit(struct events *events, const char *reason)
{
    events_emit(events, "quit", "s:s", "reason", reason);
}

void news_error(struct events *events, const char *message)
{
    events_emit(events, "error", "s:s", "message", message);
}
