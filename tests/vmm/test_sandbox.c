/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sandbox: each test starts a child, which enters the sandbox and then makes a forbidden call.
 * The test checks the child's output and how it ended.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/report.h"
#include "sandbox/sandbox.h"
#include "sandbox/sandbox_parts.h"
#include "scratch.h"
#include "state/reader.h"
#include "state/writer.h"

enum { CHILD_LIMIT = 60, SAID_SIZE = 2048, SURVIVED = 77, NOT_ENTERED = 78 };

/* How a child ended: its exit status (128 + N for signal N), and its output. */
struct ending {
    int status;
    char said[SAID_SIZE];
};

static void read_all(int fd, char said[SAID_SIZE])
{
    size_t length = 0;
    ssize_t count;

    while ((count = read(fd, said + length, SAID_SIZE - 1 - length)) > 0) {
        length += (size_t)count;
    }
    said[length] = '\0';
}

/* Runs `body` in a child. The result of `body` is the child's exit status. */
static struct ending run_child(int (*body)(const void *arg), const void *arg)
{
    struct ending ending;
    int ends[2];
    int status;

    fflush(NULL);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        alarm(CHILD_LIMIT);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        _exit(body(arg));
    }
    assert_true(child > 0);
    close(ends[1]);
    read_all(ends[0], ending.said);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    ending.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return ending;
}

static void expect_said(const struct ending *ending, const char *text)
{
    if (strstr(ending->said, text) == NULL) {
        fail_msg("\"%s\" is not in what was said: %s", text, ending->said);
    }
}

/* One line, and no more. */
static void expect_line(const struct ending *ending, const char *text)
{
    expect_said(ending, text);
    assert_ptr_equal(strchr(ending->said, '\n'), ending->said + strlen(ending->said) - 1);
}

static int enter_as(const struct sandbox_user *user)
{
    const struct sandbox_options options = {.name = "vm-1", .user = user};

    return sandbox_enter(&options);
}

static int enter(void)
{
    struct sandbox_user user;

    sandbox_default_user(&user);
    return enter_as(&user);
}

/* --- Forbidden calls. --- */

static void try_openat(void)
{
    (void)!open("/etc/passwd", O_RDONLY);
}

static void try_execve(void)
{
    char *words[] = {NULL};

    execve("/bin/sh", words, words);
}

static void try_fork(void)
{
    (void)!syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static void try_socket(void)
{
    (void)!socket(AF_INET, SOCK_STREAM, 0);
}

static void try_ptrace(void)
{
    ptrace(PTRACE_ATTACH, 1, NULL, NULL);
}

static void try_kill(void)
{
    kill(1, 0);
}

static void try_tgkill(void)
{
    (void)!syscall(SYS_tgkill, 1, 1, 0);
}

static void try_unknown_ioctl(void)
{
    enum { TIOCSTI_REQUEST = 0x5412 }; /* types on the operator's terminal */
    char byte = 'x';

    ioctl(STDIN_FILENO, TIOCSTI_REQUEST, &byte);
}

static void try_create_vm(void)
{
    enum { KVM_CREATE_VM_REQUEST = 0xae01 };

    ioctl(-1, KVM_CREATE_VM_REQUEST, 0);
}

static void try_executable_memory(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)memory;
}

static void try_make_executable(void)
{
    mprotect((void *)4096, 4096, PROT_READ | PROT_EXEC);
}

static void try_prctl(void)
{
    prctl(PR_SET_DUMPABLE, 1);
}

static void try_setuid(void)
{
    (void)!syscall(SYS_setresuid, 0, 0, 0);
}

static void try_unshare(void)
{
    (void)!syscall(SYS_unshare, CLONE_NEWUSER);
}

static void try_write_other(void)
{
    (void)!syscall(SYS_process_vm_writev, 1, NULL, 0, NULL, 0, 0);
}

static void try_io_uring(void)
{
    (void)!syscall(SYS_io_uring_setup, 1, NULL);
}

static void try_mount(void)
{
    (void)!syscall(SYS_mount, NULL, NULL, NULL, 0, NULL);
}

static void try_bpf(void)
{
    (void)!syscall(SYS_bpf, 0, NULL, 0);
}

static void try_pidfd(void)
{
    (void)!syscall(SYS_pidfd_open, 1, 0);
}

static void try_memfd(void)
{
    (void)!syscall(SYS_memfd_create, "x", 0);
}

static void try_raise_limit(void)
{
    (void)!syscall(SYS_prlimit64, 0, 0, NULL, NULL);
}

static void try_unknown_call(void)
{
    (void)!syscall(999);
}

