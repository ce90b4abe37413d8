/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/device.h"

/*
 * The linker names the two ends of a section whose name is an identifier. Weak, because a program
 * without a single device has no such section.
 */
extern const struct device_class *const __start_device_table[] __attribute__((weak));
extern const struct device_class *const __stop_device_table[] __attribute__((weak));

const struct device_class *const *device_classes(size_t *count)
{
    *count = (size_t)(__stop_device_table - __start_device_table);
    return __start_device_table;
}
