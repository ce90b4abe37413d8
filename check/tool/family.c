/* SPDX-License-Identifier: BSD-2-Clause */
#include "family.h"

#include <string.h>

/* Those of more than one word. Where one begins as another does, it comes first. */
static const char *const families[] = {
    "affinity-info", "cpu-default-suspend", "cpu-freeze",   "cpu-off",
    "cpu-on",        "cpu-suspend",         "mem-protect",  "migrate-info",
    "node-hw-state", "os-initiated",        "suspend-mode", "system-off2",
    "system-off",    "system-reset2",       "system-reset", "system-suspend",
};

size_t family_length(const char *name)
{
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        size_t length = strlen(families[i]);

        if (strncmp(name, families[i], length) == 0 &&
            (name[length] == '-' || name[length] == '\0')) {
            return length;
        }
    }
    return strcspn(name, "- ");
}
