/* SPDX-License-Identifier: BSD-2-Clause */
#include "lockstep.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Notes the first difference of a step, and only that. */
static inline void compare_value(struct lockstep *l, const char *what, int who, uint64_t expected,
                                 uint64_t got)
{
    if (expected != got && l->what == NULL) {
        l->what = what;
        l->who = who;
        l->expected = expected;
        l->got = got;
    }
}

static const struct vpsci_vcpu *find_handle(const struct lockstep *l, int i)
{
    return i == MODEL_NONE ? NULL : l->vcpus[i];
}

static void same_vcpu(struct lockstep *l, const char *what, int who, int expected,
                      const struct vpsci_vcpu *got)
{
    compare_value(l, what, who, (uintptr_t)find_handle(l, expected), (uintptr_t)got);
}

static void same_entry(struct lockstep *l, int who, const struct vpsci_entry *expected,
                       const struct vpsci_entry *got)
{
    compare_value(l, "entry.address", who, expected->address.value, got->address.value);
    compare_value(l, "entry.context", who, expected->context, got->context);
    compare_value(l, "entry.aarch32", who, expected->aarch32, got->aarch32);
    compare_value(l, "entry.thumb", who, expected->thumb, got->thumb);
    compare_value(l, "entry.big_endian", who, expected->big_endian, got->big_endian);
}

static void same_request(struct lockstep *l, int who, const struct model_request *expected,
                         const struct vpsci_request *got)
{
    compare_value(l, "request.pending", who, expected->pending, got->pending);
    if (!expected->pending) {
        return;
    }
    compare_value(l, "request.function", who, expected->function, got->function);
    same_vcpu(l, "request.vcpu", who, who, got->vcpu);
    same_vcpu(l, "request.target", who, expected->target, got->target);
    compare_value(l, "request.entry", who, expected->entry.address.value, got->entry.value);
    compare_value(l, "request.context", who, expected->entry.context, got->context);
    compare_value(l, "request.type", who, expected->type, got->type);
    compare_value(l, "request.cookie", who, expected->cookie, got->cookie);
}

static void same_outcome(struct lockstep *l, int who, const struct model_outcome *expected,
                         const struct vpsci_outcome *got)
{
    compare_value(l, "action", who, expected->action, got->action);
    compare_value(l, "wait", who, expected->wait, got->wait);
    compare_value(l, "ended", who, expected->ended, got->ended);
    if (expected->action == VPSCI_RETURN || expected->action == VPSCI_FOREIGN) {
        compare_value(l, "x0", who, expected->x0, got->x0);
    }
    same_vcpu(l, "start", who, expected->start, got->start);
    if (expected->action == VPSCI_ENTER) {
        same_entry(l, who, &expected->entry, &got->entry);
    }
    same_request(l, who, &expected->request, &got->request);
}

static void same_vm(struct lockstep *l)
{
    compare_value(l, "vpsci_system_state", MODEL_NONE, l->model.system, vpsci_system_state(l->vm));
    compare_value(l, "vpsci_on_count", MODEL_NONE, model_on_count(&l->model),
                  vpsci_on_count(l->vm));
    compare_value(l, "vpsci_mem_protect", MODEL_NONE, l->model.mem_protect,
                  vpsci_mem_protect(l->vm));
    for (int i = 0; i < l->model.count; i++) {
        compare_value(l, "vpsci_vcpu_state", i, l->model.vcpus[i].state,
                      vpsci_vcpu_state(l->vcpus[i]));
    }
}

static void look_at_vcpu(struct lockstep *l, int i)
{
    const struct model_request *expected = &l->model.vcpus[i].request;
    struct vpsci_request request;

    memset(&request, 0xa5, sizeof(request));
    compare_value(l, "vpsci_mp_state_get", i, model_mp_state(&l->model, i),
                  vpsci_mp_state_get(l->vcpus[i]));
    compare_value(l, "vpsci_pending_request", i, expected->pending,
                  vpsci_pending_request(l->vcpus[i], &request));
    same_request(l, i, expected, &request);
    compare_value(l, "vpsci_vcpu_index", i, (uint64_t)i, vpsci_vcpu_index(l->vcpus[i]));
    compare_value(l, "vpsci_vcpu_mpidr", i, l->world->mpidrs[i].value,
                  vpsci_vcpu_mpidr(l->vcpus[i]).value);
}

