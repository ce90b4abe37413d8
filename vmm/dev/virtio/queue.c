/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/virtio/queue.h"

#include <stddef.h>
#include <string.h>

/* Rings are little-endian (virtio 1.2, 1.4), and so is every host that this runs on. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a little-endian host");

void queue_init(struct queue *queue, struct queue_state *state, const struct memory *memory)
{
    *queue = (struct queue){.state = state, .memory = memory};
}

/* The part of a ring at `address`, or NULL if it is not in RAM or not aligned. */
static void *queue_find(const struct queue *queue, uint64_t address, uint64_t size, uint64_t align)
{
    return address % align == 0 ? memory_at(queue->memory, ipa(address), size) : NULL;
}

bool queue_start(struct queue *queue, bool event_idx, bool indirect)
{
    struct queue_state *state = queue->state;
    unsigned size = state->size;
    const size_t event = sizeof(uint16_t); /* used_event and avail_event at the ends */

    queue->fault = NULL;
    if (size == 0 || size > QUEUE_SIZE_MAX || (size & (size - 1)) != 0) {
        queue->fault = "a queue's size is not a power of 2 up to 256";
        return false;
    }
    queue->table = queue_find(queue, state->descriptors, size * sizeof(struct vring_desc),
                              VRING_DESC_ALIGN_SIZE);
    queue->available = queue_find(queue, state->available,
                                  sizeof(struct vring_avail) + size * sizeof(uint16_t) + event,
                                  VRING_AVAIL_ALIGN_SIZE);
    queue->used =
        queue_find(queue, state->used,
                   sizeof(struct vring_used) + size * sizeof(struct vring_used_elem) + event,
                   VRING_USED_ALIGN_SIZE);
    queue->event_idx = event_idx;
    queue->indirect = indirect;
    if (queue->table == NULL || queue->available == NULL || queue->used == NULL) {
        queue->fault = "a ring is not aligned, or not in RAM";
        return false;
    }
    state->ready = 1;
    return true;
}

void queue_stop(struct queue *queue)
{
    *queue->state = (struct queue_state){0};
    queue_init(queue, queue->state, queue->memory);
}

static uint16_t queue_available_index(const struct queue *queue)
{
    /* Pairs with the driver's barrier: entries and descriptors are read after the index. */
    return __atomic_load_n(&queue->available->idx, __ATOMIC_ACQUIRE);
}

bool queue_has_chain(const struct queue *queue)
{
    return queue->state->ready && queue->fault == NULL &&
           queue_available_index(queue) != queue->state->next;
}

static int queue_blame(struct queue *queue, const char *fault)
{
    queue->fault = fault;
    return -1;
}

/* Adds the buffer of one descriptor to the chain. */
static int queue_add_part(struct queue *queue, struct chain *chain, const struct vring_desc *from)
{
    bool written = (from->flags & VRING_DESC_F_WRITE) != 0;
    void *host = memory_at(queue->memory, ipa(from->addr), from->len);

    if (host == NULL) {
        return queue_blame(queue, "a buffer is empty, or not in RAM");
    }
    if (chain->out_count + chain->in_count == QUEUE_SIZE_MAX) {
        return queue_blame(queue, "a chain of descriptors is too long, or has a loop");
    }
    if (!written && chain->in_count != 0) {
        return queue_blame(queue, "a buffer to read follows one to write");
    }
    chain->parts[chain->out_count + chain->in_count] = (struct iovec){host, from->len};
    chain->in_count += written;
    chain->out_count += !written;
    chain->in_size += written ? from->len : 0;
    chain->out_size += written ? 0 : from->len;
    return 0;
}

/* A table of descriptors, the ring's own or an indirect one, which may lie at any address. */
struct queue_table {
    const uint8_t *at;
    unsigned count;
    bool indirect;
};

/* Follows an indirect descriptor to its table (2.7.5.3). */
static int queue_enter_table(struct queue *queue, const struct vring_desc *from,
                             struct queue_table *table)
{
    const uint32_t entry = sizeof(struct vring_desc);

    if (!queue->indirect || table->indirect || (from->flags & VRING_DESC_F_NEXT) != 0) {
        return queue_blame(queue, "a descriptor is indirect where it must not be");
    }
    if (from->len == 0 || from->len % entry != 0 || from->len / entry > QUEUE_SIZE_MAX) {
        return queue_blame(queue, "an indirect table has an invalid length");
    }
    table->indirect = true;
    table->count = from->len / entry;
    table->at = memory_at(queue->memory, ipa(from->addr), from->len);
    return table->at != NULL ? 0 : queue_blame(queue, "an indirect table is not in RAM");
}

/*
 * Walks a chain. Each descriptor is copied first, since the driver can change it at any moment. The
 * walk ends: each descriptor but one adds a part, and there is no room for more than the most.
 */
static int queue_walk(struct queue *queue, struct chain *chain)
{
    struct queue_table table = {(const uint8_t *)queue->table, queue->state->size, false};
    unsigned at = chain->head;
    struct vring_desc one;

    do {
        if (at >= table.count) {
            return queue_blame(queue, "a descriptor's number is too large");
        }
        memcpy(&one, table.at + at * sizeof(one), sizeof(one));
        at = one.next;
        if ((one.flags & VRING_DESC_F_INDIRECT) != 0) {
            if (queue_enter_table(queue, &one, &table) != 0) {
                return -1;
            }
            at = 0;
            one.flags = VRING_DESC_F_NEXT;
        } else if (queue_add_part(queue, chain, &one) != 0) {
            return -1;
        }
    } while ((one.flags & VRING_DESC_F_NEXT) != 0);
    return 0;
}

