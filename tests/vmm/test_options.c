/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of `dormouse run`: its meaning, and the messages for wrong ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"
#include "cli/run_options.h"
#include "host/net/net_wake.h"
#include "power/wake.h"
#include "scratch.h"

enum { ARGUMENTS_MAX = 32, WORD_MAX = 64 };

static enum option_result parse(struct config *config, const char *const *words)
{
    /* Static, because the configuration points into the arguments, as with a real command line. */
    static char storage[ARGUMENTS_MAX][WORD_MAX];
    char *argv[ARGUMENTS_MAX];
    int argc = 0;

    for (; words[argc] != NULL; argc++) {
        assert_true(argc < ARGUMENTS_MAX && strlen(words[argc]) < WORD_MAX);
        snprintf(storage[argc], WORD_MAX, "%s", words[argc]);
        argv[argc] = storage[argc];
    }
    return options_parse(config, argc, argv);
}

#define PARSE(config, ...) parse(config, (const char *const[]){__VA_ARGS__, NULL})

static void defaults_of_the_command_line(void **state)
{
    struct config config;

    (void)state;
    assert_int_equal(PARSE(&config, "--kernel", "vmlinuz"), OPTION_GOOD);
    assert_string_equal(config.kernel, "vmlinuz");
    assert_string_equal(config.name, "dormouse");
    assert_string_equal(config.console, "stdio");
    assert_int_equal(config.cpu_count, 1);
    assert_int_equal(config.memory_size, 512 << 20);
    assert_int_equal(config.on_suspend, SUSPEND_HONOUR);
    assert_false(config.on_suspend_explicit);
    assert_int_equal(config.wake, WAKE_ALL);
    assert_int_equal(config.psci_version, CONFIG_PSCI_DEFAULT);
    assert_int_equal(config.psci_mode, PSCI_MODE_AUTO);
    assert_false(config.hide_on_pending);
    assert_false(config.no_reboot);
}

static void every_option_is_accepted(void **state)
{
    struct config config;

    (void)state;
    assert_int_equal(PARSE(&config, "--kernel=k", "--initrd=i", "--append=a b=c", "--cpus=8",
                           "--clusters=2", "--idle=powerdown", "--memory=6G", "--name=vm-1",
                           "--on-suspend=refuse", "--wake=rtc,irq", "--psci=user",
                           "--on-pending=hide", "--psci-version=1.1", "--events=e", "--console=pty",
                           "--shutdown-limit=7", "--no-reboot"),
                     OPTION_GOOD);
    assert_string_equal(config.initrd, "i");
    assert_string_equal(config.append, "a b=c");
    assert_int_equal(config.cpu_count, 8);
    assert_true(config.memory_size == UINT64_C(6) << 30);
    assert_string_equal(config.name, "vm-1");
    assert_int_equal(config.on_suspend, SUSPEND_REFUSE);
    assert_true(config.on_suspend_explicit);
    assert_int_equal(config.wake, WAKE_RTC | WAKE_IRQ);
    assert_int_equal(config.psci_mode, PSCI_MODE_USER);
    assert_int_equal(config.clusters, 2);
    assert_int_equal(config.idle, IDLE_POWERDOWN);
    assert_true(config.hide_on_pending);
    assert_int_equal(config.psci_version, 0x10001);
    assert_string_equal(config.events, "e");
    assert_string_equal(config.console, "pty");
    assert_true(config.no_reboot);
    assert_int_equal(config.shutdown_seconds, 7);
    assert_int_equal(config.idle_seconds, 0);
}

static void sizes_have_units(void **state)
{
    static const struct {
        const char *text;
        uint64_t size;
    } cases[] = {
        {"512", UINT64_C(512) << 20},  {"512M", UINT64_C(512) << 20},
        {"512m", UINT64_C(512) << 20}, {"32768K", UINT64_C(32) << 20},
        {"1G", UINT64_C(1) << 30},     {"1T", UINT64_C(1) << 40},
    };
    struct config config;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(PARSE(&config, "--kernel", "k", "--memory", cases[i].text), OPTION_GOOD);
        assert_true(config.memory_size == cases[i].size);
    }
}

