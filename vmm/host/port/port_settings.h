/* SPDX-License-Identifier: BSD-2-Clause */
/* The ports that a machine has, as data. */
#ifndef DORMOUSE_HOST_PORT_SETTINGS_H
#define DORMOUSE_HOST_PORT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

enum {
    PORTS_MAX = 8,
    PORT_NAME_SIZE = 64, /* with the NUL */
};

struct port_client;

struct port_setting {
    char name[PORT_NAME_SIZE];
    const char *path;                 /* of the Unix socket, or NULL: */
    const struct port_client *client; /* a part of dormouse (host/port/port_internal.h) */
};

/* Starts as all zeros. */
struct port_settings {
    unsigned count;
    struct port_setting at[PORTS_MAX];
};

/* Finds the port of that name, or returns NULL. */
const struct port_setting *port_settings_find(const struct port_settings *settings,
                                              const char *name);

/*
 * Adds a port for a part of dormouse. False if the name is taken, because the operator has given it
 * a socket, or if there is no room.
 */
bool port_settings_add_client(struct port_settings *settings, const char *name,
                              const struct port_client *client);

#endif
