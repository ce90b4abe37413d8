/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-blk (virtio 1.2, 5.2): a disk. Requests are checked here, and done by host/disk/. A
 * malformed request gets an error as its status; only one without room for a status breaks the
 * device.
 *
 * The guest resets the device before it sleeps, and waits for its requests before that. The file,
 * its lock and what the guest chose of the write cache stay.
 */
#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/report.h"
#include "core/loop.h"
#include "dev/virtio/virtio.h"
#include "host/disk/disk.h"

enum {
    BLK_SECTOR = 512,
    BLK_SEGMENTS = QUEUE_SIZE_MAX - 2,       /* without header and status */
    BLK_SPACE_SECTORS = 1 << 22,             /* of one discard, or one request for zeroes */
    BLK_SPACE_ALIGNMENT = 4096 / BLK_SECTOR, /* a block of usual file systems */
    BLK_REPORT_MS = 60000,
};

struct blk_request;

/* What the operator is told. */
struct blk_failure {
    const char *word; /* NULL: nothing */
    bool reads;
    bool pauses;
    uint64_t offset;
    int error; /* an errno */
};

struct blk_state {
    uint8_t writes_back; /* the driver's choice, CONFIG_WCE */
    uint8_t zero[7];
};

struct device {
    struct virtio virtio;
    struct blk_state state;
    const struct disk_settings *settings;
    struct disk *disk;
    struct loop_source *source;
    unsigned under_way;
    uint32_t served;            /* a bit for each queue that has had a completion */
    uint32_t waiting;           /* and for each that has chains which found no room */
    struct blk_request *parked; /* failed, and tried again when the operator continues the VM */
    bool failing;     /* a failure of the host was told, and no write has succeeded since */
    int error;        /* the errno of the last failure, until a write succeeds; 0: none */
    int64_t noted_ms; /* when one was told; 0: never */
    struct blk_failure failure;
    int failure_event; /* eventfd: `failure` is to be told */
    struct loop_source *failure_source;
    struct virtio_blk_config config;
};

_Static_assert(offsetof(struct device, state) ==
                   offsetof(struct virtio, state) + sizeof(struct virtio_state),
               "one state, of the transport and of the disk");

/* A request under way. */
struct blk_request {
    struct disk_request disk;
    struct device *device;
    struct blk_request *next; /* in the device's list of parked ones */
    unsigned queue;
    uint16_t head;
    uint32_t written; /* what the device will have written, with the status */
    uint8_t *status;  /* in the guest's memory */
    struct iovec parts[];
};

/* A chain that is looked at. */
struct blk_chain {
    const struct chain *chain;
    unsigned queue;
    struct virtio_blk_outhdr header;
    uint8_t *status;
    uint64_t size; /* of the data */
};

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

/* --- Ends. --- */

/*
 * A failure is told from the loop, where no lock is held. A guest cannot flood anybody: one line
 * until the disk works again, and one in a minute; or one until the operator continues the machine.
 * That one is always told: without the operator the guest would wait for ever.
 */
static void blk_note_failure(struct device *device, const struct disk_request *request, int error,
                             bool pauses)
{
    static const char *const words[] = {
        [DISK_READ] = "read",       [DISK_WRITE] = "write",       [DISK_FLUSH] = "flush",
        [DISK_DISCARD] = "discard", [DISK_ZERO] = "write zeroes",
    };
    int64_t now = clock_now_ms();
    bool recent = device->noted_ms != 0 && now - device->noted_ms < BLK_REPORT_MS;

    if (pauses ? device->parked != NULL : device->failing || recent) {
        return;
    }
    device->failing = true;
    device->noted_ms = now;
    device->failure = (struct blk_failure){
        .word = words[request->operation],
        .reads = request->operation == DISK_READ,
        .offset = request->offset,
        .error = -error,
        .pauses = pauses,
    };
    (void)eventfd_write(device->failure_event, 1);
}

