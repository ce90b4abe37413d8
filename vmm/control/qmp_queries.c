/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands that only tell. A reply has all members that QEMU always sends, and of those that it may send the
 * known ones.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/qmp_internal.h"

/* `qemu` is the version of QEMU whose protocol this is. */
static json_t *make_version(void)
{
    return json_pack("{s:{s:i, s:i, s:i}, s:s}", "qemu", "major", 10, "minor", 0, "micro", 0,
                     "package", "dormouse " DORMOUSE_VERSION);
}

json_t *qmp_greeting(void)
{
    return json_pack("{s:{s:o, s:[]}}", "QMP", "version", make_version(), "capabilities");
}

static json_t *query_version(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    (void)qmp, (void)argument, (void)fault;
    return make_version();
}

static json_t *query_name(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    (void)argument, (void)fault;
    return json_pack("{s:s}", "name", qmp->name);
}

static json_t *query_status(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    enum operator_status status = qmp->ops->status(qmp->machine);

    (void)argument, (void)fault;
    return json_pack("{s:s, s:b}", "status", qmp_status_names[status], "running",
                     status == OPERATOR_RUNNING);
}

static json_t *make_vcpu(const struct operator_vcpu *vcpu, unsigned index)
{
    char mpidr[sizeof("0x0123456789abcdef")];
    char path[48];

    (void)snprintf(mpidr, sizeof(mpidr), "0x%" PRIx64, vcpu->mpidr);
    (void)snprintf(path, sizeof(path), "/machine/unattached/device[%u]", index);
    return json_pack("{s:i, s:s, s:i, s:s, s:{s:i}, s:s, s:s, s:b}", "cpu-index", (int)index,
                     "qom-path", path, "thread-id", vcpu->thread_id, "target", "aarch64", "props",
                     "core-id", (int)index, "x-dormouse-mpidr", mpidr, "x-dormouse-state",
                     vcpu->state, "x-dormouse-admitted", (int)vcpu->admitted);
}

static json_t *query_cpus_fast(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    unsigned count = qmp->ops->vcpu_count(qmp->machine);
    struct operator_vcpu *vcpus = calloc(count, sizeof(*vcpus));
    json_t *list = vcpus != NULL ? json_array() : NULL;

    (void)argument, (void)fault;
    if (list != NULL) {
        qmp->ops->vcpus(qmp->machine, vcpus, count);
    }
    for (unsigned i = 0; list != NULL && i < count; i++) {
        qmp_append(&list, make_vcpu(&vcpus[i], i));
    }
    free(vcpus);
    return list;
}

static bool is_ascii(const char *text)
{
    while (*text != '\0' && ((unsigned char)*text & 0x80) == 0) {
        text++;
    }
    return *text == '\0';
}

/* Files may have any names; texts of JSON are UTF-8. */
static json_t *make_file_name(const char *file)
{
    json_t *name = json_string(file);

    return name != NULL || is_ascii(file) ? name : json_string("(a name that is not UTF-8)");
}

/* The format of what another process has is not known. */
static json_t *make_image(const struct operator_disk *disk)
{
    return json_pack("{s:o, s:s, s:I}", "filename", make_file_name(disk->file), "format",
                     disk->remote ? "unknown" : "raw", "virtual-size", (json_int_t)disk->size);
}

/* There is no limit to what a guest reads and writes. */
static void add_limits(json_t **node)
{
    static const char *const limits[] = {"bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr"};

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        qmp_set(node, limits[i], json_integer(0));
    }
}

/* The host's page cache is between the guest and a file; what the guest flushes is written. */
static json_t *make_node(const struct operator_disk *disk)
{
    char name[16];

    (void)snprintf(name, sizeof(name), "disk%u", disk->number);
    json_t *node =
        json_pack("{s:o, s:s, s:b, s:s, s:i, s:b, s:b, s:s, s:o, s:{s:b, s:b, s:b}, s:i}", "file",
                  make_file_name(disk->file), "node-name", name, "ro", (int)disk->read_only, "drv",
                  disk->remote ? "vhost-user-blk" : "raw", "backing_file_depth", 0, "active", 1,
                  "encrypted", 0, "detect_zeroes", "off", "image", make_image(disk), "cache",
                  "writeback", 1, "direct", 0, "no-flush", 0, "write_threshold", 0);
    add_limits(&node);
    return node;
}

