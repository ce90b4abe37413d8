/* SPDX-License-Identifier: BSD-2-Clause */
#include "control/agent.h"

#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/clock.h"
#include "core/delay.h"

enum agent_state {
    AGENT_QUIET,   /* nothing is wanted */
    AGENT_WANTED,  /* the channel is closed; the question waits */
    AGENT_PROBING, /* as AGENT_SYNCING, to learn whether an agent has opened the channel */
    AGENT_SYNCING, /* guest-sync-delimited has been sent */
    AGENT_ASKED,   /* the command has been sent: an error may come, or nothing */
};

enum { AGENT_DELIMITER = 0xff };

struct agent {
    struct agent_env env;
    struct delay silence;
    enum agent_state state;
    enum agent_command command;
    bool open;
    bool known;
    bool listening; /* AGENT_PROBING and AGENT_SYNCING: the answer's delimiter has come */
    bool too_long;  /* the rest of this line is dropped */
    int64_t sync;   /* the number that the agent must send back */
    size_t length;
    char line[AGENT_LINE_MAX];
};

static void agent_forget_line(struct agent *agent)
{
    agent->length = 0;
    agent->too_long = false;
}

static void agent_rest(struct agent *agent)
{
    agent->state = AGENT_QUIET;
    agent->listening = false;
    agent_forget_line(agent);
    delay_set(&agent->silence, 0);
}

static void agent_fail(struct agent *agent, const char *reason)
{
    agent_rest(agent);
    agent->env.failed(agent->env.arg, reason);
}

static void agent_on_silence(void *arg)
{
    agent_fail(arg, "the guest agent does not answer");
}

/*
 * The delimiter ends whatever an earlier client left of a command. The agent sends one before its
 * answer, so that its answers to others can be told apart.
 */
static void agent_sync(struct agent *agent, enum agent_state state)
{
    char text[128];
    int length = snprintf(text, sizeof(text),
                          "%c{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":%lld}}\n",
                          AGENT_DELIMITER, (long long)++agent->sync);

    agent->state = state;
    agent->listening = false;
    agent_forget_line(agent);
    agent->env.send(agent->env.arg, text, (size_t)length);
}

static void agent_send_time(struct agent *agent)
{
    char text[96];
    int length = snprintf(text, sizeof(text),
                          "{\"execute\":\"guest-set-time\",\"arguments\":{\"time\":%lld}}\n",
                          (long long)clock_date_ns());

    agent->env.send(agent->env.arg, text, (size_t)length);
}

static void agent_send_command(struct agent *agent)
{
    static const char *const commands[] = {
        [AGENT_SHUT_DOWN] =
            "{\"execute\":\"guest-shutdown\",\"arguments\":{\"mode\":\"powerdown\"}}\n",
        [AGENT_SUSPEND] = "{\"execute\":\"guest-suspend-ram\"}\n",
    };
    agent->state = AGENT_ASKED;
    delay_set(&agent->silence, 0);
    if (agent->command == AGENT_SET_TIME) {
        agent_send_time(agent);
        return;
    }
    const char *text = commands[agent->command];
    agent->env.send(agent->env.arg, text, strlen(text));
}

/* Copies text of the guest so that it is safe to show, as much as there is room for. */
static void agent_copy_clean(char *to, size_t room, const char *from)
{
    size_t length = strlen(from);
    size_t used = 0;

    while (length > 0) {
        const char *shown;
        size_t shown_length;
        size_t taken = clean_character(from, length, &shown, &shown_length);

        if (used + shown_length >= room) {
            break;
        }
        memcpy(to + used, shown, shown_length);
        used += shown_length;
        from += taken;
        length -= taken;
    }
    to[used] = '\0';
}

static void agent_take_error(struct agent *agent, const json_t *error)
{
    const char *description = json_string_value(json_object_get(error, "desc"));
    char text[200];
    char reason[sizeof(text) + 32];

    agent_copy_clean(text, sizeof(text), description != NULL ? description : "an error");
    (void)snprintf(reason, sizeof(reason), "the guest agent answers: %s", text);
    agent_fail(agent, reason);
}

