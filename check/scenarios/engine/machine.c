/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of script.h that is about the machine. */
#include "script.h"

/* The distance between the entry points that races use; any distance that keeps them aligned
 * would do. */
enum { ENTRY_STEP = 64 };

uint32_t other(const struct trial *t, uint32_t n)
{
    return n < t->machine->boot_cpu ? n : n + 1;
}

uint64_t entry_n(const struct trial *t, uint32_t n)
{
    return t->machine->entry + (uint64_t)n % 32 * ENTRY_STEP;
}

static unsigned affinity_shift(uint32_t level)
{
    return level == 3 ? 32 : level * 8;
}

/* Whether a CPU has these affinity fields from `level` up. */
static bool instance_exists(const struct trial *t, uint64_t value, uint32_t level)
{
    for (uint32_t i = 0; i < t->machine->cpu_count; i++) {
        if ((t->machine->mpidrs[i] ^ value) >> affinity_shift(level) == 0) {
            return true;
        }
    }
    return false;
}

/* CPU `cpu`'s name with field `level` changed such that no CPU has the fields from `from` up. */
static uint64_t absent_name(const struct trial *t, uint32_t cpu, uint32_t level, uint32_t from)
{
    uint64_t base = mpidr(t, cpu) & ~(UINT64_C(0xff) << affinity_shift(level));

    for (uint64_t value = 255; value > 0; value--) {
        if (!instance_exists(t, base | value << affinity_shift(level), from)) {
            return base | value << affinity_shift(level);
        }
    }
    return base;
}

uint64_t absent_mpidr(const struct trial *t, uint32_t cpu, uint32_t level)
{
    return absent_name(t, cpu, level, 0);
}

uint64_t absent_instance(const struct trial *t, uint32_t cpu, uint32_t level)
{
    return absent_name(t, cpu, level, level);
}

bool same_affinity(const struct trial *t, uint32_t level, uint32_t a, uint32_t b)
{
    uint64_t below = (UINT64_C(1) << affinity_shift(level)) - 1;

    return ((mpidr(t, a) ^ mpidr(t, b)) & ~below) == 0;
}

bool same_domain(const struct trial *t, uint32_t level, uint32_t a, uint32_t b)
{
    const uint16_t *domains = level > 0 ? t->machine->domains[level - 1] : NULL;

    return domains != NULL ? domains[a] == domains[b] : same_affinity(t, level, a, b);
}

static uint32_t find_cpu(struct trial *t, uint32_t level, uint32_t cpu, bool inside)
{
    for (uint32_t i = 0; i < t->machine->cpu_count; i++) {
        if (i != cpu && same_domain(t, level, i, cpu) == inside) {
            return i;
        }
    }
    skip(t, inside ? "the CPU is alone in its power domain" : "there is one power domain only");
    return cpu;
}

uint32_t sibling(struct trial *t, uint32_t level, uint32_t cpu)
{
    return find_cpu(t, level, cpu, true);
}

uint32_t stranger(struct trial *t, uint32_t level, uint32_t cpu)
{
    return find_cpu(t, level, cpu, false);
}

const struct machine_state *state_find(const struct trial *t, uint32_t level, bool powerdown)
{
    for (uint32_t i = 0; i < t->machine->state_count; i++) {
        const struct machine_state *state = &t->machine->states[i];

        if (state->level == level && state->powerdown == powerdown) {
            return state;
        }
    }
    return NULL;
}

const struct machine_state *state_need(struct trial *t, uint32_t level, bool powerdown)
{
    static const struct machine_state none = {.value = UINT32_MAX};
    const struct machine_state *state = state_find(t, level, powerdown);

    if (state == NULL) {
        skip(t, powerdown ? "the machine has no powerdown state of that level"
                          : "the machine has no standby state of that level");
    }
    return state != NULL ? state : &none;
}

bool state_known(const struct trial *t, uint32_t value)
{
    for (uint32_t i = 0; i < t->machine->state_count; i++) {
        if (t->machine->states[i].value == value) {
            return true;
        }
    }
    return false;
}
