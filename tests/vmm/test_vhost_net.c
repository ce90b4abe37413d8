/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost-net: a kernel of ours, which notes what it is asked for and puts frames into the rings as the
 * real one does; and virtio-net, which lends it the receive queue and takes it back.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_net.h>

#include "base/report.h"
#include "capture.h"
#include "config/config.h"
#include "core/activity.h"
#include "core/map.h"
#include "host/net/net_options.h"
#include "host/net/net_parts.h"
#include "host/net/vhost_net.h"
#include "virtio_rig.h"

enum { RECEIVE, SEND, CONTROL, QUEUES, SLOT = 2048, FRAME = 60 };

/* --- A kernel. --- */

static struct {
    int open_error;
    unsigned opened;
    uint64_t features;     /* that it offers */
    unsigned long refused; /* this request fails */
    uint64_t negotiated;
    struct vhost_memory_region region;
    unsigned owners;
    unsigned started;
    bool running[2];
    uint16_t size[2];
    uint16_t next[2];
    struct vhost_vring_addr address[2];
    int kick[2];
    int call[2];
    int error[2];
    int tap;
} kernel;

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_open(const char *path, int flags, ...)
{
    if (strcmp(path, "/dev/vhost-net") != 0) {
        return __real_open(path, flags);
    }
    assert_int_equal(flags, O_RDWR | O_CLOEXEC);
    kernel.opened++;
    if (kernel.open_error != 0) {
        errno = kernel.open_error;
        return -1;
    }
    return eventfd(0, EFD_CLOEXEC);
}

int __wrap_open64(const char *path, int flags, ...)
{
    return __wrap_open(path, flags);
}

static int set_file(int files[2], const void *argument)
{
    const struct vhost_vring_file *file = argument;

    assert_true(file->index < 2);
    files[file->index] = file->fd;
    return 0;
}

static int set_memory(const void *argument)
{
    const struct vhost_memory *table = argument;

    assert_int_equal(table->nregions, 1);
    kernel.region = table->regions[0];
    return 0;
}

/* As the real one, it takes a number or an address only while the queue stands still. */
static int set_backend(const void *argument)
{
    const struct vhost_vring_file *file = argument;

    assert_true(file->index < 2 && kernel.owners == 1 && kernel.region.memory_size != 0);
    kernel.running[file->index] = file->fd >= 0;
    kernel.started += file->fd >= 0;
    kernel.tap = file->fd;
    return 0;
}

static int set_state(uint16_t numbers[2], const void *argument)
{
    const struct vhost_vring_state *state = argument;

    assert_true(state->index < 2 && !kernel.running[state->index]);
    numbers[state->index] = (uint16_t)state->num;
    return 0;
}

static int get_base(void *argument)
{
    struct vhost_vring_state *state = argument;

    assert_false(kernel.running[state->index]);
    state->num = kernel.next[state->index];
    return 0;
}

static int set_address(const void *argument)
{
    const struct vhost_vring_addr *address = argument;

    assert_true(address->index < 2 && !kernel.running[address->index]);
    kernel.address[address->index] = *address;
    return 0;
}

static int get_features(void *argument)
{
    memcpy(argument, &kernel.features, sizeof(kernel.features));
    return 0;
}

static int set_features(const void *argument)
{
    memcpy(&kernel.negotiated, argument, sizeof(kernel.negotiated));
    assert_int_equal(kernel.negotiated & ~kernel.features, 0);
    return 0;
}