static void try_read(void)
{
    char byte;

    (void)!read(-1, &byte, 1);
}

static void try_accept(void)
{
    accept4(-1, NULL, NULL, 0);
}

static void try_close(void)
{
    close(-1);
}

static void try_unlink(void)
{
    unlinkat(AT_FDCWD, "x", 0);
}

static void try_thread(void)
{
    (void)!syscall(SYS_clone, CLONE_THREAD | CLONE_VM | CLONE_SIGHAND, 0, 0, 0, 0);
}

static void try_filter(void)
{
    (void)!syscall(SYS_seccomp, 1, 0, NULL);
}

static void try_send_file(void)
{
    (void)!syscall(SYS_sendmsg, -1, NULL, 0);
}

enum { START_VHOST = 0x4008af30 }; /* VHOST_NET_SET_BACKEND */

static void try_vhost(void)
{
    (void)!syscall(SYS_ioctl, -1, START_VHOST, NULL);
}

struct attempt {
    void (*call)(void);
    const char *name;
};

/* Forbidden for both roles. */
static const struct attempt forbidden[] = {
    {try_openat, "openat ("},
    {try_execve, "execve ("},
    {try_fork, "clone ("},
    {try_socket, "socket ("},
    {try_ptrace, "ptrace ("},
    {try_kill, "kill ("},
    {try_tgkill, "tgkill ("},
    {try_unknown_ioctl, "with request 0x5412;"},
    {try_executable_memory, "mmap ("},
    {try_make_executable, "mprotect ("},
    {try_prctl, "prctl ("},
    {try_setuid, "setresuid ("},
    {try_unshare, "unshare ("},
    {try_write_other, "process_vm_writev ("},
    {try_io_uring, "io_uring_setup ("},
    {try_mount, "mount ("},
    {try_bpf, "bpf ("},
    {try_pidfd, "pidfd_open ("},
    {try_memfd, "memfd_create ("},
    {try_raise_limit, "prlimit64 ("},
    {try_send_file, "sendmsg ("},
    {try_vhost, "with request 0x4008af30;"},
    {try_unknown_call, "unknown (999);"},
};

/* Allowed for the main thread only. */
static const struct attempt forbidden_to_vcpus[] = {
    {try_create_vm, "with request 0xae01;"},
    {try_read, "read ("},
    {try_accept, "accept4 ("},
    {try_close, "close ("},
    {try_unlink, "unlinkat ("},
    {try_thread, "clone ("},
    {try_filter, "seccomp ("},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static int attempt_in_main(const void *arg)
{
    const struct attempt *attempt = arg;

    if (enter() != 0) {
        return NOT_ENTERED;
    }
    attempt->call();
    return SURVIVED;
}

static void *attempt_in_thread(void *arg)
{
    const struct attempt *attempt = arg;

    sandbox_enter_vcpu();
    attempt->call();
    _exit(SURVIVED);
}

static int attempt_in_vcpu(const void *arg)
{
    struct attempt attempt = *(const struct attempt *)arg;
    pthread_t thread;

    if (enter() != 0) {
        return NOT_ENTERED;
    }
    pthread_create(&thread, NULL, attempt_in_thread, &attempt);
    pthread_join(thread, NULL);
    return NOT_ENTERED;
}

static void expect_trap(const struct attempt *attempt, const char *role,
                        int (*body)(const void *arg))
{
    struct ending ending = run_child(body, attempt);

    if (ending.status != SANDBOX_STATUS) {
        fail_msg("%s in %s: status %d, said: %s", attempt->name, role, ending.status, ending.said);
    }
    expect_line(&ending, attempt->name);
    expect_said(&ending, "dormouse: vm-1: sandbox: a thread of role ");
    expect_said(&ending, role);
}

static void main_cannot_make_forbidden_calls(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(forbidden); i++) {
        expect_trap(&forbidden[i], "role main made", attempt_in_main);
    }
}

static void vcpu_cannot_make_forbidden_calls(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(forbidden); i++) {
        expect_trap(&forbidden[i], "role vcpu made", attempt_in_vcpu);
    }
    for (size_t i = 0; i < COUNT(forbidden_to_vcpus); i++) {
        expect_trap(&forbidden_to_vcpus[i], "role vcpu made", attempt_in_vcpu);
    }
}

/*
 * Calls that are forbidden only for a vCPU's thread are allowed for the main thread. This shows
 * that the tests above can fail.
 */
static void main_may_do_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(forbidden_to_vcpus); i++) {
        if (forbidden_to_vcpus[i].call != try_thread) { /* would run on this stack */
            struct ending ending = run_child(attempt_in_main, &forbidden_to_vcpus[i]);

            assert_int_equal(ending.status, SURVIVED);
        }
    }
}

