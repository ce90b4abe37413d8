/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passt on the other end of a stream socket. A frame there is its length, 4 bytes big-endian, and
 * then its bytes, as QEMU's `-netdev stream` has it. Either may come, or be taken, in pieces.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/report.h"
#include "host/net/frame.h"
#include "host/net/net_parts.h"

static int passt_end(struct net *net, int error)
{
    return net_end(net, error, "passt has ended");
}

/* What an attempt to read gave: bytes, 0 if there are none yet, or -errno. */
static ssize_t passt_read(struct net *net, const struct iovec *parts, unsigned count)
{
    ssize_t got = readv(net->fd, parts, (int)count);

    if (got > 0) {
        return got;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    return passt_end(net, got == 0 ? -EPIPE : -errno);
}

/* The length of the frame at hand, 0 if its prefix has not come whole; or -errno. */
static ssize_t passt_read_prefix(struct net *net)
{
    const struct iovec missing = {
        .iov_base = net->prefix + net->prefix_come,
        .iov_len = NET_PREFIX_SIZE - net->prefix_come,
    };
    uint32_t length;

    if (missing.iov_len > 0) {
        ssize_t got = passt_read(net, &missing, 1);
        if (got <= 0) {
            return got;
        }
        net->prefix_come += (size_t)got;
    }
    if (net->prefix_come < NET_PREFIX_SIZE) {
        return 0;
    }
    memcpy(&length, net->prefix, sizeof(length));
    length = ntohl(length);
    if (length < NET_ETHERNET_SIZE || length > NET_FRAME_MAX - NET_HEADER_SIZE) {
        return net_end(net, -EPROTO, "passt sent a frame of an impossible length");
    }
    return (ssize_t)length;
}

/*
 * Takes `got` bytes into account: the frame's, of which `left` were missing, and then those of the
 * next prefix. Returns the frame's size if it is complete, otherwise 0.
 */
static ssize_t passt_count(struct net *net, size_t got, size_t left)
{
    if (got < left) {
        net->come += got;
        return 0;
    }
    size_t size = NET_HEADER_SIZE + net->come + left;
    net->come = 0;
    net->prefix_come = got - left;
    return (ssize_t)size;
}

/* Continues a frame that has come in part; it lies in the buffer. */
static ssize_t passt_continue(struct net *net, const struct iovec *parts, unsigned count,
                              size_t length)
{
    size_t left = length - net->come;
    const struct iovec rest[] = {
        {net->buffer + NET_HEADER_SIZE + net->come, left},
        {net->prefix, NET_PREFIX_SIZE},
    };
    ssize_t got = passt_read(net, rest, 2);

    if (got <= 0) {
        return got;
    }
    ssize_t size = passt_count(net, (size_t)got, left);
    if (size > 0) {
        memset(net->buffer, 0, NET_HEADER_SIZE);
        (void)frame_write(parts, count, net->buffer, (size_t)size);
    }
    return size;
}

/*
 * One call reads the frame into the parts, what has no room there into the buffer, and the prefix of
 * the next frame.
 */
static ssize_t passt_read_frame(struct net *net, const struct iovec *parts, unsigned count,
                                size_t room, size_t length)
{
    static const uint8_t header[NET_HEADER_SIZE];
    struct iovec pieces[NET_PARTS_MAX + 2];
    size_t direct = room > NET_HEADER_SIZE ? room - NET_HEADER_SIZE : 0;

    direct = direct < length ? direct : length;
    unsigned used = frame_slice(pieces, parts, count, NET_HEADER_SIZE, direct);
    pieces[used++] = (struct iovec){net->buffer + NET_HEADER_SIZE + direct, length - direct};
    pieces[used++] = (struct iovec){net->prefix, NET_PREFIX_SIZE};
    ssize_t got = passt_read(net, pieces, used);
    if (got <= 0) {
        return got;
    }
    ssize_t size = passt_count(net, (size_t)got, length);
    if (size == 0) {
        (void)frame_read(pieces, used, net->buffer + NET_HEADER_SIZE, net->come);
        return 0;
    }
    (void)frame_write(parts, count, header, NET_HEADER_SIZE);
    memset(net->buffer, 0, NET_HEADER_SIZE);
    return size;
}

static ssize_t passt_receive(struct net *net, const struct iovec *parts, unsigned count,
                             size_t room)
{
    ssize_t length = passt_read_prefix(net);

    if (length <= 0) {
        return length;
    }
    if (net->come > 0) {
        return passt_continue(net, parts, count, (size_t)length);
    }
    return passt_read_frame(net, parts, count, room, (size_t)length);
}

/* The result of an attempt to write: bytes, -EAGAIN, or another -errno after a line. */
static ssize_t passt_written(struct net *net, ssize_t result)
{
    if (result >= 0) {
        return result;
    }
    if (errno == EAGAIN || errno == EINTR) {
        return -EAGAIN;
    }
    return passt_end(net, -errno);
}

static int passt_flush(struct net *net)
{
    while (net->unsent_at < net->unsent_end) {
        ssize_t sent = passt_written(
            net, write(net->fd, net->unsent + net->unsent_at, net->unsent_end - net->unsent_at));
        if (sent < 0) {
            return (int)sent;
        }
        net->unsent_at += (size_t)sent;
    }
    return 0;
}

static int passt_send(struct net *net, const struct iovec *parts, unsigned count, size_t size)
{
    size_t length = size - NET_HEADER_SIZE;
    uint32_t prefix = htonl((uint32_t)length);
    struct iovec pieces[NET_PARTS_MAX + 1] = {{&prefix, sizeof(prefix)}};
    unsigned used = 1 + frame_slice(pieces + 1, parts, count, NET_HEADER_SIZE, length);
    ssize_t sent = passt_written(net, writev(net->fd, pieces, (int)used));

    if (sent < 0) {
        return (int)sent;
    }
    /* The stream has taken a part. The guest gets its buffer back, so the rest is kept here. */
    net->unsent_at = (size_t)sent;
    net->unsent_end = sizeof(prefix) + length;
    if (net->unsent_at < net->unsent_end) {
        (void)frame_read(pieces, used, net->unsent, net->unsent_end);
    }
    return 0;
}

static const struct net_kind passt_kind = {
    .receive = passt_receive,
    .send = passt_send,
    .flush = passt_flush,
};

void passt_attach(struct net *net, int fd)
{
    net->kind = &passt_kind;
    net->label = "--net user";
    net->fd = fd;
}

enum { PASST_FD = 3, PASST_ARGUMENTS_MAX = 8 + 2 * NET_FORWARDS_MAX };

static void passt_arguments(const struct net_settings *settings, const char **arguments)
{
    static const char *const fixed[] = {"passt", "--foreground", "--quiet", "--fd", "3"};
    unsigned count = sizeof(fixed) / sizeof(fixed[0]);

    memcpy(arguments, fixed, sizeof(fixed));
    for (unsigned i = 0; i < settings->forward_count; i++) {
        arguments[count++] = settings->forwards[i].udp ? "-u" : "-t";
        arguments[count++] = settings->forwards[i].spec;
    }
    arguments[count] = NULL;
}

/*
 * It gets the signals' usual actions, and a process group of its own: Ctrl-C on the terminal is for
 * dormouse, at whose end passt ends because the socket is closed.
 */
static int passt_spawn(int fd, const char *const *arguments, posix_spawn_file_actions_t *actions,
                       posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t usual;
    pid_t child;

    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    sigaddset(&usual, SIGXFSZ);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &usual);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                             POSIX_SPAWN_SETPGROUP);
    int error = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
    if (error == 0) {
        error = posix_spawn_file_actions_adddup2(actions, STDIN_FILENO, STDOUT_FILENO);
    }
    if (error == 0) {
        error = posix_spawn_file_actions_adddup2(actions, fd, PASST_FD);
    }
    /* The list of arguments is not changed; the type is that of exec(3). */
    return error != 0 ? error
                      : posix_spawnp(&child, arguments[0], actions, attributes,
                                     (char *const *)(uintptr_t)arguments, environ);
}

