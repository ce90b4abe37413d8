/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arm PrimeCell Real Time Clock PL031 (DDI0224C): the host's date at the start in seconds plus what
 * the guest has set, modulo 2^32. The second itself is the host's: as in the hardware, loading the
 * counter does not restart its 1 Hz clock.
 *
 * From the start on the clock follows the host's CLOCK_BOOTTIME, which continues while the host is
 * suspended and which no program can set. So a step of the host's date moves neither the guest's
 * clock nor an alarm: the guest's kernel reads the date once and then counts by itself, and an
 * alarm for 8 s from now comes in 8 s. A reset takes the host's date again, unless the guest has
 * set its own.
 */
#include "dev/pl031.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
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

static const uint8_t pl031_id[PRIMECELL_ID_COUNT] = {0x31, 0x10, 0x14, 0x00,
                                                     0x0D, 0xF0, 0x05, 0xB1};

enum pl031_alarm {
    ALARM_NONE,   /* RTCMR has not been written since the reset */
    ALARM_SET,    /* the timer runs */
    ALARM_PASSED, /* it has gone off; setting the counter sets it anew */
};

/*
 * Times are the host's as the device counts them, so that they mean the same after a restore. A
 * reset keeps `offset` and `set_by_guest`.
 */
struct pl031_state {
    int64_t alarm_time;   /* pl031_host_time() when RTCDR will be RTCMR, from ALARM_SET on */
    uint32_t offset;      /* the guest's time minus pl031_host_time() */
    uint32_t match;       /* RTCMR */
    uint32_t load;        /* RTCLR */
    uint8_t set_by_guest; /* RTCLR has been written */
    uint8_t alarm;        /* enum pl031_alarm */
    uint8_t raised;       /* RTCRIS */
    uint8_t unmasked;     /* RTCIMSC */
};

_Static_assert(sizeof(struct pl031_state) == 8 + 3 * 4 + 4 * 1, "no padding");

struct device {
    struct device_env env;
    int timer_fd;
    struct loop_source *source;
    pthread_mutex_t lock; /* protects all below and the timer: vCPU threads against the loop */
    int64_t date_ns;      /* the host's date minus its CLOCK_BOOTTIME, as last taken */
    struct pl031_state state;
};

enum { SECOND = 1000000000 };

static int64_t pl031_read_clock(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

static void pl031_take_date(struct device *device)
{
    device->date_ns = pl031_read_clock(CLOCK_REALTIME) - pl031_read_clock(CLOCK_BOOTTIME);
}

/* The host's date as last taken, counted on. */
static time_t pl031_host_time(const struct device *device)
{
    return (pl031_read_clock(CLOCK_BOOTTIME) + device->date_ns) / SECOND;
}

static void pl031_update_irq(struct device *device)
{
    irq_set(device->env.irq, device->state.raised && device->state.unmasked);
}

static void pl031_set_timer(struct device *device)
{
    int64_t at = device->state.alarm_time * SECOND - device->date_ns;
    const struct itimerspec setting = {
        .it_value = {.tv_sec = at / SECOND, .tv_nsec = at % SECOND},
    };

    timerfd_settime(device->timer_fd, TFD_TIMER_ABSTIME, &setting, NULL);
}

static void pl031_stop_timer(struct device *device)
{
    const struct itimerspec never = {0};

    timerfd_settime(device->timer_fd, 0, &never, NULL);
}

/* The alarm is set: it goes off, or the timer waits for it. */
static void pl031_check_alarm(struct device *device)
{
    if (pl031_host_time(device) >= device->state.alarm_time) {
        device->state.raised = true;
        device->state.alarm = ALARM_PASSED;
        pl031_stop_timer(device);
    } else {
        pl031_set_timer(device);
    }
}

/*
 * After RTCMR or the counter has been written. The match is one of equality: a time that has passed
 * comes again in 2^32 seconds.
 */
static void pl031_set_alarm(struct device *device)
{
    time_t now = pl031_host_time(device);
    uint32_t ahead = device->state.match - ((uint32_t)now + device->state.offset);

    device->state.alarm_time = now + (time_t)ahead;
    device->state.alarm = ALARM_SET;
    pl031_check_alarm(device);
}

static void pl031_set_clock(struct device *device, uint32_t value)
{
    device->state.load = value;
    device->state.offset = value - (uint32_t)pl031_host_time(device);
    device->state.set_by_guest = true;
    device_changed(&device->env);
    if (device->state.alarm != ALARM_NONE) {
        pl031_set_alarm(device);
    }
}

static uint32_t pl031_read_register(struct device *device, uint64_t offset)
{
    if (offset >= PRIMECELL_ID_BASE) {
        return primecell_id(pl031_id, offset);
    }
    switch (offset) {
    case DR:
        return (uint32_t)pl031_host_time(device) + device->state.offset;
    case MR:
        return device->state.match;
    case LR:
        return device->state.load;
    case CR:
        /* The clock runs, as firmware leaves it, and cannot be stopped (DDI0224C 3.3.4). */
        return 1;
    case IMSC:
        return device->state.unmasked;
    case RIS:
        return device->state.raised;
    case MIS:
        return device->state.raised && device->state.unmasked;
    default:
        return 0;
    }
}

static void pl031_write_register(struct device *device, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case MR:
        device->state.match = value;
        pl031_set_alarm(device);
        return;
    case LR:
        pl031_set_clock(device, value);
        return;
    case IMSC:
        device->state.unmasked = (value & 1) != 0;
        return;
    case ICR:
        device->state.raised = device->state.raised && (value & 1) == 0;
        return;
    default:
        return;
    }
}

