/* SPDX-License-Identifier: BSD-2-Clause */
/* Any VM in any state, and any call: see proof.h. */
#include "proof.h"

struct vpsci_vm vm;
struct world old;
struct vpsci__invocation call;
struct vpsci_guest_call guest;
struct vpsci_outcome out;
uint32_t caller;

static struct vpsci_power_state states[STATES];
static uint16_t domains[VPSCI_LEVEL_MAX][VCPUS];
static struct vpsci__cell statistics[VCPUS * (VPSCI_LEVEL_MAX + 1 + 2 * STATES)];
static struct vpsci_ops ops;
static bool entry_answer; /* of ops.entry_is_valid() */
static uint64_t clock;

/* Each vCPU, and each row, is an object of its own: for CBMC that costs less than an array of which an
 * index chooses. The last one is never used. */
static struct vpsci_vcpu first_vcpu;
static struct vpsci_vcpu second_vcpu;
static struct vpsci_vcpu third_vcpu;
static struct vpsci_vcpu no_vcpu;

struct vpsci_vcpu *vpsci__vcpu(const struct vpsci_vm *of, uint32_t index)
{
    check(of == &vm && index <= VCPUS, "a vCPU of the VM");
    if (index == 0) {
        return &first_vcpu;
    }
    if (index == 1 && VCPUS > 1) {
        return &second_vcpu;
    }
    return index == 2 && VCPUS > 2 ? &third_vcpu : &no_vcpu;
}

struct vpsci_vm *vpsci__vm(const struct vpsci_vcpu *vcpu)
{
    check(vcpu == vpsci__vcpu(&vm, vcpu->index), "a vCPU of the VM");
    return &vm;
}

static struct vpsci__cell first_row[ROW];
static struct vpsci__cell second_row[ROW];
static struct vpsci__cell third_row[ROW];

/* The cells of all rows. */
static void read_rows(uint64_t to[VCPUS][ROW])
{
    for (uint32_t i = 0; i < VCPUS; i++) {
        for (uint32_t j = 0; j < ROW; j++) {
            to[i][j] = vpsci__load(&vpsci__domain_row(&vm, i)[j]);
        }
    }
}

struct vpsci__cell *vpsci__domain_row(const struct vpsci_vm *of, uint32_t index)
{
    check(of == &vm && index < VCPUS, "a row of the VM");
    if (index == 0) {
        return first_row;
    }
    return index == 1 ? second_row : third_row;
}

static bool entry_is_valid(void *host, struct vpsci_ipa address)
{
    (void)host;
    (void)address;
    return entry_answer;
}

static uint64_t now(void *host)
{
    uint64_t later = nondet_u64();

    (void)host;
    assume(later >= clock);
    clock = later;
    return clock;
}

struct vpsci_vm nondet_vm(void);
struct vpsci_vcpu nondet_vcpu(void);
struct vpsci_power_state nondet_power_state(void);

/* The table of power states and the tree of domains; the library's own checks come after it. */
static void any_table(struct vpsci_config *config)
{
    config->states = states;
    assume(config->state_count > 0 && config->state_count <= STATES);
    for (uint32_t i = 0; i < STATES; i++) {
        states[i] = nondet_power_state();
    }
    for (uint32_t level = 0; level < VPSCI_LEVEL_MAX; level++) {
        config->domains[level] = domains[level];
        for (uint32_t i = 0; i < VCPUS; i++) {
            domains[level][i] = nondet_u16();
        }
    }
}

static void any_config(struct vpsci_config *config)
{
    config->vcpu_count = VCPUS;
    assume(config->boot_vcpu < VCPUS && config->trusted_os_vcpu < VCPUS);
    assume((uint32_t)config->trusted_os <= VPSCI_TRUSTED_OS_FIXED);
    any_table(config);
    entry_answer = nondet_bool();
    ops.entry_is_valid = nondet_bool() ? entry_is_valid : NULL;
    config->ops = nondet_bool() ? &ops : NULL;
    config->statistics = NULL;
    config->host = NULL;
}

static void any_vcpus(void)
{
    for (uint32_t i = 0; i < VCPUS; i++) {
        vcpus(i) = nondet_vcpu();
        vcpus(i).index = (uint16_t)i;
        assume(vpsci__state_of(vpsci__load(&vcpus(i).word)) < VPSCI__SAVED_COUNT);
        for (uint32_t j = 0; j < i; j++) {
            assume(vcpus(i).affinity != vcpus(j).affinity);
        }
    }
}

