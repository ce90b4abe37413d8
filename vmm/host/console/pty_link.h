/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A symbolic link to a pseudo-terminal, whose own name is not known before. Main thread only.
 */
#ifndef DORMOUSE_HOST_CONSOLE_PTY_LINK_H
#define DORMOUSE_HOST_CONSOLE_PTY_LINK_H

#include <sys/types.h>

struct pty_link {
    const char *path;
    int folder_fd;
    ino_t inode; /* of the link, to see whether it is still this one */
};

#define PTY_LINK_NONE {.folder_fd = -1}

/** Makes the link `path`, which stays the caller's, in place of an older link. Returns 0 or -errno. */
int pty_link_make(struct pty_link *link, const char *path, const char *pty);

/** Removes the link, also inside the sandbox. */
void pty_link_remove(struct pty_link *link);

#endif
