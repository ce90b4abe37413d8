/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/run_values.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/logfile.h"
#include "base/report.h"
#include "config/config.h"
#include "control/metrics_file.h"
#include "host/net/net_wake.h"
#include "power/wake.h"

const char *const run_idle_words[] = {
    [IDLE_NONE] = "none",
    [IDLE_STANDBY] = "standby",
    [IDLE_POWERDOWN] = "powerdown",
    NULL,
};

/* Reads a number of vCPUs at *text, and moves *text after it. */
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

/* "2", or "2,max=8": eight vCPUs, of which two are admitted. */
bool run_set_cpus(const struct option_row *row, void *settings, const char *value)
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

bool run_set_clusters(const struct option_row *row, void *settings, const char *value)
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

bool run_set_memory(const struct option_row *row, void *settings, const char *value)
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

/* Addresses are written in hexadecimal; an offset may also be a size. */
static bool read_offset(const char *text, uint64_t *offset)
{
    char *end;

    if (text[0] != '0' || text[1] != 'x' || !isxdigit((unsigned char)text[2])) {
        return option_size(text, offset);
    }
    errno = 0;
    *offset = strtoull(text, &end, 16);
    return errno == 0 && *end == '\0';
}

bool run_set_kernel_at(const struct option_row *row, void *settings, const char *value)
{
    struct config *config = settings;

    (void)row;
    if (!read_offset(value, &config->kernel_at)) {
        report("--kernel-at %s: not an offset; give one such as 0x80000 or 2M", value);
        return false;
    }
    if (config->kernel_at >= MEMORY_MOST) {
        report("--kernel-at %s: out of range; it counts from the start of memory", value);
        return false;
    }
    if (config->kernel_at % 4 != 0) {
        report("--kernel-at %s: not a multiple of 4, the size of an instruction", value);
        return false;
    }
    return true;
}

bool run_set_name(const struct option_row *row, void *settings, const char *value)
{
    struct config *config = settings;
    size_t length = strlen(value);
    size_t good =
        strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    (void)row;
    if (length == 0 || length > CONFIG_NAME_MAX || good != length || value[0] == '-' ||
        value[0] == '.') {
        report("--name %s: not a name; give 1 to %d letters, digits, '.', '_' or '-', of which the "
               "first is neither '.' nor '-'",
               value, CONFIG_NAME_MAX);
        return false;
    }
    config->name = value;
    config->name_given = true;
    return true;
}

enum { ASK_SECONDS_MAX = 24 * 60 * 60 };

static bool read_ask_seconds(const char *text, const char *end, unsigned *seconds)
{
    uint64_t number;

    if (!option_number(&text, &number) || text != end || number < 1 || number > ASK_SECONDS_MAX) {
        return false;
    }
    *seconds = (unsigned)number;
    return true;
}

/* One of the comma-separated words after "ask": `length` characters from `word` on. */
static bool read_ask_word(struct config *config, const char *word, size_t length)
{
    static const char honour[] = "default=honour";
    static const char refuse[] = "default=refuse";
    static const char deadline[] = "deadline=";
    const size_t prefix = sizeof(deadline) - 1;

    if (length > prefix && memcmp(word, deadline, prefix) == 0) {
        return read_ask_seconds(word + prefix, word + length, &config->ask_seconds);
    }
    config->ask_default = length == sizeof(honour) - 1 && memcmp(word, honour, length) == 0;
    return config->ask_default ||
           (length == sizeof(refuse) - 1 && memcmp(word, refuse, length) == 0);
}

static bool read_ask(struct config *config, const char *value)
{
    config->on_suspend = SUSPEND_ASK;
    config->on_suspend_explicit = true;
    for (const char *word = value + strlen("ask"); *word != '\0';) {
        size_t length = strcspn(++word, ",");

        if (!read_ask_word(config, word, length)) {
            report("--on-suspend %s: '%.*s' cannot follow ask; give deadline=SECONDS (1 to %d), "
                   "default=honour or default=refuse",
                   value, (int)length, word, ASK_SECONDS_MAX);
            return false;
        }
        word += length;
    }
    return true;
}

static bool read_save(struct config *config, const char *path)
{
    if (*path == '\0') {
        report("--on-suspend save=FILE: FILE is empty; name the file that the sleeping VM becomes");
        return false;
    }
    config->on_suspend = SUSPEND_SAVE;
    config->on_suspend_explicit = true;
    config->save = path;
    return true;
}

bool run_set_sleep_memory(const struct option_row *row, void *settings, const char *value)
{
    struct config *config = settings;
    static const char disk[] = "disk=";

    (void)row;
    config->sleep_file = NULL;
    if (strcmp(value, "keep") == 0) {
        config->sleep_memory = SLEEP_MEMORY_KEEP;
    } else if (strcmp(value, "reclaim") == 0) {
        config->sleep_memory = SLEEP_MEMORY_RECLAIM;
    } else if (strncmp(value, disk, strlen(disk)) == 0 && value[strlen(disk)] != '\0') {
        config->sleep_memory = SLEEP_MEMORY_DISK;
        config->sleep_file = value + strlen(disk);
    } else {
        report("--sleep-memory %s: use keep, reclaim or disk=FILE", value);
        return false;
    }
    return true;
}

bool run_set_on_suspend(const struct option_row *row, void *settings, const char *value)
{
    struct config *config = settings;

    if (strncmp(value, "save=", strlen("save=")) == 0) {
        return read_save(config, value + strlen("save="));
    }

    if (strncmp(value, "ask,", strlen("ask,")) == 0) {
        return read_ask(config, value);
    }
    if (!option_set_word(row, settings, value)) {
        return false;
    }
    config->on_suspend_explicit = true;
    return true;
}