void any_vm(void)
{
    bool resides;
    bool checks;

    vm = nondet_vm();
    any_config(&vm.config);
    resides = vm.config.trusted_os >= VPSCI_TRUSTED_OS_MIGRATABLE;
    checks = vm.config.ops && ops.entry_is_valid;
    vm.statistics = NULL;
    vm.slots = NULL;
    vm.vcpu_count = VCPUS;
    vm.highest = 0;
    vm.row_at[0] = 0;
    assume(vm.has < VPSCI_CAP_MEM_PROTECT << 1);
    vm.has |= resides ? VPSCI__HAS_RESIDENT : 0;
    vm.has |= checks ? VPSCI__HAS_ENTRY_CHECK : 0;
    any_vcpus();
    assume(vpsci__states_prepare(&vm));
    assume(vpsci__domains_prepare(&vm));
}

void with_statistics(void)
{
    ops.now = now;
    vm.config.ops = &ops;
    assume(vm.has & VPSCI_CAP_STATISTICS);
    vm.has |= VPSCI__HAS_STATISTICS;
    vm.statistics = statistics;
}

/* The largest record that a VM of this size has. */
enum {
    RECORD_SIZE = RECORD_HEADER_SIZE + VCPUS * RECORD_VCPU_SIZE,
    RECORD_SIZE_MOST = RECORD_SIZE + sizeof(statistics)
};

/* Two sizes, because CBMC pays for each byte that an index may mean. */
void any_state(void)
{
    uint8_t small[RECORD_SIZE];
    uint8_t large[RECORD_SIZE_MOST];

    if (vm.statistics) {
        assume(vpsci_restore(&vm, large, vpsci_save_size(&vm)) == 0);
    } else {
        assume(vpsci_restore(&vm, small, sizeof(small)) == 0);
    }
}

void any_world(void)
{
    any_vm();
    any_state();
    remember();
}

void remember(void)
{
    old.vm = vm;
    for (uint32_t i = 0; i < VCPUS; i++) {
        old.vcpus[i] = vcpus(i);
        old.states[i] = state_of(i);
    }
    read_rows(old.rows);
}

/* The heads of domains have a version in bits 63:24, which a restore does not bring back. */
static void check_domains_counted(uint64_t before[VCPUS][ROW])
{
    for (uint32_t i = 0; i < VCPUS; i++) {
        for (uint32_t j = 0; j < ROW && j < vm.row_at[VPSCI_LEVEL_MAX]; j++) {
            bool head = j == vm.row_at[0] || j == vm.row_at[1] || j == vm.row_at[2];
            uint64_t differs = before[i][j] ^ vpsci__load(&vpsci__domain_row(&vm, i)[j]);

            check(head ? (differs & 0xffffff) == 0 : differs == 0,
                  "state: domains count what the words say");
        }
    }
}

/* Without statistics: no proof that changes the state has them. */
void check_state(void)
{
    static uint8_t record[RECORD_SIZE];
    uint64_t before[VCPUS][ROW];
    ptrdiff_t size = vpsci_save(&vm, record, sizeof(record));
    uint32_t count = 0;

    for (uint32_t i = 0; i < VCPUS; i++) {
        count += !vpsci__is_off(vpsci__load(&vcpus(i).word));
    }
    check(vpsci_on_count(&vm) == count, "state: the census counts the vCPUs that are not off");
    check(vpsci__journal_of(vpsci__load(&vm.census)) == VPSCI__NOBODY, "state: no journal");
    check(size == (ptrdiff_t)sizeof(record), "state: it can be saved");
    read_rows(before);
    check(vpsci_restore(&vm, record, sizeof(record)) == 0, "state: the record can be restored");
    check_domains_counted(before);
}

static bool cell_same(const struct vpsci__cell *is, const struct vpsci__cell *was)
{
    return vpsci__load(is) == vpsci__load(was);
}

void check_others_same(uint32_t one, uint32_t two)
{
    for (uint32_t i = 0; i < VCPUS; i++) {
        const struct vpsci_vcpu *is = &vcpus(i);
        const struct vpsci_vcpu *was = &old.vcpus[i];

        if (i == one || i == two) {
            continue;
        }
        check(cell_same(&is->word, &was->word), "frame: words of other vCPUs");
        check(cell_same(&is->entry, &was->entry) && cell_same(&is->context, &was->context) &&
                  cell_same(&is->form, &was->form),
              "frame: payloads of other vCPUs");
    }
}

void check_vm_same(unsigned except)
{
    check((except & CENSUS) || cell_same(&vm.census, &old.vm.census), "frame: census");
    check((except & SYSTEM) || cell_same(&vm.system, &old.vm.system), "frame: system");
    check((except & VERSION) ||
              (cell_same(&vm.version, &old.vm.version) && cell_same(&vm.offers, &old.vm.offers)),
          "frame: version");
    check((except & PROTECT) || cell_same(&vm.protect, &old.vm.protect), "frame: MEM_PROTECT");
    check((except & RESIDENT) || cell_same(&vm.resident, &old.vm.resident), "frame: Trusted OS");
}