static void offsets_are_hexadecimal_or_sizes(void **state)
{
    static const struct {
        const char *text;
        uint64_t offset;
    } cases[] = {
        {"0x80000", 0x80000}, {"0x0", 0},      {"0", 0},
        {"512K", 512 << 10},  {"2M", 2 << 20}, {"0x3fffffffffc", 0x3fffffffffc},
    };
    struct config config;

    (void)state;
    assert_int_equal(PARSE(&config, "--kernel", "k"), OPTION_GOOD);
    assert_true(config.kernel_at == CONFIG_KERNEL_AT_NONE);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(PARSE(&config, "--kernel", "k", "--kernel-at", cases[i].text),
                         OPTION_GOOD);
        assert_true(config.kernel_at == cases[i].offset);
    }
}

static void idle_times_have_units(void **state)
{
    static const struct {
        const char *text;
        unsigned seconds;
        unsigned percent;
    } cases[] = {
        {"1s", 1, 5},
        {"90s", 90, 5},
        {"5m", 300, 5},
        {"2h,cpu=1", 7200, 1},
        {"168h,cpu=100", 604800, 100},
    };
    struct config config;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(PARSE(&config, "--kernel", "k", "--sleep-when-idle", cases[i].text),
                         OPTION_GOOD);
        assert_int_equal(config.idle_seconds, cases[i].seconds);
        assert_int_equal(config.idle_cpu_percent, cases[i].percent);
    }
}

static void wake_none_is_empty(void **state)
{
    struct config config;

    (void)state;
    assert_int_equal(PARSE(&config, "--kernel", "k", "--wake", "none"), OPTION_GOOD);
    assert_int_equal(config.wake, 0);
}

static void some_vcpus_may_wait_for_admission(void **state)
{
    struct config config;

    (void)state;
    assert_int_equal(PARSE(&config, "--kernel", "k", "--cpus", "2,max=8"), OPTION_GOOD);
    assert_int_equal(config.cpu_count, 8);
    assert_int_equal(config.cpus_admitted, 2);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--cpus", "2,max=8", "--cpus", "3"),
                     OPTION_GOOD);
    assert_int_equal(config.cpu_count, 3);
    assert_int_equal(config.cpus_admitted, 0);
}

static void asking_has_a_deadline_and_a_default(void **state)
{
    struct config config;

    (void)state;
    assert_int_equal(PARSE(&config, "--kernel", "k", "--qmp", "s", "--on-suspend", "ask"),
                     OPTION_GOOD);
    assert_int_equal(config.on_suspend, SUSPEND_ASK);
    assert_int_equal(config.ask_seconds, 10);
    assert_false(config.ask_default);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--qmp", "s", "--on-suspend",
                           "ask,default=honour,deadline=3"),
                     OPTION_GOOD);
    assert_int_equal(config.ask_seconds, 3);
    assert_true(config.ask_default);
}

static void saved_vms_are_files(void **state)
{
    struct config config;

    (void)state;
    assert_int_equal(PARSE(&config, "--kernel", "k", "--on-suspend", "save=a,b"), OPTION_GOOD);
    assert_int_equal(config.on_suspend, SUSPEND_SAVE);
    assert_string_equal(config.save, "a,b");
    assert_true(config.on_suspend_explicit);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--save", "f", "--restore", "g", "--asleep"),
                     OPTION_GOOD);
    assert_int_equal(config.on_suspend, SUSPEND_HONOUR);
    assert_string_equal(config.save, "f");
    assert_string_equal(config.restore, "g");
    assert_true(config.asleep);
    assert_int_equal(config.restore_memory, RESTORE_MEMORY_AUTO);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--restore", "g", "--restore-memory", "lazy"),
                     OPTION_GOOD);
    assert_int_equal(config.restore_memory, RESTORE_MEMORY_LAZY);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--clock", "jump"), OPTION_GOOD);
}

