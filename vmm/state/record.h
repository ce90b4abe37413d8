/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The bytes of a section: numbers little-endian, one after the other, without padding. No structure
 * goes in with the compiler's layout, unless its layout is asserted (`state` of dev/device.h).
 *
 * An error is sticky: put or get as much as needed, and ask once at the end. No function here reports.
 */
#ifndef DORMOUSE_STATE_RECORD_H
#define DORMOUSE_STATE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** All zero: an empty record to put into. */
struct state_record {
    uint8_t *bytes;
    size_t size;
    size_t capacity; /* 0: the bytes are someone else's, and are only read */
    size_t next;     /* where the next get reads */
    bool failed;     /* memory ran out, or a get went beyond the end */
};

/** A record to read the `size` bytes, which the caller keeps as long as the record is used. */
struct state_record state_record_of(const void *bytes, size_t size);
/** Frees what puts have allocated; the record is empty again. */
void state_record_free(struct state_record *record);

void state_put_u8(struct state_record *record, uint8_t value);
void state_put_u16(struct state_record *record, uint16_t value);
void state_put_u32(struct state_record *record, uint32_t value);
void state_put_u64(struct state_record *record, uint64_t value);
void state_put_bytes(struct state_record *record, const void *bytes, size_t size);

/** Beyond the end these return 0, and the record has failed. */
uint8_t state_get_u8(struct state_record *record);
uint16_t state_get_u16(struct state_record *record);
uint32_t state_get_u32(struct state_record *record);
uint64_t state_get_u64(struct state_record *record);
/** Fills `bytes`; with zeros if the record has fewer, and then it has failed. */
void state_get_bytes(struct state_record *record, void *bytes, size_t size);
/** The next `size` bytes where they are, or NULL if the record has fewer, and then it has failed. */
const void *state_get_view(struct state_record *record, size_t size);

/** How many bytes are left to get. */
size_t state_record_left(const struct state_record *record);
/** Whether every put and get so far was good. */
bool state_record_good(const struct state_record *record);

#endif