static void check_domains_same(void)
{
    uint64_t now_in[VCPUS][ROW];

    read_rows(now_in);
    for (uint32_t i = 0; i < VCPUS; i++) {
        for (uint32_t j = 0; j < ROW; j++) {
            check(now_in[i][j] == old.rows[i][j], "frame: domains");
        }
    }
}

void check_same(void)
{
    check_vm_same(0);
    check_others_same(NOBODY, NOBODY);
    check_domains_same();
}

struct vpsci_outcome nondet_outcome(void);

/* Has the function an SMC64 form? */
static bool can_be_wide(enum vpsci_function function)
{
#define FUNCTION(name, handler, widths, since, arguments, starts, needs)                           \
    if (function == VPSCI_FN_##name) {                                                             \
        return (widths) > 1;                                                                       \
    }
#include "lib/functions.def"
    return false;
}

void any_call(enum vpsci_function function)
{
    caller = nondet_u32();
    assume(caller < VCPUS && vpsci__state_of(vpsci__load(&vcpus(caller).word)) == VPSCI__ON);
    guest.aarch32 = nondet_bool();
    guest.big_endian = nondet_bool();
    for (uint32_t i = 0; i < 3; i++) {
        guest.args[i] = nondet_u64();
    }
    call = (struct vpsci__invocation){.vm = &vm, .vcpu = &vcpus(caller), .call = &guest};
    call.out = &out;
    call.function = function;
    call.mask = !guest.aarch32 && can_be_wide(function) && nondet_bool() ? UINT64_MAX : UINT32_MAX;
    out = nondet_outcome();
    vpsci__begin_outcome(&out, VPSCI_RETURN);
}

bool is_entry(uint64_t address)
{
    bool thumb = guest.aarch32 && (address & 1);

    if (!thumb && (address & 3)) {
        return false;
    }
    return !vm.config.ops || !vm.config.ops->entry_is_valid || entry_answer;
}

void check_entry(const struct vpsci_vcpu *vcpu, uint64_t address, uint64_t context)
{
    bool thumb = guest.aarch32 && (address & 1);
    uint64_t form = vpsci__load(&vcpu->form);

    check(vpsci__load(&vcpu->entry) == address - thumb, "entry: address");
    check(vpsci__load(&vcpu->context) == context, "entry: context");
    check(!(form & VPSCI__FORM_THUMB) == !thumb, "entry: thumb");
    check(!(form & VPSCI__FORM_AARCH32) == !guest.aarch32, "entry: width");
    check(!(form & VPSCI__FORM_BIG_ENDIAN) == !guest.big_endian, "entry: endianness");
}

void check_refused(int64_t result, int64_t expected)
{
    check(result == expected, "result");
    check(out.action == VPSCI_RETURN && !out.start && !out.request.pending, "outcome");
    check_same();
}

void check_wait(enum vpsci_wait wait)
{
    check(out.action == VPSCI_WAIT && out.wait == wait && !out.start, "outcome: wait");
    check(out.request.pending == (wait == VPSCI_WAIT_ANSWER || wait == VPSCI_WAIT_STOPPED),
          "outcome: request");
}

/* What a core that is down asks of its domain of level 1. One that is off agrees to all. */
static uint32_t vote_of(uint32_t index)
{
    uint64_t word = vpsci__load(&vcpus(index).word);

    switch (vpsci__state_of(word)) {
    case VPSCI__STANDBY:
    case VPSCI__POWERDOWN:
        return vpsci__state_at(&vm, vpsci__detail_of(word), 1);
    default:
        return vpsci__is_down(word) ? vm.deepest[1] : (uint32_t)VPSCI_NO_STATE;
    }
}

void check_agreed(void)
{
    uint32_t first = vcpus(caller).domain[0];
    uint32_t agreed = vm.deepest[1];
    bool all = true;
    bool keep = false;

    if (vm.highest == 0) {
        return;
    }
    for (uint32_t i = 0; i < VCPUS; i++) {
        if (vcpus(i).domain[0] == first) {
            uint32_t vote = vote_of(i);

            all = all && vote != VPSCI_NO_STATE;
            agreed = vote < agreed ? vote : agreed;
            keep = keep || vpsci__state_of(vpsci__load(&vcpus(i).word)) == VPSCI__STANDBY;
        }
    }
    if (!all || (keep && vm.states[agreed].local == VPSCI_HW_OFF)) {
        agreed = VPSCI_NO_STATE;
    }
    check(vpsci__node_state(&vm, first, 1) == agreed, "domain: what the cores agree to");
}
