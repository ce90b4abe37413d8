/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the guest does by itself and operators hear of: its programs open and close ports, and it sets its clock. A
 * guest can do that as often as it likes, so operators hear of it at once, but then not before a second has passed: of
 * what has come of it until then.
 */
#include "base/clock.h"
#include "dev/pl031.h"
#include "dev/virtio/multiport.h"
#include "machine/parts.h"

enum { HEARD_PERIOD_NS = 1000000000 };

static void heard_tell_ports(struct machine *machine)
{
    struct device *device = bus_device(&machine->bus, "virtio-console");
    unsigned changed = device != NULL ? multiport_take_changes(device) : 0;
    unsigned open = changed != 0 ? multiport_in_guest(device) : 0;

    for (unsigned i = 0; i < machine->ports.count; i++) {
        if ((changed >> i & 1) != 0) {
            qmp_tell_port(machine->qmp, machine->ports.at[i].name, (open >> i & 1) != 0);
        }
    }
}

static void heard_tell_clock(struct machine *machine)
{
    struct device *device = bus_device(&machine->bus, "pl031");
    int32_t ahead;

    if (device == NULL || !pl031_ahead(device, &ahead) || ahead == machine->heard.ahead) {
        return;
    }
    machine->heard.ahead = ahead;
    qmp_tell_clock(machine->qmp, ahead);
}

static void on_heard(void *arg)
{
    struct machine *machine = arg;

    atomic_store(&machine->heard.next_ns, clock_now_ns() + HEARD_PERIOD_NS);
    atomic_store(&machine->heard.due, false); /* What comes from here on is told the next time. */
    heard_tell_ports(machine);
    heard_tell_clock(machine);
}

int heard_open(struct machine *machine)
{
    if (machine->config->qmp == NULL) {
        return 0;
    }
    return delay_open(&machine->heard.delay, machine->loop, on_heard, machine);
}

void heard_close(struct machine *machine)
{
    delay_close(&machine->heard.delay);
}

void heard_note(void *arg)
{
    struct machine *machine = arg;

    if (machine->config->qmp != NULL && !atomic_exchange(&machine->heard.due, true)) {
        int64_t left = atomic_load(&machine->heard.next_ns) - clock_now_ns();

        delay_set(&machine->heard.delay, left > 0 ? left : 1);
    }
}
