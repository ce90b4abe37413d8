/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands for running VMs, with a VM that is a thread of the test, and says what the test wants. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "capture.h"
#include "client/verb.h"
#include "client/vm_claim.h"
#include "scratch.h"

enum { WORDS_MAX = 8, SAID_SIZE = 4096 };

/*
 * What the thread answers: `lines` are sent one after the other, each after a line of the client. It
 * closes the connection after the last one; so an empty line more is a VM that stays, and is silent.
 */
struct fake_vm {
    const char *greeting;
    const char *const *lines;
    int listener;
    pthread_t thread;
};

static const char greeting[] = "{\"QMP\":{\"version\":{},\"capabilities\":[]}}\n";
#define DONE "{\"return\":{}}\n"

static int enter(void **state)
{
    char folder[256];

    if (scratch_enter(state) != 0 || getcwd(folder, sizeof(folder)) == NULL) {
        return -1;
    }
    setenv("XDG_RUNTIME_DIR", folder, 1);
    return 0;
}

static int leave(void **state)
{
    (void)!system("rm -rf dormouse");
    return scratch_leave(state);
}

/* Returns false at the end of the connection. */
static bool read_line(int fd)
{
    char byte;

    do {
        if (read(fd, &byte, 1) != 1) {
            return false;
        }
    } while (byte != '\n');
    return true;
}

static bool say(int fd, const char *text)
{
    return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

static void *serve(void *arg)
{
    struct fake_vm *vm = arg;
    int fd = accept(vm->listener, NULL, NULL);
    bool good = say(fd, vm->greeting);

    for (size_t i = 0; good && vm->lines[i] != NULL; i++) {
        good = read_line(fd) && say(fd, vm->lines[i]);
    }
    close(fd);
    return NULL;
}

static void start(struct fake_vm *vm, const char *path, const char *hello, const char *const *lines)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *vm = (struct fake_vm){.greeting = hello, .lines = lines};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    unlink(path);
    vm->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(vm->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(vm->listener, 4), 0);
    assert_int_equal(pthread_create(&vm->thread, NULL, serve, vm), 0);
}

static void join(struct fake_vm *vm)
{
    pthread_join(vm->thread, NULL);
    close(vm->listener);
}

/* Runs a command; its output and messages are put together in `said`. */
static int run(const struct verb *verb, char *said, const char *const *words)
{
    struct capture out;
    struct capture messages;
    char storage[WORDS_MAX][128];
    char reported[SAID_SIZE / 2];
    char *argv[WORDS_MAX];
    int argc = 0;

    for (; words[argc] != NULL; argc++) {
        snprintf(storage[argc], sizeof(storage[argc]), "%s", words[argc]);
        argv[argc] = storage[argc];
    }
    capture_begin(&out, STDOUT_FILENO);
    capture_begin(&messages, STDERR_FILENO);
    int status = verb_run(verb, argc, argv);
    capture_end(&messages, reported, sizeof(reported));
    capture_end(&out, said, SAID_SIZE / 2);
    strcat(said, reported);
    return status;
}

#define RUN(verb, said, ...) run(verb, said, (const char *const[]){__VA_ARGS__, NULL})

static void take_name(struct vm_claim *claim, const char *name)
{
    assert_true(vm_claim(claim, name, json_pack("{s:s, s:i}", "name", name, "pid", (int)getpid())));
}

static void name_belongs_to_one(void **state)
{
    struct vm_claim first;
    struct vm_claim second;
    struct capture capture;
    char said[512];

    (void)state;
    take_name(&first, "vm");
    capture_begin(&capture, STDERR_FILENO);
    assert_false(vm_claim(&second, "vm", json_object()));
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(said,
                        "dormouse: --name vm: a VM of that name runs already; see dormouse ps\n");
    take_name(&second, "other");
    vm_release(&second);
    vm_release(&first);
    assert_int_not_equal(access("dormouse/vm.vm", F_OK), 0);
    take_name(&first, "vm");
    vm_release(&first);
}

/* A process that was killed has left its file. */
static void name_of_an_ended_vm_is_free(void **state)
{
    struct vm_claim claim;
    char said[SAID_SIZE];

    (void)state;
    mkdir("dormouse", 0700);
    scratch_write("dormouse/vm.vm", "{\"pid\":1,\"qmp\":\"/nowhere/at/all/that/is/long\"}", 46);
    assert_int_equal(RUN(&verb_ps, said, "vm"), VERB_DONE);
    assert_non_null(strstr(said, "vm                    not running          -"));
    assert_int_equal(RUN(&verb_wake, said, "vm"), VERB_NOT_RUNNING);
    assert_string_equal(said, "dormouse: wake vm: the VM does not run, or has ended\n");
    assert_int_equal(RUN(&verb_wake, said, "v*"), VERB_NOT_RUNNING);
    assert_string_equal(said, "dormouse: wake: no VM of this user fits v*; see dormouse ps\n");
    take_name(&claim, "vm");
    vm_release(&claim);
}

