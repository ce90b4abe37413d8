/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arm PrimeCell Real Time Clock PL031 (DDI0224C): the host's CLOCK_REALTIME in seconds plus what
 * the guest has set, modulo 2^32. The second itself is the host's: as in the hardware, loading the
 * counter does not restart its 1 Hz clock.
 *
 * The alarm is a moment of the host's clock. Should the host's clock be stepped across it, it goes
 * off at once, where the hardware, which compares for equality, has no such case: its clock cannot
 * be stepped behind its back.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "core/loop.h"
#include "core/map.h"
#include "dev/device.h"
#include "dev/irq.h"
#include "dev/primecell.h"
#include "power/wake.h"

/* Register offsets (DDI0224C 3.2). */
enum {
    DR = 0x00,
    MR = 0x04,
    LR = 0x08,
    CR = 0x0C,
    IMSC = 0x10,
    RIS = 0x14,
    MIS = 0x18,
    ICR = 0x1C,
};

static const uint8_t id[PRIMECELL_ID_COUNT] = {0x31, 0x10, 0x14, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

struct device {
    struct device_env env;
    int timer_fd;
    struct loop_source *source;
    pthread_mutex_t lock; /* protects all below and the timer: vCPU threads against the loop */
    uint32_t offset;      /* the guest's time minus the host's */
    uint32_t match;
    uint32_t load;
    bool alarm_set;    /* RTCMR has been written since the reset */
    bool armed;        /* the timer stands at alarm_time */
    time_t alarm_time; /* the host's time at which RTCDR will be RTCMR */
    bool raised;       /* RTCRIS */
    bool unmasked;     /* RTCIMSC */
};

static time_t host_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

static void update_irq(struct device *device)
{
    irq_set(device->env.irq, device->raised && device->unmasked);
}

static void arm(struct device *device)
{
    const struct itimerspec setting = {.it_value.tv_sec = device->alarm_time};

    device->armed = true;
    /* ECANCELED, the host's clock being set at this very moment, leaves the timer set as well. */
    timerfd_settime(device->timer_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &setting, NULL);
}

/* Even an expired timer would tell of each step of the host's clock. */
static void disarm(struct device *device)
{
    const struct itimerspec never = {0};

    device->armed = false;
    timerfd_settime(device->timer_fd, 0, &never, NULL);
}

/* The alarm goes off, or the timer is set to it. */
static void look_at_alarm(struct device *device)
{
    if (host_time() >= device->alarm_time) {
        device->raised = true;
        disarm(device);
    } else {
        arm(device);
    }
}

/*
 * After RTCMR or the counter has been written. The match is one of equality: a time that has passed
 * comes again in 2^32 seconds.
 */
static void schedule(struct device *device)
{
    if (!device->alarm_set) {
        return;
    }
    time_t now = host_time();
    uint32_t ahead = device->match - ((uint32_t)now + device->offset);

    device->alarm_time = now + (time_t)ahead;
    look_at_alarm(device);
}

static uint32_t read_register(struct device *device, uint64_t offset)
{
    if (offset >= PRIMECELL_ID_BASE) {
        return primecell_id(id, offset);
    }
    switch (offset) {
    case DR:
        return (uint32_t)host_time() + device->offset;
    case MR:
        return device->match;
    case LR:
        return device->load;
    case CR:
        /* The clock runs, as firmware would have left it, and cannot be stopped (DDI0224C 3.3.4).
         */
        return 1;
    case IMSC:
        return device->unmasked;
    case RIS:
        return device->raised;
    case MIS:
        return device->raised && device->unmasked;
    default:
        return 0;
    }
}

static void write_register(struct device *device, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case MR:
        device->match = value;
        device->alarm_set = true;
        schedule(device);
        return;
    case LR:
        device->load = value;
        device->offset = value - (uint32_t)host_time();
        schedule(device);
        return;
    case IMSC:
        device->unmasked = (value & 1) != 0;
        return;
    case ICR:
        device->raised = device->raised && (value & 1) == 0;
        return;
    default:
        return;
    }
}

static uint64_t pl031_read(struct device *device, uint64_t offset, unsigned size)
{
    pthread_mutex_lock(&device->lock);
    uint64_t value = primecell_read(device, read_register, offset, size);
    pthread_mutex_unlock(&device->lock);
    return value;
}

/*
 * An alarm that is set to now goes off here, on a vCPU's thread, which must not call wake(). It
 * need not: this vCPU is awake, and pl031_wake_pending() speaks for the alarm when it is no more.
 */
static void pl031_write(struct device *device, uint64_t offset, unsigned size, uint64_t value)
{
    pthread_mutex_lock(&device->lock);
    primecell_write(device, write_register, offset, size, value);
    update_irq(device);
    pthread_mutex_unlock(&device->lock);
}

/*
 * The timer has expired, or the host's clock was set, which may have taken the expiration away with
 * it, or neither holds any more because a vCPU has written to RTCMR meanwhile. The clock decides.
 */
static void on_timer(void *arg, uint32_t events)
{
    struct device *device = arg;
    uint64_t expirations;

    (void)events;
    (void)!read(device->timer_fd, &expirations, sizeof(expirations));
    pthread_mutex_lock(&device->lock);
    if (device->armed) {
        look_at_alarm(device);
        update_irq(device);
    }
    bool wake = device->raised && device->unmasked;
    pthread_mutex_unlock(&device->lock);

    if (wake) {
        device->env.wake(device->env.wake_arg);
    }
}

/* The clock has a battery: the time is kept. */
static void pl031_reset(struct device *device)
{
    pthread_mutex_lock(&device->lock);
    device->match = 0;
    device->load = 0;
    device->alarm_set = false;
    device->raised = false;
    device->unmasked = false;
    disarm(device);
    update_irq(device);
    pthread_mutex_unlock(&device->lock);
}

static void pl031_destroy(struct device *device)
{
    loop_close(device->source, device->timer_fd);
    pthread_mutex_destroy(&device->lock);
    free(device);
}

static int pl031_create(const struct device_env *env, struct device **out)
{
    struct device *device = calloc(1, sizeof(*device));

    if (device == NULL) {
        return -ENOMEM;
    }
    device->env = *env;
    pthread_mutex_init(&device->lock, NULL);
    device->timer_fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (device->timer_fd >= 0) {
        device->source = loop_add(env->loop, device->timer_fd, EPOLLIN, on_timer, device);
    }
    if (device->source == NULL) {
        int error = -errno;
        pl031_destroy(device);
        return error;
    }
    *out = device;
    return 0;
}

static bool pl031_wake_pending(struct device *device)
{
    pthread_mutex_lock(&device->lock);
    bool pending = device->raised && device->unmasked;
    pthread_mutex_unlock(&device->lock);
    return pending;
}

static int pl031_describe(const struct device_class *cls, void *fdt)
{
    static const char clock_names[] = "apb_pclk";

    return primecell_describe(cls, fdt, clock_names, sizeof(clock_names));
}

static const struct device_class pl031 = {
    .name = "pl031",
    .base = MAP_RTC_BASE,
    .size = MAP_RTC_SIZE,
    .spi = MAP_RTC_SPI,
    .wake_source = WAKE_RTC,
    .create = pl031_create,
    .destroy = pl031_destroy,
    .reset = pl031_reset,
    .read = pl031_read,
    .write = pl031_write,
    .wake_pending = pl031_wake_pending,
    .describe = pl031_describe,
};
DEVICE_REGISTER(pl031);
