/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine of io_uring. What the page cache holds is copied at once, in the call that hands the
 * requests over; threads of the kernel do the rest.
 *
 * The ring can read, write, flush and allocate, and nothing else (IORING_REGISTER_RESTRICTIONS), so
 * that it is no way around the filter of system calls. The file is not registered with it: the
 * kernel lets go of a registered file some time after the process has ended, and the file's lock
 * would keep the next dormouse out until then.
 */
#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "host/disk/disk_parts.h"

/* From this size on a thread of the kernel copies, so that the main thread can do other things. */
enum { URING_ASYNC_SIZE = 128 << 10 };

/* How long a call that the kernel has no memory for is tried again, in milliseconds. */
enum { URING_PATIENCE = 1000 };

struct uring {
    struct io_uring ring;
};

static int uring_restrict(struct io_uring *ring)
{
    static const uint8_t allowed[] = {IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_FSYNC,
                                      IORING_OP_FALLOCATE};
    enum { COUNT = sizeof(allowed) };
    struct io_uring_restriction rules[COUNT + 1] = {0};

    for (unsigned i = 0; i < COUNT; i++) {
        rules[i].opcode = IORING_RESTRICTION_SQE_OP;
        rules[i].sqe_op = allowed[i];
    }
    rules[COUNT].opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
    rules[COUNT].sqe_flags = IOSQE_ASYNC;
    int error = io_uring_register_restrictions(ring, rules, COUNT + 1);
    return error != 0 ? error : io_uring_enable_rings(ring);
}

/*
 * Lets the kernel's threads end when they have had nothing to do for some seconds. By itself the
 * kernel keeps the last one for as long as this thread lives, and wakes it every 5 s, also while the
 * guest sleeps. But it ends every idle one that is on a processor outside of their set
 * (io_wq_worker()). With an empty set all are, and it does not restrict where they run. If the
 * kernel refuses, it keeps its thread, and nothing else changes.
 */
static void uring_let_threads_end(struct io_uring *ring)
{
    cpu_set_t none;

    CPU_ZERO(&none);
    (void)io_uring_register_iowq_aff(ring, sizeof(none), &none);
}

/*
 * Linux 5.12 is needed: before, the kernel's threads were none of the process's, and not bound by
 * what the process may do.
 */
static int uring_create(struct io_uring *ring)
{
    struct io_uring_params params = {.flags = IORING_SETUP_R_DISABLED};
    int error = io_uring_queue_init_params(DISK_REQUESTS_MAX, ring, &params);

    if (error != 0) {
        return error;
    }
    uring_let_threads_end(ring);
    error = (params.features & IORING_FEAT_NATIVE_WORKERS) != 0 ? uring_restrict(ring) : -ENOSYS;
    if (error != 0) {
        io_uring_queue_exit(ring);
    }
    return error;
}

static int uring_open(struct disk *disk)
{
    struct uring *uring = calloc(1, sizeof(*uring));

    if (uring == NULL) {
        return -ENOMEM;
    }
    int error = uring_create(&uring->ring);
    if (error != 0) {
        free(uring);
        return error;
    }
    disk->work = uring;
    disk->event = uring->ring.ring_fd; /* readable if the ring has a completion */
    return 0;
}

static void uring_close(struct disk *disk)
{
    struct uring *uring = disk->work;

    io_uring_queue_exit(&uring->ring);
    free(uring);
}

static void uring_prepare(struct io_uring_sqe *sqe, const struct disk_request *request)
{
    int fd = request->disk->fd;
    unsigned count = request->piece_parts;

    switch (request->way) {
    case DISK_WAY_READ:
        io_uring_prep_readv(sqe, fd, piece_parts(request), count, request->offset);
        break;
    case DISK_WAY_WRITE:
    case DISK_WAY_WRITE_ZEROES:
        io_uring_prep_writev(sqe, fd, piece_parts(request), count, request->offset);
        sqe->rw_flags = request->durable ? RWF_DSYNC : 0;
        break;
    case DISK_WAY_FLUSH:
        io_uring_prep_fsync(sqe, fd, IORING_FSYNC_DATASYNC);
        break;
    case DISK_WAY_PUNCH:
    case DISK_WAY_ZERO_RANGE:
        io_uring_prep_fallocate(sqe, fd, piece_mode(request->way), (off_t)request->offset,
                                (off_t)request->piece);
        break;
    }
    if (request->piece >= URING_ASYNC_SIZE) {
        sqe->flags |= IOSQE_ASYNC;
    }
}

/* There is room: the ring has an entry for each request that may be under way. */
static void uring_take(struct disk *disk, struct disk_request *request)
{
    struct uring *uring = disk->work;
    struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->ring);

    uring_prepare(sqe, request);
    io_uring_sqe_set_data(sqe, request);
}

/* What the kernel does not take now stays in the ring for the next call. */
static void uring_begin(struct disk *disk)
{
    struct uring *uring = disk->work;
    unsigned patience = URING_PATIENCE;

    while (io_uring_sq_ready(&uring->ring) > 0 && patience > 0) {
        int taken = io_uring_submit(&uring->ring);

        if (taken <= 0 && taken != -EINTR) {
            patience--;
            (void)poll(NULL, 0, 1);
        }
    }
}

/*
 * ECANCELED: the kernel could not create a thread, perhaps because of RLIMIT_NPROC. This one does
 * the work then.
 */
static int64_t uring_result(const struct io_uring_cqe *cqe, const struct disk_request *request)
{
    bool lacks_thread = cqe->res == -ECANCELED && !request->disk->draining;

    return lacks_thread ? piece_do(request) : cqe->res;
}

/* Makes no system call, so that a vCPU's thread needs none in its filter. */
static void uring_reap(struct disk *disk)
{
    struct uring *uring = disk->work;
    unsigned count = io_uring_cq_ready(&uring->ring);

    for (unsigned i = 0; i < count; i++) {
        struct io_uring_cqe *cqe;

        if (io_uring_peek_cqe(&uring->ring, &cqe) != 0) {
            return;
        }
        struct disk_request *request = io_uring_cqe_get_data(cqe);
        int64_t result = uring_result(cqe, request);

        io_uring_cqe_seen(&uring->ring, cqe);
        piece_done(disk, request, result);
    }
}

/* What is in the ring has been begun: each holder of the lock begins what it took. */
static void uring_cancel(struct disk *disk)
{
    (void)disk;
}

static void uring_wait(struct disk *disk)
{
    struct pollfd ready = {.fd = disk->event, .events = POLLIN};

    (void)poll(&ready, 1, -1);
}

const struct disk_engine disk_engine_uring = {
    .name = "io_uring",
    .open = uring_open,
    .close = uring_close,
    .take = uring_take,
    .begin = uring_begin,
    .reap = uring_reap,
    .cancel = uring_cancel,
    .wait = uring_wait,
};
