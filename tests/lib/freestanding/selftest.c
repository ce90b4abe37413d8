/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A look at every public function, and the records that VMs make:
 *
 *   selftest                calls every function and prints the records: the same on all machines
 *   selftest write KIND     writes the record of a VM of that kind to standard output
 *   selftest read KIND FILE restores such a record, and saves it again: KIND names the VM
 *
 * Fails, with a line that says so, where something is not as it should be.
 */
#include "machines.h"
#include "runtime.h"

/* Where a record says which format it has. */
enum { RECORD_ROOM = 4096, VERSION_AT = 8, VERSION_SIZE = 4 };

static struct machine machine;
static struct machine other;
static bool failed;

static void check_that(bool right, const char *what)
{
    if (!right) {
        rt_print("not ok: ");
        rt_print(what);
        rt_print("\n");
        failed = true;
    }
}

/* ---- Every function, once ------------------------------------------------------------------ */

static void check_sizes(void)
{
    struct vpsci_config config = {.size = sizeof(config), .vcpu_count = VPSCI_VCPU_MAX + 1};
    size_t one;

    check_that(vpsci_size(NULL) == 0 && vpsci_size(&config) == 0, "vpsci_size: out of range");
    config.vcpu_count = 1;
    one = vpsci_size(&config);
    config.vcpu_count = 2;
    check_that(vpsci_size(&config) > one && one > 0, "vpsci_size: grows");
    check_that(vpsci_statistics_size(MACHINE_CPUS, 3) > 0, "vpsci_statistics_size");
    check_that(vpsci_statistics_size(0, 3) == 0, "vpsci_statistics_size: out of range");
}

static void check_names(void)
{
    check_that(rt_same_text(vpsci_function_name(VPSCI_FID_64 + VPSCI_FN_CPU_ON), "CPU_ON"),
               "vpsci_function_name");
    check_that(!vpsci_function_name(0), "vpsci_function_name: not PSCI");
    check_that(
        rt_same_text(vpsci_result_name(VPSCI_FID_32 + VPSCI_FN_CPU_OFF, VPSCI_DENIED), "DENIED"),
        "vpsci_result_name");
    check_that(!vpsci_result_name(VPSCI_FID_32, 1), "vpsci_result_name: none");
    check_that(rt_same_text(vpsci_wait_name(VPSCI_WAIT_HELD), "held"), "vpsci_wait_name");
    check_that(vpsci_error_text(VPSCI_E_MEMORY)[0] && vpsci_error_text(1)[0], "vpsci_error_text");
}

static void check_lookup(void)
{
    struct vpsci_vcpu *vcpu = vpsci_vcpu_at(machine.vm, 5);

    check_that(vpsci_vcpu_index(vcpu) == 5, "vpsci_vcpu_index");
    check_that(vpsci_vcpu_mpidr(vcpu).value == UINT64_C(0x3200040506), "vpsci_vcpu_mpidr");
    check_that(vpsci_find(machine.vm, vpsci_vcpu_mpidr(vcpu)) == vcpu, "vpsci_find");
    check_that(!vpsci_find(machine.vm, (struct vpsci_mpidr){0x103}), "vpsci_find: absent");
    check_that(!vpsci_vcpu_at(machine.vm, MACHINE_CPUS), "vpsci_vcpu_at: out of range");
}

static void check_version(void)
{
    struct vpsci_function_info info;
    struct vpsci_outcome out;

    check_that(vpsci_version(machine.vm) == VPSCI_VERSION_NEWEST, "vpsci_version");
    check_that(vpsci_version_set(machine.vm, 0x00020000) == VPSCI_E_VERSION,
               "vpsci_version_set: none");
    check_that(vpsci_library_version() == VPSCI_LIBRARY_VERSION, "vpsci_library_version");
    check_that(vpsci_describe_function(machine.vm, VPSCI_FID_32 + VPSCI_FN_CPU_OFF, &info) &&
                   info.arguments == 0,
               "vpsci_describe_function");
    check_that(!vpsci_needs_entry(machine.vm, UINT32_MAX), "vpsci_needs_entry");
    check_that(vpsci_version_set(machine.vm, VPSCI_VERSION_1_0) == 0, "vpsci_version_set");
    out = machine_call(&machine, 2, VPSCI_FID_32 + VPSCI_FN_VERSION, 0, 0, 0);
    check_that(out.action == VPSCI_RETURN && out.x0 == VPSCI_VERSION_1_0,
               "vpsci_call: PSCI_VERSION");
    check_that(vpsci_version_set(machine.vm, VPSCI_VERSION_NEWEST) == 0, "vpsci_version_set: back");
}

