/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel answers CPU_ON and CPU_OFF by itself and tells nobody. Its count of hypercalls says
 * without a disturbance whether there can have been one; only then are the vCPUs stopped and asked.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "machine/internal.h"

enum { OBSERVE_MILLISECONDS = 100 };

void observe_set(struct machine *machine, bool on)
{
    struct timespec period = {.tv_nsec = on ? OBSERVE_MILLISECONDS * 1000000L : 0};
    struct itimerspec timer = {.it_interval = period, .it_value = period};

    if (machine->observe_fd >= 0) {
        timerfd_settime(machine->observe_fd, 0, &timer, NULL);
    }
}

static void on_observe(void *arg, uint32_t events)
{
    struct machine *machine = arg;
    uint64_t expirations;
    uint64_t count = 0;

    (void)events;
    if (read(machine->observe_fd, &expirations, sizeof(expirations)) < 0 || machine->ended) {
        return;
    }
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

int observe_open(struct machine *machine)
{
    if (machine->events == NULL || machine->psci_mode == PSCI_MODE_USER) {
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