static size_t read_wake_detail(void *arg, unsigned source, const char *text)
{
    struct config *config = arg;

    return source == WAKE_NET ? net_wake_add(&config->net_wake, text) : 0;
}

static bool refuse_wake(const char *value, const char *bad, int length)
{
    if (length == 4 && strncmp(bad, "none", 4) == 0) {
        report("--wake %s: none cannot be in a list with others", value);
    } else if (strncmp(bad, "net=", 4) == 0) {
        report("--wake %s: '%.*s' names no frames; after net= give any, unicast, arp, magic, or "
               "bpf:EXPRESSION as the last of the list",
               value, length, bad);
    } else {
        report("--wake %s: '%.*s' is not a wake source; give a list of irq, rtc, console, signal, "
               "net, vsock, or all, or none",
               value, length, bad);
    }
    return false;
}

bool run_set_wake(const struct option_row *row, void *settings, const char *value)
{
    struct config *config = settings;
    const char *bad;
    int bad_length;

    (void)row;
    config->net_wake = (struct net_wake){0};
    int set = wake_parse(value, read_wake_detail, config, &bad, &bad_length);
    if (set < 0) {
        return refuse_wake(value, bad, bad_length);
    }
    config->wake = (unsigned)set;
    return true;
}

bool run_set_events(const struct option_row *row, void *settings, const char *value)
{
    if (logfile_spec_has_unknown_word(value)) {
        report("--events %s: only ',max=SIZE' may follow the file's name", value);
        return false;
    }
    if (!logfile_spec_is_valid(value)) {
        report("--events %s: not a file; give FILE, or FILE,max=SIZE with a SIZE of at least 4K",
               value);
        return false;
    }
    return option_set_text(row, settings, value);
}

bool run_set_trace(const struct option_row *row, void *settings, const char *value)
{
    if (!logfile_spec_is_valid(value)) {
        report("--trace %s: not a file; give FILE, or FILE,max=SIZE with a SIZE of at least 4K",
               value);
        return false;
    }
    return option_set_text(row, settings, value);
}

bool run_set_metrics(const struct option_row *row, void *settings, const char *value)
{
    if (strncmp(value, "unix:", strlen("unix:")) != 0 && !metrics_file_is_valid(value)) {
        report("--metrics %s: give a file whose name ends in " METRICS_FILE_END
               ", because the node exporter reads no other, or unix:PATH",
               value);
        return false;
    }
    return option_set_text(row, settings, value);
}

bool run_set_on_pending(const struct option_row *row, void *settings, const char *value)
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

bool run_set_qmp(const struct option_row *row, void *settings, const char *value)
{
    const size_t most = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
    size_t length = strlen(value);

    /* QEMU's way to name a socket would be the name of a file here. */
    if (strncmp(value, "unix:", strlen("unix:")) == 0) {
        report("--qmp %s: give only the socket's path, without 'unix:' and what follows the path",
               value);
        return false;
    }
    if (length == 0 || length > most) {
        report("--qmp %s: a socket's path has 1 to %zu characters", value, most);
        return false;
    }
    return option_set_text(row, settings, value);
}

/* Reads a time such as "5m" at *text, and moves *text after it. */
static bool read_duration(const char **text, unsigned *seconds)
{
    static const struct {
        char letter;
        unsigned seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 60 * 60}};
    enum { DURATION_MAX = 7 * 24 * 60 * 60 };
    uint64_t number;

    if (!option_number(text, &number)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (**text == units[i].letter) {
            ++*text;
            *seconds = (unsigned)(number * units[i].seconds);
            return number >= 1 && number <= DURATION_MAX / units[i].seconds;
        }
    }
    return false;
}

/* Reads ",cpu=PERCENT", or nothing, at the end of a value. */
static bool read_idle_cpu(const char *text, unsigned *percent)
{
    static const char cpu[] = ",cpu=";
    uint64_t number;

    if (*text == '\0') {
        return true;
    }
    if (strncmp(text, cpu, sizeof(cpu) - 1) != 0) {
        return false;
    }
    text += sizeof(cpu) - 1;
    if (!option_number(&text, &number) || *text != '\0' || number < 1 || number > 100) {
        return false;
    }
    *percent = (unsigned)number;
    return true;
}

bool run_set_sleep_when_idle(const struct option_row *row, void *settings, const char *value)
{
    struct config *config = settings;
    const char *rest = value;

    (void)row;
    if (!read_duration(&rest, &config->idle_seconds) ||
        !read_idle_cpu(rest, &config->idle_cpu_percent)) {
        report("--sleep-when-idle %s: give a time of at most 7 days such as 90s, 5m or 2h, and "
               "after it nothing or ',cpu=PERCENT' (1 to 100)",
               value);
        return false;
    }
    return true;
}

bool run_set_shutdown_limit(const struct option_row *row, void *settings, const char *value)
{
    enum { SECONDS_MAX = 24 * 60 * 60 };
    struct config *config = settings;
    const char *rest = value;
    uint64_t seconds;

    (void)row;
    if (!option_number(&rest, &seconds) || *rest != '\0' || seconds > SECONDS_MAX) {
        report("--shutdown-limit %s: not a number of seconds; give 0 to %d", value, SECONDS_MAX);
        return false;
    }
    config->shutdown_seconds = (unsigned)seconds;
    return true;
}

/* Reads "MAJOR.MINOR". */
static bool read_version(const char *text, uint64_t *major, uint64_t *minor)
{
    if (!option_number(&text, major) || *text != '.') {
        return false;
    }
    text++;
    return option_number(&text, minor) && *text == '\0';
}

bool run_set_psci_version(const struct option_row *row, void *settings, const char *value)
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
