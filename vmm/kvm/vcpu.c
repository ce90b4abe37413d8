/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kvm/kvm_parts.h"

static int vcpu_open(struct vcpu *vcpu, struct vm *vm, unsigned index)
{
    vcpu->kvm.init = &vm->target;
    vcpu->kvm.fd = ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)index);
    if (vcpu->kvm.fd < 0) {
        return -errno;
    }
    void *run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->kvm.fd, 0);
    if (run == MAP_FAILED) {
        return -errno;
    }
    vcpu->kvm.run = run;
    return 0;
}

struct vcpu *vcpu_create(struct vm *vm, unsigned index)
{
    struct vcpu *vcpu = calloc(1, sizeof(*vcpu));

    if (vcpu == NULL) {
        return NULL;
    }
    vcpu->vm = vm;
    vcpu->index = index;
    vcpu->kvm.fd = vcpu->stats_fd = -1;
    int error = vcpu_open(vcpu, vm, index);
    if (error != 0) {
        vcpu_destroy(vcpu);
        errno = -error;
        return NULL;
    }
    return vcpu;
}

void vcpu_destroy(struct vcpu *vcpu)
{
    if (vcpu == NULL) {
        return;
    }
    stats_close(vcpu);
    if (vcpu->kvm.run != NULL) {
        munmap(vcpu->kvm.run, vcpu->vm->run_size);
    }
    if (vcpu->kvm.fd >= 0) {
        close(vcpu->kvm.fd);
    }
    free(vcpu);
}

int vcpu_init(struct vcpu *vcpu, bool off)
{
    return vpsci_kvm_reset(&vcpu->kvm, off ? VPSCI_MP_STOPPED : VPSCI_MP_RUNNABLE);
}

struct vpsci_kvm_vcpu *vcpu_psci(struct vcpu *vcpu)
{
    return &vcpu->kvm;
}

static void exit_decode_mmio(const struct kvm_run *run, struct vcpu_exit *exit)
{
    exit->kind = run->mmio.is_write ? VCPU_EXIT_WRITE : VCPU_EXIT_READ;
    exit->address = ipa(run->mmio.phys_addr);
    exit->size = run->mmio.len;
    exit->value = 0;
    /* KVM gives the bytes as the device sees them, and the devices here are little-endian. */
    memcpy(&exit->value, run->mmio.data, run->mmio.len);
}

static bool event_has_flag(const struct kvm_run *run, uint64_t flag)
{
    return run->system_event.ndata > 0 && (run->system_event.data[0] & flag) != 0;
}

/* Linux 6.13 has it; the headers of older kernels, with which this builds too, lack it. */
#define SHUTDOWN_FLAG_PSCI_OFF2 (UINT64_C(1) << 0)

static void exit_decode_event(const struct kvm_run *run, struct vcpu_exit *exit)
{
    exit->kind = VCPU_EXIT_POWER;
    switch (run->system_event.type) {
    case KVM_SYSTEM_EVENT_SHUTDOWN:
        exit->power =
            event_has_flag(run, SHUTDOWN_FLAG_PSCI_OFF2) ? POWER_EXIT_HIBERNATE : POWER_EXIT_OFF;
        return;
    case KVM_SYSTEM_EVENT_RESET:
        exit->power = event_has_flag(run, KVM_SYSTEM_EVENT_RESET_FLAG_PSCI_RESET2)
                          ? POWER_EXIT_RESET2
                          : POWER_EXIT_RESET;
        return;
    case KVM_SYSTEM_EVENT_SUSPEND:
        exit->power = POWER_EXIT_SUSPEND;
        return;
    case KVM_SYSTEM_EVENT_WAKEUP:
        exit->power = POWER_EXIT_WAKEUP;
        return;
    default:
        exit->kind = VCPU_EXIT_FAILED;
        return;
    }
}

static void exit_decode(const struct kvm_run *run, struct vcpu_exit *exit)
{
    exit->reason = run->exit_reason;
    switch (run->exit_reason) {
    case KVM_EXIT_MMIO:
        exit_decode_mmio(run, exit);
        return;
    case KVM_EXIT_ARM_NISV:
        exit->kind = VCPU_EXIT_OPAQUE;
        return;
    case KVM_EXIT_HYPERCALL:
        exit->kind = VCPU_EXIT_CALL;
        exit->function = (uint32_t)run->hypercall.nr;
        return;
    case KVM_EXIT_SYSTEM_EVENT:
        exit_decode_event(run, exit);
        return;
    case KVM_EXIT_INTR:
        exit->kind = VCPU_EXIT_KICKED;
        return;
    default:
        exit->kind = VCPU_EXIT_FAILED;
        return;
    }
}

void vcpu_run(struct vcpu *vcpu, struct vcpu_exit *exit)
{
    int error = kvm_call(vcpu->kvm.fd, KVM_RUN, NULL);

    exit->error = -error;
    if (error == 0) {
        exit_decode(vcpu->kvm.run, exit);
    } else if (error == -EINTR || error == -EAGAIN) {
        exit->kind = VCPU_EXIT_KICKED;
    } else {
        exit->kind = VCPU_EXIT_FAILED;
    }
}

void vcpu_finish_read(struct vcpu *vcpu, uint64_t value, unsigned size)
{
    memcpy(vcpu->kvm.run->mmio.data, &value, size);
}

int vcpu_abort_access(struct vcpu *vcpu)
{
    struct kvm_vcpu_events events = {.exception = {.ext_dabt_pending = 1}};

    return kvm_call(vcpu->kvm.fd, KVM_SET_VCPU_EVENTS, &events);
}

void vcpu_kick(struct vcpu *vcpu)
{
    vpsci_kvm_kick(&vcpu->kvm);
}

void vcpu_unkick(struct vcpu *vcpu)
{
    vpsci_kvm_unkick(&vcpu->kvm);
}

void vcpu_describe_failure(struct vcpu *vcpu, const struct vcpu_exit *exit, char *text, size_t size)
{
    uint64_t pc = 0;

    vcpu_get_pc(vcpu, &pc);
    if (exit->error != 0) {
        snprintf(text, size, "KVM_RUN: %s, at pc 0x%llx", strerror(exit->error),
                 (unsigned long long)pc);
        return;
    }
    snprintf(text, size, "KVM exit reason %u (suberror %u), at pc 0x%llx", exit->reason,
             exit->reason == KVM_EXIT_INTERNAL_ERROR ? vcpu->kvm.run->internal.suberror : 0,
             (unsigned long long)pc);
}

int vcpu_is_off(struct vcpu *vcpu)
{
    struct kvm_mp_state state;
    int error = kvm_call(vcpu->kvm.fd, KVM_GET_MP_STATE, &state);

    return error != 0 ? error : state.mp_state == KVM_MP_STATE_STOPPED;
}

int vcpu_doze(struct vcpu *vcpu)
{
    return vpsci_kvm_mp_state_set(&vcpu->kvm, VPSCI_MP_SUSPENDED);
}