static int kernel_answer(unsigned long request, void *argument)
{
    switch (request) {
    case VHOST_GET_FEATURES:
        return get_features(argument);
    case VHOST_SET_OWNER:
        kernel.owners++;
        return 0;
    case VHOST_SET_MEM_TABLE:
        return set_memory(argument);
    case VHOST_SET_FEATURES:
        return set_features(argument);
    case VHOST_SET_VRING_NUM:
        return set_state(kernel.size, argument);
    case VHOST_SET_VRING_BASE:
        return set_state(kernel.next, argument);
    case VHOST_GET_VRING_BASE:
        return get_base(argument);
    case VHOST_SET_VRING_ADDR:
        return set_address(argument);
    case VHOST_SET_VRING_KICK:
        return set_file(kernel.kick, argument);
    case VHOST_SET_VRING_CALL:
        return set_file(kernel.call, argument);
    case VHOST_SET_VRING_ERR:
        return set_file(kernel.error, argument);
    case VHOST_NET_SET_BACKEND:
        return set_backend(argument);
    default:
        fail_msg("ioctl %#lx", request);
        return -1;
    }
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
    va_list list;

    (void)fd;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    if (request == kernel.refused) {
        errno = ENOMEM;
        return -1;
    }
    return kernel_answer(request, argument);
}

static void kernel_begin(void)
{
    memset(&kernel, 0, sizeof(kernel));
    kernel.features = UINT64_MAX;
    kernel.tap = -1;
}

/* --- A tap, which is a socket that keeps frames apart. --- */

static struct virtio_rig rig;
static struct net_settings settings;
static int far;
static int pulse;

static ssize_t socket_receive(struct net *net, const struct iovec *parts, unsigned count,
                              size_t room)
{
    struct iovec pieces[NET_PARTS_MAX + 1];

    (void)room;
    for (unsigned i = 0; i < count; i++) {
        pieces[i] = parts[i];
    }
    if (count == 0) {
        pieces[count++] = (struct iovec){net->buffer, NET_FRAME_MAX};
    }
    ssize_t size = readv(net->fd, pieces, (int)count);
    return size < 0 ? 0 : size;
}

static int socket_send(struct net *net, const struct iovec *parts, unsigned count, size_t size)
{
    (void)size;
    return writev(net->fd, parts, (int)count) < 0 ? -EAGAIN : 0;
}

static void no_offloads(struct net *net, uint64_t features)
{
    (void)net;
    (void)features;
}

static const struct net_kind socket_kind = {
    .receive = socket_receive,
    .send = socket_send,
    .set_offloads = no_offloads,
};

int __wrap_net_open(const struct net_settings *asked, struct net **out);
int __wrap_net_open(const struct net_settings *asked, struct net **out)
{
    struct net *net = calloc(1, sizeof(*net));
    int pair[2];

    assert_non_null(net);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
                     0);
    net->kind = &socket_kind;
    net->fd = pair[0];
    net->label = "--net tap=t";
    far = pair[1];
    *out = net;
    return vhost_net_open(net->label, asked->vhost, &net->vhost);
}

static int find_pulse(void *arg, uint32_t spi)
{
    (void)arg;
    (void)spi;
    return pulse;
}

static int setup(void **state)
{
    (void)state;
    kernel_begin();
    settings = (struct net_settings){.mac = {0x02, 0, 0, 0, 0, 7}};
    virtio_rig_create(&rig, "virtio-net", &settings);
    pulse = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    rig.irq.pulse_fd = find_pulse;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    virtio_rig_destroy(&rig);
    assert_false(kernel.running[RECEIVE] || kernel.running[SEND]);
    close(far);
    close(pulse);
    return 0;
}

static uint64_t slot(unsigned number)
{
    return MAP_RAM_BASE + VIRTIO_RIG_FREE + (uint64_t)number * SLOT;
}

static void give(unsigned number)
{
    virtio_rig_add(&rig, RECEIVE, &(struct virtio_rig_buffer){slot(number), SLOT, true}, 1);
}

static void start(void)
{
    virtio_rig_start(&rig, QUEUES);
    virtio_rig_run(&rig);
}

