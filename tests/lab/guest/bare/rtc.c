/* SPDX-License-Identifier: BSD-2-Clause */
#include "rtc.h"

#include "mmio.h"
#include "platform.h"

/*
 * A time in 2017, which no real clock shows now: the upper byte is fixed, then comes the number,
 * then seconds.
 */
enum { MESSAGE = 0x5a000000, MESSAGE_MASK = 0xff000000, NUMBER_SHIFT = 8, NUMBER_MASK = 0xffff };

bool rtc_present(void)
{
    return platform.rtc.size != 0;
}

uint32_t rtc_read(uint32_t offset)
{
    return mmio_read32(platform.rtc.base + offset);
}

void rtc_write(uint32_t offset, uint32_t value)
{
    mmio_write32(platform.rtc.base + offset, value);
}

void rtc_set_alarm(uint32_t seconds)
{
    rtc_write(RTC_ICR, 1);
    rtc_write(RTC_MR, rtc_read(RTC_DR) + seconds);
    rtc_write(RTC_IMSC, 1);
    rtc_write(RTC_CR, 1);
}

void rtc_clear_alarm(void)
{
    rtc_write(RTC_IMSC, 0);
    rtc_write(RTC_ICR, 1);
}

void rtc_leave_number(uint32_t number)
{
    rtc_write(RTC_LR, MESSAGE | (number & NUMBER_MASK) << NUMBER_SHIFT);
}

bool rtc_find_number(uint32_t *number)
{
    uint32_t now = rtc_read(RTC_DR);

    *number = now >> NUMBER_SHIFT & NUMBER_MASK;
    return (now & MESSAGE_MASK) == MESSAGE;
}