/* Whatever is in the folder, the others are listed. */
static void strange_files_are_no_vms(void **state)
{
    struct vm_claim claim;
    char said[SAID_SIZE];

    (void)state;
    take_name(&claim, "good");
    scratch_write("dormouse/broken.vm", "{\"pid\":", 7);
    scratch_write("dormouse/.vm", "{}", 2);
    scratch_write("dormouse/vm", "{}", 2);
    assert_int_equal(symlink("/dev/zero", "dormouse/link.vm"), 0);
    assert_int_equal(mkfifo("dormouse/pipe.vm", 0600), 0);
    assert_int_equal(mkdir("dormouse/folder.vm", 0700), 0);
    assert_int_equal(RUN(&verb_ps, said, "*", "--json"), VERB_DONE);
    assert_non_null(strstr(said, "\"name\":\"good\""));
    assert_non_null(strstr(said, "\"name\":\"broken\""));
    assert_null(strstr(said, "link"));
    vm_release(&claim);
}

static void commands_need_names(void **state)
{
    char said[SAID_SIZE];

    (void)state;
    assert_int_equal(run(&verb_wake, said, (const char *const[]){NULL}), VERB_USAGE);
    assert_string_equal(
        said, "dormouse: wake: name the VMs; see dormouse wake --help, and dormouse ps\n");
    assert_int_equal(RUN(&verb_wake, said, "vm", "--limit", "0"), VERB_USAGE);
    assert_string_equal(said, "dormouse: --limit 0: not a number of seconds; give 1 to 86400\n");
    assert_int_equal(RUN(&verb_ps, said, "--no-wait"), VERB_USAGE);
    assert_int_equal(RUN(&verb_wake, said, "--help"), VERB_DONE);
    assert_non_null(strstr(said, "Usage: dormouse wake [OPTION]... NAME..."));
    assert_int_equal(RUN(&verb_quit, said, "vm", "other"), VERB_NOT_RUNNING);
    assert_non_null(strstr(said, "no VM called vm;"));
    assert_non_null(strstr(said, "no VM called other;"));
}

/* One conversation with the VM behind the socket "vm". */
static int talk(const struct verb *verb, char *said, const char *hello, const char *const *lines,
                const char *option)
{
    struct fake_vm vm;

    start(&vm, "vm", hello, lines);
    int status = RUN(verb, said, "./vm", option);
    join(&vm);
    return status;
}

#define TALK(verb, said, option, ...)                                                              \
    talk(verb, said, greeting, (const char *const[]){__VA_ARGS__, NULL}, option)

static void done_after_the_event(void **state)
{
    char said[SAID_SIZE];

    (void)state;
    assert_int_equal(TALK(&verb_suspend, said, "--limit=60", DONE,
                          "{\"event\":\"X_DORMOUSE_SLEEP_ASKED\"}\n" DONE
                          "{\"event\":\"SUSPEND\"}\n"),
                     VERB_DONE);
    assert_string_equal(said, "");
    /* The event may come before the reply. */
    assert_int_equal(TALK(&verb_suspend, said, "--json", DONE, "{\"event\":\"SUSPEND\"}\n" DONE),
                     VERB_DONE);
    assert_string_equal(said, "{\"name\":\"./vm\",\"result\":\"done\"}\n");
    assert_int_equal(TALK(&verb_suspend, said, "--no-wait", DONE, DONE, ""), VERB_DONE);
}

static void end_of_the_process_is_what_was_asked_for(void **state)
{
    char said[SAID_SIZE];

    (void)state;
    assert_int_equal(TALK(&verb_quit, said, "--limit=60", DONE, DONE), VERB_DONE);
    assert_int_equal(TALK(&verb_quit, said, "--limit=60", DONE), VERB_DONE);
    assert_int_equal(
        TALK(&verb_poweroff, said, "--limit=60", DONE, DONE "{\"event\":\"SHUTDOWN\"}\n"),
        VERB_DONE);
    assert_int_equal(TALK(&verb_suspend, said, "--limit=60", DONE, DONE), VERB_NOT_RUNNING);
    assert_string_equal(said, "dormouse: suspend ./vm: the VM does not run, or has ended\n");
}

static void reasons_of_refusals(void **state)
{
    char said[SAID_SIZE];

    (void)state;
    assert_int_equal(TALK(&verb_wake, said, "--limit=60", DONE,
                          "{\"error\":{\"class\":\"GenericError\",\"desc\":\"it is awake\"}}\n"),
                     VERB_FAILED);
    assert_string_equal(said, "dormouse: wake ./vm: it is awake\n");
    assert_int_equal(TALK(&verb_wake, said, "--json", DONE,
                          "{\"error\":{\"class\":\"GenericError\",\"desc\":\"it is awake\"}}\n"),
                     VERB_FAILED);
    assert_string_equal(said,
                        "{\"name\":\"./vm\",\"result\":\"refused\",\"reason\":\"it is awake\"}\n");
    assert_int_equal(TALK(&verb_suspend, said, "--limit=60", DONE,
                          DONE "{\"event\":\"X_DORMOUSE_REQUEST_FAILED\",\"data\":"
                               "{\"request\":\"sleep\",\"reason\":\"no agent\"}}\n"),
                     VERB_FAILED);
    assert_string_equal(said, "dormouse: suspend ./vm: no agent\n");
}

