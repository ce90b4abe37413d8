/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/options.h"

#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "base/logfile.h"
#include "base/report.h"
#include "host/console/options.h"
#include "power/wake.h"

static const char *const idle_words[] = {
    [IDLE_NONE] = "none",
    [IDLE_STANDBY] = "standby",
    [IDLE_POWERDOWN] = "powerdown",
    NULL,
};

/* A number of vCPUs from *text on, which moves behind it. */
static bool read_cpus(const char **text, unsigned *cpus)
{
    uint64_t number;

    if (!option_number(text, &number) || number < 1 || number > CONFIG_CPUS_MAX) {
        return false;
    }
    *cpus = (unsigned)number;
    return true;
}

static bool refuse_cpus(const char *value)
{
    report("--cpus %s: not a number of vCPUs; give 1 to %d", value, CONFIG_CPUS_MAX);
    return false;
}

/* "2", or "2,max=8": two that are admitted, of eight. */
static bool set_cpus(const struct option_row *row, void *settings, const char *value)
{
    static const char max[] = ",max=";
    struct config *config = settings;
    const char *rest = value;
    unsigned first;

    (void)row;
    if (!read_cpus(&rest, &first)) {
        return refuse_cpus(value);
    }
    config->cpu_count = first;
    config->cpus_admitted = 0;
    if (*rest == '\0') {
        return true;
    }
    if (strncmp(rest, max, sizeof(max) - 1) != 0) {
        report("--cpus %s: only ',max=N' may follow the number", value);
        return false;
    }
    rest += sizeof(max) - 1;
    if (!read_cpus(&rest, &config->cpu_count) || *rest != '\0') {
        return refuse_cpus(value);
    }
    if (config->cpu_count < first) {
        report("--cpus %s: max must not be below the initial count", value);
        return false;
    }
    config->cpus_admitted = first;
    return true;
}

static bool set_clusters(const struct option_row *row, void *settings, const char *value)
{
    struct config *config = settings;
    const char *rest = value;

    (void)row;
    if (!read_cpus(&rest, &config->clusters) || *rest != '\0') {
        report("--clusters %s: not a number of clusters; give 1 or more", value);
        return false;
    }
    return true;
}

#define MEMORY_GRANULE (UINT64_C(2) << 20)
#define MEMORY_LEAST   (UINT64_C(16) << 20)
#define MEMORY_MOST    (UINT64_C(4) << 40) /* one KVM memory slot has less than 8 TiB */

static bool set_memory(const struct option_row *row, void *settings, const char *value)
{
    struct config *config = settings;
    uint64_t size;

    (void)row;
    if (!option_size(value, &size)) {
        report("--memory %s: not a size; give one such as 512M or 2G", value);
        return false;
    }
    if (size < MEMORY_LEAST || size > MEMORY_MOST) {
        report("--memory %s: out of range; give 16M to 4T", value);
        return false;
    }
    if (size % MEMORY_GRANULE != 0) {
        report("--memory %s: not a multiple of 2M", value);
        return false;
    }
    config->memory_size = size;
    return true;
}

static bool set_name(const struct option_row *row, void *settings, const char *value)
{
    struct config *config = settings;
    size_t length = strlen(value);
    size_t good =
        strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    (void)row;
    if (length == 0 || length > CONFIG_NAME_MAX || good != length) {
        report("--name %s: not a name; give 1 to %d letters, digits, '.', '_' or '-'", value,
               CONFIG_NAME_MAX);
        return false;
    }
    config->name = value;
    config->name_given = true;
    return true;
}

enum { ASK_SECONDS_MAX = 24 * 60 * 60 };

/* One of the comma-separated words behind "ask": `length` characters from `word` on. */
static bool set_ask_word(struct config *config, const char *word, size_t length)
{
    static const char deadline[] = "deadline=";
    const char *number = word + sizeof(deadline) - 1;
    uint64_t seconds;

    if (length == strlen("default=honour") && strncmp(word, "default=honour", length) == 0) {
        config->ask_default = true;
        return true;
    }
    if (length == strlen("default=refuse") && strncmp(word, "default=refuse", length) == 0) {
        config->ask_default = false;
        return true;
    }
    if (length < sizeof(deadline) || strncmp(word, deadline, sizeof(deadline) - 1) != 0 ||
        !option_number(&number, &seconds) || number != word + length || seconds < 1 ||
        seconds > ASK_SECONDS_MAX) {
        return false;
    }
    config->ask_seconds = (unsigned)seconds;
    return true;
}

