/* SPDX-License-Identifier: BSD-2-Clause */
/* The console on a terminal, and on a pseudo-terminal that it creates. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "console_rig.h"
#include "drive.h"
#include "host/console/terminal.h"

/* --- A terminal as stdin and stdout. --- */

static struct termios mode(void)
{
    struct termios now;

    assert_int_equal(tcgetattr(STDIN_FILENO, &now), 0);
    return now;
}

static bool is_raw(const struct termios *now)
{
    return (now->c_lflag & (ICANON | ECHO | ISIG | IEXTEN)) == 0 && (now->c_oflag & OPOST) == 0 &&
           (now->c_iflag & (ICRNL | IXON)) == 0;
}

static void terminal_is_raw_and_restored(void **state)
{
    (void)state;
    rig_terminal();
    struct termios before = mode();
    assert_false(is_raw(&before));
    rig_start("stdio");
    struct termios during = mode();
    assert_true(is_raw(&during));
    assert_int_equal(fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK, 0);
    rig_end();
    struct termios after = mode();
    assert_int_equal(after.c_iflag, before.c_iflag);
    assert_int_equal(after.c_oflag, before.c_oflag);
    assert_int_equal(after.c_cflag, before.c_cflag);
    assert_int_equal(after.c_lflag, before.c_lflag);
    assert_memory_equal(after.c_cc, before.c_cc, sizeof(before.c_cc));
}

static void continuing_makes_the_terminal_raw_again(void **state)
{
    (void)state;
    rig_terminal();
    struct termios cooked = mode();
    rig_start("stdio");
    assert_int_equal(tcsetattr(STDIN_FILENO, TCSANOW, &cooked), 0);
    console_continue(rig.console);
    struct termios now = mode();
    assert_true(is_raw(&now));
}

static void keys_reach_the_guest_and_output_the_terminal(void **state)
{
    (void)state;
    rig_terminal();
    rig.room = 100;
    rig_start("stdio");
    rig_give("ls\r\003\004\032");
    rig_expect_guest("ls\r\003\004\032");
    rig_put("a\nb\r\n");
    rig_expect_output("a\nb\r\n");
}

static void escape_quits_a_guest_that_reads_nothing(void **state)
{
    (void)state;
    rig_terminal();
    rig_start("stdio");
    rig_give("typed ahead \001x");
    drive_until(rig.loop, rig_has_quit, NULL);
    assert_int_equal(rig.quits, 1);
    rig_make_room(100);
    rig_expect_guest("typed ahead ");
}

static void escape_helps_and_sends_its_own_prefix(void **state)
{
    (void)state;
    rig_terminal();
    rig.room = 100;
    rig_start("stdio");
    rig_catch_errors();
    rig_give("\001h\001\001\001a.");
    rig_expect_guest("\001\001.");
    rig_expect_errors(
        "dormouse: keys: Ctrl-a x ends the VM, Ctrl-a h shows this, Ctrl-a Ctrl-a sends "
        "Ctrl-a to the guest\n");
    assert_int_equal(rig.quits, 0);
}

/* More than the console keeps: the rest waits in the terminal, and everything arrives. */
static void long_paste_arrives_whole(void **state)
{
    static char text[3 * RING + 1];
    size_t sent = 0;
    size_t seen = 0;

    (void)state;
    rig_terminal();
    rig_start("stdio");
    for (size_t i = 0; i < 3 * RING; i++) {
        text[i] = (char)('0' + i % 71);
    }
    while (rig.received_count < 3 * RING) {
        ssize_t count = write(rig.out, text + sent, 3 * RING - sent);

        sent += count > 0 ? (size_t)count : 0;
        drive_until_idle(rig.loop);
        rig_make_room(16);
        seen = rig.received_count + 1;
        if (sent == 3 * RING || seen <= sent) {
            drive_until(rig.loop, rig_has_received, &seen);
        }
    }
    assert_memory_equal(rig.received, text, 3 * RING);
}

/* A terminal of another user: it can be used, but not opened a second time. */
static void blocking_terminal_does_not_block(void **state)
{
    (void)state;
    rig_terminal();
    rig.no_proc = true;
    rig.room = 100;
    rig_start("stdio");
    rig_give("keys");
    rig_expect_guest("keys");
    size_t count = rig_put_until_refused();
    /* The console writes as soon as there is any room. */
    for (rig.output_count = 0; rig.output_count < 2 * RING;) {
        rig.output_count += read(rig.out, rig.output + rig.output_count, 1) == 1;
        drive_until_idle(rig.loop);
    }
    rig_expect_rest_of_pattern(count);
    assert_int_equal(rig.writables, 1);
}

