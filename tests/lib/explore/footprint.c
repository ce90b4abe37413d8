/* SPDX-License-Identifier: BSD-2-Clause */
#include "footprint.h"

#include <string.h>

/* For each thread and cell: the number of the last action that touches it, plus 1, 0 for none. */
static struct {
    uint8_t looks[THREAD_MAX][CELL_MAX];
    uint8_t changes[THREAD_MAX][CELL_MAX];
} last;

void footprint_forget(void)
{
    memset(&last, 0, sizeof(last));
}

bool footprint_learn(const struct event *event)
{
    bool looks = event->op == ACCESS_LOAD;
    uint8_t *known = (looks ? last.looks : last.changes)[event->thread];

    if (known[event->cell] > event->action) {
        return false;
    }
    known[event->cell] = (uint8_t)(event->action + 1);
    return true;
}

/* Will this thread ever do something to the cell that does not commute? */
static bool interferes_with_cell(uint32_t thread, uint32_t cell, bool looks)
{
    uint8_t at = machine.threads[thread].at;

    return last.changes[thread][cell] > at || (!looks && last.looks[thread][cell] > at);
}

uint32_t footprint_independent(void)
{
    uint32_t i;

    for (i = 0; i < machine.thread_count; i++) {
        const struct thread *thread = &machine.threads[i];
        bool free = thread->pending != 0;
        uint32_t other;

        for (other = 0; free && other < machine.thread_count; other++) {
            free = other == i || !interferes_with_cell(other, thread->pending - 1U, thread->looks);
        }
        if (free) {
            return i;
        }
    }
    return THREAD_MAX;
}
