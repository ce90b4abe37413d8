/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands for running VMs, with a VM that is a thread of the test, and says what the test wants. */
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "capture.h"
#include "client/relay.h"
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

static void talk_on(const struct fake_vm *vm, int fd)
{
    bool good = say(fd, vm->greeting);

    for (size_t i = 0; good && vm->lines[i] != NULL; i++) {
        good = read_line(fd) && say(fd, vm->lines[i]);
    }
    close(fd);
}

/* A process that ends takes no other connection. */
static void *serve(void *arg)
{
    struct fake_vm *vm = arg;
    int fd = accept(vm->listener, NULL, NULL);

    close(vm->listener);
    vm->listener = -1;
    talk_on(vm, fd);
    return NULL;
}

static void listen_at(struct fake_vm *vm, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    unlink(path);
    vm->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(vm->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(vm->listener, 4), 0);
}

static void start(struct fake_vm *vm, const char *path, const char *hello, const char *const *lines)
{
    *vm = (struct fake_vm){.greeting = hello, .lines = lines};
    listen_at(vm, path);
    assert_int_equal(pthread_create(&vm->thread, NULL, serve, vm), 0);
}

static void join(struct fake_vm *vm)
{
    pthread_join(vm->thread, NULL);
    if (vm->listener >= 0) {
        close(vm->listener);
    }
}

static int show_log(const char *path)
{
    printf("log %s\n", path);
    return 0;
}

/* Runs a command; its output and messages are put together in `said`. */
static int run(const struct verb *verb, char *said, const char *const *words)
{
    struct capture out;
    struct capture messages;
    char storage[WORDS_MAX][128];
    char reported[SAID_SIZE / 2];
    char *argv[WORDS_MAX + 1] = {NULL};
    int argc = 0;

    for (; words[argc] != NULL; argc++) {
        snprintf(storage[argc], sizeof(storage[argc]), "%s", words[argc]);
        argv[argc] = storage[argc];
    }
    capture_begin(&out, STDOUT_FILENO);
    capture_begin(&messages, STDERR_FILENO);
    int status = verb_run(verb, argc, argv, show_log);
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

/* Takes the name in a process that files can be kept from, as they cannot from root's. */
static bool take_without_privileges(const char *name)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[2] = {{0}};
    struct vm_claim claim;
    int status = 0;

    pid_t child = fork();
    if (child == 0) {
        bool taken =
            syscall(SYS_capset, &header, none) == 0 && vm_claim(&claim, name, json_object());
        _exit(taken ? 0 : 1);
    }
    waitpid(child, &status, 0);
    return status == 0;
}

