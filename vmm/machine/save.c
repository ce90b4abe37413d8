/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Saves a sleeping guest as a file. Its vCPUs are paused, its drivers have reset their devices, and its
 * kernel has put what it needs into memory: so beside memory there are only the interrupt controller, the
 * timers, the devices' registers and who wakes where.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/report.h"
#include "machine/parts.h"
#include "machine/sections.h"
#include "psci/admission.h"
#include "state/writer.h"

/* Adds the section and empties the record. */
static int save_add(struct machine *machine, const char *tag, uint32_t instance, uint32_t flags,
                    struct state_record *record)
{
    int error = state_writer_add(machine->saving, tag, instance, flags, record);

    state_record_free(record);
    return error;
}

static int save_shape(struct machine *machine)
{
    struct state_record record = {0};
    const struct section_shape shape = {
        .memory_base = machine->memory.base.value,
        .memory_size = machine->memory.size,
        .cpu_count = machine->config->cpu_count,
        .psci_version = machine->psci_version,
        .idle = machine->config->idle,
        .clusters = machine->config->clusters,
        .device_count = machine->bus.count,
    };

    section_put_shape(&record, &shape);
    return save_add(machine, SECTION_SHAPE, 0, STATE_MANDATORY, &record);
}

static int save_sleep(struct machine *machine)
{
    struct state_record record = {0};
    const struct section_sleep sleep = {
        .vcpu = machine->power.sleeper,
        .call = machine->power.call,
    };

    section_put_sleep(&record, &sleep);
    return save_add(machine, SECTION_SLEEP, 0, STATE_MANDATORY, &record);
}

static int save_report(const char *what, int error)
{
    report("cannot save the VM: cannot read the state of %s: %s", what, strerror(-error));
    return -REPORTED;
}

static int save_time(struct machine *machine)
{
    struct state_record record = {0};
    struct section_time time = {.date_ns = clock_date_ns()};
    int error = vcpu_read_clock(machine->board.vcpu[machine->power.sleeper], &time.clock);

    if (error == -ENOENT) {
        report("cannot save the VM: its physical timer may be to wake it, which KVM shows only "
               "from Linux "
               "6.4 on");
        return -REPORTED;
    }
    if (error != 0) {
        return save_report("the timers", error);
    }
    section_put_time(&record, &time);
    return save_add(machine, SECTION_TIME, 0, STATE_MANDATORY, &record);
}

static int save_part_of(struct machine *machine, const struct section_part *part, unsigned vcpu,
                        struct kvm_registers *list)
{
    struct state_record record = {0};
    int error = vcpu_read_part(machine->board.vcpu[vcpu], part->part, list);

    if (error != 0) {
        return save_report(part->what, error);
    }
    section_put_registers(&record, list);
    return save_add(machine, part->tag, vcpu, STATE_MANDATORY, &record);
}

static int save_parts(struct machine *machine)
{
    struct kvm_registers *list = malloc(sizeof(*list));
    int error = list != NULL ? 0 : save_report("the VM", -ENOMEM);

    for (const struct section_part *part = section_parts; part->tag != NULL && error == 0; part++) {
        unsigned count = part->each ? machine->config->cpu_count : 1;

        for (unsigned i = 0; i < count && error == 0; i++) {
            error = save_part_of(machine, part, i, list);
        }
    }
    free(list);
    return error;
}

static int save_device(struct machine *machine, unsigned index)
{
    struct state_record record = {0};
    struct bus_device *at = &machine->bus.devices[index];
    const struct device_class *cls = at->instance.cls;

    if (cls->busy != NULL && cls->busy(at->device)) {
        report("cannot save the VM: the guest sleeps without having reset its %s at 0x%llx",
               cls->name, (unsigned long long)at->instance.base.value);
        return -REPORTED;
    }
    section_put_device(&record, at);
    section_put_state(&record, device_state(cls, at->device), cls->state_size);
    return save_add(machine, SECTION_DEVICE, index, STATE_MANDATORY, &record);
}