/* A frame to the guest, or to all stations. */
static void make_frame(uint8_t bytes[NET_HEADER_SIZE + FRAME], uint8_t mark, bool to_all)
{
    memset(bytes, 0, NET_HEADER_SIZE);
    memset(bytes + NET_HEADER_SIZE, mark, FRAME);
    memset(bytes + NET_HEADER_SIZE, 0xff, NET_MAC_SIZE);
    if (!to_all) {
        memcpy(bytes + NET_HEADER_SIZE, settings.mac, NET_MAC_SIZE);
    }
}

static void far_send(uint8_t mark)
{
    uint8_t bytes[NET_HEADER_SIZE + FRAME];

    make_frame(bytes, mark, false);
    assert_int_equal(send(far, bytes, sizeof(bytes), 0), sizeof(bytes));
}

/* The kernel's thread delivers a frame, by what it was told of the ring and of memory. */
static void kernel_deliver(uint8_t mark, bool to_all)
{
    const struct vhost_vring_addr *at = &kernel.address[RECEIVE];
    const struct vring_desc *table = (const void *)(uintptr_t)at->desc_user_addr;
    const struct vring_avail *available = (const void *)(uintptr_t)at->avail_user_addr;
    struct vring_used *used = (void *)(uintptr_t)at->used_user_addr;
    uint16_t size = kernel.size[RECEIVE];

    assert_true(kernel.running[RECEIVE]);
    assert_int_not_equal(available->idx, kernel.next[RECEIVE]);
    uint16_t head = available->ring[kernel.next[RECEIVE]++ % size];
    uint64_t offset = table[head].addr - kernel.region.guest_phys_addr;
    assert_true(offset + table[head].len <= kernel.region.memory_size);
    make_frame((uint8_t *)(uintptr_t)(kernel.region.userspace_addr + offset), mark, to_all);
    used->ring[used->idx % size] = (struct vring_used_elem){head, NET_HEADER_SIZE + FRAME};
    __atomic_store_n(&used->idx, (uint16_t)(used->idx + 1), __ATOMIC_RELEASE);
    assert_int_equal(eventfd_write(kernel.call[RECEIVE], 1), 0);
}

static void expect_received(unsigned number, uint8_t mark)
{
    assert_int_equal(virtio_rig_wait(&rig, RECEIVE).len, NET_HEADER_SIZE + FRAME);
    const uint8_t *frame = virtio_rig_at(&rig, slot(number), NET_HEADER_SIZE + FRAME);
    assert_int_equal(frame[NET_HEADER_SIZE + FRAME - 1], mark);
}

static uint32_t interrupts(void)
{
    return virtio_rig_read(&rig, VIRTIO_MMIO_INTERRUPT_STATUS) & VIRTIO_MMIO_INT_VRING;
}

