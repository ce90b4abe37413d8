/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Eight vCPUs in eight threads, and a host in a ninth, that do at random what the interface allows,
 * under a sanitizer for races. What is conserved is counted: every CPU_ON that succeeded is entered
 * once and with its own payload, every stay in a low-power state is counted once, the number of
 * vCPUs that are on is right in the end.
 *
 *   threads [CALLS [SEED]]
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vpsci/vpsci.h"

enum {
    VCPUS = 8,
    PATIENCE = 200,      /* how often a vCPU looks before it helps itself */
    STOPPER = VCPUS - 1, /* the one that asks for SYSTEM_OFF, and for nothing else */
    MEMORY = 8192,
    STATE_COUNT = 4,
    STANDBY = 0,
    POWERDOWN = 1,
    CLUSTER_STANDBY = 2,
    CLUSTER_DOWN = 3
};

#define ENTRY     UINT64_C(0x80000)
#define OWN_SLEEP (UINT64_C(1) << 63) /* a context ID of the vCPU's own, not of a CPU_ON */

static const struct vpsci_power_state states[STATE_COUNT] = {
    {0x00000000, 0, VPSCI_HW_STANDBY, VPSCI_NO_STATE},
    {0x00010000, 0, VPSCI_HW_OFF, VPSCI_NO_STATE},
    {0x01000001, 1, VPSCI_HW_STANDBY, STANDBY},
    {0x01010001, 1, VPSCI_HW_OFF, POWERDOWN},
};
static const uint16_t clusters[VCPUS] = {0, 0, 2, 2, 4, 4, 6, 6};

/* One vCPU, and what its thread knows. */
struct player {
    struct vpsci_vcpu *vcpu;
    uint64_t random;
    uint64_t calls;
    uint64_t limit;
    uint32_t index;
    uint32_t asked; /* the CPU_ON that the host decides, plus 1 */
    uint32_t patience;
    bool suspends;               /* is in SYSTEM_SUSPEND, or waits to be */
    uint64_t sleep;              /* context of the last call that sleeps */
    uint64_t stays[STATE_COUNT]; /* of the core */
    uint32_t starts;             /* CPU_ONs made so far: their numbers */
    bool *succeeded;             /* of each number */
    _Atomic bool *entered;
};

struct memory {
    _Alignas(VPSCI_ALIGNMENT) unsigned char vm[MEMORY];
    _Alignas(VPSCI_ALIGNMENT) unsigned char statistics[MEMORY];
};

static struct player players[VCPUS];
static atomic_uint playing;
static _Atomic uint64_t answers;

static void fail_test(const char *what, uint32_t vcpu)
{
    (void)fprintf(stderr, "threads: %s (vCPU %" PRIu32 ")\n", what, vcpu);
    abort();
}

static uint32_t roll_die(uint64_t *random, uint32_t sides)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((*random >> 33) % sides);
}

/* ---- Payloads: every part follows from the context ID --------------------------------------- */

static uint64_t address_of(uint64_t context)
{
    return ENTRY + (context & 0xffff) * 4;
}

static void check_payload(const struct vpsci_entry *entry, uint32_t vcpu)
{
    if (entry->address.value != address_of(entry->context) || entry->aarch32 || entry->thumb ||
        entry->big_endian != (entry->context & 1)) {
        fail_test("a payload is made of parts of several", vcpu);
    }
}

static uint64_t context_of_start(const struct player *player, uint32_t number)
{
    return (uint64_t)player->index << 32 | number;
}

static void note_enter(struct player *player, const struct vpsci_entry *entry)
{
    uint32_t number = (uint32_t)entry->context;
    uint32_t caller = (uint32_t)(entry->context >> 32);

    check_payload(entry, player->index);
    if (entry->context & OWN_SLEEP) {
        if (entry->context != player->sleep) {
            fail_test("it resumes where it did not go to sleep", player->index);
        }
        player->stays[POWERDOWN] += player->suspends;
        player->suspends = false;
    } else if (caller >= VCPUS || atomic_exchange(&players[caller].entered[number], true)) {
        fail_test("a CPU_ON is entered twice", player->index);
    }
}

/* ---- A vCPU ------------------------------------------------------------------------------- */

static uint64_t name_of(uint32_t vcpu)
{
    return vcpu;
}

static void make_call(struct player *player, uint32_t function, uint64_t first, uint64_t second,
                      uint64_t third, struct vpsci_outcome *out)
{
    struct vpsci_guest_call guest = {
        .function = function, .args = {first, second, third}, .big_endian = third & 1};

    player->calls++;
    vpsci_call(player->vcpu, &guest, out);
}