bool lockstep_look(struct lockstep *l)
{
    same_vm(l);
    compare_value(l, "vpsci_version", MODEL_NONE, l->model.version, vpsci_version(l->vm));
    if (l->what == NULL) {
        l->what = model_unsound(&l->model);
    }
    for (int i = 0; i < l->model.count; i++) {
        look_at_vcpu(l, i);
    }
    return l->what == NULL;
}

static void ask_number(struct lockstep *l, int who, enum vpsci_function function, uint64_t target,
                       uint64_t arg)
{
    struct vpsci_guest_call call = {.function = VPSCI_FID_64 + (uint64_t)function,
                                    .args = {target, arg}};
    struct model_outcome expected;

    memset(&l->out, 0xa5, sizeof(l->out));
    vpsci_call(l->vcpus[who], &call, &l->out);
    model_call(&l->model, who, &call, &expected);
    same_outcome(l, who, &expected, &l->out);
}

/* What a guest can find out of one vCPU without changing anything. */
static void ask_about(struct lockstep *l, int who, uint64_t target)
{
    for (uint64_t level = 0; level < MODEL_LEVELS; level++) {
        ask_number(l, who, VPSCI_FN_AFFINITY_INFO, target, level);
        ask_number(l, who, VPSCI_FN_NODE_HW_STATE, target, level);
    }
    for (int e = 0; e < l->model.state_count; e++) {
        ask_number(l, who, VPSCI_FN_STAT_COUNT, target, l->model.states[e].value);
        ask_number(l, who, VPSCI_FN_STAT_RESIDENCY, target, l->model.states[e].value);
    }
}

bool lockstep_look_as_guest(struct lockstep *l)
{
    int who = 0;

    while (who < l->model.count && !model_runs(&l->model, who)) {
        who++;
    }
    for (int i = 0; who < l->model.count && i < l->model.count; i++) {
        ask_about(l, who, l->world->mpidrs[i].value);
    }
    return l->what == NULL;
}

void lockstep_switch(struct lockstep *l, int which)
{
    l->current = which;
    l->vm = l->vms[which];
    for (int i = 0; i < l->model.count; i++) {
        l->vcpus[i] = vpsci_vcpu_at(l->vm, (uint32_t)i);
        compare_value(l, "vpsci_vcpu_at", i, 1, l->vcpus[i] != NULL);
    }
}

static void start_vm(struct lockstep *l, int which)
{
    struct world *w = l->world;
    int error = vpsci_init(w->memory[which], w->memory_size, &w->configs[which], &l->vms[which]);

    compare_value(l, "vpsci_init", MODEL_NONE, 0, (uint64_t)(int64_t)error);
    if (l->what == NULL) {
        lockstep_switch(l, which);
    }
}

/* Every vCPU is found by its name; a name with one bit changed is another vCPU's, or none. */
static void look_at_names(struct lockstep *l)
{
    same_vcpu(l, "vpsci_vcpu_at", MODEL_NONE, MODEL_NONE,
              vpsci_vcpu_at(l->vm, l->world->configs[0].vcpu_count));
    for (int i = 0; i < l->model.count; i++) {
        struct vpsci_mpidr mpidr = l->world->mpidrs[i];
        same_vcpu(l, "vpsci_find", i, i, vpsci_find(l->vm, mpidr));
        mpidr.value ^= UINT64_C(1) << (i * 7 % 64);
        int other = MODEL_NONE;
        for (int j = 0; j < l->model.count; j++) {
            other = l->world->mpidrs[j].value == mpidr.value ? j : other;
        }
        same_vcpu(l, "vpsci_find", i, other, vpsci_find(l->vm, mpidr));
    }
}

bool lockstep_begin(struct lockstep *l, struct world *world)
{
    l->world = world;
    l->what = NULL;
    l->record = NULL;
    world->host.now = 1000;
    world->host.broken = false;
    l->model.now = world->host.now;
    l->vms[1] = NULL;
    model_init(&l->model, &world->configs[0]);
    start_vm(l, 0);
    if (l->what != NULL) {
        return false;
    }
    l->record_size = vpsci_save_size(l->vm);
    l->record = malloc(2 * l->record_size);
    if (l->record == NULL) {
        abort();
    }
    look_at_names(l);
    return lockstep_look(l);
}

