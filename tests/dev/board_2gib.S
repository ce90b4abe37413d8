/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a boot loader does on the board of tests/dev/check.sh that looks like kvmtool's: RAM from 2 GiB on, and a 16550.
 * QEMU has no such arm64 machine with PSCI, but its `virt` has a 16550 on PCI. This turns that on at I/O port 0x1000,
 * which is address 0x3eff1000, and starts the kernel at 0x80000000 with the device tree at 0x88000000. Before that it puts
 * the core's own interrupts into group 1 of a GICv2 that has no Security Extensions, as Trusted Firmware does.
 */
#define CONFIGURATION 0x3f008000 /* of device 1 of bus 0, if the machine has highmem=off */
#define COMMAND 0x04
#define BAR_0 0x10
#define IO_BASE 0x1000
#define GICD_IGROUPR0 0x08000080

        ldr     x1, =CONFIGURATION
        mov     w2, #IO_BASE
        str     w2, [x1, #BAR_0]
        mov     w2, #1 // answer to I/O ports
        strh    w2, [x1, #COMMAND]
        ldr     x1, =GICD_IGROUPR0
        mov     w2, #-1
        str     w2, [x1]
        mov     x0, #0x88000000
        mov     x1, xzr
        mov     x2, xzr
        mov     x3, xzr
        mov     x4, #0x80000000
        br      x4