/* The driver's handler does this first; it is where the device looks at the ring. */
static void acknowledge(void)
{
    virtio_rig_write(&rig, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
}

/* --- Opening. --- */

static int try_open(enum net_vhost wanted, char *said, size_t size)
{
    struct vhost_net *vhost = NULL;
    struct capture capture;

    capture_begin(&capture, STDERR_FILENO);
    int error = vhost_net_open("--net tap=t", wanted, &vhost);
    capture_end(&capture, said, size);
    if (error == 0 && vhost != NULL) {
        vhost_net_close(vhost);
        return 1;
    }
    assert_null(vhost);
    return error;
}

static void it_is_used_if_there_is_one(void **state)
{
    char said[512];

    (void)state;
    kernel_begin();
    assert_int_equal(try_open(NET_VHOST_AUTO, said, sizeof(said)), 1);
    assert_int_equal(try_open(NET_VHOST_ON, said, sizeof(said)), 1);
    assert_int_equal(kernel.opened, 2);
    assert_int_equal(try_open(NET_VHOST_OFF, said, sizeof(said)), 0);
    assert_int_equal(kernel.opened, 2);
    kernel.open_error = EACCES;
    assert_int_equal(try_open(NET_VHOST_AUTO, said, sizeof(said)), 0);
    assert_string_equal(said, "");
    assert_int_equal(try_open(NET_VHOST_ON, said, sizeof(said)), -REPORTED);
    assert_string_equal(said,
                        "dormouse: --net tap=t: vhost=on: cannot use /dev/vhost-net: Permission "
                        "denied; load the kernel's module vhost_net, or give vhost=auto\n");
}

static void an_old_kernel_is_not_used(void **state)
{
    char said[512];

    (void)state;
    kernel_begin();
    kernel.features = ~(UINT64_C(1) << VIRTIO_NET_F_MRG_RXBUF);
    assert_int_equal(try_open(NET_VHOST_AUTO, said, sizeof(said)), 0);
    assert_int_equal(try_open(NET_VHOST_ON, said, sizeof(said)), -REPORTED);
    assert_non_null(strstr(said, "Operation not supported"));
}

static bool take_option(struct net_list *list, const char *value)
{
    const struct option_row *row = &net_options.rows[0];
    struct capture capture;
    char said[512];

    capture_begin(&capture, STDERR_FILENO);
    bool good = row->set(row, list, value);
    capture_end(&capture, said, sizeof(said));
    assert_int_equal(good, said[0] == '\0');
    return good;
}

static void the_option_says_when(void **state)
{
    struct config config = {.nets.count = 0};
    struct net_list *list = &config.nets;

    (void)state;
    assert_true(take_option(list, "user"));
    assert_true(take_option(list, "tap=t,vhost=off"));
    assert_int_equal(list->at[1].vhost, NET_VHOST_OFF);
    assert_false(config_has_vhost(&config));
    assert_true(take_option(list, "tap=t,vhost=on,mac=02:00:00:00:00:07"));
    assert_int_equal(list->at[2].vhost, NET_VHOST_ON);
    assert_true(config_has_vhost(&config));
    assert_true(take_option(list, "tap=t"));
    assert_int_equal(list->at[3].vhost, NET_VHOST_AUTO);
    assert_false(take_option(list, "tap=t,vhost=maybe"));
    assert_false(take_option(list, "tap=t,vhost="));
    assert_false(take_option(list, "user,vhost=on"));
}

/* --- The receive queue goes to the kernel, and comes back. --- */

static void the_kernel_gets_what_was_checked(void **state)
{
    (void)state;
    start();
    give(0);
    virtio_rig_notify(&rig, RECEIVE);
    assert_true(kernel.running[RECEIVE]);
    assert_false(kernel.running[SEND]);
    assert_int_equal(kernel.owners, 1);
    assert_int_equal(kernel.negotiated, UINT64_C(1) << VIRTIO_F_VERSION_1 |
                                            UINT64_C(1) << VIRTIO_NET_F_MRG_RXBUF |
                                            UINT64_C(1) << VIRTIO_RING_F_INDIRECT_DESC |
                                            UINT64_C(1) << VIRTIO_RING_F_EVENT_IDX);
    assert_int_equal(kernel.region.guest_phys_addr, MAP_RAM_BASE);
    assert_int_equal(kernel.region.memory_size, VIRTIO_RIG_MEMORY);
    assert_ptr_equal(kernel.region.userspace_addr, rig.memory.host);
    assert_int_equal(kernel.size[RECEIVE], VIRTIO_RIG_QUEUE_SIZE);
    assert_int_equal(kernel.next[RECEIVE], 0);
    assert_ptr_equal(kernel.address[RECEIVE].desc_user_addr, rig.queues[RECEIVE].table);
    assert_ptr_equal(kernel.address[RECEIVE].avail_user_addr, rig.queues[RECEIVE].available);
    assert_ptr_equal(kernel.address[RECEIVE].used_user_addr, rig.queues[RECEIVE].used);
    assert_int_equal(kernel.call[RECEIVE], pulse);
    assert_true(kernel.kick[RECEIVE] >= 0 && kernel.error[RECEIVE] >= 0);
    kernel_deliver(1, false);
    expect_received(0, 1);
}

/*
 * The kernel has raised the interrupt without us, so the guest's handler must find a reason at any
 * time: also for what it has not handled when the queue comes back.
 */
static void the_status_names_used_buffers(void **state)
{
    struct doorbell doorbell;

    (void)state;
    start();
    give(0);
    acknowledge();
    assert_int_equal(interrupts(), VIRTIO_MMIO_INT_VRING);
    kernel_deliver(1, false);
    acknowledge();
    assert_int_equal(interrupts(), VIRTIO_MMIO_INT_VRING);
    rig.cls->sleep_begins(rig.device, true);
    assert_int_equal(interrupts(), VIRTIO_MMIO_INT_VRING);
    acknowledge();
    assert_int_equal(interrupts(), 0);
    rig.cls->sleep_ends(rig.device);
    virtio_rig_run(&rig);
    assert_int_equal(interrupts(), VIRTIO_MMIO_INT_VRING);
    /* The device looks at the ring then, so KVM may not take acknowledgements. */
    assert_false(rig.cls->doorbell(rig.device, 3, &doorbell));
}

static void nothing_runs_after_a_reset(void **state)
{
    (void)state;
    start();
    give(0);
    assert_true(kernel.running[RECEIVE]);
    virtio_rig_reset(&rig);
    assert_false(kernel.running[RECEIVE]);
    start();
    assert_true(kernel.running[RECEIVE]);
    assert_int_equal(kernel.owners, 1);
    assert_int_equal(kernel.next[RECEIVE], 0);
}

/* Also a frame that is larger than the driver's buffers so far. The kernel continues where we stop. */
static void the_waking_frame_comes_first(void **state)
{
    (void)state;
    start();
    virtio_rig_reset(&rig);
    assert_false(kernel.running[RECEIVE]);
    rig.cls->sleep_begins(rig.device, true);
    far_send(1);
    far_send(2);
    far_send(3);
    virtio_rig_run(&rig);
    assert_int_equal(rig.wakes, 1);
    assert_int_equal(kernel.started, 1);
    rig.cls->sleep_ends(rig.device);
    start(); /* without a buffer: the frame is still here */
    assert_false(kernel.running[RECEIVE]);
    give(0);
    virtio_rig_notify(&rig, RECEIVE);
    expect_received(0, 1);
    assert_true(kernel.running[RECEIVE]);
    assert_int_equal(kernel.next[RECEIVE], 1);
    /* The others are the kernel's to take. */
    give(1);
    virtio_rig_notify(&rig, RECEIVE);
    uint8_t bytes[NET_HEADER_SIZE + FRAME];
    assert_int_equal(recv(kernel.tap, bytes, sizeof(bytes), 0), sizeof(bytes));
    assert_int_equal(bytes[sizeof(bytes) - 1], 2);
    kernel_deliver(2, false);
    expect_received(1, 2);
}

/* A guest that sleeps with a device that is alive: frames are looked at, and none is delivered. */
static void it_is_taken_back_for_a_sleep(void **state)
{
    (void)state;
    start();
    give(0);
    give(1);
    kernel_deliver(1, false);
    expect_received(0, 1);
    rig.cls->sleep_begins(rig.device, true);
    assert_false(kernel.running[RECEIVE]);
    far_send(2);
    virtio_rig_run(&rig);
    assert_int_equal(rig.wakes, 1);
    assert_false(kernel.running[RECEIVE]);
    rig.cls->sleep_ends(rig.device);
    virtio_rig_run(&rig);
    expect_received(1, 2);
    assert_true(kernel.running[RECEIVE]);
    assert_int_equal(kernel.next[RECEIVE], 2);
}

/* While memory changes its pages, no thread of the kernel writes to it; afterwards it goes on where it was. */
static void it_is_taken_back_while_the_device_is_still(void **state)
{
    (void)state;
    start();
    give(0);
    give(1);
    kernel_deliver(1, false);
    rig.cls->be_still(rig.device, true);
    assert_false(kernel.running[RECEIVE]);
    rig.cls->be_still(rig.device, false);
    assert_true(kernel.running[RECEIVE]);
    assert_int_equal(kernel.next[RECEIVE], 1);
    kernel_deliver(2, false);
    expect_received(0, 1);
    expect_received(1, 2);
}

/* A driver that disables another queue: this one continues. */
static void a_queue_that_stays_continues(void **state)
{
    (void)state;
    start();
    give(0);
    give(1);
    kernel_deliver(1, false);
    virtio_rig_write(&rig, VIRTIO_MMIO_QUEUE_SEL, CONTROL);
    virtio_rig_write(&rig, VIRTIO_MMIO_QUEUE_READY, 0);
    assert_int_equal(interrupts(), VIRTIO_MMIO_INT_VRING);
    virtio_rig_run(&rig);
    assert_true(kernel.running[RECEIVE]);
    assert_int_equal(kernel.next[RECEIVE], 1);
    kernel_deliver(2, false);
    expect_received(0, 1);
    expect_received(1, 2);
}

/* --- What keeps it here. --- */

static void drivers_without_these_features_are_served_here(void **state)
{
    static const unsigned features[] = {VIRTIO_NET_F_MRG_RXBUF, VIRTIO_NET_F_GUEST_CSUM};

    (void)state;
    for (unsigned i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
        rig.features = ~(UINT64_C(1) << features[i]);
        start();
        give(0);
        far_send(1);
        virtio_rig_notify(&rig, RECEIVE);
        expect_received(0, 1);
        virtio_rig_reset(&rig);
    }
    assert_int_equal(kernel.started, 0);
}

static void without_an_interrupt_of_its_own_it_is_served_here(void **state)
{
    (void)state;
    rig.irq.pulse_fd = NULL;
    start();
    give(0);
    far_send(1);
    virtio_rig_notify(&rig, RECEIVE);
    expect_received(0, 1);
    assert_int_equal(kernel.started, 0);
}

static void a_ring_outside_of_ram_stays_here(void **state)
{
    struct capture capture;
    char said[512];

    (void)state;
    start();
    virtio_rig_write(&rig, VIRTIO_MMIO_QUEUE_SEL, RECEIVE);
    virtio_rig_write(&rig, VIRTIO_MMIO_QUEUE_READY, 0);
    assert_false(kernel.running[RECEIVE]);
    virtio_rig_write(&rig, VIRTIO_MMIO_QUEUE_NUM, VIRTIO_RIG_QUEUE_SIZE);
    virtio_rig_write(&rig, VIRTIO_MMIO_QUEUE_DESC_LOW, 0x1000);
    capture_begin(&capture, STDERR_FILENO);
    virtio_rig_write(&rig, VIRTIO_MMIO_QUEUE_READY, 1);
    virtio_rig_notify(&rig, RECEIVE);
    capture_end(&capture, said, sizeof(said));
    assert_non_null(strstr(said, "a ring is not aligned, or not in RAM"));
    assert_int_equal(kernel.started, 1);
}

/* The worker could not be made, for example. Frames come nevertheless. */
static void what_fails_is_done_here(void **state)
{
    struct capture capture;
    char said[512];

    (void)state;
    kernel.refused = VHOST_SET_OWNER;
    capture_begin(&capture, STDERR_FILENO);
    for (unsigned i = 0; i < 3; i++) {
        start();
        give(0);
        far_send(1);
        virtio_rig_notify(&rig, RECEIVE);
        expect_received(0, 1);
        virtio_rig_reset(&rig);
    }
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(said, "dormouse: --net tap=t: vhost-net does not work: Cannot allocate "
                              "memory; dormouse moves the frames itself from now on\n");
    assert_int_equal(kernel.started, 0);
}

/* --- A driver that breaks its rings. --- */

static uint32_t needs_reset(void)
{
    return virtio_rig_read(&rig, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET;
}

static void an_error_in_the_ring_breaks_the_device(void **state)
{
    struct capture capture;
    char said[512];

    (void)state;
    start();
    give(0);
    capture_begin(&capture, STDERR_FILENO);
    assert_int_equal(eventfd_write(kernel.error[RECEIVE], 1), 0);
    virtio_rig_run(&rig);
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(said,
                        "dormouse: virtio-net: the guest's driver is at fault: vhost-net finds an "
                        "error in the receive queue; the device stands still until the driver "
                        "resets it\n");
    assert_false(kernel.running[RECEIVE]);
    assert_int_not_equal(needs_reset(), 0);
    virtio_rig_reset(&rig);
    start();
    assert_true(kernel.running[RECEIVE]);
}

static void an_error_of_before_a_reset_is_forgotten(void **state)
{
    (void)state;
    start();
    assert_int_equal(eventfd_write(kernel.error[RECEIVE], 1), 0);
    virtio_rig_reset(&rig);
    start();
    assert_int_equal(needs_reset(), 0);
    assert_true(kernel.running[RECEIVE]);
}

static void a_fault_in_another_queue_stops_it_too(void **state)
{
    struct capture capture;
    char said[512];

    (void)state;
    start();
    assert_true(kernel.running[RECEIVE]);
    capture_begin(&capture, STDERR_FILENO);
    virtio_rig_publish(&rig, SEND, UINT16_MAX);
    virtio_rig_notify(&rig, SEND);
    capture_end(&capture, said, sizeof(said));
    assert_non_null(strstr(said, "a descriptor's number is too large"));
    assert_int_not_equal(needs_reset(), 0);
    assert_false(kernel.running[RECEIVE]);
}

/* Whatever a driver has written into its used ring, a look at it is a look at RAM. */
static void a_used_ring_may_hold_anything(void **state)
{
    struct virtio_rig_queue *queue = &rig.queues[RECEIVE];

    (void)state;
    start();
    give(0);
    kernel_deliver(1, false);
    queue->used->ring[0].id = UINT32_MAX;
    acknowledge();
    for (unsigned i = 0; i < VIRTIO_RIG_QUEUE_SIZE; i++) {
        queue->used->ring[i].id = i;
        queue->table[i] = (struct vring_desc){.addr = UINT64_MAX - 4, .len = 0xffff, .flags = 2};
    }
    queue->used->idx = UINT16_MAX;
    acknowledge();
    queue->used->idx = 0;
    queue->table[0].flags = UINT16_MAX;
    acknowledge();
}

/* --- Whether the guest is busy. --- */

static void frames_for_the_guest_are_activity(void **state)
{
    (void)state;
    start();
    give(0);
    give(1);
    uint64_t before = activity_count();
    kernel_deliver(1, true);
    acknowledge();
    assert_int_equal(activity_count(), before);
    kernel_deliver(2, false);
    acknowledge();
    assert_int_equal(activity_count(), before + 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_used_if_there_is_one),
        cmocka_unit_test(an_old_kernel_is_not_used),
        cmocka_unit_test(the_option_says_when),
        TEST(the_kernel_gets_what_was_checked),
        TEST(the_status_names_used_buffers),
        TEST(nothing_runs_after_a_reset),
        TEST(the_waking_frame_comes_first),
        TEST(it_is_taken_back_for_a_sleep),
        TEST(it_is_taken_back_while_the_device_is_still),
        TEST(a_queue_that_stays_continues),
        TEST(drivers_without_these_features_are_served_here),
        TEST(without_an_interrupt_of_its_own_it_is_served_here),
        TEST(a_ring_outside_of_ram_stays_here),
        TEST(what_fails_is_done_here),
        TEST(an_error_in_the_ring_breaks_the_device),
        TEST(an_error_of_before_a_reset_is_forgotten),
        TEST(a_fault_in_another_queue_stops_it_too),
        TEST(a_used_ring_may_hold_anything),
        TEST(frames_for_the_guest_are_activity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