int queue_take(struct queue *queue, struct chain *chain)
{
    struct queue_state *state = queue->state;

    if (!queue_has_chain(queue)) {
        return 0;
    }
    if ((uint16_t)(queue_available_index(queue) - state->next) > state->size) {
        return queue_blame(queue, "the available index ran away");
    }
    chain->head =
        __atomic_load_n(&queue->available->ring[state->next % state->size], __ATOMIC_RELAXED);
    chain->out_count = chain->in_count = 0;
    chain->out_size = chain->in_size = 0;
    if (queue_walk(queue, chain) != 0) {
        return -1;
    }
    state->next++;
    return 1;
}

void queue_put_back(struct queue *queue)
{
    queue->state->next--;
}

void queue_complete(struct queue *queue, uint16_t head, uint32_t written)
{
    struct queue_state *state = queue->state;

    if (!state->ready) {
        return;
    }
    queue->used->ring[state->next_used % state->size] =
        (struct vring_used_elem){.id = head, .len = written};
    state->next_used++;
    /* The driver reads the element, and what the device has written, after the index. */
    __atomic_store_n(&queue->used->idx, state->next_used, __ATOMIC_RELEASE);
}

/* The driver's wish: the index at whose completion it wants to be told (2.7.10). */
static uint16_t queue_used_event(const struct queue *queue)
{
    return __atomic_load_n(&queue->available->ring[queue->state->size], __ATOMIC_RELAXED);
}

bool queue_wants_interrupt(struct queue *queue)
{
    struct queue_state *state = queue->state;

    if (!state->ready) {
        return false;
    }
    /* The driver writes its wish and then reads the used index; here it is the other way round. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!queue->event_idx) {
        uint16_t flags = __atomic_load_n(&queue->available->flags, __ATOMIC_RELAXED);

        return (flags & VRING_AVAIL_F_NO_INTERRUPT) == 0;
    }
    uint16_t before = state->told;
    bool known = state->told_before;
    state->told = state->next_used;
    state->told_before = 1;
    return !known || vring_need_event(queue_used_event(queue), state->next_used, before);
}

bool queue_ask_notification(struct queue *queue)
{
    const struct queue_state *state = queue->state;

    if (!state->ready) {
        return false;
    }
    if (queue->event_idx) {
        /* avail_event lies where the element after the last one would. */
        uint8_t *end = (uint8_t *)(queue->used->ring + state->size);
        uint16_t *wanted = (uint16_t *)end;

        __atomic_store_n(wanted, state->next, __ATOMIC_RELAXED);
    } else {
        __atomic_store_n(&queue->used->flags, 0, __ATOMIC_RELAXED);
    }
    /* The driver adds a chain and then reads the wish; here it is the other way round. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return queue_has_chain(queue);
}

void queue_spare_notification(struct queue *queue)
{
    if (queue->state->ready && !queue->event_idx) {
        __atomic_store_n(&queue->used->flags, VRING_USED_F_NO_NOTIFY, __ATOMIC_RELAXED);
    }
}

static uint16_t queue_used_index(const struct queue *queue)
{
    return __atomic_load_n(&queue->used->idx, __ATOMIC_ACQUIRE);
}

void queue_lend(struct queue *queue)
{
    queue->lent = true;
    queue->moved = queue_used_index(queue);
}

void queue_take_back(struct queue *queue, uint16_t next)
{
    queue->lent = false;
    queue->state->next = next;
    queue->state->next_used = queue_used_index(queue);
    queue->state->told_before = 0;
}

bool queue_has_moved(struct queue *queue)
{
    uint16_t before = queue->moved;

    queue->moved = queue_used_index(queue);
    return queue->moved != before;
}

uint64_t queue_read_last(const struct queue *queue, void *bytes, uint64_t size)
{
    unsigned at = (uint16_t)(queue_used_index(queue) - 1) % queue->state->size;
    uint32_t head = __atomic_load_n(&queue->used->ring[at].id, __ATOMIC_RELAXED);
    struct vring_desc one;

    if (head >= queue->state->size) {
        return 0;
    }
    memcpy(&one, queue->table + head, sizeof(one));
    const void *host = memory_at(queue->memory, ipa(one.addr), one.len);
    if (host == NULL || one.flags != VRING_DESC_F_WRITE) {
        return 0;
    }
    size = one.len < size ? one.len : size;
    memcpy(bytes, host, size);
    return size;
}

typedef void parts_copy_fn(uint8_t *part, uint8_t *bytes, uint64_t size);

static uint64_t parts_copy(const struct iovec *parts, unsigned count, uint64_t skip, uint8_t *bytes,
                           uint64_t size, parts_copy_fn *copy)
{
    uint64_t done = 0;

    for (unsigned i = 0; i < count && done < size; i++) {
        uint64_t room = parts[i].iov_len;

        if (skip >= room) {
            skip -= room;
            continue;
        }
        uint64_t step = room - skip < size - done ? room - skip : size - done;
        copy((uint8_t *)parts[i].iov_base + skip, bytes + done, step);
        done += step;
        skip = 0;
    }
    return done;
}

static void parts_copy_out(uint8_t *part, uint8_t *bytes, uint64_t size)
{
    memcpy(bytes, part, size);
}

static void parts_copy_in(uint8_t *part, uint8_t *bytes, uint64_t size)
{
    memcpy(part, bytes, size);
}

uint64_t parts_read(const struct iovec *parts, unsigned count, uint64_t skip, void *bytes,
                    uint64_t size)
{
    return parts_copy(parts, count, skip, bytes, size, parts_copy_out);
}

uint64_t parts_write(const struct iovec *parts, unsigned count, uint64_t skip, const void *bytes,
                     uint64_t size)
{
    return parts_copy(parts, count, skip, (uint8_t *)(uintptr_t)bytes, size, parts_copy_in);
}
