/* SPDX-License-Identifier: BSD-2-Clause */
/** The table of VMs. */
#ifndef DORMOUSE_CLIENT_PS_H
#define DORMOUSE_CLIENT_PS_H

#include <stdbool.h>

#include "client/verb.h"

/** Prints the heading, without the end of its line. */
void ps_print_heading(void);
/** Prints the line of each VM, with this end. Returns false after a report(). */
bool ps_print_vms(const struct verb *verb, const struct vm_list *list,
                  const struct verb_settings *settings, const char *end);

#endif
