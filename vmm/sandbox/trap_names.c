/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of system calls, from the headers of the kernel that this is compiled with. */
#include <stddef.h>
#include <sys/syscall.h>

#include "sandbox/sandbox_parts.h"

static const char *const names[] = {
#include "syscall_names.inc"
};

const char *trap_call_name(int number)
{
    return number >= 0 && (size_t)number < sizeof(names) / sizeof(names[0]) ? names[number] : NULL;
}