static void check_start(void)
{
    struct vpsci_outcome out =
        machine_call(&machine, 2, VPSCI_FID_64 + VPSCI_FN_CPU_ON, 0x101, 0x40001000, 77);

    check_that(out.action == VPSCI_RETURN && out.x0 == 0, "vpsci_call: CPU_ON");
    check_that(out.start == vpsci_vcpu_at(machine.vm, 3), "vpsci_call: CPU_ON, whom to kick");
    check_that(vpsci_vcpu_state(vpsci_vcpu_at(machine.vm, 3)) == VPSCI_STATE_ON_PENDING,
               "vpsci_vcpu_state");
    check_that(vpsci_on_count(machine.vm) == 2, "vpsci_on_count");
    out = machine_next(&machine, 3);
    check_that(out.action == VPSCI_ENTER && out.entry.address.value == 0x40001000 &&
                   out.entry.context == 77,
               "vpsci_next: the entry");
    out = machine_call(&machine, 3, VPSCI_FID_32 + VPSCI_FN_CPU_OFF, 0, 0, 0);
    check_that(out.action == VPSCI_WAIT && out.wait == VPSCI_WAIT_OFF, "vpsci_call: CPU_OFF");
}

static void check_sleep(void)
{
    struct vpsci_vcpu *boot = vpsci_vcpu_at(machine.vm, 2);
    struct vpsci_request request;
    struct vpsci_outcome out = machine_call(&machine, 2, VPSCI_FID_64 + VPSCI_FN_SYSTEM_SUSPEND,
                                            0x40002000, UINT64_C(1) << 63, 0);

    check_that(out.action == VPSCI_WAIT && out.wait == VPSCI_WAIT_ANSWER,
               "vpsci_call: SYSTEM_SUSPEND");
    check_that(vpsci_pending_request(boot, &request) && request.function == VPSCI_FN_SYSTEM_SUSPEND,
               "vpsci_pending_request");
    check_that(vpsci_answer(boot, VPSCI_SUCCESS) == 0, "vpsci_answer");
    check_that(vpsci_answer(boot, VPSCI_SUCCESS) == VPSCI_E_STATE, "vpsci_answer: once");
    check_that(vpsci_mp_state_get(boot) == VPSCI_MP_SUSPENDED, "vpsci_mp_state_get");
    check_that(vpsci_wake(boot), "vpsci_wake");
    out = machine_next(&machine, 2);
    check_that(out.action == VPSCI_ENTER && out.entry.context == UINT64_C(1) << 63,
               "vpsci_next: after a sleep");
}

static void check_host(void)
{
    struct vpsci_vcpu *vcpu = vpsci_vcpu_at(machine.vm, 0);

    check_that(vpsci_mp_state_set(vcpu, VPSCI_MP_RUNNABLE) == 0, "vpsci_mp_state_set");
    check_that(vpsci_vcpu_state(vcpu) == VPSCI_STATE_ON, "vpsci_mp_state_set: it is on");
    (void)machine_call(&machine, 2, VPSCI_FID_32 + VPSCI_FN_MEM_PROTECT, 1, 0, 0);
    check_that(vpsci_mem_protect(machine.vm), "vpsci_mem_protect");
    (void)machine_call(&machine, 2, VPSCI_FID_32 + VPSCI_FN_SYSTEM_RESET, 0, 0, 0);
    check_that(vpsci_system_state(machine.vm) == VPSCI_SYSTEM_STOPPING,
               "vpsci_system_state: stopping");
    (void)vpsci_answer(vpsci_vcpu_at(machine.vm, 2), VPSCI_SUCCESS);
    check_that(vpsci_system_state(machine.vm) == VPSCI_SYSTEM_STOPPED,
               "vpsci_system_state: stopped");
    vpsci_reset(machine.vm);
    check_that(vpsci_system_state(machine.vm) == VPSCI_SYSTEM_RUNNING &&
                   vpsci_on_count(machine.vm) == 1,
               "vpsci_reset");
}

