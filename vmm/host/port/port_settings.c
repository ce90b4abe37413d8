/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/port/port_settings.h"

#include <string.h>

const struct port_setting *port_settings_find(const struct port_settings *settings,
                                              const char *name)
{
    for (unsigned i = 0; i < settings->count; i++) {
        if (strcmp(settings->at[i].name, name) == 0) {
            return &settings->at[i];
        }
    }
    return NULL;
}

bool port_settings_add_client(struct port_settings *settings, const char *name,
                              const struct port_client *client)
{
    size_t length = strlen(name);

    if (settings->count == PORTS_MAX || length >= PORT_NAME_SIZE ||
        port_settings_find(settings, name) != NULL) {
        return false;
    }
    struct port_setting *added = &settings->at[settings->count++];
    *added = (struct port_setting){.client = client};
    memcpy(added->name, name, length);
    return true;
}
