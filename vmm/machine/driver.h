/* SPDX-License-Identifier: BSD-2-Clause */
/* The operations of `struct power_ops` that do not depend on who answers PSCI. */
#ifndef DORMOUSE_MACHINE_DRIVER_H
#define DORMOUSE_MACHINE_DRIVER_H

#include "machine/parts.h"

void driver_pause(void *driver);
void driver_resume(void *driver);
bool driver_ram_contains(void *driver, struct ipa start, uint64_t size);
int driver_suspend_call(void *driver, unsigned vcpu, struct suspend_call *call);
int driver_doze(void *driver, unsigned vcpu);
void driver_resume_one(void *driver, unsigned vcpu);
void driver_deadline(void *driver, int64_t nanoseconds);
int driver_waking_intid(void *driver, unsigned vcpu);
void driver_sleep_begins(void *driver, unsigned counted);
void driver_sleep_ends(void *driver);
unsigned driver_wakes_pending(void *driver);
void driver_tell(void *driver, const struct power_news *news);

#endif