static void blk_tell_failure(struct device *device, const struct blk_failure *failure)
{
    const struct device_env *env = &device->virtio.env;
    char name[16];

    report("--disk %s: cannot %s at byte %llu: %s; %s", disk_path(device->disk), failure->word,
           (unsigned long long)failure->offset, strerror(failure->error),
           failure->pauses ? "the VM stops until the operator continues it"
                           : "the guest gets an I/O error (reported once, until a write succeeds)");
    snprintf(name, sizeof(name), "disk%u", device->settings->number);
    env->failed(env->failed_arg,
                &(struct device_failure){.device = name,
                                         .operation = failure->reads ? "read" : "write",
                                         .reason = strerror(failure->error),
                                         .no_space = failure->error == ENOSPC,
                                         .pauses = failure->pauses});
}

static void blk_on_failure(void *arg, uint32_t events)
{
    struct device *device = arg;
    eventfd_t count;

    (void)events;
    (void)eventfd_read(device->failure_event, &count);
    if (!virtio_enter(&device->virtio)) {
        return;
    }
    struct blk_failure failure = device->failure;
    device->failure.word = NULL;
    virtio_unlock(&device->virtio);
    if (failure.word != NULL) {
        blk_tell_failure(device, &failure);
    }
}

static void blk_free(struct blk_request *request)
{
    request->device->under_way--;
    free(request);
}

/* The guest gets its answer. */
static void blk_end(struct blk_request *request, int error)
{
    struct device *device = request->device;

    *request->status = error == 0 ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR;
    virtio_complete(&device->virtio, request->queue, request->head,
                    error == 0 ? request->written : 0);
    device->served |= UINT32_C(1) << request->queue;
    blk_free(request);
}

/* A failed flush is not tried again: the kernel may have dropped what it could not write. */
static bool blk_waits_for_operator(const struct device *device, const struct disk_request *request)
{
    return device->settings->on_error == DISK_PAUSE_ON_ERROR && request->operation != DISK_FLUSH &&
           request->size > 0;
}

static void blk_fail(struct blk_request *request, int error)
{
    struct device *device = request->device;
    bool waits = blk_waits_for_operator(device, &request->disk);

    blk_note_failure(device, &request->disk, error, waits);
    device->error = -error;
    if (waits) {
        request->next = device->parked;
        device->parked = request;
    } else {
        blk_end(request, error);
    }
}

static void blk_done(struct disk_request *done, int error)
{
    struct blk_request *request = done->arg;

    if (error == -ECANCELED) {
        blk_free(request);
    } else if (error != 0) {
        blk_fail(request, error);
    } else {
        if (done->operation == DISK_WRITE && request->device->parked == NULL) {
            request->device->failing = false;
            request->device->error = 0;
        }
        blk_end(request, 0);
    }
}

/* Takes the requests that wait for the operator. */
static struct blk_request *blk_take_parked(struct device *device)
{
    struct blk_request *parked = device->parked;

    device->parked = NULL;
    if (parked != NULL) {
        device->failing = false;
        device->error = 0;
    }
    return parked;
}

/* A driver that resets the device meanwhile has given up what is parked. */
static void blk_go_on(struct device *device)
{
    if (!virtio_enter(&device->virtio)) {
        return;
    }
    struct blk_request *request = blk_take_parked(device);
    while (request != NULL) {
        struct blk_request *next = request->next;

        disk_submit(device->disk, &request->disk);
        request = next;
    }
    disk_start(device->disk);
    virtio_unlock(&device->virtio);
}

/* The driver, or the machine, has given up what waits for the operator. */
static void blk_drop_parked(struct device *device)
{
    struct blk_request *request = blk_take_parked(device);

    while (request != NULL) {
        struct blk_request *next = request->next;

        blk_free(request);
        request = next;
    }
}

/* Tells the driver of what has ended, and goes on with what had no room if there is room now. */
static void blk_settle(struct device *device)
{
    uint32_t served = device->served;
    uint32_t waiting = device->under_way < DISK_REQUESTS_MAX ? device->waiting : 0;

    device->served = 0;
    device->waiting &= ~waiting;
    for (unsigned i = 0; i < device->virtio.queue_count; i++) {
        if ((served >> i & 1) != 0) {
            virtio_tell(&device->virtio, i);
        }
        if ((waiting >> i & 1) != 0) {
            virtio_ring(&device->virtio, i);
        }
    }
}