static json_t *make_disk(const struct operator_disk *disk)
{
    char name[16];

    (void)snprintf(name, sizeof(name), "disk%u", disk->number);
    return json_pack("{s:s, s:s, s:b, s:b, s:s, s:o, s:i}", "device", name, "type", "unknown",
                     "removable", 0, "locked", 0, "io-status", qmp_disk_states[disk->state],
                     "inserted", make_node(disk), "x-dormouse-in-flight", (int)disk->under_way);
}

static json_t *list_disks(struct qmp *qmp, json_t *(*make)(const struct operator_disk *disk))
{
    struct operator_disk disks[OPERATOR_DISKS_MAX];
    unsigned count = qmp->ops->disks(qmp->machine, disks, OPERATOR_DISKS_MAX);
    json_t *list = json_array();

    for (unsigned i = 0; list != NULL && i < count; i++) {
        qmp_append(&list, make(&disks[i]));
    }
    return list;
}

static json_t *query_block(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    (void)argument, (void)fault;
    return list_disks(qmp, make_disk);
}

/* No node has another one under it, so `flat` changes nothing. */
static json_t *query_nodes(struct qmp *qmp, const json_t *flat, struct qmp_fault *fault)
{
    (void)flat, (void)fault;
    return list_disks(qmp, make_node);
}

static json_t *make_channel(const struct operator_channel *channel)
{
    const char *end = strcmp(channel->kind, "unix") == 0 ? ",server=on" : "";
    json_t *file = channel->path != NULL
                       ? json_sprintf("%s:%s%s", channel->kind, channel->path, end)
                       : json_string(channel->kind);

    if (file == NULL && channel->path != NULL && !is_ascii(channel->path)) {
        file = json_sprintf("%s:(a name that is not UTF-8)%s", channel->kind, end);
    }
    return json_pack("{s:s, s:o, s:b}", "label", channel->label, "filename", file, "frontend-open",
                     (int)channel->open);
}

static json_t *query_channels(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    struct operator_channel channels[OPERATOR_CHANNELS_MAX];
    unsigned count = qmp->ops->channels(qmp->machine, channels, OPERATOR_CHANNELS_MAX);
    const struct operator_channel own = {"qmp", "unix", qmp->listener.setup.path, true};
    json_t *list = json_array();

    (void)argument, (void)fault;
    for (unsigned i = 0; list != NULL && i < count; i++) {
        qmp_append(&list, make_channel(&channels[i]));
    }
    if (list != NULL) {
        qmp_append(&list, make_channel(&own));
    }
    return list;
}

static json_t *query_current_machine(struct qmp *qmp, const json_t *argument,
                                     struct qmp_fault *fault)
{
    struct operator_facts facts;

    (void)argument, (void)fault;
    qmp->ops->facts(qmp->machine, &facts);
    return json_pack("{s:b}", "wakeup-suspend-support", (int)facts.can_wake);
}

static json_t *query_kvm(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    (void)qmp, (void)argument, (void)fault;
    return json_pack("{s:b, s:b}", "enabled", 1, "present", 1);
}

static json_t *query_target(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    (void)qmp, (void)argument, (void)fault;
    return json_pack("{s:s}", "arch", "aarch64");
}

static json_t *query_machines(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    struct operator_facts facts;

    (void)argument, (void)fault;
    qmp->ops->facts(qmp->machine, &facts);
    return json_pack("[{s:s, s:b, s:i, s:b, s:b, s:b, s:b, s:s}]", "name", "dormouse", "is-default",
                     1, "cpu-max", (int)facts.cpus_max, "hotpluggable-cpus", 0,
                     "numa-mem-supported", 0, "deprecated", 0, "acpi", 0, "default-cpu-type",
                     "host-arm-cpu");
}