static void silent_vm_costs_its_limit(void **state)
{
    char said[SAID_SIZE];
    int64_t begin = clock_now_ms();

    (void)state;
    assert_int_equal(TALK(&verb_wake, said, "--limit=1", DONE, "", ""), VERB_LATE);
    assert_true(clock_now_ms() - begin >= 1000);
    assert_int_equal(TALK(&verb_suspend, said, "--limit=1", DONE, DONE, ""), VERB_LATE);
    assert_string_equal(said, "dormouse: suspend ./vm: the VM has not done it in time; --limit "
                              "gives it more\n");
}

static void what_a_hostile_vm_says_is_harmless(void **state)
{
    static char flood[QMP_ASK_LINE_MAX + 8192];
    char said[SAID_SIZE];

    (void)state;
    assert_int_equal(TALK(&verb_wake, said, "--limit=60", DONE,
                          "{\"error\":{\"desc\":\"\\u001b[2J\\nnext\"}}\n"),
                     VERB_FAILED);
    assert_null(strchr(said, '\033'));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
    assert_int_equal(talk(&verb_wake, said, "hello\n", (const char *const[]){NULL}, "--limit=60"),
                     VERB_FAILED);
    assert_string_equal(said, "dormouse: wake ./vm: what listens there does not speak QMP\n");
    assert_int_equal(talk(&verb_wake, said, "[]\n", (const char *const[]){NULL}, "--limit=60"),
                     VERB_FAILED);
    assert_int_equal(talk(&verb_wake, said, "{\"error\":{\"desc\":\"too many clients\"}}\n",
                          (const char *const[]){NULL}, "--limit=60"),
                     VERB_FAILED);
    assert_string_equal(said, "dormouse: wake ./vm: too many clients\n");
    memset(flood, '[', sizeof(flood) - 1);
    assert_int_equal(talk(&verb_wake, said, flood, (const char *const[]){NULL}, "--limit=60"),
                     VERB_FAILED);
    assert_int_equal(TALK(&verb_wake, said, "--limit=60", DONE, "{\"error\":7}\n"), VERB_FAILED);
    assert_int_equal(TALK(&verb_status, said, "--limit=60", DONE, "{\"return\":[]}\n",
                          "{\"return\":{\"status\":7}}\n"),
                     VERB_DONE);
    assert_non_null(strstr(said, "./vm: unknown\n"));
}

static void state_of_a_named_vm(void **state)
{
    static const char *const lines[] = {DONE, "{\"return\":{\"status\":\"suspended\"}}\n",
                                        "{\"return\":[{\"x-dormouse-state\":\"off\"},{}]}\n", NULL};
    struct vm_claim claim;
    struct fake_vm vm;
    char said[SAID_SIZE];

    (void)state;
    take_name(&claim, "web1");
    start(&vm, "dormouse/web1.qmp", greeting, lines);
    assert_int_equal(RUN(&verb_status, said, "web?"), VERB_DONE);
    join(&vm);
    assert_non_null(strstr(said, "web1: suspended\n"));
    assert_non_null(strstr(said, "  vCPUs     off, unknown\n"));
    start(&vm, "dormouse/web1.qmp", greeting, lines);
    assert_int_equal(RUN(&verb_ps, said, "--json"), VERB_DONE);
    join(&vm);
    assert_non_null(strstr(said, "\"state\":\"suspended\""));
    assert_non_null(strstr(said, "\"resident\":"));
    vm_release(&claim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(name_belongs_to_one, enter, leave),
        cmocka_unit_test_setup_teardown(name_of_an_ended_vm_is_free, enter, leave),
        cmocka_unit_test_setup_teardown(strange_files_are_no_vms, enter, leave),
        cmocka_unit_test_setup_teardown(commands_need_names, enter, leave),
        cmocka_unit_test_setup_teardown(done_after_the_event, enter, leave),
        cmocka_unit_test_setup_teardown(end_of_the_process_is_what_was_asked_for, enter, leave),
        cmocka_unit_test_setup_teardown(reasons_of_refusals, enter, leave),
        cmocka_unit_test_setup_teardown(silent_vm_costs_its_limit, enter, leave),
        cmocka_unit_test_setup_teardown(what_a_hostile_vm_says_is_harmless, enter, leave),
        cmocka_unit_test_setup_teardown(state_of_a_named_vm, enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
