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

/* Alarm interrupt in so many seconds, by the clock's own ticks: up to one second less. */
void rtc_set_alarm(uint32_t seconds);
void rtc_clear_alarm(void);

/*
 * A 16-bit number that outlives a reset of the machine but not its power: the clock is
 * battery-backed in that sense, and set to a date that says so. False: no such number was left
 * here.
 */
void rtc_leave_number(uint32_t number);
bool rtc_find_number(uint32_t *number);

#endif
