/* SPDX-License-Identifier: BSD-2-Clause */
#include "power.h"

#include "emulated.h"
#include "events.h"
#include "system.h"

/* A core starts with its CPU interface off. In a CPU_SUSPEND its timers have gone on. */
static bool power_enter(struct vcpu *vcpu, const struct vpsci_outcome *out)
{
    vgic_reset_vcpu(vcpu);
    system_protect(vcpu);
    if (out->ended != VPSCI_WAIT_POWERDOWN) {
        arch_stop_timers();
    }
    arch_reset_vcpu(&vcpu->frame, out->entry.address.value, out->entry.context,
                    out->entry.big_endian);
    return true;
}

static bool power_apply(struct vcpu *vcpu, const struct vpsci_outcome *out)
{
    if (out->start != NULL) {
        arch_kick(vcpu->vm->vcpus[vpsci_vcpu_index(out->start)].core);
    }
    switch (out->action) {
    case VPSCI_RUN:
        return true;
    case VPSCI_RETURN:
    case VPSCI_FOREIGN:
        vcpu->frame.x[0] = out->x0;
        return true;
    case VPSCI_ENTER:
        return power_enter(vcpu, out);
    default:
        return false;
    }
}

/* While a vCPU is parked, other cores may act as its owner. */
static void power_set_parked(struct vcpu *vcpu, bool is_parked)
{
    arch_lock(&vcpu->vm->lock);
    vcpu->system.is_parked = is_parked;
    arch_unlock(&vcpu->vm->lock);
}

/* What became pending after vgic_take(), a kick too, is pending at the GIC, and ends arch_wait() at
 * once. */
static void power_sleep(struct vcpu *vcpu, enum vpsci_wait wait)
{
    power_set_parked(vcpu, true);
    switch (wait) {
    case VPSCI_WAIT_OFF:
    case VPSCI_WAIT_FROZEN:
        arch_sleep(ARCH_SLEEP_OFF);
        break;
    case VPSCI_WAIT_POWERDOWN:
        arch_sleep(ARCH_SLEEP_CORE);
        break;
    case VPSCI_WAIT_SUSPENDED:
        arch_sleep(ARCH_SLEEP_SYSTEM);
        break;
    default:
        arch_wait();
        break;
    }
    power_set_parked(vcpu, false);
}

static void power_wake(struct vcpu *vcpu, enum vpsci_wait wait)
{
    bool is_news = wait == VPSCI_WAIT_SUSPENDED || wait == VPSCI_WAIT_HELD;

    if (vpsci_wake(vcpu->psci) && is_news && !vcpu->vm->is_control) {
        events_post(vcpu, EVENTS_WAKE);
    }
}

/* Apart from power_apply_call(), so that other calls keep no registers for it. */
static __attribute__((noinline)) bool power_end_standby(struct vcpu *vcpu,
                                                        struct vpsci_outcome *out)
{
    if (out->wait != VPSCI_WAIT_STANDBY || !vgic_is_pending(vcpu)) {
        return false;
    }
    vpsci_wake(vcpu->psci);
    vpsci_next(vcpu->psci, out);
    return power_apply(vcpu, out);
}

bool power_apply_call(struct vcpu *vcpu, struct vpsci_outcome *out)
{
    return power_apply(vcpu, out) || power_end_standby(vcpu, out);
}

/* A wait that an interrupt ends is over at once if one is pending. */
static void power_next(struct vcpu *vcpu, struct vpsci_outcome *out)
{
    vpsci_next(vcpu->psci, out);
    if (out->action == VPSCI_WAIT && vpsci_outcome_mp_state(out) == VPSCI_MP_SUSPENDED &&
        vgic_is_pending(vcpu)) {
        power_wake(vcpu, out->wait);
        vpsci_next(vcpu->psci, out);
    }
}

/* Kicks end in vgic_take(), and so does hyp's timer: the library and the alarms are looked at after
 * it. */
bool power_step(struct vcpu *vcpu)
{
    struct vpsci_outcome out;

    vgic_take(vcpu);
    emulated_poll(vcpu);
    if (!vcpu->system.is_up && !system_advance(vcpu)) {
        power_sleep(vcpu, system_is_down(vcpu->vm) ? VPSCI_WAIT_OFF : VPSCI_WAIT_STOPPED);
        return false;
    }
    power_next(vcpu, &out);
    if (power_apply(vcpu, &out)) {
        return true;
    }
    if (out.wait != VPSCI_WAIT_STOPPED || !system_take_down(vcpu)) {
        power_sleep(vcpu, out.wait);
    }
    return false;
}