static void kept_vm_continues_from_its_file(void **state)
{
    struct config config;
    struct capture capture;
    char said[512];

    (void)state;
    scratch_write("image", "", 0);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--keep", "none"), OPTION_GOOD);
    assert_string_equal(config.save, "none");
    assert_null(config.restore);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--keep", "image"), OPTION_GOOD);
    assert_string_equal(config.save, "image");
    assert_string_equal(config.restore, "image");
    assert_int_equal(PARSE(&config, "--kernel", "k", "--keep", "image", "--restore-memory", "lazy"),
                     OPTION_GOOD);
    capture_begin(&capture, STDERR_FILENO);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--keep", "f", "--save", "f"), OPTION_BAD);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--keep", "f", "--shutdown-limit", "0"),
                     OPTION_BAD);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--keep", "f", "--on-suspend", "off"),
                     OPTION_BAD);
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(
        said,
        "dormouse: --keep: says when the VM is saved and restored; leave out --save, --restore, "
        "--asleep, --clone and --on-suspend save\n"
        "dormouse: --keep: with --shutdown-limit 0 SIGTERM ends the VM at once, and never saves "
        "it\n"
        "dormouse: --keep: with --on-suspend off the guest never sleeps, and only a sleeping VM is "
        "saved\n");
}

/* What clones continue from is not replaced by one of them, whatever name it is given. */
static void clones_keep_their_file(void **state)
{
    struct config config;
    struct capture capture;
    char said[512];

    (void)state;
    scratch_write("image", "", 0);
    assert_int_equal(symlink("image", "link"), 0);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--restore", "image", "--clone", "--save", "f",
                           "--sleep-memory", "disk=g"),
                     OPTION_GOOD);
    assert_true(config.clone);
    capture_begin(&capture, STDERR_FILENO);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--clone"), OPTION_BAD);
    assert_int_equal(
        PARSE(&config, "--kernel", "k", "--restore", "none", "--clone", "--save", "none"),
        OPTION_BAD);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--restore", "image", "--clone",
                           "--on-suspend", "save=./image"),
                     OPTION_BAD);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--restore", "image", "--clone",
                           "--sleep-memory", "disk=link"),
                     OPTION_BAD);
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(
        said, "dormouse: --clone: only a restored VM is a clone; give --restore FILE as well\n"
              "dormouse: --save none: clones continue from this file (--clone); name another one\n"
              "dormouse: --on-suspend save ./image: clones continue from this file (--clone); name "
              "another one\n"
              "dormouse: --sleep-memory disk link: clones continue from this file (--clone); name "
              "another one\n");
}

static void memory_of_a_sleeper_has_three_places(void **state)
{
    struct config config;
    struct capture capture;
    char said[512];

    (void)state;
    assert_int_equal(PARSE(&config, "--kernel", "k"), OPTION_GOOD);
    assert_int_equal(config.sleep_memory, SLEEP_MEMORY_KEEP);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--sleep-memory", "reclaim"), OPTION_GOOD);
    assert_int_equal(config.sleep_memory, SLEEP_MEMORY_RECLAIM);
    assert_null(config.sleep_file);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--sleep-memory", "disk=a=b"), OPTION_GOOD);
    assert_int_equal(config.sleep_memory, SLEEP_MEMORY_DISK);
    assert_string_equal(config.sleep_file, "a=b");
    capture_begin(&capture, STDERR_FILENO);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--sleep-memory", "disk="), OPTION_BAD);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--sleep-memory", "swap"), OPTION_BAD);
    assert_int_equal(
        PARSE(&config, "--kernel", "k", "--on-suspend", "off", "--sleep-memory", "reclaim"),
        OPTION_BAD);
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(said, "dormouse: --sleep-memory disk=: use keep, reclaim or disk=FILE\n"
                              "dormouse: --sleep-memory swap: use keep, reclaim or disk=FILE\n"
                              "dormouse: --sleep-memory: with --on-suspend off the guest never "
                              "sleeps\n");
}

