/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the driver asks for: each chain is checked, and answered or made a request. A malformed one
 * gets an error as its status; only one without room for a status breaks the device.
 */
#include <linux/virtio_blk.h>
#include <string.h>

#include "dev/virtio/blk_parts.h"

static void blk_answer(struct device *device, const struct blk_chain *request, uint8_t status,
                       uint32_t written)
{
    *request->status = status;
    virtio_complete(&device->virtio, request->queue, request->chain->head, written);
}

static bool blk_refuse(struct device *device, const struct blk_chain *request, uint8_t status)
{
    blk_answer(device, request, status, (uint32_t)request->chain->in_size == 1 ? 1 : 0);
    return true;
}

/* Copies the parts that have bytes [skip, skip + size) of those given. */
static unsigned blk_slice(const struct iovec *parts, uint64_t skip, uint64_t size,
                          struct iovec *slice)
{
    unsigned count = 0;

    for (; size > 0; parts++) {
        if (skip >= parts->iov_len) {
            skip -= parts->iov_len;
            continue;
        }
        uint64_t length = parts->iov_len - skip < size ? parts->iov_len - skip : size;
        slice[count++] = (struct iovec){(uint8_t *)parts->iov_base + skip, length};
        size -= length;
        skip = 0;
    }
    return count;
}

/* Whether the disk has these sectors. */
static bool blk_has(const struct device *device, uint64_t sector, uint64_t count)
{
    uint64_t capacity = disk_size(device->disk) / BLK_SECTOR;

    return sector <= capacity && count <= capacity - sector;
}

/* The status of a read or a write that is wrong. */
static uint8_t blk_check_transfer(const struct device *device, const struct blk_chain *from)
{
    bool writes = from->header.type == VIRTIO_BLK_T_OUT;
    bool fits = from->size % BLK_SECTOR == 0 &&
                blk_has(device, from->header.sector, from->size / BLK_SECTOR);

    return fits && !(writes && device->settings->read_only) ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR;
}

static bool blk_transfer(struct device *device, const struct blk_chain *from,
                         enum disk_operation operation, const struct iovec *parts, unsigned count)
{
    uint64_t skip = operation == DISK_WRITE ? sizeof(from->header) : 0;
    uint8_t status = blk_check_transfer(device, from);

    if (status != VIRTIO_BLK_S_OK || from->size == 0) {
        return blk_refuse(device, from, status);
    }
    struct blk_request *request = blk_create_request(device, from, operation, count);
    if (request == NULL) {
        return blk_refuse(device, from, VIRTIO_BLK_S_IOERR);
    }
    request->disk.offset = from->header.sector * BLK_SECTOR;
    request->disk.size = from->size;
    request->disk.part_count = blk_slice(parts, skip, from->size, request->parts);
    blk_submit(device, request);
    return true;
}

static bool blk_read(struct device *device, const struct blk_chain *from)
{
    const struct chain *chain = from->chain;

    return blk_transfer(device, from, DISK_READ, chain_in(chain), chain->in_count);
}

static bool blk_write(struct device *device, const struct blk_chain *from)
{
    const struct chain *chain = from->chain;

    return blk_transfer(device, from, DISK_WRITE, chain_out(chain), chain->out_count);
}

static bool blk_flush(struct device *device, const struct blk_chain *from)
{
    struct blk_request *request = blk_create_request(device, from, DISK_FLUSH, 0);

    if (request == NULL) {
        return blk_refuse(device, from, VIRTIO_BLK_S_IOERR);
    }
    blk_submit(device, request);
    return true;
}

/* The status of a discard or a request for zeroes that is wrong (5.2.6.2). */
static uint8_t blk_check_space(const struct device *device, const struct blk_chain *from,
                               const struct virtio_blk_discard_write_zeroes *range)
{
    bool zeroes = from->header.type == VIRTIO_BLK_T_WRITE_ZEROES;
    uint32_t flags = zeroes ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP : 0;

    if ((range->flags & ~flags) != 0) {
        return VIRTIO_BLK_S_UNSUPP;
    }
    if (device->settings->read_only || range->num_sectors > BLK_SPACE_SECTORS ||
        !blk_has(device, range->sector, range->num_sectors)) {
        return VIRTIO_BLK_S_IOERR;
    }
    return VIRTIO_BLK_S_OK;
}