static void blk_on_event(void *arg, uint32_t events)
{
    struct device *device = arg;

    (void)events;
    if (!virtio_enter(&device->virtio)) {
        return;
    }
    disk_reap(device->disk);
    blk_settle(device);
    virtio_unlock(&device->virtio);
}

/* --- Beginnings. --- */

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

static bool blk_is_writethrough(const struct device *device)
{
    const struct virtio *virtio = &device->virtio;

    return virtio_has(virtio, VIRTIO_BLK_F_CONFIG_WCE) ? device->config.wce == 0
                                                       : !virtio_has(virtio, VIRTIO_BLK_F_FLUSH);
}

/* Prepares a request with room for `count` parts. NULL: no memory. */
static struct blk_request *blk_create_request(struct device *device, const struct blk_chain *from,
                                              enum disk_operation operation, unsigned count)
{
    struct blk_request *request = malloc(sizeof(*request) + count * sizeof(request->parts[0]));

    if (request == NULL) {
        return NULL;
    }
    *request = (struct blk_request){
        .disk = {.operation = operation,
                 .durable = blk_is_writethrough(device),
                 .parts = request->parts,
                 .done = blk_done,
                 .arg = request},
        .device = device,
        .queue = from->queue,
        .head = from->chain->head,
        .written = from->chain->in_size < UINT32_MAX ? (uint32_t)from->chain->in_size : UINT32_MAX,
        .status = from->status,
    };
    return request;
}

static void blk_submit(struct device *device, struct blk_request *request)
{
    device->under_way++;
    disk_submit(device->disk, &request->disk);
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

/* The status is the last byte that the device may write. NULL: there is none. */
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

static bool blk_serve(struct device *device, unsigned queue, const struct chain *chain)
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

/* What the page cache has is there at once, and needs no turn of the loop. */
static void blk_notified(struct device *device, unsigned queue)
{
    virtio_serve(&device->virtio, queue, blk_serve);
    disk_start(device->disk);
    disk_reap(device->disk);
    blk_settle(device);
}

static void blk_stop(struct device *device)
{
    disk_drain(device->disk);
    blk_drop_parked(device);
    if (device->failure.word != NULL) { /* blk_on_failure() may have come during the stop */
        (void)eventfd_write(device->failure_event, 1);
    }
    device->served = 0;
    device->waiting = 0;
}

static void blk_choose_cache(struct device *device, bool writes_back)
{
    device->state.writes_back = writes_back;
    device->config.wce = writes_back;
}

/*
 * CONFIG_WCE. A reset by the driver keeps the choice: Linux does not repeat it after a sleep, and
 * would not flush what it believes to be written through.
 */
static void blk_write_config(struct device *device, uint64_t offset, unsigned size, uint64_t value)
{
    bool chosen = virtio_has(&device->virtio, VIRTIO_BLK_F_CONFIG_WCE);

    if (chosen && offset == offsetof(struct virtio_blk_config, wce) && size == 1) {
        blk_choose_cache(device, (value & 1) != 0);
    }
}

/* While a vCPU starts or stops the device, nothing is said of its requests. */
static void blk_describe_disk(struct device *device, struct device_disk *disk)
{
    *disk = (struct device_disk){
        .number = device->settings->number,
        .file = disk_path(device->disk),
        .read_only = device->settings->read_only,
        .size = device->config.capacity * BLK_SECTOR,
    };
    if (virtio_enter(&device->virtio)) {
        disk->under_way = device->under_way;
        disk->error = device->error;
        virtio_unlock(&device->virtio);
    }
}

static void blk_restore(struct device *device, const void *own)
{
    const struct blk_state *state = own;

    blk_choose_cache(device, state->writes_back != 0);
}

/* --- Life. --- */

static void blk_tell_size(const struct device *device, struct device_identity *identity)
{
    identity->number = device->config.capacity;
    identity->what = "size in sectors";
}

static const struct virtio_type blk_type = {
    .name = "virtio-blk",
    .id = VIRTIO_ID_BLOCK,
    .stop = blk_stop,
    .notified = blk_notified,
    .write_config = blk_write_config,
    .restore = blk_restore,
    .identify = blk_tell_size,
};

static uint64_t blk_features(const struct device *device)
{
    uint64_t features = VIRTIO_FEATURE(VIRTIO_BLK_F_SEG_MAX) |
                        VIRTIO_FEATURE(VIRTIO_BLK_F_BLK_SIZE) | VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH) |
                        VIRTIO_FEATURE(VIRTIO_BLK_F_CONFIG_WCE);

    features |= device->config.num_queues > 1 ? VIRTIO_FEATURE(VIRTIO_BLK_F_MQ) : 0;
    if (device->settings->read_only) {
        return features | VIRTIO_FEATURE(VIRTIO_BLK_F_RO);
    }
    return features | VIRTIO_FEATURE(VIRTIO_BLK_F_DISCARD) |
           VIRTIO_FEATURE(VIRTIO_BLK_F_WRITE_ZEROES);
}

