/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/run_options.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/report.h"
#include "boot/firmware.h"
#include "cli/run_name.h"
#include "cli/run_values.h"
#include "cli/timeline.h"
#include "config/config_file.h"
#include "host/console/console_options.h"
#include "host/disk/disk_options.h"
#include "host/net/net_options.h"
#include "host/port/port_options.h"
#include "host/vsock/vsock_options.h"

static const char *const restore_memory_words[] = {
    [RESTORE_MEMORY_AUTO] = "auto",
    [RESTORE_MEMORY_EAGER] = "eager",
    [RESTORE_MEMORY_LAZY] = "lazy",
    NULL,
};

static const char *const clock_words[] = {
    [FILE_CLOCK_JUMP] = "jump",
    [FILE_CLOCK_FREEZE] = "freeze",
    NULL,
};

#define AT(member) .offset = offsetof(struct config, member)

static const struct option_row run_rows[] = {
    {OPTION("--kernel", "FILE", "Image, Image.gz, EFI zboot (gzip, zstd), UKI or ELF",
            option_set_text),
     AT(kernel)},
    {OPTION("--kernel-at", "OFFSET",
            "the kernel is a raw binary: load it at this offset in memory,\n"
            "such as 0x80000 or 2M, and start at its first byte",
            run_set_kernel_at)},
    {OPTION("--firmware", "FILE",
            "firmware in place of a kernel: a file for flash at address 0, or auto,\n"
            "the UEFI that is installed (auto, if there is a disk and no kernel)",
            option_set_text),
     AT(firmware)},
    {OPTION("--vars", "FILE", "the firmware's variables; created if it does not exist (not kept)",
            option_set_text),
     AT(vars)},
    {OPTION("--initrd", "FILE", "initial file system for the kernel", option_set_text), AT(initrd)},
    {OPTION("--append", "STRING", "kernel command line", option_set_text), AT(append)},
    {OPTION("--cpus", "N[,max=M]", "number of vCPUs (1); the operator may admit up to M",
            run_set_cpus)},
    {OPTION("--clusters", "N", "group the vCPUs (no groups)", run_set_clusters)},
    {OPTION("--idle", "none|standby|powerdown",
            "low-power states for the guest's idle CPUs, and with --clusters\n"
            "of clusters (none)",
            option_set_word),
     AT(idle), .what = "kind of idle states", .words = run_idle_words},
    {OPTION("--memory", "SIZE", "guest memory: 512M, 2G (512M)", run_set_memory)},
    {OPTION("--name", "NAME",
            "name of the VM, for dormouse ps and other commands, in events and\n"
            "messages, and for the guest (dormouse)",
            run_set_name)},
    {OPTION("--on-suspend", "POLICY",
            "the guest's SYSTEM_SUSPEND: honour, refuse, ask, save or off (honour);\n"
            "ask[,deadline=SECONDS][,default=honour|refuse] (10, refuse);\n"
            "save=FILE: it sleeps, and becomes a file for --restore",
            run_set_on_suspend),
     AT(on_suspend), .what = "policy", .words = suspend_policy_words},
    {OPTION("--save", "FILE", "where SIGUSR2 and x-dormouse-save (QMP) save the VM, asleep",
            option_set_text),
     AT(save)},
    {OPTION("--keep", "FILE",
            "SIGTERM saves the VM as FILE, and if FILE exists, the VM continues\n"
            "from it",
            option_set_text),
     AT(keep)},
    {OPTION("--restore", "FILE", "continue a saved VM: it wakes; give its other options again",
            option_set_text),
     AT(restore)},
    {OPTION("--restore-memory", "auto|eager|lazy",
            "read a saved VM's memory at once, or when the guest accesses it (auto:\n"
            "by its size)",
            option_set_word),
     AT(restore_memory), .what = "way to restore memory", .words = restore_memory_words},
    {OPTION("--clock", "jump", "a restored VM's counter has gone on meanwhile (always)",
            option_set_word),
     AT(clock), .what = "clock", .words = clock_words},
    {OPTION("--asleep", NULL, "a restored VM sleeps on until something wakes it", option_set_flag),
     AT(asleep)},
    {OPTION("--clone", NULL,
            "a restored VM is a clone: FILE stays, and others continue from it too",
            option_set_flag),
     AT(clone)},
    {OPTION("--sleep-memory", "keep|reclaim|disk=FILE",
            "memory of a sleeping guest: stays (keep), may go to the host's swap,\n"
            "or goes to FILE until the guest wakes",
            run_set_sleep_memory)},
    {OPTION("--wake", "LIST",
            "what wakes the guest: irq, rtc, console, signal, net, vsock, all, none (all);\n"
            "net=any, unicast, arp, magic or bpf:EXPRESSION says which frames",
            run_set_wake)},
    {OPTION("--psci", "user|kernel|auto", "who answers PSCI: dormouse (user) or KVM (auto)",
            option_set_word),
     AT(psci_mode), .what = "PSCI backend", .words = psci_mode_words},
    {OPTION("--on-pending", "say|hide",
            "for a starting vCPU: say ON_PENDING, or hide it as KVM does (say);\n"
            "use hide for tests that were written for KVM",
            run_set_on_pending)},
    {OPTION("--psci-version", "V", "0.2, 1.0, 1.1, 1.2 or 1.3 (the newest supported)",
            run_set_psci_version)},
    {OPTION("--events", "FILE[,max=SIZE]", "append a JSON line for each event", run_set_events),
     AT(events)},
    {OPTION("--metrics", "FILE|unix:PATH",
            "write figures for Prometheus: FILE.prom in a folder of the node exporter,\n"
            "or answer requests by HTTP on a Unix socket",
            run_set_metrics),
     AT(metrics)},
    {OPTION("--trace", "FILE[,max=SIZE]",
            "write a trace for ui.perfetto.dev: states of the VM and of its vCPUs", run_set_trace),
     AT(trace)},
    {OPTION("--qmp", "PATH", "listen for operators on this Unix socket (QMP)", run_set_qmp),
     AT(qmp)},
    {OPTION("--rng", NULL, "give the guest the host's random numbers, by virtio-rng",
            option_set_flag),
     AT(rng)},
    {OPTION("--balloon", NULL,
            "give the guest a balloon: it returns free memory to the host by itself,\n"
            "and more if the operator asks for it (QMP)",
            option_set_flag),
     AT(balloon)},
    {OPTION("--paused", NULL, "start paused, until the operator continues; needs --qmp",
            option_set_flag),
     AT(paused)},
    {OPTION("--no-shutdown", NULL, "do not end when the guest powers off; needs --qmp",
            option_set_flag),
     AT(no_shutdown)},
    {OPTION("--agent", NULL, "ask the guest to sleep or to shut down by its guest agent (qemu-ga)",
            option_set_flag),
     AT(agent)},
    {OPTION("--agent-time", NULL, "after each wake the guest agent sets the guest's clock",
            option_set_flag),
     AT(agent_time)},
    {OPTION("--sleep-when-idle", "TIME[,cpu=PERCENT]",
            "ask the guest to sleep after it was idle for that time: 90s, 5m, 2h;\n"
            "PERCENT of one processor is idle (5)",
            run_set_sleep_when_idle)},
    {OPTION("--shutdown-limit", "SECONDS",
            "on SIGTERM, how long the guest may take to shut down (80);\n"
            "0: end it at once",
            run_set_shutdown_limit)},
    {OPTION("--no-reboot", NULL, "end if the guest asks for a reset", option_set_flag),
     AT(no_reboot)},
    {OPTION("--dump-dtb", "FILE", "write the device tree and end; needs no KVM", option_set_text),
     AT(dump_dtb)},
};

