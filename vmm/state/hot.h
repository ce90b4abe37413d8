/* SPDX-License-Identifier: BSD-2-Clause */
/* Which chunks a wake touches: learned while memory is mapped from an image, kept in the next one (HOTC). */
#ifndef DORMOUSE_STATE_HOT_H
#define DORMOUSE_STATE_HOT_H

struct memory;
struct pages;
struct state_reader;
struct state_record;

/* Before a save reads memory: notes what the guest has touched, once for each image. */
void hot_learn(const struct pages *pages, const struct memory *memory);

/* The section, empty if nothing is known. */
void hot_put(struct state_record *record, const struct memory *memory);
/* Takes it over from the image. It is a hint: numbers that mean nothing are left out. */
void hot_get(struct state_reader *reader, const struct memory *memory);

#endif