static bool set_ask(struct config *config, const char *value)
{
    config->on_suspend = SUSPEND_ASK;
    config->on_suspend_explicit = true;
    for (const char *word = value + strlen("ask"); *word != '\0';) {
        size_t length = strcspn(++word, ",");

        if (!set_ask_word(config, word, length)) {
            report("--on-suspend %s: '%.*s' cannot follow ask; give deadline=SECONDS (1 to %d), "
                   "default=honour or default=refuse",
                   value, (int)length, word, ASK_SECONDS_MAX);
            return false;
        }
        word += length;
    }
    return true;
}

static bool set_on_suspend(const struct option_row *row, void *settings, const char *value)
{
    struct config *config = settings;

    if (strncmp(value, "ask,", strlen("ask,")) == 0) {
        return set_ask(config, value);
    }
    if (!option_set_word(row, settings, value)) {
        return false;
    }
    config->on_suspend_explicit = true;
    return true;
}

static bool set_wake(const struct option_row *row, void *settings, const char *value)
{
    struct config *config = settings;
    const char *bad;
    int bad_length;
    int set = wake_parse(value, &bad, &bad_length);

    (void)row;
    if (set >= 0) {
        config->wake = (unsigned)set;
        return true;
    }
    if (bad_length == 4 && strncmp(bad, "none", 4) == 0) {
        report("--wake %s: none cannot be in a list with others", value);
    } else {
        report("--wake %s: '%.*s' is not a wake source; give a list of irq, rtc, console, signal, "
               "or all, or none",
               value, bad_length, bad);
    }
    return false;
}

static bool set_events(const struct option_row *row, void *settings, const char *value)
{
    if (!logfile_spec_is_valid(value)) {
        report("--events %s: not a file; give FILE, or FILE,max=SIZE with a SIZE of at least 4K",
               value);
        return false;
    }
    return option_set_text(row, settings, value);
}

static bool set_on_pending(const struct option_row *row, void *settings, const char *value)
{
    struct config *config = settings;

    (void)row;
    config->hide_on_pending = strcmp(value, "hide") == 0;
    if (!config->hide_on_pending && strcmp(value, "say") != 0) {
        report("--on-pending %s: unknown answer; use say or hide", value);
        return false;
    }
    return true;
}

static bool set_qmp(const struct option_row *row, void *settings, const char *value)
{
    const size_t most = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
    size_t length = strlen(value);

    if (length == 0 || length > most) {
        report("--qmp %s: a socket's path has 1 to %zu characters", value, most);
        return false;
    }
    return option_set_text(row, settings, value);
}

/* "MAJOR.MINOR" as PSCI_VERSION encodes it. */
static bool read_version(const char *text, uint64_t *major, uint64_t *minor)
{
    if (!option_number(&text, major) || *text != '.') {
        return false;
    }
    text++;
    return option_number(&text, minor) && *text == '\0';
}

static bool set_psci_version(const struct option_row *row, void *settings, const char *value)
{
    struct config *config = settings;
    uint64_t major;
    uint64_t minor;

    (void)row;
    if (!read_version(value, &major, &minor) || major > 1 || minor > 3 ||
        (major == 0 && minor != 2)) {
        report("--psci-version %s: unknown version; use 0.2, 1.0, 1.1, 1.2 or 1.3", value);
        return false;
    }
    config->psci_version = (uint32_t)(major << 16 | minor);
    return true;
}

#define AT(member) .offset = offsetof(struct config, member)

