/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port whose client is a part of dormouse, for example one that speaks to the guest agent. How to
 * use it:
 *
 * 1. Before the devices are created, port_settings_add_client() adds the port to the settings of
 *    virtio-console. It copies the pointer to a `struct port_client`, which must live as long as
 *    the machine.
 * 2. When the device is created it calls attached() with a link: the handle for
 *    port_link_send(). Before the device goes it calls attached() with NULL.
 * 3. opened(true) tells that a program of the guest has opened the port, opened(false) that it has
 *    closed it, or that the guest has reset the device: each sleep and each reboot does that. Bytes
 *    may be sent before; they reach the program that opens the port next, so a client that starts
 *    anew should call port_link_forget() first. After a sleep Linux reports the port open again by
 *    itself, if the program still has it open.
 * 4. receive() gets what the guest writes, and returns how many bytes it takes. What it does not
 *    take stays in the guest's queue; port_link_resume() makes receive() come again. Bytes come in
 *    pieces of any size up to 64 KiB, as many in a turn of the loop: messages have no borders.
 * 5. port_link_send() keeps what it takes until the guest reads it. It takes less than all if
 *    PORT_LINK_SIZE bytes wait; sent() tells that there is room again.
 *
 * All calls and callbacks are the main thread's. A callback may call any function below.
 */
#ifndef DORMOUSE_HOST_PORT_INTERNAL_H
#define DORMOUSE_HOST_PORT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

enum { PORT_LINK_SIZE = 4096 };

struct port_link;

struct port_client {
    void *arg;
    void (*attached)(void *arg, struct port_link *link);
    void (*opened)(void *arg, bool open);
    size_t (*receive)(void *arg, const void *bytes, size_t count);
    void (*sent)(void *arg); /* NULL: never asked for */
};

/* Returns how many of the bytes were taken: all, if nothing else waits and they fit. */
size_t port_link_send(struct port_link *link, const void *bytes, size_t count);

/* How many bytes the guest has not read yet. */
size_t port_link_waiting(const struct port_link *link);

/* Drops the bytes that the guest has not read yet. */
void port_link_forget(struct port_link *link);

/* After receive() has left bytes: it takes bytes again. */
void port_link_resume(struct port_link *link);

#endif
