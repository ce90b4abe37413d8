/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arm PrimeCell Real Time Clock PL031 (DDI0224C): the host's date at the start in seconds plus what
 * the guest has set, modulo 2^32. The second itself is the host's: as in the hardware, loading the
 * counter does not restart its 1 Hz clock.
 *
 * From the start on the clock follows the host's CLOCK_BOOTTIME, which goes on while the host is
 * suspended and which nobody sets. So a step of the host's date neither moves the guest's clock,
 * whose kernel took the date from here once and counts on by itself, nor an alarm: one for 8 s from
 * now comes in 8 s. A reset takes the host's date anew, unless the guest has set its own.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "core/loop.h"
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
    int64_t date_ns;      /* the host's date minus its CLOCK_BOOTTIME, as last taken */
    uint32_t offset;      /* the guest's time minus the host's date so counted on */
    bool set_by_guest;    /* RTCLR has been written */
    uint32_t match;
    uint32_t load;
    bool alarm_set;    /* RTCMR has been written since the reset */
    bool armed;        /* the timer stands at alarm_time */
    time_t alarm_time; /* host_time() when RTCDR will be RTCMR */
    bool raised;       /* RTCRIS */
    bool unmasked;     /* RTCIMSC */
};

enum { SECOND = 1000000000 };

static int64_t clock_read(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

static void date_take(struct device *device)
{
    device->date_ns = clock_read(CLOCK_REALTIME) - clock_read(CLOCK_BOOTTIME);
}

/* The host's date as last taken, counted on. */
static time_t host_time(const struct device *device)
{
    return (clock_read(CLOCK_BOOTTIME) + device->date_ns) / SECOND;
}

static void update_irq(struct device *device)
{
    irq_set(device->env.irq, device->raised && device->unmasked);
}

static void arm(struct device *device)
{
    int64_t at = (int64_t)device->alarm_time * SECOND - device->date_ns;
    const struct itimerspec setting = {
        .it_value = {.tv_sec = at / SECOND, .tv_nsec = at % SECOND},
    };

    device->armed = true;
    timerfd_settime(device->timer_fd, TFD_TIMER_ABSTIME, &setting, NULL);
}

static void disarm(struct device *device)
{
    const struct itimerspec never = {0};

    device->armed = false;
    timerfd_settime(device->timer_fd, 0, &never, NULL);
}

/* The alarm goes off, or the timer is set to it. */
static void look_at_alarm(struct device *device)
{
    if (host_time(device) >= device->alarm_time) {
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
    time_t now = host_time(device);
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
        return (uint32_t)host_time(device) + device->offset;
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
        device->offset = value - (uint32_t)host_time(device);
        device->set_by_guest = true;
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
 * The timer has expired, or a vCPU has written to RTCMR meanwhile, so that it has not any more. The
 * clock decides.
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

/* The clock has a battery: a time that the guest has set is kept. */
static void pl031_reset(struct device *device)
{
    pthread_mutex_lock(&device->lock);
    if (!device->set_by_guest) {
        date_take(device);
    }
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
    date_take(device);
    device->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
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

static void pl031_describe(const struct device_instance *instance, struct tree *tree)
{
    static const char clock_names[] = "apb_pclk";

    primecell_describe(instance, tree, clock_names, sizeof(clock_names));
}

static const struct device_class pl031 = {
    .name = "pl031",
    .size = PRIMECELL_SIZE,
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
