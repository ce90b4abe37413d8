/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The load of `./dev bench io`, the same in a guest and on its host. Each prints the nanoseconds of
 * one request, or of one MiB; on a machine under QEMU's -icount these are instructions.
 *
 *   io_load read|write|flush FILE direct|cached random|forward SIZE DEPTH COUNT
 *       COUNT requests of SIZE bytes, DEPTH at the same time; `flush`: writes, each with fdatasync()
 *   io_load serve PORT                      the other end of these two, for ever:
 *   io_load request ADDRESS PORT COUNT      sends a byte and waits for one, COUNT times
 *   io_load stream ADDRESS PORT COUNT       sends COUNT MiB
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    DEPTH_MAX = 64,
    MIB = 1 << 20,
    CHUNK = 64 << 10, /* of a stream */
    ALIGNMENT = 4096,
};

struct disk {
    int fd;
    bool writes;
    bool flushes;
    bool random;
    size_t size;
    unsigned depth;
    unsigned long count;
    uint64_t blocks;
    uint64_t next;
    uint8_t *memory; /* `depth` buffers */
};

_Noreturn static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void print_each(int64_t start, unsigned long count)
{
    printf("%lld\n", (long long)(now() - start) / (long long)count);
}

static unsigned long number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*end != '\0' || value == 0) {
        fprintf(stderr, "io_load: '%s' is no number\n", text);
        exit(2);
    }
    return value;
}

/* The offset of the next request: the same sequence in every run. */
static uint64_t disk_next(struct disk *disk)
{
    if (disk->random) {
        disk->next = disk->next * 6364136223846793005u + 1442695040888963407u;
        return (disk->next >> 33) % disk->blocks * disk->size;
    }
    return disk->next++ % disk->blocks * disk->size;
}

/* One request after the other. */
static void disk_step(struct disk *disk)
{
    off_t offset = (off_t)disk_next(disk);
    ssize_t done = disk->writes ? pwrite(disk->fd, disk->memory, disk->size, offset)
                                : pread(disk->fd, disk->memory, disk->size, offset);

    if (done != (ssize_t)disk->size || (disk->flushes && fdatasync(disk->fd) != 0)) {
        die("io_load: a request");
    }
}

static void disk_submit(struct disk *disk, aio_context_t context, struct iocb *request)
{
    request->aio_offset = (int64_t)disk_next(disk);
    if (syscall(SYS_io_submit, context, 1L, &request) != 1) {
        die("io_load: io_submit");
    }
}

/* Keeps `depth` requests under way until `count` have ended. */
static void disk_flood(struct disk *disk)
{
    struct iocb requests[DEPTH_MAX] = {0};
    struct io_event events[DEPTH_MAX];
    aio_context_t context = 0;
    unsigned long left = disk->count;

    if (syscall(SYS_io_setup, (long)disk->depth, &context) != 0) {
        die("io_load: io_setup");
    }
    for (unsigned i = 0; i < disk->depth; i++) {
        requests[i].aio_fildes = (uint32_t)disk->fd;
        requests[i].aio_lio_opcode = disk->writes ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
        requests[i].aio_buf = (uintptr_t)(disk->memory + i * disk->size);
        requests[i].aio_nbytes = disk->size;
        requests[i].aio_data = (uintptr_t)&requests[i];
        disk_submit(disk, context, &requests[i]);
    }
    while (left > 0) {
        long got = syscall(SYS_io_getevents, context, 1L, (long)disk->depth, events, NULL);
        for (long i = 0; i < got; i++, left--) {
            if (events[i].res != (int64_t)disk->size) {
                die("io_load: a request");
            }
            if (left > disk->depth) {
                disk_submit(disk, context, (struct iocb *)(uintptr_t)events[i].data);
            }
        }
    }
    syscall(SYS_io_destroy, context);
}

static void disk_open(struct disk *disk, const char *path, bool direct)
{
    disk->fd = open(path, O_RDWR | O_CLOEXEC | (direct ? O_DIRECT : 0));
    if (disk->fd < 0) {
        die(path);
    }
    off_t end = lseek(disk->fd, 0, SEEK_END);
    disk->blocks = end > 0 ? (uint64_t)end / disk->size : 0;
    disk->memory = aligned_alloc(ALIGNMENT, disk->depth * disk->size);
    if (disk->blocks == 0 || disk->memory == NULL) {
        die(path);
    }
    memset(disk->memory, 0x5a, disk->depth * disk->size);
}

