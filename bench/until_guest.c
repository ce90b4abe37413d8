/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * until_guest [-s] COMMAND [ARGUMENT]...
 *
 * Runs a monitor up to its first KVM_RUN, that is up to its guest's first instruction, and prints
 * what that took: the nanoseconds from exec (instructions, on a machine under QEMU's -icount), or
 * with -s the system calls of all its threads. Then it ends the monitor.
 *
 * The monitor is traced. Without -s a seccomp filter stops it at ioctl(KVM_RUN) alone, so that
 * nothing is added to what comes before.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KVM_RUN_REQUEST = 0xae80 };

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Makes the tracer stop at ioctl(KVM_RUN), and changes nothing else. */
static void stop_at_kvm_run(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, KVM_RUN_REQUEST, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {
        .len = sizeof(filter) / sizeof(filter[0]),
        .filter = filter,
    };

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        die("seccomp");
    }
}

static void become(char *const *command)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
        die("ptrace");
    }
    raise(SIGSTOP);
    stop_at_kvm_run();
    execvp(command[0], command);
    die(command[0]);
}

static bool is_kvm_run(pid_t thread)
{
    struct __ptrace_syscall_info info;

    return ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info) > 0 &&
           info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_ioctl &&
           info.entry.args[1] == KVM_RUN_REQUEST;
}

static bool is_entry(pid_t thread)
{
    struct __ptrace_syscall_info info;

    return ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info) > 0 &&
           info.op == PTRACE_SYSCALL_INFO_ENTRY;
}

static bool is_event(int status, int event)
{
    return status >> 8 == (SIGTRAP | event << 8);
}

/* What stopped threads are continued with: the signal that stopped them, unless it is tracing's. */
static long signal_for(int status)
{
    int number = WSTOPSIG(status) & 0x7f;

    return status >> 16 != 0 || number == SIGTRAP || number == SIGSTOP ? 0 : number;
}

/* Follows all threads to the first KVM_RUN. Returns the figure to print, or -1. */
static int64_t follow(bool count_calls)
{
    int64_t start = 0;
    int64_t calls = 0;
    int status;
    pid_t thread;

    while ((thread = waitpid(-1, &status, __WALL)) > 0) {
        if (!WIFSTOPPED(status)) {
            continue;
        }
        if (is_event(status, PTRACE_EVENT_EXEC)) {
            start = now();
            calls = 0;
        } else if (is_event(status, PTRACE_EVENT_SECCOMP)) {
            return count_calls ? calls : now() - start;
        } else if (count_calls && WSTOPSIG(status) == (SIGTRAP | 0x80)) {
            if (is_kvm_run(thread)) {
                return calls;
            }
            calls += is_entry(thread);
        }
        ptrace(count_calls ? PTRACE_SYSCALL : PTRACE_CONT, thread, NULL, signal_for(status));
    }
    return -1;
}

int main(int argc, char **argv)
{
    bool count_calls = argc > 1 && strcmp(argv[1], "-s") == 0;
    char *const *command = argv + 1 + count_calls;

    if (command[0] == NULL) {
        fprintf(stderr, "usage: until_guest [-s] COMMAND [ARGUMENT]...\n");
        return 2;
    }
    pid_t child = fork();
    if (child < 0) {
        die("fork");
    }
    if (child == 0) {
        become(command);
    }
    if (waitpid(child, NULL, 0) != child ||
        ptrace(PTRACE_SETOPTIONS, child, NULL,
               PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                   PTRACE_O_TRACEVFORK | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD) != 0 ||
        ptrace(count_calls ? PTRACE_SYSCALL : PTRACE_CONT, child, NULL, 0) != 0) {
        die("ptrace");
    }
    int64_t result = follow(count_calls);
    if (result < 0) {
        fprintf(stderr, "until_guest: %s ended before its guest ran\n", command[0]);
        return 1;
    }
    printf("%lld\n", (long long)result);
    kill(child, SIGKILL);
    return 0;
}
