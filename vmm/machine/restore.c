/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Continues the sleep of a guest that was saved as a file. The order is KVM's (Linux,
 * Documentation/virt/kvm/devices/arm-vgic-v3.rst and arm-vgic-its.rst): memory, the processor's registers,
 * the counter, the interrupt controller, its timers; then the devices, whose alarms may have passed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/report.h"
#include "machine/parts.h"
#include "machine/sections.h"
#include "psci/admission.h"
#include "state/reader.h"

#define SECOND INT64_C(1000000000)

/* Finds a section that must be there. */
static int restore_find(struct machine *machine, const char *tag, uint32_t instance,
                        struct state_record *record)
{
    return state_reader_section(machine->reader, tag, instance, record)
               ? 0
               : state_reader_refuse(machine->reader, tag, instance, "it is missing");
}

/* After all of a section was read that is known: a later version may have added to its end. */
static int restore_check_end(struct machine *machine, const char *tag, uint32_t instance,
                             const struct state_record *record)
{
    return state_record_good(record)
               ? 0
               : state_reader_refuse(machine->reader, tag, instance, "it is too short");
}

/* --- The shape of the machine, which the command line gives again. --- */

static bool restore_refuse(const struct machine *machine, const char *option, const char *what,
                           uint64_t saved, uint64_t given)
{
    report("--restore %s: the saved VM has %" PRIu64 " %s, and this command line gives %" PRIu64
           " (%s)",
           state_reader_path(machine->reader), saved, what, given, option);
    return false;
}

static bool restore_compare(const struct machine *machine, const struct section_shape *shape)
{
    const struct config *config = machine->config;
    const struct {
        const char *option;
        const char *what;
        uint64_t saved;
        uint64_t given;
    } rows[] = {
        {"--memory", "MiB of memory", shape->memory_size >> 20, config->memory_size >> 20},
        {"--cpus", "vCPUs", shape->cpu_count, config->cpu_count},
        {"--clusters", "clusters", shape->clusters, config->clusters},
        {"--idle", "as its kind of idle states", shape->idle, config->idle},
        {"--disk, --net and others", "devices", shape->device_count, machine->devices.count},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].saved != rows[i].given) {
            return restore_refuse(machine, rows[i].option, rows[i].what, rows[i].saved,
                                  rows[i].given);
        }
    }
    return true;
}

/* The guest has read the version, and relies on it. */
static bool restore_pin_version(struct machine *machine, uint32_t version)
{
    uint32_t wanted = machine->config->psci_version;

    if (version == CONFIG_PSCI_DEFAULT || version > VPSCI_VERSION_NEWEST) {
        report("--restore %s: the saved VM has PSCI %u.%u, which this dormouse does not know",
               state_reader_path(machine->reader), version >> 16, version & 0xffff);
        return false;
    }
    if (wanted != CONFIG_PSCI_DEFAULT && wanted != version) {
        report("--restore %s: the saved VM has PSCI %u.%u, and this command line gives %u.%u "
               "(--psci-version)",
               state_reader_path(machine->reader), version >> 16, version & 0xffff, wanted >> 16,
               wanted & 0xffff);
        return false;
    }
    machine->psci_version = version;
    return true;
}

