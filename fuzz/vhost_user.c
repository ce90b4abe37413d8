/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: two bytes with the length of what a hostile back-end of vhost-user answers, that, and then what a hostile
 * driver does to the device. The connection is not real: what the front-end receives is made here. For each receive a
 * byte of the input says whether it is right, wrong, cut or missing, so that inputs get behind the negotiation.
 */
#include <errno.h>
#include <linux/virtio_blk.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/disk/disk_settings.h"
#include "host/vhost_user/vhost_link.h"
#include "virtio_driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags);
int __wrap_poll(struct pollfd *pollers, nfds_t count, int timeout);
int64_t __wrap_clock_now_ms(void);

enum { HEADER = 12, CONFIG_BYTES = 12 };

static struct {
    const uint8_t *bytes; /* the back-end's part of the input */
    size_t left;
    int64_t now;
    uint32_t request[3]; /* the header that was sent last */
    uint8_t payload[512];
    bool header_is_next;
    int peer;
} play;

/* Something has to be connected, or the loop would see an end. */
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size)
{
    int fds[2];

    (void)address;
    (void)size;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0 || dup2(fds[0], fd) < 0) {
        abort();
    }
    close(fds[0]);
    play.peer = fds[1];
    return 0;
}

int64_t __wrap_clock_now_ms(void)
{
    return play.now++;
}

/* Time passes only here. */
int __wrap_poll(struct pollfd *pollers, nfds_t count, int timeout)
{
    (void)pollers;
    (void)count;
    play.now += timeout < 1000 ? 1000 : timeout;
    return 0;
}

static uint8_t next_byte(void)
{
    if (play.left == 0) {
        return 0;
    }
    play.left--;
    return *play.bytes++;
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
    const struct iovec *parts = message->msg_iov;

    (void)fd;
    (void)flags;
    memcpy(play.request, parts[0].iov_base, HEADER);
    memset(play.payload, 0, sizeof(play.payload));
    if (parts[1].iov_len > 0) {
        memcpy(play.payload, parts[1].iov_base, parts[1].iov_len);
    }
    play.header_is_next = true;
    return (ssize_t)(parts[0].iov_len + parts[1].iov_len);
}

static void put_number(uint64_t number)
{
    memcpy(play.payload, &number, sizeof(number));
}

/* What an obedient back-end answers. */
static void make_answer(void)
{
    switch (play.request[0]) {
    case VHOST_GET_FEATURES:
        put_number(UINT64_C(0x1f0000000) | 1 << VIRTIO_BLK_F_MQ | 1 << VIRTIO_BLK_F_FLUSH);
        return;
    case VHOST_GET_PROTOCOL_FEATURES:
        put_number(0x209);
        return;
    case VHOST_GET_QUEUE_NUM:
        put_number(2);
        return;
    case VHOST_GET_CONFIG:
        play.payload[CONFIG_BYTES] = 1;
        play.payload[CONFIG_BYTES + offsetof(struct virtio_blk_config, num_queues)] = 2;
        return;
    case VHOST_GET_VRING_BASE:
        return;
    default:
        put_number(0); /* an acknowledgement */
        return;
    }
}

static void give_header(uint8_t *header)
{
    bool is_number = play.request[2] == 0 || (play.request[1] & 8) != 0;
    const uint32_t right[3] = {play.request[0], 1 | 4, is_number ? 8 : play.request[2]};

    make_answer();
    memcpy(header, right, HEADER);
}

static void give_right(uint8_t *to, size_t size)
{
    if (size == HEADER && play.header_is_next) {
        play.header_is_next = false;
        give_header(to);
    } else {
        memcpy(to, play.payload, size < sizeof(play.payload) ? size : sizeof(play.payload));
    }
}

static ssize_t give_nothing(uint8_t how)
{
    static const int errors[] = {EAGAIN, EINTR, ECONNRESET};

    errno = errors[how % 3];
    return how == 0xff ? 0 : -1;
}

ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags)
{
    uint8_t how = next_byte();
    size_t part = how % 64;

    (void)fd;
    (void)flags;
    if (how >= 0xf8) {
        return give_nothing(how);
    }
    give_right(bytes, size);
    if (how >= 0x80) {
        ((uint8_t *)bytes)[part % size] ^= next_byte();
        return (ssize_t)size;
    }
    return (ssize_t)(how >= 0x40 && part > 0 && part < size ? part : size);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct disk_settings settings = {.value = "x", .vhost_user = true, .queues = 2};
    size_t said = size < 2 ? 0 : bytes[0] | (size_t)(bytes[1] & 3) << 8;

    if (size < 2 + said) {
        return 0;
    }
    memset(&play, 0, sizeof(play));
    play.bytes = bytes + 2;
    play.left = said;
    virtio_play(
        &(struct virtio_target){
            .name = "vhost-user-blk", .settings = &settings, .queues = 2, .shares_memory = true},
        bytes + 2 + said, size - 2 - said);
    close(play.peer);
    return 0;
}
