/* SPDX-License-Identifier: BSD-2-Clause */
/* The saved record's bytes: see record.h. */
#include "record.h"

void vpsci__put(uint8_t **at, uint64_t value, uint32_t size)
{
    while (size-- > 0) {
        *(*at)++ = (uint8_t)value;
        value >>= 8;
    }
}

uint64_t vpsci__get(const uint8_t **at, uint32_t size)
{
    uint64_t value = 0;
    uint32_t i;

    for (i = 0; i < size; i++) {
        value |= (uint64_t)*(*at)++ << 8 * i;
    }
    return value;
}

/* CRC-32C, four bits at a time: a table of 64 bytes is all it costs. */
static uint32_t add_to_crc(uint32_t sum, uint8_t byte)
{
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };

    sum ^= byte;
    sum = sum >> 4 ^ table[sum & 15];
    return sum >> 4 ^ table[sum & 15];
}

/* The checksum's own bytes count as 0. */
uint32_t vpsci__checksum(const uint8_t *record, size_t size)
{
    uint32_t sum = UINT32_MAX;
    size_t i;

    for (i = 0; i < size; i++) {
        sum = add_to_crc(sum, i - RECORD_CHECKSUM_AT < 4 ? 0 : record[i]);
    }
    return ~sum;
}

static uint32_t add_number_to_crc(uint32_t sum, uint32_t number)
{
    uint32_t i;

    for (i = 0; i < 4; i++) {
        sum = add_to_crc(sum, (uint8_t)(number >> 8 * i));
    }
    return sum;
}

/* A checksum of the table of power states and of the tree of domains: a record means the same only
 * where both are the same. */
uint32_t vpsci__digest(const struct vpsci_vm *vm)
{
    uint32_t sum = UINT32_MAX;
    uint32_t i;

    for (i = 0; i < vm->state_count; i++) {
        sum = add_number_to_crc(sum, vm->states[i].value);
        sum = add_number_to_crc(sum, vm->states[i].level | (uint32_t)vm->states[i].local << 8 |
                                         (uint32_t)vm->states[i].below << 16);
    }
    for (i = 0; i < vm->vcpu_count; i++) {
        const uint16_t *domain = vpsci__vcpu(vm, i)->domain;

        sum = add_number_to_crc(sum, domain[0] | (uint32_t)domain[1] << 16);
        sum = add_number_to_crc(sum, domain[2]);
    }
    return ~sum;
}

size_t vpsci__record_size(const struct vpsci_vm *vm, uint32_t flags)
{
    size_t each = RECORD_VCPU_SIZE;

    if (flags & RECORD_STATISTICS) {
        each += RECORD_STAYS_SIZE + RECORD_STATE_SIZE * (size_t)vm->state_count;
    }
    return RECORD_HEADER_SIZE + each * vm->vcpu_count;
}

bool vpsci__has_entry(uint32_t state)
{
    return state == VPSCI__STARTING || state == VPSCI__PENDING || state == VPSCI__POWERDOWN ||
           state == VPSCI__SUSPEND_ASKED || state == VPSCI__SUSPENDED;
}

bool vpsci__has_form(uint32_t state)
{
    return vpsci__has_entry(state) || state == VPSCI__ASKING;
}
