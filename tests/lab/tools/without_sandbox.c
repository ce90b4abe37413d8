/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * without_sandbox WHAT COMMAND [ARGUMENT]...
 *
 * Runs a command on what looks like a kernel without WHAT: seccomp (a kernel without CONFIG_SECCOMP_FILTER),
 * landlock (before Linux 5.13), lsm (Landlock is built in and not enabled), or no_new_privs (before Linux 3.5). A filter
 * answers these calls; root alone can load it without setting no_new_privs itself.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STATUS_FAILED = 125, STATUS_NOT_RUN = 127 };

/* The three calls of Landlock have successive numbers. */
static const struct lack {
    const char *name;
    uint32_t first_call;
    uint32_t last_call;
    uint32_t error;
} lacks[] = {
    {"seccomp", SYS_seccomp, SYS_seccomp, ENOSYS},
    {"landlock", SYS_landlock_create_ruleset, SYS_landlock_restrict_self, ENOSYS},
    {"lsm", SYS_landlock_create_ruleset, SYS_landlock_restrict_self, EOPNOTSUPP},
    {"no_new_privs", SYS_prctl, SYS_prctl, EINVAL},
};

static const struct lack *find_lack(const char *name)
{
    for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++) {
        if (strcmp(lacks[i].name, name) == 0) {
            return &lacks[i];
        }
    }
    return NULL;
}

/* Of prctl() only the one operation is refused. */
static int load_filter(const struct lack *lack)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, lack->first_call, 0, 5),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, lack->last_call, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_NO_NEW_PRIVS, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | lack->error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

int main(int argc, char **argv)
{
    const struct lack *lack = argc > 2 ? find_lack(argv[1]) : NULL;

    if (lack == NULL) {
        fprintf(stderr, "usage: without_sandbox WHAT COMMAND [ARGUMENT]...\n");
        return STATUS_FAILED;
    }
    if (load_filter(lack) != 0) {
        perror("without_sandbox: cannot load the filter");
        return STATUS_FAILED;
    }
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    return STATUS_NOT_RUN;
}
