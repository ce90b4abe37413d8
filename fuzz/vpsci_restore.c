/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a saved record. Either it is refused, and nothing has changed; or the VM is one that
 * could have come about: what it saves is accepted again, every vCPU has something sane to do, and
 * whatever is done next leaves it sound. The first byte chooses the VM, the second one whether the
 * record gets a right checksum first. By hand:
 *
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -Ilib -Itests/model
 *       -o build/fuzz-vpsci_restore fuzz/vpsci_restore.c lib/[a-z]*.c
 *       tests/lib/model/{call,call_cpu,call_system,lockstep,model,power,sound,step,world}.c
 *   build/fuzz-vpsci_restore -max_len=1024 fuzz/corpus/vpsci_restore
 */
#include <stdlib.h>
#include <string.h>

#include "lockstep.h"
#include "replay.h"

enum { VMS = 8, HEADER = 2, STEPS = 48, SEED_STEPS = 60, CHECKSUM_AT = 16 };

/*
 * From lib/record.h, which users of the library do not need otherwise: the checksum of a record,
 * taken with its own four bytes as zero.
 */
uint32_t vpsci__checksum(const uint8_t *record, size_t size);

static struct lockstep lockstep;
static struct world world;

static void check(bool right)
{
    if (!right) {
        abort();
    }
}

/* Creates one of a few fixed VMs. */
static void make_vm(uint8_t which)
{
    static const uint8_t vcpus[VMS] = {1, 2, 2, 2, 3, 3, 3, 4};
    struct choices c = choices_of_seed(which % VMS);

    world_make(&world, &c, vcpus[which % VMS]);
    check(lockstep_begin(&lockstep, &world));
}

static void drop_vm(void)
{
    lockstep_end(&lockstep);
    world_drop(&world);
}

static void save(uint8_t *record)
{
    ptrdiff_t size = vpsci_save(lockstep.vm, record, lockstep.record_size);

    check(size == (ptrdiff_t)lockstep.record_size);
}

static bool is_off(const struct vpsci_vcpu *vcpu)
{
    enum vpsci_state state = vpsci_vcpu_state(vcpu);

    check(state <= VPSCI_STATE_ASKING);
    return state == VPSCI_STATE_OFF || state == VPSCI_STATE_FROZEN;
}

static bool is_system(const struct vpsci_request *request)
{
    return request->function != VPSCI_FN_CPU_ON && request->function != VPSCI_FN_MIGRATE &&
           request->function != VPSCI_FN_SYSTEM_SUSPEND;
}

/* Whether a vCPU asks to stop the system; the request of any vCPU must fit its state. */
static bool check_request(struct vpsci_vcpu *vcpu)
{
    enum vpsci_state state = vpsci_vcpu_state(vcpu);
    struct vpsci_request request;
    bool pending = vpsci_pending_request(vcpu, &request);

    check(pending == request.pending);
    if (!pending) {
        check(state != VPSCI_STATE_ASKING && state != VPSCI_STATE_SUSPEND_REQUESTED);
        return false;
    }
    check(request.vcpu == vcpu);
    if (is_system(&request)) {
        check(state == VPSCI_STATE_ON && request.target == NULL);
        return true;
    }
    if (request.function == VPSCI_FN_SYSTEM_SUSPEND) {
        check(state == VPSCI_STATE_SUSPEND_REQUESTED);
        return false;
    }
    check(state == VPSCI_STATE_ASKING && request.target != NULL);
    if (request.function == VPSCI_FN_CPU_ON) {
        check(vpsci_vcpu_state(request.target) == VPSCI_STATE_STARTING);
    }
    return false;
}

static void check_vm(void)
{
    uint32_t asking = 0;
    uint32_t starting = 0;
    uint32_t system = 0;
    uint32_t on = 0;

    for (int i = 0; i < lockstep.model.count; i++) {
        struct vpsci_vcpu *vcpu = lockstep.vcpus[i];
        struct vpsci_request request;
        on += is_off(vcpu) ? 0 : 1;
        system += check_request(vcpu) ? 1 : 0;
        starting += vpsci_vcpu_state(vcpu) == VPSCI_STATE_STARTING ? 1 : 0;
        asking +=
            vpsci_pending_request(vcpu, &request) && request.function == VPSCI_FN_CPU_ON ? 1 : 0;
    }
    check(on == vpsci_on_count(lockstep.vm));
    check(asking == starting);
    check(system == (vpsci_system_state(lockstep.vm) == VPSCI_SYSTEM_STOPPING ? 1 : 0));
}

static void check_outcome(const struct vpsci_vcpu *vcpu, const struct vpsci_outcome *out,
                          bool of_call)
{
    check(out->action <= VPSCI_FOREIGN && out->wait <= VPSCI_WAIT_STOPPED);
    check((out->action == VPSCI_WAIT) == (out->wait != VPSCI_WAIT_NOT));
    check(of_call || out->action != VPSCI_FOREIGN);
    check(of_call || out->start == NULL);
    if (out->action == VPSCI_ENTER) {
        check((out->entry.address.value & 1) == 0);
    }
    if (out->action != VPSCI_WAIT) {
        check(of_call || vpsci_vcpu_state(vcpu) == VPSCI_STATE_ON);
        check(!out->request.pending);
    }
}