/* What the C library uses for tcgetattr() and tcsetattr(): the second pair from glibc 2.42 on. */
static void try_terminal_settings(void)
{
    static const unsigned long requests[] = {0x5401, 0x5402, 0x802c542a, 0x402c542b};

    for (size_t i = 0; i < COUNT(requests); i++) {
        (void)syscall(SYS_ioctl, -1, requests[i], NULL);
    }
}

static void terminal_settings_can_be_read_and_restored(void **state)
{
    static const struct attempt attempt = {.call = try_terminal_settings};

    (void)state;
    struct ending ending = run_child(attempt_in_main, &attempt);
    assert_string_equal(ending.said, "");
    assert_int_equal(ending.status, SURVIVED);
    ending = run_child(attempt_in_vcpu, &attempt);
    assert_string_equal(ending.said, "");
    assert_int_equal(ending.status, SURVIVED);
}

static void try_signal(void)
{
    raise(SIGSYS);
}

/* `kill -SYS` is not a system call of dormouse's, and no attack. */
static void signal_from_a_process_is_no_forbidden_call(void **state)
{
    static const struct attempt attempt = {.call = try_signal};

    (void)state;
    struct ending ending = run_child(attempt_in_main, &attempt);
    assert_int_equal(ending.status, SANDBOX_STATUS);
    expect_line(&ending, "dormouse: vm-1: sandbox: a process sent SIGSYS; the VM ends\n");
}

static void at_end(void)
{
    (void)!write(STDERR_FILENO, "put back\n", 9);
}

static int trap_with_end(const void *arg)
{
    struct sandbox_user user;
    const struct sandbox_options options = {.user = &user, .at_end = at_end};

    (void)arg;
    sandbox_default_user(&user);
    if (sandbox_enter(&options) != 0) {
        return NOT_ENTERED;
    }
    try_openat();
    return SURVIVED;
}

/* The terminal is restored before the line is written to it. */
static void terminal_is_restored_before_the_message(void **state)
{
    (void)state;
    struct ending ending = run_child(trap_with_end, NULL);

    assert_int_equal(ending.status, SANDBOX_STATUS);
    assert_int_equal(strncmp(ending.said, "put back\ndormouse: sandbox: ", 28), 0);
}

/* --- What still works, and the state of the process. --- */

static void *allocate_in_thread(void *arg)
{
    sandbox_enter_vcpu();
    for (size_t size = 1; size < 1 << 24; size *= 4) {
        free(malloc(size));
    }
    return arg;
}

static void *send_in_thread(void *arg)
{
    char byte;

    sandbox_enter_vcpu();
    try_send_file();
    (void)!syscall(SYS_recvfrom, -1, &byte, 1, 0, NULL, NULL);
    (void)!syscall(SYS_shutdown, -1, SHUT_RDWR);
    return arg;
}

/* A vhost-user back-end gets descriptors again each time that its device is started. */
static int serve_back_end(const void *arg)
{
    struct sandbox_user user;
    const struct sandbox_options options = {.user = &user, .has_back_ends = true};
    pthread_t thread;

    (void)arg;
    sandbox_default_user(&user);
    if (sandbox_enter(&options) != 0) {
        return NOT_ENTERED;
    }
    if (pthread_create(&thread, NULL, send_in_thread, NULL) != 0) {
        return 1;
    }
    pthread_join(thread, NULL);
    try_send_file();
    return SURVIVED;
}

static void back_ends_get_descriptors_inside(void **state)
{
    (void)state;
    assert_int_equal(run_child(serve_back_end, NULL).status, SURVIVED);
}

static void *vhost_in_thread(void *arg)
{
    sandbox_enter_vcpu();
    try_vhost();
    return arg;
}

/* vhost-net starts a queue on the main thread, and stops it on a vCPU's. */
static int serve_vhost(const void *arg)
{
    struct sandbox_user user;
    const struct sandbox_options options = {.user = &user, .has_vhost = true};
    pthread_t thread;

    (void)arg;
    sandbox_default_user(&user);
    if (sandbox_enter(&options) != 0) {
        return NOT_ENTERED;
    }
    if (pthread_create(&thread, NULL, vhost_in_thread, NULL) != 0) {
        return 1;
    }
    pthread_join(thread, NULL);
    try_vhost();
    return SURVIVED;
}

static void vhost_is_started_and_stopped_inside(void **state)
{
    (void)state;
    assert_int_equal(run_child(serve_vhost, NULL).status, SURVIVED);
}

