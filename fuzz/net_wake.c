/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: frames, each after a byte that says how long it is and a byte that says whether the guest
 * sends it; the others come while it sleeps.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "host/net/net_wake.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct net_program *program(void)
{
    static struct net_program *compiled;

    if (compiled == NULL &&
        net_program_compile("tcp dst port 22 or (vlan and ip6 proto 6) or icmp[0] = 8 or "
                            "ether[60:4] = 7 or udp[len - 1] = 0",
                            &compiled) != 0) {
        abort();
    }
    return compiled;
}

static void show(struct net_station *station, bool sent, const uint8_t *frame, size_t size)
{
    if (sent) {
        net_station_learn(station, frame, size);
        return;
    }
    for (unsigned kind = NET_WAKE_ANY; kind <= NET_WAKE_BPF; kind <<= 1) {
        bool matches = net_wake_matches(kind, program(), station, frame, size);

        if (kind == NET_WAKE_ANY && !matches) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct net_station station = {.mac = {2, 0, 0, 0, 0, 7}};

    for (size_t at = 0; at + 2 <= size;) {
        size_t length = bytes[at] < size - at - 2 ? bytes[at] : size - at - 2;
        /* A copy, so that a read after the end is seen. */
        uint8_t *frame = malloc(length + (length == 0));

        if (frame == NULL) {
            abort();
        }
        memcpy(frame, bytes + at + 2, length);
        show(&station, (bytes[at + 1] & 1) != 0, frame, length);
        free(frame);
        at += 2 + length;
    }
    return 0;
}
