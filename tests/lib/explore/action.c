/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of which scenarios are made. */
#include <stdio.h>
#include <string.h>

#include "action.h"
#include "vpsci/vpsci.h"

static const struct verb {
    const char *word;
    uint8_t kind;
    uint8_t number; /* the function of DO_CALL, the state of DO_MP_SET */
    bool argued;    /* a number follows */
} verbs[] = {
    {"on", DO_CALL, VPSCI_FN_CPU_ON, true},
    {"off", DO_CALL, VPSCI_FN_CPU_OFF, false},
    {"freeze", DO_CALL, VPSCI_FN_CPU_FREEZE, false},
    {"info", DO_CALL, VPSCI_FN_AFFINITY_INFO, true},
    {"suspend", DO_CALL, VPSCI_FN_SYSTEM_SUSPEND, false},
    {"sleep", DO_CALL, VPSCI_FN_CPU_SUSPEND, true},
    {"doze", DO_CALL, VPSCI_FN_CPU_DEFAULT_SUSPEND, false},
    {"halt", DO_CALL, VPSCI_FN_SYSTEM_OFF, false},
    {"reset", DO_CALL, VPSCI_FN_SYSTEM_RESET, false},
    {"reset2", DO_CALL, VPSCI_FN_SYSTEM_RESET2, false},
    {"migrate", DO_CALL, VPSCI_FN_MIGRATE, true},
    {"protect", DO_CALL, VPSCI_FN_MEM_PROTECT, true},
    {"mode", DO_CALL, VPSCI_FN_SET_SUSPEND_MODE, true},
    {"next", DO_NEXT, 0, false},
    {"stopped", DO_MP_SET, VPSCI_MP_STOPPED, false},
    {"runnable", DO_MP_SET, VPSCI_MP_RUNNABLE, false},
    {"held", DO_MP_SET, VPSCI_MP_SUSPENDED, false},
    {"wake", DO_WAKE, 0, true},
    {"accept", DO_ACCEPT, 0, true},
    {"refuse", DO_REFUSE, 0, true},
    {"state", DO_STATE, 0, true},
    {"count", DO_COUNT, 0, false},
    {"save", DO_SAVE, 0, false},
};

enum { VERB_COUNT = sizeof(verbs) / sizeof(verbs[0]) };

static bool is_word(const char *text, size_t length, const struct verb *verb)
{
    size_t word = strlen(verb->word);

    return strncmp(text, verb->word, word) == 0 &&
           length == word + (verb->argued ? sizeof(" 0") - 1 : 0);
}

bool action_read(const char *text, size_t length, struct action *action)
{
    size_t i;

    for (i = 0; i < VERB_COUNT; i++) {
        const struct verb *verb = &verbs[i];

        if (!is_word(text, length, verb)) {
            continue;
        }
        action->kind = verb->kind;
        action->function = verb->kind == DO_CALL ? verb->number : 0;
        action->argument = verb->argued ? (uint8_t)(text[length - 1] - '0') : verb->number;
        if (verb->kind > DO_MP_SET) {
            action->vcpu = action->argument;
        }
        return !verb->argued ||
               action->argument < (verb->number == VPSCI_FN_CPU_SUSPEND ? SLEEP_MAX : VCPU_MAX);
    }
    return false;
}

static bool is_verb_of(const struct verb *verb, const struct action *action)
{
    switch (verb->kind) {
    case DO_CALL:
        return action->kind == DO_CALL && action->function == verb->number;
    case DO_MP_SET:
        return action->kind == DO_MP_SET && action->argument == verb->number;
    default:
        return action->kind == verb->kind;
    }
}

void action_write(const struct action *action, char *text, size_t size)
{
    size_t i;

    for (i = 0; i < VERB_COUNT - 1 && !is_verb_of(&verbs[i], action); i++) {
    }
    if (verbs[i].argued) {
        (void)snprintf(text, size, "%s %u", verbs[i].word, action->argument);
    } else {
        (void)snprintf(text, size, "%s", verbs[i].word);
    }
}