/* One range, as the configuration space says. */
static bool blk_change_space(struct device *device, const struct blk_chain *from)
{
    const struct chain *chain = from->chain;
    bool zeroes = from->header.type == VIRTIO_BLK_T_WRITE_ZEROES;
    struct virtio_blk_discard_write_zeroes range;

    if (from->size != sizeof(range)) {
        return blk_refuse(device, from, VIRTIO_BLK_S_IOERR);
    }
    parts_read(chain_out(chain), chain->out_count, sizeof(from->header), &range, sizeof(range));
    uint8_t status = blk_check_space(device, from, &range);
    if (status != VIRTIO_BLK_S_OK || range.num_sectors == 0) {
        return blk_refuse(device, from, status);
    }
    struct blk_request *request =
        blk_create_request(device, from, zeroes ? DISK_ZERO : DISK_DISCARD, 0);
    if (request == NULL) {
        return blk_refuse(device, from, VIRTIO_BLK_S_IOERR);
    }
    request->disk.may_unmap = range.flags != 0;
    request->disk.offset = range.sector * BLK_SECTOR;
    request->disk.size = (uint64_t)range.num_sectors * BLK_SECTOR;
    blk_submit(device, request);
    return true;
}

/* The serial, padded with zeros; what has no room is left out. */
static bool blk_identify(struct device *device, const struct blk_chain *from)
{
    const struct chain *chain = from->chain;
    char serial[VIRTIO_BLK_ID_BYTES] = "";
    uint64_t size = from->size < sizeof(serial) ? from->size : sizeof(serial);

    memcpy(serial, device->settings->serial, strlen(device->settings->serial));
    parts_write(chain_in(chain), chain->in_count, 0, serial, size);
    blk_answer(device, from, VIRTIO_BLK_S_OK, (uint32_t)size);
    return true;
}

struct blk_kind {
    uint32_t type;
    bool (*serve)(struct device *device, const struct blk_chain *from);
};

static const struct blk_kind blk_kinds[] = {
    {VIRTIO_BLK_T_IN, blk_read},
    {VIRTIO_BLK_T_OUT, blk_write},
    {VIRTIO_BLK_T_FLUSH, blk_flush},
    {VIRTIO_BLK_T_GET_ID, blk_identify},
    {VIRTIO_BLK_T_DISCARD, blk_change_space},
    {VIRTIO_BLK_T_WRITE_ZEROES, blk_change_space},
};

static const struct blk_kind *blk_find_kind(uint32_t type)
{
    for (size_t i = 0; i < sizeof(blk_kinds) / sizeof(blk_kinds[0]); i++) {
        if (blk_kinds[i].type == type) {
            return &blk_kinds[i];
        }
    }
    return NULL;
}

/* The status is the last byte that the device may write. NULL: it may write none. */
static uint8_t *blk_find_status(const struct chain *chain)
{
    const struct iovec *parts = chain_in(chain);

    for (unsigned i = chain->in_count; i > 0; i--) {
        if (parts[i - 1].iov_len > 0) {
            return (uint8_t *)parts[i - 1].iov_base + parts[i - 1].iov_len - 1;
        }
    }
    return NULL;
}

bool blk_serve(struct device *device, unsigned queue, const struct chain *chain)
{
    struct blk_chain from = {.chain = chain, .queue = queue, .status = blk_find_status(chain)};

    if (device->under_way == DISK_REQUESTS_MAX) {
        device->waiting |= UINT32_C(1) << queue;
        return false;
    }
    if (from.status == NULL) {
        virtio_break(&device->virtio, "a request has no room for its status");
        return true;
    }
    if (parts_read(chain_out(chain), chain->out_count, 0, &from.header, sizeof(from.header)) !=
        sizeof(from.header)) {
        return blk_refuse(device, &from, VIRTIO_BLK_S_IOERR);
    }
    const struct blk_kind *kind = blk_find_kind(from.header.type);
    if (kind == NULL) {
        return blk_refuse(device, &from, VIRTIO_BLK_S_UNSUPP);
    }
    bool reads = from.header.type == VIRTIO_BLK_T_IN || from.header.type == VIRTIO_BLK_T_GET_ID;
    from.size = reads ? chain->in_size - 1 : chain->out_size - sizeof(from.header);
    return kind->serve(device, &from);
}
