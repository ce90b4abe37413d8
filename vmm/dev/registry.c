/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/device.h"

#include <string.h>

/*
 * The linker names the two ends of a section whose name is an identifier. Weak, because a program
 * without a single device has no such section.
 */
extern const struct device_class *const __start_device_table[] __attribute__((weak));
extern const struct device_class *const __stop_device_table[] __attribute__((weak));

const struct device_class *device_class_find(const char *name)
{
    const struct device_class *const *end = __stop_device_table;

    for (const struct device_class *const *cls = __start_device_table; cls != end; cls++) {
        if (strcmp((*cls)->name, name) == 0) {
            return *cls;
        }
    }
    return NULL;
}
