/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel answers CPU_ON and CPU_OFF by itself and tells nobody. Its count of hypercalls says
 * without a disturbance whether there can have been one; only then are the vCPUs stopped and asked.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"

#include "machine/parts.h"

/*
 * The next look comes after this time, and after as many times as long as the last one took, which
 * with hundreds of vCPUs is long: the guest must get on in between.
 */
#define OBSERVE_NANOSECONDS INT64_C(100000000)
enum { PAUSE_PER_LOOK = 10 };

/* 0: no next look. */
static void look_in(struct machine *machine, int64_t nanoseconds)
{
    enum { SECOND = 1000000000 };
    const struct itimerspec timer = {
        .it_value = {.tv_sec = nanoseconds / SECOND, .tv_nsec = nanoseconds % SECOND},
    };

    if (machine->observe_fd >= 0) {
        timerfd_settime(machine->observe_fd, 0, &timer, NULL);
    }
}

void observe_set(struct machine *machine, bool on)
{
    look_in(machine, on ? OBSERVE_NANOSECONDS : 0);
}

static void look(struct machine *machine)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < machine->config->cpu_count; i++) {
        count += vcpu_hypercall_count(machine->board.vcpu[i]);
    }
    if (count == machine->hypercall_count) {
        return;
    }
    machine->hypercall_count = count;
    int error = power_observe(&machine->power);
    if (error != 0) {
        machine_fail(machine, error);
    }
}

static void on_observe(void *arg, uint32_t events)
{
    struct machine *machine = arg;
    int64_t start = clock_now_ns();
    uint64_t expirations;

    (void)events;
    if (read(machine->observe_fd, &expirations, sizeof(expirations)) < 0 || machine->ended) {
        return;
    }
    look(machine);
    int64_t pause = (clock_now_ns() - start) * PAUSE_PER_LOOK;
    look_in(machine, pause > OBSERVE_NANOSECONDS ? pause : OBSERVE_NANOSECONDS);
}

int observe_open(struct machine *machine)
{
    if (machine->events == NULL || machine->backend.ops->tells_changes) {
        return 0;
    }
    machine->observe_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (machine->observe_fd < 0) {
        return -errno;
    }
    machine->observe_source =
        loop_add(machine->loop, machine->observe_fd, EPOLLIN, on_observe, machine);
    return machine->observe_source != NULL ? 0 : -errno;
}

void observe_close(struct machine *machine)
{
    loop_close(machine->observe_source, machine->observe_fd);
}
