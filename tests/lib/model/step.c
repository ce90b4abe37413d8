/* SPDX-License-Identifier: BSD-2-Clause */
#include "step.h"

#include <inttypes.h>

#define BIT(n) (UINT64_C(1) << (n))

/* A name that exists, or nearly so. */
static uint64_t choose_target(struct choices *c, const struct model *m)
{
    uint64_t target = m->config->mpidrs[choose(c, (uint32_t)m->count)].value;
    uint32_t kind = choose(c, 32);

    if (kind < 24) {
        return target;
    }
    if (kind < 28) {
        return target ^ BIT(choose(c, 64));
    }
    return kind < 30 ? target | BIT(24 + choose(c, 8)) : target ^ (choose_bits(c) & 0xffff);
}

static uint64_t choose_address(struct choices *c, const struct world *w)
{
    uint64_t address = UINT64_C(0x40080000) + (uint64_t)choose(c, 4) * UINT64_C(0x1000);
    uint32_t kind = choose(c, 32);

    if (kind < 24) {
        return address;
    }
    if (kind < 27) {
        return address + choose(c, 8);
    }
    if (kind < 29) {
        return address | w->host.bad_address;
    }
    return kind < 31 ? choose_bits(c) : choose_bits(c) & ~UINT64_C(3);
}

static uint64_t choose_power_state(struct choices *c, const struct model *m)
{
    uint32_t value = m->states[choose(c, (uint32_t)m->state_count)].value;

    if (one_in(c, 12)) {
        value ^= (uint32_t)BIT(choose(c, 32));
    }
    /* The upper half of a uint32 argument plays no part. */
    return one_in(c, 8) ? value | BIT(32 + choose(c, 32)) : value;
}

/* A small number, of which the upper half is sometimes garbage. */
static uint64_t choose_small(struct choices *c, uint32_t below)
{
    uint64_t value = choose(c, below);

    return one_in(c, 8) ? value | BIT(31 + choose(c, 33)) : value;
}

static uint64_t choose_reset_type(struct choices *c)
{
    uint64_t type = choose_small(c, 3);

    return one_in(c, 3) ? type | BIT(31) : type;
}

static uint64_t choose_id(struct choices *c)
{
    uint64_t id = VPSCI_FID_32 + choose(c, 0x22);
    uint32_t kind = choose(c, 16);

    if (one_in(c, 2)) {
        id |= BIT(30);
    }
    if (kind == 15) {
        id ^= BIT(choose(c, 40));
    } else if (kind == 14) {
        id = VPSCI_FID_SMCCC_VERSION + choose(c, 3);
    }
    return id;
}

static void choose_range(struct vpsci_guest_call *call, struct choices *c, const struct world *w)
{
    static const uint64_t lengths[] = {0, 1, 0x1000, UINT64_C(0x100000000), UINT64_MAX};
    static const uint64_t bases[] = {0, 0x1000, UINT32_MAX, UINT64_MAX, 0xfffff000};

    call->args[0] = bases[choose(c, 5)] ^ (one_in(c, 3) ? w->host.bad_base : 0);
    call->args[1] = one_in(c, 3) ? 0 - call->args[0] : lengths[choose(c, 5)];
    call->args[1] += choose(c, 3) - UINT64_C(1);
}

