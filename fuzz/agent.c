/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: what a guest writes to the channel of the guest agent. The first byte of the input says
 * what is asked for, and how large the pieces are in which the rest comes. Where the guest would
 * have to know the number of the synchronisation, a NUL byte stands for the right answer.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/agent.h"
#include "core/loop.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct {
    struct agent *agent;
    char sent[256];
    unsigned failures;
} run;

static void check(int right)
{
    if (!right) {
        abort();
    }
}

static void fake_send(void *arg, const void *bytes, size_t count)
{
    (void)arg;
    check(count < sizeof(run.sent));
    memcpy(run.sent, bytes, count);
    run.sent[count] = '\0';
}

static void fake_failed(void *arg, const char *reason)
{
    (void)arg;
    run.failures++;
    for (; *reason != '\0'; reason++) {
        check((unsigned char)*reason >= ' ' && *reason != 0x7f);
    }
}

/* The answer that the client waits for, if it waits for one. */
static void answer_right(void)
{
    const char *id = strstr(run.sent, "\"id\":");
    char text[64];

    if (id != NULL) {
        int length = snprintf(text, sizeof(text), "\xff{\"return\":%lld}\n",
                              strtoll(id + strlen("\"id\":"), NULL, 10));
        agent_receive(run.agent, text, (size_t)length);
    }
}

static void receive(const uint8_t *bytes, size_t size, size_t piece)
{
    while (size > 0) {
        size_t count = size < piece ? size : piece;
        const uint8_t *nul = memchr(bytes, 0, count);

        if (nul == bytes) {
            answer_right();
            count = 1;
        } else {
            count = nul != NULL ? (size_t)(nul - bytes) : count;
            agent_receive(run.agent, bytes, count);
        }
        bytes += count;
        size -= count;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct loop *loop = loop_create();
    const struct agent_env env = {.loop = loop, .send = fake_send, .failed = fake_failed};

    check(loop != NULL);
    memset(&run, 0, sizeof(run));
    run.agent = agent_create(&env);
    check(run.agent != NULL);
    agent_opened(run.agent, true);
    if (size > 0) {
        agent_ask(run.agent, (bytes[0] & 1) != 0 ? AGENT_SUSPEND : AGENT_SHUT_DOWN);
        receive(bytes + 1, size - 1, 1 + bytes[0] / 2);
    }
    check(run.failures <= 1);
    agent_destroy(run.agent);
    loop_destroy(loop);
    return 0;
}
