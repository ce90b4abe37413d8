/* SPDX-License-Identifier: BSD-2-Clause */
/* What the embedder calls: vpsci_next(), vpsci_wake(), vpsci_answer(), vpsci_mp_state_set(),
 * vpsci_pending_request(), vpsci_reset() and vpsci_save(). */
#include "proof.h"

static bool is_stopping(void)
{
    return vpsci_system_state(&old.vm) != VPSCI_SYSTEM_RUNNING;
}

static struct vpsci_vcpu *any_vcpu(void)
{
    caller = nondet_u32();
    assume(caller < VCPUS);
    return &vcpus(caller);
}

/* What is handed out is handed out once, and only to a vCPU that then runs. */
static void check_handed_out(void)
{
    check(!is_stopping(), "nothing is handed out while the system stops");
    check(state_of(caller) == VPSCI_STATE_ON, "the vCPU runs");
    if (out.action == VPSCI_ENTER) {
        check(out.entry.address.value == vpsci__load(&old.vcpus[caller].entry), "entry: address");
        check(out.entry.context == vpsci__load(&old.vcpus[caller].context), "entry: context");
        check(out.ended == VPSCI_WAIT_OFF || out.ended == VPSCI_WAIT_POWERDOWN ||
                  out.ended == VPSCI_WAIT_SUSPENDED,
              "entry: what has ended");
    } else {
        check((int64_t)out.x0 <= 0 && (int64_t)out.x0 >= VPSCI_INVALID_ADDRESS, "result");
    }
    check_vm_same(0);
    check_others_same(caller, NOBODY);
    vpsci_next(&vcpus(caller), &out);
    check(out.action == VPSCI_RUN, "the next time it just runs");
    check_state();
}

void prove_next(void)
{
    struct vpsci_vcpu *vcpu;

    any_world();
    vcpu = any_vcpu();
    vpsci_next(vcpu, &out);
    reach(out.action == VPSCI_ENTER && out.ended == VPSCI_WAIT_SUSPENDED, "the end of a sleep");
    reach(out.action == VPSCI_RETURN && out.ended == VPSCI_WAIT_ANSWER, "an answer");
    check(out.action != VPSCI_FOREIGN, "action");
    check(out.action != VPSCI_RUN || old.states[caller] == VPSCI_STATE_ON, "only one that is on");
    check(!is_stopping() || (out.action == VPSCI_WAIT && out.wait == VPSCI_WAIT_STOPPED),
          "all stop with the system");
    if (out.action == VPSCI_ENTER || out.action == VPSCI_RETURN) {
        check_handed_out();
    } else {
        check_same();
    }
}

void prove_wake(void)
{
    enum vpsci_state before;
    bool woken;

    any_world();
    woken = vpsci_wake(any_vcpu());
    before = old.states[caller];
    reach(woken && before == VPSCI_STATE_HELD, "one that the host held");
    check(woken == (before == VPSCI_STATE_STANDBY || before == VPSCI_STATE_POWERDOWN ||
                    before == VPSCI_STATE_SUSPENDED || before == VPSCI_STATE_HELD),
          "it is true for those that wait for it");
    check(!woken || state_of(caller) == VPSCI_STATE_ON, "they are on");
    check(woken || state_of(caller) == before, "all others stay as they are");
    check_vm_same(0);
    check_others_same(caller, NOBODY);
    check_state();
}

/* The vCPU that may change besides the caller: the target of its CPU_ON. */
static uint32_t target_of(const struct vpsci_request *request)
{
    return request->function == VPSCI_FN_CPU_ON ? request->target->index : (uint32_t)NOBODY;
}

static void check_answered(const struct vpsci_request *request, bool honoured)
{
    uint32_t target = NOBODY;

    switch (request->function) {
    case VPSCI_FN_CPU_ON:
        target = target_of(request);
        check(state_of(target) <= VPSCI_STATE_FROZEN || honoured, "a refused target is off");
        check(state_of(target) == VPSCI_STATE_ON_PENDING || !honoured, "an admitted one starts");
        break;
    case VPSCI_FN_MIGRATE:
        check(!honoured || vpsci__load(&vm.resident) == request->target->index, "it has moved");
        break;
    case VPSCI_FN_SYSTEM_SUSPEND:
        check(!honoured || state_of(caller) == VPSCI_STATE_SUSPENDED ||
                  state_of(caller) == VPSCI_STATE_ON,
              "the caller sleeps, unless it was woken");
        break;
    default:
        check(vpsci_system_state(&vm) == (honoured ? VPSCI_SYSTEM_STOPPED : VPSCI_SYSTEM_RUNNING),
              "the system has stopped, or continues");
        check(!honoured || request->function != VPSCI_FN_SYSTEM_RESET2 || !vpsci_mem_protect(&vm),
              "SYSTEM_RESET2 turns MEM_PROTECT off");
    }
    check_vm_same(CENSUS | SYSTEM | PROTECT | RESIDENT);
    check_others_same(caller, target);
}

