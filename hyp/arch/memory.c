/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch.h"

#include "mmio.h"
#include "sysreg.h"

void *arch_memory(uint64_t pa)
{
    return (void *)pa;
}

uint8_t arch_read8(uint64_t pa)
{
    return mmio_read8(pa);
}

uint32_t arch_read32(uint64_t pa)
{
    return mmio_read32(pa);
}

uint64_t arch_read64(uint64_t pa)
{
    return mmio_read64(pa);
}

void arch_write8(uint64_t pa, uint8_t value)
{
    mmio_write8(pa, value);
}

void arch_write32(uint64_t pa, uint32_t value)
{
    mmio_write32(pa, value);
}

void arch_write64(uint64_t pa, uint64_t value)
{
    mmio_write64(pa, value);
}

/* CTR_EL0.DminLine: log2 of the words in the smallest line of data caches. */
static uint64_t memory_line_size(void)
{
    return UINT64_C(4) << (READ_SYSREG(ctr_el0) >> 16 & 0xf);
}

void arch_clean(const void *address, uint64_t size)
{
    uint64_t line = memory_line_size();
    uint64_t end = (uint64_t)address + size;

    for (uint64_t at = (uint64_t)address & ~(line - 1); at < end; at += line) {
        __asm__ volatile("dc civac, %0" ::"r"(at) : "memory");
    }
    __asm__ volatile("dsb sy\n\tic ialluis\n\tdsb ish\n\tisb" ::: "memory");
}

void arch_forget_stage2(void)
{
    __asm__ volatile("dsb ishst\n\ttlbi vmalls12e1is\n\tdsb ish\n\tic ialluis\n\tdsb ish\n\tisb" ::
                         : "memory");
}