static int go_on(const void *arg)
{
    (void)arg;
    report_open("dormouse");
    if (enter() != 0) {
        return NOT_ENTERED;
    }
    for (int i = 0; i < 3; i++) {
        pthread_t thread[4];

        for (size_t j = 0; j < COUNT(thread); j++) {
            if (pthread_create(&thread[j], NULL, allocate_in_thread, NULL) != 0) {
                return 1;
            }
        }
        for (size_t j = 0; j < COUNT(thread); j++) {
            pthread_join(thread[j], NULL);
        }
    }
    report("it goes on: %s", strerror(ENOSPC));
    return 0;
}

static void threads_and_messages_still_work(void **state)
{
    (void)state;
    struct ending ending = run_child(go_on, NULL);

    assert_string_equal(ending.said, "dormouse: it goes on: No space left on device\n");
    assert_int_equal(ending.status, 0);
}

static void *wait_in_thread(void *arg)
{
    const int *ready = arg;

    sandbox_enter_vcpu();
    (void)!write(*ready, "1", 1);
    for (;;) {
        poll(NULL, 0, -1);
    }
    return NULL;
}

/* Tells the parent by `ready` that the child and its thread are in the sandbox. An alarm ends the child. */
static void wait_inside(int ready)
{
    pthread_t thread;

    if (enter() == 0 && pthread_create(&thread, NULL, wait_in_thread, &ready) == 0) {
        pthread_join(thread, NULL);
    }
    _exit(NOT_ENTERED);
}

/* Returns the number after `field` in a status file, in base `base`. */
static unsigned long status_field(const char *text, const char *field, int base)
{
    const char *at = strstr(text, field);

    assert_non_null(at);
    return strtoul(at + strlen(field), NULL, base);
}

static void read_status(const char *path, char text[SAID_SIZE * 2])
{
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        fail_msg("cannot read %s", path);
        return;
    }
    text[fread(text, 1, SAID_SIZE * 2 - 1, file)] = '\0';
    fclose(file);
}

static void expect_powerless(const char *path, unsigned long filters)
{
    char text[SAID_SIZE * 2];

    read_status(path, text);
    assert_int_equal(status_field(text, "\nNoNewPrivs:", 10), 1);
    assert_int_equal(status_field(text, "\nSeccomp:", 10), 2);
    assert_int_equal(status_field(text, "\nSeccomp_filters:", 10), filters);
    assert_int_equal(status_field(text, "\nCapInh:", 16), 0);
    assert_int_equal(status_field(text, "\nCapPrm:", 16), 0);
    assert_int_equal(status_field(text, "\nCapEff:", 16), 0);
    assert_int_equal(status_field(text, "\nCapAmb:", 16), 0);
    if (geteuid() == 0) {
        assert_int_not_equal(status_field(text, "\nUid:", 10), 0);
        assert_int_not_equal(status_field(text, "\nGid:", 10), 0);
        assert_int_equal(status_field(text, "\nCapBnd:", 16), 0);
    }
}

/* Checks every thread of the child: the main thread has one filter, the other two. */
static void expect_powerless_threads(pid_t child)
{
    char path[64];
    DIR *folder;
    struct dirent *entry;
    unsigned threads = 0;

    snprintf(path, sizeof(path), "/proc/%d/task", child);
    folder = opendir(path);
    if (folder == NULL) {
        fail_msg("cannot read %s", path);
        return;
    }
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            char status[sizeof(path) + sizeof(entry->d_name) + 8];

            snprintf(status, sizeof(status), "%s/%s/status", path, entry->d_name);
            expect_powerless(status, strtol(entry->d_name, NULL, 10) == child ? 1 : 2);
            threads++;
        }
    }
    closedir(folder);
    assert_int_equal(threads, 2);
}

static void no_thread_keeps_privileges(void **state)
{
    int ready[2];
    char byte;

    (void)state;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        alarm(CHILD_LIMIT);
        close(ready[0]);
        wait_inside(ready[1]);
    }
    assert_true(child > 0);
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    expect_powerless_threads(child);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(ready[0]);
}

static int core_limit(const void *arg)
{
    struct rlimit core;
    struct rlimit files;

    (void)arg;
    /* Not checked by getrlimit(), which is forbidden in the sandbox. */
    struct sandbox_user user;
    sandbox_default_user(&user);
    const struct sandbox_options options = {.user = &user};
    if (privilege_drop(&options) != 0 || getrlimit(RLIMIT_CORE, &core) != 0 ||
        getrlimit(RLIMIT_NOFILE, &files) != 0) {
        return NOT_ENTERED;
    }
    return core.rlim_cur == 0 && core.rlim_max == 0 && files.rlim_cur == files.rlim_max ? 0 : 1;
}