static void choose_args(struct vpsci_guest_call *call, struct choices *c, const struct model *m,
                        const struct world *w, enum vpsci_function function)
{
    switch (function) {
    case VPSCI_FN_CPU_SUSPEND:
        call->args[0] = choose_power_state(c, m);
        call->args[1] = choose_address(c, w);
        break;
    case VPSCI_FN_CPU_ON:
        call->args[0] = choose_target(c, m);
        call->args[1] = choose_address(c, w);
        break;
    case VPSCI_FN_AFFINITY_INFO:
    case VPSCI_FN_NODE_HW_STATE:
        call->args[0] = choose_target(c, m);
        call->args[1] = choose_small(c, 5);
        break;
    case VPSCI_FN_MIGRATE:
        call->args[0] = choose_target(c, m);
        break;
    case VPSCI_FN_STAT_RESIDENCY:
    case VPSCI_FN_STAT_COUNT:
        call->args[0] = choose_target(c, m);
        call->args[1] = choose_power_state(c, m);
        break;
    case VPSCI_FN_FEATURES:
        call->args[0] = choose_id(c);
        break;
    case VPSCI_FN_CPU_DEFAULT_SUSPEND:
    case VPSCI_FN_SYSTEM_SUSPEND:
        call->args[0] = choose_address(c, w);
        break;
    case VPSCI_FN_SYSTEM_RESET2:
        call->args[0] = choose_reset_type(c);
        break;
    case VPSCI_FN_SYSTEM_OFF2:
        call->args[0] = choose_small(c, 3);
        call->args[1] = one_in(c, 4) ? choose_bits(c) : 0;
        break;
    case VPSCI_FN_MEM_PROTECT_CHECK_RANGE:
        choose_range(call, c, w);
        break;
    default:
        call->args[0] = choose_small(c, 3);
        break;
    }
}

static enum vpsci_function choose_function(struct choices *c, const struct model *m)
{
    /* As often as they lead somewhere; the calls that stop a system are rare. */
    static const uint8_t functions[64] = {
        0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x02,
        0x02, 0x02, 0x02, 0x02, 0x03, 0x03, 0x03, 0x03, 0x03, 0x03, 0x03, 0x03, 0x03,
        0x03, 0x03, 0x04, 0x04, 0x04, 0x04, 0x0d, 0x0d, 0x0d, 0x0d, 0x0d, 0x10, 0x10,
        0x10, 0x11, 0x11, 0x11, 0x0c, 0x0c, 0x0c, 0x0b, 0x0e, 0x0e, 0x0e, 0x05, 0x05,
        0x07, 0x06, 0x0f, 0x0f, 0x13, 0x14, 0x14, 0x0a, 0x0a, 0x0a, 0x00, 0xff};
    static const uint8_t systems[6] = {0x08, 0x09, 0x12, 0x15, 0x12, 0x16};
    uint8_t number = functions[choose(c, 64)];

    if (m->os_initiated && one_in(c, 3)) {
        return VPSCI_FN_CPU_SUSPEND;
    }
    if ((m->config->capabilities & VPSCI_CAP_OS_INITIATED) != 0 && !m->cpu_suspend_called &&
        one_in(c, 3)) {
        return VPSCI_FN_SET_SUSPEND_MODE;
    }
    if (number == 0xff) {
        number = one_in(c, 2) ? systems[choose(c, 6)] : (uint8_t)choose(c, 0x20);
    }
    return (enum vpsci_function)number;
}

static uint64_t choose_function_id(struct choices *c, const struct model *m,
                                   enum vpsci_function function, bool aarch32)
{
    uint64_t id = VPSCI_FID_32 + (uint64_t)function;
    uint32_t kind = choose(c, 64);

    if (one_in(c, aarch32 ? 16 : 2)) {
        id |= BIT(30);
    }
    if (kind >= 60) {
        id ^= BIT(choose(c, 64));
    } else if (kind == 59) {
        id |= BIT(16);
    } else if (kind == 58) {
        id = VPSCI_FID_SMCCC_VERSION + choose(c, 3);
    } else if (kind == 57) {
        id = m->config->ids_0_1[choose(c, 4)];
    } else if (kind == 56) {
        id = choose_bits(c);
    }
    return kind >= 40 && kind < 48 ? id | choose_bits(c) << 32 : id;
}

