/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KVM's own counters, by its binary statistics interface (Documentation/virt/kvm/api.rst 4.133):
 * reading them does not take the vCPU out of the guest.
 */
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kvm/kvm_parts.h"

/* Finds "hvc_exit_stat" among the descriptors; returns its offset in the file, or 0. */
static uint64_t stats_find_counter(int fd)
{
    static const char wanted[] = "hvc_exit_stat";
    struct kvm_stats_header header;

    if (pread(fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header)) {
        return 0;
    }
    size_t size = sizeof(struct kvm_stats_desc) + header.name_size;
    struct kvm_stats_desc *desc = malloc(size);
    uint64_t found = 0;

    for (uint32_t i = 0; desc != NULL && i < header.num_desc && found == 0; i++) {
        off_t at = (off_t)(header.desc_offset + i * size);

        if (pread(fd, desc, size, at) != (ssize_t)size) {
            break;
        }
        if (header.name_size >= sizeof(wanted) && memcmp(desc->name, wanted, sizeof(wanted)) == 0) {
            found = header.data_offset + desc->offset;
        }
    }
    free(desc);
    return found;
}

void vcpu_count_hypercalls(struct vcpu *vcpu)
{
    vcpu->stats_fd = kvm_call(vcpu->kvm.fd, KVM_GET_STATS_FD, NULL);
    if (vcpu->stats_fd < 0) {
        vcpu->stats_fd = -1;
        return;
    }
    vcpu->hypercall_stat = stats_find_counter(vcpu->stats_fd);
    if (vcpu->hypercall_stat == 0) {
        stats_close(vcpu);
    }
}

void stats_close(struct vcpu *vcpu)
{
    if (vcpu->stats_fd >= 0) {
        close(vcpu->stats_fd);
        vcpu->stats_fd = -1;
    }
}

uint64_t vcpu_hypercall_count(struct vcpu *vcpu)
{
    uint64_t count = 0;

    if (vcpu->stats_fd < 0) {
        return 0;
    }
    ssize_t got = pread(vcpu->stats_fd, &count, sizeof(count), (off_t)vcpu->hypercall_stat);
    return got == (ssize_t)sizeof(count) ? count : 0;
}
