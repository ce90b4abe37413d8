/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A forbidden system call raises SIGSYS on the thread that made it. The handler says which, and
 * ends the process. It may do only what is async-signal-safe, so all that it says is prepared
 * before.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/sandbox_parts.h"

enum { LINE_SIZE = 512 };

static struct {
    const char *vm;
    void (*at_end)(void);
} trap;

static _Thread_local enum sandbox_role thread_role;

/* A line that grows; what does not fit is left out. */
struct text {
    char bytes[LINE_SIZE];
    size_t length;
};

static void text_put(struct text *text, const char *words)
{
    for (; *words != '\0' && text->length < sizeof(text->bytes); words++) {
        text->bytes[text->length++] = *words;
    }
}

static void put_number(struct text *text, uint64_t number, unsigned base)
{
    char digits[24];
    char *first = digits + sizeof(digits) - 1;

    *first = '\0';
    do {
        *--first = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    text_put(text, first);
}

static void put_call(struct text *text, int number, const ucontext_t *context)
{
    const char *name = trap_call_name(number);

    text_put(text, name != NULL ? name : "unknown");
    text_put(text, " (");
    put_number(text, (unsigned)number, 10);
    text_put(text, ")");
    if (number == SYS_ioctl) {
        text_put(text, " with request 0x");
        put_number(text, (uint32_t)trap_second_argument(context), 16);
    }
}

_Noreturn void trap_end(int status)
{
    if (trap.at_end != NULL) {
        trap.at_end();
    }
    _exit(status);
}

/* If no process reads the pipe, the line is lost: the end must not wait. */
static void text_say(const struct text *text)
{
    enum { LIMIT_MS = 1000 };
    struct pollfd standard_error = {.fd = STDERR_FILENO, .events = POLLOUT};

    if (poll(&standard_error, 1, LIMIT_MS) == 1) {
        (void)!write(STDERR_FILENO, text->bytes, text->length);
    }
}

/* Above 0 the code of a signal is the kernel's. */
static void put_cause(struct text *text, const siginfo_t *info, const ucontext_t *context)
{
    if (info->si_code <= 0) {
        text_put(text, "a process sent SIGSYS; the VM ends\n");
        return;
    }
    text_put(text, "a thread of role ");
    text_put(text, sandbox_role_name(thread_role));
    text_put(text, " made the forbidden system call ");
    put_call(text, info->si_syscall, context);
    text_put(text, "; the VM ends (please report it: a guest may have attacked dormouse)\n");
}

static void on_trap(int number, siginfo_t *info, void *context)
{
    struct text text = {.length = 0};

    (void)number;
    text_put(&text, "dormouse: ");
    if (trap.vm != NULL) {
        text_put(&text, trap.vm);
        text_put(&text, ": ");
    }
    text_put(&text, "sandbox: ");
    put_cause(&text, info, context);
    /* First, so that the line meets a terminal in its own mode. */
    if (trap.at_end != NULL) {
        trap.at_end();
    }
    text_say(&text);
    _exit(SANDBOX_STATUS);
}

void trap_set_role(enum sandbox_role role)
{
    thread_role = role;
}

int trap_prepare(const struct sandbox_options *options)
{
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    sigset_t set;

    trap.vm = options->name;
    trap.at_end = options->at_end;
    sigfillset(&action.sa_mask);
    sigemptyset(&set);
    sigaddset(&set, SIGSYS);
    if (sigaction(SIGSYS, &action, NULL) != 0 || sigprocmask(SIG_UNBLOCK, &set, NULL) != 0) {
        return -errno;
    }
    return 0;
}