static void options_agree_with_each_other(void **state)
{
    struct config config;
    struct capture capture;
    char said[2048];

    (void)state;
    capture_begin(&capture, STDERR_FILENO);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--on-suspend", "ask"), OPTION_BAD);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--no-shutdown"), OPTION_BAD);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--paused"), OPTION_BAD);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--wake", "irq,net=magic"), OPTION_BAD);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--clusters", "2"), OPTION_BAD);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--idle", "standby", "--psci", "kernel"),
                     OPTION_BAD);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--cpus", "1,max=2", "--psci", "kernel"),
                     OPTION_BAD);
    assert_int_equal(
        PARSE(&config, "--kernel", "k", "--sleep-when-idle", "5m", "--on-suspend", "refuse"),
        OPTION_BAD);
    assert_int_equal(
        PARSE(&config, "--kernel", "k", "--agent", "--port", "org.qemu.guest_agent.0=unix:ga"),
        OPTION_BAD);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--agent-time"), OPTION_BAD);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--agent", "--port", "a=unix:a", "--port",
                           "b=unix:b", "--port", "c=unix:c", "--port", "d=unix:d", "--port",
                           "e=unix:e", "--port", "f=unix:f", "--port", "g=unix:g", "--port",
                           "h=unix:h"),
                     OPTION_BAD);
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(
        said,
        "dormouse: --on-suspend ask: the operator answers by QMP; give --qmp PATH as well\n"
        "dormouse: --no-shutdown: only QMP ends a machine that stays off; give --qmp PATH as well\n"
        "dormouse: --paused: only QMP continues the machine; give --qmp PATH as well\n"
        "dormouse: --wake net=...: the guest has no network; give --net as well\n"
        "dormouse: --clusters 2: more than vCPUs (--cpus 1)\n"
        "dormouse: --idle: KVM's CPU_SUSPEND has no idle states; give --psci user\n"
        "dormouse: --cpus with max: KVM starts vCPUs without admission; give --psci "
        "user\n"
        "dormouse: --sleep-when-idle: with --on-suspend refuse the guest may not sleep\n"
        "dormouse: --agent: the port org.qemu.guest_agent.0 is --port's; leave one of the two out\n"
        "dormouse: --agent-time: the guest agent sets the clock; give --agent as well\n"
        "dormouse: --agent: the guest agent needs a port; give at most 7 with --port\n");
}

static void options_of_images_agree_with_each_other(void **state)
{
    struct config config;
    struct capture capture;
    char said[2048];

    (void)state;
    capture_begin(&capture, STDERR_FILENO);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--on-suspend", "save"), OPTION_BAD);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--on-suspend", "off", "--save", "f"),
                     OPTION_BAD);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--asleep"), OPTION_BAD);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--clock", "freeze"), OPTION_BAD);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--restore-memory", "eager"), OPTION_BAD);
    assert_int_equal(PARSE(&config, "--kernel", "k", "--restore", "f", "--restore-memory", "lazy",
                           "--disk", "vhost-user=s"),
                     OPTION_BAD);
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(
        said,
        "dormouse: --on-suspend save: name the file as well: --on-suspend save=FILE\n"
        "dormouse: --save: with --on-suspend off the guest never sleeps, and only a sleeping VM is "
        "saved\n"
        "dormouse: --asleep: only a restored VM begins asleep; give --restore FILE as well\n"
        "dormouse: --clock freeze: Linux takes the time of a sleep from the counter, so the "
        "guest's "
        "clock would be late by the time that it was a file; only jump is possible\n"
        "dormouse: --restore-memory: no memory comes from a file; give --restore FILE or "
        "--sleep-memory disk=FILE as well\n"
        "dormouse: --restore-memory lazy: a disk of vhost-user needs memory that other processes "
        "share; use eager or auto\n");
}

static void networks_and_their_wakes_are_read(void **state)
{
    struct config config;

    (void)state;
    assert_int_equal(PARSE(&config, "--kernel", "k", "--net", "user", "--wake",
                           "rtc,net=magic,net=bpf:tcp port 22, or so", "--name", "web", "--net",
                           "tap=t0,mac=52:54:00:00:00:01"),
                     OPTION_GOOD);
    assert_int_equal(config.wake, WAKE_RTC | WAKE_NET);
    assert_int_equal(config.nets.count, 2);
    assert_int_equal(config.nets.at[1].wake.kinds, NET_WAKE_MAGIC | NET_WAKE_BPF);
    assert_string_equal(config.nets.at[0].wake.expression, "tcp port 22, or so");
    assert_int_equal(config.nets.at[0].mac[0], 0x9a); /* of "web" */
    assert_int_equal(config.nets.at[1].mac[0], 0x52);
}

static void help_overrides_all_options(void **state)
{
    struct config config;

    (void)state;
    assert_int_equal(PARSE(&config, "--help"), OPTION_HELP);
    assert_int_equal(PARSE(&config, "--cpus", "2", "-h"), OPTION_HELP);
}

