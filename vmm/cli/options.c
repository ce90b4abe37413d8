/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "power/wake.h"

/*
 * One option: its value goes through `set`, which report()s what is wrong with it and returns
 * false. Options without a value have `takes` NULL and get NULL.
 */
struct option_spec {
    const char *name;
    const char *takes;
    bool (*set)(struct config *config, const char *value);
};

static const char *const policy_names[] = {
    [SUSPEND_OFF] = "off",
    [SUSPEND_REFUSE] = "refuse",
    [SUSPEND_HONOUR] = "honour",
    [SUSPEND_ASK] = "ask",
};

const char *options_policy_name(enum suspend_policy policy)
{
    return policy_names[policy];
}

static const char *const mode_names[] = {
    [PSCI_MODE_AUTO] = "auto",
    [PSCI_MODE_KERNEL] = "kernel",
    [PSCI_MODE_USER] = "user",
};

const char *options_mode_name(enum psci_mode mode)
{
    return mode_names[mode];
}

static bool set_kernel(struct config *config, const char *value)
{
    config->kernel = value;
    return true;
}

static bool set_initrd(struct config *config, const char *value)
{
    config->initrd = value;
    return true;
}

static bool set_append(struct config *config, const char *value)
{
    config->append = value;
    return true;
}

static bool set_events(struct config *config, const char *value)
{
    config->events = value;
    return true;
}

static bool set_console(struct config *config, const char *value)
{
    config->console = value;
    return true;
}

static bool set_dump_dtb(struct config *config, const char *value)
{
    config->dump_dtb = value;
    return true;
}

static bool set_qmp(struct config *config, const char *value)
{
    config->qmp = value;
    return true;
}

static bool set_paused(struct config *config, const char *value)
{
    (void)value;
    config->paused = true;
    return true;
}

static bool set_no_shutdown(struct config *config, const char *value)
{
    (void)value;
    config->no_shutdown = true;
    return true;
}

static bool set_no_reboot(struct config *config, const char *value)
{
    (void)value;
    config->no_reboot = true;
    return true;
}

/* Decimal digits from *text on, which moves behind them; false for none, or more than 64 bits. */
static bool read_number(const char **text, uint64_t *number)
{
    char *end;

    if (!isdigit((unsigned char)**text)) {
        return false;
    }
    errno = 0;
    *number = strtoull(*text, &end, 10);
    *text = end;
    return errno == 0;
}

/* A number of vCPUs from *text on, which moves behind it. */
static bool read_cpus(const char **text, unsigned *cpus)
{
    uint64_t number;

    if (!read_number(text, &number) || number < 1 || number > UINT16_MAX) {
        return false;
    }
    *cpus = (unsigned)number;
    return true;
}

/* "2", or "2,max=8": two that are admitted, of eight. */
static bool set_cpus(struct config *config, const char *value)
{
    static const char max[] = ",max=";
    const char *rest = value;
    unsigned first;

    if (!read_cpus(&rest, &first)) {
        report("--cpus %s: not a number of vCPUs; give 1 or more", value);
        return false;
    }
    config->cpu_count = first;
    config->cpus_admitted = 0;
    if (*rest == '\0') {
        return true;
    }
    bool has_max = strncmp(rest, max, sizeof(max) - 1) == 0;
    rest += has_max ? sizeof(max) - 1 : 0;
    if (!has_max || !read_cpus(&rest, &config->cpu_count) || *rest != '\0') {
        report("--cpus %s: behind the number only ',max=N' may follow", value);
        return false;
    }
    if (config->cpu_count < first) {
        report("--cpus %s: there cannot be fewer vCPUs at most than at the start", value);
        return false;
    }
    config->cpus_admitted = first;
    return true;
}

static bool set_clusters(struct config *config, const char *value)
{
    const char *rest = value;

    if (!read_cpus(&rest, &config->clusters) || *rest != '\0') {
        report("--clusters %s: not a number of clusters; give 1 or more", value);
        return false;
    }
    return true;
}

static bool set_idle(struct config *config, const char *value)
{
    static const char *const names[] = {
        [IDLE_NONE] = "none",
        [IDLE_STANDBY] = "standby",
        [IDLE_POWERDOWN] = "powerdown",
    };

    for (int mode = IDLE_NONE; mode <= IDLE_POWERDOWN; mode++) {
        if (strcmp(value, names[mode]) == 0) {
            config->idle = (enum idle_mode)mode;
            return true;
        }
    }
    report("--idle %s: not a kind of states; give none, standby or powerdown", value);
    return false;
}

static unsigned unit_shift(char unit)
{
    switch (toupper((unsigned char)unit)) {
    case 'K':
        return 10;
    case 'G':
        return 30;
    case 'T':
        return 40;
    default:
        return 20;
    }
}

#define MEMORY_GRANULE (UINT64_C(2) << 20)
#define MEMORY_LEAST   (UINT64_C(16) << 20)
#define MEMORY_MOST    (UINT64_C(4) << 40) /* one KVM memory slot has less than 8 TiB */