static void load_disk(char **words)
{
    struct disk disk = {
        .writes = strcmp(words[0], "read") != 0,
        .flushes = strcmp(words[0], "flush") == 0,
        .random = strcmp(words[3], "random") == 0,
        .size = number(words[4]),
        .depth = (unsigned)number(words[5]),
        .count = number(words[6]),
    };

    if (disk.depth > DEPTH_MAX || disk.count < disk.depth || disk.size % ALIGNMENT != 0) {
        fprintf(stderr, "io_load: that size or depth is not possible\n");
        exit(2);
    }
    disk_open(&disk, words[1], strcmp(words[2], "direct") == 0);
    if (disk.flushes && fdatasync(disk.fd) != 0) { /* of what was written before */
        die("io_load: fdatasync");
    }
    int64_t start = now();
    if (disk.depth > 1) {
        disk_flood(&disk);
    } else {
        for (unsigned long i = 0; i < disk.count; i++) {
            disk_step(&disk);
        }
    }
    print_each(start, disk.count);
}

static int make_socket(void)
{
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) {
        die("io_load: socket");
    }
    return fd;
}

static int connect_to(const char *address, const char *port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number(port))};
    int fd = make_socket();

    if (inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
        connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        die(address);
    }
    return fd;
}

static void send_byte(int fd, char byte)
{
    if (write(fd, &byte, 1) != 1) {
        die("io_load: write");
    }
}

static void receive_byte(int fd)
{
    char byte;

    if (read(fd, &byte, 1) != 1) {
        die("io_load: read");
    }
}

static void load_request(char **words)
{
    int fd = connect_to(words[1], words[2]);
    unsigned long count = number(words[3]);

    send_byte(fd, 'r');
    receive_byte(fd);
    int64_t start = now();
    for (unsigned long i = 0; i < count; i++) {
        send_byte(fd, 'r');
        receive_byte(fd);
    }
    print_each(start, count);
}

static void send_mib(int fd)
{
    static char chunk[CHUNK];

    for (size_t left = MIB; left > 0;) {
        ssize_t sent = write(fd, chunk, left < CHUNK ? left : CHUNK);
        if (sent <= 0) {
            die("io_load: write");
        }
        left -= (size_t)sent;
    }
}

/* The first MiB opens TCP's windows. The last answer says that all has come. */
static void load_stream(char **words)
{
    int fd = connect_to(words[1], words[2]);
    unsigned long count = number(words[3]);

    send_byte(fd, 's');
    send_mib(fd);
    int64_t start = now();
    for (unsigned long i = 0; i < count; i++) {
        send_mib(fd);
    }
    shutdown(fd, SHUT_WR);
    receive_byte(fd);
    print_each(start, count);
}

/* Answers bytes by bytes, or takes everything and answers at its end, as the first byte says. */
static void serve_one(int fd)
{
    static char chunk[CHUNK];
    ssize_t got = read(fd, chunk, 1);

    if (got == 1 && chunk[0] == 'r') {
        do {
            send_byte(fd, 'r');
        } while (read(fd, chunk, 1) == 1);
    } else if (got == 1) {
        do {
            got = read(fd, chunk, sizeof(chunk));
        } while (got > 0);
        send_byte(fd, 's');
    }
    close(fd);
}

static void load_serve(char **words)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number(words[1]))};
    int fd = make_socket();

    signal(SIGPIPE, SIG_IGN);
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 1) != 0) {
        die("io_load: listen");
    }
    for (;;) {
        int one = accept(fd, NULL, NULL);
        if (one >= 0) {
            serve_one(one);
        }
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *word;
        int count; /* of words */
        void (*run)(char **words);
    } loads[] = {
        {"read", 7, load_disk},   {"write", 7, load_disk},      {"flush", 7, load_disk},
        {"serve", 2, load_serve}, {"request", 4, load_request}, {"stream", 4, load_stream},
    };

    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
        if (argc - 1 == loads[i].count && strcmp(argv[1], loads[i].word) == 0) {
            loads[i].run(argv + 1);
            return 0;
        }
    }
    fprintf(stderr, "io_load: see io_load.c for its words\n");
    return 2;
}
