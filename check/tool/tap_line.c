/* SPDX-License-Identifier: BSD-2-Clause */
#include "tap_line.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../protocol.h"
#include "must.h"
#include "words.h"

const char *tap_after(const char *line, const char *prefix)
{
    size_t length = strlen(prefix);

    return strncmp(line, prefix, length) == 0 ? line + length : NULL;
}

bool tap_number(const char **text, unsigned *number)
{
    unsigned digits = 0;

    *number = 0;
    while (isdigit((unsigned char)**text)) {
        if (++digits > 9) {
            return false;
        }
        *number = *number * 10 + (unsigned)(*(*text)++ - '0');
    }
    return digits > 0;
}

bool tap_plan_parse(const char *line, unsigned *count)
{
    const char *rest = tap_after(line, "1..");

    return rest != NULL && tap_number(&rest, count) && (*rest == '\0' || *rest == ' ');
}

/* The '#' of " # SKIP"; NULL if there is none. Inside a description a '#' has a backslash before
 * it. */
static const char *find_skip(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\\' && text[1] != '\0') {
            text++;
        } else if (*text == '#') {
            const char *word = text + 1 + strspn(text + 1, " ");

            if (strncasecmp(word, "skip", strlen("skip")) == 0) {
                return text;
            }
        }
    }
    return NULL;
}

static void take_description(struct tap_point *point, const char *text)
{
    const char *skip = find_skip(text);

    point->name = text;
    point->name_length = skip != NULL ? (size_t)(skip - text) : strlen(text);
    if (skip != NULL) {
        point->verdict = VERDICT_SKIPPED;
        point->reason = skip + 1 + strspn(skip + 1, " ") + strlen("skip");
        point->reason += strspn(point->reason, " ");
    }
}

bool tap_point_parse(const char *line, struct tap_point *point)
{
    const char *rest = tap_after(line, "ok");

    *point = (struct tap_point){.verdict = VERDICT_PASSED};
    if (rest == NULL) {
        rest = tap_after(line, "not ok");
        point->verdict = VERDICT_FAILED;
    }
    if (rest == NULL || (*rest != ' ' && *rest != '\0')) {
        return false;
    }
    rest += strspn(rest, " ");
    if (isdigit((unsigned char)*rest) && !tap_number(&rest, &point->number)) {
        return false;
    }
    rest += strspn(rest, " ");
    if (rest[0] == '-' && rest[1] == ' ') {
        rest += 2;
    }
    take_description(point, rest);
    return true;
}

/* Returns a copy without the backslashes of escapes. A backslash before any other character
 * stays. */
static char *text_unescape(const char *text, size_t length, const char *escaped)
{
    char *plain = must_alloc(length + 1, 1);
    size_t count = 0;

    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\\' && i + 1 < length && strchr(escaped, text[i + 1]) != NULL) {
            i++;
        }
        plain[count++] = text[i];
    }
    return plain;
}

void collect_point(struct collector *collector, unsigned number, const struct tap_point *parsed)
{
    char *name = text_unescape(parsed->name, parsed->name_length, "#\\");
    struct point *point = run_point(collector->run, number, parsed->verdict, name, strlen(name));

    free(name);
    if (parsed->reason != NULL) {
        results_set(&point->reason, parsed->reason, strlen(parsed->reason));
    }
    collect_family(collector, point);
    collector->last = number;
    collector->in_block = false;
}

void collect_family(const struct collector *collector, struct point *point)
{
    if (collector->family[0] != '\0') {
        results_set(&point->family, collector->family, strlen(collector->family));
    }
}

static char **find_member(struct point *point, const char *key, size_t length)
{
    const struct {
        const char *key;
        char **text;
    } members[] = {
        {"message", &point->message},
        {"clause", &point->clause},
        {"severity", &point->severity},
        {"consequence", &point->consequence},
    };

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (strlen(members[i].key) == length && memcmp(members[i].key, key, length) == 0) {
            return members[i].text;
        }
    }
    return NULL;
}