static json_t *query_memory_size(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    struct operator_facts facts;

    (void)argument, (void)fault;
    qmp->ops->facts(qmp->machine, &facts);
    return json_pack("{s:I, s:i}", "base-memory", (json_int_t)facts.memory, "plugged-memory", 0);
}

/* As in QEMU, zeros are no UUID. */
static json_t *query_uuid(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    (void)qmp, (void)argument, (void)fault;
    return json_pack("{s:s}", "UUID", "00000000-0000-0000-0000-000000000000");
}

static json_t *query_suspend(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    (void)argument, (void)fault;
    return json_pack("{s:b}", "pending", (int)qmp->ops->suspend_is_pending(qmp->machine));
}

static json_t *query_power(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    struct operator_life life = {0};

    (void)argument, (void)fault;
    qmp->ops->life(qmp->machine, &life);
    return json_pack("{s:s, s:I, s:I, s:I}", "status",
                     qmp_status_names[qmp->ops->status(qmp->machine)], "state-ms",
                     (json_int_t)life.state_ms, "sleeps", (json_int_t)life.sleeps, "wakes",
                     (json_int_t)life.wakes);
}

json_t *qmp_no_balloon(struct qmp_fault *fault)
{
    *fault = (struct qmp_fault){"DeviceNotActive", "No balloon device has been activated"};
    return NULL;
}

static json_t *query_balloon(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    uint64_t bytes = 0;

    (void)argument;
    return qmp->ops->balloon(qmp->machine, &bytes) == NULL
               ? json_pack("{s:I}", "actual", (json_int_t)bytes)
               : qmp_no_balloon(fault);
}

static json_t *query_sleep_memory(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault)
{
    bool in_file = false;
    enum operator_depth depth = qmp->ops->depth(qmp->machine, &in_file);

    (void)argument, (void)fault;
    return json_pack("{s:s, s:b}", "depth", qmp_depths[depth], "in-file", (int)in_file);
}

const struct qmp_command qmp_queries[] = {
    {"query-version", QMP_NO_ARGUMENT, "VersionInfo", query_version},
    {"query-name", QMP_NO_ARGUMENT, "NameInfo", query_name},
    {"query-status", QMP_NO_ARGUMENT, "StatusInfo", query_status},
    {"query-cpus-fast", QMP_NO_ARGUMENT, "[CpuInfoFast]", query_cpus_fast},
    {"query-current-machine", QMP_NO_ARGUMENT, "CurrentMachineParams", query_current_machine},
    {"query-kvm", QMP_NO_ARGUMENT, "KvmInfo", query_kvm},
    {"query-target", QMP_NO_ARGUMENT, "TargetInfo", query_target},
    {"query-machines", QMP_NO_ARGUMENT, "[MachineInfo]", query_machines},
    {"query-uuid", QMP_NO_ARGUMENT, "UuidInfo", query_uuid},
    {"query-memory-size-summary", QMP_NO_ARGUMENT, "MemoryInfo", query_memory_size},
    {"query-block", QMP_NO_ARGUMENT, "[BlockInfo]", query_block},
    {"query-named-block-nodes", QMP_FLAT, "[BlockDeviceInfo]", query_nodes},
    {"query-chardev", QMP_NO_ARGUMENT, "[ChardevInfo]", query_channels},
    {"query-balloon", QMP_NO_ARGUMENT, "BalloonInfo", query_balloon},
    {"x-dormouse-query-sleep-memory", QMP_NO_ARGUMENT, "x-dormouse-SleepMemoryInfo",
     query_sleep_memory},
    {"x-dormouse-query-power", QMP_NO_ARGUMENT, "x-dormouse-PowerInfo", query_power},
    {"x-dormouse-query-suspend", QMP_NO_ARGUMENT, "x-dormouse-SuspendInfo", query_suspend},
    {NULL, QMP_NO_ARGUMENT, NULL, NULL},
};