static int save_devices(struct machine *machine)
{
    int error = 0;

    for (unsigned i = 0; i < machine->bus.count && error == 0; i++) {
        error = save_device(machine, i);
    }
    return error;
}

static int save_psci(struct machine *machine)
{
    const struct psci_backend *backend = &machine->backend;
    struct state_record record = {0};

    if (backend->ops->save == NULL) {
        return 0;
    }
    size_t size = backend->ops->record_size(backend);
    void *bytes = malloc(size);
    int error = bytes != NULL ? backend->ops->save(backend, bytes, size) : -ENOMEM;
    if (error != 0) {
        error = save_report("PSCI", error);
    } else {
        state_put_bytes(&record, bytes, size);
        /* A host whose kernel answers PSCI does without it. */
        error = save_add(machine, SECTION_PSCI, 0, 0, &record);
    }
    free(bytes);
    return error;
}

/* Where the operator admits vCPUs: those of the command line may not be all by now. */
static int save_admission(struct machine *machine)
{
    const struct admission *admission = machine->backend.psci.admission;
    struct state_record record = {0};

    if (admission == NULL) {
        return 0;
    }
    state_put_u32(&record, machine->config->cpu_count);
    for (unsigned i = 0; i < machine->config->cpu_count; i++) {
        unsigned admitted = admission_has(admission, i) ? SECTION_ADMITTED : 0;
        unsigned leaving = admission_is_leaving(admission, i) ? SECTION_LEAVING : 0;

        state_put_u8(&record, (uint8_t)(admitted | leaving));
    }
    return save_add(machine, SECTION_ADMIT, 0, 0, &record);
}

/* With --keep such a guest is woken, and another one sleeps on. */
static int save_awake(struct machine *machine)
{
    struct state_record record = {0};

    if (!machine->save_woken || machine->saving != machine->writer) {
        return 0;
    }
    state_put_u8(&record, 1);
    return save_add(machine, SECTION_AWAKE, 0, 0, &record);
}

/* A guest that only its agent reaches can be asked at once after a restore. */
static int save_agent(struct machine *machine)
{
    struct state_record record = {0};

    if (!reach_has_agent(machine)) {
        return 0;
    }
    state_put_u8(&record, 1);
    return save_add(machine, SECTION_AGENT, 0, 0, &record);
}

/* KVM writes the ITS's tables to guest memory in save_parts(), so memory comes last. */
static int save_all(struct machine *machine)
{
    static int (*const steps[])(struct machine *machine) = {
        save_shape, save_sleep,     save_time,  save_parts, save_devices,
        save_psci,  save_admission, save_awake, save_agent,
    };
    int error = 0;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && error == 0; i++) {
        error = steps[i](machine);
    }
    return error != 0 ? error : state_writer_add_ram(machine->saving, &machine->memory);
}

void save_tell(struct machine *machine, const struct state_writer *writer, bool saved)
{
    machine_tell(machine, &(struct power_news){
                              .kind = saved ? POWER_NEWS_SAVED : POWER_NEWS_SAVE_FAILED,
                              .file = state_writer_path(writer),
                          });
}

bool save_machine(struct machine *machine, struct state_writer *writer)
{
    int error = state_writer_begin(writer);

    machine->saving = writer;
    if (error == 0) {
        error = save_all(machine);
    }
    if (error == 0) {
        error = state_writer_commit(writer);
    }
    if (error != 0) {
        state_writer_abort(writer);
    }
    save_tell(machine, writer, error == 0);
    return error == 0;
}

int save_open(struct machine *machine)
{
    const struct config *config = machine->config;

    if (config->save == NULL) {
        return 0;
    }
    return state_writer_open(config->save,
                             config->on_suspend == SUSPEND_SAVE ? "--on-suspend save" : "--save",
                             &machine->writer);
}

void save_close(struct machine *machine)
{
    state_writer_close(machine->writer);
    machine->writer = NULL;
}
