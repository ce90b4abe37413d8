/* SPDX-License-Identifier: BSD-2-Clause */
/* Expressions in the language of tcpdump, by libpcap. */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>

#include "base/report.h"
#include "host/net/net_parts.h"
#include "host/net/net_wake.h"

struct net_program {
    struct bpf_program code;
};

static int net_program_fill(struct net_program *program, const char *expression)
{
    pcap_t *dead = pcap_open_dead(DLT_EN10MB, NET_FRAME_MAX);

    if (dead == NULL) {
        return -ENOMEM;
    }
    int error = 0;
    if (pcap_compile(dead, &program->code, expression, 1, PCAP_NETMASK_UNKNOWN) != 0) {
        report("--wake net=bpf:%s: %s", expression, pcap_geterr(dead));
        error = -REPORTED;
    }
    pcap_close(dead);
    return error;
}

int net_program_compile(const char *expression, struct net_program **out)
{
    struct net_program *program = calloc(1, sizeof(*program));

    if (program == NULL) {
        return -ENOMEM;
    }
    int error = net_program_fill(program, expression);
    if (error != 0) {
        free(program);
        return error;
    }
    *out = program;
    return 0;
}

void net_program_free(struct net_program *program)
{
    if (program != NULL) {
        pcap_freecode(&program->code);
        free(program);
    }
}

bool net_program_selects(const struct net_program *program, const uint8_t *frame, size_t size)
{
    return program != NULL &&
           bpf_filter(program->code.bf_insns, frame, (u_int)size, (u_int)size) != 0;
}
