/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dormouse uses libpcap's compiler only. These two functions of libpcap find devices of D-Bus; a
 * static program that had them would need libdbus, and that libsystemd, of which there is no static
 * library. The linker takes them from here.
 */
#include <stddef.h>

struct pcap;

struct pcap *dbus_create(const char *device, char *error, int *is_ours);
int dbus_findalldevs(void *list, char *error);

struct pcap *dbus_create(const char *device, char *error, int *is_ours)
{
    (void)device;
    (void)error;
    *is_ours = 0;
    return NULL;
}

int dbus_findalldevs(void *list, char *error)
{
    (void)list;
    (void)error;
    return 0;
}