/* Two words after "run", and the message about them. */
static const struct {
    const char *option;
    const char *value;
    const char *said;
} bad[] = {
    {"--no-such", NULL, "run: --no-such is not an option; see dormouse run --help"},
    {"no/name", NULL,
     "--name no/name: not a name; give 1 to 63 letters, digits, '.', '_' or '-', of which the "
     "first is neither '.' nor '-'"},
    {"--kern", "k", "run: --kern is not an option; did you mean --kernel? See dormouse run --help"},
    {"--kernel", NULL, "run: --kernel needs a value: FILE; see dormouse run --help"},
    {"--on-suspend", NULL, "run: --on-suspend needs a value: POLICY; see dormouse run --help"},
    {"--no-reboot=yes", NULL, "run: --no-reboot takes no value"},
    {"--cpus", "0", "--cpus 0: not a number of vCPUs; give 1 to 512"},
    {"--cpus", "513", "--cpus 513: not a number of vCPUs; give 1 to 512"},
    {"--cpus", "99999", "--cpus 99999: not a number of vCPUs; give 1 to 512"},
    {"--cpus", "2,max=513", "--cpus 2,max=513: not a number of vCPUs; give 1 to 512"},
    {"-smp", "2", "run: -smp is not an option; did you mean --cpus? See dormouse run --help"},
    {"-kernel", "k",
     "run: -kernel is not an option; did you mean --kernel? See dormouse run --help"},
    {"-m", "2G", "run: -m is not an option; did you mean --memory? See dormouse run --help"},
    {"-vga", "none", "run: -vga is not an option; see dormouse run --help"},
    {"-hda", "x", "run: -hda is not an option; did you mean --disk? See dormouse run --help"},
    {"--disk", "vhost-user=s,ro",
     "--disk vhost-user=s,ro: nothing may follow a vhost-user socket: the program behind it "
     "decides "
     "on the rest; a comma in a name is written twice"},
    {"--disk", "vhost-user=", "--disk vhost-user=: the name of a file is missing"},
    {"--disk", "x,rw",
     "--disk x,rw: 'rw' is not one of ro, serial=S (1 to 20 characters), format=raw, "
     "on-error=report, on-error=pause, aio=io_uring, aio=threads; a comma in a name is written "
     "twice"},
    {"-netdev", "user,id=n",
     "run: -netdev is not an option; did you mean --net? See dormouse run --help"},
    {"--share", "/srv",
     "run: --share is not an option: a guest with virtio-fs could never sleep: its driver refuses "
     "to suspend (EOPNOTSUPP)"},
    {"--virtiofs", "/srv",
     "run: --virtiofs is not an option: a guest with virtio-fs could never sleep: its driver "
     "refuses to suspend (EOPNOTSUPP)"},
    {"--fs", "/srv",
     "run: --fs is not an option: a guest with virtio-fs could never sleep: its driver refuses to "
     "suspend (EOPNOTSUPP)"},
    {"--port", "a", "--port a: not a port; give NAME=unix:PATH"},
    {"--vsock", "v,cid=1",
     "--vsock v,cid=1: only ',cid=N' (3 to 4294967294) and ',ready=PORT' (1 to 4294967294) may "
     "follow "
     "the path"},
    {"-nographic", NULL, "run: -nographic is not an option: that is always so; leave it out"},
    {"-cpu", "host", "run: -cpu is not an option: a guest gets the host's kind of processor"},
    {"--wake", "irq,none", "--wake irq,none: none cannot be in a list with others"},
    {"--wake", "none,rtc", "--wake none,rtc: none cannot be in a list with others"},
    {"--qmp", "", "--qmp : a socket's path has 1 to 107 characters"},
    {"--qmp", "unix:/run/vm,server,nowait",
     "--qmp unix:/run/vm,server,nowait: give only the socket's path, without 'unix:' and what "
     "follows the path"},
    {"--console", "pty,max=1M",
     "--console pty,max=1M: unknown target; use stdio, none, pty, pty=LINK, FILE, or FILE,max=SIZE "
     "with a "
     "SIZE of at least 4K"},
    {"--console", "log,max=1K",
     "--console log,max=1K: unknown target; use stdio, none, pty, pty=LINK, FILE, or FILE,max=SIZE "
     "with a "
     "SIZE of at least 4K"},
    {"--trace", "t,max=lots",
     "--trace t,max=lots: not a file; give FILE, or FILE,max=SIZE with a SIZE of at least 4K"},
    {"--metrics", "vm.txt",
     "--metrics vm.txt: give a file whose name ends in .prom, because the node exporter reads no "
     "other, or unix:PATH"},
    {"--events", "log,max=lots",
     "--events log,max=lots: not a file; give FILE, or FILE,max=SIZE with a SIZE of at least 4K"},
    {"--events", "log,maxsize=10M",
     "--events log,maxsize=10M: only ',max=SIZE' may follow the file's name"},
    {"--console", "log,maxsize=10M",
     "--console log,maxsize=10M: only ',max=SIZE' may follow a file's name"},
    {"--cpus", "-1", "--cpus -1: not a number of vCPUs; give 1 to 512"},
    {"--cpus", "two", "--cpus two: not a number of vCPUs; give 1 to 512"},
    {"--cpus", "2x", "--cpus 2x: only ',max=N' may follow the number"},
    {"--clusters", "0", "--clusters 0: not a number of clusters; give 1 or more"},
    {"--idle", "deep", "--idle deep: unknown kind of idle states; use none, standby or powerdown"},
    {"--cpus", "2,8", "--cpus 2,8: only ',max=N' may follow the number"},
    {"--cpus", "2,max=", "--cpus 2,max=: not a number of vCPUs; give 1 to 512"},
    {"--cpus", "2,max=8x", "--cpus 2,max=8x: not a number of vCPUs; give 1 to 512"},
    {"--cpus", "2,max=1", "--cpus 2,max=1: max must not be below the initial count"},
    {"--on-suspend", "ask,deadline=0",
     "--on-suspend ask,deadline=0: 'deadline=0' cannot follow ask; give deadline=SECONDS (1 to "
     "86400), default=honour or default=refuse"},
    {"--on-suspend", "ask,",
     "--on-suspend ask,: '' cannot follow ask; give deadline=SECONDS (1 to "
     "86400), default=honour or default=refuse"},
    {"--on-suspend", "ask,default=off",
     "--on-suspend ask,default=off: 'default=off' cannot follow ask; give deadline=SECONDS (1 to "
     "86400), default=honour or default=refuse"},
    {"--clock", "slow", "--clock slow: unknown clock; use jump or freeze"},
    {"--cpus", "99999999999999999999",
     "--cpus 99999999999999999999: not a number of vCPUs; give 1 to 512"},
    {"--kernel-at", "", "--kernel-at : not an offset; give one such as 0x80000 or 2M"},
    {"--kernel-at", "0x", "--kernel-at 0x: not an offset; give one such as 0x80000 or 2M"},
    {"--kernel-at", "0x8z", "--kernel-at 0x8z: not an offset; give one such as 0x80000 or 2M"},
    {"--kernel-at", "-4", "--kernel-at -4: not an offset; give one such as 0x80000 or 2M"},
    {"--kernel-at", "0x10000000000000000",
     "--kernel-at 0x10000000000000000: not an offset; give one such as 0x80000 or 2M"},
    {"--kernel-at", "0x40000000000",
     "--kernel-at 0x40000000000: out of range; it counts from the start of memory"},
    {"--kernel-at", "0xffffffffffffffff",
     "--kernel-at 0xffffffffffffffff: out of range; it counts from the start of memory"},
    {"--kernel-at", "0x80002",
     "--kernel-at 0x80002: not a multiple of 4, the size of an instruction"},
    {"--memory", "", "--memory : not a size; give one such as 512M or 2G"},
    {"--memory", "M", "--memory M: not a size; give one such as 512M or 2G"},
    {"--memory", "-512M", "--memory -512M: not a size; give one such as 512M or 2G"},
    {"--memory", "512MB", "--memory 512MB: not a size; give one such as 512M or 2G"},
    {"--memory", "1.5G", "--memory 1.5G: not a size; give one such as 512M or 2G"},
    {"--memory", "0", "--memory 0: out of range; give 16M to 4T"},
    {"--memory", "8M", "--memory 8M: out of range; give 16M to 4T"},
    {"--memory", "99999999T", "--memory 99999999T: out of range; give 16M to 4T"},
    {"--memory", "5T", "--memory 5T: out of range; give 16M to 4T"},
    {"--memory", "513M", "--memory 513M: not a multiple of 2M"},
    {"--name", "",
     "--name : not a name; give 1 to 63 letters, digits, '.', '_' or '-', of which the first is "
     "neither '.' nor '-'"},
    {"--name", "-a",
     "--name -a: not a name; give 1 to 63 letters, digits, '.', '_' or '-', of which the first is "
     "neither '.' nor '-'"},
    {"--name", ".a",
     "--name .a: not a name; give 1 to 63 letters, digits, '.', '_' or '-', of which the first is "
     "neither '.' nor '-'"},
    {"--name", "a b",
     "--name a b: not a name; give 1 to 63 letters, digits, '.', '_' or '-', of which the first is "
     "neither '.' nor '-'"},
    {"--on-suspend", "honor",
     "--on-suspend honor: unknown policy; use off, refuse, honour, ask or save"},
    {"--wake", "rtc,lid",
     "--wake rtc,lid: 'lid' is not a wake source; give a list of irq, rtc, console, signal, net, "
     "vsock, or all, or none"},
    {"--wake", "",
     "--wake : '' is not a wake source; give a list of irq, rtc, console, signal, net, vsock, or "
     "all, or "
     "none"},
    {"--wake", "rtc,",
     "--wake rtc,: '' is not a wake source; give a list of irq, rtc, console, signal, net, vsock, "
     "or "
     "all, or none"},
    {"--wake", "net=broadcast",
     "--wake net=broadcast: 'net=broadcast' names no frames; after net= give any, unicast, arp, "
     "magic, or bpf:EXPRESSION as the last of the list"},
    {"--on-pending", "maybe", "--on-pending maybe: unknown answer; use say or hide"},
    {"--psci", "guest", "--psci guest: unknown PSCI backend; use auto, kernel or user"},
    {"--psci", "", "--psci : unknown PSCI backend; use auto, kernel or user"},
#define IDLE_USAGE                                                                                 \
    ": give a time of at most 7 days such as 90s, 5m or 2h, and after it nothing or "              \
    "',cpu=PERCENT' (1 to 100)"
    {"--sleep-when-idle", "5", "--sleep-when-idle 5" IDLE_USAGE},
    {"--sleep-when-idle", "0s", "--sleep-when-idle 0s" IDLE_USAGE},
    {"--sleep-when-idle", "169h", "--sleep-when-idle 169h" IDLE_USAGE},
    {"--sleep-when-idle", "99999999999999999h", "--sleep-when-idle 99999999999999999h" IDLE_USAGE},
    {"--sleep-when-idle", "5ms", "--sleep-when-idle 5ms" IDLE_USAGE},
    {"--sleep-when-idle", "5m,cpu=0", "--sleep-when-idle 5m,cpu=0" IDLE_USAGE},
    {"--sleep-when-idle", "5m,cpu=5%", "--sleep-when-idle 5m,cpu=5%" IDLE_USAGE},
    {"--sleep-when-idle", "5m,", "--sleep-when-idle 5m," IDLE_USAGE},
    {"--shutdown-limit", "-1", "--shutdown-limit -1: not a number of seconds; give 0 to 86400"},
    {"--shutdown-limit", "9s", "--shutdown-limit 9s: not a number of seconds; give 0 to 86400"},
    {"--shutdown-limit", "86401",
     "--shutdown-limit 86401: not a number of seconds; give 0 to 86400"},
    {"--psci-version", "2.0", "--psci-version 2.0: unknown version; use 0.2, 1.0, 1.1, 1.2 or 1.3"},
    {"--psci-version", "1", "--psci-version 1: unknown version; use 0.2, 1.0, 1.1, 1.2 or 1.3"},
    {"--psci-version", "0.1", "--psci-version 0.1: unknown version; use 0.2, 1.0, 1.1, 1.2 or 1.3"},
    {"--cpus", "2",
     "run: there is nothing to boot: give --kernel FILE, or --disk FILE; see dormouse run --help"},
    {"--vars", "v", "--vars: only firmware has variables; give --firmware as well"},
};