/* Returns 0 or an errno. */
static int passt_run(int fd, const struct net_settings *settings)
{
    /* No process waits for its end; the socket tells. */
    const struct sigaction reap = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
    const char *arguments[PASST_ARGUMENTS_MAX];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;

    passt_arguments(settings, arguments);
    sigaction(SIGCHLD, &reap, NULL);
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) {
        return error;
    }
    error = posix_spawnattr_init(&attributes);
    if (error == 0) {
        error = passt_spawn(fd, arguments, &actions, &attributes);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/*
 * passt finds this in its socket before it takes a connection. To a guest of which it has not heard it
 * sends broadcasts, and a broadcast wakes no guest.
 */
static void passt_tell_address(struct net *net, const uint8_t mac[NET_MAC_SIZE])
{
    uint8_t frame[NET_ANNOUNCE_SIZE];
    const struct iovec part = {frame, sizeof(frame)};

    announce_make(frame, mac);
    (void)passt_send(net, &part, 1, sizeof(frame));
}

int passt_start(struct net *net, const struct net_settings *settings)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        report("--net user: cannot make a socket: %s", strerror(errno));
        return -REPORTED;
    }
    passt_attach(net, pair[0]);
    passt_tell_address(net, settings->mac);
    /* passt's end blocks, as passt expects. */
    int error = fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0 ? passt_run(pair[1], settings) : errno;
    close(pair[1]);
    if (error == ENOENT) {
        report("--net user: there is no program passt; install the package passt, or give "
               "--net tap=NAME");
    } else if (error != 0) {
        report("--net user: cannot start passt: %s", strerror(error));
    }
    return error == 0 ? 0 : -REPORTED;
}
