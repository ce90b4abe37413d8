/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kvm/kvm_parts.h"

int kvm_call(int fd, unsigned long request, void *argument)
{
    int result = ioctl(fd, request, argument);

    return result >= 0 ? result : -errno;
}

/* Extensions and VM types are passed as the ioctl's argument itself, not by a pointer. */
static int kvm_call_number(int fd, unsigned long request, unsigned long number)
{
    int result = ioctl(fd, request, number);

    return result >= 0 ? result : -errno;
}

static unsigned kvm_extension(int fd, unsigned long capability)
{
    int value = kvm_call_number(fd, KVM_CHECK_EXTENSION, capability);

    return value > 0 ? (unsigned)value : 0;
}

static void kvm_explain_absence(int error, char *reason, size_t size)
{
    const char *advice = "";

    if (error == ENOENT || error == ENODEV) {
        advice = "; this needs an arm64 machine whose kernel has KVM and was started at EL2";
    } else if (error == EACCES || error == EPERM) {
        advice = "; run as a member of the group that owns it (usually kvm)";
    }
    snprintf(reason, size, "cannot open /dev/kvm: %s%s", strerror(error), advice);
}

enum { KVM_DEFAULT_IPA_BITS = 40 };

static unsigned long vm_type_number(unsigned ipa_bits)
{
    return ipa_bits == KVM_DEFAULT_IPA_BITS ? 0 : KVM_VM_TYPE_ARM_IPA_SIZE(ipa_bits);
}

int kvm_open(struct kvm_limits *limits, char *reason, size_t size)
{
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

    if (kvm < 0) {
        kvm_explain_absence(errno, reason, size);
        return -1;
    }
    int version = kvm_call_number(kvm, KVM_GET_API_VERSION, 0);
    if (version != KVM_API_VERSION) {
        snprintf(reason, size,
                 "/dev/kvm has version %d of KVM's interface; dormouse needs version %d", version,
                 KVM_API_VERSION);
        close(kvm);
        return -1;
    }
    limits->cpu_count = kvm_extension(kvm, KVM_CAP_MAX_VCPUS);
    limits->ipa_bits = kvm_extension(kvm, KVM_CAP_ARM_VM_IPA_SIZE);
    if (limits->ipa_bits == 0) {
        limits->ipa_bits = KVM_DEFAULT_IPA_BITS;
    }
    limits->system_suspend = kvm_extension(kvm, KVM_CAP_ARM_SYSTEM_SUSPEND) != 0;
    return kvm;
}

/*
 * KVM takes all locks of the process's memory map for this, and Linux gives that up at any signal.
 * A signal that stops and continues the process (Ctrl-Z) must not fail the call.
 */
static int vm_create_fd(int kvm, unsigned ipa_bits)
{
    int vm;

    do {
        vm = kvm_call_number(kvm, KVM_CREATE_VM, vm_type_number(ipa_bits));
    } while (vm == -EINTR);
    return vm;
}

bool kvm_can_forward_psci(int kvm, const struct kvm_limits *limits)
{
    bool small = limits->ipa_bits < KVM_DEFAULT_IPA_BITS;
    int vm = vm_create_fd(kvm, small ? limits->ipa_bits : KVM_DEFAULT_IPA_BITS);

    if (vm < 0) {
        return false;
    }
    bool can = vpsci_kvm_can_forward(vm);
    close(vm);
    return can;
}

static int vm_enable(struct vm *vm, uint32_t capability)
{
    struct kvm_enable_cap enable = {.cap = capability};

    return kvm_call(vm->fd, KVM_ENABLE_CAP, &enable);
}

static int vm_prepare(struct vm *vm, int kvm, unsigned ipa_bits)
{
    int fd = vm_create_fd(kvm, ipa_bits);

    if (fd < 0) {
        return fd;
    }
    vm->fd = fd;
    int run_size = kvm_call_number(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (run_size < 0) {
        return run_size;
    }
    vm->run_size = (size_t)run_size;
    int error = kvm_call(fd, KVM_ARM_PREFERRED_TARGET, &vm->target);
    if (error != 0) {
        return error;
    }
    vm->target.features[0] = 1u << KVM_ARM_VCPU_PSCI_0_2 | 1u << KVM_ARM_VCPU_POWER_OFF;
    /*
     * Without this an access that the hardware does not decode fails KVM_RUN: any guest could end
     * its monitor with one load-pair. A kernel before 5.5 lacks it, and SYSTEM_SUSPEND too.
     */
    vm_enable(vm, KVM_CAP_ARM_NISV_TO_USER);
    return 0;
}

struct vm *vm_create(int kvm, unsigned ipa_bits)
{
    struct vm *vm = calloc(1, sizeof(*vm));

    if (vm == NULL) {
        return NULL;
    }
    vm->fd = vm->gic_fd = vm->its_fd = -1;
    memset(vm->pulse_fd, 0xff, sizeof(vm->pulse_fd)); /* each is -1 */
    int error = vm_prepare(vm, kvm, ipa_bits);
    if (error != 0) {
        vm_destroy(vm);
        errno = -error;
        return NULL;
    }
    return vm;
}

static void vm_close_fd(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

void vm_destroy(struct vm *vm)
{
    if (vm == NULL) {
        return;
    }
    for (unsigned i = 0; i < MAP_SPI_COUNT; i++) {
        vm_close_fd(vm->pulse_fd[i]);
    }
    vm_close_fd(vm->its_fd);
    vm_close_fd(vm->gic_fd);
    vm_close_fd(vm->fd);
    free(vm);
}

int vm_add_memory(struct vm *vm, const struct memory *memory)
{
    struct kvm_userspace_memory_region region = {
        .guest_phys_addr = memory->base.value,
        .memory_size = memory->size,
        .userspace_addr = (uintptr_t)memory->host,
    };

    return kvm_call(vm->fd, KVM_SET_USER_MEMORY_REGION, &region);
}

int vm_set_rom(struct vm *vm, unsigned number, struct ipa base, uint64_t size, const void *host)
{
    struct kvm_userspace_memory_region region = {
        .slot = 1 + number,
        .flags = KVM_MEM_READONLY,
        .guest_phys_addr = base.value,
        .memory_size = size,
        .userspace_addr = (uintptr_t)host,
    };

    return kvm_call(vm->fd, KVM_SET_USER_MEMORY_REGION, &region);
}

int vm_enable_system_suspend(struct vm *vm)
{
    return vm_enable(vm, KVM_CAP_ARM_SYSTEM_SUSPEND);
}

int vm_forward_psci(struct vm *vm)
{
    return vpsci_kvm_forward(vm->fd);
}

int vm_irq(struct vm *vm, uint32_t spi, bool level)
{
    enum { SPI_FIRST_INTID = 32 };
    struct kvm_irq_level line = {
        .irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | (spi + SPI_FIRST_INTID),
        .level = level,
    };

    return kvm_call(vm->fd, KVM_IRQ_LINE, &line);
}
