/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Reads an image of a VM (docs/image-format.md). The file is hostile until shown otherwise: every
 * length, offset and count is checked before it is used. The main thread calls all of this.
 *
 * A function that fails has report()ed one line, with what is wrong and where, and returns -REPORTED.
 */
#ifndef DORMOUSE_STATE_READER_H
#define DORMOUSE_STATE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ipa.h"
#include "state/record.h"

struct memory;
struct state_reader;
struct state_writer;

/**
 * Opens `path`, and checks the header and every section with its checksum; RAM is checked when it is
 * loaded. The file is locked: a second reader or a writer of the same file is refused.
 */
int state_reader_open(const char *path, struct state_reader **out);
/**
 * The same for a clone, or to export it: others may have the file open so at the same time, and
 * state_reader_open() is refused meanwhile. It is not to be claimed.
 */
int state_reader_open_shared(const char *path, struct state_reader **out);
/**
 * The same for the image that a writer has committed, once; works inside the sandbox. If it fails,
 * the image is removed: nothing may continue the guest a second time. -EBUSY, also reported: another process
 * has claimed the image already, so the guest must not continue here.
 */
int state_reader_reopen(struct state_writer *writer, struct state_reader **out);
/** The same without the lock, for those that only look at it. */
int state_reader_examine(const char *path, struct state_reader **out);
/** NULL is ignored. RAM that is mapped from the file stays valid, and so does its lock. */
void state_reader_close(struct state_reader *reader);

const char *state_reader_path(const struct state_reader *reader);

/** What the header says, and the nth section of the table. */
enum { STATE_ID_SIZE = 16 };
struct state_facts {
    uint32_t version;
    uint32_t sections;
    uint64_t written_ns; /* CLOCK_REALTIME */
    uint64_t file_size;
    uint64_t ram_base;
    uint64_t ram_size;
    uint8_t id[STATE_ID_SIZE];
};
struct state_facts state_reader_facts(const struct state_reader *reader);

struct state_section {
    char tag[5];
    bool mandatory;
    uint32_t instance;
    uint64_t length;
};
struct state_section state_reader_at(const struct state_reader *reader, uint32_t index);

/** Where RAM begins, and its size. */
struct ipa state_reader_ram_base(const struct state_reader *reader);
uint64_t state_reader_ram_size(const struct state_reader *reader);
/** How much of it the file has; the rest is zero. */
uint64_t state_reader_ram_data(struct state_reader *reader);

/**
 * Finds a section and lets `record` read it, as long as the reader is open. Returns false, without
 * a message, if there is none. A section that was asked for counts as known.
 */
bool state_reader_section(struct state_reader *reader, const char *tag, uint32_t instance,
                          struct state_record *record);

/**
 * After every section that this program knows was asked for: refuses an image with a mandatory
 * section that was not.
 */
int state_reader_check_known(const struct state_reader *reader);

/** Reports that the contents of a section are wrong: "image FILE: section TAG.N: WHY". -REPORTED. */
int state_reader_refuse(const struct state_reader *reader, const char *tag, uint32_t instance,
                        const char *why);

/** When RAM is read from the image. */
enum state_ram {
    STATE_RAM_AUTO,  /* little data at once, much data when it is needed */
    STATE_RAM_EAGER, /* at once */
    STATE_RAM_LAZY,  /* when it is needed */
};

/**
 * Decides how state_reader_load_ram() works; without this call it reads all of RAM. Memory that is read when
 * it is needed has a lease on the file (core/lease.h), which another user than the file's may have to take
 * before it gives up root. If the file can have no lease, RAM is read at once.
 */
void state_reader_plan_ram(struct state_reader *reader, enum state_ram way);

/**
 * Fills guest memory, which is as memory_create() made it and has the place and size of the image's. What
 * is read is checked. What is mapped is not, and `memory` has the lease and the lock from then on.
 */
int state_reader_load_ram(struct state_reader *reader, struct memory *memory);

/** Reads all of RAM, to check it. */
int state_reader_check_ram(struct state_reader *reader);

/**
 * The guest is about to run: renames FILE to FILE.restored, so that it is not restored again by
 * accident. Works inside the sandbox.
 */
int state_reader_claim(struct state_reader *reader);
/** The same, but the file is removed: its VM is in this process, and needs no second chance. */
int state_reader_remove(struct state_reader *reader);
/** Whether the image has the name that the writer would give to another one. */
bool state_reader_is_of(const struct state_reader *reader, const struct state_writer *writer);

#endif
