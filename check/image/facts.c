/* SPDX-License-Identifier: BSD-2-Clause */
#include "facts.h"

#include <stddef.h>

#include "../scenarios/engine/text.h"
#include "args.h"
#include "gic.h"
#include "hand.h"
#include "landing.h"
#include "level.h"
#include "link.h"
#include "platform.h"
#include "platform_idle.h"
#include "sysreg.h"
#include "watch.h"

enum { LINE_SIZE = 200, BIG_ENDIAN_SHIFT = 8, FEATURE_MASK = 0xf };

struct machine facts;

enum { STATES_MAX = PLATFORM_IDLE_MAX, DOMAIN_LEVELS = 3 };

static uint64_t mpidrs[CPU_MAX];
static struct machine_state states[STATES_MAX];
static uint16_t domains[DOMAIN_LEVELS][CPU_MAX];

/* ---- The device tree, and the core -------------------------------------------------------- */

static bool can_be_big_endian(void)
{
    return (READ_SYSREG(id_aa64mmfr0_el1) >> BIG_ENDIAN_SHIFT & FEATURE_MASK) != 0;
}

/* Returns NULL if the device tree does not name a domain of that level for each CPU. */
static const uint16_t *domains_of(unsigned level)
{
    for (uint32_t i = 0; i < cpu_count; i++) {
        uint32_t domain = platform_domain(i, level);

        if (domain == PLATFORM_NO_DOMAIN) {
            return NULL;
        }
        domains[level - 1][i] = (uint16_t)domain;
    }
    return domains[level - 1];
}

static void read_ids_0_1(void)
{
    const struct platform_psci_0_1 *ids = &platform.psci_0_1;

    if (!platform.psci_present) {
        facts.ids_0_1[0] = ids->cpu_suspend;
        facts.ids_0_1[1] = ids->cpu_off;
        facts.ids_0_1[2] = ids->cpu_on;
        facts.ids_0_1[3] = ids->migrate;
    }
}

void facts_read(void)
{
    for (uint32_t i = 0; i < cpu_count; i++) {
        mpidrs[i] = cpus[i].mpidr;
    }
    facts = (struct machine){
        .cpu_count = cpu_count,
        .mpidrs = mpidrs,
        .boot_cpu = (uint32_t)(smp_self() - cpus),
        .entry = landing_prepare(),
        .bad_entry = args_number("bad-entry", 0),
        .most_rounds = (uint32_t)args_number("rounds", 0),
        .own_base = (uint64_t)(uintptr_t)image_start,
        .own_length = (uint64_t)(image_end - image_start),
        .protected_base = platform.ram[0].base,
        .protected_length = platform.ram[0].size,
        .domains = {domains_of(1), domains_of(2), domains_of(3)},
        .abilities = VIEW_ENTRY_STATE | VIEW_REGISTERS | VIEW_TIME | VIEW_HANDOVER |
                     (can_be_big_endian() ? (unsigned)VIEW_BIG_ENDIAN : 0),
    };
    read_ids_0_1();
}

/* ---- Asking ------------------------------------------------------------------------------- */

static uint64_t facts_call_server(uint32_t function, uint64_t a, uint64_t b, uint64_t c)
{
    struct guest_call call = {.function = function, .args = {a, b, c}};
    struct event event;

    watch_call(facts.boot_cpu, &call, &event);
    return event.kind == EVENT_ENTERED ? 0 : event.x0;
}

static void add_state(uint32_t value, unsigned level, bool extended)
{
    bool powerdown = (value & STATE_TYPE(extended)) != 0;

    states[facts.state_count++] = (struct machine_state){
        .value = value, .level = (uint8_t)level, .powerdown = powerdown, .domain_off = powerdown};
}

/* With an interrupt pending, a core leaves a state at once, if the state exists. */
static void guess_state(uint32_t value, bool extended)
{
    watch_interrupt(facts.boot_cpu);
    if ((uint32_t)facts_call_server(FID64(FN_CPU_SUSPEND), value, facts.entry, 0) == 0) {
        add_state(value, 0, extended);
    }
}

/* If the device tree names no states, tries the two that servers usually have: those with
 * StateID 0. */
void facts_ask(void)
{
    int32_t flags = (int32_t)facts_call_server(FID32(FN_FEATURES), FID64(FN_CPU_SUSPEND), 0, 0);
    bool extended = flags > 0 && (flags & SUSPEND_EXTENDED) != 0;

    facts.states = states;
    for (unsigned i = 0; i < platform_idle_count(); i++) {
        add_state(platform_idle(i)->value, platform_idle(i)->level, extended);
    }
    facts.states_guessed = facts.state_count == 0;
    if (facts.states_guessed && platform.psci_present) {
        guess_state(0, extended);
        guess_state(STATE_TYPE(extended), extended);
    }
    hands_convention((uint32_t)facts_call_server(FID_SMCCC_VERSION, 0, 0, 0));
}

/* ---- Saying ------------------------------------------------------------------------------- */

static void add_version(struct text *line, uint64_t version)
{
    text_add_number(line, version >> 16);
    text_add(line, ".");
    text_add_number(line, version & 0xffff);
}

/* It speaks on a console, so there is one. */
static const char *console_name(void)
{
    return platform.uart_kind == PLATFORM_UART_16550 ? "16550" : "PL011";
}

static void say_machine(void)
{
    char buffer[LINE_SIZE];
    struct text line;

    text_start(&line, buffer, sizeof(buffer));
    text_add(&line, SAY_MACHINE "cpus ");
    text_add_number(&line, facts.cpu_count);
    text_add(&line, ", conduit ");
    text_add(&line, platform.psci_smc ? "SMC" : "HVC");
    text_add(&line, ", level EL");
    text_add_number(&line, level_own());
    text_add(&line, ", interrupts ");
    text_add(&line, gic_name());
    text_add(&line, ", console ");
    text_add(&line, console_name());
    text_add(&line, ", image at ");
    text_add_hex(&line, facts.own_base);
    text_add(&line, ", power states ");
    text_add_number(&line, facts.state_count);
    text_add(&line, facts.states_guessed ? " (not in the device tree)" : "");
    link_line(buffer);
}

static void say_server(void)
{
    char buffer[LINE_SIZE];
    struct text line;
    uint32_t smccc = (uint32_t)facts_call_server(FID_SMCCC_VERSION, 0, 0, 0);

    text_start(&line, buffer, sizeof(buffer));
    text_add(&line, SAY_SERVER "PSCI ");
    add_version(&line, (uint32_t)facts_call_server(FID32(FN_VERSION), 0, 0, 0));
    text_add(&line, ", SMCCC ");
    add_version(&line, (int32_t)smccc < 0 ? SMCCC_1_0 : smccc);
    link_line(buffer);
}

void facts_say(void)
{
    say_machine();
    say_server();
}