static const struct option_table run_table = {run_rows, sizeof(run_rows) / sizeof(run_rows[0])};
static const struct option_table sandbox_table = {sandbox_options, SANDBOX_OPTION_COUNT};

/* Each room's table of options. */
static const struct option_part run_parts[] = {
    {&run_table, 0},
    {&disk_options, offsetof(struct config, disks)},
    {&console_options, offsetof(struct config, console)},
    {&net_options, offsetof(struct config, nets)},
    {&port_options, offsetof(struct config, ports)},
    {&vsock_options, offsetof(struct config, vsock)},
    {&sandbox_table, offsetof(struct config, sandbox)},
    {NULL, 0},
};
static const struct option_part no_parts[] = {{NULL, 0}};

static const struct option_table timeline_table = {timeline_options, TIMELINE_OPTION_COUNT};
static const struct option_part timeline_parts[] = {{&timeline_table, 0}, {NULL, 0}};

#define NO_SHARE                                                                                   \
    "a guest with virtio-fs could never sleep: its driver refuses to suspend (EOPNOTSUPP)"
#define ALWAYS "that is always so; leave it out"

/* Names that QEMU and kvmtool use. */
static const struct option_alias run_aliases[] = {
    {"smp", "--cpus"},
    {"c", "--cpus"},
    {"m", "--memory"},
    {"mem", "--memory"},
    {"k", "--kernel"},
    {"bios", "--firmware"},
    {"pflash", "--firmware"},
    {"i", "--initrd"},
    {"p", "--append"},
    {"params", "--append"},
    {"serial", "--console"},
    {"S", "--paused"},
    {"drive", "--disk"},
    {"hda", "--disk"},
    {"hdb", "--disk"},
    {"blockdev", "--disk"},
    {"d", "--disk"},
    {"netdev", "--net"},
    {"nic", "--net"},
    {"n", "--net"},
    {"network", "--net"},
    {"share", NO_SHARE},
    {"virtiofs", NO_SHARE},
    {"fs", NO_SHARE},
    {"nographic", ALWAYS},
    {"enable-kvm", ALWAYS},
    {"cpu", "a guest gets the host's kind of processor"},
    {NULL, NULL},
};

