/* SPDX-License-Identifier: BSD-2-Clause */
#include "drives.h"

static bool is_waiting(struct vpsci_outcome out, enum vpsci_wait wait)
{
    return out.action == VPSCI_WAIT && out.wait == wait;
}

static bool go_nowhere(struct rig *rig)
{
    return rig->vm != NULL;
}

static bool go_to_cores(struct rig *rig)
{
    bool runs = rig_run(rig, 1) && rig_run(rig, 2) && rig_sleep(rig, 1, RIG_STANDBY);

    rig->time = 1000;
    return runs && rig_sleep(rig, 2, RIG_CLUSTER_DOWN);
}

static bool go_to_pending(struct rig *rig)
{
    return rig_turn_on(rig, 3);
}

static bool go_to_frozen(struct rig *rig)
{
    return rig_run(rig, 1) &&
           is_waiting(rig_call(rig, 1, FN32(CPU_FREEZE), 0, 0, 0), VPSCI_WAIT_FROZEN);
}

static bool go_to_held(struct rig *rig)
{
    return rig_run(rig, 1) && vpsci_mp_state_set(rig_vcpu(rig, 1), VPSCI_MP_SUSPENDED) == 0;
}

static bool go_to_default(struct rig *rig)
{
    const struct vpsci_guest_call call = {.function = FN32(CPU_DEFAULT_SUSPEND),
                                          .args = {0x8001, 0x1234},
                                          .aarch32 = true,
                                          .big_endian = true};
    struct vpsci_outcome out;

    if (!rig_run(rig, 1)) {
        return false;
    }
    vpsci_call(rig_vcpu(rig, 1), &call, &out);
    return is_waiting(out, VPSCI_WAIT_POWERDOWN);
}

static bool go_to_asking(struct rig *rig)
{
    return is_waiting(rig_call(rig, 0, FN64(CPU_ON), rig->mpidrs[3].value, RIG_ENTRY, RIG_CONTEXT),
                      VPSCI_WAIT_ANSWER);
}

static bool go_to_migrating(struct rig *rig)
{
    return is_waiting(rig_call(rig, 0, FN64(MIGRATE), rig->mpidrs[3].value, 0, 0),
                      VPSCI_WAIT_ANSWER);
}

static bool go_to_returning(struct rig *rig)
{
    return go_to_migrating(rig) && vpsci_answer(rig_vcpu(rig, 0), VPSCI_DENIED) == 0;
}

static bool go_to_woken(struct rig *rig)
{
    return go_to_cores(rig) && vpsci_wake(rig_vcpu(rig, 1));
}

static bool go_to_suspending(struct rig *rig)
{
    bool asks = is_waiting(rig_call(rig, 0, FN64(SYSTEM_SUSPEND), RIG_ENTRY, RIG_CONTEXT, 0),
                           VPSCI_WAIT_ANSWER);

    return asks && !vpsci_wake(rig_vcpu(rig, 0));
}

static bool go_to_suspended(struct rig *rig)
{
    bool asks = is_waiting(rig_call(rig, 0, FN64(SYSTEM_SUSPEND), RIG_ENTRY, RIG_CONTEXT, 0),
                           VPSCI_WAIT_ANSWER);

    return asks && vpsci_answer(rig_vcpu(rig, 0), VPSCI_SUCCESS) == 0;
}

static bool go_to_resetting(struct rig *rig)
{
    return rig_run(rig, 1) &&
           is_waiting(rig_call(rig, 1, FN64(SYSTEM_RESET2), 0x80000001, 0x123456789, 0),
                      VPSCI_WAIT_STOPPED);
}

static bool go_to_stopped(struct rig *rig)
{
    return is_waiting(rig_call(rig, 0, FN64(SYSTEM_OFF2), 1, 0, 0), VPSCI_WAIT_STOPPED) &&
           vpsci_answer(rig_vcpu(rig, 0), VPSCI_SUCCESS) == 0;
}

static bool go_to_modes(struct rig *rig)
{
    return rig_result(rig, 0, FN32(SET_SUSPEND_MODE), 1, 0, 0) == VPSCI_SUCCESS &&
           rig_result(rig, 0, FN32(MEM_PROTECT), 1, 0, 0) == 0 && rig_run(rig, 1) &&
           rig_sleep(rig, 1, RIG_CORE_DOWN) && vpsci_version_set(rig->vm, VPSCI_VERSION_1_1) == 0;
}

void drive_describe(struct rig *rig)
{
    rig_describe(rig, DRIVE_CPUS);
    rig->config.trusted_os = VPSCI_TRUSTED_OS_MIGRATABLE;
}

bool drive(struct rig *rig, enum drive where)
{
    static bool (*const ways[DRIVE_COUNT])(struct rig *rig) = {
        [DRIVE_NOWHERE] = go_nowhere,        [DRIVE_CORES] = go_to_cores,
        [DRIVE_PENDING] = go_to_pending,     [DRIVE_FROZEN] = go_to_frozen,
        [DRIVE_HELD] = go_to_held,           [DRIVE_DEFAULT] = go_to_default,
        [DRIVE_ASKING] = go_to_asking,       [DRIVE_MIGRATING] = go_to_migrating,
        [DRIVE_WOKEN] = go_to_woken,         [DRIVE_RETURNING] = go_to_returning,
        [DRIVE_MODES] = go_to_modes,         [DRIVE_SUSPENDING] = go_to_suspending,
        [DRIVE_STOPPED] = go_to_stopped,     [DRIVE_SUSPENDED] = go_to_suspended,
        [DRIVE_RESETTING] = go_to_resetting,
    };

    drive_describe(rig);
    if (where == DRIVE_ASKING) {
        rig->config.options |= VPSCI_OPTION_ASK_CPU_ON;
    }
    return rig_init(rig) == 0 && ways[where](rig);
}
