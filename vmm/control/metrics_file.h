/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A file that is replaced as a whole, for the textfile collector of Prometheus' node exporter. Its
 * folder stays open, so this also works in a sandbox. Main thread only.
 */
#ifndef DORMOUSE_CONTROL_METRICS_FILE_H
#define DORMOUSE_CONTROL_METRICS_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct metrics_file {
    int folder; /* negative: closed */
    const char *path;
    const char *name; /* in the folder */
    char *temporary;  /* NAME.new */
    bool warned;
};

#define METRICS_FILE_END ".prom"

/** Whether the collector would read a file of that name. */
bool metrics_file_is_valid(const char *path);

/** `path` must outlive it. False after report()ing a line. */
bool metrics_file_open(struct metrics_file *file, const char *path);
/** Removes the file: the VM has ended. A closed one is ignored. */
void metrics_file_close(struct metrics_file *file);

/** Replaces the file. The first failure is report()ed, and the old file stays. */
void metrics_file_write(struct metrics_file *file, const char *text, size_t length);

#endif
