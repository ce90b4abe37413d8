/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A client of the guest agent (qemu-ga; QEMU's qga/qapi-schema.json is the protocol), over a channel
 * of bytes that the agent opens at the guest's end. It synchronises once, to learn whether it was an
 * agent that has opened the channel, and then says nothing unless it is asked for
 * something: then it synchronises again, as the agent may be in the middle of an answer to another client,
 * and sends one command. Main thread only.
 *
 * The guest may send anything. A line of more than AGENT_LINE_MAX bytes is dropped, nothing is kept
 * of what does not belong to an answer, and an agent that does not answer costs AGENT_SECONDS.
 */
#ifndef DORMOUSE_CONTROL_AGENT_H
#define DORMOUSE_CONTROL_AGENT_H

#include <stdbool.h>
#include <stddef.h>

enum { AGENT_LINE_MAX = 1024, AGENT_SECONDS = 20 };

struct agent;
struct loop;

/** What the agent's client needs of the machine. A function is called with `arg`. */
struct agent_env {
    struct loop *loop;
    void *arg;
    /** Sends bytes to the guest, and drops those of earlier calls that the guest has not read. */
    void (*send)(void *arg, const void *bytes, size_t count);
    /**
     * What was asked for will not happen: the agent has answered with an error, or not at all. The
     * reason is text without control characters, and lives as long as the call.
     */
    void (*failed)(void *arg, const char *reason);
};

enum agent_command {
    AGENT_SHUT_DOWN, /**< guest-shutdown */
    AGENT_SUSPEND,   /**< guest-suspend-ram */
    AGENT_SET_TIME,  /**< guest-set-time, to the host's date at that moment */
};

/** Returns NULL with errno set. */
struct agent *agent_create(const struct agent_env *env);
/** NULL is ignored, here and by all functions below: no agent is there. */
void agent_destroy(struct agent *agent);

/** A program of the guest has opened the channel, or closed it, or the guest has reset the device. */
void agent_opened(struct agent *agent, bool open);
/** The guest has written so many bytes. */
void agent_receive(struct agent *agent, const void *bytes, size_t count);
/** The guest starts again: nothing of the old one is there. */
void agent_restart(struct agent *agent);
/** A saved guest continues: its agent has answered before. It need not open the channel to be asked. */
void agent_recall(struct agent *agent);

/**
 * Whether an agent has answered since the guest's start. The channel may be closed now: each sleep
 * closes it for a while.
 */
bool agent_is_known(const struct agent *agent);

/**
 * Asks the agent, once it is there, and drops what it was asked for before. An agent that
 * carries a command out does not answer, or its answer is of no use, so no callback says so: only failed() may follow.
 */
void agent_ask(struct agent *agent, enum agent_command command);

#endif
