/* SPDX-License-Identifier: BSD-2-Clause */
/* The PL031 real time clock (Arm DDI0224). */
#ifndef GUEST_RTC_H
#define GUEST_RTC_H

#include <stdbool.h>
#include <stdint.h>

enum {
    RTC_DR = 0x00,
    RTC_MR = 0x04,
    RTC_LR = 0x08,
    RTC_CR = 0x0c,
    RTC_IMSC = 0x10,
    RTC_RIS = 0x14,
    RTC_MIS = 0x18,
    RTC_ICR = 0x1c,
};

bool rtc_present(void);
uint32_t rtc_read(uint32_t offset);
void rtc_write(uint32_t offset, uint32_t value);

/*
 * Sets an alarm for `seconds` from now. The clock ticks in whole seconds, so it comes up to one
 * second earlier.
 */
void rtc_set_alarm(uint32_t seconds);
void rtc_clear_alarm(void);

/*
 * A 16-bit number that survives a reset of the machine but not power-off: it is stored as a special
 * date in the clock. Returns false if no number was stored.
 */
void rtc_leave_number(uint32_t number);
bool rtc_find_number(uint32_t *number);

#endif