static void limits_are_set(void **state)
{
    (void)state;
    assert_int_equal(run_child(core_limit, NULL).status, 0);
}

/* --- Files that are opened again. --- */

enum { STEP_FAILED = 10 };

static bool enter_as_caller(struct sandbox_user *user, const struct sandbox_options *options)
{
    char ids[SANDBOX_NAME_SIZE];

    snprintf(ids, sizeof(ids), "%u:%u", geteuid(), getegid());
    return sandbox_find_user(user, ids) && sandbox_enter(options) == 0;
}

static int open_outside(int beside)
{
    if (openat(beside, "b", O_WRONLY | O_CREAT, 0644) >= 0 || errno != EACCES) {
        return STEP_FAILED + 1;
    }
    return open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES ? 0 : STEP_FAILED + 2;
}

/* In the folder "logs", and outside it. */
static int reopen(const void *arg)
{
    struct sandbox_user user;
    const struct sandbox_path path = {"logs/a", SANDBOX_REOPENS, true};
    const struct sandbox_options options = {.user = &user, .paths = &path, .path_count = 1};
    int folder = open("logs", O_PATH | O_DIRECTORY);
    int beside = open(".", O_PATH | O_DIRECTORY);

    (void)arg;
    if (folder < 0 || beside < 0 || !enter_as_caller(&user, &options)) {
        return NOT_ENTERED;
    }
    if (openat(folder, "a", O_WRONLY | O_APPEND) < 0 || renameat(folder, "a", folder, "a.1") != 0 ||
        openat(folder, "a", O_WRONLY | O_CREAT | O_APPEND, 0644) < 0) {
        return STEP_FAILED;
    }
    return open_outside(beside);
}

static void only_named_folders_can_be_opened(void **state)
{
    (void)state;
    if (landlock_version() == 0) {
        skip();
    }
    assert_int_equal(mkdir("logs", 0755), 0);
    scratch_write("logs/a", "", 0);
    struct ending ending = run_child(reopen, NULL);
    assert_int_equal(ending.status, 0);
    assert_int_equal(unlink("logs/a"), 0);
    assert_int_equal(unlink("logs/a.1"), 0);
    assert_int_equal(rmdir("logs"), 0);
}

/* The calls of vmm/state, in the image's folder, and what they must not do elsewhere. */
static int save_inside(const void *arg)
{
    struct sandbox_user user;
    const struct sandbox_path path = {"images/vm", SANDBOX_SAVES, true};
    const struct sandbox_options options = {.user = &user, .paths = &path, .path_count = 1};
    struct state_writer *writer;
    struct state_reader *reader;

    int beside = open(".", O_PATH | O_DIRECTORY);
    (void)arg;
    if (beside < 0 || state_writer_open("images/vm", "--test", &writer) != 0 ||
        !enter_as_caller(&user, &options)) {
        return NOT_ENTERED;
    }
    for (int i = 0; i < 2; i++) {
        if (state_writer_begin(writer) != 0 || state_writer_commit(writer) != 0) {
            return STEP_FAILED;
        }
    }
    if (state_reader_reopen(writer, &reader) != 0 || state_reader_claim(reader) != 0) {
        return STEP_FAILED + 3;
    }
    state_reader_close(reader);
    state_writer_close(writer);
    return open_outside(beside);
}

static void vm_is_saved_inside(void **state)
{
    (void)state;
    assert_int_equal(mkdir("images", 0755), 0);
    struct ending ending = run_child(save_inside, NULL);
    assert_string_equal(ending.said, "");
    assert_int_equal(ending.status, 0);
    assert_int_equal(unlink("images/vm.restored"), 0);
    assert_int_equal(chmod("images", 0555), 0);
    ending = run_child(save_inside, NULL);
    assert_int_equal(ending.status, NOT_ENTERED);
    expect_line(&ending, "dormouse: images/vm: user ");
    assert_int_equal(chmod("images", 0755), 0);
    assert_int_equal(rmdir("images"), 0);
}

static int enter_with_limit(const void *arg)
{
    char ids[SANDBOX_NAME_SIZE];
    struct sandbox_user user;
    const struct sandbox_path path = {"logs/a", SANDBOX_REOPENS, true};
    const struct sandbox_options options = {.user = &user, .paths = &path, .path_count = 1};

    (void)arg;
    snprintf(ids, sizeof(ids), "%u:%u", geteuid(), getegid());
    return sandbox_find_user(&user, ids) && sandbox_enter(&options) == 0 ? 0 : NOT_ENTERED;
}