const struct option_command options_run = {
    .program = "dormouse",
    .word = "run",
    .usage = "Usage: dormouse run --kernel FILE [OPTION]...\n"
             "       dormouse run [--firmware FILE|auto] --disk FILE [OPTION]...\n"
             "       dormouse run NAME [OPTION]...\n"
             "Runs an arm64 virtual machine that can sleep. With NAME it reads the options that "
             "are not given\n"
             "here from NAME.conf in ~/.config/dormouse or /etc/dormouse.\n",
    .notes =
        "On a terminal Ctrl-a x ends the VM and Ctrl-a h shows more keys. SIGUSR1 wakes it, "
        "SIGUSR2 saves it.\n"
        "Exit status: 0 powered off, 1 error, 2 usage, 3 guest cannot continue, 4 hibernated,\n"
        "5 reset with --no-reboot, 6 saved, 128+N ended by signal N (Ctrl-a x counts as SIGINT, "
        "and a\n"
        "forbidden system call as SIGSYS: 159).\n",
    .parts = run_parts,
    .aliases = run_aliases,
};

const struct option_command options_timeline = {
    .program = "dormouse",
    .word = "timeline",
    .usage = "Usage: dormouse timeline [OPTION] [FILE]\n"
             "Shows an event log, or standard input, in words, or draws it.\n",
    .notes = "Exit status: 0 shown, 1 FILE cannot be read or is not an event log, 2 usage.\n",
    .parts = timeline_parts,
    .most = 1,
};

const struct option_command options_sandbox = {
    .program = "dormouse",
    .word = "sandbox",
    .usage =
        "Usage: dormouse sandbox\n"
        "Shows which system calls each thread of `dormouse run` may make while the guest runs.\n",
    .notes = "Exit status: 0 shown, 1 standard output cannot be written, 2 usage.\n",
    .parts = no_parts,
};

