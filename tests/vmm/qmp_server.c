/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qmp_server SOCKET: dormouse's QMP server and event loop without a machine, for clients of other
 * projects. A reset tells of everything that can happen to a VM. Ends with status 0 after `quit`.
 */
#include <stdio.h>

#include "control/qmp.h"
#include "core/loop.h"

struct server {
    struct loop *loop;
    struct qmp *qmp;
    enum operator_status status;
};

static enum operator_status server_status(void *arg)
{
    struct server *server = arg;

    return server->status;
}

static void server_facts(void *machine, struct operator_facts *facts)
{
    (void)machine;
    *facts = (struct operator_facts){.memory = 1 << 30, .cpus_max = 2, .can_wake = true};
}

static unsigned server_channels(void *machine, struct operator_channel *channels, unsigned room)
{
    (void)machine, (void)room;
    channels[0] = (struct operator_channel){.label = "console", .kind = "stdio", .open = true};
    return 1;
}

static unsigned server_vcpu_count(void *arg)
{
    (void)arg;
    return 1;
}

static void server_vcpus(void *arg, struct operator_vcpu *vcpus, unsigned count)
{
    (void)arg;
    for (unsigned i = 0; i < count; i++) {
        vcpus[i] = (struct operator_vcpu){.thread_id = 1, .admitted = true, .state = "on"};
    }
}

static const char *server_stop(void *arg)
{
    struct server *server = arg;

    server->status = OPERATOR_PAUSED;
    qmp_tell(server->qmp, &(struct power_news){.kind = POWER_NEWS_STOPPED});
    return NULL;
}

static const char *server_cont(void *arg)
{
    struct server *server = arg;

    server->status = OPERATOR_RUNNING;
    qmp_tell(server->qmp, &(struct power_news){.kind = POWER_NEWS_CONTINUED});
    return NULL;
}

static const char *server_wake(void *arg)
{
    (void)arg;
    return "Unable to wake up: guest is not in suspended state";
}

/* Each event that QEMU has too. */
static const char *server_reset(void *arg)
{
    static const enum power_news_kind kinds[] = {
        POWER_NEWS_ASKED_SHUTDOWN, POWER_NEWS_ASLEEP, POWER_NEWS_RESUMED, POWER_NEWS_DISK_FAILED,
        POWER_NEWS_REBOOT,         POWER_NEWS_OFF,    POWER_NEWS_RESET,
    };
    const struct server *server = arg;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        qmp_tell(server->qmp, &(struct power_news){.kind = kinds[i],
                                                   .way = "key",
                                                   .device = "disk0",
                                                   .operation = "write",
                                                   .reason = "No space left on device",
                                                   .hibernated = true});
    }
    qmp_tell_balloon(server->qmp, 1 << 20);
    qmp_tell_port(server->qmp, "org.qemu.guest_agent.0", true);
    qmp_tell_clock(server->qmp, -3600);
    return NULL;
}

static const char *server_agree(void *arg)
{
    (void)arg;
    return NULL;
}

static void server_quit(void *arg)
{
    struct server *server = arg;

    qmp_tell_quit(server->qmp, QUIT_BY_QMP);
    loop_stop(server->loop);
}

static bool server_is_asked(void *arg)
{
    (void)arg;
    return false;
}

static const char *server_answer(void *arg, bool honour)
{
    (void)arg, (void)honour;
    return "no suspend request waits for an answer";
}

static const char *server_admit(void *arg, unsigned vcpu)
{
    (void)arg, (void)vcpu;
    return NULL;
}

static unsigned server_disks(void *machine, struct operator_disk *disks, unsigned room)
{
    (void)machine, (void)room;
    disks[0] = (struct operator_disk){.file = "disk.img", .size = 1 << 20};
    return 1;
}

static const char *server_balloon(void *machine, uint64_t *bytes)
{
    (void)machine, (void)bytes;
    return "there is no balloon";
}

static const char *server_set_balloon(void *machine, uint64_t bytes)
{
    (void)machine, (void)bytes;
    return NULL;
}

static enum operator_depth server_depth(void *machine, bool *in_file)
{
    (void)machine;
    *in_file = false;
    return OPERATOR_KEEP;
}

static const char *server_set_depth(void *machine, enum operator_depth depth)
{
    (void)machine, (void)depth;
    return NULL;
}

static void server_life(void *machine, struct operator_life *life)
{
    (void)machine;
    *life = (struct operator_life){.state_ms = 90061000, .sleeps = 2, .wakes = 3};
}

int main(int argc, char **argv)
{
    static const struct operator_ops ops = {
        .status = server_status,
        .facts = server_facts,
        .life = server_life,
        .vcpu_count = server_vcpu_count,
        .vcpus = server_vcpus,
        .disks = server_disks,
        .channels = server_channels,
        .stop = server_stop,
        .cont = server_cont,
        .wake = server_wake,
        .reset = server_reset,
        .power_down = server_agree,
        .reboot = server_agree,
        .balloon = server_balloon,
        .set_balloon = server_set_balloon,
        .sleep = server_agree,
        .save = server_agree,
        .depth = server_depth,
        .set_depth = server_set_depth,
        .quit = server_quit,
        .reopen = server_agree,
        .suspend_is_pending = server_is_asked,
        .answer_suspend = server_answer,
        .admit = server_admit,
        .withdraw = server_admit,
    };
    struct server server = {.loop = loop_create()};

    if (argc != 2 || server.loop == NULL) {
        fprintf(stderr, "usage: qmp_server SOCKET\n");
        return 2;
    }
    server.qmp = qmp_open(server.loop, argv[1], "served", &ops, &server);
    if (server.qmp == NULL) {
        return 1;
    }
    int error = loop_run(server.loop);
    qmp_close(server.qmp);
    loop_destroy(server.loop);
    return error == 0 ? 0 : 1;
}
