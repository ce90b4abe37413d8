/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of a sleeping guest's memory (--sleep-memory): it stays, or the host may take it to its
 * swap, or it goes to a file and comes back before the guest runs. Only a sleep that lasts is worth that.
 */
#include <errno.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "base/clock.h"
#include "base/report.h"
#include "machine/parts.h"
#include "state/reader.h"
#include "state/writer.h"

enum {
    REST_AFTER_NS = 250000000,
    /* A wake waits for one piece at most: the size of a piece follows the host's speed. */
    REST_PIECE_NS = 500000,
    REST_PIECE_MIN = 64 << 10,
    REST_PIECE_MAX = 16 << 20,
};

/* The host may take it in pieces, and what comes meanwhile is served between them. */
static void rest_reclaim(struct machine *machine)
{
    struct rest *rest = &machine->rest;
    uint64_t left = machine->memory.size - rest->next;
    int64_t begun = clock_now_ns();

    if (rest->piece == 0) {
        rest->piece = REST_PIECE_MIN;
    }
    uint64_t size = rest->piece < left ? rest->piece : left;
    memory_page_out(&machine->memory, rest->next, size);
    rest->next += size;
    int64_t took = clock_now_ns() - begun;
    if (took > REST_PIECE_NS && rest->piece > REST_PIECE_MIN) {
        rest->piece /= 2;
    } else if (took < REST_PIECE_NS / 4 && rest->piece < REST_PIECE_MAX) {
        rest->piece *= 2;
    }
    if (rest->next < machine->memory.size) {
        delay_set(&rest->delay, 1);
    }
}

static void on_rest(void *arg)
{
    struct machine *machine = arg;
    const char *why;

    if (machine->power.state != POWER_ASLEEP || machine->ended) {
        return;
    }
    if (machine->rest.depth == SLEEP_MEMORY_RECLAIM) {
        rest_reclaim(machine);
        return;
    }
    machine->rest.due = true;
    (void)power_save(&machine->power, &why);
    machine->rest.due = false;
}

static void rest_begin_after(struct machine *machine, int64_t nanoseconds)
{
    if (machine->rest.depth != SLEEP_MEMORY_KEEP) {
        machine->rest.next = 0;
        delay_set(&machine->rest.delay, nanoseconds);
    }
}

void rest_begin(struct machine *machine)
{
    rest_begin_after(machine, REST_AFTER_NS);
}

void rest_end(struct machine *machine)
{
    delay_set(&machine->rest.delay, 0);
}

bool rest_is_due(const struct machine *machine)
{
    return machine->rest.due;
}

/* The file goes: the guest is about to run, or to start again. */
static int rest_remove(struct machine *machine)
{
    struct state_reader *image = machine->rest.image;
    int error = state_reader_remove(image);

    state_reader_close(image);
    machine->rest.image = NULL;
    return error;
}

/* The file of --save serves as well: a guest whose memory is there is saved. */
static struct state_writer *rest_writer(const struct machine *machine)
{
    return machine->rest.writer != NULL ? machine->rest.writer : machine->writer;
}

bool rest_has_file(const struct machine *machine)
{
    return rest_writer(machine) != NULL;
}

/* The file has all of memory. Firmware is in files of its own. */
static void rest_drop(struct machine *machine)
{
    int error = memory_clear(&machine->memory);

    if (error != 0) {
        report("--sleep-memory disk: the host does not take the guest's memory back: %s",
               strerror(-error));
        (void)rest_remove(machine);
        return;
    }
    flash_drop(machine->flash);
}

/*
 * The image stays open, and by that locked: no other process continues this guest. It is complete before
 * memory goes. If the process ends, the file is the VM.
 */
void rest_save(struct machine *machine)
{
    struct rest *rest = &machine->rest;
    struct state_writer *writer = rest_writer(machine);

    if (rest->image != NULL || !save_machine(machine, writer)) {
        return;
    }
    int error = state_reader_reopen(writer, &rest->image);
    if (error == 0) {
        rest_drop(machine);
    } else if (error == -EBUSY) {
        machine_end_by_error(machine, "another process continues the guest from the file",
                             STATUS_ERROR);
    }
}

bool rest_is_saved_as(const struct machine *machine, const struct state_writer *writer)
{
    return machine->rest.image != NULL && state_reader_is_of(machine->rest.image, writer);
}

int rest_load(struct machine *machine)
{
    struct state_reader *image = machine->rest.image;
    int error = image != NULL ? state_reader_load_ram(image, &machine->memory) : 0;

    return error == 0 ? 0 : -EIO;
}

void rest_unload(struct machine *machine, bool saved)
{
    if (machine->rest.image == NULL) {
        return;
    }
    if (saved) {
        (void)rest_remove(machine);
    } else {
        rest_drop(machine);
    }
}

int rest_recall(struct machine *machine)
{
    if (machine->rest.image == NULL) {
        return 0;
    }
    mapped_plan(machine, machine->rest.image);
    int error = rest_load(machine);
    return error == 0 && rest_remove(machine) != 0 ? -EIO : error;
}

void rest_forget(struct machine *machine)
{
    rest_end(machine);
    if (machine->rest.image != NULL) {
        (void)rest_remove(machine);
    }
}

/* Said where reclaim is asked for. The sandbox does not allow the question. */
static void rest_tell_swap(const struct machine *machine)
{
    if (machine->rest.depth == SLEEP_MEMORY_RECLAIM && machine->rest.no_swap) {
        report("--sleep-memory reclaim: this host has no swap, so the memory of a sleeping guest "
               "stays where it is");
    }
}

int rest_set_depth(struct machine *machine, enum sleep_memory depth)
{
    machine->rest.depth = depth;
    rest_tell_swap(machine);
    if (machine->power.state != POWER_ASLEEP) {
        return 0;
    }
    rest_end(machine);
    rest_begin_after(machine, 1);
    return depth == SLEEP_MEMORY_DISK ? 0 : rest_recall(machine);
}

/* Otherwise memory stays, and nothing can change that. */
static bool rest_may_be(const struct machine *machine)
{
    return machine->rest.depth != SLEEP_MEMORY_KEEP || machine->config->qmp != NULL;
}

int rest_prepare(struct machine *machine)
{
    const struct config *config = machine->config;
    struct sysinfo info;

    machine->rest.depth = config->sleep_memory;
    machine->rest.no_swap = rest_may_be(machine) && sysinfo(&info) == 0 && info.totalswap == 0;
    rest_tell_swap(machine);
    return config->sleep_memory == SLEEP_MEMORY_DISK
               ? state_writer_open(config->sleep_file, "--sleep-memory disk", &machine->rest.writer)
               : 0;
}

int rest_open(struct machine *machine)
{
    return rest_may_be(machine) ? delay_open(&machine->rest.delay, machine->loop, on_rest, machine)
                                : 0;
}

void rest_close(struct machine *machine)
{
    struct rest *rest = &machine->rest;

    delay_close(&rest->delay);
    if (rest->image != NULL && machine->status != STATUS_SAVED) {
        report("the guest still sleeps, as the file %s: --restore continues it",
               state_writer_path(rest_writer(machine)));
    }
    state_reader_close(rest->image);
    state_writer_close(rest->writer);
    *rest = (struct rest){0};
}
