/* SPDX-License-Identifier: BSD-2-Clause */
/* Where an image lies: its folder, which stays open, and the names that it has in its life. */
#ifndef DORMOUSE_STATE_PLACE_H
#define DORMOUSE_STATE_PLACE_H

#include <stdbool.h>

#define PLACE_RESTORED ".restored"
#define PLACE_WOKEN    ".woken"
#define PLACE_SAVING   ".saving"

struct state_place {
    char *path; /* as it was given */
    const char *name;
    char *saving;   /* FILE.saving */
    char *restored; /* FILE.restored */
    char *woken;    /* FILE.woken */
    int folder;
};

/* Opens the folder of `path`. 0 or -errno; after an error nothing is to be closed. */
int place_open(struct state_place *place, const char *path);
/* The same place with a descriptor of its own. */
int place_copy(struct state_place *place, const struct state_place *from);
void place_close(struct state_place *place);

/* Several readers may have PLACE_SHARED, if none has PLACE_OWN. */
enum place_lock { PLACE_OWN, PLACE_SHARED };

/*
 * Opens `name` in the folder and locks it. -EWOULDBLOCK: another process has the lock; -ESTALE: the
 * name was given to another file meanwhile; -EINVAL: it is no regular file. The descriptor or -errno.
 */
int place_open_locked(const struct state_place *place, const char *name, int flags,
                      enum place_lock lock);

/*
 * Creates `name` and locks it. What had that name is removed, not written to: it may have other names, and
 * other users may have it open. -EWOULDBLOCK: another process has it. The descriptor or -errno.
 */
int place_create_locked(const struct state_place *place, const char *name);

/*
 * FILE.saving becomes FILE, for good: the folder is on the disk afterwards. 0 or -errno; after an error
 * FILE is the old one, and FILE.saving still the new one. -EWOULDBLOCK: another process has the old one.
 */
int place_publish(const struct state_place *place);
/*
 * FILE, which is open as `fd`, becomes FILE.restored, or ends, for good. 0 or -errno, and then FILE is
 * still there; -ESTALE: FILE is another file now, which stays. A file that has no name any more has ended.
 */
int place_retire(const struct state_place *place, int fd);
int place_discard(const struct state_place *place, int fd);
void place_remove(const struct state_place *place, const char *name);
/* Whether FILE is the file that `fd` is. 0 or -errno: -ESTALE if it is another one. */
int place_compare(const struct state_place *place, int fd);

/* Whether FILE's name has that end, and more before it. */
bool place_ends(const struct state_place *place, const char *end);

/* Whether the folder has that name. */
bool place_has(const struct state_place *place, const char *name);

#endif
