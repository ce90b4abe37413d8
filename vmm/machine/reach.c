/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reaches the guest's own programs, to ask them for something: the guest agent if the guest has had
 * one since its start, else the driver of a key. An agent that refuses, or says nothing, is followed
 * by the key.
 */
#include <errno.h>

#include "base/report.h"
#include "control/agent.h"
#include "host/port/port_internal.h"
#include "machine/parts.h"

static enum device_key reach_key(enum power_request request)
{
    return request == REQUEST_SLEEP ? DEVICE_KEY_SLEEP : DEVICE_KEY_POWER;
}

const char *reach_way(const struct machine *machine, enum power_request request)
{
    if (agent_is_known(machine->agent)) {
        return "agent";
    }
    return bus_hears(&machine->bus, reach_key(request)) ? "key" : NULL;
}

void reach_ask(struct machine *machine, enum power_request request)
{
    if (agent_is_known(machine->agent)) {
        agent_ask(machine->agent, request == REQUEST_SLEEP ? AGENT_SUSPEND : AGENT_SHUT_DOWN);
    } else {
        bus_press(&machine->bus, reach_key(request));
    }
}

/* A request of the operator's comes first: an agent carries out one command. */
void reach_set_time(struct machine *machine)
{
    if (machine->config->agent_time && machine->power.request == REQUEST_NONE &&
        agent_is_known(machine->agent)) {
        agent_ask(machine->agent, AGENT_SET_TIME);
    }
}

/* Each wake may fail in the same way. */
static void reach_tell_time(struct machine *machine, const char *reason)
{
    bool asleep = machine->power.state == POWER_ASLEEP; /* again: the next wake sets it */

    if (!asleep && !machine->told_time) {
        machine->told_time = true;
        report_note("--agent-time: the guest's clock was not set: %s", reason);
    }
}

void reach_forget(struct machine *machine)
{
    agent_restart(machine->agent);
}

void reach_recall(struct machine *machine)
{
    if (machine->restored.has_agent) {
        agent_recall(machine->agent);
    }
}

bool reach_has_agent(const struct machine *machine)
{
    return agent_is_known(machine->agent);
}

static void reach_agent_failed(void *arg, const char *reason)
{
    struct machine *machine = arg;
    enum device_key key = reach_key(machine->power.request);

    if (machine->power.request == REQUEST_NONE) {
        reach_tell_time(machine, reason);
    } else if (bus_hears(&machine->bus, key)) {
        power_request_way(&machine->power, "key");
        bus_press(&machine->bus, key);
    } else {
        power_request_failed(&machine->power, reason);
    }
}

/* What an earlier question left in the port is of no use to the agent. */
static void reach_send(void *arg, const void *bytes, size_t count)
{
    struct machine *machine = arg;

    if (machine->agent_link != NULL) {
        port_link_forget(machine->agent_link);
        (void)port_link_send(machine->agent_link, bytes, count);
    }
}

static void reach_attached(void *arg, struct port_link *link)
{
    struct machine *machine = arg;

    machine->agent_link = link;
}

static void reach_opened(void *arg, bool open)
{
    struct machine *machine = arg;

    agent_opened(machine->agent, open);
}

static size_t reach_receive(void *arg, const void *bytes, size_t count)
{
    struct machine *machine = arg;

    agent_receive(machine->agent, bytes, count);
    return count;
}

int reach_open(struct machine *machine)
{
    const struct agent_env env = {
        .loop = machine->loop,
        .arg = machine,
        .send = reach_send,
        .failed = reach_agent_failed,
    };

    if (!machine->config->agent) {
        return 0;
    }
    machine->agent_client = (struct port_client){
        .arg = machine,
        .attached = reach_attached,
        .opened = reach_opened,
        .receive = reach_receive,
    };
    machine->agent = agent_create(&env);
    return machine->agent != NULL ? 0 : -errno;
}

void reach_close(struct machine *machine)
{
    agent_destroy(machine->agent);
    machine->agent = NULL;
}