/* Such as root's, in the folder of another user. */
static void file_of_another_user_is_named(void **state)
{
    struct capture capture;
    char said[512];

    (void)state;
    mkdir("dormouse", 0700);
    scratch_write("dormouse/vm.vm", "{}", 2);
    chmod("dormouse/vm.vm", 0);
    capture_begin(&capture, STDERR_FILENO);
    assert_false(take_without_privileges("vm"));
    capture_end(&capture, said, sizeof(said));
    assert_non_null(strstr(said, "dormouse: --name vm: /"));
    assert_non_null(strstr(said, "/dormouse/vm.vm belongs to user "));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
    chmod("dormouse", 0500);
    capture_begin(&capture, STDERR_FILENO);
    assert_false(take_without_privileges("other"));
    capture_end(&capture, said, sizeof(said));
    assert_non_null(strstr(said, "--name other: cannot put other.vm into /"));
    chmod("dormouse", 0700);
    assert_true(take_without_privileges("other"));
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
    assert_non_null(strstr(said, "\nvm                    not running          -       -"));
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

/* Runs a command in a process that folders can be kept from, as they cannot from root's. */
static int run_without_privileges(const struct verb *verb, const char *word)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[2] = {{0}};
    char storage[128];
    int status = 0;

    snprintf(storage, sizeof(storage), "%s", word);
    pid_t child = fork();
    if (child == 0) {
        char *argv[] = {storage, NULL};

        _exit(syscall(SYS_capset, &header, none) == 0 ? verb_run(verb, 1, argv, show_log) : 99);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static void expect_unreadable(const struct verb *verb, const char *word)
{
    struct capture capture;
    char expected[512];
    char said[512];
    char folder[256];

    capture_begin(&capture, STDERR_FILENO);
    assert_int_equal(run_without_privileges(verb, word), VERB_FAILED);
    capture_end(&capture, said, sizeof(said));
    assert_non_null(getcwd(folder, sizeof(folder)));
    snprintf(expected, sizeof(expected),
             "dormouse: cannot list the VMs in %s/dormouse: Permission denied\n", folder);
    assert_string_equal(said, expected);
}

/* It is not taken for an empty one; without any there are no VMs. VMs that are named by their sockets need none. */
static void unreadable_folder_is_an_error(void **state)
{
    char said[SAID_SIZE];

    (void)state;
    assert_int_equal(RUN(&verb_ps, said, "*x*"), VERB_NOT_RUNNING);
    mkdir("dormouse", 0700);
    scratch_write("dormouse/web.vm", "{\"pid\":1}", 9);
    assert_int_equal(chmod("dormouse", 0), 0);
    expect_unreadable(&verb_ps, "--json");
    expect_unreadable(&verb_top, "--count=9");
    expect_unreadable(&verb_status, "web");
    expect_unreadable(&verb_console, "web");
    assert_int_equal(run_without_privileges(&verb_wake, "./web"), VERB_NOT_RUNNING);
    /* The names are there, but no file can be opened. */
    assert_int_equal(chmod("dormouse", 0600), 0);
    expect_unreadable(&verb_ps, "--json");
    expect_unreadable(&verb_status, "web");
    assert_int_equal(chmod("dormouse", 0700), 0);
    assert_int_equal(run_without_privileges(&verb_ps, "--json"), VERB_DONE);
    setenv("XDG_RUNTIME_DIR", "/proc/self/exe", 1);
    assert_int_equal(RUN(&verb_wake, said, "web"), VERB_FAILED);
    assert_string_equal(
        said, "dormouse: cannot list the VMs in /proc/self/exe/dormouse: Not a directory\n");
}

static void expect_unreadable_files(const char *expected)
{
    struct capture capture;
    char said[512];

    capture_begin(&capture, STDERR_FILENO);
    assert_int_equal(run_without_privileges(&verb_ps, "--json"), VERB_DONE);
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(said, expected);
}

/* The list is not taken for all VMs. */
static void vms_of_other_users_are_counted(void **state)
{
    struct vm_claim claim;

    (void)state;
    take_name(&claim, "web");
    expect_unreadable_files("");
    assert_int_equal(chmod("dormouse/web.vm", 0), 0);
    expect_unreadable_files("dormouse: ps: a VM of another user is not shown\n");
    scratch_write("dormouse/other.vm", "{}", 2);
    assert_int_equal(chmod("dormouse/other.vm", 0), 0);
    expect_unreadable_files("dormouse: ps: 2 VMs of other users are not shown\n");
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
    /* Such a name was allowed once. */
    assert_int_equal(RUN(&verb_quit, said, "--limit=9", "--", "-x", "--limit"), VERB_NOT_RUNNING);
    assert_non_null(strstr(said, "no VM called -x;"));
    assert_non_null(strstr(said, "no VM called --limit;"));
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
    assert_int_equal(TALK(&verb_poweroff, said, "--limit=60", DONE, DONE "{\"event\":\"RESET\"}\n"),
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
    assert_int_equal(
        TALK(&verb_poweroff, said, "--limit=60", DONE, DONE "{\"event\":\"RESET\"}\n", ""),
        VERB_FAILED);
    assert_string_equal(said, "dormouse: poweroff ./vm: the guest was reset\n");
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

/* The one that is silent uses up the limit; the others have been asked before. */
static void silent_vm_costs_the_others_nothing(void **state)
{
    static const char *const silence[] = {"", "", "", NULL};
    static const char *const sleeps[] = {DONE, DONE "{\"event\":\"SUSPEND\"}\n", NULL};
    struct fake_vm silent;
    struct fake_vm vm;
    char said[SAID_SIZE];

    (void)state;
    start(&silent, "silent", "", silence);
    start(&vm, "vm", greeting, sleeps);
    assert_int_equal(RUN(&verb_suspend, said, "--json", "--limit=1", "./silent", "./vm"),
                     VERB_LATE);
    join(&silent);
    join(&vm);
    assert_string_equal(said, "{\"name\":\"./silent\",\"result\":\"late\"}\n"
                              "{\"name\":\"./vm\",\"result\":\"done\"}\n");
    start(&silent, "silent", "", silence);
    start(&vm, "vm", greeting, (const char *const[]){DONE "{\"event\":\"SUSPEND\"}\n", NULL});
    assert_int_equal(RUN(&verb_events, said, "-f", "--json", "--limit=1", "./silent", "./vm"),
                     VERB_LATE);
    join(&silent);
    join(&vm);
    assert_string_equal(said, "{\"event\":\"SUSPEND\",\"name\":\"./vm\"}\n"
                              "dormouse: events ./silent: the VM has not done it in time; --limit "
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
    static const char *const lines[] = {DONE,
                                        "{\"return\":{\"status\":\"suspended\"}}\n",
                                        "{\"return\":{\"state-ms\":93784000,\"wakes\":12}}\n",
                                        "{\"return\":{\"wakeup-suspend-support\":true}}\n",
                                        "{\"return\":[{\"x-dormouse-state\":\"off\"},{}]}\n",
                                        NULL};
    struct vm_claim claim;
    struct fake_vm vm;
    char said[SAID_SIZE];

    (void)state;
    take_name(&claim, "web1");
    start(&vm, "dormouse/web1.qmp", greeting, lines);
    assert_int_equal(RUN(&verb_status, said, "web?"), VERB_DONE);
    join(&vm);
    assert_non_null(strstr(said, "web1: suspended\n"));
    assert_non_null(strstr(said, "  for       1d 2h\n  wakes     12\n"));
    assert_non_null(strstr(said, "  vCPUs     off, unknown\n"));
    start(&vm, "dormouse/web1.qmp", greeting, lines);
    assert_int_equal(RUN(&verb_ps, said, "--json"), VERB_DONE);
    join(&vm);
    assert_non_null(strstr(said, "\"state\":\"suspended\""));
    assert_non_null(strstr(said, "\"resident\":"));
    assert_non_null(strstr(said, "\"wakes\":12"));
    assert_non_null(strstr(said, "\"can-wake\":true"));
    start(&vm, "dormouse/web1.qmp", greeting, lines);
    assert_int_equal(RUN(&verb_top, said, "--limit=60", "w*"), VERB_DONE);
    join(&vm);
    assert_non_null(strstr(said, "\nweb1                  suspended        1d 2h      12  "));
    assert_null(strchr(said, '\033'));
    assert_int_equal(RUN(&verb_top, said, "--count=2", "--every=1", "w*"), VERB_DONE);
    assert_non_null(strstr(said, "\n\nNAME"));
    vm_release(&claim);
}

static sem_t other_was_asked;

/* A VM that answers only after the other one was asked. */
static void *serve_after_other(void *arg)
{
    sem_wait(&other_was_asked);
    return serve(arg);
}

static void *serve_and_tell(void *arg)
{
    const struct fake_vm *vm = arg;
    struct pollfd ready = {.fd = vm->listener, .events = POLLIN};

    (void)poll(&ready, 1, -1);
    sem_post(&other_was_asked);
    return serve(arg);
}

/* Each VM is asked before the first one is waited for. */
static void no_vm_waits_for_the_state_of_another(void **state)
{
    static const char *const lines[] = {DONE, "{\"return\":{\"status\":\"paused\"}}\n", DONE, DONE,
                                        NULL};
    struct fake_vm first = {.greeting = greeting, .lines = lines};
    struct fake_vm other = {.greeting = greeting, .lines = lines};
    struct vm_claim claims[2];
    char said[SAID_SIZE];

    (void)state;
    assert_int_equal(sem_init(&other_was_asked, 0, 0), 0);
    take_name(&claims[0], "a");
    take_name(&claims[1], "b");
    listen_at(&first, "dormouse/a.qmp");
    listen_at(&other, "dormouse/b.qmp");
    assert_int_equal(pthread_create(&first.thread, NULL, serve_after_other, &first), 0);
    assert_int_equal(pthread_create(&other.thread, NULL, serve_and_tell, &other), 0);
    assert_int_equal(RUN(&verb_ps, said, "--limit=30"), VERB_DONE);
    join(&first);
    join(&other);
    assert_non_null(strstr(said, "\na                     paused "));
    assert_non_null(strstr(said, "\nb                     paused "));
    vm_release(&claims[0]);
    vm_release(&claims[1]);
    sem_destroy(&other_was_asked);
}

static void take_record(struct vm_claim *claim, const char *key, const char *value)
{
    assert_true(vm_claim(claim, "vm", json_pack("{s:s}", key, value)));
}

static void event_log_in_words(void **state)
{
    struct vm_claim claim;
    char said[SAID_SIZE];

    (void)state;
    take_record(&claim, "events", "/some/log");
    assert_int_equal(RUN(&verb_events, said, "vm"), VERB_DONE);
    assert_string_equal(said, "log /some/log\n");
    vm_release(&claim);
    take_name(&claim, "vm");
    assert_int_equal(RUN(&verb_events, said, "vm"), VERB_FAILED);
    assert_non_null(strstr(said, "the VM has no event log (--events); -f shows"));
    vm_release(&claim);
}

static void events_as_they_come(void **state)
{
    static const char event[] =
        DONE "{\"timestamp\":{\"seconds\":1,\"microseconds\":2000},\"event\":\"WAKEUP\",\"data\":"
             "{\"a\":\"x\\u001b\",\"b\":[1]}}\n";
    char said[SAID_SIZE];

    (void)state;
    assert_int_equal(TALK(&verb_events, said, "-f", event), VERB_DONE);
    assert_non_null(strstr(said, ".002 ./vm WAKEUP a=x\xef\xbf\xbd b=[1]\n"));
    struct fake_vm vm;
    start(&vm, "vm", greeting, (const char *const[]){event, NULL});
    assert_int_equal(RUN(&verb_events, said, "--json", "-f", "./vm"), VERB_DONE);
    join(&vm);
    assert_non_null(strstr(said, "\"event\":\"WAKEUP\""));
    assert_non_null(strstr(said, "\"name\":\"./vm\"}\n"));
    assert_int_equal(RUN(&verb_events, said, "-f", "./nothing"), VERB_NOT_RUNNING);
}

static void *serve_twice(void *arg)
{
    const struct fake_vm *vm = arg;

    talk_on(vm, accept(vm->listener, NULL, NULL));
    talk_on(vm, accept(vm->listener, NULL, NULL));
    return NULL;
}

/* That is no end of the VM: the reader has lost events. */
static void reader_that_was_cut_off(void **state)
{
    struct fake_vm vm = {.greeting = greeting, .lines = (const char *const[]){DONE, NULL}};
    char said[SAID_SIZE];

    (void)state;
    listen_at(&vm, "vm");
    assert_int_equal(pthread_create(&vm.thread, NULL, serve_twice, &vm), 0);
    assert_int_equal(RUN(&verb_events, said, "-f", "./vm"), VERB_FAILED);
    join(&vm);
    assert_string_equal(said,
                        "dormouse: events ./vm: the VM runs on, but has ended the connection: "
                        "its events were not read in time\n");
}

/* The guest's side of a console: says something, hears something, and ends. */
static void *speak(void *arg)
{
    int master = *(int *)arg;
    char heard[8] = "";

    (void)!write(master, "hello", 5);
    if (read(master, heard, 3) == 3 && strcmp(heard, "key") == 0) {
        (void)!write(master, " heard", 6);
    }
    /* What has not been read when it is closed is lost; standard output is the test's pipe. */
    for (int shown = 0, tries = 0; shown < 11 && tries < 50000; tries++) {
        if (ioctl(STDOUT_FILENO, FIONREAD, &shown) != 0) {
            break;
        }
        usleep(1000);
    }
    close(master);
    return NULL;
}

/* Opens a pseudo-terminal whose slave is raw; `name` gets the slave's path. Returns the master. */
static int open_raw_pty(char *name, size_t size, int *slave)
{
    struct termios raw;
    int master = posix_openpt(O_RDWR | O_NOCTTY);

    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    assert_int_equal(ptsname_r(master, name, size), 0);
    *slave = open(name, O_RDWR | O_NOCTTY);
    assert_true(*slave >= 0);
    tcgetattr(*slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(*slave, TCSANOW, &raw);
    return master;
}

static void console_of_a_vm(void **state)
{
    struct vm_claim claim;
    char said[SAID_SIZE];
    char pty[64];
    pthread_t thread;
    int keys[2];

    (void)state;
    int slave;
    int master = open_raw_pty(pty, sizeof(pty), &slave);
    take_record(&claim, "pty", pty);
    /* Another one has it. */
    assert_int_equal(flock(slave, LOCK_EX), 0);
    assert_int_equal(RUN(&verb_console, said, "vm"), VERB_FAILED);
    assert_string_equal(said, "dormouse: console vm: another program is attached to it\n");
    assert_int_equal(flock(slave, LOCK_UN),
                     0); /* It stays open: else the guest's side sees a hang-up. */
    assert_int_equal(pipe(keys), 0);
    int input = dup(STDIN_FILENO);
    dup2(keys[0], STDIN_FILENO);
    assert_int_equal(write(keys[1], "key", 3), 3);
    pthread_create(&thread, NULL, speak, &master);
    int status = RUN(&verb_console, said, "vm");
    pthread_join(thread, NULL);
    dup2(input, STDIN_FILENO);
    close(slave);
    assert_string_equal(said, "hello heard");
    assert_int_equal(status, VERB_DONE);
    vm_release(&claim);
    take_record(&claim, "console", "stdio");
    assert_int_equal(RUN(&verb_console, said, "vm"), VERB_FAILED);
    assert_non_null(strstr(said, "the console is stdio; only that of a VM with --console pty"));
    vm_release(&claim);
    assert_int_equal(RUN(&verb_console, said, "vm", "other"), VERB_USAGE);
}

/* A terminal's keys go to the guest until the escape; then the terminal is as it was. */
static void escape_detaches(void **state)
{
    struct vm_claim claim;
    struct termios before;
    struct termios after;
    char said[SAID_SIZE];
    char heard[8] = "";
    char name[64];
    char pty[64];
    int slave;
    int terminal;

    (void)state;
    int master = open_raw_pty(pty, sizeof(pty), &slave);
    int keys = open_raw_pty(name, sizeof(name), &terminal);
    tcgetattr(terminal, &before);
    before.c_lflag |= ICANON;
    tcsetattr(terminal, TCSANOW, &before);
    tcgetattr(terminal, &before);
    take_record(&claim, "pty", pty);
    int input = dup(STDIN_FILENO);
    dup2(terminal, STDIN_FILENO);
    assert_int_equal(write(keys, "key\x1dlost\n", 9), 9);
    assert_int_equal(RUN(&verb_console, said, "vm"), VERB_DONE);
    dup2(input, STDIN_FILENO);
    assert_string_equal(said, "dormouse: console vm: Ctrl-] ends the connection\n");
    assert_int_equal(read(master, heard, sizeof(heard) - 1), 3);
    assert_string_equal(heard, "key");
    tcgetattr(terminal, &after);
    assert_int_equal(after.c_lflag, before.c_lflag);
    close(slave);
    close(master);
    close(terminal);
    close(keys);
    vm_release(&claim);
}

/* Returns the exit status of a process that relays, or that of its end by a signal. */
static int relay_in_a_process(const struct relay *relay, int input)
{
    enum { LIMIT_SECONDS = 60 };
    int status = 0;

    pid_t child = fork();
    if (child == 0) {
        alarm(LIMIT_SECONDS);
        dup2(input, STDIN_FILENO);
        _exit(relay_run(relay) == 0 ? 0 : 1);
    }
    waitpid(child, &status, 0);
    return status;
}

/* More keys than a pseudo-terminal holds, and then the escape. */
static void escape_of_a_guest_that_does_not_read(void **state)
{
    enum { KEYS = 20000, ESCAPE = ']' & 0x1f };
    static char keys[KEYS + 1];
    char pty[64];
    int input[2];
    int slave;

    (void)state;
    int master = open_raw_pty(pty, sizeof(pty), &slave);
    (void)fcntl(slave, F_SETFL, O_NONBLOCK);
    memset(keys, 'x', KEYS);
    keys[KEYS] = ESCAPE;
    assert_int_equal(pipe(input), 0);
    assert_int_equal(write(input[1], keys, sizeof(keys)), sizeof(keys));
    assert_int_equal(relay_in_a_process(&(struct relay){.fd = slave, .escape = ESCAPE}, input[0]),
                     0);
    close(input[0]);
    close(input[1]);
    close(slave);
    close(master);
}

static void port_of_vsock(void **state)
{
    struct vm_claim claim;
    struct fake_vm vm;
    char said[SAID_SIZE];
    int input = dup(STDIN_FILENO);
    int none = open("/dev/null", O_RDONLY);

    (void)state;
    dup2(none, STDIN_FILENO);
    take_record(&claim, "vsock", "vsock");
    start(&vm, "vsock", "", (const char *const[]){"OK 1073741824\nSSH-2.0\n", NULL});
    assert_int_equal(RUN(&verb_connect, said, "--", "vm", "22"), VERB_DONE);
    join(&vm);
    assert_string_equal(said, "SSH-2.0\n");
    start(&vm, "vsock", "", (const char *const[]){NULL});
    assert_int_equal(RUN(&verb_connect, said, "vm"), VERB_FAILED);
    join(&vm);
    assert_int_equal(RUN(&verb_connect, said, "vm", "22", "--limit=1"), VERB_USAGE);
    assert_int_equal(RUN(&verb_connect, said, "vm", "22x"), VERB_USAGE);
    assert_string_equal(said, "dormouse: connect vm: 22x is not a port of vsock\n");
    dup2(input, STDIN_FILENO);
    vm_release(&claim);
}

/* It accepts no connection, and no more of them may wait. */
static void vsock_of_a_vm_that_stands_still(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "vsock"};
    struct vm_claim claim;
    struct fake_vm vm;
    char said[SAID_SIZE];
    int waiting = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    take_record(&claim, "vsock", "vsock");
    listen_at(&vm, "vsock");
    assert_int_equal(listen(vm.listener, 0), 0);
    assert_int_equal(connect(waiting, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(RUN(&verb_connect, said, "--limit=1", "vm"), VERB_LATE);
    close(waiting);
    close(vm.listener);
    vm_release(&claim);
}

enum { FLOOD = 1 << 20 };

/* A program that answers with much before it reads. */
static void *answer_first(void *arg)
{
    static char bytes[FLOOD];
    const struct fake_vm *vm = arg;
    int fd = accept(vm->listener, NULL, NULL);
    size_t heard = 0;
    ssize_t count;

    if (read_line(fd) && say(fd, "OK 1\n") &&
        send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL) == FLOOD) {
        while ((count = read(fd, bytes, sizeof(bytes))) > 0) {
            heard += (size_t)count;
        }
    }
    close(fd);
    return heard == FLOOD ? arg : NULL;
}

/* Runs `dormouse connect vm 7` with files, or ends it. */
static int connect_files(const char *input, const char *output)
{
    enum { LIMIT_SECONDS = 60 };
    int status = 0;

    pid_t child = fork();
    if (child == 0) {
        char words[][8] = {"vm", "7"};
        char *argv[] = {words[0], words[1], NULL};

        alarm(LIMIT_SECONDS);
        dup2(open(input, O_RDONLY), STDIN_FILENO);
        dup2(open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
        _exit(verb_run(&verb_connect, 2, argv, show_log));
    }
    waitpid(child, &status, 0);
    return status;
}

static void no_direction_waits_for_the_other(void **state)
{
    struct vm_claim claim;
    struct fake_vm vm = {.listener = -1};
    struct stat got;
    void *heard;

    (void)state;
    take_record(&claim, "vsock", "vsock");
    scratch_write("big", "", 0);
    assert_int_equal(truncate("big", FLOOD), 0);
    listen_at(&vm, "vsock");
    assert_int_equal(pthread_create(&vm.thread, NULL, answer_first, &vm), 0);
    int status = connect_files("big", "out");
    pthread_join(vm.thread, &heard);
    close(vm.listener);
    assert_int_equal(status, 0);
    assert_non_null(heard);
    assert_int_equal(stat("out", &got), 0);
    assert_int_equal(got.st_size, FLOOD);
    unlink("big");
    unlink("out");
    vm_release(&claim);
}

/* What ssh is started with: a program of the test is in its place. */
static void expect_ssh(const char *key, const char *value, const char *expected)
{
    struct vm_claim claim;
    char said[SAID_SIZE] = "";

    take_record(&claim, key, value);
    pid_t child = fork();
    if (child == 0) {
        char words[][16] = {"root@vm", "uname", "-r"};
        char *argv[] = {words[0], words[1], words[2], NULL};

        setenv("PATH", ".", 1);
        _exit(verb_run(&verb_ssh, 3, argv, show_log));
    }
    waitpid(child, NULL, 0);
    vm_release(&claim);
    FILE *file = scratch_open("ssh.words", "r");
    size_t length = fread(said, 1, sizeof(said) - 1, file);
    fclose(file);
    said[length] = '\0';
    if (strstr(said, expected) == NULL) {
        fail_msg("ssh got '%s', not '%s'", said, expected);
    }
}

static void ways_to_ssh(void **state)
{
    static const char script[] = "#!/bin/sh\necho \"$*\" >ssh.words\n";
    struct vm_claim claim;
    char said[SAID_SIZE];

    (void)state;
    scratch_write("ssh", script, sizeof(script) - 1);
    chmod("ssh", 0700);
    expect_ssh("ssh", "2222:22",
               "-oHostKeyAlias=dormouse-vm -p2222 -oHostName=127.0.0.1 root@vm uname -r\n");
    expect_ssh("ssh", "192.0.2.1/2222:22", " -p2222 -oHostName=192.0.2.1 root@vm uname -r\n");
    expect_ssh("vsock", "/v", "test_client' connect -- 'vm' 22 root@vm uname -r\n");
    unlink("ssh.words");
    unlink("ssh");
    take_name(&claim, "vm");
    assert_int_equal(RUN(&verb_ssh, said, "vm"), VERB_FAILED);
    assert_non_null(strstr(said, "no way to the guest's ssh is known"));
    vm_release(&claim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(name_belongs_to_one, enter, leave),
        cmocka_unit_test_setup_teardown(file_of_another_user_is_named, enter, leave),
        cmocka_unit_test_setup_teardown(name_of_an_ended_vm_is_free, enter, leave),
        cmocka_unit_test_setup_teardown(strange_files_are_no_vms, enter, leave),
        cmocka_unit_test_setup_teardown(unreadable_folder_is_an_error, enter, leave),
        cmocka_unit_test_setup_teardown(vms_of_other_users_are_counted, enter, leave),
        cmocka_unit_test_setup_teardown(commands_need_names, enter, leave),
        cmocka_unit_test_setup_teardown(done_after_the_event, enter, leave),
        cmocka_unit_test_setup_teardown(end_of_the_process_is_what_was_asked_for, enter, leave),
        cmocka_unit_test_setup_teardown(reasons_of_refusals, enter, leave),
        cmocka_unit_test_setup_teardown(silent_vm_costs_its_limit, enter, leave),
        cmocka_unit_test_setup_teardown(silent_vm_costs_the_others_nothing, enter, leave),
        cmocka_unit_test_setup_teardown(what_a_hostile_vm_says_is_harmless, enter, leave),
        cmocka_unit_test_setup_teardown(state_of_a_named_vm, enter, leave),
        cmocka_unit_test_setup_teardown(no_vm_waits_for_the_state_of_another, enter, leave),
        cmocka_unit_test_setup_teardown(event_log_in_words, enter, leave),
        cmocka_unit_test_setup_teardown(events_as_they_come, enter, leave),
        cmocka_unit_test_setup_teardown(reader_that_was_cut_off, enter, leave),
        cmocka_unit_test_setup_teardown(console_of_a_vm, enter, leave),
        cmocka_unit_test_setup_teardown(escape_detaches, enter, leave),
        cmocka_unit_test_setup_teardown(port_of_vsock, enter, leave),
        cmocka_unit_test_setup_teardown(vsock_of_a_vm_that_stands_still, enter, leave),
        cmocka_unit_test_setup_teardown(no_direction_waits_for_the_other, enter, leave),
        cmocka_unit_test_setup_teardown(escape_of_a_guest_that_does_not_read, enter, leave),
        cmocka_unit_test_setup_teardown(ways_to_ssh, enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
