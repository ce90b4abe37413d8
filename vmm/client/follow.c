/* SPDX-License-Identifier: BSD-2-Clause */
/* `dormouse events`: the event log of a VM, or what happens to VMs from now on. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/report.h"
#include "client/verb.h"

struct follow {
    const struct vm *vm;
    struct qmp_ask ask;
    enum ask_result result; /* of the connection */
    bool failed;            /* and reported, after it was there */
};

/* "2026-11-30 01:02:03.456", in the time zone of this process. */
static void event_print_time(const json_t *event)
{
    const json_t *stamp = json_object_get(event, "timestamp");
    time_t seconds = (time_t)json_integer_value(json_object_get(stamp, "seconds"));
    long long millis = json_integer_value(json_object_get(stamp, "microseconds")) / 1000;
    struct tm parts;
    char text[32];

    if (localtime_r(&seconds, &parts) == NULL ||
        strftime(text, sizeof(text), "%F %T", &parts) == 0) {
        (void)snprintf(text, sizeof(text), "?");
    }
    (void)printf("%s.%03lld", text, millis % 1000);
}

static void print_clean(const char *text)
{
    clean_print(stdout, text, strlen(text));
}

static void event_print_value(const json_t *value)
{
    char *text;

    if (json_is_string(value)) {
        print_clean(json_string_value(value));
        return;
    }
    text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    print_clean(text != NULL ? text : "?");
    free(text);
}

static void event_print(const struct vm *vm, json_t *event)
{
    const char *name = json_string_value(json_object_get(event, "event"));
    const json_t *value;
    const char *key;

    event_print_time(event);
    (void)printf(" %s ", vm->name);
    print_clean(name != NULL ? name : "?");
    json_object_foreach(json_object_get(event, "data"), key, value)
    {
        (void)putchar(' ');
        print_clean(key);
        (void)putchar('=');
        event_print_value(value);
    }
    (void)putchar('\n');
}

/* Takes over the event. Returns false if standard output takes no more. */
static bool tell_event(const struct vm *vm, json_t *event, bool json)
{
    if (json) {
        json_object_set_new(event, "name", json_string(vm->name));
        (void)verb_print(event);
    } else {
        event_print(vm, event);
        json_decref(event);
    }
    return fflush(stdout) == 0;
}

/* Whether the VM is there, be it that it has too many clients or no time to answer. */
static bool follow_runs_on(const struct follow *follow)
{
    enum { ANSWER_MS = 1000 };
    int64_t deadline = clock_now_ms() + ANSWER_MS;
    struct qmp_ask ask;
    enum ask_result result = qmp_ask_begin(&ask, follow->vm->qmp, NULL, deadline);

    if (result == ASK_DONE) {
        result = qmp_ask_greet(&ask, deadline);
    }
    qmp_ask_close(&ask);
    return result != ASK_GONE;
}

/* The end of the VM is no failure. But a VM that runs on has cut off a reader that was too slow. */
static void follow_end(struct follow *follow, const struct verb *verb, enum ask_result result)
{
    if (result == ASK_GONE && follow_runs_on(follow)) {
        (void)snprintf(follow->ask.why, sizeof(follow->ask.why),
                       "the VM runs on, but has ended the connection: its events were not read "
                       "in time");
        result = ASK_REFUSED;
    }
    if (result != ASK_GONE) {
        (void)verb_report(verb, follow->vm, &follow->ask, result);
        follow->failed = true;
    }
    qmp_ask_close(&follow->ask);
}

/*
 * Prints what one VM has sent. A VM that floods lets the others have their turn. Returns false at
 * the end of standard output.
 */
static bool follow_read(struct follow *follow, const struct verb *verb, bool json)
{
    enum { AT_ONCE = 64 };

    for (int i = 0; i < AT_ONCE; i++) {
        json_t *event;
        enum ask_result result = qmp_ask_event(&follow->ask, clock_now_ms() + 1, &event);

        if (result == ASK_LATE) {
            return true;
        }
        if (result != ASK_DONE) {
            follow_end(follow, verb, result);
            return true;
        }
        if (!tell_event(follow->vm, event, json)) {
            return false;
        }
    }
    return true;
}

