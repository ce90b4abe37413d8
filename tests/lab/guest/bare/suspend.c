/* SPDX-License-Identifier: BSD-2-Clause */
#include "suspend.h"

#include <stddef.h>

#include "gic.h"
#include "level.h"
#include "report.h"

void suspend_prepare(struct psci_call *call, enum suspend_width width, uint64_t entry,
                     uint64_t context)
{
    if (width == SUSPEND_64) {
        psci_prepare(call, FID64(FN_SYSTEM_SUSPEND), entry, context, 0);
        return;
    }
    psci_prepare(call, FID32(FN_SYSTEM_SUSPEND), GARBAGE | (uint32_t)entry,
                 GARBAGE | (uint32_t)context, GARBAGE);
    call->in[0] |= GARBAGE;
}

uint64_t suspend_context(enum suspend_width width, uint64_t context)
{
    return width == SUSPEND_64 ? context : (uint32_t)context;
}

void suspend_remark(const struct psci_call *call)
{
    uint64_t mask = (call->in[0] & SMC64_BIT) != 0 ? UINT64_MAX : UINT32_MAX;

    remark("entry 0x%lx context 0x%lx", call->in[1] & mask, call->in[2] & mask);
}

bool suspend_call(struct psci_call *call)
{
    bool resumed = psci_call(call);

    if (resumed) {
        gic_init_interface();
    }
    return resumed;
}

int64_t suspend_simply(enum suspend_width width, uint64_t context)
{
    struct psci_call call;

    suspend_prepare(&call, width, (uint64_t)(uintptr_t)entry_point, context);
    return suspend_call(&call) ? RET_SUCCESS : psci_result(&call);
}

void suspend_arm(enum timer timer, uint64_t milliseconds)
{
    gic_enable(timer_intid(timer));
    timer_arm(timer, timer_now(timer) + timer_milliseconds(milliseconds));
}

bool suspend_check_resumed(bool resumed, const struct psci_call *call, const char *text)
{
    if (!check(resumed, text)) {
        const char *name = ret_name(psci_result(call));

        remark("the call returned %s (x0 0x%lx)", name != NULL ? name : "what is no result code",
               call->out[0]);
    }
    return resumed;
}

enum { POINT_COUNT = 9 };

static const struct {
    const char *level, *not_level;
    const char *stack, *not_stack;
} words[] = {
    [1] = {"entered at EL1", "not entered at EL1", "the stack pointer is SP_EL1",
           "the stack pointer is not SP_EL1"},
    [2] = {"entered at EL2", "not entered at EL2", "the stack pointer is SP_EL2",
           "the stack pointer is not SP_EL2"},
};

struct point {
    const char *text;
    const char *problem;
    uint64_t got;
    uint64_t expected;
};

static void points(struct point point[POINT_COUNT], const struct entry_state *entry,
                   uint64_t context, bool big_endian)
{
    unsigned level = level_at_start >> CURRENT_EL2_BIT & 1 ? 2 : 1;
    const struct point all[POINT_COUNT] = {
        {"x0 is the context ID", "x0 is not the context ID", entry->x[0], context},
        {words[level].level, words[level].not_level, entry->current_el, level_at_start},
        {"the MMU is off", "the MMU is on", entry->sctlr & SCTLR_M, 0},
        {"the caches are off", "a cache is on", entry->sctlr & (SCTLR_C | SCTLR_I), 0},
        {"D, A, I and F are masked", "not all of D, A, I and F are masked", entry->daif, DAIF_ALL},
        {words[level].stack, words[level].not_stack, entry->spsel, 1},
        {"the virtual timer is off", "the virtual timer is on", entry->cntv_ctl & TIMER_CTL_ENABLE,
         0},
        {"the physical timer is off", "the physical timer is on",
         entry->cntp_ctl & TIMER_CTL_ENABLE, 0},
        {"endianness is the caller's", "endianness is not the caller's", entry->sctlr & SCTLR_EE,
         big_endian ? SCTLR_EE : 0},
    };

    for (unsigned i = 0; i < POINT_COUNT; i++) {
        point[i] = all[i];
    }
}

const char *suspend_entry_problem(const struct entry_state *entry, uint64_t context,
                                  bool big_endian)
{
    struct point point[POINT_COUNT];

    points(point, entry, context, big_endian);
    for (unsigned i = 0; i < POINT_COUNT; i++) {
        if (point[i].got != point[i].expected) {
            return point[i].problem;
        }
    }
    return NULL;
}

const char *suspend_powerdown_problem(const struct entry_state *entry, uint64_t context)
{
    struct entry_state rest = *entry;

    if ((rest.cntv_ctl & TIMER_CTL_ENABLE) == 0) {
        return "the virtual timer is off";
    }
    rest.cntv_ctl = 0;
    return suspend_entry_problem(&rest, context, false);
}

/* x1-x30 are UNKNOWN at an entry point, so they are printed, not checked. */
static void remark_registers(const struct entry_state *entry)
{
    unsigned cleared = 0;

    for (unsigned i = 1; i < CALL_REGISTERS; i++) {
        cleared += entry->x[i] == 0;
    }
    remark("%u of 30 other general registers are zero at entry, SCTLR_EL%u is 0x%lx", cleared,
           level_own(), entry->sctlr);
}

void suspend_check_entry(const struct entry_state *entry, uint64_t context, bool big_endian)
{
    struct point point[POINT_COUNT];

    points(point, entry, context, big_endian);
    for (unsigned i = 0; i < POINT_COUNT; i++) {
        check_equal(point[i].got, point[i].expected, point[i].text);
    }
    remark_registers(entry);
}

uint64_t suspend_duration(uint64_t start, const struct entry_state *entry)
{
    return (entry->counter - start) * 1000 / timer_frequency();
}