/* `  key: "value"`, or without the quotes. */
static void take_pair(struct point *point, const char *line)
{
    const char *key = line + strspn(line, " ");
    const char *value = strchr(key, ':');
    char **member = value != NULL ? find_member(point, key, (size_t)(value - key)) : NULL;

    if (member == NULL) {
        return;
    }
    value += 1 + strspn(value + 1, " ");
    size_t length = strlen(value);
    while (length > 0 && value[length - 1] == ' ') {
        length--;
    }
    if (length < 2 || value[0] != '"' || value[length - 1] != '"') {
        results_set(member, value, length);
        return;
    }
    char *plain = text_unescape(value + 1, length - 2, "\"\\");
    results_set(member, plain, strlen(plain));
    free(plain);
}

static bool take_block(struct collector *collector, struct point *point, const char *line)
{
    const char *rest = tap_after(line, "  ");

    if (rest == NULL) {
        return false;
    }
    if (!collector->in_block) {
        collector->in_block = strcmp(rest, "---") == 0;
        return collector->in_block;
    }
    if (strcmp(rest, "...") == 0) {
        collector->in_block = false;
    } else {
        take_pair(point, rest);
    }
    return true;
}

/* Cleans the text before splitting it, so that the written form is split in the same way. */
static void take_characteristic(struct collector *collector, struct point *point, const char *text)
{
    char *line = words_clean(text, strlen(text));
    const char *value = strstr(line, ": ");
    size_t before = point->characteristics.count;

    if (value != NULL && collector->characteristics < POINT_MAX) {
        facts_add(&point->characteristics, CHARACTERISTIC_MAX, line, (size_t)(value - line),
                  value + 2);
    }
    collector->characteristics += point->characteristics.count - before;
    free(line);
}

bool collect_detail(struct collector *collector, const char *line)
{
    struct point *point;
    const char *rest;

    if (run_verdict(collector->run, collector->last) == VERDICT_NONE) {
        return false;
    }
    point = &collector->run->points[collector->last - 1];
    if (take_block(collector, point, line)) {
        return true;
    }
    if ((rest = tap_after(line, SAY_CHARACTERISTIC)) != NULL) {
        take_characteristic(collector, point, rest);
        return true;
    }
    if ((rest = tap_after(line, SAY_OFTEN)) != NULL) {
        results_set(&point->often, rest, strlen(rest));
        return true;
    }
    return false;
}

/* "cpus 4, conduit HVC": each fact is a key of one word, and the rest. */
static void take_facts(struct facts *facts, const char *text)
{
    char *line = words_clean(text, strlen(text));
    char *next = line;

    while (next != NULL) {
        char *fact = next + strspn(next, " ");

        next = strstr(fact, ", ");
        if (next != NULL) {
            *next = '\0';
            next += strlen(", ");
        }
        if (*fact != '\0') {
            size_t key = strcspn(fact, " ");

            facts_add(facts, FACT_MAX, fact, key, fact + key);
        }
    }
    free(line);
}

/* An invalid name counts as none. */
static void take_family(struct collector *collector, const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    bool good = text[length] == '\0' && length <= FAMILY_MAX;

    (void)snprintf(collector->family, sizeof(collector->family), "%s", good ? text : "");
}

bool collect_facts(struct collector *collector, const char *line)
{
    const char *rest;

    if ((rest = tap_after(line, SAY_MACHINE)) != NULL) {
        take_facts(&collector->run->machine, rest);
    } else if ((rest = tap_after(line, SAY_SERVER)) != NULL) {
        take_facts(&collector->run->server, rest);
    } else if ((rest = tap_after(line, SAY_FAMILY)) != NULL) {
        take_family(collector, rest);
    }
    return rest != NULL;
}

void collect_settle(struct collector *collector)
{
    collector->last = 0;
    collector->in_block = false;
}
