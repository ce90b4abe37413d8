/* SPDX-License-Identifier: BSD-2-Clause */
#include "monitors.h"

#include <stddef.h>
#include <string.h>

struct monitor {
    const char *name;
    const char *what;
    const char *notes; /* lines of comments, each with its newline */
    const char *command;
};

/* QEMU itself keeps neither devices nor files of the user that could get in the way. */
#define QEMU_COMMAND(name, machine, cpu)                                                           \
    "vpsci-check run --name " name " --tap " name ".tap -- \\\n"                                   \
    "    qemu-system-aarch64 -M virt," machine " -cpu " cpu " -smp 4 -m 256 \\\n"                  \
    "    -nodefaults -no-user-config -display none -serial stdio -kernel vpsci-check.img\n"

/*
 * tests/dev/check.sh runs the commands of QEMU's own PSCI, tests/lab/check.sh that of dormouse, and
 * `./dev check-peers` those of kvmtool, if it is given one, and of Xen.
 */
static const struct monitor monitors[] = {
    {"qemu", "QEMU's own PSCI, HVC from EL1, GICv3", "",
     QEMU_COMMAND("qemu", "gic-version=3", "max")},
    {"qemu-gicv2", "QEMU's own PSCI, HVC from EL1, GICv2", "",
     QEMU_COMMAND("qemu-gicv2", "gic-version=2", "cortex-a57")},
    {"qemu-el2", "QEMU's own PSCI, SMC from EL2, GICv3", "",
     QEMU_COMMAND("qemu-el2", "gic-version=3,virtualization=on", "max")},
    {"qemu-kvm", "KVM's PSCI, with QEMU on an arm64 host", "",
     QEMU_COMMAND("qemu-kvm", "gic-version=host,accel=kvm", "host")},
    {"dormouse", "libvpsci, with dormouse",
     "With --psci kernel it is KVM's PSCI; with --idle powerdown there is more to check.\n",
     "vpsci-check run --name dormouse --tap dormouse.tap -- \\\n"
     "    dormouse run --cpus 4 --memory 256M --kernel vpsci-check.img\n"},
    {"kvmtool", "KVM's PSCI, with kvmtool",
     "Not in Debian. It reads its serial line only from a terminal, hence --pty. It ends where "
     "the\n"
     "guest resets, and vpsci-check starts it again, hence resets=end.\n",
     "vpsci-check run --pty --name kvmtool --tap kvmtool.tap -- \\\n"
     "    lkvm run -c 4 -m 256 --console serial -p resets=end -k vpsci-check.img\n"},
    {"crosvm", "KVM's PSCI, with crosvm",
     "Not tried: it is not in Debian. The command is written after crosvm's manual.\n",
     "vpsci-check run --pty --name crosvm --tap crosvm.tap -- \\\n"
     "    crosvm run --disable-sandbox --cpus 4 --mem 256 \\\n"
     "    --serial type=stdout,hardware=serial,num=1,console,stdin \\\n"
     "    --params resets=end vpsci-check.img\n"},
    {"xen", "Xen's PSCI, in a guest that Xen starts by itself",
     "For a checkout of the source, which has what it takes: peers/xen.dts makes the image a "
     "module\n"
     "of Xen's device tree, peers/xen_console.sh keeps the console with that guest and ends the\n"
     "machine when the guest has ended. A guest that xl starts has no such console on its "
     "standard\n"
     "input and output; that was not tried.\n",
     "./dev check-peers xen-4.20\n"},
};

enum { MONITORS_COUNT = sizeof(monitors) / sizeof(monitors[0]) };

void monitors_list(FILE *file)
{
    for (size_t i = 0; i < MONITORS_COUNT; i++) {
        (void)fprintf(file, "%-12s %s\n", monitors[i].name, monitors[i].what);
    }
}

static void write_notes(FILE *file, const char *notes)
{
    while (*notes != '\0') {
        int length = (int)strcspn(notes, "\n");

        (void)fprintf(file, "# %.*s\n", length, notes);
        notes += length + 1;
    }
}

bool monitors_show(FILE *file, const char *name)
{
    for (size_t i = 0; i < MONITORS_COUNT; i++) {
        const struct monitor *monitor = &monitors[i];

        if (strcmp(monitor->name, name) == 0) {
            (void)fprintf(file, "# %s\n", monitor->what);
            write_notes(file, monitor->notes);
            (void)fputs(monitor->command, file);
            return true;
        }
    }
    return false;
}