const struct option_command options_image = {
    .program = "dormouse",
    .word = "image",
    .usage = "Usage: dormouse image ACTION FILE\n"
             "FILE is the image of a sleeping VM. The actions:\n"
             "  info    show what is in it\n"
             "  check   read all of it and compare the checksums\n"
             "  export  write it to standard output as a compressed stream\n"
             "  import  make FILE from such a stream on standard input\n",
    .notes = "Exit status: 0 done, 1 the image is damaged or the host failed, 2 usage.\n",
    .parts = no_parts,
    .lacking = "an action and a file are missing",
    .least = 2,
    .most = 2,
};

static bool disks_may_pause(const struct disk_list *disks)
{
    for (unsigned i = 0; i < disks->count; i++) {
        if (disks->at[i].on_error == DISK_PAUSE_ON_ERROR) {
            return true;
        }
    }
    return false;
}

/* A state that only an operator can end needs --qmp. */
static bool check_qmp(const struct config *config)
{
    if (config->qmp != NULL) {
        return true;
    }
    if (config->on_suspend == SUSPEND_ASK) {
        report("--on-suspend ask: the operator answers by QMP; give --qmp PATH as well");
        return false;
    }
    if (disks_may_pause(&config->disks)) {
        report("--disk with on-error=pause: only QMP continues the machine; give --qmp PATH too");
        return false;
    }
    if (config->no_shutdown) {
        report("--no-shutdown: only QMP ends a machine that stays off; give --qmp PATH as well");
        return false;
    }
    if (config->paused) {
        report("--paused: only QMP continues the machine; give --qmp PATH as well");
        return false;
    }
    return true;
}

static bool check_firmware(const struct config *config)
{
    if (config->kernel != NULL) {
        report("--kernel and --firmware: give one of them; firmware takes its kernel from a disk");
        return false;
    }
    if (config->kernel_at != CONFIG_KERNEL_AT_NONE) {
        report("--kernel-at: needs --kernel, which is to be loaded there");
        return false;
    }
    if (config->initrd != NULL || config->append != NULL) {
        report("--%s: needs --kernel; firmware takes it from a disk, with the kernel",
               config->initrd != NULL ? "initrd" : "append");
        return false;
    }
    if (config->memory_size < FIRMWARE_MEMORY_MIN) {
        report("--memory: firmware needs at least %llu MiB",
               (unsigned long long)(FIRMWARE_MEMORY_MIN >> 20));
        return false;
    }
    return true;
}

/* A disk without a kernel is one that firmware boots. */
static void set_start(struct config *config)
{
    if (config->kernel == NULL && config->firmware == NULL && config->disks.count != 0) {
        config->firmware = "auto";
    }
}

/* What the guest starts with. */
static bool check_start(const struct config *config)
{
    if (config->firmware != NULL) {
        return check_firmware(config);
    }
    if (config->vars != NULL) {
        report("--vars: only firmware has variables; give --firmware as well");
        return false;
    }
    if (config->kernel == NULL) {
        report("run: there is nothing to boot: give --kernel FILE, or --disk FILE; see dormouse "
               "run --help");
        return false;
    }
    return true;
}

static bool check_agent(const struct config *config)
{
    if (config->agent_time && !config->agent) {
        report("--agent-time: the guest agent sets the clock; give --agent as well");
        return false;
    }
    if (config->agent && port_settings_find(&config->ports, CONFIG_AGENT_PORT) != NULL) {
        report("--agent: the port " CONFIG_AGENT_PORT " is --port's; leave one of the two out");
        return false;
    }
    if (config->agent && config->ports.count == PORTS_MAX) {
        report("--agent: the guest agent needs a port; give at most %d with --port", PORTS_MAX - 1);
        return false;
    }
    return true;
}

static bool check_sleep_when_idle(const struct config *config)
{
    if (config->idle_seconds != 0 &&
        (config->on_suspend == SUSPEND_OFF || config->on_suspend == SUSPEND_REFUSE)) {
        report("--sleep-when-idle: with --on-suspend %s the guest may not sleep",
               suspend_policy_words[config->on_suspend]);
        return false;
    }
    return true;
}