static bool set_memory(struct config *config, const char *value)
{
    const char *rest = value;
    uint64_t number;

    if (!read_number(&rest, &number) || (*rest != '\0' && strchr("KMGTkmgt", *rest) == NULL) ||
        (*rest != '\0' && rest[1] != '\0')) {
        report("--memory %s: not a size; give one such as 512M or 2G", value);
        return false;
    }
    unsigned shift = unit_shift(*rest); /* M where no unit is given, as QEMU has it. */
    uint64_t size = number << shift;
    if (size >> shift != number || size < MEMORY_LEAST || size > MEMORY_MOST) {
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

static bool set_name(struct config *config, const char *value)
{
    size_t length = strlen(value);
    size_t good =
        strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

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
        !read_number(&number, &seconds) || number != word + length || seconds < 1 ||
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

static bool set_on_suspend(struct config *config, const char *value)
{
    if (strcmp(value, "ask") == 0 || strncmp(value, "ask,", strlen("ask,")) == 0) {
        return set_ask(config, value);
    }
    for (int policy = SUSPEND_OFF; policy <= SUSPEND_HONOUR; policy++) {
        if (strcmp(value, policy_names[policy]) == 0) {
            config->on_suspend = (enum suspend_policy)policy;
            config->on_suspend_explicit = true;
            return true;
        }
    }
    report("--on-suspend %s: not a policy; give honour, refuse, ask or off", value);
    return false;
}

static bool set_wake(struct config *config, const char *value)
{
    const char *bad;
    int bad_length;
    int set = wake_parse(value, &bad, &bad_length);

    if (set < 0) {
        report("--wake %s: '%.*s' is no wake source; give a list of irq, rtc, console, signal, or "
               "all, or none",
               value, bad_length, bad);
        return false;
    }
    config->wake = (unsigned)set;
    return true;
}

static bool set_psci(struct config *config, const char *value)
{
    for (int mode = PSCI_MODE_AUTO; mode <= PSCI_MODE_USER; mode++) {
        if (strcmp(value, mode_names[mode]) == 0) {
            config->psci_mode = (enum psci_mode)mode;
            return true;
        }
    }
    report("--psci %s: nobody who answers PSCI; give user, kernel or auto", value);
    return false;
}

static bool set_on_pending(struct config *config, const char *value)
{
    config->hide_on_pending = strcmp(value, "hide") == 0;
    if (!config->hide_on_pending && strcmp(value, "say") != 0) {
        report("--on-pending %s: not an answer; give say or hide", value);
        return false;
    }
    return true;
}

/* "MAJOR.MINOR" as PSCI_VERSION encodes it. */
static bool read_version(const char *text, uint64_t *major, uint64_t *minor)
{
    if (!read_number(&text, major) || *text != '.') {
        return false;
    }
    text++;
    return read_number(&text, minor) && *text == '\0';
}

static bool set_psci_version(struct config *config, const char *value)
{
    uint64_t major;
    uint64_t minor;

    if (!read_version(value, &major, &minor) || major > 1 || minor > 3 ||
        (major == 0 && minor != 2)) {
        report("--psci-version %s: not a version; give 0.2, 1.0, 1.1, 1.2 or 1.3", value);
        return false;
    }
    config->psci_version = (uint32_t)(major << 16 | minor);
    return true;
}

static const struct option_spec option_specs[] = {
    {"--kernel", "FILE", set_kernel},
    {"--initrd", "FILE", set_initrd},
    {"--append", "STRING", set_append},
    {"--cpus", "N, or N,max=M", set_cpus},
    {"--clusters", "N", set_clusters},
    {"--idle", "none, standby or powerdown", set_idle},
    {"--memory", "SIZE", set_memory},
    {"--name", "NAME", set_name},
    {"--on-suspend", "honour, refuse, ask or off", set_on_suspend},
    {"--wake", "LIST", set_wake},
    {"--psci", "user, kernel or auto", set_psci},
    {"--on-pending", "say or hide", set_on_pending},
    {"--psci-version", "VERSION", set_psci_version},
    {"--events", "FILE", set_events},
    {"--console", "stdio, none, pty or FILE", set_console},
    {"--dump-dtb", "FILE", set_dump_dtb},
    {"--qmp", "PATH", set_qmp},
    {"--paused", NULL, set_paused},
    {"--no-reboot", NULL, set_no_reboot},
    {"--no-shutdown", NULL, set_no_shutdown},
};

enum { OPTION_COUNT = sizeof(option_specs) / sizeof(option_specs[0]) };

/* "--memory=1G" and "--memory" are the option whose name is the `length` first characters. */
static const struct option_spec *find_option(const char *argument, size_t length)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (strlen(option_specs[i].name) == length &&
            memcmp(option_specs[i].name, argument, length) == 0) {
            return &option_specs[i];
        }
    }
    return NULL;
}

/* Takes the option at argv[*at] with its value and moves *at to the last argument taken. */
static bool take_option(struct config *config, int argc, char *const *argv, int *at)
{
    const char *argument = argv[*at];
    size_t length = strcspn(argument, "=");
    const struct option_spec *spec = find_option(argument, length);
    const char *value = argument[length] == '=' ? argument + length + 1 : NULL;

    if (spec == NULL) {
        report("run: %s is not an option; see dormouse run --help", argument);
        return false;
    }
    if (spec->takes == NULL && value != NULL) {
        report("run: %s takes no value", spec->name);
        return false;
    }
    if (spec->takes != NULL && value == NULL) {
        if (*at + 1 >= argc) {
            report("run: %s needs a value: %s", spec->name, spec->takes);
            return false;
        }
        value = argv[++*at];
    }
    return spec->set(config, value);
}

/* What options want of each other. */
static bool agree(const struct config *config)
{
    if (config->kernel == NULL) {
        report("run: --kernel FILE is missing; see dormouse run --help");
        return false;
    }
    if (config->on_suspend == SUSPEND_ASK && config->qmp == NULL) {
        report("--on-suspend ask: the operator answers by QMP; give --qmp PATH as well");
        return false;
    }
    if (config->no_shutdown && config->qmp == NULL) {
        report("--no-shutdown: only QMP ends a machine that stays off; give --qmp PATH as well");
        return false;
    }
    if (config->paused && config->qmp == NULL) {
        report("--paused: only QMP lets the machine go on; give --qmp PATH as well");
        return false;
    }
    if (config->clusters > config->cpu_count) {
        report("--clusters %u: there are only %u vCPUs", config->clusters, config->cpu_count);
        return false;
    }
    if (config->idle != IDLE_NONE && config->psci_mode == PSCI_MODE_KERNEL) {
        report("--idle: the kernel's CPU_SUSPEND has no states; give --psci user");
        return false;
    }
    if (config->cpus_admitted != 0 && config->psci_mode == PSCI_MODE_KERNEL) {
        report("--cpus with max: the kernel asks nobody before it starts a vCPU; give --psci user");
        return false;
    }
    return true;
}

enum options_result options_parse(struct config *config, int argc, char *const *argv)
{
    config_init(config);
    config->on_suspend = SUSPEND_HONOUR;
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return OPTIONS_HELP;
        }
        if (!take_option(config, argc, argv, &i)) {
            return OPTIONS_BAD;
        }
    }
    return agree(config) ? OPTIONS_RUN : OPTIONS_BAD;
}