/* `--events /dev/stdout | program` and `--events >(program)`. */
static int reopen_pipe(const void *arg)
{
    char ids[SANDBOX_NAME_SIZE];
    struct sandbox_user user;
    const struct sandbox_path path = {arg, SANDBOX_REOPENS, false};
    const struct sandbox_options options = {.user = &user, .paths = &path, .path_count = 1};

    snprintf(ids, sizeof(ids), "%u:%u", geteuid(), getegid());
    if (!sandbox_find_user(&user, ids) || sandbox_enter(&options) != 0) {
        return NOT_ENTERED;
    }
    return open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES ? 0 : STEP_FAILED;
}

static void pipe_without_a_name_can_be_a_log(void **state)
{
    char path[32];
    int ends[2];

    (void)state;
    if (landlock_version() == 0) {
        skip();
    }
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof(path), "/dev/fd/%d", ends[1]);
    struct ending ending = run_child(reopen_pipe, path);
    close(ends[0]);
    close(ends[1]);
    assert_string_equal(ending.said, "");
    assert_int_equal(ending.status, 0);
}

static void limit_that_cannot_be_kept_ends_the_start(void **state)
{
    (void)state;
    assert_int_equal(mkdir("logs", 0755), 0);
    scratch_write("logs/a", "", 0);
    assert_int_equal(run_child(enter_with_limit, NULL).status, 0);
    assert_int_equal(chmod("logs", 0555), 0);
    struct ending ending = run_child(enter_with_limit, NULL);
    assert_int_equal(ending.status, NOT_ENTERED);
    expect_line(&ending, "dormouse: logs/a has a limit (max), but user ");
    assert_int_equal(chmod("logs", 0755), 0);
    assert_int_equal(unlink("logs/a"), 0);
    assert_int_equal(rmdir("logs"), 0);
}

/* A new file, and one that existed and that nobody may write to. */
static int open_given_file(const void *arg)
{
    struct sandbox_user user;
    const struct sandbox_path path = {"log", SANDBOX_REOPENS, false};
    const int created[] = {-1, open("log", O_WRONLY | O_CREAT | O_EXCL, 0644)};
    const struct sandbox_options options = {
        .user = &user,
        .paths = &path,
        .path_count = 1,
        .created = created,
        .created_count = COUNT(created),
    };

    (void)arg;
    sandbox_default_user(&user);
    if (created[1] < 0 || sandbox_enter(&options) != 0) {
        return NOT_ENTERED;
    }
    if (openat(AT_FDCWD, "log", O_WRONLY | O_APPEND) < 0) {
        return STEP_FAILED;
    }
    return openat(AT_FDCWD, "other", O_WRONLY) < 0 ? 0 : STEP_FAILED + 1;
}

static void new_user_gets_the_files_that_root_has_created(void **state)
{
    struct stat log;
    struct stat other;

    (void)state;
    assert_int_equal(chmod(".", 0755), 0);
    scratch_write("other", "", 0);
    assert_int_equal(chmod("other", 0444), 0);
    struct ending ending = run_child(open_given_file, NULL);
    assert_string_equal(ending.said, "");
    assert_int_equal(ending.status, 0);
    assert_int_equal(stat("log", &log), 0);
    assert_int_equal(log.st_uid, geteuid() == 0 ? 65534 : geteuid());
    assert_int_equal(stat("other", &other), 0);
    assert_int_equal(other.st_uid, geteuid());
    assert_int_equal(unlink("log"), 0);
    assert_int_equal(unlink("other"), 0);
}

static int remove_socket(const void *arg)
{
    struct sandbox_user user;
    const struct sandbox_path path = {"socket", SANDBOX_REMOVES, false};
    const struct sandbox_options options = {.user = &user, .paths = &path, .path_count = 1};
    int folder = open(".", O_PATH | O_DIRECTORY);

    (void)arg;
    if (folder < 0 || !enter_as_caller(&user, &options)) {
        return NOT_ENTERED;
    }
    if (unlinkat(folder, "socket", 0) != 0) {
        return STEP_FAILED;
    }
    /* A trap, because main opens nothing. */
    int other = openat(folder, "other", O_RDONLY);
    (void)other;
    return SURVIVED;
}

static void a_socket_can_be_removed_and_nothing_opened(void **state)
{
    (void)state;
    scratch_write("socket", "", 0);
    struct ending ending = run_child(remove_socket, NULL);
    assert_int_equal(ending.status, SANDBOX_STATUS);
    assert_int_equal(access("socket", F_OK), -1);
}

