/* SPDX-License-Identifier: BSD-2-Clause */
/** Members of JSON objects for power news, by the names that power/news.def gives them. */
#ifndef DORMOUSE_CONTROL_NEWS_FIELDS_H
#define DORMOUSE_CONTROL_NEWS_FIELDS_H

#include <jansson.h>
#include <stddef.h>

#include "power/power.h"

struct news_field {
    const char *name;
    /** The member's value; NULL: the object has no such member. */
    json_t *(*value)(const struct power_news *news);
};

/** The event for one kind of news; `event` is NULL if there is none. */
struct news_row {
    const char *event;
    const char *fields; /**< names, with spaces between them; "?" after a name means nothing here */
};

/**
 * An object with the members of `row`; `fields`, `count` of them, give their values. NULL: no
 * memory.
 */
json_t *news_object(const struct news_row *row, const struct power_news *news,
                    const struct news_field *fields, size_t count);

/** Values that both the event log and QMP have, under the same or different names. */
json_t *news_vcpu(const struct power_news *news);
json_t *news_entry(const struct power_news *news);
json_t *news_context(const struct power_news *news);
json_t *news_default(const struct power_news *news);
json_t *news_warmth(const struct power_news *news);
json_t *news_reason(const struct power_news *news);
json_t *news_request(const struct power_news *news);
json_t *news_device(const struct power_news *news);
json_t *news_operation(const struct power_news *news);
json_t *news_action(const struct power_news *news);
json_t *news_file(const struct power_news *news);
json_t *news_way(const struct power_news *news);
json_t *news_reset_type(const struct power_news *news);
json_t *news_reset_cookie(const struct power_news *news);

#endif
