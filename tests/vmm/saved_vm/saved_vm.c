/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * saved_vm [NAME]: a VM of a KVM that is not there (fake_kvm.h) becomes a file, and the file another VM. Runs all tests, or
 * one; each fails by a line and status 1. It links the files of vmm/ that save and restore, unchanged: what the machine
 * has besides is in this file. So a mistake in the order of KVM's registers is seen, which real KVM shows only at times.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_kvm.h"
#include "machine/parts.h"
#include "state/checksum.h"
#include "state/reader.h"
#include "state/writer.h"

#define RAM_SIZE (UINT64_C(2) << 20)
#define FAR      (UINT64_C(1) << 52) /* ticks, from which no test takes any */
#define ENTRY    UINT64_C(0x40001000)

enum {
    SLEEPER = 1,
    SGI = 3,
    SPI = 40, /* an INTID */
    EDGE_SPI = 41,
    URGENT = 0x40,
    MASK = 0xf0,
    ICC_PMR = 3 << 14 | 4 << 7 | 6 << 3,
};

#define DFR0  ARM64_SYS_REG(3, 0, 0, 5, 0)
#define ISAR0 ARM64_SYS_REG(3, 0, 0, 6, 0)
#define BMAP2 KVM_REG_ARM_FW_FEAT_BMAP_REG(3)

static struct fake_kvm first;
static struct fake_kvm second;
static struct memory memory;
static const char *running;

__attribute__((format(printf, 1, 2), noreturn)) static void fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    printf("not ok %s: ", running);
    vprintf(format, args);
    printf("\n");
    va_end(args);
    exit(1);
}

static void check(bool condition, const char *what)
{
    if (!condition) {
        fail("%s", what);
    }
}

/* --- What the machine is besides. --- */

void machine_tell(struct machine *machine, const struct power_news *news)
{
    (void)machine, (void)news;
}

void irq_restore(struct irq_line *line, const struct irq_state *state)
{
    (void)line, (void)state;
}

static bool has_agent; /* of the VM that is saved, and then of the restored one */

bool reach_has_agent(const struct machine *machine)
{
    (void)machine;
    return has_agent;
}

/* As little memory as here is read at once. */
void mapped_plan(const struct machine *machine, struct state_reader *reader)
{
    (void)machine, (void)reader;
}

/* Nothing here counts hypercalls. */
void stats_close(struct vcpu *vcpu)
{
    (void)vcpu;
}

/* As the driver of kernel mode does. */
int power_start_asleep(struct power *power, unsigned vcpu, const struct suspend_call *call,
                       bool wake)
{
    const struct machine *machine = power->driver;

    (void)call, (void)wake;
    return vcpu_doze(machine->board.vcpu[vcpu]);
}

/* Writer and reader agree; which polynomial it is does not matter here. */
uint32_t checksum_add(uint32_t sum, const void *bytes, size_t size)
{
    const uint8_t *byte = bytes;

    for (size_t i = 0; i < size; i++) {
        sum = (sum ^ byte[i]) * 16777619;
    }
    return sum;
}

static int backend_resume(struct psci_backend *backend, unsigned vcpu,
                          const struct suspend_call *call, const void *record, size_t size,
                          const char **why)
{
    (void)backend, (void)vcpu, (void)call, (void)record, (void)size, (void)why;
    return 0;
}

static const struct psci_backend_ops backend_ops = {.resume = backend_resume};

/* --- A VM, and another one. --- */

struct setting {
    struct config config;
    struct machine machine;
    struct vcpu *vcpus[FAKE_CPUS];
};

static void setting_create(struct setting *setting, struct fake_kvm *kvm)
{
    *setting = (struct setting){.config = {.cpu_count = FAKE_CPUS, .memory_size = RAM_SIZE}};
    struct machine *machine = &setting->machine;

    fake_kvm = kvm;
    for (unsigned i = 0; i < FAKE_CPUS; i++) {
        setting->vcpus[i] = &kvm->vcpus[i];
    }
    machine->config = &setting->config;
    machine->memory = memory;
    machine->backend.ops = &backend_ops;
    machine->board.vcpu = setting->vcpus;
    machine->psci_version = 0x10001;
    machine->power.driver = machine;
    machine->power.sleeper = SLEEPER;
    machine->power.call.entry = ipa(ENTRY);
}

static bool save(struct fake_kvm *kvm)
{
    struct setting setting;

    setting_create(&setting, kvm);
    check(state_writer_open("image", "--save", &setting.machine.writer) == 0, "no writer");
    bool saved = save_machine(&setting.machine, setting.machine.writer);
    state_writer_close(setting.machine.writer);
    return saved;
}

