/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/port/port_options.h"

#include <string.h>

#include "base/report.h"
#include "host/port/port_settings.h"

static const char port_name_characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

static bool port_path_is_taken(const struct port_settings *settings, const char *path)
{
    for (unsigned i = 0; i < settings->count; i++) {
        if (settings->at[i].path != NULL && strcmp(settings->at[i].path, path) == 0) {
            return true;
        }
    }
    return false;
}

/* Returns what is wrong with the name, or NULL. */
static const char *port_object(const struct port_settings *settings,
                               const struct port_setting *port)
{
    if (settings->count == PORTS_MAX) {
        return "a guest has at most 8 ports";
    }
    if (port->name[0] == '\0' || port->name[strspn(port->name, port_name_characters)] != '\0') {
        return "a port's name has letters, digits, '.', '_' and '-'";
    }
    if (port_settings_find(settings, port->name) != NULL) {
        return "another port has this name";
    }
    return port_path_is_taken(settings, port->path) ? "another port has this path" : NULL;
}

static bool set_port(const struct option_row *row, void *all, const char *value)
{
    static const char kind[] = "=unix:";
    struct port_settings *settings = all;
    struct port_setting port = {.name = ""};
    const char *mark = strstr(value, kind);

    if (mark == NULL || mark[strlen(kind)] == '\0') {
        report("%s %s: not a port; give NAME=unix:PATH", row->name, value);
        return false;
    }
    if (mark - value >= PORT_NAME_SIZE) {
        report("%s %s: a port's name has at most %d characters", row->name, value,
               PORT_NAME_SIZE - 1);
        return false;
    }
    memcpy(port.name, value, (size_t)(mark - value));
    port.path = mark + strlen(kind);
    const char *objection = port_object(settings, &port);
    if (objection != NULL) {
        report("%s %s: %s", row->name, value, objection);
        return false;
    }
    settings->at[settings->count++] = port;
    return true;
}

static const struct option_row port_rows[] = {
    {OPTION("--port", "NAME=unix:PATH",
            "give the guest a channel of bytes, /dev/virtio-ports/NAME,\n"
            "and listen for its other end on this Unix socket; up to 8 times",
            set_port)},
};

const struct option_table port_options = {port_rows, sizeof(port_rows) / sizeof(port_rows[0])};
