/* SPDX-License-Identifier: BSD-2-Clause */
#include "control/news_fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Addresses and context IDs are hexadecimal text: JSON readers lose bits of numbers of 64 bits. */
static json_t *make_hex(uint64_t value)
{
    char text[sizeof("0x0123456789abcdef")];

    (void)snprintf(text, sizeof(text), "0x%" PRIx64, value);
    return json_string(text);
}

json_t *news_vcpu(const struct power_news *news)
{
    return json_integer((json_int_t)news->vcpu);
}

json_t *news_entry(const struct power_news *news)
{
    return make_hex(news->call->entry.value);
}

json_t *news_context(const struct power_news *news)
{
    return make_hex(news->call->context);
}

json_t *news_default(const struct power_news *news)
{
    return json_string(news->by_default ? "honour" : "refuse");
}

json_t *news_warmth(const struct power_news *news)
{
    return json_string(news->warm ? "warm" : "cold");
}

json_t *news_reason(const struct power_news *news)
{
    return json_string(news->reason);
}

json_t *news_request(const struct power_news *news)
{
    return json_string(news->request == REQUEST_SLEEP ? "sleep" : "shutdown");
}

json_t *news_device(const struct power_news *news)
{
    return json_string(news->device);
}

json_t *news_operation(const struct power_news *news)
{
    return json_string(news->operation);
}

/* QEMU's words. */
json_t *news_action(const struct power_news *news)
{
    return json_string(news->pauses ? "stop" : "report");
}

json_t *news_file(const struct power_news *news)
{
    return json_string(news->file);
}

json_t *news_way(const struct power_news *news)
{
    return json_string(news->way);
}

json_t *news_reset_type(const struct power_news *news)
{
    return news->has_type ? make_hex(news->reset_type) : NULL;
}

json_t *news_reset_cookie(const struct power_news *news)
{
    return news->has_type ? make_hex(news->reset_cookie) : NULL;
}

static const struct news_field *find_field(const struct news_field *fields, size_t count,
                                           const char *name, size_t length)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(fields[i].name) == length && memcmp(fields[i].name, name, length) == 0) {
            return &fields[i];
        }
    }
    return NULL;
}

json_t *news_object(const struct news_row *row, const struct power_news *news,
                    const struct news_field *fields, size_t count)
{
    json_t *object = json_object();
    const char *name = row->fields;

    while (object != NULL && *name != '\0') {
        size_t length = strcspn(name, "? ");
        const struct news_field *field = find_field(fields, count, name, length);
        json_t *value = field != NULL ? field->value(news) : NULL;

        if (value != NULL) {
            json_object_set_new(object, field->name, value);
        }
        name += length;
        name += strspn(name, "? ");
    }
    return object;
}