static uint64_t pl031_read(struct device *device, uint64_t offset, unsigned size)
{
    pthread_mutex_lock(&device->lock);
    uint64_t value = primecell_read(device, pl031_read_register, offset, size);
    pthread_mutex_unlock(&device->lock);
    return value;
}

/*
 * An alarm that is set to now goes off here, on a vCPU's thread, which must not call wake(). It
 * need not: this vCPU is awake, and pl031_wake_pending() reports the alarm when the guest sleeps.
 */
static void pl031_write(struct device *device, uint64_t offset, unsigned size, uint64_t value)
{
    pthread_mutex_lock(&device->lock);
    primecell_write(device, pl031_write_register, offset, size, value);
    pl031_update_irq(device);
    pthread_mutex_unlock(&device->lock);
}

/*
 * The timer has expired. A vCPU may have set another alarm since, so the clock decides whether this
 * one has passed.
 */
static void pl031_on_timer(void *arg, uint32_t events)
{
    struct device *device = arg;
    uint64_t expirations;

    (void)events;
    (void)!read(device->timer_fd, &expirations, sizeof(expirations));
    pthread_mutex_lock(&device->lock);
    if (device->state.alarm == ALARM_SET) {
        pl031_check_alarm(device);
        pl031_update_irq(device);
    }
    bool wake = device->state.raised && device->state.unmasked;
    pthread_mutex_unlock(&device->lock);

    if (wake) {
        device->env.wake(device->env.wake_arg);
    }
}

/* The clock has a battery: a time that the guest has set is kept. */
static void pl031_reset(struct device *device)
{
    pthread_mutex_lock(&device->lock);
    device->state = (struct pl031_state){
        .offset = device->state.offset,
        .set_by_guest = device->state.set_by_guest,
    };
    if (!device->state.set_by_guest) {
        pl031_take_date(device);
    }
    pl031_stop_timer(device);
    pl031_update_irq(device);
    pthread_mutex_unlock(&device->lock);
}

/* Alarms that a record could set beyond what a timer can count. */
static bool pl031_state_is_possible(const struct pl031_state *state)
{
    const int64_t most = INT64_MAX / SECOND / 2;

    return state->alarm <= ALARM_PASSED && state->raised <= 1 && state->unmasked <= 1 &&
           state->set_by_guest <= 1 && state->alarm_time >= 0 && state->alarm_time < most;
}

/* Time went on: an alarm may have passed meanwhile. */
static bool pl031_restore(struct device *device, const void *saved)
{
    const struct pl031_state *state = saved;

    if (!pl031_state_is_possible(state)) {
        return false;
    }
    pthread_mutex_lock(&device->lock);
    device->state = *state;
    if (state->alarm == ALARM_SET) {
        pl031_check_alarm(device);
    }
    pl031_update_irq(device);
    pthread_mutex_unlock(&device->lock);
    return true;
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
    pl031_take_date(device);
    device->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (device->timer_fd >= 0) {
        device->source = loop_add(env->loop, device->timer_fd, EPOLLIN, pl031_on_timer, device);
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
    bool pending = device->state.raised && device->state.unmasked;
    pthread_mutex_unlock(&device->lock);
    return pending;
}

bool pl031_ahead(struct device *device, int32_t *seconds)
{
    pthread_mutex_lock(&device->lock);
    *seconds = (int32_t)device->state.offset;
    bool set = device->state.set_by_guest != 0;
    pthread_mutex_unlock(&device->lock);
    return set;
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
    .state_offset = offsetof(struct device, state),
    .state_size = sizeof(struct pl031_state),
    .create = pl031_create,
    .destroy = pl031_destroy,
    .reset = pl031_reset,
    .restore = pl031_restore,
    .read = pl031_read,
    .write = pl031_write,
    .wake_pending = pl031_wake_pending,
    .describe = pl031_describe,
};
DEVICE_REGISTER(pl031);