static void check_functions(void)
{
    check_sizes();
    check_names();
    check_that(machine_make(&machine, &machine_kinds[0]) == 0, "vpsci_init");
    check_lookup();
    check_version();
    check_start();
    check_sleep();
    check_host();
}

/* ---- Records ------------------------------------------------------------------------------- */

static void print_states(const struct machine *of)
{
    for (uint32_t cpu = 0; cpu < MACHINE_CPUS; cpu++) {
        rt_print(" ");
        rt_print_number(vpsci_vcpu_state(vpsci_vcpu_at(of->vm, cpu)));
    }
}

static size_t make_record(const struct machine_kind *kind, unsigned char *record)
{
    ptrdiff_t size;

    check_that(machine_make(&machine, kind) == 0, "vpsci_init");
    kind->drive(&machine);
    check_that(vpsci_save(machine.vm, record, vpsci_save_size(machine.vm) - 1) == VPSCI_E_MEMORY,
               "vpsci_save: too small");
    size = vpsci_save(machine.vm, record, RECORD_ROOM);
    check_that(size > 0 && (size_t)size == vpsci_save_size(machine.vm), "vpsci_save");
    return size > 0 ? (size_t)size : 0;
}

/* Into a VM that has just started; saved again, it has to be what it was, if by the same format. */
static void check_restored(const struct machine_kind *kind, const unsigned char *record,
                           size_t size)
{
    static unsigned char again[RECORD_ROOM];

    check_that(machine_make(&other, kind) == 0, "vpsci_init");
    check_that(vpsci_restore(other.vm, record, size) == 0, "vpsci_restore");
    check_that(vpsci_save(other.vm, again, sizeof(again)) > 0, "vpsci_save: again");
    check_that(!rt_same(record + VERSION_AT, again + VERSION_AT, VERSION_SIZE) ||
                   rt_same(record, again, size),
               "vpsci_save: the same again");
}

static void show_record(const struct machine_kind *kind)
{
    static unsigned char record[RECORD_ROOM];
    size_t size = make_record(kind, record);

    rt_print(kind->name);
    print_states(&machine);
    rt_print(" ");
    rt_print_hex(record, size);
    rt_print("\n");
    check_restored(kind, record, size);
    record[size - 1] ^= 1;
    check_that(vpsci_restore(other.vm, record, size) < 0, "vpsci_restore: damaged");
}

static int write_record(const struct machine_kind *kind)
{
    static unsigned char record[RECORD_ROOM];
    size_t size = make_record(kind, record);

    return rt_write(1, record, size) == (long)size && !failed ? 0 : 1;
}

static int read_record(const struct machine_kind *kind, const char *path)
{
    static unsigned char record[RECORD_ROOM];
    long size = rt_load(path, record, sizeof(record));

    check_that(size > VERSION_AT + VERSION_SIZE, "the file can be read");
    if (!failed) {
        check_restored(kind, record, (size_t)size);
        rt_print(kind->name);
        print_states(&other);
        rt_print("\n");
    }
    return failed ? 1 : 0;
}

static const struct machine_kind *find_kind(const char *name)
{
    for (unsigned i = 0; i < machine_kind_count; i++) {
        if (rt_same_text(machine_kinds[i].name, name)) {
            return &machine_kinds[i];
        }
    }
    return NULL;
}

static int run_command(int count, char **arguments)
{
    const struct machine_kind *kind = find_kind(arguments[2]);

    if (kind && count == 3 && rt_same_text(arguments[1], "write")) {
        return write_record(kind);
    }
    if (kind && count == 4 && rt_same_text(arguments[1], "read")) {
        return read_record(kind, arguments[3]);
    }
    rt_print("selftest: write KIND or read KIND FILE, with a kind of "
             "tests/lib/freestanding/machines.c\n");
    return 2;
}

int main(int count, char **arguments)
{
    if (count > 2) {
        return run_command(count, arguments);
    }
    check_functions();
    for (unsigned i = 0; i < machine_kind_count; i++) {
        show_record(&machine_kinds[i]);
    }
    rt_print(failed ? "failed\n" : "passed\n");
    return failed ? 1 : 0;
}
