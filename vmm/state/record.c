/* SPDX-License-Identifier: BSD-2-Clause */
#include "state/record.h"

#include <stdlib.h>
#include <string.h>

struct state_record state_record_of(const void *bytes, size_t size)
{
    /* Never written: a put needs a capacity. */
    return (struct state_record){.bytes = (uint8_t *)(uintptr_t)bytes, .size = size};
}

void state_record_free(struct state_record *record)
{
    if (record->capacity > 0) {
        free(record->bytes);
    }
    *record = (struct state_record){0};
}

/* A record that is only read has no capacity. */
static bool record_has_room(const struct state_record *record, size_t size)
{
    return record->capacity >= record->size && record->capacity - record->size >= size;
}

static bool record_grow(struct state_record *record, size_t size)
{
    enum { FIRST = 256 };
    size_t capacity = record->capacity > 0 ? record->capacity : FIRST;

    if (size > SIZE_MAX / 4 || (record->capacity == 0 && record->bytes != NULL)) {
        return false;
    }
    while (capacity - record->size < size) {
        capacity *= 2;
    }
    uint8_t *bytes = realloc(record->bytes, capacity);
    if (bytes == NULL) {
        return false;
    }
    record->bytes = bytes;
    record->capacity = capacity;
    return true;
}

void state_put_bytes(struct state_record *record, const void *bytes, size_t size)
{
    if (record->failed || size == 0) {
        return;
    }
    if (!record_has_room(record, size) && !record_grow(record, size)) {
        record->failed = true;
        return;
    }
    memcpy(record->bytes + record->size, bytes, size);
    record->size += size;
}

static void record_put(struct state_record *record, uint64_t value, size_t size)
{
    uint8_t bytes[sizeof(value)];

    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
    state_put_bytes(record, bytes, size);
}

void state_put_u8(struct state_record *record, uint8_t value)
{
    record_put(record, value, sizeof(value));
}

void state_put_u16(struct state_record *record, uint16_t value)
{
    record_put(record, value, sizeof(value));
}

void state_put_u32(struct state_record *record, uint32_t value)
{
    record_put(record, value, sizeof(value));
}

void state_put_u64(struct state_record *record, uint64_t value)
{
    record_put(record, value, sizeof(value));
}

const void *state_get_view(struct state_record *record, size_t size)
{
    if (record->failed || size > state_record_left(record)) {
        record->failed = true;
        return NULL;
    }
    const uint8_t *view = record->bytes + record->next;
    record->next += size;
    return view;
}

static uint64_t record_get(struct state_record *record, size_t size)
{
    const uint8_t *bytes = state_get_view(record, size);
    uint64_t value = 0;

    for (size_t i = 0; bytes != NULL && i < size; i++) {
        value |= (uint64_t)bytes[i] << 8 * i;
    }
    return value;
}

uint8_t state_get_u8(struct state_record *record)
{
    return (uint8_t)record_get(record, sizeof(uint8_t));
}

uint16_t state_get_u16(struct state_record *record)
{
    return (uint16_t)record_get(record, sizeof(uint16_t));
}

uint32_t state_get_u32(struct state_record *record)
{
    return (uint32_t)record_get(record, sizeof(uint32_t));
}

uint64_t state_get_u64(struct state_record *record)
{
    return record_get(record, sizeof(uint64_t));
}

void state_get_bytes(struct state_record *record, void *bytes, size_t size)
{
    const void *view = state_get_view(record, size);

    if (size == 0) {
        return;
    }
    if (view == NULL) {
        memset(bytes, 0, size);
        return;
    }
    memcpy(bytes, view, size);
}

size_t state_record_left(const struct state_record *record)
{
    return record->size - record->next;
}

bool state_record_good(const struct state_record *record)
{
    return !record->failed;
}
