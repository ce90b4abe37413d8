/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter_make ARCHITECTURE FILTERS ABSENT
 *
 * Runs on the build machine. Writes what vmm/sandbox/filter.c and show.c include: the programs that libseccomp makes of
 * the lists for that architecture, and the names in the lists that arm64 does not have. Compiled here, the filters cost
 * a start nothing but their loading: libseccomp took 2.7 million instructions for them.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sandbox/sandbox_parts.h"

/* libseccomp names its errors by errno. */
static void make_check(int error, const char *what)
{
    if (error < 0) {
        fprintf(stderr, "filter_make: %s: %s\n", what, strerror(-error));
        exit(1);
    }
}

/*
 * libseccomp is given the build machine's number of a call, and translates that. For a call that the build machine does
 * not have the number is below 0, and is translated as well.
 */
static void add_rule(scmp_filter_ctx context, uint32_t architecture,
                     const struct sandbox_rule *rule)
{
    int number = seccomp_syscall_resolve_name(rule->call);
    uint32_t action = rule->refusal != 0 ? SCMP_ACT_ERRNO((unsigned)rule->refusal) : SCMP_ACT_ALLOW;
    const struct scmp_arg_cmp condition = {
        .arg = rule->argument,
        .op = SCMP_CMP_MASKED_EQ,
        .datum_a = rule->mask,
        .datum_b = rule->own_process ? SANDBOX_OWN_PROCESS : rule->value,
    };

    if (number == __NR_SCMP_ERROR) {
        fprintf(stderr, "filter_make: this libseccomp does not know the system call %s\n",
                rule->call);
        exit(1);
    }
    /* Below 0: this processor does not have it. */
    if (seccomp_syscall_resolve_name_arch(architecture, rule->call) >= 0) {
        make_check(seccomp_rule_add_array(context, action, number, rule->mask != 0, &condition),
                   rule->call);
    }
}

static scmp_filter_ctx make_filter(uint32_t architecture, const struct sandbox_lists *lists)
{
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_TRAP);

    make_check(context != NULL ? 0 : -ENOMEM, "seccomp_init");
    if (architecture != seccomp_arch_native()) {
        make_check(seccomp_arch_add(context, architecture), "seccomp_arch_add");
        make_check(seccomp_arch_remove(context, SCMP_ARCH_NATIVE), "seccomp_arch_remove");
    }
    /*
     * A tree instead of a chain: when a filter is loaded, the kernel runs it for each number of a system call, to know
     * which it need not run it for.
     */
    make_check(seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2), "SCMP_FLTATR_CTL_OPTIMIZE");
    for (size_t i = 0; i < lists->count; i++) {
        for (size_t j = 0; j < lists->list[i]->count; j++) {
            add_rule(context, architecture, &lists->list[i]->rules[j]);
        }
    }
    return context;
}

/* libseccomp writes a program to a descriptor only (before 2.6). Returns its length. */
static size_t read_program(scmp_filter_ctx context, struct sock_filter program[BPF_MAXINSNS])
{
    int fd = memfd_create("filter", MFD_CLOEXEC);

    make_check(fd >= 0 ? 0 : -errno, "memfd_create");
    make_check(seccomp_export_bpf(context, fd), "seccomp_export_bpf");
    ssize_t size = pread(fd, program, BPF_MAXINSNS * sizeof(program[0]), 0);
    close(fd);
    size_t length = size > 0 ? (size_t)size / sizeof(program[0]) : 0;
    make_check(length > 0 && length < BPF_MAXINSNS ? 0 : -E2BIG, "seccomp_export_bpf");
    return length;
}

/*
 * Almost all calls of a running VM are these ioctls, the first rows of the first list. libseccomp's tree decides on them
 * last, so they are put before it: after the load of the number of the call, which is loaded again for the rest.
 */
enum { FIRST_REQUESTS = 5, FIRST_AT = 3, FIRST_LENGTH = FIRST_REQUESTS + 4 };

static void write_first(struct sock_filter *at, uint32_t architecture,
                        const struct sandbox_rule *rules)
{
    const unsigned request = offsetof(struct seccomp_data, args[1]);
    const unsigned ioctl_number =
        (unsigned)seccomp_syscall_resolve_name_arch(architecture, "ioctl");

    *at++ =
        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ioctl_number, 0, FIRST_LENGTH - 1);
    *at++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, request);
    for (unsigned i = 0; i < FIRST_REQUESTS; i++) {
        const unsigned left = FIRST_REQUESTS - 1 - i;

        *at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)rules[i].value,
                                             (uint8_t)left, left == 0);
    }
    *at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    *at = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
}

