/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-console with ports (virtio 1.2, 5.3): channels of bytes between programs of the guest and
 * clients on the host (host/port/port.h). Port 0 is not offered, and no port is a console: Linux
 * makes hvc0 of port 0 if the device has no MULTIPORT, and of any port that is called a console,
 * and a distribution would put a login there.
 *
 * Over a sleep the host's clients stay, with what they have sent. After it Linux does not begin with
 * DEVICE_READY; it reports each port ready, and open if it was. So every PORT_READY is answered
 * with the port's name and, if there is a client, with PORT_OPEN.
 */
#include "dev/virtio/multiport.h"

#include <linux/virtio_console.h>
#include <linux/virtio_ids.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "core/activity.h"
#include "dev/virtio/virtio.h"
#include "host/port/port.h"

enum {
    CONTROL_TO_GUEST = 2, /* queues */
    CONTROL_FROM_GUEST = 3,
};

/* Messages that the guest is owed, in this order. */
enum {
    OWES_ADD = 1 << 0,
    OWES_NAME = 1 << 1,
    OWES_CLOSED = 1 << 2, /* the client has gone; another may be there already */
};

/* What a save keeps of a port. */
struct multiport_state {
    uint64_t sent; /* bytes of the guest's chain at hand that the client has taken */
    uint8_t owes;
    uint8_t ready;     /* the driver has the port */
    uint8_t open;      /* a program of the guest has it open */
    uint8_t told_open; /* the guest knows of a client */
    uint8_t zero[4];
};

_Static_assert(sizeof(struct multiport_state) == 16, "no padding");

struct multiport_port {
    struct device *device;
    unsigned id; /* the guest's number, from 1 on */
    const char *name;
    struct port *host;
    struct multiport_state *state;
};

struct device {
    struct virtio virtio;
    struct multiport_state states[PORTS_MAX];
    struct virtio_console_config config;
    unsigned count;
    unsigned changes; /* of `open`, as bits, not taken yet */
    struct multiport_port ports[PORTS_MAX];
};

_Static_assert(offsetof(struct device, states) ==
                   offsetof(struct virtio, state) + sizeof(struct virtio_state),
               "one state, of the transport and of the ports");

/* Queues of port 0 come first, then those of control messages (5.3.2). */
static unsigned multiport_queue(unsigned id)
{
    return 2 + 2 * id;
}

static bool multiport_in_use(const struct multiport_port *port)
{
    return virtio_is_live(&port->device->virtio) && port->state->open;
}

static struct virtio_console_control multiport_message(unsigned id, uint16_t event, uint16_t value)
{
    return (struct virtio_console_control){.id = id, .event = event, .value = value};
}

/* Makes the next message that the guest is owed for a port. False: it is owed none. */
static bool multiport_next(struct multiport_port *port, struct virtio_console_control *message)
{
    struct multiport_state *state = port->state;
    bool is_open = port_is_open(port->host);

    if ((state->owes & OWES_ADD) != 0) {
        state->owes &= (uint8_t)~OWES_ADD;
        *message = multiport_message(port->id, VIRTIO_CONSOLE_PORT_ADD, 0);
    } else if ((state->owes & OWES_NAME) != 0) {
        state->owes &= (uint8_t)~OWES_NAME;
        *message = multiport_message(port->id, VIRTIO_CONSOLE_PORT_NAME, 1);
    } else if (state->told_open && (!is_open || (state->owes & OWES_CLOSED) != 0)) {
        state->owes &= (uint8_t)~OWES_CLOSED;
        state->told_open = 0;
        *message = multiport_message(port->id, VIRTIO_CONSOLE_PORT_OPEN, 0);
    } else if (state->ready && is_open && !state->told_open) {
        state->told_open = 1;
        *message = multiport_message(port->id, VIRTIO_CONSOLE_PORT_OPEN, 1);
    } else {
        return false;
    }
    return true;
}

static void multiport_put(struct device *device, unsigned queue, const struct chain *chain,
                          const struct multiport_port *port,
                          const struct virtio_console_control *message)
{
    const struct iovec *parts = chain_in(chain);
    uint64_t size = parts_write(parts, chain->in_count, 0, message, sizeof(*message));

    if (message->event == VIRTIO_CONSOLE_PORT_NAME) {
        size += parts_write(parts, chain->in_count, size, port->name, strlen(port->name));
    }
    virtio_complete(&device->virtio, queue, chain->head, (uint32_t)size);
}

static bool multiport_serve_to_guest(struct device *device, unsigned queue,
                                     const struct chain *chain)
{
    struct virtio_console_control message;

    for (unsigned i = 0; i < device->count; i++) {
        if (multiport_next(&device->ports[i], &message)) {
            multiport_put(device, queue, chain, &device->ports[i], &message);
            return true;
        }
    }
    return false;
}