static void turn_on(struct player *player, struct vpsci_outcome *out)
{
    uint32_t number = player->starts++;
    uint64_t context = context_of_start(player, number);

    make_call(player, VPSCI_FID_64 + VPSCI_FN_CPU_ON, name_of(roll_die(&player->random, VCPUS)),
              address_of(context), context, out);
    if (out->action == VPSCI_WAIT) {
        player->asked = number + 1;
    } else {
        player->succeeded[number] = out->x0 == VPSCI_SUCCESS;
    }
}

static void ask_next(struct player *player, struct vpsci_outcome *out)
{
    if (player->index != STOPPER) {
        turn_on(player, out);
    } else if (roll_die(&player->random, 16) == 0) {
        make_call(player, VPSCI_FID_32 + VPSCI_FN_SYSTEM_OFF, 0, 0, 0, out);
    }
}

static void call_suspend(struct player *player, struct vpsci_outcome *out)
{
    struct vpsci_guest_call guest = {.function = VPSCI_FID_64 + VPSCI_FN_SYSTEM_SUSPEND};

    player->sleep++;
    player->calls++;
    guest.args[0] = address_of(player->sleep);
    guest.args[1] = player->sleep;
    guest.big_endian = player->sleep & 1;
    vpsci_call(player->vcpu, &guest, out);
    player->suspends = out->action == VPSCI_WAIT;
}

static void sleep_in(struct player *player, uint32_t state, struct vpsci_outcome *out)
{
    player->sleep++;
    make_call(player, VPSCI_FID_64 + VPSCI_FN_CPU_SUSPEND, states[state].value,
              address_of(player->sleep), player->sleep, out);
    if (out->action == VPSCI_WAIT) {
        player->stays[state & 1]++;
    }
}

static void turn_off(struct player *player, uint32_t function, struct vpsci_outcome *out)
{
    make_call(player, VPSCI_FID_32 + function, 0, 0, 0, out);
    player->stays[POWERDOWN]++;
    if (out->action != VPSCI_WAIT) {
        fail_test("CPU_OFF returns", player->index);
    }
}

static void look_at_others(struct player *player, struct vpsci_outcome *out)
{
    uint32_t target = roll_die(&player->random, VCPUS);

    make_call(player, VPSCI_FID_64 + VPSCI_FN_AFFINITY_INFO, name_of(target), 0, 0, out);
    if (out->x0 > 2 || (target == player->index && out->x0 != 0)) {
        fail_test("AFFINITY_INFO says nonsense", player->index);
    }
}

/* The host puts it into another state. */
static void be_put(struct player *player, enum vpsci_mp_state state)
{
    int error = vpsci_mp_state_set(player->vcpu, state);

    if (error == 0 && state == VPSCI_MP_STOPPED) {
        player->stays[POWERDOWN]++;
    }
    if (error != 0 && error != VPSCI_E_BUSY && error != VPSCI_E_STATE) {
        fail_test("vpsci_mp_state_set() fails", player->index);
    }
}

static void act_as_guest(struct player *player)
{
    struct vpsci_outcome out;

    switch (roll_die(&player->random, 16)) {
    case 0:
        turn_off(player, VPSCI_FN_CPU_OFF, &out);
        break;
    case 1:
        turn_off(player, VPSCI_FN_CPU_FREEZE, &out);
        break;
    case 2:
        if (player->index != STOPPER) {
            call_suspend(player, &out);
        }
        break;
    case 3:
    case 4:
        sleep_in(player, roll_die(&player->random, STATE_COUNT), &out);
        break;
    case 5:
        be_put(player, roll_die(&player->random, 2) ? VPSCI_MP_STOPPED : VPSCI_MP_SUSPENDED);
        break;
    case 6:
    case 7:
    case 8:
        look_at_others(player, &out);
        break;
    default:
        ask_next(player, &out);
        break;
    }
}

/* Answers what a vCPU asks for, if anything. Several may do so at once, and the answer then reaches
 * the next request: but none that stops the system is ever honoured, which only STOPPER makes. */