/* Frames can be named only if there is a network. */
static bool check_net(const struct config *config)
{
    if (config->net_wake.kinds != 0 && config->nets.count == 0) {
        report("--wake net=...: the guest has no network; give --net as well");
        return false;
    }
    return true;
}

static bool check_restore(const struct config *config)
{
    if (config->restore_memory == RESTORE_MEMORY_LAZY && config_has_back_ends(config)) {
        report("--restore-memory lazy: a disk of vhost-user needs memory that other processes "
               "share; use eager or auto");
        return false;
    }
    if (config->restore_memory != RESTORE_MEMORY_AUTO && config->restore == NULL &&
        config->sleep_memory != SLEEP_MEMORY_DISK && config->save == NULL) {
        report("--restore-memory: no memory comes from a file; give --restore FILE or "
               "--sleep-memory disk=FILE as well");
        return false;
    }
    if (config->clock == FILE_CLOCK_FREEZE) {
        report("--clock freeze: Linux takes the time of a sleep from the counter, so the guest's "
               "clock would be late by the time that it was a file; only jump is possible");
        return false;
    }
    if (config->asleep && config->restore == NULL) {
        report("--asleep: only a restored VM begins asleep; give --restore FILE as well");
        return false;
    }
    return true;
}

static bool check_sleep_memory(const struct config *config)
{
    if (config->sleep_memory != SLEEP_MEMORY_KEEP &&
        (config->on_suspend == SUSPEND_OFF || config->on_suspend == SUSPEND_REFUSE)) {
        report("--sleep-memory: with --on-suspend %s the guest never sleeps",
               suspend_policy_words[config->on_suspend]);
        return false;
    }
    return true;
}

static bool is_same_file(const char *path, const char *other)
{
    struct stat file;
    struct stat named;

    return strcmp(path, other) == 0 || (stat(path, &file) == 0 && stat(other, &named) == 0 &&
                                        file.st_dev == named.st_dev && file.st_ino == named.st_ino);
}

/* A clone that replaced the file from which others continue would be a VM that they do not expect. */
static bool check_clone(const struct config *config)
{
    const struct {
        const char *option;
        const char *path;
    } written[] = {
        {config->on_suspend == SUSPEND_SAVE ? "--on-suspend save" : "--save", config->save},
        {"--sleep-memory disk", config->sleep_file},
    };

    if (!config->clone) {
        return true;
    }
    if (config->restore == NULL) {
        report("--clone: only a restored VM is a clone; give --restore FILE as well");
        return false;
    }
    for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
        if (written[i].path != NULL && is_same_file(written[i].path, config->restore)) {
            report("%s %s: clones continue from this file (--clone); name another one",
                   written[i].option, written[i].path);
            return false;
        }
    }
    return true;
}

/* It stands for --save and, if the file is there, for --restore. */
static void set_keep(struct config *config)
{
    if (config->keep != NULL) {
        config->save = config->keep;
        config->restore = access(config->keep, F_OK) == 0 ? config->keep : NULL;
    }
}

static bool check_keep(const struct config *config)
{
    bool others = config->save != NULL || config->restore != NULL || config->asleep ||
                  config->clone || config->on_suspend == SUSPEND_SAVE;

    if (config->keep != NULL && others) {
        report("--keep: says when the VM is saved and restored; leave out --save, --restore, "
               "--asleep, --clone and --on-suspend save");
        return false;
    }
    if (config->keep != NULL && config->shutdown_seconds == 0) {
        report("--keep: with --shutdown-limit 0 SIGTERM ends the VM at once, and never saves it");
        return false;
    }
    return true;
}