static const struct option_row run_rows[] = {
    {OPTION("--kernel", "FILE", "Image, Image.gz or EFI zboot (gzip, zstd)", option_set_text),
     AT(kernel)},
    {OPTION("--initrd", "FILE", "initial file system for the kernel", option_set_text), AT(initrd)},
    {OPTION("--append", "STRING", "kernel command line", option_set_text), AT(append)},
    {OPTION("--cpus", "N[,max=M]", "number of vCPUs (1); the operator may admit up to M",
            set_cpus)},
    {OPTION("--clusters", "N", "group the vCPUs (no groups)", set_clusters)},
    {OPTION("--idle", "STATES",
            "low-power states for the guest's idle CPUs, and with --clusters\n"
            "of clusters: none, standby or powerdown (none)",
            option_set_word),
     AT(idle), .what = "kind of idle states", .words = idle_words},
    {OPTION("--memory", "SIZE", "guest memory: 512M, 2G (512M)", set_memory)},
    {OPTION("--name", "NAME", "name of the VM, in events, messages and for the guest (dormouse)",
            set_name)},
    {OPTION("--on-suspend", "POLICY",
            "the guest's SYSTEM_SUSPEND: honour, refuse, ask or off (honour)\n"
            "ask[,deadline=SECONDS][,default=honour|refuse] (10, refuse)",
            set_on_suspend),
     AT(on_suspend), .what = "policy", .words = suspend_policy_words},
    {OPTION("--wake", "LIST", "what wakes the guest: irq, rtc, console, signal, all, none (all)",
            set_wake)},
    {OPTION("--psci", "BACKEND", "PSCI backend: user (dormouse), kernel or auto (auto)",
            option_set_word),
     AT(psci_mode), .what = "PSCI backend", .words = psci_mode_words},
    {OPTION("--on-pending", "ANSWER",
            "for a starting vCPU: say ON_PENDING, or hide it as KVM does (say);\n"
            "use hide for tests that were written for KVM",
            set_on_pending)},
    {OPTION("--psci-version", "V", "0.2, 1.0, 1.1, 1.2 or 1.3 (the newest supported)",
            set_psci_version)},
    {OPTION("--events", "FILE[,max=SIZE]", "append a JSON line for each event", set_events),
     AT(events)},
    {OPTION("--qmp", "PATH", "listen for operators on this Unix socket (QMP)", set_qmp), AT(qmp)},
    {OPTION("--paused", NULL, "start paused, until the operator continues; needs --qmp",
            option_set_flag),
     AT(paused)},
    {OPTION("--no-shutdown", NULL, "do not end when the guest powers off; needs --qmp",
            option_set_flag),
     AT(no_shutdown)},
    {OPTION("--no-reboot", NULL, "end if the guest asks for a reset", option_set_flag),
     AT(no_reboot)},
    {OPTION("--dump-dtb", "FILE", "write the device tree and end; needs no KVM", option_set_text),
     AT(dump_dtb)},
};

static const struct option_table run_table = {run_rows, sizeof(run_rows) / sizeof(run_rows[0])};
static const struct option_table sandbox_table = {sandbox_options, SANDBOX_OPTION_COUNT};

/* A room adds its options here. */
static const struct option_part run_parts[] = {
    {&run_table, 0},
    {&console_options, offsetof(struct config, console)},
    {&sandbox_table, offsetof(struct config, sandbox)},
    {NULL, 0},
};
static const struct option_part no_parts[] = {{NULL, 0}};

/* Of QEMU and kvmtool. */
static const struct option_alias run_aliases[] = {
    {"smp", "--cpus"},       {"c", "--cpus"},   {"m", "--memory"}, {"mem", "--memory"},
    {"k", "--kernel"},       {"i", "--initrd"}, {"p", "--append"}, {"params", "--append"},
    {"serial", "--console"}, {"S", "--paused"}, {NULL, NULL},
};

const struct option_command options_run = {
    .program = "dormouse",
    .word = "run",
    .usage = "Usage: dormouse run --kernel FILE [OPTION]...\n"
             "Runs an arm64 virtual machine that can sleep.\n",
    .notes =
        "On a terminal Ctrl-a x ends the VM and Ctrl-a h shows more keys. SIGUSR1 wakes it.\n"
        "Exit status: 0 powered off, 1 error, 2 usage, 3 guest cannot continue, 4 hibernated,\n"
        "5 reset with --no-reboot, 128+N ended by signal N (Ctrl-a x counts as SIGINT, and a\n"
        "forbidden system call as SIGSYS: 159).\n",
    .parts = run_parts,
    .aliases = run_aliases,
};

const struct option_command options_timeline = {
    .program = "dormouse",
    .word = "timeline",
    .usage = "Usage: dormouse timeline [FILE]\n"
             "Shows an event log, or standard input, in words.\n",
    .notes = "Exit status: 0 shown, 1 FILE cannot be read or is not an event log, 2 usage.\n",
    .parts = no_parts,
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

/* What only an operator can end needs a door for one. */
static bool check_qmp(const struct config *config)
{
    if (config->qmp != NULL) {
        return true;
    }
    if (config->on_suspend == SUSPEND_ASK) {
        report("--on-suspend ask: the operator answers by QMP; give --qmp PATH as well");
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

/* Checks what options need of each other. */
static bool check_config(const struct config *config)
{
    if (config->kernel == NULL) {
        report("run: --kernel FILE is missing; see dormouse run --help");
        return false;
    }
    if (!check_qmp(config) || !sandbox_settings_agree(&config->sandbox)) {
        return false;
    }
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

enum option_result options_parse(struct config *config, int argc, char *const *argv)
{
    int operands;

    config_init(config);
    enum option_result result = option_parse(&options_run, config, argc, argv, &operands);
    if (result == OPTION_GOOD && !check_config(config)) {
        result = OPTION_BAD;
    }
    return result;
}