/* The four functions of version 0.1, under the IDs that this VM gives them. */
static void choose_call_0_1(struct vpsci_guest_call *call, struct choices *c, const struct model *m,
                            const struct world *w)
{
    static const enum vpsci_function functions[4] = {VPSCI_FN_CPU_SUSPEND, VPSCI_FN_CPU_OFF,
                                                     VPSCI_FN_CPU_ON, VPSCI_FN_MIGRATE};
    const uint32_t *ids = m->config->ids_0_1;
    uint32_t n = choose(c, 4);

    call->function = ids[0] + ids[1] == 0 ? (uint64_t)MODEL_ID_KVM + n : ids[n];
    if (one_in(c, 16)) {
        call->function ^= BIT(choose(c, 64));
    }
    choose_args(call, c, m, w, functions[n]);
}

static void choose_call(struct vpsci_guest_call *call, struct choices *c, const struct model *m,
                        const struct world *w)
{
    enum vpsci_function function = choose_function(c, m);

    call->aarch32 = one_in(c, 16) ? !w->aarch32 : w->aarch32;
    call->big_endian = one_in(c, 4);
    call->args[0] = 0;
    call->args[1] = choose(c, 4);
    call->args[2] = choose_bits(c);
    if (m->version == VPSCI_VERSION_0_1 && !one_in(c, 4)) {
        choose_call_0_1(call, c, m, w);
        return;
    }
    call->function = choose_function_id(c, m, function, call->aarch32);
    choose_args(call, c, m, w, function);
}

/* A vCPU that can make calls, if one is soon found. */
static uint8_t choose_runner(struct choices *c, const struct model *m)
{
    uint32_t i = choose(c, (uint32_t)m->count);

    for (int tries = 0; tries < 3 && !model_runs(m, (int)i); tries++) {
        i = choose(c, (uint32_t)m->count);
    }
    return (uint8_t)i;
}

static uint8_t choose_asker(struct choices *c, const struct model *m)
{
    uint32_t i = choose(c, (uint32_t)m->count);

    for (int tries = 0; tries < m->count && !m->vcpus[i].request.pending; tries++) {
        i = (i + 1) % (uint32_t)m->count;
    }
    return (uint8_t)i;
}

static int64_t choose_result(struct choices *c, const struct model *m)
{
    uint32_t kind = choose(c, 16);

    if (kind == 15) {
        return (int64_t)choose(c, 16) - 14;
    }
    /* A system that stops for good is dull. */
    return kind < (m->system == VPSCI_SYSTEM_STOPPING ? 2 : 10) ? VPSCI_SUCCESS
                                                                : -1 - (int64_t)choose(c, 9);
}

static int64_t choose_mp_state(struct choices *c)
{
    static const int64_t states[] = {VPSCI_MP_RUNNABLE, VPSCI_MP_STOPPED, VPSCI_MP_SUSPENDED};

    return one_in(c, 32) ? choose(c, 12) : states[choose(c, 3)];
}

static int64_t choose_version(struct choices *c)
{
    static const int64_t versions[] = {VPSCI_VERSION_0_1,
                                       VPSCI_VERSION_0_2,
                                       VPSCI_VERSION_1_0,
                                       VPSCI_VERSION_1_1,
                                       VPSCI_VERSION_1_2,
                                       VPSCI_VERSION_1_3,
                                       VPSCI_VERSION_1_3,
                                       0,
                                       3,
                                       0x10004};

    return versions[choose(c, 10)];
}

static void choose_rarity(struct step *step, struct choices *c)
{
    uint32_t kind = choose(c, 16);

    if (kind < 4) {
        step->kind = STEP_RESTORE;
        step->value = choose(c, 2);
    } else if (kind < 6) {
        step->kind = STEP_DAMAGE;
        step->value = (int64_t)(choose_bits(c) >> 8);
    } else if (kind < 8) {
        step->kind = STEP_VERSION;
        step->value = choose_version(c);
    } else if (kind < 12) {
        step->kind = STEP_RESET;
    } else {
        step->kind = STEP_LOOK;
    }
}