void lockstep_end(struct lockstep *l)
{
    free(l->record);
    l->record = NULL;
}

static bool save_record(struct lockstep *l, uint8_t *record)
{
    ptrdiff_t size;

    size = vpsci_save(l->vm, record, l->record_size - 1);
    compare_value(l, "vpsci_save into too little room", MODEL_NONE, (uint64_t)VPSCI_E_MEMORY,
                  (uint64_t)size);
    size = vpsci_save(l->vm, record, l->record_size);
    compare_value(l, "vpsci_save", MODEL_NONE, l->record_size, (uint64_t)size);
    return l->what == NULL;
}

/* Saves, and goes on in the other VM, a new one or one that has been somewhere else meanwhile; what
 * that one saves must be the same. */
static void do_restore(struct lockstep *l, bool used)
{
    uint8_t *again = l->record + l->record_size;
    int other = 1 - l->current;
    int error;

    if (!save_record(l, l->record)) {
        return;
    }
    if (used && l->vms[other] != NULL) {
        lockstep_switch(l, other);
    } else {
        start_vm(l, other);
    }
    if (l->what != NULL) {
        return;
    }
    error = vpsci_restore(l->vm, l->record, l->record_size);
    compare_value(l, "vpsci_restore", MODEL_NONE, 0, (uint64_t)(int64_t)error);
    if (save_record(l, again)) {
        compare_value(l, "the record of a restored VM", MODEL_NONE, 0,
                      memcmp(l->record, again, l->record_size) != 0);
    }
    (void)lockstep_look(l);
    (void)lockstep_look_as_guest(l);
}

/* A record of which one bit or the length is wrong must be refused, with nothing changed. */
static void do_damage(struct lockstep *l, uint64_t value)
{
    size_t size = l->record_size;
    size_t at = (size_t)(value >> 8) % size;
    int error;

    if (!save_record(l, l->record)) {
        return;
    }
    if ((value & 0xc0) == 0) {
        error = vpsci_restore(l->vm, l->record, at);
        compare_value(l, "vpsci_restore of a short record", MODEL_NONE, (uint64_t)VPSCI_E_TRUNCATED,
                      (uint64_t)(int64_t)error);
    } else {
        l->record[at] ^= (uint8_t)(1U << (value & 7));
        error = vpsci_restore(l->vm, l->record, size);
        compare_value(l, "vpsci_restore of a damaged record", MODEL_NONE, 1, error < 0);
    }
    (void)lockstep_look(l);
}

static void do_call(struct lockstep *l, const struct step *step)
{
    struct model_outcome expected;

    memset(&l->out, 0xa5, sizeof(l->out));
    vpsci_call(l->vcpus[step->vcpu], &step->call, &l->out);
    model_call(&l->model, step->vcpu, &step->call, &expected);
    same_outcome(l, step->vcpu, &expected, &l->out);
}

static void do_next(struct lockstep *l, const struct step *step)
{
    struct model_outcome expected;

    memset(&l->out, 0xa5, sizeof(l->out));
    vpsci_next(l->vcpus[step->vcpu], &l->out);
    model_next(&l->model, step->vcpu, &expected);
    same_outcome(l, step->vcpu, &expected, &l->out);
}

/* The functions that say no more than a number. */
static void do_rest(struct lockstep *l, const struct step *step)
{
    struct vpsci_vcpu *vcpu = l->vcpus[step->vcpu];
    int value = (int)step->value;
    int i = step->vcpu;

    switch (step->kind) {
    case STEP_WAKE:
        compare_value(l, "vpsci_wake", i, model_wake(&l->model, i), vpsci_wake(vcpu));
        break;
    case STEP_ANSWER:
        compare_value(l, "vpsci_answer", i, (uint64_t)(int64_t)model_answer(&l->model, i, value),
                      (uint64_t)(int64_t)vpsci_answer(vcpu, (enum vpsci_result)value));
        break;
    case STEP_MP_STATE:
        compare_value(l, "vpsci_mp_state_set", i,
                      (uint64_t)(int64_t)model_mp_state_set(&l->model, i, value),
                      (uint64_t)(int64_t)vpsci_mp_state_set(vcpu, (enum vpsci_mp_state)value));
        break;
    case STEP_VERSION:
        compare_value(l, "vpsci_version_set", i,
                      (uint64_t)(int64_t)model_version_set(&l->model, (uint32_t)value),
                      (uint64_t)(int64_t)vpsci_version_set(l->vm, (uint32_t)value));
        break;
    default:
        vpsci_reset(l->vm);
        model_reset(&l->model);
        break;
    }
}