static void init_vcpus(struct setting *setting)
{
    for (unsigned i = 0; i < FAKE_CPUS; i++) {
        check(vcpu_init(setting->vcpus[i], i != setting->machine.restored.vcpu) == 0, "no vCPU");
    }
}

/* 0, or what a restore returns. */
static int restore(struct fake_kvm *kvm)
{
    struct setting setting;

    check(memory_clear(&memory) == 0, "no memory");
    setting_create(&setting, kvm);
    setting.config.restore = "image";
    check(restore_open(&setting.machine) == 0, "the image is refused");
    has_agent = setting.machine.restored.has_agent;
    init_vcpus(&setting);
    int error = restore_load(&setting.machine);
    if (error == 0) {
        error = restore_start(&setting.machine);
    }
    restore_close(&setting.machine);
    if (error == 0) {
        check(rename("image.restored", "image") == 0, "the image was not claimed");
    }
    return error;
}

static void save_and_restore(void)
{
    check(save(&first), "it is not saved");
    check(restore(&second) == 0, "it is not restored");
}

/* --- A guest's doings. --- */

/* The registers of IHI 0069 that a guest writes, by their places. */
struct range {
    uint32_t first;
    uint32_t end;
};

static const struct range gicd_ranges[] = {
    {0x0000, 0x0004}, {0x0084, 0x00a0}, {0x0104, 0x0120}, {0x0204, 0x0220}, {0x0304, 0x0320},
    {0x0420, 0x0500}, {0x0c08, 0x0c40}, {0x6100, 0x6800}, {0, 0},
};

static const struct range gicr_ranges[] = {
    {0x00000, 0x00004}, {0x00014, 0x00018},
    {0x00070, 0x00080}, {0x10080, 0x10084},
    {0x10100, 0x10104}, {0x10200, 0x10204},
    {0x10300, 0x10304}, {0x10400, 0x10420},
    {0x10c00, 0x10c08}, {0, 0},
};

static void scribble(uint32_t *words, const struct range *range, uint32_t seed)
{
    for (; range->end != 0; range++) {
        for (uint32_t at = range->first; at < range->end; at += 4) {
            seed = seed * 1664525 + 1013904223;
            words[at / 4] = seed;
        }
    }
}

static void scribble_all(struct fake_kvm *kvm, uint32_t seed)
{
    scribble(kvm->gicd, gicd_ranges, seed);
    for (uint32_t i = 0; i < FAKE_CPUS; i++) {
        scribble(kvm->cpu[i].gicr, gicr_ranges, seed + 1 + i);
        kvm->cpu[i].icc[ICC_PMR] = MASK - i;
        kvm->cpu[i].icc[3 << 14 | 12 << 7 | 12 << 3 | 7] = 1; /* ICC_IGRPEN1_EL1 */
    }
    kvm->lines[2] = seed;
    kvm->its[0x80 / 8] = seed;           /* GITS_CBASER */
    kvm->its[0x90 / 8] = seed & 0xfffe0; /* GITS_CREADR */
    kvm->its[0x88 / 8] = seed & 0xfffe0; /* GITS_CWRITER */
    kvm->its[0x108 / 8] = seed;          /* GITS_BASER1 */
    kvm->its[0] = 1;                     /* GITS_CTLR */
}

static void put_bit(uint32_t *words, uint32_t offset, unsigned intid)
{
    words[offset / 4 + intid / 32] |= 1u << intid % 32;
}

/* The sleeper lets this interrupt wake it. */
static void enable(struct fake_kvm *kvm, unsigned intid)
{
    uint32_t *words = intid < 32 ? kvm->cpu[SLEEPER].gicr + 0x10000 / 4 : kvm->gicd;

    put_bit(words, 0x100, intid);
    words[0x400 / 4 + intid / 4] |= (uint32_t)URGENT << intid % 4 * 8;
    if (intid >= 32) {
        kvm->gicd[0x6000 / 4 + intid * 2] = SLEEPER;
    }
    kvm->cpu[SLEEPER].icc[ICC_PMR] = MASK;
}

static void add_register(struct fake_kvm *kvm, uint64_t id, uint64_t value, uint64_t lowers)
{
    kvm->registers[kvm->register_count++] = (struct fake_register){id, value, lowers};
}

/* --- Tests. --- */