/* With --vsock: a program that listens on a Unix socket can be reached, and no other kind. */
static int connect_inside(const void *arg)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "server"};
    struct sandbox_user user;
    const struct sandbox_path path = {"socket", SANDBOX_CONNECTS, false};
    const struct sandbox_options options = {.user = &user, .paths = &path, .path_count = 1};

    (void)arg;
    if (!enter_as_caller(&user, &options)) {
        return NOT_ENTERED;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        return STEP_FAILED;
    }
    try_socket(); /* A trap. */
    return SURVIVED;
}

static void only_unix_sockets_can_be_reached(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "server"};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    assert_true(fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
                listen(fd, 1) == 0);
    struct ending ending = run_child(connect_inside, NULL);
    close(fd);
    assert_int_equal(ending.status, SANDBOX_STATUS);
    expect_said(&ending, "forbidden system call socket (");
}

/* --- If a step fails, the VM does not start. --- */

/* In the next sandbox_enter() the kernel answers `call` with `error`. */
struct refusal {
    int call;
    int error;
    int status;
    const char *line; /* NULL: no message */
};

static int enter_refused(const void *arg)
{
    const struct refusal *refusal = arg;
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);

    if (seccomp_rule_add(context, SCMP_ACT_ERRNO((unsigned)refusal->error), refusal->call, 0) !=
            0 ||
        seccomp_load(context) != 0) {
        return 1;
    }
    return enter() == 0 ? 0 : NOT_ENTERED;
}

static void each_failed_step_ends_the_start(void **state)
{
    static const struct refusal refusals[] = {
        {SCMP_SYS(seccomp), ENOSYS, NOT_ENTERED,
         "dormouse: sandbox: this kernel has no filter of system calls (CONFIG_SECCOMP_FILTER)"},
        {SCMP_SYS(capset), EPERM, NOT_ENTERED, "dormouse: sandbox: cannot drop the capabilities"},
        {SCMP_SYS(rt_sigaction), EINVAL, NOT_ENTERED,
         "dormouse: sandbox: cannot create the filters"},
        {SCMP_SYS(landlock_restrict_self), E2BIG, NOT_ENTERED,
         "dormouse: sandbox: cannot restrict file access by Landlock"},
        {SCMP_SYS(landlock_create_ruleset), ENOSYS, 0, NULL},
        {SCMP_SYS(landlock_create_ruleset), EOPNOTSUPP, 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        if (refusals[i].call == SCMP_SYS(landlock_restrict_self) && landlock_version() == 0) {
            continue;
        }
        struct ending ending = run_child(enter_refused, &refusals[i]);

        assert_int_equal(ending.status, refusals[i].status);
        if (refusals[i].line != NULL) {
            expect_line(&ending, refusals[i].line);
        } else {
            assert_string_equal(ending.said, "");
        }
    }
}

static int become_refused(const void *arg)
{
    const struct sandbox_user user = {.name = "other", .uid = geteuid() + 1, .gid = getegid()};
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);

    (void)arg;
    if (seccomp_rule_add(context, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(setresuid), 0) != 0 ||
        seccomp_load(context) != 0) {
        return 1;
    }
    return enter_as(&user) == 0 ? 0 : NOT_ENTERED;
}

/* It may be missing in a user namespace. */
static void impossible_user_ends_the_start(void **state)
{
    (void)state;
    struct ending ending = run_child(become_refused, NULL);

    assert_int_equal(ending.status, NOT_ENTERED);
    expect_line(&ending, "dormouse: sandbox: cannot become user other (");
}

/* --- Users. --- */

static bool write_word(const char *path, const char *word)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool written = fd >= 0 && write(fd, word, strlen(word)) == (ssize_t)strlen(word);

    if (fd >= 0) {
        close(fd);
    }
    return written;
}

/* As `unshare -r`: the only user is root, which may not change its groups. */
static bool become_lonely_root(void)
{
    const unsigned uid = geteuid();
    const unsigned gid = getegid();
    char uids[32];
    char gids[32];

    snprintf(uids, sizeof(uids), "0 %u 1", uid);
    snprintf(gids, sizeof(gids), "0 %u 1", gid);
    return syscall(SYS_unshare, CLONE_NEWUSER) == 0 && write_word("/proc/self/setgroups", "deny") &&
           write_word("/proc/self/uid_map", uids) && write_word("/proc/self/gid_map", gids);
}

enum { NO_NAMESPACE = 79 };

static int enter_in_namespace(const void *arg)
{
    const struct sandbox_user *user = arg;

    if (!become_lonely_root()) {
        return NO_NAMESPACE;
    }
    return enter_as(user) == 0 ? 0 : NOT_ENTERED;
}

