/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Writes a VM into a file, its image (docs/image-format.md). The new image is written beside the old
 * one, as FILE.saving, and takes its name only after all of it is on the disk. So at any moment, also
 * after a crash, FILE is the old image or the new one. The main thread calls all of this.
 *
 * A function that fails has report()ed one line, and returns -REPORTED. After a failure of begin, add,
 * add_ram or commit nothing is left of the new image, and the old one is as it was; the next
 * state_writer_begin() starts again.
 */
#ifndef DORMOUSE_STATE_WRITER_H
#define DORMOUSE_STATE_WRITER_H

#include <stdint.h>

#include "state/record.h"

struct memory;
struct state_writer;

/** Flags of a section. */
enum { STATE_MANDATORY = 1 << 0 /* a reader that does not know the tag must refuse the image */ };

/**
 * Before the sandbox: opens the folder of `path`, and what tells which pages exist. Creates no file.
 * Refuses a `path` that exists and is no image. `option` is for messages ("--on-suspend save").
 */
int state_writer_open(const char *path, const char *option, struct state_writer **out);
/** NULL is ignored. Calls state_writer_abort(). */
void state_writer_close(struct state_writer *writer);

/** The path as it was given. */
const char *state_writer_path(const struct state_writer *writer);

/** Starts FILE.saving. */
int state_writer_begin(struct state_writer *writer);

/**
 * Adds a section. `tag`: four characters. Sections of one tag differ by `instance`. The record is
 * copied; one that failed is an error.
 */
int state_writer_add(struct state_writer *writer, const char *tag, uint32_t instance,
                     uint32_t flags, const struct state_record *record);

/**
 * Adds guest memory, once, without the pages that are zero. Nothing may change it until commit
 * returns; pages that the host never gave are not touched. If another process waits for an image that memory
 * is mapped from, memory becomes this process's own.
 */
int state_writer_add_ram(struct state_writer *writer, struct memory *memory);

/**
 * Completes the image, waits until it is on the disk, and puts it in the place of the old one. It is locked
 * until the writer is closed or begins again, or the reader is closed that state_reader_reopen() makes.
 */
int state_writer_commit(struct state_writer *writer);

/** Removes what was begun and not committed, if anything. */
void state_writer_abort(struct state_writer *writer);

#endif