/* While a core runs, every domain above it is up. */
static void check_own_domains(int i)
{
    struct vpsci_guest_call call = {.function = VPSCI_FID_64 + VPSCI_FN_NODE_HW_STATE};
    struct vpsci_outcome out;

    call.args[0] = vpsci_vcpu_mpidr(lockstep.vcpus[i]).value;
    for (call.args[1] = 0; call.args[1] <= VPSCI_LEVEL_MAX; call.args[1]++) {
        vpsci_call(lockstep.vcpus[i], &call, &out);
        check(out.action == VPSCI_RETURN);
        check(out.x0 == 0 || (int64_t)out.x0 == VPSCI_NOT_SUPPORTED ||
              ((int64_t)out.x0 == VPSCI_INVALID_PARAMETERS &&
               call.args[1] > (uint64_t)lockstep.model.highest));
    }
}

static void do_next(int i)
{
    struct vpsci_outcome out;

    vpsci_next(lockstep.vcpus[i], &out);
    check_outcome(lockstep.vcpus[i], &out, false);
    if (out.action != VPSCI_WAIT) {
        vpsci_next(lockstep.vcpus[i], &out);
        check(out.action == VPSCI_RUN);
        check_own_domains(i);
    }
}

/* The model only suggests interesting steps; it does not know what was restored. */
static void do_random_step(struct choices *c)
{
    struct vpsci_outcome out;
    struct step step;
    struct vpsci_vcpu *vcpu;

    step_choose(&step, c, &lockstep.model, &world);
    vcpu = lockstep.vcpus[step.vcpu];
    world.host.now += step.ticks;
    switch (step.kind) {
    case STEP_CALL:
        vpsci_call(vcpu, &step.call, &out);
        check_outcome(vcpu, &out, true);
        break;
    case STEP_WAKE:
        (void)vpsci_wake(vcpu);
        break;
    case STEP_ANSWER:
        (void)vpsci_answer(vcpu, (enum vpsci_result)step.value);
        break;
    case STEP_MP_STATE:
        (void)vpsci_mp_state_set(vcpu, (enum vpsci_mp_state)step.value);
        break;
    default:
        do_next(step.vcpu);
        break;
    }
}

/* A restored VM can be saved, and its record can be restored again; both records are the same. */
static void check_save(void)
{
    uint8_t *again = lockstep.record + lockstep.record_size;

    save(lockstep.record);
    check(vpsci_restore(lockstep.vm, lockstep.record, lockstep.record_size) == 0);
    save(again);
    check(memcmp(lockstep.record, again, lockstep.record_size) == 0);
}

/* A reset keeps only two things of the restored state, so from here on the model knows all. */
static void check_after_reset(struct choices *c)
{
    vpsci_reset(lockstep.vm);
    lockstep.model.version = vpsci_version(lockstep.vm);
    lockstep.model.mem_protect = vpsci_mem_protect(lockstep.vm);
    model_reset(&lockstep.model);
    check(lockstep_look(&lockstep) && lockstep_look_as_guest(&lockstep));
    for (int n = 0; n < STEPS; n++) {
        struct step step;
        step_choose(&step, c, &lockstep.model, &world);
        check(lockstep_step(&lockstep, &step));
    }
}

static void use(struct choices *c)
{
    check_vm();
    check_save();
    for (int i = 0; i < lockstep.model.count; i++) {
        do_next(i);
        check_vm();
    }
    for (int n = 0; n < STEPS; n++) {
        do_random_step(c);
        check_vm();
    }
    check_save();
    check_after_reset(c);
}

/* Gives the record the right checksum, which the fuzzer cannot be expected to find. */
static void seal(uint8_t *record, size_t size)
{
    uint32_t checksum;

    if (size < CHECKSUM_AT + sizeof(checksum)) {
        return;
    }
    checksum = vpsci__checksum(record, size);
    for (size_t n = 0; n < sizeof(checksum); n++) {
        record[CHECKSUM_AT + n] = (uint8_t)(checksum >> (8 * n));
    }
}

static void refused(int error)
{
    check(error <= VPSCI_E_TRUNCATED && error >= VPSCI_E_IMPOSSIBLE);
    check(lockstep_look(&lockstep) && lockstep_look_as_guest(&lockstep));
}

static int restore(const uint8_t *bytes, size_t size, bool sealed)
{
    /* A copy of exactly that size, so that a sanitizer sees a read beyond it. */
    uint8_t *record = malloc(size > 0 ? size : 1);
    int error;

    check(record != NULL);
    memcpy(record, bytes, size);
    if (sealed) {
        seal(record, size);
    }
    error = vpsci_restore(lockstep.vm, record, size);
    free(record);
    return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct choices c;
    int error;

    if (size < HEADER) {
        return 0;
    }
    make_vm(bytes[0]);
    c = choices_of_seed((uint64_t)bytes[0] << 8 | bytes[1]);
    error = restore(bytes + HEADER, size - HEADER, (bytes[1] & 1) != 0);
    if (error == 0) {
        use(&c);
    } else {
        refused(error);
    }
    drop_vm();
    return 0;
}

/* The records that each of the VMs saves after a while. */
size_t fuzz_seed(unsigned int n, uint8_t *bytes, size_t size)
{
    struct choices c = choices_of_seed(n);
    size_t length;

    if (n >= VMS) {
        return 0;
    }
    make_vm((uint8_t)n);
    for (int i = 0; i < SEED_STEPS; i++) {
        struct step step;
        step_choose(&step, &c, &lockstep.model, &world);
        check(lockstep_step(&lockstep, &step));
    }
    length = HEADER + lockstep.record_size;
    check(length <= size);
    bytes[0] = (uint8_t)n;
    bytes[1] = 1;
    save(bytes + HEADER);
    drop_vm();
    return length;
}