const char *options_help(void)
{
    return "Usage: dormouse run --kernel FILE [OPTION]...\n"
           "Runs an arm64 virtual machine that can sleep.\n"
           "\n"
           "  --kernel FILE          Image, Image.gz or EFI zboot (gzip, zstd)\n"
           "  --initrd FILE          initial file system for the kernel\n"
           "  --append STRING        kernel command line\n"
           "  --cpus N[,max=M]       vCPUs (1); of M, N are admitted until the operator says more\n"
           "  --clusters N           group the vCPUs (no groups)\n"
           "  --idle STATES          low-power states for the guest's idle CPUs, and with "
           "--clusters\n"
           "                         of clusters: none, standby or powerdown (none)\n"
           "  --memory SIZE          guest memory: 512M, 2G (512M)\n"
           "  --name NAME            of the VM, in events, messages and for the guest (dormouse)\n"
           "  --on-suspend POLICY    the guest's SYSTEM_SUSPEND: honour, refuse, ask or off "
           "(honour)\n"
           "                         ask[,deadline=SECONDS][,default=honour|refuse] (10, refuse)\n"
           "  --wake LIST            what wakes it: irq, rtc, console, signal, all, none (all)\n"
           "  --psci WHO             who answers PSCI: user (dormouse), kernel or auto (auto)\n"
           "  --on-pending ANSWER    vCPUs about to start: say ON_PENDING, or hide it as KVM does "
           "(say)\n"
           "  --psci-version V       0.2, 1.0, 1.1, 1.2 or 1.3 (the newest that is known)\n"
           "  --events FILE          write a JSON line for whatever happens\n"
           "  --console WHERE        stdio, none, pty or a file for the output (stdio)\n"
           "  --qmp PATH             listen for operators on this Unix socket (QMP)\n"
           "  --paused               start paused, until the operator's cont; needs --qmp\n"
           "  --no-shutdown          stay, off, where the guest powers off; needs --qmp\n"
           "  --no-reboot            end where the guest asks for a reset\n"
           "  --dump-dtb FILE        write the device tree and end; needs no KVM\n"
           "\n"
           "On a terminal Ctrl-a x ends the VM and Ctrl-a h shows more keys. SIGUSR1 wakes it.\n"
           "Exit status: 0 powered off, 1 error, 2 usage, 3 guest cannot go on, 4 hibernated,\n"
           "5 reset with --no-reboot, 128+N ended by signal N (Ctrl-a x counts as SIGINT).\n";
}
