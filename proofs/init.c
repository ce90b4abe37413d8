/* SPDX-License-Identifier: BSD-2-Clause */
/* vpsci_init() of any description of a VM with few vCPUs. */
#include "proof.h"

static struct vpsci_config config;
static struct vpsci_mpidr mpidrs[VCPUS];
static struct vpsci_power_state states[STATES];
static uint16_t domains[VPSCI_LEVEL_MAX][VCPUS];
static struct vpsci_ops ops;

/* In the place of the library's copy by bytes, of which CBMC loses what pointers point to. */
void take_config(struct vpsci_config *to, const struct vpsci_config *from)
{
    *to = *from;
}

/* In the place of the real one: the proof `find` has more. False if a name comes twice; otherwise it
 * may find no hash. */
bool vpsci__find_prepare(struct vpsci_vm *of)
{
    (void)of;
    for (uint32_t i = 1; i < vm.vcpu_count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (vcpus(i).affinity == vcpus(j).affinity) {
                return false;
            }
        }
    }
    return nondet_bool();
}

/* No part of the claim. */
uint64_t vpsci__offers(const struct vpsci_vm *of, uint32_t version)
{
    (void)of;
    (void)version;
    return nondet_u64();
}

struct vpsci_config nondet_config(void);
struct vpsci_mpidr nondet_mpidr(void);
struct vpsci_power_state nondet_power_state(void);

static void any_tables(void)
{
    for (uint32_t i = 0; i < VCPUS; i++) {
        mpidrs[i] = nondet_mpidr();
        for (uint32_t level = 0; level < VPSCI_LEVEL_MAX; level++) {
            domains[level][i] = nondet_u16();
        }
    }
    for (uint32_t i = 0; i < STATES; i++) {
        states[i] = nondet_power_state();
    }
}

static void any_description(void)
{
    config = nondet_config();
    assume(config.size <= sizeof(config));
    assume(config.size == sizeof(config) || config.size < offsetof(struct vpsci_config, boot_vcpu));
    assume(config.vcpu_count <= VCPUS || config.vcpu_count > VPSCI_VCPU_MAX);
    assume(config.state_count <= STATES || config.state_count > VPSCI_STATE_MAX);
    any_tables();
    config.mpidrs = nondet_bool() ? mpidrs : NULL;
    config.states = nondet_bool() ? states : NULL;
    for (uint32_t level = 0; level < VPSCI_LEVEL_MAX; level++) {
        config.domains[level] = nondet_bool() ? domains[level] : NULL;
    }
    config.statistics = NULL;
    config.ops = nondet_bool() ? &ops : NULL;
}

/* What world.c assumes of a VM, and the state that it starts in. */
static void check_vm(void)
{
    check(vm.vcpu_count == config.vcpu_count, "as many vCPUs as asked for");
    check(vm.config.boot_vcpu < vm.vcpu_count, "the boot vCPU exists");
    check(vm.config.trusted_os_vcpu < vm.vcpu_count, "so does that with the Trusted OS");
    check((uint32_t)vm.config.trusted_os <= VPSCI_TRUSTED_OS_FIXED, "kind of Trusted OS");
    check(vm.state_count > 0 && vm.state_count <= VPSCI_STATE_MAX, "power states");
    check(vpsci__version_known(vpsci_version(&vm)), "the version exists");
    check(vpsci_on_count(&vm) == 1, "one vCPU is on");
    check(vpsci_system_state(&vm) == VPSCI_SYSTEM_RUNNING, "the system runs");
    for (uint32_t i = 0; i < VCPUS && i < vm.vcpu_count; i++) {
        check(vcpus(i).index == i, "index");
        check(vpsci_vcpu_mpidr(&vcpus(i)).value == mpidrs[i].value, "name");
        check(state_of(i) == (i == vm.config.boot_vcpu ? VPSCI_STATE_ON : VPSCI_STATE_OFF),
              "the boot vCPU is on");
    }
}

void prove_init(void)
{
    size_t size = nondet_u64();
    struct vpsci_vm *made;
    int error;

    any_description();
    error = vpsci_init(&vm, size, &config, &made);
    reach(error == VPSCI_E_STATES, "power states that are refused");
    reach(error == VPSCI_E_VERSION, "a version that does not exist");
    reach(!error && vm.highest == 2 && vm.vcpu_count == VCPUS, "clusters");
    check(error <= 0 && error >= VPSCI_E_VERSION, "result");
    check(made == (error ? NULL : &vm), "the VM");
    if (!error) {
        check(size >= vpsci_size(&config), "it is large enough");
        check_vm();
    }
}
