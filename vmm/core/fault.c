/* SPDX-License-Identifier: BSD-2-Clause */
/* The handler may do only what is async-signal-safe, so its line is prepared before. */
#include "core/fault.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
    const char *name;
    void (*at_end)(void);
    struct sigaction before;
    _Atomic(uintptr_t) from;
    _Atomic(uintptr_t) to;
    atomic_flag ended;
    char line[PATH_MAX + 256];
} fault = {.ended = ATOMIC_FLAG_INIT};

static bool fault_is_expected(const siginfo_t *info)
{
    uintptr_t address = (uintptr_t)info->si_addr;

    return info->si_code == BUS_ADRERR && address >= fault.from && address < fault.to;
}

/* If no process reads the pipe, the line is lost: the end must not wait. */
static void fault_say(void)
{
    enum { LIMIT_MS = 1000 };
    struct pollfd standard_error = {.fd = STDERR_FILENO, .events = POLLOUT};

    if (poll(&standard_error, 1, LIMIT_MS) == 1) {
        (void)!write(STDERR_FILENO, fault.line, strlen(fault.line));
    }
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    int error = errno;

    (void)context;
    if (fault_is_expected(info) && atomic_flag_test_and_set(&fault.ended)) {
        (void)poll(NULL, 0, -1); /* another thread ends the process */
    }
    if (fault.at_end != NULL) {
        fault.at_end();
    }
    if (fault_is_expected(info)) {
        fault_say();
        _exit(FAULT_STATUS);
    }
    (void)sigaction(number, &fault.before, NULL);
    if (info->si_code <= 0) {
        raise(number); /* a process sent it: the access that follows does not raise it again */
    }
    errno = error;
}

int fault_open(const char *name, void (*at_end)(void))
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

    fault.name = name;
    fault.at_end = at_end;
    sigemptyset(&action.sa_mask);
    return sigaction(SIGBUS, &action, &fault.before) == 0 ? 0 : -errno;
}

void fault_expect(const uint8_t *host, uint64_t size, const char *path)
{
    fault.to = 0; /* the handler never sees a half of it */
    if (size == 0) {
        return;
    }
    (void)snprintf(fault.line, sizeof(fault.line),
                   "dormouse: %s%simage %s: cannot read the guest's memory from it; the VM ends\n",
                   fault.name != NULL ? fault.name : "", fault.name != NULL ? ": " : "", path);
    fault.from = (uintptr_t)host;
    fault.to = (uintptr_t)host + size;
}