static void tell_difference(const struct lockstep *l, const struct step *step)
{
    step_print(step, l->words);
    if (step->kind == STEP_CALL || step->kind == STEP_NEXT) {
        (void)fprintf(l->words, " -> ");
        step_print_outcome(&l->out, l->words);
    }
    (void)fprintf(l->words, "\n");
}

bool lockstep_step(struct lockstep *l, const struct step *step)
{
    l->world->host.now += step->ticks;
    l->model.now = l->world->host.now;
    switch (step->kind) {
    case STEP_CALL:
        do_call(l, step);
        break;
    case STEP_NEXT:
        do_next(l, step);
        break;
    case STEP_LOOK:
        (void)lockstep_look(l);
        (void)lockstep_look_as_guest(l);
        break;
    case STEP_RESTORE:
        do_restore(l, step->value != 0);
        break;
    case STEP_DAMAGE:
        do_damage(l, (uint64_t)step->value);
        break;
    default:
        do_rest(l, step);
        break;
    }
    same_vm(l);
    compare_value(l, "an operation's precondition broken", step->vcpu, 0, l->world->host.broken);
    if (l->words != NULL) {
        tell_difference(l, step);
    }
    return l->what == NULL;
}

size_t lockstep_run(struct lockstep *l, struct world *world, const struct step *steps, size_t count)
{
    size_t done = 0;

    if (lockstep_begin(l, world)) {
        while (done < count && lockstep_step(l, &steps[done])) {
            done++;
        }
    }
    lockstep_end(l);
    return done;
}

static bool replay_differs(struct lockstep *l, struct world *world, const struct step *steps,
                           size_t count)
{
    return lockstep_run(l, world, steps, count) < count;
}

/* Leaves out `chunk` steps at a time, wherever the difference stays. */
static size_t shrink_by(struct lockstep *l, struct world *world, struct step *steps, size_t count,
                        size_t chunk)
{
    struct step *fewer = malloc((count + 1) * sizeof(*fewer));

    if (fewer == NULL) {
        return count;
    }
    for (size_t at = 0; at + chunk <= count;) {
        memcpy(fewer, steps, at * sizeof(*fewer));
        memcpy(fewer + at, steps + at + chunk, (count - at - chunk) * sizeof(*fewer));
        size_t left = count - chunk;
        if (left > 0 && replay_differs(l, world, fewer, left)) {
            count = lockstep_run(l, world, fewer, left) + 1;
            memcpy(steps, fewer, count * sizeof(*fewer));
        } else {
            at += chunk;
        }
    }
    free(fewer);
    return count;
}

size_t lockstep_shrink(struct lockstep *l, struct world *world, struct step *steps, size_t count)
{
    for (size_t chunk = count / 2; chunk > 0; chunk /= 2) {
        count = shrink_by(l, world, steps, count, chunk);
    }
    return count > 0 ? shrink_by(l, world, steps, count, 1) : 0;
}

void lockstep_report(struct lockstep *l, struct world *world, const struct step *steps,
                     size_t count, FILE *to)
{
    world_print(world, to);
    l->words = to;
    (void)lockstep_run(l, world, steps, count);
    l->words = NULL;
    if (l->what != NULL) {
        (void)fprintf(to,
                      "DIFFERENCE: %s (vCPU %d): expected 0x%" PRIx64 " (%" PRId64
                      "), got 0x%" PRIx64 " (%" PRId64 ")\n",
                      l->what, l->who, l->expected, (int64_t)l->expected, l->got, (int64_t)l->got);
    }
}
