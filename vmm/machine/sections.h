/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The sections of an image that the machine fills (docs/image-format.md): what save.c writes and
 * restore.c reads.
 */
#ifndef DORMOUSE_MACHINE_SECTIONS_H
#define DORMOUSE_MACHINE_SECTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "dev/bus.h"
#include "kvm/registers.h"
#include "power/power.h"
#include "state/record.h"

/** Sections with one form only. */
#define SECTION_SHAPE  "CONF" /* the machine, which a restore must have too */
#define SECTION_SLEEP  "WAKE" /* who sleeps, and where it wakes */
#define SECTION_TIME   "TIMR"
#define SECTION_DEVICE "DEVI" /* one for each device, in the order of their addresses */
#define SECTION_PSCI   "PSCI" /* what libvpsci knows; optional */
#define SECTION_AWAKE  "AWAK" /* the guest was awake until it was to be saved; optional */
#define SECTION_AGENT  "AGNT" /* the guest's agent has answered; optional */
#define SECTION_ADMIT  "ADMT" /* what the operator allows each vCPU; optional */

/** A byte of SECTION_ADMIT. */
enum { SECTION_ADMITTED = 1 << 0, SECTION_LEAVING = 1 << 1 };

/** Sections that are lists of registers. */
struct section_part {
    const char *tag;
    enum kvm_part part;
    bool each;        /* one for each vCPU */
    bool for_all;     /* one, which is written to each vCPU */
    const char *what; /* in messages */
};

/** In the order in which they are written to a VM; a tag of NULL ends them. */
extern const struct section_part section_parts[];

/** Leaves out registers that are zero, as those are that a reader does not find. */
void section_put_registers(struct state_record *record, const struct kvm_registers *list);
/** False: too many for a list. */
bool section_get_registers(struct state_record *record, struct kvm_registers *list);

enum { SECTION_NAME_SIZE = 16 }; /* of a device's class, with zeros after it */

/** What a device is, and its line; its state follows. */
void section_put_device(struct state_record *record, const struct bus_device *at);
/** The state of a device, without the zeros at its end. */
void section_put_state(struct state_record *record, const void *state, size_t size);
/** False: it is longer than `size`, or of a version that is not known. */
bool section_get_state(struct state_record *record, void *state, size_t size);

struct section_shape {
    uint64_t memory_base;
    uint64_t memory_size;
    uint32_t cpu_count;
    uint32_t psci_version;
    uint32_t idle; /* enum idle_mode */
    uint32_t clusters;
    uint32_t device_count;
};

void section_put_shape(struct state_record *record, const struct section_shape *shape);
void section_get_shape(struct state_record *record, struct section_shape *shape);

struct section_sleep {
    uint32_t vcpu;
    struct suspend_call call;
};

void section_put_sleep(struct state_record *record, const struct section_sleep *sleep);
void section_get_sleep(struct state_record *record, struct section_sleep *sleep);

struct section_time {
    int64_t date_ns; /* the host's, at that moment */
    struct vcpu_clock clock;
};

void section_put_time(struct state_record *record, const struct section_time *time);
void section_get_time(struct state_record *record, struct section_time *time);

#endif
