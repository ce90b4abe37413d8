/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals as events of the loop, and signals that were ignored at the start. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/loop.h"
#include "core/signals.h"

static int last;

static void take_signal(void *arg, int number)
{
    last = number;
    loop_stop(arg);
}

/* In a child: returns which signal comes first, the one that may be ignored or the one that wakes. */
static _Noreturn void watch_after(int number, void (*action)(int number))
{
    struct loop *loop = loop_create();
    struct signals signals;

    (void)signal(number, action);
    signals_block();
    if (number == SIGUSR2) {
        signals_let_end(true);
        (void)raise(number);
        signals_let_end(false);
    }
    if (loop == NULL || signals_watch(&signals, loop, take_signal, loop) != 0) {
        _exit(100);
    }
    (void)kill(getpid(), number);
    if (action == SIG_IGN) {
        (void)kill(getpid(), SIGUSR1);
    }
    (void)loop_run(loop);
    signals_unwatch(&signals);
    loop_destroy(loop);
    _exit(last);
}

static int first_signal(int number, void (*action)(int number))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        alarm(50);
        watch_after(number, action);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void ignored_signals_stay_ignored(void **state)
{
    static const int numbers[] = {SIGHUP, SIGINT, SIGTERM};

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        assert_int_equal(first_signal(numbers[i], SIG_DFL), numbers[i]);
        assert_int_equal(first_signal(numbers[i], SIG_IGN), SIGUSR1);
    }
}

/* SIGUSR2 saves: it neither ends the process nor is lost before the loop runs, even during the set-up. */
static void save_signal_reaches_the_loop(void **state)
{
    (void)state;
    assert_int_equal(first_signal(SIGUSR2, SIG_DFL), SIGUSR2);
}

/* A signal ignored by nohup stays ignored while the kernel is unpacked. */
static void ignored_signal_does_not_end_the_set_up(void **state)
{
    int status;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        (void)signal(SIGHUP, SIG_IGN);
        signals_block();
        signals_let_end(true);
        (void)raise(SIGHUP);
        signals_let_end(false);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
}

static void file_limit_does_not_kill(void **state)
{
    int status;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        signals_block();
        (void)raise(SIGXFSZ);
        (void)raise(SIGPIPE);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ignored_signals_stay_ignored),
        cmocka_unit_test(save_signal_reaches_the_loop),
        cmocka_unit_test(ignored_signal_does_not_end_the_set_up),
        cmocka_unit_test(file_limit_does_not_kill),
    };

    return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