static void bad_options_give_one_clear_line(void **state)
{
    struct config config;
    struct capture capture;
    char said[1024];
    char expected[512];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        capture_begin(&capture, STDERR_FILENO);
        enum option_result result = PARSE(&config, bad[i].option, bad[i].value);
        capture_end(&capture, said, sizeof(said));
        assert_int_equal(result, OPTION_BAD);
        snprintf(expected, sizeof(expected), "dormouse: %s\n", bad[i].said);
        assert_string_equal(said, expected);
    }
}

static void firmware_takes_the_place_of_a_kernel(void **state)
{
    struct config config;
    struct capture capture;
    char said[1024];

    (void)state;
    assert_int_equal(PARSE(&config, "--firmware", "auto", "--vars", "v", "--memory", "128M"),
                     OPTION_GOOD);
    assert_null(config.kernel);
    assert_string_equal(config.firmware, "auto");
    assert_string_equal(config.vars, "v");
    assert_int_equal(PARSE(&config, "--disk", "d", "--vars", "v"), OPTION_GOOD);
    assert_string_equal(config.firmware, "auto");
    assert_int_equal(PARSE(&config, "--disk", "d", "--kernel", "k"), OPTION_GOOD);
    assert_null(config.firmware);
    capture_begin(&capture, STDERR_FILENO);
    assert_int_equal(PARSE(&config, "--firmware", "auto", "--kernel", "k"), OPTION_BAD);
    assert_int_equal(PARSE(&config, "--firmware", "auto", "--initrd", "i"), OPTION_BAD);
    assert_int_equal(PARSE(&config, "--firmware", "auto", "--append", "a"), OPTION_BAD);
    assert_int_equal(PARSE(&config, "--firmware", "auto", "--memory", "126M"), OPTION_BAD);
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(
        said, "dormouse: --kernel and --firmware: give one of them; firmware takes its "
              "kernel from a disk\n"
              "dormouse: --initrd: needs --kernel; firmware takes it from a disk, with the "
              "kernel\n"
              "dormouse: --append: needs --kernel; firmware takes it from a disk, with the "
              "kernel\n"
              "dormouse: --memory: firmware needs at least 128 MiB\n");
}

