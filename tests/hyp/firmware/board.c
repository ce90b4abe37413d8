/* SPDX-License-Identifier: BSD-2-Clause */
#include "board.h"

#include "gic_registers.h"
#include "mmio.h"
#include "sysreg.h"

enum {
    GICD = 0x08000000,
    GICR = 0x080a0000,
    CTLR_ALL = 0x37, /* groups 0, 1 and secure 1, affinity routing in both worlds */
    KICK = 29,       /* the secure timer's PPI, which no one else uses */
};

/* The secure PL011, and the secure PL061: line 0 turns the machine off, line 1 resets it. */
enum { UART = 0x09040000, GPIO = 0x090b0000, GPIO_DIR = 0x400, GPIO_DATA_SHIFT = 2 };

enum { CORE_MASK = 0xf, SRE_ALL = 0xf };

#define ICC_SRE_EL3     S3_6_C12_C12_5
#define ICC_IGRPEN1_EL3 S3_6_C12_C12_7

unsigned board_core(void)
{
    return (unsigned)READ_SYSREG(mpidr_el1) & CORE_MASK;
}

uint64_t board_exception(void)
{
    return READ_SYSREG(esr_el3);
}

static uint64_t board_redistributor(unsigned core)
{
    return GICR + (uint64_t)core * GICR_STRIDE;
}

unsigned board_start(void)
{
    unsigned lines = mmio_read32(GICD + GICD_TYPER) & GICD_TYPER_LINES;
    unsigned count = 1;

    mmio_write32(GICD + GICD_CTLR, CTLR_ALL);
    for (unsigned word = 1; word <= lines; word++) {
        mmio_write32(GICD + GICX_IGROUPR + (uint64_t)word * 4, UINT32_MAX);
    }
    while (count < BOARD_CORES &&
           (mmio_read32(board_redistributor(count - 1) + GICR_TYPER) & GICR_TYPER_LAST) == 0) {
        count++;
    }
    return count;
}

void board_start_core(uint64_t scr)
{
    uint64_t base = board_redistributor(board_core());
    uint64_t frame = base + GICR_SGI_FRAME;

    mmio_write32(base + GICR_WAKER, mmio_read32(base + GICR_WAKER) & ~(uint32_t)GICR_WAKER_ASLEEP);
    while ((mmio_read32(base + GICR_WAKER) & GICR_WAKER_CHILDREN_ASLEEP) != 0) {
    }
    mmio_write32(frame + GICX_IGROUPR, ~(1u << KICK));
    mmio_write8(frame + GICX_IPRIORITYR + KICK, 0);
    mmio_write32(frame + GICX_ISENABLER, 1u << KICK);
    WRITE_SYSREG(scr_el3, scr);
    WRITE_SYSREG(ICC_SRE_EL3, SRE_ALL);
    WRITE_SYSREG(S3_4_C12_C9_5, SRE_ALL); /* ICC_SRE_EL2 */
    WRITE_SYSREG(icc_pmr_el1, 0xff);
    WRITE_SYSREG(icc_igrpen0_el1, 1);
    WRITE_SYSREG(cptr_el3, 0);
    WRITE_SYSREG(mdcr_el3, 0);
}

void board_kick(unsigned core)
{
    __asm__ volatile("dsb sy" ::: "memory");
    mmio_write32(board_redistributor(core) + GICR_SGI_FRAME + GICX_ISPENDR, 1u << KICK);
}

void board_take_kick(void)
{
    mmio_write32(board_redistributor(board_core()) + GICR_SGI_FRAME + GICX_ICPENDR, 1u << KICK);
    __asm__ volatile("dsb sy\n\tisb" ::: "memory");
}

static bool board_is_pending(void)
{
    return READ_SYSREG(isr_el1) != 0;
}

bool board_wait(void)
{
    __asm__ volatile("dsb sy\n\twfi\n\tisb" ::: "memory");
    board_take_kick();
    return board_is_pending();
}

/* The normal world's interrupts do not reach a core that is off. */
void board_wait_for_kick(void)
{
    WRITE_SYSREG(icc_igrpen1_el1, 0);
    WRITE_SYSREG(icc_pmr_el1, 0xff);
    __asm__ volatile("dsb sy\n\twfi\n\tisb" ::: "memory");
}

static void board_put(const char *text)
{
    for (; *text != '\0'; text++) {
        mmio_write32(UART, (uint8_t)*text);
    }
}

void board_say(const char *what, uint64_t number)
{
    char digits[24];
    unsigned at = sizeof(digits) - 1;

    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    board_put(what);
    board_put(" ");
    board_put(&digits[at]);
    board_put("\n");
}

void board_end(bool again)
{
    unsigned line = again ? 1 : 0;

    mmio_write32(GPIO + GPIO_DIR, 1u << line);
    mmio_write32(GPIO + ((uint64_t)1 << line << GPIO_DATA_SHIFT), 1u << line);
}
