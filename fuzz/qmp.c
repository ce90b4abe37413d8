/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: any bytes, as a QMP client. Every command is answered by one line of JSON, and the
 * connection ends after the client's last byte, or before. The first byte says how many bytes are
 * sent at once.
 */
#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/report.h"
#include "control/qmp_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The client's state. */
struct run {
    struct loop *loop;
    int fd;
    const uint8_t *bytes;
    size_t left;
    size_t step;
    char line[QMP_OUTPUT_MAX]; /* what came since the last line: the schema is long */
    size_t line_length;
};

void report(const char *format, ...)
{
    (void)format;
}

static void check(bool right)
{
    if (!right) {
        abort();
    }
}

static enum operator_status status(void *machine)
{
    (void)machine;
    return OPERATOR_RUNNING;
}

static void facts(void *machine, struct operator_facts *out)
{
    (void)machine;
    *out = (struct operator_facts){.memory = 1 << 30, .cpus_max = 3};
}

static unsigned channels(void *machine, struct operator_channel *out, unsigned room)
{
    (void)machine, (void)room;
    out[0] = (struct operator_channel){.label = "port", .kind = "unix", .path = "s"};
    return 1;
}

static unsigned vcpu_count(void *machine)
{
    (void)machine;
    return 3;
}

static void describe(void *machine, struct operator_vcpu *vcpus, unsigned count)
{
    (void)machine;
    check(count == 3);
    for (unsigned i = 0; i < count; i++) {
        vcpus[i] = (struct operator_vcpu){.state = "on"};
    }
}

static const char *agree(void *machine)
{
    (void)machine;
    return NULL;
}

static void quit(void *machine)
{
    (void)machine;
}

static bool is_pending(void *machine)
{
    (void)machine;
    return false;
}

static const char *answer(void *machine, bool honour)
{
    (void)machine;
    return honour ? "not pending" : NULL;
}

static const char *admit(void *machine, unsigned index)
{
    (void)machine;
    return index < 3 ? NULL : "there is no such vCPU";
}

static unsigned describe_disks(void *machine, struct operator_disk *disks, unsigned room)
{
    (void)machine, (void)room;
    disks[0] = (struct operator_disk){.file = "disk.img", .size = 1 << 20};
    return 1;
}

static const char *balloon(void *machine, uint64_t *bytes)
{
    (void)machine;
    *bytes = 1 << 20;
    return NULL;
}

static const char *set_balloon(void *machine, uint64_t bytes)
{
    (void)machine, (void)bytes;
    return NULL;
}

static enum operator_depth depth(void *machine, bool *in_file)
{
    (void)machine;
    *in_file = true;
    return OPERATOR_DISK;
}

static const char *set_depth(void *machine, enum operator_depth wanted)
{
    (void)machine;
    return wanted == OPERATOR_DISK ? "there is no file" : NULL;
}

static void life(void *machine, struct operator_life *told)
{
    (void)machine;
    told->wakes = 1;
}

static const struct operator_ops ops = {
    .status = status,
    .life = life,
    .facts = facts,
    .vcpu_count = vcpu_count,
    .vcpus = describe,
    .disks = describe_disks,
    .channels = channels,
    .stop = agree,
    .cont = agree,
    .wake = agree,
    .reset = agree,
    .power_down = agree,
    .reboot = agree,
    .balloon = balloon,
    .set_balloon = set_balloon,
    .sleep = agree,
    .save = agree,
    .depth = depth,
    .set_depth = set_depth,
    .quit = quit,
    .reopen = agree,
    .suspend_is_pending = is_pending,
    .answer_suspend = answer,
    .admit = admit,
    .withdraw = admit,
};

static void take_line(const struct run *run)
{
    json_t *reply = json_loadb(run->line, run->line_length, JSON_ALLOW_NUL, NULL);

    check(json_is_object(reply));
    json_decref(reply);
}

static void take(struct run *run, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check(run->line_length < sizeof(run->line));
        if (bytes[i] == '\n') {
            take_line(run);
            run->line_length = 0;
        } else {
            run->line[run->line_length++] = bytes[i];
        }
    }
}

/*
 * The client's turn: reads what is there, then sends a few more bytes; after the last byte it hangs
 * up.
 */
static void on_client(void *arg, uint32_t events)
{
    struct run *run = arg;
    char bytes[4096];
    ssize_t count;

    (void)events;
    while ((count = recv(run->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
        take(run, bytes, (size_t)count);
    }
    if (count == 0 || errno != EAGAIN) {
        check(run->line_length == 0);
        loop_stop(run->loop);
        return;
    }
    size_t length = run->left < run->step ? run->left : run->step;
    if (length == 0) {
        shutdown(run->fd, SHUT_WR);
        return;
    }
    if (send(run->fd, run->bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length) {
        run->bytes += length;
        run->left -= length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct run run;
    struct qmp qmp = {.name = "fuzz", .ops = &ops, .listener = LISTENER_NONE};
    int fds[2];

    if (size == 0) {
        return 0;
    }
    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    run = (struct run){.fd = fds[0], .bytes = bytes + 1, .left = size - 1, .step = 1u + bytes[0]};
    run.loop = qmp.loop = loop_create();
    check(qmp.loop != NULL && qmp_client_add(&qmp, fds[1]));
    struct loop_source *source = loop_add(run.loop, run.fd, EPOLLIN | EPOLLOUT, on_client, &run);
    check(source != NULL && loop_run(run.loop) == 0);
    qmp_close_clients(&qmp);
    loop_close(source, run.fd);
    loop_destroy(run.loop);
    return 0;
}