void prove_answer(void)
{
    struct vpsci_request request;
    struct vpsci_request none;
    struct vpsci_vcpu *vcpu;
    int answer = (int)nondet_u32();
    int result;

    any_world();
    vcpu = any_vcpu();
    (void)vpsci_pending_request(vcpu, &request);
    result = vpsci_answer(vcpu, (enum vpsci_result)answer);
    if (answer > VPSCI_SUCCESS || answer < VPSCI_INVALID_ADDRESS) {
        check(result == VPSCI_E_ARGUMENT, "no such answer");
        check_same();
        return;
    }
    check(result == (request.pending ? 0 : VPSCI_E_STATE), "what is pending can be answered");
    if (result) {
        check_same();
        return;
    }
    reach(request.function == VPSCI_FN_CPU_ON && answer == VPSCI_DENIED, "a refused CPU_ON");
    reach(request.function == VPSCI_FN_SYSTEM_RESET2 && !answer, "a reset");
    check_answered(&request, answer == VPSCI_SUCCESS);
    check(!vpsci_pending_request(vcpu, &none), "once");
    check_state();
}

/* What the host set is what it gets, or nothing has changed. */
void prove_mp_state_set(void)
{
    struct vpsci_vcpu *vcpu;
    uint32_t wanted = nondet_u32();
    int result;

    any_world();
    vcpu = any_vcpu();
    result = vpsci_mp_state_set(vcpu, (enum vpsci_mp_state)wanted);
    check(result == 0 || result == VPSCI_E_ARGUMENT || result == VPSCI_E_BUSY ||
              result == VPSCI_E_STATE,
          "result");
    check(!is_stopping() || result, "nothing is set while the system stops");
    check(result != VPSCI_E_STATE || wanted == VPSCI_MP_SUSPENDED, "result: only to hold");
    if (result) {
        check_same();
        return;
    }
    reach(wanted == VPSCI_MP_STOPPED && old.states[caller] == VPSCI_STATE_ON_PENDING, "revoked");
    reach(wanted == VPSCI_MP_SUSPENDED && old.states[caller] == VPSCI_STATE_OFF, "held from off");
    reach(wanted == VPSCI_MP_RUNNABLE && old.states[caller] == VPSCI_STATE_SUSPENDED, "woken");
    check(vpsci_mp_state_get(vcpu) == (enum vpsci_mp_state)wanted, "it is as set");
    check_vm_same(CENSUS | SYSTEM);
    check(((vpsci__load(&vm.system) ^ vpsci__load(&old.vm.system)) & (VPSCI__STARTED - 1)) == 0,
          "frame: the system's word, but for its count of starts");
    check_others_same(caller, NOBODY);
    check_state();
}

/* After a reset the boot vCPU alone is on, and nothing waits. */
void prove_reset(void)
{
    struct vpsci_request request;

    any_world();
    vpsci_reset(&vm);
    reach(vm.config.boot_vcpu == VCPUS - 1, "the last core boots");
    for (uint32_t i = 0; i < VCPUS; i++) {
        check(state_of(i) == (i == vm.config.boot_vcpu ? VPSCI_STATE_ON : VPSCI_STATE_OFF),
              "the boot vCPU is on");
        check(!vpsci_pending_request(&vcpus(i), &request), "no request");
    }
    check(vpsci_system_state(&vm) == VPSCI_SYSTEM_RUNNING, "the system runs");
    check(vpsci_on_count(&vm) == 1, "one is on");
    check_vm_same(CENSUS | SYSTEM | RESIDENT);
    check_state();
}

/* A save changes nothing; what is restored from it is the same state. */
void prove_save(void)
{
    any_world();
    check_state();
    reach(old.states[0] == VPSCI_STATE_STARTING, "a CPU_ON is undecided");
    reach(vpsci_system_state(&old.vm) == VPSCI_SYSTEM_STOPPING, "the system stops");
    for (uint32_t i = 0; i < VCPUS; i++) {
        check(state_of(i) == old.states[i], "the states come back");
        check(vpsci__load(&vcpus(i).entry) == vpsci__load(&old.vcpus[i].entry), "so do entries");
        check(vpsci__load(&vcpus(i).form) == vpsci__load(&old.vcpus[i].form), "and their forms");
    }
    check(vpsci__load(&vm.system) == vpsci__load(&old.vm.system), "and the system's word");
    check_vm_same(VERSION);
}