static bool restore_has_device(struct machine *machine, const char *wanted, uint32_t count)
{
    for (uint32_t i = 0; i < count && i < INSTANCES_MAX; i++) {
        char name[SECTION_NAME_SIZE + 1] = {0};
        struct state_record record;

        if (!state_reader_section(machine->reader, SECTION_DEVICE, i, &record)) {
            return false;
        }
        state_get_bytes(&record, name, SECTION_NAME_SIZE);
        if (strcmp(name, wanted) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * A VM whose image is older than a kind of device does without it, also after a reboot: it is the same
 * machine for ever.
 */
static void restore_leave_out(struct machine *machine, uint32_t saved_count)
{
    for (unsigned i = machine->devices.count; i-- > 0;) {
        const struct device_class *cls = machine->devices.at[i].cls;

        if (cls->came_later && !restore_has_device(machine, cls->name, saved_count)) {
            instances_remove(&machine->devices, i);
        }
    }
}

static bool restore_check_clone(const struct machine *machine)
{
    bool knows = !machine->config->clone;

    for (unsigned i = 0; i < machine->devices.count; i++) {
        knows = knows || machine->devices.at[i].cls->fork != NULL;
    }
    if (!knows) {
        report(
            "--restore %s: --clone: the saved VM has no generation ID, because an older dormouse "
            "started it: its clones would all have the same random numbers",
            state_reader_path(machine->reader));
    }
    return knows;
}

static int restore_read_shape(struct machine *machine)
{
    struct state_record record;
    struct section_shape shape;
    int error = restore_find(machine, SECTION_SHAPE, 0, &record);

    if (error != 0) {
        return error;
    }
    section_get_shape(&record, &shape);
    error = restore_check_end(machine, SECTION_SHAPE, 0, &record);
    if (error != 0) {
        return error;
    }
    restore_leave_out(machine, shape.device_count);
    return restore_compare(machine, &shape) && restore_check_clone(machine) &&
                   restore_pin_version(machine, shape.psci_version)
               ? 0
               : -REPORTED;
}

static int restore_read_sleep(struct machine *machine)
{
    struct state_record record;
    struct section_sleep sleep;
    int error = restore_find(machine, SECTION_SLEEP, 0, &record);

    if (error != 0) {
        return error;
    }
    section_get_sleep(&record, &sleep);
    error = restore_check_end(machine, SECTION_SLEEP, 0, &record);
    if (error == 0 && sleep.vcpu >= machine->config->cpu_count) {
        error = state_reader_refuse(machine->reader, SECTION_SLEEP, 0, "no vCPU has that number");
    }
    machine->restored.vcpu = sleep.vcpu;
    machine->restored.call = sleep.call;
    return error;
}

/* --keep: a guest that slept by itself sleeps on. */
static void restore_read_awake(struct machine *machine)
{
    struct state_record record;
    bool awake = state_reader_section(machine->reader, SECTION_AWAKE, 0, &record);

    machine->restored.asleep = machine->config->asleep || (machine->config->keep != NULL && !awake);
}

static void restore_read_agent(struct machine *machine)
{
    struct state_record record;

    machine->restored.has_agent = state_reader_section(machine->reader, SECTION_AGENT, 0, &record);
}

int restore_open(struct machine *machine)
{
    if (machine->config->restore == NULL) {
        return 0;
    }
    const struct config *config = machine->config;
    int error = config->clone ? state_reader_open_shared(config->restore, &machine->reader)
                              : state_reader_open(config->restore, &machine->reader);

    if (error == 0) {
        error = restore_read_shape(machine);
    }
    if (error == 0) {
        error = restore_read_sleep(machine);
    }
    if (error == 0) {
        restore_read_awake(machine);
        restore_read_agent(machine);
        mapped_plan(machine, machine->reader);
    }
    return error;
}

void restore_close(struct machine *machine)
{
    state_reader_close(machine->reader);
    machine->reader = NULL;
}

bool restore_is_due(const struct machine *machine)
{
    return machine->reader != NULL && !machine->restored.done;
}

/* --- KVM's part. --- */

static int restore_blame(const struct machine *machine, const struct section_part *part, int error,
                         const struct kvm_culprit *culprit)
{
    const char *path = state_reader_path(machine->reader);

    if (error == -EDOM) {
        report("--restore %s: %s is another one on this host: %s is 0x%" PRIx64
               " here and cannot become 0x%" PRIx64,
               path, part->what, culprit->name, culprit->actual, culprit->wanted);
    } else if (error == -ENOENT) {
        report("--restore %s: %s is another one on this host, which has no %s (0x%" PRIx64 ")",
               path, part->what, culprit->name, culprit->wanted);
    } else {
        report("--restore %s: cannot restore %s%s%s: %s", path, part->what,
               culprit->name[0] != '\0' ? ", at " : "", culprit->name, strerror(-error));
    }
    return -REPORTED;
}

static int restore_write_part(struct machine *machine, const struct section_part *part,
                              unsigned vcpu, const struct kvm_registers *list)
{
    struct kvm_culprit culprit = {0};
    int error = vcpu_write_part(machine->board.vcpu[vcpu], part->part, list, &culprit);

    return error == 0 ? 0 : restore_blame(machine, part, error, &culprit);
}

/* One section, for one vCPU or for all. */
static int restore_section(struct machine *machine, const struct section_part *part,
                           unsigned instance, struct kvm_registers *list)
{
    struct state_record record;
    unsigned count = part->for_all ? machine->config->cpu_count : 1;
    int error = restore_find(machine, part->tag, instance, &record);

    if (error != 0) {
        return error;
    }
    if (!section_get_registers(&record, list)) {
        return state_reader_refuse(machine->reader, part->tag, instance, "too many registers");
    }
    error = restore_check_end(machine, part->tag, instance, &record);
    for (unsigned i = 0; i < count && error == 0; i++) {
        error = restore_write_part(machine, part, instance + i, list);
    }
    return error;
}

static int restore_parts(struct machine *machine)
{
    struct kvm_registers *list = malloc(sizeof(*list));
    int error = list != NULL ? 0 : -ENOMEM;

    for (const struct section_part *part = section_parts; part->tag != NULL && error == 0; part++) {
        unsigned count = part->each ? machine->config->cpu_count : 1;

        for (unsigned i = 0; i < count && error == 0; i++) {
            error = restore_section(machine, part, i, list);
        }
    }
    free(list);
    return error;
}

static uint64_t restore_ticks(int64_t nanoseconds, uint64_t frequency)
{
    uint64_t seconds = (uint64_t)(nanoseconds / SECOND);
    uint64_t rest = (uint64_t)(nanoseconds % SECOND);

    return seconds * frequency + rest * frequency / (uint64_t)SECOND;
}

/* How long the VM was a file, by the date of one host or of two. */
static int64_t restore_age(const struct machine *machine, int64_t saved_ns)
{
    int64_t age = clock_date_ns() - saved_ns;

    if (age < 0) {
        report("--restore %s: it was saved %" PRIi64 " s after this host's date; the guest's clock "
               "does not move",
               state_reader_path(machine->reader), -age / SECOND);
        return 0;
    }
    return age;
}

static int restore_read_time(struct machine *machine, struct section_time *time)
{
    struct state_record record;
    int error = restore_find(machine, SECTION_TIME, 0, &record);

    if (error != 0) {
        return error;
    }
    section_get_time(&record, time);
    error = restore_check_end(machine, SECTION_TIME, 0, &record);
    if (error == 0 && (time->date_ns < 0 || time->clock.frequency > (uint64_t)SECOND)) {
        error = state_reader_refuse(machine->reader, SECTION_TIME, 0, "an impossible time");
    }
    return error;
}

/*
 * The counter moves on by the time that the VM was a file: Linux takes the length of its sleep from it
 * (timekeeping_resume()), and so has the right date without help.
 */
static int restore_time(struct machine *machine)
{
    struct section_time time;
    int error = restore_read_time(machine, &time);

    if (error != 0) {
        return error;
    }
    if (time.clock.frequency != kvm_counter_frequency()) {
        report("--restore %s: the guest's counter runs at %" PRIu64
               " Hz, and this host's at %" PRIu64 " (CNTFRQ_EL0)",
               state_reader_path(machine->reader), time.clock.frequency, kvm_counter_frequency());
        return -REPORTED;
    }
    machine->restored.age_ns = restore_age(machine, time.date_ns);
    error = vcpu_write_clock(machine->board.vcpu[machine->restored.vcpu], &time.clock,
                             restore_ticks(machine->restored.age_ns, time.clock.frequency));
    if (error != 0) {
        report("--restore %s: cannot restore the timers: %s", state_reader_path(machine->reader),
               error == -ENOENT
                   ? "the physical one is to fire, which KVM can set only from Linux 6.4 on"
                   : strerror(-error));
        return -REPORTED;
    }
    return 0;
}

/* --- Devices. --- */

static int restore_refuse_device(const struct machine *machine, const struct bus_device *at,
                                 const char *what, uint64_t saved, uint64_t given)
{
    report("--restore %s: %s at 0x%" PRIx64 ": its %s was 0x%" PRIx64 " and is 0x%" PRIx64 " here",
           state_reader_path(machine->reader), at->instance.cls->name, at->instance.base.value,
           what, saved, given);
    return -REPORTED;
}

static int restore_check_name(struct machine *machine, const struct bus_device *at,
                              struct state_record *record)
{
    char name[SECTION_NAME_SIZE + 1] = {0};

    state_get_bytes(record, name, SECTION_NAME_SIZE);
    uint64_t base = state_get_u64(record);
    if (strcmp(name, at->instance.cls->name) == 0 && base == at->instance.base.value) {
        return 0;
    }
    if (name[0] == '\0' || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(name)) {
        return state_reader_refuse(machine->reader, SECTION_DEVICE, 0, "a device has no name");
    }
    report("--restore %s: the saved VM has %s at 0x%" PRIx64
           ", where this command line gives %s at 0x%" PRIx64,
           state_reader_path(machine->reader), name, base, at->instance.cls->name,
           at->instance.base.value);
    return -REPORTED;
}

/* A driver may have chosen any of the features that it was offered. */
static int restore_check_identity(struct machine *machine, const struct bus_device *at,
                                  struct state_record *record)
{
    struct device_identity own = {0};

    if (at->instance.cls->identify != NULL) {
        at->instance.cls->identify(at->device, &own);
    }
    uint64_t features = state_get_u64(record);
    uint64_t number = state_get_u64(record);
    if ((features & ~own.features) != 0) {
        return restore_refuse_device(machine, at, "set of features", features, own.features);
    }
    return own.what == NULL || number == own.number
               ? 0
               : restore_refuse_device(machine, at, own.what, number, own.number);
}

static int restore_state(struct machine *machine, struct bus_device *at, uint32_t index,
                         struct state_record *record)
{
    const struct device_class *cls = at->instance.cls;
    struct irq_state irq = {
        .level = state_get_u8(record) != 0,
        .held = state_get_u8(record) != 0,
        .pulsed = state_get_u8(record) != 0,
    };
    void *state = calloc(1, cls->state_size);

    if (state == NULL) {
        return -ENOMEM;
    }
    bool fits = section_get_state(record, state, cls->state_size);
    int error = restore_check_end(machine, SECTION_DEVICE, index, record);
    if (error == 0) {
        irq_restore(&at->irq, &irq);
        if (!fits || !cls->restore(at->device, state)) {
            error = state_reader_refuse(machine->reader, SECTION_DEVICE, index,
                                        "the device cannot be in that state");
        }
    }
    free(state);
    return error;
}

static int restore_device(struct machine *machine, unsigned index)
{
    struct bus_device *at = &machine->bus.devices[index];
    struct state_record record;
    int error = restore_find(machine, SECTION_DEVICE, index, &record);

    if (error == 0) {
        error = restore_check_name(machine, at, &record);
    }
    if (error == 0) {
        error = restore_check_identity(machine, at, &record);
    }
    return error == 0 ? restore_state(machine, at, index, &record) : error;
}

static int restore_devices(struct machine *machine)
{
    int error = 0;

    for (unsigned i = 0; i < machine->bus.count && error == 0; i++) {
        error = restore_device(machine, i);
    }
    return error;
}

static int restore_fork(struct machine *machine)
{
    int error = 0;

    for (unsigned i = 0; machine->config->clone && i < machine->bus.count && error == 0; i++) {
        const struct bus_device *at = &machine->bus.devices[i];

        error = at->instance.cls->fork != NULL ? at->instance.cls->fork(at->device) : 0;
    }
    return error;
}

/* --- PSCI. --- */

static int restore_psci(struct machine *machine)
{
    struct psci_backend *backend = &machine->backend;
    const void *bytes = NULL;
    const char *why = NULL;
    struct state_record record;
    size_t size = 0;

    if (state_reader_section(machine->reader, SECTION_PSCI, 0, &record)) {
        size = state_record_left(&record);
        bytes = state_get_view(&record, size);
    }
    int error = backend->ops->resume(backend, machine->restored.vcpu, &machine->restored.call,
                                     bytes, size, &why);
    return error == 0 ? 0 : state_reader_refuse(machine->reader, SECTION_PSCI, 0, why);
}

static void restore_admit(struct admission *admission, unsigned vcpu, unsigned flags)
{
    if ((flags & SECTION_ADMITTED) != 0) {
        admission_admit(admission, vcpu);
        return;
    }
    admission_withdraw(admission, vcpu);
    if ((flags & SECTION_LEAVING) == 0) {
        (void)admission_saw_off(admission, vcpu);
    }
}

/* A command line without `max` admits every vCPU, whatever was before. vCPU 0 starts the machine. */
static int restore_admission(struct machine *machine)
{
    struct admission *admission = machine->backend.psci.admission;
    unsigned count = machine->config->cpu_count;
    struct state_record record;

    if (!state_reader_section(machine->reader, SECTION_ADMIT, 0, &record) || admission == NULL) {
        return 0;
    }
    if (state_get_u32(&record) != count) {
        return state_reader_refuse(machine->reader, SECTION_ADMIT, 0, "it is of other vCPUs");
    }
    const uint8_t *flags = state_get_view(&record, count);
    if (flags == NULL) {
        return restore_check_end(machine, SECTION_ADMIT, 0, &record);
    }
    for (unsigned i = 1; i < count; i++) {
        restore_admit(admission, i, flags[i]);
    }
    return 0;
}

int restore_load(struct machine *machine)
{
    static int (*const steps[])(struct machine *machine) = {
        restore_parts, restore_time, restore_devices, restore_fork, restore_psci, restore_admission,
    };
    int error = state_reader_load_ram(machine->reader, &machine->memory);

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && error == 0; i++) {
        error = steps[i](machine);
    }
    if (error == 0) {
        error = state_reader_check_known(machine->reader);
    }
    return error;
}

int restore_start(struct machine *machine)
{
    int error = machine->config->clone ? 0 : state_reader_claim(machine->reader);

    if (error != 0) {
        return error;
    }
    machine_tell(machine, &(struct power_news){
                              .kind = POWER_NEWS_RESTORED,
                              .file = state_reader_path(machine->reader),
                              .asleep_ns = machine->restored.age_ns,
                          });
    error = power_start_asleep(&machine->power, machine->restored.vcpu, &machine->restored.call,
                               !machine->restored.asleep);
    machine->restored.done = true;
    return error;
}