static void same_gic(const struct fake_kvm *one, const struct fake_kvm *other)
{
    check(memcmp(one->gicd, other->gicd, sizeof(one->gicd)) == 0, "the distributor differs");
    check(memcmp(one->lines, other->lines, sizeof(one->lines)) == 0, "the lines differ");
    check(memcmp(one->its, other->its, sizeof(one->its)) == 0, "the ITS differs");
    for (unsigned i = 0; i < FAKE_CPUS; i++) {
        const struct fake_vcpu *cpu = &one->cpu[i];

        check(memcmp(cpu->gicr, other->cpu[i].gicr, sizeof(cpu->gicr)) == 0,
              "a redistributor differs");
        check(memcmp(cpu->icc, other->cpu[i].icc, sizeof(cpu->icc)) == 0,
              "a CPU interface differs");
    }
}

static void registers_are_kept(void)
{
    scribble_all(&first, 11);
    save_and_restore();
    same_gic(&first, &second);
}

static void agent_is_kept(void)
{
    has_agent = false;
    save_and_restore();
    check(!has_agent, "a guest without an agent has got one");
    has_agent = true;
    fake_create(&second, &memory);
    save_and_restore();
    check(has_agent, "the guest's agent is forgotten");
}

/* What is saved is what the VM has now, and not what it once was restored with. */
static void second_save_is_complete(void)
{
    scribble_all(&first, 12);
    save_and_restore();
    scribble_all(&second, 13);
    check(save(&second), "it is not saved again");
    fake_create(&first, &memory);
    check(restore(&first) == 0, "it is not restored again");
    same_gic(&second, &first);
}

static void expect_wake(bool expected)
{
    check(fake_wakes(&second, SLEEPER) == expected,
          expected ? "nothing wakes the guest" : "something wakes the guest too early");
}

static void pending_interrupt_wakes(void)
{
    enable(&first, SGI);
    put_bit(first.cpu[SLEEPER].gicr, 0x10200, SGI);
    save_and_restore();
    expect_wake(true);
}

static void line_wakes(void)
{
    enable(&first, SPI);
    first.lines[SPI / 32] = 1u << SPI % 32;
    save_and_restore();
    expect_wake(true);
}

static void edge_wakes(void)
{
    enable(&first, EDGE_SPI);
    first.gicd[0xc00 / 4 + EDGE_SPI / 16] = 2u << EDGE_SPI % 16 * 2;
    put_bit(first.gicd, 0x200, EDGE_SPI);
    save_and_restore();
    expect_wake(true);
}

/* What the guest masks by its priority mask, or has not enabled, is pending as before and wakes nothing. */
static void masked_interrupt_sleeps_on(void)
{
    first.cpu[SLEEPER].gicr[0x10100 / 4] = 0; /* The guest has disabled what KVM enables. */
    enable(&first, SGI);
    put_bit(first.cpu[SLEEPER].gicr, 0x10200, SGI);
    put_bit(first.cpu[SLEEPER].gicr, 0x10200, SGI + 1);
    first.cpu[SLEEPER].icc[ICC_PMR] = URGENT;
    save_and_restore();
    expect_wake(false);
    same_gic(&first, &second);
}

static void only_the_sleeper_dozes(void)
{
    save_and_restore();
    check(second.cpu[SLEEPER].mp_state == KVM_MP_STATE_SUSPENDED, "the sleeper does not doze");
    check(second.cpu[0].mp_state == KVM_MP_STATE_STOPPED, "a vCPU that was off is not off");
}

static void arm(enum fake_timer timer, uint64_t compare)
{
    enable(&first, timer == FAKE_VIRTUAL ? MAP_INTID_VTIMER : MAP_INTID_PTIMER);
    first.cpu[SLEEPER].compare[timer] = compare;
    first.cpu[SLEEPER].control[timer] = 1;
}

static void due_timer_fires(void)
{
    arm(FAKE_VIRTUAL, first.counter[FAKE_VIRTUAL] + 1);
    save_and_restore();
    expect_wake(true);
}

static void due_physical_timer_fires(void)
{
    arm(FAKE_PHYSICAL, first.counter[FAKE_PHYSICAL]);
    save_and_restore();
    expect_wake(true);
}

/* A timer that is on before its comparison is written fires at once: the time of a new one, 0, has passed. */
static void far_timer_waits(void)
{
    arm(FAKE_VIRTUAL, FAR);
    save_and_restore();
    expect_wake(false);
    check(second.cpu[SLEEPER].compare[FAKE_VIRTUAL] == FAR, "its time differs");
    check(second.counter[FAKE_VIRTUAL] >= 5000, "the counter went back");
}