/* Returns the new length. Before the place are the load of the processor, the jump to the end for another one, the load. */
static size_t put_first(struct sock_filter *program, size_t length, uint32_t architecture,
                        const struct sandbox_list *list)
{
    const struct sock_filter *load = &program[FIRST_AT - 1];

    make_check(load->code == (BPF_LD | BPF_W | BPF_ABS) &&
                       load->k == offsetof(struct seccomp_data, nr) &&
                       program[1].code == (BPF_JMP | BPF_JEQ | BPF_K) && program[1].jt == 0 &&
                       program[1].jf < UINT8_MAX - FIRST_LENGTH
                   ? 0
                   : -EBADMSG,
               "the beginning of a filter");
    for (unsigned i = 0; i < FIRST_REQUESTS; i++) {
        make_check(strcmp(list->rules[i].call, "ioctl") == 0 ? 0 : -EBADMSG,
                   "the first rows of a list");
    }
    memmove(&program[FIRST_AT + FIRST_LENGTH], &program[FIRST_AT],
            (length - FIRST_AT) * sizeof(program[0]));
    program[1].jf = (uint8_t)(program[1].jf + FIRST_LENGTH);
    write_first(&program[FIRST_AT], architecture, list->rules);
    return length + FIRST_LENGTH;
}

/* The run time puts the process's ID where the program compares with this, and there only. */
static unsigned count_own(const struct sock_filter *program, size_t length)
{
    unsigned found = 0;

    for (size_t i = 0; i < length; i++) {
        found += program[i].k == SANDBOX_OWN_PROCESS;
    }
    return found;
}

static unsigned count_own_rules(const struct sandbox_lists *lists)
{
    unsigned found = 0;

    for (size_t i = 0; i < lists->count; i++) {
        for (size_t j = 0; j < lists->list[i]->count; j++) {
            found += lists->list[i]->rules[j].own_process;
        }
    }
    return found;
}

static void print_program(FILE *out, const struct sock_filter *program, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        fprintf(out, "    INSTRUCTION(0x%x, %u, %u, 0x%x)\n", program[i].code, program[i].jt,
                program[i].jf, program[i].k);
    }
}

static void print_filter(FILE *out, uint32_t architecture, enum sandbox_role role, unsigned needs)
{
    static struct sock_filter program[BPF_MAXINSNS + FIRST_LENGTH];
    struct sandbox_lists lists = sandbox_lists_of(role, needs);
    scmp_filter_ctx context = make_filter(architecture, &lists);
    size_t length = read_program(context, program);

    length = put_first(program, length, architecture, lists.list[0]);
    make_check(count_own(program, length) == count_own_rules(&lists) ? 0 : -EBADMSG,
               "the ID of the process");
    fprintf(out, "FILTER(%s, %u, %zu)\n", role == SANDBOX_MAIN ? "SANDBOX_MAIN" : "SANDBOX_VCPU",
            needs, length);
    print_program(out, program, length);
    seccomp_release(context);
}

/* Each combination of lists that a VM can have. */
static void print_filters(FILE *out, uint32_t architecture)
{
    for (unsigned needs = 0; needs <= SANDBOX_NEEDS_ALL; needs++) {
        print_filter(out, architecture, SANDBOX_MAIN, needs);
        if ((needs & ~(unsigned)SANDBOX_NEEDS_OF_VCPUS) == 0) {
            print_filter(out, architecture, SANDBOX_VCPU, needs);
        }
    }
}

static void print_absent(FILE *out)
{
    struct sandbox_lists lists = sandbox_lists_of(SANDBOX_MAIN, SANDBOX_NEEDS_ALL);

    for (size_t i = 0; i < lists.count; i++) {
        for (size_t j = 0; j < lists.list[i]->count; j++) {
            const char *call = lists.list[i]->rules[j].call;

            if (seccomp_syscall_resolve_name_arch(SCMP_ARCH_AARCH64, call) < 0) {
                fprintf(out, "ABSENT(%s)\n", call);
            }
        }
    }
}

static FILE *make_open(const char *path)
{
    FILE *file = fopen(path, "w");

    make_check(file != NULL ? 0 : -errno, path);
    return file;
}

int main(int argc, char **argv)
{
    uint32_t architecture = argc == 4 ? seccomp_arch_resolve_name(argv[1]) : 0;

    if (architecture == 0) {
        fprintf(stderr, "usage: filter_make ARCHITECTURE FILTERS ABSENT\n");
        return 2;
    }
    FILE *filters = make_open(argv[2]);
    FILE *absent = make_open(argv[3]);
    print_filters(filters, architecture);
    print_absent(absent);
    int failed = fclose(filters);
    failed |= fclose(absent);
    return failed == 0 ? 0 : 1;
}
