/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * without_cap NUMBER COMMAND [ARGUMENT]...
 *
 * Runs a command for which KVM is a kernel that does not know capability NUMBER:
 * KVM_CHECK_EXTENSION of it answers 0 and KVM_ENABLE_CAP of it fails with EINVAL. Everything else
 * is the real KVM's.
 *
 * A seccomp filter answers the first and hands the second, whose argument is in memory where a
 * filter cannot look, to a process that can. That process is nobody's child, so that the command
 * has only the children it made itself.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#elif defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#endif

enum { STATUS_FAILED = 125, STATUS_NOT_RUN = 127 };

__attribute__((noreturn)) static void fail(const char *what)
{
    fprintf(stderr, "without_cap: %s: %s\n", what, strerror(errno));
    exit(STATUS_FAILED);
}

/* The lower half of argument `n` of the system call: commands and numbers are 32 bits wide. */
#define ARGUMENT(n) ((uint32_t)(offsetof(struct seccomp_data, args) + (n) * sizeof(uint64_t)))

/* Installs the filter for this process and what it will run; returns the listener's descriptor. */
static int install_filter(uint32_t capability)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 0, 9),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 7),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT(1)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, KVM_ENABLE_CAP, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, KVM_CHECK_EXTENSION, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT(2)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, capability, 0, 2),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        fail("cannot give up new privileges");
    }
    long listener =
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    if (listener < 0) {
        fail("cannot install the filter");
    }
    return (int)listener;
}

/* Whether the process asks for the capability. A request that cannot be read is allowed. */
static bool asks_for(const struct seccomp_notif *request, uint32_t capability)
{
    struct kvm_enable_cap asked = {.cap = ~capability};
    struct iovec here = {.iov_base = &asked, .iov_len = sizeof(asked)};
    struct iovec there = {
        .iov_base =
            (void *)(uintptr_t)request->data.args[2], /* NOLINT(performance-no-int-to-ptr) */
        .iov_len = sizeof(asked),
    };

    return process_vm_readv((pid_t)request->pid, &here, 1, &there, 1, 0) ==
               (ssize_t)sizeof(asked) &&
           asked.cap == capability;
}

/* Answers until no process is left that could ask. */
static void supervise(int listener, uint32_t capability)
{
    struct pollfd asked = {.fd = listener, .events = POLLIN};

    while (poll(&asked, 1, -1) >= 0 || errno == EINTR) {
        struct seccomp_notif request = {0};

        if ((asked.revents & POLLIN) == 0) {
            return;
        }
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0) {
            continue; /* The process that asked has ended. */
        }
        bool refused = asks_for(&request, capability);
        struct seccomp_notif_resp response = {
            .id = request.id,
            .error = refused ? -EINVAL : 0,
            .flags = refused ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE,
        };
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
    }
}

union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

static void send_descriptor(int socket, int descriptor)
{
    char byte = 0;
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    union control control = {0};
    struct msghdr message = {
        .msg_iov = &data,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
    if (sendmsg(socket, &message, 0) != 1) {
        fail("cannot hand over the listener");
    }
}

static int receive_descriptor(int socket)
{
    char byte;
    int descriptor = -1;
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    union control control = {0};
    struct msghdr message = {
        .msg_iov = &data,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };

    if (recvmsg(socket, &message, 0) == 1 && CMSG_FIRSTHDR(&message) != NULL) {
        memcpy(&descriptor, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
    }
    return descriptor;
}

/*
 * The supervisor: a grandchild that outlives its parent, and keeps none of the command's
 * descriptors open.
 */
static void start_supervisor(int socket, uint32_t capability)
{
    pid_t child = fork();

    if (child < 0) {
        fail("cannot fork");
    }
    if (child > 0) {
        waitpid(child, NULL, 0);
        return;
    }
    if (fork() != 0) {
        _exit(0);
    }
    setsid();
    int listener = receive_descriptor(socket);
    for (int i = 0; i < 3; i++) {
        close(i);
    }
    if (listener >= 0) {
        supervise(listener, capability);
    }
    _exit(0);
}

int main(int argc, char **argv)
{
    int sockets[2];
    char *end = NULL;
    unsigned long capability = argc > 2 ? strtoul(argv[1], &end, 10) : 0;

    if (argc < 3 || *end != '\0' || capability > UINT32_MAX) {
        fprintf(stderr, "usage: without_cap NUMBER COMMAND [ARGUMENT]...\n");
        return STATUS_FAILED;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
        fail("cannot make a socket pair");
    }
    start_supervisor(sockets[1], (uint32_t)capability);
    close(sockets[1]);
    /* In case the Yama security module restricts which process may read another's memory. */
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    int listener = install_filter((uint32_t)capability);
    send_descriptor(sockets[0], listener);
    close(listener);
    close(sockets[0]);
    execvp(argv[2], argv + 2);
    fprintf(stderr, "without_cap: cannot run %s: %s\n", argv[2], strerror(errno));
    return STATUS_NOT_RUN;
}
