/* SPDX-License-Identifier: BSD-2-Clause */
/* What an operator learns of the ports of a virtio-console. `device` is one of that class. Main thread. */
#ifndef DORMOUSE_DEV_VIRTIO_MULTIPORT_H
#define DORMOUSE_DEV_VIRTIO_MULTIPORT_H

struct device;

/* Which ports programs of the guest have open: bit n for the one that is n in the settings. */
unsigned multiport_in_guest(struct device *device);

/* Which of them were opened or closed since the last call, even if they are now as they were then. */
unsigned multiport_take_changes(struct device *device);

#endif