static void decide_request(struct player *player, uint64_t *random)
{
    struct vpsci_request request;
    bool yes = player->index != STOPPER && roll_die(random, 4) != 0;

    if (!vpsci_pending_request(player->vcpu, &request)) {
        return;
    }
    if (request.function != VPSCI_FN_SYSTEM_OFF &&
        request.entry.value != address_of(request.context)) {
        fail_test("a request is made of parts of several", player->index);
    }
    if (vpsci_answer(player->vcpu, yes ? VPSCI_SUCCESS : VPSCI_DENIED) == 0) {
        atomic_fetch_add(&answers, 1);
    }
}

/* Perhaps no thread starts this vCPU any more: after a while it continues by itself. */
static void wait_a_little(struct player *player, const struct vpsci_outcome *out)
{
    if (++player->patience < PATIENCE) {
        if (roll_die(&player->random, PATIENCE) == 0) {
            (void)sched_yield();
        }
        return;
    }
    player->patience = 0;
    if (out->wait == VPSCI_WAIT_OFF || out->wait == VPSCI_WAIT_FROZEN) {
        be_put(player, VPSCI_MP_RUNNABLE);
    } else {
        (void)vpsci_wake(player->vcpu);
        decide_request(player, &player->random);
    }
}

static void note_return(struct player *player, uint64_t x0)
{
    player->suspends = false;
    if (player->asked) {
        player->succeeded[player->asked - 1] = x0 == VPSCI_SUCCESS;
        player->asked = 0;
    }
}

static void play_step(struct player *player)
{
    struct vpsci_outcome out;

    vpsci_next(player->vcpu, &out);
    switch (out.action) {
    case VPSCI_RUN:
        player->patience = 0;
        act_as_guest(player);
        break;
    case VPSCI_RETURN:
        note_return(player, out.x0);
        break;
    case VPSCI_ENTER:
        note_enter(player, &out.entry);
        break;
    default:
        wait_a_little(player, &out);
        break;
    }
}

/* Ends running, so that nothing is left in the middle. */
static void *play_vcpu(void *argument)
{
    struct player *player = (struct player *)argument;
    struct vpsci_outcome out;

    while (player->calls < player->limit) {
        play_step(player);
    }
    for (;;) {
        vpsci_next(player->vcpu, &out);
        if (out.action == VPSCI_RUN) {
            break;
        }
        if (out.action == VPSCI_WAIT) {
            wait_a_little(player, &out);
        } else if (out.action == VPSCI_ENTER) {
            note_enter(player, &out.entry);
        } else {
            note_return(player, out.x0);
        }
    }
    atomic_fetch_sub(&playing, 1);
    return NULL;
}

/* ---- The host ----------------------------------------------------------------------------- */

struct host {
    struct vpsci_vm *vm;
    struct vpsci_vm *other; /* records are put there */
    uint64_t random;
    uint64_t saves;
};

/* What is saved, can be restored. */
static void save_and_restore(struct host *host)
{
    static unsigned char record[MEMORY];
    ptrdiff_t size = vpsci_save(host->vm, record, sizeof(record));

    if (size == VPSCI_E_BUSY) {
        return;
    }
    host->saves++;
    if (size < 0 || vpsci_restore(host->other, record, (size_t)size) != 0) {
        fail_test("a record is refused", 0);
    }
}

static void watch_vcpus(struct host *host)
{
    uint32_t vcpu = roll_die(&host->random, VCPUS);

    switch (roll_die(&host->random, 64)) {
    case 0:
        save_and_restore(host);
        break;
    case 1:
    case 2:
        (void)vpsci_wake(players[vcpu].vcpu);
        break;
    case 3:
        if (vpsci_on_count(host->vm) > 2 * VCPUS ||
            vpsci_vcpu_state(players[vcpu].vcpu) > VPSCI_STATE_ASKING) {
            fail_test("the host is told nonsense", vcpu);
        }
        break;
    default:
        decide_request(&players[vcpu], &host->random);
        break;
    }
}

static void *be_host(void *argument)
{
    while (atomic_load(&playing) > 0) {
        watch_vcpus((struct host *)argument);
        (void)sched_yield();
    }
    return NULL;
}

/* ---- The whole ---------------------------------------------------------------------------- */