static bool agent_is_out_of_step(const struct agent *agent)
{
    return agent->state == AGENT_PROBING || agent->state == AGENT_SYNCING;
}

/* The agent has answered. */
static void agent_step(struct agent *agent)
{
    agent->known = true;
    if (agent->state == AGENT_SYNCING) {
        agent_send_command(agent);
    } else {
        agent_rest(agent);
    }
}

static bool agent_is_right(const struct agent *agent, const json_t *answer)
{
    const json_t *number = json_object_get(answer, "return");

    return json_is_integer(number) && json_integer_value(number) == agent->sync;
}

static void agent_take_line(struct agent *agent)
{
    json_t *answer = json_loadb(agent->line, agent->length, 0, NULL);
    json_t *error = json_object_get(answer, "error");

    if (agent_is_out_of_step(agent)) {
        agent->listening = false;
        if (agent_is_right(agent, answer)) {
            agent_step(agent);
        }
    } else if (error != NULL) {
        agent_take_error(agent, error);
    }
    json_decref(answer);
}

static void agent_end_line(struct agent *agent)
{
    if (!agent->too_long && agent->length > 0) {
        agent_take_line(agent);
    }
    agent_forget_line(agent);
}

static void agent_take_byte(struct agent *agent, unsigned char byte)
{
    if (byte == AGENT_DELIMITER) {
        agent->listening = true;
        agent_forget_line(agent);
    } else if (agent_is_out_of_step(agent) && !agent->listening) {
        return;
    } else if (byte == '\n') {
        agent_end_line(agent);
    } else if (agent->length == sizeof(agent->line)) {
        agent->too_long = true;
    } else {
        agent->line[agent->length++] = (char)byte;
    }
}

void agent_receive(struct agent *agent, const void *bytes, size_t count)
{
    const unsigned char *next = bytes;

    if (agent == NULL) {
        return;
    }
    for (size_t i = 0; i < count && agent->state >= AGENT_PROBING; i++) {
        agent_take_byte(agent, next[i]);
    }
}

void agent_opened(struct agent *agent, bool open)
{
    if (agent == NULL) {
        return;
    }
    agent->open = open;
    if (open && agent->state == AGENT_WANTED) {
        agent_sync(agent, AGENT_SYNCING);
    } else if (open && !agent->known) {
        agent_sync(agent, AGENT_PROBING); /* Firmware opens all ports, too. */
    } else if (!open && agent->state == AGENT_SYNCING) {
        agent->state = AGENT_WANTED;
    } else if (!open && agent->state != AGENT_WANTED) {
        agent_rest(agent); /* The agent ends in a shutdown, and each sleep closes the channel. */
    }
}

void agent_restart(struct agent *agent)
{
    if (agent != NULL) {
        agent->open = false;
        agent->known = false;
        agent_rest(agent);
    }
}

void agent_recall(struct agent *agent)
{
    if (agent != NULL) {
        agent->known = true;
    }
}

bool agent_is_known(const struct agent *agent)
{
    return agent != NULL && agent->known;
}

void agent_ask(struct agent *agent, enum agent_command command)
{
    if (agent == NULL) {
        return;
    }
    agent_rest(agent);
    agent->command = command;
    agent->state = AGENT_WANTED;
    delay_set(&agent->silence, AGENT_SECONDS * INT64_C(1000000000));
    if (agent->open) {
        agent_sync(agent, AGENT_SYNCING);
    }
}

struct agent *agent_create(const struct agent_env *env)
{
    struct agent *agent = calloc(1, sizeof(*agent));

    if (agent == NULL) {
        return NULL;
    }
    agent->env = *env;
    json_object_seed(0); /* It opens /dev/urandom, which the sandbox no longer lets it do. */
    agent->sync = clock_now_ms(); /* A number that no earlier client of this agent has used. */
    int error = delay_open(&agent->silence, env->loop, agent_on_silence, agent);
    if (error != 0) {
        free(agent);
        errno = -error;
        return NULL;
    }
    return agent;
}

void agent_destroy(struct agent *agent)
{
    if (agent != NULL) {
        delay_close(&agent->silence);
        free(agent);
    }
}
