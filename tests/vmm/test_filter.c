/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The filters that the build makes, compared with the lists: each filter decides on every system call, and on each
 * argument that a list names, what the lists say. Those of arm64 are compared too, whatever this processor is.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/rows.h"
#include "sandbox/sandbox_parts.h"

enum { CALLS_MAX = 1024, ALL_ROWS = 512 };
enum { VCPU_FILTERS = 4 }; /* the subsets of SANDBOX_NEEDS_OF_VCPUS */

#define FILTER(role, needs, length)
#define INSTRUCTION(code, if_true, if_false, k) {code, if_true, if_false, k},
static const struct sock_filter arm64_instructions[] = {
#include "filters_of_arm64.inc"
};
#undef FILTER
#undef INSTRUCTION

#define FILTER(role, needs, length) {role, needs, length},
#define INSTRUCTION(code, if_true, if_false, k)
static const struct {
    enum sandbox_role role;
    unsigned needs;
    unsigned short length;
} arm64_filters[] = {
#include "filters_of_arm64.inc"
};

/* A filter, and what it is compared with: each row of its lists and the number of its call. */
struct subject {
    const struct sock_filter *program;
    size_t length;
    uint32_t audit;
    uint32_t own;
    size_t rows;
    const struct sandbox_rule *rule[ALL_ROWS];
    int number[ALL_ROWS];
};

static struct subject subject;

static void subject_take(enum sandbox_role role, unsigned needs, uint32_t architecture)
{
    struct sandbox_lists lists = sandbox_lists_of(role, needs);

    subject.rows = 0;
    for (size_t i = 0; i < lists.count; i++) {
        for (size_t j = 0; j < lists.list[i]->count; j++) {
            const struct sandbox_rule *rule = &lists.list[i]->rules[j];

            assert_true(subject.rows < ALL_ROWS);
            subject.rule[subject.rows] = rule;
            subject.number[subject.rows++] =
                seccomp_syscall_resolve_name_arch(architecture, rule->call);
        }
    }
}

/* What the kernel would do: its classic BPF, as far as filters of system calls may use it. */
static size_t jump_of(const struct sock_filter *at, uint32_t value)
{
    bool taken;

    switch (BPF_OP(at->code)) {
    case BPF_JA:
        return at->k;
    case BPF_JEQ:
        taken = value == at->k;
        break;
    case BPF_JGT:
        taken = value > at->k;
        break;
    case BPF_JGE:
        taken = value >= at->k;
        break;
    default:
        taken = (value & at->k) != 0;
        break;
    }
    return taken ? at->jt : at->jf;
}

static uint32_t filter_run(const struct seccomp_data *data)
{
    uint32_t value = 0;

    for (size_t i = 0; i < subject.length; i++) {
        const struct sock_filter *at = &subject.program[i];

        if (at->code == (BPF_RET | BPF_K)) {
            return at->k;
        }
        if (at->code == (BPF_LD | BPF_W | BPF_ABS)) {
            assert_true(at->k % 4 == 0 && at->k < sizeof(*data));
            memcpy(&value, (const char *)data + at->k, sizeof(value));
        } else if (at->code == (BPF_ALU | BPF_AND | BPF_K)) {
            value &= at->k;
        } else {
            assert_true(BPF_CLASS(at->code) == BPF_JMP && BPF_SRC(at->code) == BPF_K);
            i += jump_of(at, value);
        }
    }
    fail_msg("a filter ends without a decision");
    return 0;
}

static uint32_t lists_say(const struct seccomp_data *data)
{
    for (size_t i = 0; i < subject.rows; i++) {
        const struct sandbox_rule *rule = subject.rule[i];
        uint64_t value = rule->own_process ? subject.own : rule->value;

        if (subject.number[i] == data->nr && (data->args[rule->argument] & rule->mask) == value) {
            return rule->refusal != 0 ? SECCOMP_RET_ERRNO | (uint32_t)rule->refusal
                                      : SECCOMP_RET_ALLOW;
        }
    }
    return SECCOMP_RET_TRAP;
}

static void expect_same(const struct seccomp_data *data)
{
    uint32_t wanted = lists_say(data);
    uint32_t found = filter_run(data);

    if (found != wanted) {
        fail_msg("system call %d (0x%llx, 0x%llx, 0x%llx): the filter says 0x%x, the lists 0x%x",
                 data->nr, (unsigned long long)data->args[0], (unsigned long long)data->args[1],
                 (unsigned long long)data->args[2], found, wanted);
    }
}

