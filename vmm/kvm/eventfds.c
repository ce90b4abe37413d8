/* SPDX-License-Identifier: BSD-2-Clause */
/* What passes between KVM and the devices by eventfd: pulses to the GIC, and doorbells. */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kvm/kvm_parts.h"

int vm_add_pulse(struct vm *vm, uint32_t spi)
{
    if (spi >= MAP_SPI_COUNT) {
        return -EINVAL;
    }
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
        return -errno;
    }
    /* With a GIC in the kernel the number of a "GSI" is that of the SPI (KVM's default routing). */
    struct kvm_irqfd irqfd = {.fd = (uint32_t)fd, .gsi = spi};
    int error = kvm_call(vm->fd, KVM_IRQFD, &irqfd);
    if (error != 0) {
        close(fd);
        return error;
    }
    vm->pulse_fd[spi] = fd;
    return 0;
}

void vm_pulse(const struct vm *vm, uint32_t spi)
{
    if (vm->pulse_fd[spi] >= 0) {
        /* KVM reads it in the same moment, so it is never full. */
        (void)eventfd_write(vm->pulse_fd[spi], 1);
    }
}

int vm_pulse_fd(const struct vm *vm, uint32_t spi)
{
    return vm->pulse_fd[spi];
}

int vm_add_doorbell(struct vm *vm, struct ipa address, unsigned size, uint64_t value, int fd)
{
    struct kvm_ioeventfd doorbell = {
        .datamatch = value,
        .addr = address.value,
        .len = size,
        .fd = fd,
        .flags = KVM_IOEVENTFD_FLAG_DATAMATCH,
    };

    return kvm_call(vm->fd, KVM_IOEVENTFD, &doorbell);
}