static uint64_t read_clock(void *host)
{
    struct timespec time;

    (void)host;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static const struct vpsci_ops operations = {.now = read_clock};
static struct vpsci_mpidr names[VCPUS];

static struct vpsci_vm *make_vm(struct memory *memory, struct vpsci_config *config,
                                uint32_t options)
{
    struct vpsci_vm *vm = NULL;
    uint32_t i;

    for (i = 0; i < VCPUS; i++) {
        names[i].value = name_of(i);
    }
    *config = (struct vpsci_config){
        .size = sizeof(struct vpsci_config),
        .vcpu_count = VCPUS,
        .mpidrs = names,
        .capabilities = (VPSCI_CAP_MEM_PROTECT << 1) - 1,
        .options = options,
        .states = states,
        .state_count = STATE_COUNT,
        .domains = {clusters, NULL, NULL},
        .statistics = memory->statistics,
        .statistics_size = sizeof(memory->statistics),
        .ops = &operations,
    };
    if (vpsci_init(memory->vm, sizeof(memory->vm), config, &vm) != 0) {
        fail_test("the VM cannot be made", 0);
    }
    return vm;
}

static void *allocate_zeroed(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (!memory) {
        fail_test("there is no memory", 0);
    }
    return memory;
}

static void prepare_players(struct vpsci_vm *vm, uint64_t calls, uint64_t seed)
{
    uint32_t i;

    for (i = 0; i < VCPUS; i++) {
        players[i] = (struct player){
            .vcpu = vpsci_vcpu_at(vm, i),
            .random = seed * VCPUS + i,
            .limit = calls / VCPUS,
            .index = i,
            .sleep = OWN_SLEEP,
            .succeeded = (bool *)allocate_zeroed(calls / VCPUS + 1, sizeof(bool)),
            .entered = (_Atomic bool *)allocate_zeroed(calls / VCPUS + 1, sizeof(bool)),
        };
    }
    atomic_store(&playing, VCPUS);
}

static uint64_t check_starts(void)
{
    uint64_t count = 0;
    uint32_t i;
    uint32_t number;

    for (i = 0; i < VCPUS; i++) {
        for (number = 0; number < players[i].starts; number++) {
            if (players[i].succeeded[number] != players[i].entered[number]) {
                fail_test("a CPU_ON that succeeded is not entered, or the other way round", i);
            }
            count += players[i].succeeded[number];
        }
        free(players[i].succeeded);
        free((void *)(uintptr_t)players[i].entered);
    }
    return count;
}

/* All have stopped while they ran. */
static void check_end(struct host *host)
{
    uint32_t i;

    save_and_restore(host);
    if (vpsci_on_count(host->vm) != VCPUS) {
        fail_test("the number of vCPUs that are on is wrong", vpsci_on_count(host->vm));
    }
    for (i = 0; i < 2 * VCPUS; i++) {
        struct player *player = &players[i / 2];
        uint32_t state = i & 1;
        struct vpsci_outcome out;

        make_call(player, VPSCI_FID_64 + VPSCI_FN_STAT_COUNT, name_of(i / 2), states[state].value,
                  0, &out);
        if (vpsci_vcpu_state(player->vcpu) != VPSCI_STATE_ON || out.x0 != player->stays[state]) {
            fail_test("its stays are miscounted", i / 2);
        }
        make_call(player, VPSCI_FID_64 + VPSCI_FN_NODE_HW_STATE, name_of(i / 2), state, 0, &out);
        if (out.x0 != VPSCI_HW_ON) {
            fail_test("a domain is down with all vCPUs up", i / 2);
        }
    }
}

static void run_players(uint64_t calls, uint64_t seed, uint32_t options)
{
    static struct memory memory[2];
    static struct vpsci_config configs[2];
    struct host host = {.random = seed + VCPUS};
    pthread_t threads[VCPUS + 1];
    uint32_t i;

    memset(memory, 0, sizeof(memory));
    host.vm = make_vm(&memory[0], &configs[0], options);
    host.other = make_vm(&memory[1], &configs[1], options);
    prepare_players(host.vm, calls, seed);
    for (i = 0; i <= VCPUS; i++) {
        if (pthread_create(&threads[i], NULL, i < VCPUS ? play_vcpu : be_host,
                           i < VCPUS ? (void *)&players[i] : &host) != 0) {
            fail_test("a thread cannot be made", i);
        }
    }
    for (i = 0; i <= VCPUS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    check_end(&host);
    (void)printf("%" PRIu64 " calls, %" PRIu64 " starts, %" PRIu64 " answers, %" PRIu64
                 " records\n",
                 calls, check_starts(), atomic_exchange(&answers, 0), host.saves);
}

int main(int argc, char **argv)
{
    uint64_t calls = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

    run_players(calls / 2, seed, 0);
    run_players(calls / 2, seed, VPSCI_OPTION_ASK_CPU_ON);
    return 0;
}