static void impossible_socket_path_is_refused(void **state)
{
    char path[109];
    char said[1024];
    struct config config;
    struct capture capture;
    char qmp[] = "--qmp";
    char *argv[] = {qmp, path};

    (void)state;
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    capture_begin(&capture, STDERR_FILENO);
    assert_int_equal(options_parse(&config, 2, argv), OPTION_BAD);
    capture_end(&capture, said, sizeof(said));
    assert_non_null(strstr(said, "a socket's path has 1 to 107 characters\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_of_the_command_line),
        cmocka_unit_test(every_option_is_accepted),
        cmocka_unit_test(sizes_have_units),
        cmocka_unit_test(idle_times_have_units),
        cmocka_unit_test(offsets_are_hexadecimal_or_sizes),
        cmocka_unit_test(wake_none_is_empty),
        cmocka_unit_test(some_vcpus_may_wait_for_admission),
        cmocka_unit_test(asking_has_a_deadline_and_a_default),
        cmocka_unit_test(saved_vms_are_files),
        cmocka_unit_test_setup_teardown(kept_vm_continues_from_its_file, scratch_enter,
                                        scratch_leave),
        cmocka_unit_test_setup_teardown(clones_keep_their_file, scratch_enter, scratch_leave),
        cmocka_unit_test(memory_of_a_sleeper_has_three_places),
        cmocka_unit_test(options_agree_with_each_other),
        cmocka_unit_test(options_of_images_agree_with_each_other),
        cmocka_unit_test(networks_and_their_wakes_are_read),
        cmocka_unit_test(help_overrides_all_options),
        cmocka_unit_test(firmware_takes_the_place_of_a_kernel),
        cmocka_unit_test(impossible_socket_path_is_refused),
        cmocka_unit_test(bad_options_give_one_clear_line),
    };

    setenv("XDG_RUNTIME_DIR", "/nowhere/at/all", 1); /* A VM with a name gets no socket then. */
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