/* Sends the control messages that there is room for. The rest follows with the next buffers. */
static void multiport_send_control(struct device *device)
{
    virtio_serve(&device->virtio, CONTROL_TO_GUEST, multiport_serve_to_guest);
}

/*
 * A program of the guest that does not have the port open would lose the bytes. And without a
 * buffer of the guest's the client is not watched: what it sends stays in its socket.
 */
static bool multiport_serve_in(struct device *device, unsigned queue, const struct chain *chain)
{
    struct multiport_port *port = &device->ports[queue / 2 - 2];
    ssize_t count = port_read(port->host, chain_in(chain), chain->in_count);

    if (count < 0 && chain->in_count > 0) {
        return false;
    }
    activity_note();
    activity_add(ACTIVITY_PORT_RECEIVE, count > 0 ? (uint64_t)count : 0);
    virtio_complete(&device->virtio, queue, chain->head, count > 0 ? (uint32_t)count : 0);
    return true;
}

static void multiport_receive(struct multiport_port *port)
{
    struct virtio *virtio = &port->device->virtio;
    unsigned queue = multiport_queue(port->id);

    if (multiport_in_use(port)) {
        virtio_serve(virtio, queue, multiport_serve_in);
    }
    port_watch(port->host, multiport_in_use(port) && queue_has_chain(&virtio->queues[queue]));
}

/* Gives the client what it has not taken yet of the chain. False: it takes no more now. */
static bool multiport_write(struct multiport_port *port, const struct chain *chain)
{
    struct multiport_state *state = port->state;
    uint64_t skip = state->sent;
    ssize_t count = 0;

    for (unsigned i = 0; i < chain->out_count && count >= 0; i++) {
        struct iovec part = chain_out(chain)[i];

        if (skip >= part.iov_len) {
            skip -= part.iov_len;
            continue;
        }
        part.iov_base = (uint8_t *)part.iov_base + skip;
        part.iov_len -= skip;
        skip = 0;
        count = port_write(port->host, &part, 1);
        state->sent += count > 0 ? (uint64_t)count : 0;
        if (count != (ssize_t)part.iov_len) {
            return false;
        }
    }
    return true;
}

static bool multiport_serve_out(struct device *device, unsigned queue, const struct chain *chain)
{
    struct multiport_port *port = &device->ports[queue / 2 - 2];

    if (!multiport_write(port, chain)) {
        return false;
    }
    activity_add(ACTIVITY_PORT_SEND, port->state->sent);
    port->state->sent = 0;
    activity_note();
    virtio_complete(&device->virtio, queue, chain->head, 0);
    return true;
}

static void multiport_set_open(const struct multiport_port *port, bool open)
{
    if (open != (port->state->open != 0)) {
        port->state->open = open;
        port->device->changes |= 1u << (port->id - 1);
        device_changed(&port->device->virtio.env);
    }
}

static void multiport_take_message(struct device *device,
                                   const struct virtio_console_control *message)
{
    if (message->event == VIRTIO_CONSOLE_DEVICE_READY && message->value == 1) {
        for (unsigned i = 0; i < device->count; i++) {
            device->states[i].owes |= OWES_ADD;
        }
        return;
    }
    if (message->id == 0 || message->id > device->count) {
        return;
    }
    struct multiport_port *port = &device->ports[message->id - 1];
    struct multiport_state *state = port->state;
    if (message->event == VIRTIO_CONSOLE_PORT_READY && message->value == 1) {
        state->ready = 1;
        state->told_open = 0;
        state->owes |= OWES_NAME;
    } else if (message->event == VIRTIO_CONSOLE_PORT_OPEN) {
        multiport_set_open(port, message->value == 1);
        port_tell_guest_open(port->host, state->open);
    }
}

static bool multiport_serve_from_guest(struct device *device, unsigned queue,
                                       const struct chain *chain)
{
    struct virtio_console_control message;
    uint64_t size = parts_read(chain_out(chain), chain->out_count, 0, &message, sizeof(message));

    if (size == sizeof(message)) {
        multiport_take_message(device, &message);
    }
    virtio_complete(&device->virtio, queue, chain->head, 0);
    return true;
}

static void multiport_take_control(struct device *device)
{
    virtio_serve(&device->virtio, CONTROL_FROM_GUEST, multiport_serve_from_guest);
    multiport_send_control(device);
    for (unsigned i = 0; i < device->count; i++) {
        multiport_receive(&device->ports[i]);
    }
}

