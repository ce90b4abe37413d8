/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/payload.h"

#include <string.h>

/* Words that all versions of it have: Xen prints these at the head of its log, 4.17 and 4.20 alike. */
static const struct hypervisor {
    const char *name;
    const char *words;
} hypervisors[] = {
    {"Xen", "Xen version %d.%d%s (%s"},
};

const char *payload_hypervisor(const uint8_t *bytes, size_t size)
{
    if (size > PAYLOAD_SEARCHED_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof(hypervisors) / sizeof(hypervisors[0]); i++) {
        const char *words = hypervisors[i].words;

        if (memmem(bytes, size, words, strlen(words)) != NULL) {
            return hypervisors[i].name;
        }
    }
    return NULL;
}