static void hang_up_of_the_terminal_is_no_error(void **state)
{
    (void)state;
    rig_terminal();
    rig.room = 100;
    rig_start("stdio");
    rig_catch_errors();
    rig_close(&rig.out);
    drive_until_idle(rig.loop);
    rig_put("dropped");
    drive_until_idle(rig.loop);
    rig_expect_errors(
        "dormouse: console: cannot write to standard output: Input/output error; guest "
        "output is dropped from here on\n");
    assert_int_equal(rig.quits, 0);
}

/* --- A shell, its jobs, and signals. --- */

/* In a child, which may be stopped or ended: sets the terminal to raw mode, and waits. */
static _Noreturn void hold_terminal(void)
{
    static struct terminal terminal;

    if (terminal_make_raw(&terminal, STDIN_FILENO) != 0) {
        _exit(1);
    }
    for (;;) {
        pause();
    }
}

static bool terminal_is_raw(void *arg)
{
    struct termios now = mode();

    (void)arg;
    return is_raw(&now);
}

static void fatal_signals_restore_the_terminal(void **state)
{
    static const int numbers[] = {SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGUSR2, SIGALRM, SIGTERM};

    (void)state;
    rig_terminal();
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        int status;
        pid_t child = fork();

        if (child == 0) {
            (void)signal(numbers[i], SIG_DFL);
            hold_terminal();
        }
        drive_until(rig.loop, terminal_is_raw, NULL);
        assert_int_equal(kill(child, numbers[i]), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), numbers[i]);
        assert_false(terminal_is_raw(NULL));
    }
}

static void terminal_is_restored_before_an_end(void **state)
{
    (void)state;
    rig_terminal();
    terminal_rescue(); /* No job is in the background yet. */
    rig_start("stdio");
    assert_true(terminal_is_raw(NULL));
    terminal_rescue();
    assert_false(terminal_is_raw(NULL));
    rig_end();
}

static void restored_terminal_leaves_signals_as_they_were(void **state)
{
    struct sigaction action;

    (void)state;
    rig_terminal();
    (void)signal(SIGQUIT, SIG_DFL); /* A shell starts its background jobs without it. */
    (void)signal(SIGUSR2, SIG_IGN);
    rig_start("stdio");
    rig_end();
    assert_int_equal(sigaction(SIGQUIT, NULL, &action), 0);
    assert_true(action.sa_handler == SIG_DFL);
    assert_int_equal(sigaction(SIGUSR2, NULL, &action), 0);
    assert_true(action.sa_handler == SIG_IGN);
    (void)signal(SIGUSR2, SIG_DFL);
}

/* A job of that shell, in the background. */
static pid_t start_job(void)
{
    pid_t job = fork();

    if (job == 0) {
        (void)signal(SIGTTOU, SIG_DFL);
        (void)setpgid(0, 0);
        hold_terminal();
    }
    (void)setpgid(job, job);
    return job;
}

static bool stops_for_the_terminal(pid_t job)
{
    int status;

    return waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status) &&
           WSTOPSIG(status) == SIGTTOU && !terminal_is_raw(NULL);
}

/* A shell on the terminal, which puts a job into the background and then into the foreground. */
static _Noreturn void be_a_shell(void)
{
    int status;
    pid_t job;

    (void)signal(SIGTTOU, SIG_IGN);
    if (setsid() < 0 || ioctl(STDIN_FILENO, TIOCSCTTY, 0) != 0) {
        _exit(1);
    }
    job = start_job();
    if (!stops_for_the_terminal(job)) {
        _exit(2);
    }
    if (tcsetpgrp(STDIN_FILENO, job) != 0 || killpg(job, SIGCONT) != 0) {
        _exit(3);
    }
    while (!terminal_is_raw(NULL)) {
        (void)usleep(1000);
    }
    (void)killpg(job, SIGTERM);
    _exit(waitpid(job, &status, 0) == job && !terminal_is_raw(NULL) ? 0 : 4);
}