static void multiport_notified(struct device *device, unsigned queue)
{
    unsigned id = queue / 2 - 1;

    if (queue == CONTROL_FROM_GUEST) {
        multiport_take_control(device);
    } else if (queue == CONTROL_TO_GUEST) {
        multiport_send_control(device);
    } else if (queue < CONTROL_TO_GUEST) {
        return; /* Port 0, which does not exist. */
    } else if (queue == multiport_queue(id)) {
        multiport_receive(&device->ports[id - 1]);
    } else {
        virtio_serve(&device->virtio, queue, multiport_serve_out);
    }
}

/* The guest's end of all ports is closed. The clients stay. */
static void multiport_stop(struct device *device)
{
    for (unsigned i = 0; i < device->count; i++) {
        multiport_set_open(&device->ports[i], false);
        device->states[i] = (struct multiport_state){0};
        port_tell_guest_open(device->ports[i].host, false);
    }
}

/* No chain of the guest is at hand. */
static void multiport_restore(struct device *device, const void *own)
{
    memcpy(device->states, own, sizeof(device->states));
    for (unsigned i = 0; i < PORTS_MAX; i++) {
        device->states[i].sent = 0;
    }
}

static void multiport_identify(const struct device *device, struct device_identity *identity)
{
    identity->number = device->count;
    identity->what = "number of ports";
}

static const struct virtio_type multiport_type = {
    .name = "virtio-console",
    .id = VIRTIO_ID_CONSOLE,
    .stop = multiport_stop,
    .notified = multiport_notified,
    .restore = multiport_restore,
    .identify = multiport_identify,
};

static void multiport_on_readable(void *arg)
{
    struct multiport_port *port = arg;

    virtio_lock(&port->device->virtio);
    multiport_receive(port);
    virtio_unlock(&port->device->virtio);
}

static void multiport_on_writable(void *arg)
{
    struct multiport_port *port = arg;

    virtio_ring(&port->device->virtio, multiport_queue(port->id) + 1);
}

static void multiport_on_changed(void *arg)
{
    struct multiport_port *port = arg;

    virtio_lock(&port->device->virtio);
    if (!port_is_open(port->host)) {
        port->state->sent = 0;
        port->state->owes |= port->state->told_open ? OWES_CLOSED : 0;
    }
    multiport_send_control(port->device);
    virtio_unlock(&port->device->virtio);
}

unsigned multiport_in_guest(struct device *device)
{
    unsigned set = 0;

    virtio_lock(&device->virtio);
    for (unsigned i = 0; i < device->count; i++) {
        set |= (unsigned)(device->states[i].open != 0) << i;
    }
    virtio_unlock(&device->virtio);
    return set;
}

unsigned multiport_take_changes(struct device *device)
{
    virtio_lock(&device->virtio);
    unsigned set = device->changes;
    device->changes = 0;
    virtio_unlock(&device->virtio);
    return set;
}

static int multiport_open_ports(struct device *device, const struct device_env *env)
{
    const struct port_settings *settings = env->settings;

    for (unsigned i = 0; i < settings->count; i++) {
        struct multiport_port *port = &device->ports[i];
        const struct port_guest guest = {
            .arg = port,
            .readable = multiport_on_readable,
            .writable = multiport_on_writable,
            .changed = multiport_on_changed,
        };

        port->device = device;
        port->state = &device->states[i];
        port->id = i + 1;
        port->name = settings->at[i].name;
        port->host = port_open(env->loop, &settings->at[i], &guest);
        if (port->host == NULL) {
            return -REPORTED;
        }
        device->count++;
    }
    return 0;
}

static void multiport_close(struct device *device)
{
    for (unsigned i = 0; i < PORTS_MAX; i++) {
        port_close(device->ports[i].host);
    }
    free(device);
}

static int multiport_open(struct device *device, const struct device_env *env)
{
    int error = multiport_open_ports(device, env);

    if (error != 0) {
        return error;
    }
    device->config.max_nr_ports = device->count + 1;
    const struct virtio_setup setup = {
        .type = &multiport_type,
        .features = VIRTIO_FEATURE(VIRTIO_CONSOLE_F_MULTIPORT),
        .config = &device->config,
        .config_size = sizeof(device->config),
        .queue_count = multiport_queue(device->count) + 2,
    };
    return virtio_open(&device->virtio, env, &setup);
}

static int multiport_create(const struct device_env *env, struct device **out)
{
    return virtio_create(env, out, sizeof(struct device), multiport_open, multiport_close);
}

static void multiport_destroy(struct device *device)
{
    virtio_close(&device->virtio);
    multiport_close(device);
}

static const struct device_class virtio_console = {
    VIRTIO_CLASS_FUNCTIONS,
    .state_offset = offsetof(struct virtio, state),
    .state_size = sizeof(struct virtio_state) + PORTS_MAX * sizeof(struct multiport_state),
    .name = "virtio-console",
    .create = multiport_create,
    .destroy = multiport_destroy,
};
DEVICE_REGISTER(virtio_console);
