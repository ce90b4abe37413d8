/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sections of an image, with right checksums and wrong contents: what machine/restore.c makes of them. The VM of this
 * program is saved as it was created; each step of an input changes a section, cuts it, lengthens it or leaves it out. Then
 * the VM is restored, with the real devices and without KVM. It is refused with one line; or the guest does what the rest
 * of the input says to devices that are in states which they can be in.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/report.h"
#include "core/map.h"
#include "events.h"
#include "host/console/console.h"
#include "host/net/net_parts.h"
#include "machine/parts.h"
#include "machine/sections.h"
#include "one_line.h"
#include "psci/admission.h"
#include "state/reader.h"

enum {
    STEP_SIZE = 12,
    CPUS = 2,
    SECTIONS_MAX = 40,
    BYTES_MAX = 8192, /* of a section */
    SPACE = 64,       /* by which a section may grow */
    RAM_SIZE = 64 << 10,
    FREQUENCY = 62500000,
};

struct section {
    const char *tag;
    uint32_t instance;
    bool missing;
    size_t size;
    uint8_t bytes[BYTES_MAX];
};

static struct {
    struct loop *loop;
    struct machine machine;
    struct config config;
    struct psci_backend_ops ops;
    struct admission *admission;
    unsigned count;
    struct section sections[SECTIONS_MAX];
    int far; /* the other end of the network */
    struct console_receiver receiver;
} run;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* --- In place of the reader, which has a fuzzer of its own. --- */

#define WRAPPED(type, name, parameters)                                                            \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters

WRAPPED(int, state_reader_open, (const char *path, struct state_reader **out))
{
    (void)path;
    *out = (struct state_reader *)&run;
    return 0;
}

WRAPPED(bool, state_reader_section,
        (struct state_reader * reader, const char *tag, uint32_t instance,
         struct state_record *record))
{
    (void)reader;
    for (unsigned i = 0; i < run.count; i++) {
        const struct section *section = &run.sections[i];

        if (strcmp(section->tag, tag) == 0 && section->instance == instance) {
            *record = state_record_of(section->bytes, section->size);
            return !section->missing;
        }
    }
    return false;
}

WRAPPED(int, state_reader_refuse,
        (const struct state_reader *reader, const char *tag, uint32_t instance, const char *why))
{
    (void)reader;
    report("image vm: section %s.%u: %s", tag, instance, why);
    return -REPORTED;
}

WRAPPED(const char *, state_reader_path, (const struct state_reader *reader))
{
    (void)reader;
    return "vm";
}

WRAPPED(int, state_reader_load_ram, (struct state_reader * reader, struct memory *memory))
{
    (void)reader;
    (void)memory;
    return 0;
}

WRAPPED(int, state_reader_check_known, (const struct state_reader *reader))
{
    (void)reader;
    return 0;
}

WRAPPED(void, state_reader_close, (struct state_reader * reader))
{
    (void)reader;
}

/* --- In place of KVM, of the PSCI backend and of the rest of the machine. --- */

int vcpu_write_part(struct vcpu *vcpu, enum kvm_part part, const struct kvm_registers *list,
                    struct kvm_culprit *culprit)
{
    static const int errors[] = {-EDOM, -ENOENT, -EINVAL};

    (void)vcpu;
    check(part <= KVM_PART_ITS && list->count <= KVM_REGISTERS_MAX);
    for (unsigned i = 0; i < list->count; i++) {
        if (list->at[i].id % 8 == 7) {
            (void)snprintf(culprit->name, sizeof(culprit->name), "0x%llx",
                           (unsigned long long)list->at[i].id);
            culprit->wanted = list->at[i].value;
            return errors[list->at[i].value % 3];
        }
    }
    return 0;
}

int vcpu_write_clock(struct vcpu *vcpu, const struct vcpu_clock *clock, uint64_t ahead)
{
    (void)vcpu;
    (void)ahead;
    check(clock->frequency == FREQUENCY);
    return 0;
}

uint64_t kvm_counter_frequency(void)
{
    return FREQUENCY;
}

void machine_tell(struct machine *machine, const struct power_news *news)
{
    (void)machine;
    (void)news;
}

void mapped_plan(const struct machine *machine, struct state_reader *reader)
{
    (void)machine;
    (void)reader;
}

static int resume(struct psci_backend *backend, unsigned vcpu, const struct suspend_call *call,
                  const void *record, size_t size, const char **why)
{
    (void)backend;
    (void)call;
    check(vcpu < CPUS && (record != NULL || size == 0));
    *why = "it is not right";
    return size % 2 == 0 ? 0 : -EINVAL; /* as a length that is changed */
}

/* --- The host's side of devices. --- */