static void root_of_a_user_namespace_can_stay_root(void **state)
{
    static const struct sandbox_user root = {.name = "root"};
    static const struct sandbox_user nobody = {.name = "nobody", .uid = 65534, .gid = 65534};

    (void)state;
    struct ending ending = run_child(enter_in_namespace, &root);
    if (ending.status == NO_NAMESPACE) {
        skip();
    }
    assert_string_equal(ending.said, "");
    assert_int_equal(ending.status, 0);
    ending = run_child(enter_in_namespace, &nobody);
    assert_int_equal(ending.status, NOT_ENTERED);
    expect_line(&ending, "dormouse: sandbox: cannot become user nobody (65534:65534): ");
}

static int find_as_nobody(const void *arg)
{
    struct sandbox_user user;

    if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) {
        return 1;
    }
    return sandbox_find_user(&user, arg) ? 0 : NOT_ENTERED;
}

static int find(const void *arg)
{
    struct sandbox_user user;

    return sandbox_find_user(&user, arg) ? 0 : NOT_ENTERED;
}

static void unknown_users_are_refused(void **state)
{
    static const char *const names[] = {
        "", "no-such-user-here", "12:", ":12", "1:2:3", "1:x", "4294967295:0", "-1:0", " 1:1",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct ending ending = run_child(find, names[i]);

        assert_int_equal(ending.status, NOT_ENTERED);
        expect_line(&ending, "there is no such user in /etc/passwd; give another name, or UID:GID");
    }
}

static void only_root_changes_the_user(void **state)
{
    (void)state;
    struct ending ending = run_child(find_as_nobody, "root");

    assert_int_equal(ending.status, NOT_ENTERED);
    expect_line(&ending, "dormouse: --user root: only root can run the VM as another user");
}

static void users_are_found(void **state)
{
    struct sandbox_user user;

    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    assert_true(sandbox_find_user(&user, "nobody"));
    assert_int_equal(user.uid, 65534);
    assert_true(sandbox_find_user(&user, "12:34"));
    assert_int_equal(user.uid, 12);
    assert_int_equal(user.gid, 34);
    sandbox_default_user(&user);
    assert_int_equal(user.uid, 65534);
}

/* --- The lists. --- */

static void lists_are_shown(void **state)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    (void)state;
    assert_non_null(stream);
    assert_true(sandbox_show(stream));
    fclose(stream);
    assert_non_null(strstr(text, "main: "));
    assert_non_null(strstr(text, "\nvcpu: "));
    assert_non_null(strstr(text, "  ioctl (KVM_CREATE_VM)\n"));
    assert_null(strstr(text, "  openat"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(main_cannot_make_forbidden_calls),
        cmocka_unit_test(vcpu_cannot_make_forbidden_calls),
        cmocka_unit_test(main_may_do_more),
        cmocka_unit_test(terminal_settings_can_be_read_and_restored),
        cmocka_unit_test(signal_from_a_process_is_no_forbidden_call),
        cmocka_unit_test(terminal_is_restored_before_the_message),
        cmocka_unit_test(back_ends_get_descriptors_inside),
        cmocka_unit_test(vhost_is_started_and_stopped_inside),
        cmocka_unit_test(threads_and_messages_still_work),
        cmocka_unit_test(no_thread_keeps_privileges),
        cmocka_unit_test(limits_are_set),
        cmocka_unit_test_setup_teardown(only_unix_sockets_can_be_reached, scratch_enter,
                                        scratch_leave),
        cmocka_unit_test_setup_teardown(only_named_folders_can_be_opened, scratch_enter,
                                        scratch_leave),
        cmocka_unit_test_setup_teardown(vm_is_saved_inside, scratch_enter, scratch_leave),
        cmocka_unit_test(pipe_without_a_name_can_be_a_log),
        cmocka_unit_test_setup_teardown(limit_that_cannot_be_kept_ends_the_start, scratch_enter,
                                        scratch_leave),
        cmocka_unit_test_setup_teardown(new_user_gets_the_files_that_root_has_created,
                                        scratch_enter, scratch_leave),
        cmocka_unit_test_setup_teardown(a_socket_can_be_removed_and_nothing_opened, scratch_enter,
                                        scratch_leave),
        cmocka_unit_test(each_failed_step_ends_the_start),
        cmocka_unit_test(impossible_user_ends_the_start),
        cmocka_unit_test(unknown_users_are_refused),
        cmocka_unit_test(only_root_changes_the_user),
        cmocka_unit_test(users_are_found),
        cmocka_unit_test(root_of_a_user_namespace_can_stay_root),
        cmocka_unit_test(lists_are_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
