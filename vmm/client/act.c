/* SPDX-License-Identifier: BSD-2-Clause */
/* Verbs that do something to VMs: all are asked first, then each is waited for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/report.h"
#include "client/verb.h"

struct act {
    const struct vm *vm;
    struct qmp_ask ask;
    enum ask_result result;
};

/* Sends the request. A VM that has no room for a connection is asked again when it is its turn. */
static void act_begin(struct act *act, const struct verb *verb)
{
    act->ask = (struct qmp_ask){.fd = -1};
    act->result = act->vm->running ? qmp_ask_begin(&act->ask, act->vm->qmp, verb->command,
                                                   verb_turn(0, VERB_TURN_MS))
                                   : ASK_GONE;
}

/* A process that ends at once may close the connection before its reply is read. */
static enum ask_result act_take_reply(struct act *act, const struct verb *verb, int64_t deadline)
{
    if (act->result == ASK_LATE) {
        qmp_ask_close(&act->ask);
        act->result = qmp_ask_begin(&act->ask, act->vm->qmp, verb->command, deadline);
    }
    if (act->result != ASK_DONE) {
        return act->result;
    }
    enum ask_result result = qmp_ask_greet(&act->ask, deadline);
    if (result != ASK_DONE) {
        return result;
    }
    result = qmp_ask_reply(&act->ask, deadline, NULL);
    return result == ASK_GONE && verb->ends ? ASK_DONE : result;
}

/* Whether an event says that the VM does not do what it was asked for. */
static bool is_failure(const char *name)
{
    return strcmp(name, "X_DORMOUSE_REQUEST_FAILED") == 0 ||
           strcmp(name, "X_DORMOUSE_SAVE_FAILED") == 0;
}

/* A guest that starts again does not shut down. */
static bool is_reset_instead(const struct verb *verb, const char *name)
{
    return strcmp(name, "RESET") == 0 && strcmp(verb->event, "SHUTDOWN") == 0;
}

enum { GRACE_MS = 3000 }; /* for a process to end after it has said that its guest did */

static enum ask_result act_refuse(struct act *act, const char *reason)
{
    clean_copy(act->ask.why, sizeof(act->ask.why), reason);
    return ASK_REFUSED;
}

static enum ask_result act_take_failure(struct act *act, const json_t *event)
{
    const json_t *data = json_object_get(event, "data");
    const char *reason = json_string_value(json_object_get(data, "reason"));

    return act_refuse(act,
                      reason != NULL ? reason : "the VM could not do it; its messages say why");
}

/* With --no-reboot, and after a SIGTERM, a reset ends the VM, too. */
static enum ask_result act_take_reset(struct act *act)
{
    bool ended = qmp_ask_end(&act->ask, clock_now_ms() + GRACE_MS) == ASK_DONE;

    return ended ? ASK_DONE : act_refuse(act, "the guest was reset");
}

/* Whether this is the event that is waited for; sets what it says. */
static bool act_take_event(struct act *act, const struct verb *verb, const json_t *event,
                           enum ask_result *result)
{
    const char *name = json_string_value(json_object_get(event, "event"));

    if (name == NULL) {
        return false;
    }
    if (is_failure(name)) {
        *result = act_take_failure(act, event);
        return true;
    }
    if (is_reset_instead(verb, name)) {
        *result = act_take_reset(act);
        return true;
    }
    return strcmp(name, verb->event) == 0;
}

/* Waits for the verb's event. */
static enum ask_result act_wait_event(struct act *act, const struct verb *verb, int64_t deadline)
{
    for (;;) {
        json_t *event;
        enum ask_result result = qmp_ask_event(&act->ask, deadline, &event);

        if (result != ASK_DONE) {
            return result == ASK_GONE && verb->ends ? ASK_DONE : result;
        }
        bool heard = act_take_event(act, verb, event, &result);
        json_decref(event);
        if (heard) {
            return result;
        }
    }
}

/*
 * A VM with --no-shutdown stays after its guest has shut down; so the end is waited for only a
 * while if an event has come.
 */
static enum ask_result act_end(struct act *act, const struct verb *verb, int64_t deadline)
{
    if (verb->event == NULL) {
        return qmp_ask_end(&act->ask, deadline);
    }
    (void)qmp_ask_end(&act->ask, clock_now_ms() + GRACE_MS);
    return ASK_DONE;
}

static enum ask_result act_finish(struct act *act, const struct verb *verb,
                                  const struct verb_settings *settings, int64_t deadline)
{
    enum ask_result result = act_take_reply(act, verb, deadline);

    if (result != ASK_DONE || settings->no_wait) {
        return result;
    }
    if (verb->event != NULL) {
        result = act_wait_event(act, verb, deadline);
    }
    return result == ASK_DONE && verb->ends ? act_end(act, verb, deadline) : result;
}

/* Tells the operator: an object, or a line if something is wrong. */
static int act_tell(const struct act *act, const struct verb *verb, bool json)
{
    static const char *const words[] = {
        [ASK_DONE] = "done",
        [ASK_REFUSED] = "refused",
        [ASK_GONE] = "not running",
        [ASK_LATE] = "late",
    };
    int status = verb_exit(act->result);

    if (!json) {
        return verb_report(verb, act->vm, &act->ask, act->result);
    }
    int printed = verb_print(json_pack("{s:s, s:s, s:s*}", "name", act->vm->name, "result",
                                       words[act->result], "reason",
                                       act->result == ASK_REFUSED ? act->ask.why : NULL));
    return printed > status ? printed : status;
}

static int acts_run(struct act *acts, const struct verb *verb, const struct vm_list *list,
                    const struct verb_settings *settings)
{
    int64_t deadline = verb_deadline(verb, settings);
    int worst = VERB_DONE;

    for (size_t i = 0; i < list->count; i++) {
        acts[i].vm = &list->vms[i];
        act_begin(&acts[i], verb);
    }
    for (size_t i = 0; i < list->count; i++) {
        struct act *act = &acts[i];

        act->result = act_finish(act, verb, settings, verb_turn(deadline, VERB_TURN_MS));
        int status = act_tell(act, verb, settings->json);
        worst = status > worst ? status : worst;
        qmp_ask_close(&act->ask);
    }
    return worst;
}

int act_run(const struct verb *verb, const struct vm_list *list,
            const struct verb_settings *settings)
{
    struct act *acts = calloc(list->count + 1, sizeof(*acts));

    if (acts == NULL) {
        report("%s: %s", verb_word(verb), strerror(ENOMEM));
        return VERB_FAILED;
    }
    int status = acts_run(acts, verb, list, settings);
    free(acts);
    return status;
}