WRAPPED(int, net_open, (const struct net_settings *settings, struct net **out))
{
    struct net *net = calloc(1, sizeof(*net));
    int pair[2];

    (void)settings;
    check(net != NULL && socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    passt_attach(net, pair[0]);
    run.far = pair[1];
    *out = net;
    return 0;
}

WRAPPED(void, console_connect, (struct console * to, const struct console_receiver *receiver))
{
    (void)to;
    run.receiver = receiver != NULL ? *receiver : (struct console_receiver){0};
}

WRAPPED(bool, console_put, (struct console * to, uint8_t byte))
{
    (void)to;
    return byte % 4 != 0;
}

WRAPPED(void, console_accept, (struct console * to))
{
    (void)to;
}

WRAPPED(bool, console_pending, (const struct console *to))
{
    (void)to;
    return false;
}

static void on_attached(void *arg, struct port_link *link)
{
    (void)arg;
    (void)link;
}

static void on_opened(void *arg, bool open)
{
    (void)arg;
    (void)open;
}

static size_t on_receive(void *arg, const void *bytes, size_t count)
{
    (void)arg;
    (void)bytes;
    return count;
}

static void drive(void *arg, uint32_t spi, bool level)
{
    (void)arg;
    (void)spi;
    (void)level;
}

static void pulse(void *arg, uint32_t spi)
{
    (void)arg;
    (void)spi;
}

static void wake(void *arg, unsigned source)
{
    (void)arg;
    (void)source;
}

static void fail(void *arg, const struct device_failure *failure)
{
    (void)arg;
    (void)failure;
}

static int show(void *arg, struct ipa base, const struct device_rom *rom, bool shown)
{
    (void)arg;
    (void)base;
    (void)rom;
    (void)shown;
    return 0;
}

/* --- The VM. --- */

static void list_devices(struct instances *devices)
{
    static const struct port_client ends[] = {
        {NULL, on_attached, on_opened, on_receive, NULL},
        {NULL, on_attached, on_opened, on_receive, NULL},
    };
    static const struct port_settings ports = {
        .count = 2,
        .at = {{.name = "one", .client = &ends[0]}, {.name = "two", .client = &ends[1]}},
    };
    static const struct net_settings net = {.mac = {2, 0, 0, 0, 0, 7}};

    *devices = (struct instances){0};
    instances_add_fixed(devices);
    check(instances_add_slot(devices, "virtio-net", MAP_SLOT_NET, &net) == 0 &&
          instances_add_slot(devices, "virtio-console", MAP_SLOT_PORTS, &ports) == 0 &&
          instances_add_slot(devices, "virtio-balloon", MAP_SLOT_BALLOON, NULL) == 0 &&
          instances_add_slot(devices, "virtio-rng", MAP_SLOT_RNG, NULL) == 0);
}

static void create_machine(void)
{
    struct machine *machine = &run.machine;

    run.config = (struct config){
        .cpu_count = CPUS,
        .clusters = 1,
        .memory_size = RAM_SIZE,
        .restore = "vm",
        .psci_version = CONFIG_PSCI_DEFAULT,
    };
    machine->config = &run.config;
    machine->restored = (struct restored){0};
    list_devices(&machine->devices);
    const struct bus_env env = {
        .instances = &machine->devices,
        .loop = run.loop,
        .console = (struct console *)&run,
        .memory = &machine->memory,
        .drive_irq = drive,
        .pulse_irq = pulse,
        .wake = wake,
        .failed = fail,
        .show_rom = show,
    };
    check(bus_create(&machine->bus, &env) == 0);
}

static void open_run(void)
{
    static struct vcpu *vcpus[CPUS];
    struct machine *machine = &run.machine;

    if (run.loop == NULL) {
        run.loop = loop_create();
        run.ops.resume = resume;
        machine->backend.ops = &run.ops;
        machine->board.vcpu = vcpus;
        check(run.loop != NULL &&
              memory_create(&machine->memory, ipa(MAP_RAM_BASE), RAM_SIZE) == 0);
    }
    run.admission = admission_create(CPUS, CPUS);
    machine->backend.psci.admission = run.admission;
    check(run.admission != NULL);
    one_line_count = run.count = 0;
    create_machine();
}

static void close_run(void)
{
    bus_destroy(&run.machine.bus);
    admission_destroy(run.admission);
    close(run.far);
    check(events_open_count() == 0);
}

/* --- Its image. --- */

static void keep(const char *tag, uint32_t instance, struct state_record *record)
{
    check(run.count < SECTIONS_MAX && record->size <= BYTES_MAX - SPACE);
    struct section *section = &run.sections[run.count++];

    section->tag = tag;
    section->instance = instance;
    section->missing = false;
    section->size = record->size;
    memcpy(section->bytes, record->bytes, record->size);
    memset(section->bytes + record->size, 0, SPACE);
    state_record_free(record);
}

/* docs/image-format.md */
static void keep_device(uint32_t index)
{
    const struct bus_device *at = &run.machine.bus.devices[index];
    const struct device_class *cls = at->instance.cls;
    struct state_record record = {0};

    section_put_device(&record, at);
    /* All of it: an input can change what is zero, too. */
    state_put_u32(&record, 1);
    state_put_u32(&record, (uint32_t)cls->state_size);
    state_put_bytes(&record, device_state(cls, at->device), cls->state_size);
    keep(SECTION_DEVICE, index, &record);
}

static void keep_registers(void)
{
    static const struct kvm_registers list = {3, {{0x100, 1}, {0x208, 2}, {0x310, UINT64_MAX}}};

    for (const struct section_part *part = section_parts; part->tag != NULL; part++) {
        for (uint32_t i = 0; i < (part->each ? CPUS : 1); i++) {
            struct state_record record = {0};

            section_put_registers(&record, &list);
            keep(part->tag, i, &record);
        }
    }
}

static void keep_all(void)
{
    const struct section_shape shape = {
        .memory_base = MAP_RAM_BASE,
        .memory_size = RAM_SIZE,
        .cpu_count = CPUS,
        .psci_version = 0x10003,
        .clusters = 1,
        .device_count = run.machine.bus.count,
    };
    const struct section_sleep sleep = {.vcpu = 1, .call = {.entry = ipa(MAP_RAM_BASE)}};
    const struct section_time time = {.date_ns = 1, .clock = {.frequency = FREQUENCY}};
    struct state_record record = {0};

    section_put_shape(&record, &shape);
    keep(SECTION_SHAPE, 0, &record);
    section_put_sleep(&record, &sleep);
    keep(SECTION_SLEEP, 0, &record);
    section_put_time(&record, &time);
    keep(SECTION_TIME, 0, &record);
    state_put_u64(&record, 0);
    keep(SECTION_PSCI, 0, &record);
    state_put_u32(&record, CPUS);
    state_put_bytes(&record, "\1\1", CPUS);
    keep(SECTION_ADMIT, 0, &record);
    keep_registers();
    for (uint32_t i = 0; i < run.machine.bus.count; i++) {
        keep_device(i);
    }
}

static void change(const uint8_t *step)
{
    struct section *section = &run.sections[step[1] % run.count];
    size_t at = (step[2] | (size_t)step[3] << 8) % (section->size + 1);
    size_t length = 1u << (step[0] >> 6);

    switch (step[0] % 8) {
    case 0:
        section->size = at;
        return;
    case 1:
        section->missing = true;
        return;
    case 2:
        section->size += section->size + 8 <= BYTES_MAX ? step[4] % 8 : 0;
        return;
    default:
        length = length < section->size - at ? length : section->size - at;
        memcpy(section->bytes + at, step + 4, length);
    }
}

/* --- What the guest does then. --- */

static void act(const uint8_t *step)
{
    const struct bus *bus = &run.machine.bus;
    const struct device_instance *to = &bus->devices[step[1] % bus->count].instance;
    struct ipa address = ipa(to->base.value + ((step[2] | (uint64_t)step[3] << 8) & 0xfff));
    unsigned size = 1u << (step[0] >> 6);
    uint64_t value;

    memcpy(&value, step + 4, sizeof(value));
    switch (step[0] % 8) {
    case 0:
    case 1:
        bus_write(bus, address, size, value);
        return;
    case 2:
        if (run.receiver.room(run.receiver.arg) >= 8) {
            run.receiver.receive(run.receiver.arg, step + 4, 8);
        }
        return;
    case 3:
        bus_press(bus, step[2] % DEVICE_KEY_COUNT);
        return;
    default:
        (void)bus_read(bus, address, size);
    }
}

static void read_all(void)
{
    const struct bus *bus = &run.machine.bus;

    for (unsigned i = 0; i < bus->count; i++) {
        for (uint64_t offset = 0; offset < 0x200; offset += 4) {
            (void)bus_read(bus, ipa(bus->devices[i].instance.base.value + offset), 4);
        }
    }
    (void)bus_wakes_pending(bus);
}

static void use(const uint8_t *bytes, size_t size)
{
    struct bus *bus = &run.machine.bus;

    bus_hold(bus, size % 2 != 0 ? UINT32_MAX : 0);
    read_all();
    bus_release(bus);
    for (; size >= STEP_SIZE; bytes += STEP_SIZE, size -= STEP_SIZE) {
        act(bytes);
    }
    events_run_loop(run.loop);
    read_all();
    bus_reset(bus);
}

/* The first byte says how many steps are changes. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) {
        return 0;
    }
    size_t changes = bytes[0];

    open_run();
    keep_all();
    for (bytes++, size--; changes > 0 && size >= STEP_SIZE; changes--) {
        change(bytes);
        bytes += STEP_SIZE;
        size -= STEP_SIZE;
    }
    int error = restore_open(&run.machine);
    if (error == 0) {
        error = restore_load(&run.machine);
    }
    if (error == 0) {
        check(run.machine.restored.vcpu < CPUS && one_line_count <= 1); /* a line about the date */
        use(bytes, size);
    } else {
        check(error == -REPORTED && one_line_count >= 1 && one_line_count <= 2);
    }
    close_run();
    return 0;
}