static void blk_fill_config(struct device *device)
{
    unsigned queues = device->settings->queues;

    device->config = (struct virtio_blk_config){
        .capacity = disk_size(device->disk) / BLK_SECTOR,
        .seg_max = BLK_SEGMENTS,
        .blk_size = disk_block_size(device->disk),
        .num_queues = (uint16_t)(queues > 0 ? queues : 1),
        .max_discard_sectors = BLK_SPACE_SECTORS,
        .max_discard_seg = 1,
        .discard_sector_alignment = BLK_SPACE_ALIGNMENT,
        .max_write_zeroes_sectors = BLK_SPACE_SECTORS,
        .max_write_zeroes_seg = 1,
        .write_zeroes_may_unmap = 1,
    };
    blk_choose_cache(device, true);
}

static int blk_watch(struct device *device, struct loop *loop)
{
    device->failure_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (device->failure_event < 0) {
        return -errno;
    }
    device->failure_source = loop_add(loop, device->failure_event, EPOLLIN, blk_on_failure, device);
    device->source = loop_add(loop, disk_event(device->disk), EPOLLIN, blk_on_event, device);
    return device->failure_source != NULL && device->source != NULL ? 0 : -errno;
}

/* All but the transport. */
static void blk_close(struct device *device)
{
    loop_remove(device->source);
    loop_close(device->failure_source, device->failure_event);
    disk_close(device->disk);
    free(device);
}

/* The disk is open. */
static int blk_set_up(struct device *device, const struct device_env *env)
{
    blk_fill_config(device);
    const struct virtio_setup setup = {
        .type = &blk_type,
        .features = blk_features(device),
        .config = &device->config,
        .config_size = sizeof(device->config),
        .queue_count = device->config.num_queues,
    };
    int error = blk_watch(device, env->loop);
    return error == 0 ? virtio_open(&device->virtio, env, &setup) : error;
}

static int blk_open(struct device *device, const struct device_env *env)
{
    device->failure_event = -1;
    device->settings = env->settings;
    int error = disk_open(device->settings, &device->disk);
    return error == 0 ? blk_set_up(device, env) : error;
}

static int blk_create(const struct device_env *env, struct device **out)
{
    return virtio_create(env, out, sizeof(struct device), blk_open, blk_close);
}

static void blk_destroy(struct device *device)
{
    blk_stop(device);
    virtio_close(&device->virtio);
    blk_close(device);
}

/* Power-on: the write cache is as at the beginning. */
static void blk_reset(struct device *device)
{
    blk_choose_cache(device, true);
    virtio_reset(device);
}

static const struct device_class blk_class = {
    VIRTIO_CLASS_REGISTERS,
    .state_offset = offsetof(struct virtio, state),
    .state_size = sizeof(struct virtio_state) + sizeof(struct blk_state),
    .name = "virtio-blk",
    .create = blk_create,
    .destroy = blk_destroy,
    .reset = blk_reset,
    .go_on = blk_go_on,
    .disk = blk_describe_disk,
};
DEVICE_REGISTER(blk_class);
