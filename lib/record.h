/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The saved record, format 1. All numbers are little-endian.
 *
 *   offset  size
 *   0       8    magic
 *   8       4    format
 *   12      4    length of all of it
 *   16      4    CRC-32C of all of it, taken with these four bytes 0
 *   20      4    how many vCPUs
 *   24      4    how many entries the table of power states has
 *   28      4    CRC-32C of the table and of the tree of domains
 *   32      4    version of PSCI
 *   36      4    index of the vCPU with the Trusted OS
 *   40      2    the vCPU whose system request is undecided, or 0xffff
 *   42      1    enum vpsci__stage
 *   43      1    RECORD_* below
 *   44      4    0
 *   48           vCPUs, 32 bytes each:
 *     0     4      affinity, Aff3 31:24 ... Aff0 7:0
 *     4     1      enum vpsci__state
 *     5     1      code, RETURNING only
 *     6     1      detail, in the states that have one
 *     7     1      1: woken
 *     8     8      entry
 *     16    8      context
 *     24    4      form
 *     28    3      the domains that it is the first of, level 1 first: state index plus 1
 *     31    1      0
 *   then, with RECORD_STATISTICS, for each vCPU
 *     0     32     how long the stay of levels 0 to 3 has gone on, microseconds plus 1; 0: none
 *     32    16     count and residency, for each state of the table
 *
 * What a state does not use is 0.
 */
#ifndef VPSCI_RECORD_H
#define VPSCI_RECORD_H

#include "internal.h"

enum {
    RECORD_FORMAT = 1,
    RECORD_CHECKSUM_AT = 16,
    RECORD_FLAGS_AT = 43,
    RECORD_HEADER_SIZE = 48,
    RECORD_VCPU_SIZE = 32,
    RECORD_STAYS_SIZE = 32,
    RECORD_STATE_SIZE = 16,

    RECORD_STATISTICS = 1 << 0,
    RECORD_OS_INITIATED = 1 << 1,
    RECORD_MODE_USED = 1 << 2,
    RECORD_MEM_PROTECT = 1 << 3
};

#define RECORD_MAGIC UINT64_C(0x6365724943535076) /* the bytes "vPSCIrec" */

/* The header, as numbers. */
struct vpsci__header {
    uint64_t magic;
    uint32_t format;
    uint32_t length;
    uint32_t checksum;
    uint32_t vcpu_count;
    uint32_t state_count;
    uint32_t digest;
    uint32_t version;
    uint32_t resident;
    uint32_t actor;
    uint32_t stage;
    uint32_t flags;
    uint32_t zero;
};

/* A vCPU's part, as numbers. */
struct vpsci__saved {
    uint32_t affinity;
    uint32_t state;
    uint32_t code;
    uint32_t detail;
    uint32_t woken;
    uint64_t entry;
    uint64_t context;
    uint32_t form;
    uint32_t nodes;
};

/* When a stay began, plus 1, turned into how long it has gone on, plus 1; and back. 0: no stay. */
static inline uint64_t vpsci__turn_stay(uint64_t value, uint64_t now)
{
    return value ? now + 2 - value : 0;
}

/* Writing and reading walk over the record with the same steps: see record.c. */
void vpsci__put(uint8_t **at, uint64_t value, uint32_t size);
uint64_t vpsci__get(const uint8_t **at, uint32_t size);
uint32_t vpsci__checksum(const uint8_t *record, size_t size);
uint32_t vpsci__digest(const struct vpsci_vm *vm);
size_t vpsci__record_size(const struct vpsci_vm *vm, uint32_t flags);
bool vpsci__has_entry(uint32_t state);
bool vpsci__has_form(uint32_t state);

#endif