static void choose_kind(struct step *step, struct choices *c, const struct model *m)
{
    uint32_t kind = choose(c, 64);

    step->vcpu = (uint8_t)choose(c, (uint32_t)m->count);
    if (kind < 32) {
        step->kind = STEP_CALL;
        step->vcpu = choose_runner(c, m);
    } else if (kind < 49) {
        step->kind = STEP_NEXT;
    } else if (kind < 56) {
        step->kind = STEP_WAKE;
    } else if (kind < 61) {
        step->kind = STEP_ANSWER;
        step->vcpu = choose_asker(c, m);
        step->value = choose_result(c, m);
    } else if (kind < 63 || !one_in(c, 8)) {
        step->kind = STEP_MP_STATE;
        step->value = choose_mp_state(c);
    } else {
        choose_rarity(step, c);
    }
}

void step_choose(struct step *step, struct choices *c, const struct model *m, const struct world *w)
{
    *step = (struct step){.kind = STEP_RESET};
    step->ticks = choose(c, 4) * 100;
    if (m->system == VPSCI_SYSTEM_STOPPED && one_in(c, 8)) {
        return;
    }
    choose_kind(step, c, m);
    if (step->kind == STEP_CALL) {
        choose_call(&step->call, c, m, w);
    }
}

static const char *name_of(uint32_t number)
{
    const char *name = vpsci_function_name(VPSCI_FID_32 | number);

    return name ? name : "?";
}

static void print_call(const struct vpsci_guest_call *call, FILE *to)
{
    uint32_t id = (uint32_t)call->function;

    (void)fprintf(to, "calls 0x%" PRIx64, call->function);
    if ((id & ~UINT32_C(0x4001001f)) == VPSCI_FID_32) {
        (void)fprintf(to, " %s/%d", name_of(id & 0x1f), (id & BIT(30)) != 0 ? 64 : 32);
    }
    (void)fprintf(to, "(0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64 ")%s%s", call->args[0],
                  call->args[1], call->args[2], call->aarch32 ? " AArch32" : "",
                  call->big_endian ? " big-endian" : "");
}

void step_print(const struct step *step, FILE *to)
{
    static const char *const words[] = {[STEP_NEXT] = "vpsci_next",
                                        [STEP_WAKE] = "vpsci_wake",
                                        [STEP_ANSWER] = "vpsci_answer",
                                        [STEP_MP_STATE] = "vpsci_mp_state_set",
                                        [STEP_VERSION] = "set version",
                                        [STEP_RESET] = "vpsci_reset",
                                        [STEP_LOOK] = "look",
                                        [STEP_RESTORE] = "save and restore",
                                        [STEP_DAMAGE] = "restore a damaged record"};

    (void)fprintf(to, "+%" PRIu32 " us, vCPU %d: ", step->ticks, step->vcpu);
    if (step->kind == STEP_CALL) {
        print_call(&step->call, to);
    } else {
        (void)fprintf(to, "%s", words[step->kind]);
    }
    if (step->kind >= STEP_ANSWER && step->kind <= STEP_VERSION) {
        (void)fprintf(to, " 0x%" PRIx64 " (%" PRId64 ")", (uint64_t)step->value, step->value);
    }
}

void step_print_outcome(const struct vpsci_outcome *out, FILE *to)
{
    const char *action = vpsci_action_name(out->action);
    const char *wait = vpsci_wait_name(out->wait);

    (void)fprintf(to, "%s", action != NULL ? action : "?");
    if (out->action == VPSCI_WAIT) {
        (void)fprintf(to, " (%s)", wait != NULL ? wait : "?");
    }
    if (out->action == VPSCI_RETURN) {
        (void)fprintf(to, " %" PRId64, (int64_t)out->x0);
    }
    if (out->action == VPSCI_ENTER) {
        (void)fprintf(to, " 0x%" PRIx64, out->entry.address.value);
    }
}
