/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console's output: a line, and a ring for what the line does not take at once. Main thread,
 * except output_put(), which opens and renames nothing.
 */
#ifndef DORMOUSE_CONSOLE_OUTPUT_H
#define DORMOUSE_CONSOLE_OUTPUT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/line.h"
#include "base/logfile.h"
#include "host/console/ring.h"

struct loop;
struct loop_source;

struct output {
    struct line line;
    const char *name;           /* for the report */
    bool is_pty;                /* after a failure no program is there, until output_present() */
    struct loop_source *source; /* NULL: the line is never slow */
    void (*settle)(void *arg);  /* main thread: time for output_owes() */
    void (*call)(void *arg);    /* any thread: the main thread should call output_work() */
    void *arg;
    pthread_mutex_t lock; /* protects all below, and the order of the bytes; taken last */
    struct logfile log;   /* whose descriptor the line uses; its `fd` is -1 if it is not a file */
    uint64_t left;        /* bytes that the file takes before its limit must be looked at */
    uint64_t missing;     /* bytes that a regular file did not take */
    bool dropping;        /* no program is at the other end, or it has failed */
    struct ring ring;
    bool refused; /* output_put() has refused a byte */
};

/* Opens FILE or FILE,max=SIZE for the line. 0 or -errno. */
int output_open_log(struct output *output, const char *spec);

/* Opens the file again, if the output is one. False after report()ing one line. */
bool output_reopen(struct output *output, struct loop *loop);

/* Continues a file that has reached its limit in a fresh one. */
void output_work(struct output *output);

/* Adds the line, set in `output` with everything above, to the loop. 0 or -errno. */
int output_watch(struct output *output, struct loop *loop);
void output_unwatch(struct output *output);

/* As console_put(). */
bool output_put(struct output *output, uint8_t byte);

/* Whether a byte was refused and there is room again; true once for each refusal. */
bool output_owes(struct output *output);

/* A program has opened the other end of the pseudo-terminal, or the last one has closed it. */
void output_present(struct output *output);
void output_absent(struct output *output);

/* Writes what the ring holds; gives a slow line a second. */
void output_flush(struct output *output);

#endif