/* The value that a row names, and each that differs from it in one bit. */
static void expect_same_around(size_t row)
{
    const struct sandbox_rule *rule = subject.rule[row];
    uint64_t value = rule->own_process ? subject.own : rule->value;
    struct seccomp_data data = {.nr = subject.number[row], .arch = subject.audit};

    memset(data.args, 0xff, sizeof(data.args));
    data.args[rule->argument] = value;
    expect_same(&data);
    for (unsigned bit = 0; bit < 64; bit++) {
        data.args[rule->argument] = value ^ (UINT64_C(1) << bit);
        expect_same(&data);
    }
}

static void expect_every_call_same(void)
{
    for (int number = -1; number < CALLS_MAX; number++) {
        struct seccomp_data data = {.nr = number, .arch = subject.audit};

        expect_same(&data);
        memset(data.args, 0xff, sizeof(data.args));
        expect_same(&data);
    }
    for (size_t row = 0; row < subject.rows; row++) {
        if (subject.number[row] >= 0) {
            expect_same_around(row);
        }
    }
}

/* Calls in the way of another processor, or of x32: their numbers mean something else. */
static void expect_other_ways_closed(uint32_t other)
{
    for (int number = 0; number < CALLS_MAX; number++) {
        struct seccomp_data data = {.nr = number, .arch = other};

        assert_int_not_equal(filter_run(&data), SECCOMP_RET_ALLOW);
        data.arch = subject.audit;
        data.nr = number | 0x40000000;
        assert_int_not_equal(filter_run(&data), SECCOMP_RET_ALLOW);
    }
}

static void native_filters_decide_as_the_lists(void **state)
{
    struct sock_fprog filter;
    unsigned found = 0;

    (void)state;
    subject.own = (uint32_t)getpid();
    subject.audit = seccomp_arch_native();
    for (unsigned i = 0; i < 2 * (SANDBOX_NEEDS_ALL + 1); i++) {
        enum sandbox_role role = i % 2 == 0 ? SANDBOX_MAIN : SANDBOX_VCPU;
        int error = filter_build(&filter, role, i / 2);

        /* Each combination that sandbox_enter() can ask for. */
        if (role == SANDBOX_VCPU && (i / 2 & ~(unsigned)SANDBOX_NEEDS_OF_VCPUS) != 0) {
            assert_int_equal(error, -ENOENT);
            continue;
        }
        assert_int_equal(error, 0);
        subject.program = filter.filter;
        subject.length = filter.len;
        subject_take(role, i / 2, subject.audit);
        expect_every_call_same();
        expect_other_ways_closed(AUDIT_ARCH_I386);
        free(filter.filter);
        found++;
    }
    assert_int_equal(found, SANDBOX_NEEDS_ALL + 1 + VCPU_FILTERS);
}

static void arm64_filters_decide_as_the_lists(void **state)
{
    const struct sock_filter *program = arm64_instructions;

    (void)state;
    subject.own = SANDBOX_OWN_PROCESS;
    subject.audit = AUDIT_ARCH_AARCH64;
    for (size_t i = 0; i < ROWS(arm64_filters); i++) {
        subject.program = program;
        subject.length = arm64_filters[i].length;
        subject_take(arm64_filters[i].role, arm64_filters[i].needs, SCMP_ARCH_AARCH64);
        expect_every_call_same();
        expect_other_ways_closed(AUDIT_ARCH_ARM);
        program += arm64_filters[i].length;
    }
    assert_int_equal(ROWS(arm64_filters), SANDBOX_NEEDS_ALL + 1 + VCPU_FILTERS);
    assert_ptr_equal(program, arm64_instructions + ROWS(arm64_instructions));
}

/* A wrong instruction is found: the comparison can fail. */
static void one_wrong_number_is_seen(void **state)
{
    struct sock_fprog filter;
    unsigned seen = 0;

    (void)state;
    assert_int_equal(filter_build(&filter, SANDBOX_MAIN, 0), 0);
    subject.own = (uint32_t)getpid();
    subject.audit = seccomp_arch_native();
    subject.program = filter.filter;
    subject.length = filter.len;
    subject_take(SANDBOX_MAIN, 0, subject.audit);
    for (size_t i = 0; i < filter.len; i++) {
        struct seccomp_data data = {.nr = seccomp_syscall_resolve_name("io_uring_enter"),
                                    .arch = subject.audit};

        if (filter.filter[i].k == (uint32_t)data.nr &&
            BPF_CLASS(filter.filter[i].code) == BPF_JMP) {
            filter.filter[i].k = CALLS_MAX;
            seen += filter_run(&data) != lists_say(&data);
        }
    }
    free(filter.filter);
    assert_int_equal(seen, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(native_filters_decide_as_the_lists),
        cmocka_unit_test(arm64_filters_decide_as_the_lists),
        cmocka_unit_test(one_wrong_number_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
