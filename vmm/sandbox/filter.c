/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists to filters, by libseccomp; loading is done here, since threads load what main has made. */
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/sandbox_parts.h"

static int add_rule(scmp_filter_ctx context, const struct sandbox_rule *rule)
{
    int number = seccomp_syscall_resolve_name(rule->call);
    uint32_t action = rule->refusal != 0 ? SCMP_ACT_ERRNO((unsigned)rule->refusal) : SCMP_ACT_ALLOW;
    const struct scmp_arg_cmp condition = {
        .arg = rule->argument,
        .op = SCMP_CMP_MASKED_EQ,
        .datum_a = rule->mask,
        .datum_b = rule->own_process ? (scmp_datum_t)getpid() : rule->value,
    };

    /* Below 0: this processor does not have it, or this libseccomp does not know it. */
    if (number < 0) {
        return 0;
    }
    return seccomp_rule_add_array(context, action, number, rule->mask != 0, &condition);
}

static int add_list(scmp_filter_ctx context, const struct sandbox_list *list)
{
    int error = 0;

    for (size_t i = 0; i < list->count && error == 0; i++) {
        error = add_rule(context, &list->rules[i]);
    }
    return error;
}

/* The whole program is in the socket: libseccomp has written it by one call. */
static int read_program(int fd, struct sock_fprog *filter)
{
    enum { ROOM = BPF_MAXINSNS * sizeof(struct sock_filter) };

    filter->filter = malloc(ROOM);
    if (filter->filter == NULL) {
        return -ENOMEM;
    }
    ssize_t size = recv(fd, filter->filter, ROOM, MSG_DONTWAIT);
    if (size <= 0) {
        return size < 0 ? -errno : -EIO;
    }
    filter->len = (unsigned short)((size_t)size / sizeof(filter->filter[0]));
    return 0;
}

/*
 * libseccomp writes a program to a descriptor only (before 2.6). A socket, because a limit of the size of files
 * (RLIMIT_FSIZE) would cut it in a file, even in one in memory. It never blocks: a socket that holds less than the
 * program is an error.
 */
static int export_program(scmp_filter_ctx context, struct sock_fprog *filter)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) {
        return -errno;
    }
    int error = seccomp_export_bpf(context, fds[0]);
    if (error == 0) {
        error = read_program(fds[1], filter);
    }
    close(fds[0]);
    close(fds[1]);
    return error;
}

int filter_build(struct sock_fprog *filter, enum sandbox_role role, unsigned needs)
{
    struct sandbox_lists lists = sandbox_lists_of(role, needs);
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_TRAP);
    int error = context != NULL ? 0 : -ENOMEM;

    *filter = (struct sock_fprog){.len = 0};
    if (error == 0) {
        /* Each entry into the guest is an ioctl: it is looked for first. */
        error = seccomp_syscall_priority(context, SCMP_SYS(ioctl), UINT8_MAX);
    }
    for (size_t i = 0; i < lists.count && error == 0; i++) {
        error = add_list(context, lists.list[i]);
    }
    if (error == 0) {
        error = export_program(context, filter);
    }
    seccomp_release(context);
    return error;
}

int filter_load(const struct sock_fprog *filter, bool all)
{
    unsigned flags = all ? SECCOMP_FILTER_FLAG_TSYNC : 0;
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, filter);

    /* Above 0: a thread that could not follow. */
    if (result > 0) {
        return -ESRCH;
    }
    return result == 0 ? 0 : -errno;
}

int filter_check(void)
{
    uint32_t action = SECCOMP_RET_TRAP;

    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 ? 0 : -errno;
}