static void far_physical_timer_waits(void)
{
    arm(FAKE_PHYSICAL, FAR);
    second.counter[FAKE_PHYSICAL] = 7;
    save_and_restore();
    expect_wake(false);
    check(second.cpu[SLEEPER].control[FAKE_PHYSICAL] == 1, "it is off");
}

static void far_timer_waits_on_linux_6_1(void)
{
    first.hides_physical = second.hides_physical = true;
    far_timer_waits();
}

/* On Linux 6.1 the time of the physical timer cannot be known: a guest that waits for it is not saved. */
static void hidden_timer_is_refused(void)
{
    arm(FAKE_PHYSICAL, FAR);
    first.hides_physical = true;
    check(!save(&first), "a guest is saved whose timer is lost");
}

/* KVM has pending LPIs in a cache: it writes them to the guest's memory, which is saved after that. */
static void pending_lpi_is_kept(void)
{
    first.its_cache = 0x123456789;
    first.lpi_pending = 5;
    first.cpu[0].gicr[0] = 1; /* GICR_CTLR.EnableLPIs */
    save_and_restore();
    check(second.its_cache == first.its_cache, "the ITS's tables are lost");
    check(second.lpi_pending == first.lpi_pending, "a pending LPI is lost");
}

/* The guest keeps what it had where KVM lowers a register to it, and does not find what is new. */
static void newer_host_hides_what_is_new(void)
{
    add_register(&first, DFR0, 0x6, 0);
    add_register(&first, ISAR0, 0, 0); /* not in the image */
    add_register(&second, DFR0, 0xe, 0xff);
    add_register(&second, BMAP2, 3, 3);
    add_register(&second, ISAR0, 0x10, 0xff);
    save_and_restore();
    check(second.registers[1].value == 0x6, "the register is not the guest's");
    check(second.registers[3].value == 0, "the guest finds a new instruction");
    check(second.registers[2].value == 0, "the guest finds a new service");
}

static void older_host_refuses(void)
{
    add_register(&first, DFR0, 0xe, 0);
    add_register(&second, DFR0, 0x6, 0xff);
    check(save(&first), "it is not saved");
    check(restore(&second) != 0, "a host that offers less is taken");
    check(second.registers[1].value == 0x6, "the register was changed");
}

static void service_that_is_missing_refuses(void)
{
    add_register(&first, ISAR0, 0x11, 0);
    add_register(&first, BMAP2, 1, 1);
    add_register(&second, ISAR0, 0x11, 0);
    check(save(&first), "it is not saved");
    check(restore(&second) != 0, "a host that lacks a service is taken");
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"registers_are_kept", registers_are_kept},
    {"agent_is_kept", agent_is_kept},
    {"second_save_is_complete", second_save_is_complete},
    {"pending_interrupt_wakes", pending_interrupt_wakes},
    {"line_wakes", line_wakes},
    {"edge_wakes", edge_wakes},
    {"masked_interrupt_sleeps_on", masked_interrupt_sleeps_on},
    {"only_the_sleeper_dozes", only_the_sleeper_dozes},
    {"due_timer_fires", due_timer_fires},
    {"due_physical_timer_fires", due_physical_timer_fires},
    {"far_timer_waits", far_timer_waits},
    {"far_physical_timer_waits", far_physical_timer_waits},
    {"far_timer_waits_on_linux_6_1", far_timer_waits_on_linux_6_1},
    {"hidden_timer_is_refused", hidden_timer_is_refused},
    {"pending_lpi_is_kept", pending_lpi_is_kept},
    {"newer_host_hides_what_is_new", newer_host_hides_what_is_new},
    {"older_host_refuses", older_host_refuses},
    {"service_that_is_missing_refuses", service_that_is_missing_refuses},
};

static void run_test(size_t index)
{
    running = tests[index].name;
    check(memory_create(&memory, ipa(MAP_RAM_BASE), RAM_SIZE) == 0, "no memory");
    fake_create(&second, &memory);
    fake_create(&first, &memory);
    tests[index].run();
    memory_destroy(&memory);
    (void)unlink("image");
    printf("ok %s\n", running);
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/saved_vm.XXXXXX";
    bool found = false;

    running = "set-up";
    check(mkdtemp(folder) != NULL && chdir(folder) == 0, "no folder");
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        if (argc < 2 || strcmp(argv[1], tests[i].name) == 0) {
            found = true;
            run_test(i);
        }
    }
    (void)rmdir(folder);
    return found ? 0 : 2;
}