static bool check_save(const struct config *config)
{
    if (config->on_suspend == SUSPEND_SAVE && config->save == NULL) {
        report("--on-suspend save: name the file as well: --on-suspend save=FILE");
        return false;
    }
    if (config->save != NULL &&
        (config->on_suspend == SUSPEND_OFF || config->on_suspend == SUSPEND_REFUSE)) {
        report("%s: with --on-suspend %s the guest never sleeps, and only a sleeping VM is saved",
               config->keep != NULL ? "--keep" : "--save",
               suspend_policy_words[config->on_suspend]);
        return false;
    }
    return true;
}

static bool check_cpus(const struct config *config)
{
    if (config->clusters > config->cpu_count) {
        report("--clusters %u: more than vCPUs (--cpus %u)", config->clusters, config->cpu_count);
        return false;
    }
    if (config->idle != IDLE_NONE && config->psci_mode == PSCI_MODE_KERNEL) {
        report("--idle: KVM's CPU_SUSPEND has no idle states; give --psci user");
        return false;
    }
    if (config->cpus_admitted != 0 && config->psci_mode == PSCI_MODE_KERNEL) {
        report("--cpus with max: KVM starts vCPUs without admission; give --psci user");
        return false;
    }
    return true;
}

static bool check_images(const struct config *config)
{
    return check_save(config) && check_clone(config) && check_sleep_memory(config) &&
           check_restore(config);
}

/* Checks what options need of each other. */
static bool check_config(const struct config *config)
{
    return check_start(config) && check_qmp(config) && check_agent(config) && check_net(config) &&
           check_sleep_when_idle(config) && check_images(config) &&
           sandbox_settings_agree(&config->sandbox) && check_cpus(config);
}

/* A queue for each vCPU; more than a few bring nothing. */
static void set_disk_queues(struct config *config)
{
    enum { QUEUES_MAX = 4 };

    for (unsigned i = 0; i < config->disks.count; i++) {
        config->disks.at[i].queues =
            config->cpu_count < QUEUES_MAX ? config->cpu_count : QUEUES_MAX;
    }
}

/* The file's options first: those of the command line replace them. */
static bool read_file(struct config *config, const char *name, const struct config_arguments *given)
{
    if (!run_set_name(NULL, config, name)) {
        return false;
    }
    char *path = config_file_find(name);
    bool good = path != NULL && config_file_read(&config->file, path, &options_run, config, given);
    free(path);
    return good;
}

/* Parses the arguments, of which argv[name] is the VM's name if there are so many. */
static enum option_result parse_named(struct config *config, int argc, char **argv, int name)
{
    int operands;

    if (name < argc) {
        const char *text = argv[name];

        memmove(argv + name, argv + name + 1, (size_t)(argc - name) * sizeof(*argv));
        argc--;
        if (!read_file(config, text, &(struct config_arguments){argc, argv})) {
            return OPTION_BAD;
        }
    }
    return option_parse(&options_run, config, argc, argv, &operands);
}

/* NAME may come before the options or after them, so they are put in order first. */
static enum option_result parse_words(struct config *config, int argc, char *const *argv)
{
    char **words = calloc((size_t)argc + 1, sizeof(*words));

    if (words == NULL) {
        report("run: %s", strerror(ENOMEM));
        return OPTION_BAD;
    }
    for (int i = 0; i < argc; i++) {
        words[i] = argv[i];
    }
    enum option_result result =
        parse_named(config, argc, words, option_first_operand(&options_run, argc, argv));
    free(words);
    return result;
}

enum option_result options_parse(struct config *config, int argc, char *const *argv)
{
    config_init(config);
    enum option_result result = parse_words(config, argc, argv);
    set_start(config);
    run_name_set_places(config);
    if (result == OPTION_GOOD && !check_keep(config)) {
        result = OPTION_BAD;
    }
    set_keep(config);
    if (result == OPTION_GOOD && !check_config(config)) {
        result = OPTION_BAD;
    }
    net_choose_macs(&config->nets, config->name);
    for (unsigned i = 0; i < config->nets.count; i++) {
        config->nets.at[i].wake = config->net_wake;
    }
    set_disk_queues(config);
    return result;
}
