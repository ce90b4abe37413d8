/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Counts what a guest does with its devices, so that an idle one can be told from a busy one
 * (power/quiet.h). Only differences of the count mean something. Any thread.
 */
#ifndef DORMOUSE_CORE_ACTIVITY_H
#define DORMOUSE_CORE_ACTIVITY_H

#include <stdint.h>

/** More than a guest does by itself in any time that is looked at. */
enum { ACTIVITY_OPERATOR = 1 << 24 };

/** A device does something for the guest: a request, a packet, a character. */
void activity_note(void);

/** An operator uses the guest, so it is not idle: a key on the console. */
void activity_note_operator(void);

uint64_t activity_count(void);

#endif
