/* SPDX-License-Identifier: BSD-2-Clause */
#include "timer.h"

#include "level.h"
#include "platform.h"
#include "sysreg.h"

uint64_t timer_frequency(void)
{
    return READ_SYSREG(cntfrq_el0);
}

uint64_t timer_milliseconds(uint64_t count)
{
    return count * timer_frequency() / 1000;
}

uint64_t timer_now(enum timer timer)
{
    __asm__ volatile("isb" ::: "memory");
    return timer == TIMER_VIRTUAL ? READ_SYSREG(cntvct_el0) : READ_SYSREG(cntpct_el0);
}

/* The names of the registers depend on the exception level; see below. */
struct timer_registers {
    uint64_t (*control)(void);
    uint64_t (*deadline)(void);
    void (*set_control)(uint64_t value);
    void (*set_deadline)(uint64_t value);
};

#define REGISTERS(timer, control_name, deadline_name)                                              \
    static uint64_t timer##_control(void)                                                          \
    {                                                                                              \
        return READ_SYSREG(control_name);                                                          \
    }                                                                                              \
    static uint64_t timer##_deadline(void)                                                         \
    {                                                                                              \
        return READ_SYSREG(deadline_name);                                                         \
    }                                                                                              \
    static void timer##_set_control(uint64_t value)                                                \
    {                                                                                              \
        WRITE_SYSREG(control_name, value);                                                         \
    }                                                                                              \
    static void timer##_set_deadline(uint64_t value)                                               \
    {                                                                                              \
        WRITE_SYSREG(deadline_name, value);                                                        \
    }                                                                                              \
    static const struct timer_registers timer = {timer##_control, timer##_deadline,                \
                                                 timer##_set_control, timer##_set_deadline};

REGISTERS(cntv, cntv_ctl_el0, cntv_cval_el0)
REGISTERS(cntp, cntp_ctl_el0, cntp_cval_el0)
/* CNTV_CTL_EL02 and so on, which not every assembler has names for. */
REGISTERS(cntv_el02, S3_5_C14_C3_1, S3_5_C14_C3_2)
REGISTERS(cntp_el02, S3_5_C14_C2_1, S3_5_C14_C2_2)

/* Returns the same two timers at every level: at an EL2 that is like EL1 those names mean other
 * timers. */
static const struct timer_registers *timer_registers_of(enum timer timer)
{
    if (level_own() == 2 && level_is_like_el1()) {
        return timer == TIMER_VIRTUAL ? &cntv_el02 : &cntp_el02;
    }
    return timer == TIMER_VIRTUAL ? &cntv : &cntp;
}

void timer_arm(enum timer timer, uint64_t deadline)
{
    timer_registers_of(timer)->set_deadline(deadline);
    timer_registers_of(timer)->set_control(TIMER_CTL_ENABLE);
}

void timer_stop(enum timer timer)
{
    timer_registers_of(timer)->set_control(0);
}

uint64_t timer_control(enum timer timer)
{
    return timer_registers_of(timer)->control();
}

uint64_t timer_deadline(enum timer timer)
{
    return timer_registers_of(timer)->deadline();
}

unsigned timer_intid(enum timer timer)
{
    return timer == TIMER_VIRTUAL ? platform.virtual_timer_intid : platform.physical_timer_intid;
}

void timer_event_stream(void)
{
    /* An event whenever bit 11 of the counter is set anew: CNTKCTL_EL1 and CNTHCTL_EL2 are alike in
     * this. */
    enum {
        EVNTEN = 1u << 2,
        EVNTI_SHIFT = 4,
        EVNTI_MASK = 0xf << EVNTI_SHIFT,
        EVNTI = 11 << EVNTI_SHIFT
    };

    if (level_own() == 2) {
        WRITE_SYSREG(cnthctl_el2,
                     (READ_SYSREG(cnthctl_el2) & ~(uint64_t)EVNTI_MASK) | EVNTEN | EVNTI);
    } else {
        WRITE_SYSREG(cntkctl_el1,
                     (READ_SYSREG(cntkctl_el1) & ~(uint64_t)EVNTI_MASK) | EVNTEN | EVNTI);
    }
}

void timer_sleep(enum timer timer, uint64_t deadline)
{
    timer_arm(timer, deadline);
    __asm__ volatile("isb\n\tdsb sy\n\twfi" ::: "memory");
    timer_stop(timer);
}