static void background_job_says_why_it_stops(void **state)
{
    int status;

    (void)state;
    rig_terminal();
    rig_catch_errors();
    pid_t shell = fork();
    if (shell == 0) {
        alarm(50);
        be_a_shell();
    }
    assert_int_equal(waitpid(shell, &status, 0), shell);
    rig_expect_errors(
        "dormouse: console: another job uses this terminal: stopping until this job is "
        "in the foreground; give a background job --console none, pty or FILE\n");
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- A new pseudo-terminal. --- */

static char pty_name[64];

static void start_pty(void)
{
    char said[128];

    rig_catch_errors();
    rig_start("pty");
    rig_end_errors(said, sizeof(said));
    assert_int_equal(sscanf(said, "dormouse: console is on %63s\n", pty_name), 1);
}

static void join(void)
{
    rig.out = open(pty_name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    assert_true(rig.out >= 0);
    drive_until_idle(rig.loop);
}

/* A link that an ended process has left is replaced; a file is not. */
static void pty_has_a_link(void **state)
{
    struct stat status;

    (void)state;
    assert_int_equal(symlink("/nowhere", "link"), 0);
    rig_catch_errors();
    rig_start("pty=link");
    rig_expect_errors("");
    assert_non_null(rig.console);
    assert_string_equal(console_link(rig.console), "link");
    ssize_t length = readlink("link", pty_name, sizeof(pty_name) - 1);
    assert_true(length > 0);
    pty_name[length] = '\0';
    join();
    rig_put("hello");
    rig_expect_output("hello");
    rig_end();
    assert_int_not_equal(lstat("link", &status), 0);
    assert_int_equal(mkdir("link", 0700), 0);
    rig_catch_errors();
    rig_start("pty=link");
    rig_expect_errors("dormouse: console: cannot open pty=link: File exists\n");
    assert_null(rig.console);
    rmdir("link");
}

static void pty_drops_output_until_it_is_opened(void **state)
{
    (void)state;
    start_pty();
    for (unsigned i = 0; i < 3 * PIPE; i++) {
        rig_put(".");
    }
    drive_until_idle(rig.loop);
    join();
    rig_put("hello");
    rig_expect_output("hello");
}

static void pty_carries_input_and_no_echo(void **state)
{
    (void)state;
    start_pty();
    rig.room = 100;
    join();
    rig_give("\001x\r");
    rig_expect_guest("\001x\r");
    rig_put("out\n");
    rig_expect_output("out\n");
    assert_int_equal(rig.received_count, 3);
    assert_int_equal(rig.quits, 0);
}

static void pty_survives_hang_up_and_return(void **state)
{
    (void)state;
    start_pty();
    rig.room = 100;
    for (size_t expected = 2; expected <= 6; expected += 2) {
        join();
        rig_give("in");
        drive_until(rig.loop, rig_has_received, &expected);
        rig_put("seen");
        rig_expect_output("seen");
        rig_close(&rig.out);
        drive_until_idle(rig.loop);
        for (unsigned dropped = 0; dropped < 3 * PIPE; dropped++) {
            rig_put("x");
        }
    }
}

/* `echo text > /dev/pts/N` has ended before the console reads. */
static void pty_keeps_input_of_a_short_connection(void **state)
{
    (void)state;
    start_pty();
    rig.room = 100;
    rig.out = open(pty_name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    rig_give("left behind");
    rig_close(&rig.out);
    rig_expect_guest("left behind");
}

static void closed_pty_releases_a_refused_writer(void **state)
{
    (void)state;
    start_pty();
    join();
    rig_put_until_refused();
    drive_until_idle(rig.loop);
    assert_int_equal(rig.writables, 0);
    rig_close(&rig.out);
    drive_until(rig.loop, rig_is_writable, NULL);
    rig_put("dropped");
    drive_until_idle(rig.loop);
}

/* While there is no room to read all input, only the output shows the hang-up. */
static void closed_pty_with_unread_input_does_not_stall_output(void **state)
{
    static char flood[2 * RING];

    (void)state;
    start_pty();
    rig_watch(true);
    join();
    memset(flood, 'x', sizeof(flood));
    assert_true(write(rig.out, flood, sizeof(flood)) >= (ssize_t)RING);
    drive_until_idle(rig.loop);
    rig_close(&rig.out);
    drive_until_idle(rig.loop);
    for (unsigned i = 0; i < 2 * PIPE; i++) {
        if (!console_put(rig.console, '.')) {
            drive_until(rig.loop, rig_is_writable, NULL);
        }
    }
    drive_until_idle(rig.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(terminal_is_raw_and_restored),
        RIG_TEST(continuing_makes_the_terminal_raw_again),
        RIG_TEST(keys_reach_the_guest_and_output_the_terminal),
        RIG_TEST(escape_quits_a_guest_that_reads_nothing),
        RIG_TEST(escape_helps_and_sends_its_own_prefix),
        RIG_TEST(long_paste_arrives_whole),
        RIG_TEST(blocking_terminal_does_not_block),
        RIG_TEST(hang_up_of_the_terminal_is_no_error),
        RIG_TEST(fatal_signals_restore_the_terminal),
        RIG_TEST(terminal_is_restored_before_an_end),
        RIG_TEST(restored_terminal_leaves_signals_as_they_were),
        RIG_TEST(background_job_says_why_it_stops),
        RIG_TEST(pty_has_a_link),
        RIG_TEST(pty_drops_output_until_it_is_opened),
        RIG_TEST(pty_carries_input_and_no_echo),
        RIG_TEST(pty_survives_hang_up_and_return),
        RIG_TEST(pty_keeps_input_of_a_short_connection),
        RIG_TEST(closed_pty_releases_a_refused_writer),
        RIG_TEST(closed_pty_with_unread_input_does_not_stall_output),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