/* Waits until one of them has something to say. Returns false if all have ended. */
static bool follows_wait(const struct follow *follows, struct pollfd *ready, size_t count)
{
    bool open = false;

    for (size_t i = 0; i < count; i++) {
        ready[i] = (struct pollfd){.fd = follows[i].ask.fd, .events = POLLIN};
        open = open || ready[i].fd >= 0;
    }
    return open && (poll(ready, count, -1) >= 0 || errno == EINTR);
}

static void follow_begin(struct follow *follow)
{
    follow->ask = (struct qmp_ask){.fd = -1};
    follow->result = follow->vm->running ? qmp_ask_begin(&follow->ask, follow->vm->qmp, NULL,
                                                         verb_turn(0, VERB_TURN_MS))
                                         : ASK_GONE;
}

/* The others' events wait in their sockets. */
static int follow_greet(struct follow *follow, const struct verb *verb, int64_t deadline)
{
    if (follow->result == ASK_DONE) {
        follow->result = qmp_ask_greet(&follow->ask, deadline);
    }
    if (follow->result == ASK_DONE) {
        return VERB_DONE;
    }
    int status = verb_report(verb, follow->vm, &follow->ask, follow->result);
    qmp_ask_close(&follow->ask);
    return status;
}

static int follows_begin(struct follow *follows, const struct verb *verb,
                         const struct vm_list *list, int64_t deadline)
{
    int worst = VERB_DONE;

    for (size_t i = 0; i < list->count; i++) {
        follows[i].vm = &list->vms[i];
        follow_begin(&follows[i]);
    }
    for (size_t i = 0; i < list->count; i++) {
        int status = follow_greet(&follows[i], verb, verb_turn(deadline, VERB_TURN_MS));

        worst = status > worst ? status : worst;
    }
    return worst;
}

/* Returns an exit status. */
static int follows_run(struct follow *follows, const struct verb *verb, struct pollfd *ready,
                       size_t count, bool json)
{
    bool good = true;
    int status = VERB_DONE;

    while (good && follows_wait(follows, ready, count)) {
        for (size_t i = 0; good && i < count; i++) {
            good = ready[i].revents == 0 || follow_read(&follows[i], verb, json);
        }
    }
    for (size_t i = 0; i < count; i++) {
        status = follows[i].failed ? VERB_FAILED : status;
        qmp_ask_close(&follows[i].ask);
    }
    return status;
}

static int events_follow(const struct verb *verb, const struct vm_list *list,
                         const struct verb_settings *settings)
{
    struct follow *follows = calloc(list->count + 1, sizeof(*follows));
    struct pollfd *ready = calloc(list->count + 1, sizeof(*ready));
    int status = VERB_FAILED;

    if (follows != NULL && ready != NULL) {
        status = follows_begin(follows, verb, list, verb_deadline(verb, settings));
        int lost = follows_run(follows, verb, ready, list->count, settings->json);

        status = lost > status ? lost : status;
    } else {
        report("%s: %s", verb_word(verb), strerror(ENOMEM));
    }
    free(follows);
    free(ready);
    return status;
}

static int events_show(const struct verb *verb, const struct vm *vm,
                       const struct verb_settings *settings)
{
    const char *path = vm_text(vm, "events");

    if (path == NULL) {
        report("%s %s: the VM has no event log (--events); -f shows what happens from now on",
               verb_word(verb), vm->name);
        return VERB_FAILED;
    }
    return settings->show_log(path) == 0 ? VERB_DONE : VERB_FAILED;
}

int events_run(const struct verb *verb, const struct vm_list *list,
               const struct verb_settings *settings)
{
    int worst = VERB_DONE;

    if (settings->follow) {
        return events_follow(verb, list, settings);
    }
    for (size_t i = 0; i < list->count; i++) {
        int status = events_show(verb, &list->vms[i], settings);

        worst = status > worst ? status : worst;
    }
    return worst;
}
