/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A trace of a VM for ui.perfetto.dev: Chrome's trace events, as JSON. A track for the VM, one for
 * each vCPU, and counters. Main thread only; never waits.
 * tests/vmm/trace/check.sh reads traces by Perfetto.
 *
 * Bounds: a guest can cause any number of events, so TRACE_RATE of them are written in a second, and
 * those that are missing are counted in the trace. The file ends at its limit.
 */
#ifndef DORMOUSE_CONTROL_TRACE_H
#define DORMOUSE_CONTROL_TRACE_H

#include <stdbool.h>
#include <stdint.h>

enum { TRACE_RATE = 4000 };

struct trace;

/**
 * Creates or empties the file.
 * @param spec  FILE or FILE,max=SIZE; without a size it has at most 1 GiB
 * @return NULL after report()ing a line
 */
struct trace *trace_open(const char *spec, const char *vm, unsigned vcpus);
/** Writes what is not written yet, and the end. NULL is ignored, here and below. */
void trace_close(struct trace *trace);

/** What is so from now on; the names are constants. NULL: nothing is shown. */
void trace_vm(struct trace *trace, const char *state);
void trace_vcpu(struct trace *trace, unsigned vcpu, const char *state);

/**
 * The vCPU was in an idle state. What lies before its present state began is left out, so this comes before
 * the state changes.
 */
void trace_nap(struct trace *trace, unsigned vcpu, const char *name, int64_t begin, int64_t end);

/** Something happens to the VM. */
void trace_mark(struct trace *trace, const char *name, const char *detail);

/** Bytes in the last second, in both directions. */
void trace_flow(struct trace *trace, const char *device, const char *in, uint64_t in_bytes,
                const char *out, uint64_t out_bytes);

/** So many events are missing. */
void trace_lost(struct trace *trace, uint64_t count);

/** Writes what was kept back. Each call may be a system call; it does not make room for more events. */
void trace_flush(struct trace *trace);

#endif
