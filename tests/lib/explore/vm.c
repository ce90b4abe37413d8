/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm.h"

#include <stdio.h>
#include <string.h>

#define ENTRY_BASE   UINT64_C(0x10000)
#define CONTEXT_BASE UINT64_C(0xc0de0000)

static uint64_t read_clock(void *host)
{
    (void)host;
    return 1000;
}

static const struct vpsci_ops operations = {.now = read_clock};

static const struct vpsci_mpidr names[VCPU_MAX] = {{0}, {1}, {0x100}, {0x101}};

static uint32_t state_count_of(uint32_t flags)
{
    uint32_t count = flags & SYSTEM ? SPEC_STATES : SPEC_STATES_OF_CLUSTERS;

    return flags & DOMAINS ? count : 0;
}

struct vpsci_vm *vm_make(struct arena *arena, const struct scenario *scenario)
{
    struct vpsci_config config;
    struct vpsci_vm *vm = NULL;
    size_t size;

    config = (struct vpsci_config){
        .size = sizeof(struct vpsci_config),
        .vcpu_count = scenario->vcpu_count,
        .mpidrs = names,
        .capabilities = (VPSCI_CAP_MEM_PROTECT << 1) - 1,
        .options = (scenario->flags & ASKS ? VPSCI_OPTION_ASK_CPU_ON : 0) |
                   (scenario->flags & NO_ON_PENDING ? VPSCI_OPTION_NO_ON_PENDING : 0),
        .states = scenario->flags & DOMAINS ? spec_states : NULL,
        .state_count = state_count_of(scenario->flags),
        .domains = {spec_domain, NULL, NULL},
        .trusted_os =
            scenario->flags & TRUSTED_OS ? VPSCI_TRUSTED_OS_MIGRATABLE : VPSCI_TRUSTED_OS_NONE,
        .ops = &operations,
    };
    memset(arena, 0, sizeof(*arena));
    size = vpsci_size(&config);
    if (scenario->flags & STATISTICS) {
        config.statistics = (uint8_t *)arena->cells + size;
        config.statistics_size = sizeof(*arena) - size;
    }
    return vpsci_init(arena->cells, size, &config, &vm) ? NULL : vm;
}

/* ---- Payloads ----------------------------------------------------------------------------- */

/* Every part of a payload follows from the token, so that one made of parts of two shows. */
static bool is_aarch32(uint32_t token)
{
    return (token & 2) != 0;
}

static bool is_thumb(uint32_t token)
{
    return (token & 6) == 6;
}

static uint64_t address_of(uint32_t token)
{
    return ENTRY_BASE + (uint64_t)token * 0x100;
}

uint32_t vm_token_at(uint64_t address)
{
    return address ? (uint32_t)((address - ENTRY_BASE) / 0x100) : 0;
}

static uint8_t token_of(uint64_t address, uint64_t context)
{
    uint64_t token = (address - ENTRY_BASE) / 0x100;

    if (address == 0 && context == 0) {
        return 0;
    }
    return token < TOKEN_MIXED && address == address_of((uint32_t)token) &&
                   context == CONTEXT_BASE + token
               ? (uint8_t)token
               : TOKEN_MIXED;
}

static uint8_t token_of_entry(const struct vpsci_entry *entry)
{
    uint8_t token = token_of(entry->address.value, entry->context);

    return entry->aarch32 == is_aarch32(token) && entry->thumb == is_thumb(token) &&
                   entry->big_endian == ((token & 1) != 0)
               ? token
               : TOKEN_MIXED;
}

static uint8_t token_of_form(const struct vpsci_vcpu *vcpu, uint32_t function)
{
    uint8_t token = token_of(vpsci__load(&vcpu->entry), vpsci__load(&vcpu->context));
    uint64_t form = function | (is_aarch32(token) ? VPSCI__FORM_AARCH32 : 0) |
                    (is_thumb(token) ? VPSCI__FORM_THUMB : 0) |
                    (token & 1 ? VPSCI__FORM_BIG_ENDIAN : 0);

    return (vpsci__load(&vcpu->form) & 0xffff) == form ? token : TOKEN_MIXED;
}

/* SYSTEM_RESET2 has a type and a cookie instead. */
static uint8_t token_of_stop(uint64_t type, uint64_t cookie)
{
    if (type == 0 && cookie == 0) {
        return 0;
    }
    return type == (UINT32_C(1) << 31 | cookie) ? (uint8_t)cookie : TOKEN_MIXED;
}

/* ---- Calls -------------------------------------------------------------------------------- */

static void set_arguments(const struct vpsci_vm *vm, const struct action *action, uint64_t *args)
{
    uint64_t address = address_of(action->token) | is_thumb(action->token);
    uint64_t context = CONTEXT_BASE + action->token;

    switch (action->function) {
    case VPSCI_FN_CPU_ON:
        args[0] = names[action->argument].value;
        args[1] = address;
        args[2] = context;
        break;
    case VPSCI_FN_CPU_SUSPEND:
        args[0] = vm->states[action->argument].value;
        args[1] = address;
        args[2] = context;
        break;
    case VPSCI_FN_SYSTEM_SUSPEND:
    case VPSCI_FN_CPU_DEFAULT_SUSPEND:
        args[0] = address;
        args[1] = context;
        break;
    case VPSCI_FN_SYSTEM_RESET2:
        args[0] = UINT32_C(1) << 31 | action->token;
        args[1] = action->token;
        break;
    case VPSCI_FN_AFFINITY_INFO:
    case VPSCI_FN_MIGRATE:
        args[0] = names[action->argument].value;
        break;
    default:
        args[0] = action->argument;
        break;
    }
}

static void note_request(const struct vpsci_request *request, struct result *result)
{
    result->pending = request->pending;
    if (!request->pending) {
        return;
    }
    result->function = (uint8_t)request->function;
    result->target = (uint8_t)(request->target ? vpsci_vcpu_index(request->target) + 1 : 0);
    result->token = request->function == VPSCI_FN_SYSTEM_RESET2
                        ? token_of_stop(request->type, request->cookie)
                        : token_of(request->entry.value, request->context);
}

static void note_outcome(const struct vpsci_outcome *out, struct result *result)
{
    bool returns = out->action == VPSCI_RETURN || out->action == VPSCI_FOREIGN;

    *result = (struct result){
        .value = returns ? (int64_t)out->x0 : 0,
        .action = (uint8_t)out->action,
        .wait = (uint8_t)out->wait,
        .start = (uint8_t)(out->start ? vpsci_vcpu_index(out->start) + 1 : 0),
        .entry = out->action == VPSCI_ENTER ? token_of_entry(&out->entry) : 0,
    };
    note_request(&out->request, result);
}

static void do_call(struct vpsci_vm *vm, const struct action *action, struct result *result)
{
    struct vpsci_guest_call call = {.aarch32 = is_aarch32(action->token),
                                    .big_endian = (action->token & 1) != 0};
    struct vpsci_outcome out;

    call.function = VPSCI_FID_32 | action->function;
    if (!call.aarch32 && vpsci_function_name(VPSCI_FID_64 | action->function)) {
        call.function = VPSCI_FID_64 | action->function;
    }
    set_arguments(vm, action, call.args);
    vpsci_call(vpsci_vcpu_at(vm, action->vcpu), &call, &out);
    note_outcome(&out, result);
}

static void do_next(struct vpsci_vm *vm, const struct action *action, struct result *result)
{
    struct vpsci_outcome out;

    vpsci_next(vpsci_vcpu_at(vm, action->vcpu), &out);
    note_outcome(&out, result);
}

/* Saves, and puts the record into another VM: what it holds is to be what some moment held. */
static int64_t do_save(const struct vpsci_vm *vm)
{
    static uint8_t record[4096];
    ptrdiff_t size = vpsci_save(vm, record, sizeof(record));

    return size < 0 ? size : vm_record_digest(vm, record, (size_t)size);
}

void vm_do(struct vpsci_vm *vm, const struct action *action, struct result *result)
{
    struct vpsci_vcpu *vcpu = vpsci_vcpu_at(vm, action->vcpu);

    *result = (struct result){0};
    switch (action->kind) {
    case DO_CALL:
        do_call(vm, action, result);
        break;
    case DO_NEXT:
        do_next(vm, action, result);
        break;
    case DO_MP_SET:
        result->value = vpsci_mp_state_set(vcpu, (enum vpsci_mp_state)action->argument);
        break;
    case DO_WAKE:
        result->value = vpsci_wake(vcpu);
        break;
    case DO_ACCEPT:
        result->value = vpsci_answer(vcpu, VPSCI_SUCCESS);
        break;
    case DO_REFUSE:
        result->value = vpsci_answer(vcpu, VPSCI_DENIED);
        break;
    case DO_STATE:
        result->value = vpsci_vcpu_state(vcpu);
        break;
    case DO_COUNT:
        result->value = vpsci_on_count(vm);
        break;
    default:
        result->value = do_save(vm);
        break;
    }
}

/* ---- What is in memory -------------------------------------------------------------------- */

static bool project_vcpu(const struct vpsci_vcpu *vcpu, struct spec_vcpu *spec)
{
    static const uint8_t functions[VPSCI__SAVED_COUNT] = {
        [VPSCI__STARTING] = VPSCI_FN_CPU_ON,
        [VPSCI__PENDING] = VPSCI_FN_CPU_ON,
        [VPSCI__SUSPEND_ASKED] = VPSCI_FN_SYSTEM_SUSPEND,
        [VPSCI__SUSPENDED] = VPSCI_FN_SYSTEM_SUSPEND,
    };
    uint64_t word = vpsci__load(&vcpu->word);
    uint64_t form = vpsci__load(&vcpu->form);
    enum vpsci__state state = vpsci__state_of(word);

    /* The numbers of the states are the same: they are those of the saved record. */
    *spec = (struct spec_vcpu){.state = (uint8_t)state,
                               .code = (uint8_t)vpsci__code_of(word),
                               .detail = (uint8_t)vpsci__detail_of(word),
                               .wake = word & VPSCI__WAKE ? WOKEN : NOT_WOKEN};
    if (state >= VPSCI__SAVED_COUNT || (word & VPSCI__UNSETTLED)) {
        return false;
    }
    if (state == VPSCI__ASKING) {
        spec->function = (uint8_t)form;
        spec->peer = (uint8_t)(form >> 16);
    } else if (state == VPSCI__POWERDOWN) {
        spec->token = token_of_form(vcpu, (uint8_t)form);
    } else if (functions[state]) {
        spec->token = token_of_form(vcpu, functions[state]);
    }
    return true;
}

const char *vm_project(const struct vpsci_vm *vm, struct spec *spec)
{
    static const uint8_t stages[] = {STAGE_RUNNING, STAGE_ASKED, STAGE_ASKED, STAGE_STOPPED};
    uint64_t system = vpsci__load(&vm->system);
    uint32_t actor = vpsci__actor_of(system);
    uint32_t i;

    *spec = (struct spec){
        .vcpu_count = (uint8_t)vm->vcpu_count,
        .flags =
            (uint8_t)((vm->config.options & VPSCI_OPTION_ASK_CPU_ON ? ASKS : 0) |
                      (vm->config.options & VPSCI_OPTION_NO_ON_PENDING ? NO_ON_PENDING : 0) |
                      (vm->highest > 0 ? DOMAINS : 0) | (vm->highest > 1 ? SYSTEM : 0) |
                      (vm->statistics ? STATISTICS : 0) | (vm->config.trusted_os ? TRUSTED_OS : 0)),
        .stage = stages[vpsci__stage_of(system)],
        .actor = NO_ACTOR,
        .protect = (uint8_t)vpsci__load(&vm->protect),
        .resident = (uint8_t)vpsci__load(&vm->resident),
        .os_initiated = (system & VPSCI__OS_INITIATED) != 0,
        .mode_used = (system & VPSCI__MODE_USED) != 0,
    };
    for (i = 0; i < vm->vcpu_count; i++) {
        if (!project_vcpu(vpsci__vcpu(vm, i), &spec->vcpus[i])) {
            return "a vCPU is half way through a change, and no thread is in it";
        }
    }
    if (spec->stage == STAGE_ASKED) {
        const struct vpsci_vcpu *vcpu = vpsci__vcpu(vm, actor);

        spec->actor = (uint8_t)actor;
        spec->function = (uint8_t)vpsci__load(&vcpu->form);
        spec->token = token_of_stop(vpsci__load(&vcpu->entry), vpsci__load(&vcpu->context));
    }
    return NULL;
}

/* The entry of a level that a core which is down agrees to. */
static uint32_t vote_of(const struct spec_vcpu *vcpu, uint32_t level)
{
    uint32_t entry = vcpu->detail;

    if (vcpu->state != S_STANDBY && vcpu->state != S_POWERDOWN) {
        return 2 * level + 1;
    }
    while (spec_states[entry].level > level) {
        entry = spec_states[entry].below;
    }
    return spec_states[entry].level == level ? entry : VPSCI_NO_STATE;
}

static bool is_member(uint32_t vcpu, uint32_t first, uint32_t level)
{
    return level > 1 || spec_domain[vcpu] == first;
}

/* NO_STATE is a large number: one that does not agree. */
static uint32_t agree(uint32_t one, uint32_t other)
{
    if (one == VPSCI_NO_STATE || other == VPSCI_NO_STATE) {
        return VPSCI_NO_STATE;
    }
    return one < other ? one : other;
}

/* What is down is so with all that is beneath it; and if it is off, with nothing in standby. */
static bool beneath_is_right(const struct vpsci_vm *vm, uint32_t level, uint32_t entry)
{
    uint32_t i;

    for (i = 0; level > 1 && entry != VPSCI_NO_STATE && i < vm->vcpu_count; i++) {
        uint32_t its = vpsci__node_state(vm, spec_domain[i], level - 1);

        if (its == VPSCI_NO_STATE || spec_states[its].local > spec_states[entry].local) {
            return false;
        }
    }
    return true;
}

/* The domain that begins with vCPU `first`: down, into what all agree to, or up. In OS-initiated
 * mode that depends on which core was last; but no core in it may be up. */
static bool domain_is_right(const struct vpsci_vm *vm, const struct spec *spec, uint32_t first,
                            uint32_t level)
{
    uint32_t entry = vpsci__node_state(vm, first, level);
    uint32_t agreed = 2 * level + 1;
    uint32_t i;

    for (i = first; i < spec->vcpu_count && is_member(i, first, level); i++) {
        uint32_t vote = vote_of(&spec->vcpus[i], level);

        if (!spec_is_down(&spec->vcpus[i])) {
            return entry == VPSCI_NO_STATE;
        }
        agreed = agree(agreed, vote);
    }
    return (spec->os_initiated || entry == agreed) && beneath_is_right(vm, level, entry);
}

static bool domains_are_right(const struct vpsci_vm *vm, const struct spec *spec)
{
    uint32_t level;
    uint32_t i;

    for (level = 1; level <= vm->highest; level++) {
        for (i = 0; i < vm->vcpu_count; i++) {
            if (vpsci__vcpu(vm, i)->domain[level - 1] == i &&
                !domain_is_right(vm, spec, i, level)) {
                return false;
            }
        }
    }
    return true;
}

static uint32_t up_in(const struct vpsci_vm *vm, uint32_t vcpu, uint32_t level)
{
    uint32_t first = vpsci__vcpu(vm, vcpu)->domain[level - 1];

    return vpsci__load(&vpsci__domain_row(vm, first)[vm->row_at[level - 1]]) & 0xffff;
}

static bool is_off_above_standby(const struct vpsci_vm *vm, uint32_t vcpu, uint32_t level)
{
    const struct vpsci_vcpu *core = vpsci__vcpu(vm, vcpu);
    uint32_t entry = vpsci__node_state(vm, core->domain[level - 1], level);

    return entry != VPSCI_NO_STATE && vm->states[entry].local == VPSCI_HW_OFF &&
           vpsci__state_of(vpsci__load(&core->word)) == VPSCI__STANDBY;
}

const char *vm_check_step(const struct vpsci_vm *vm)
{
    uint32_t level;
    uint32_t i;

    for (level = 1; level <= vm->highest; level++) {
        for (i = 0; i < vm->vcpu_count; i++) {
            if (is_off_above_standby(vm, i, level)) {
                return "a domain is off above a core in standby";
            }
            if (level > 1 && up_in(vm, i, level) == 0 && up_in(vm, i, level - 1) > 0) {
                return "a domain is down with one beneath it that is up";
            }
        }
    }
    return NULL;
}

/* A VM for records, beside the one that is explored. */
static struct arena other_arena;

int64_t vm_record_digest(const struct vpsci_vm *vm, const uint8_t *record, size_t size)
{
    struct vpsci_vm *other = NULL;
    struct vpsci_config config = vm->config;
    struct spec spec;
    int error;

    explore_quietly(true);
    if (config.statistics) {
        config.statistics = (uint8_t *)other_arena.cells + vpsci_size(&config);
    }
    error = vpsci_init(other_arena.cells, vpsci_size(&config), &config, &other);
    error = error ? error : vpsci_restore(other, record, size);
    if (!error && (vm_project(other, &spec) || !domains_are_right(other, &spec))) {
        error = VPSCI_E_IMPOSSIBLE;
    }
    explore_quietly(false);
    return error ? error : spec_digest(&spec);
}

/* What domains count is what vpsci_restore() has just counted from the record, in the VM beside this
 * one: all cells but the version in a head. */
static bool counts_are_right(const struct vpsci_vm *vm)
{
    const struct vpsci_vm *other = (const struct vpsci_vm *)other_arena.cells;
    uint32_t cells = vm->row_at[VPSCI_LEVEL_MAX];
    uint32_t i;

    for (i = 0; i < cells * vm->vcpu_count; i++) {
        uint32_t at = i % cells;
        bool is_head = at == 0 || at == vm->row_at[1] || at == vm->row_at[2];
        uint64_t difference = vpsci__load(&vpsci__domain_row(vm, 0)[i]) ^
                              vpsci__load(&vpsci__domain_row(other, 0)[i]);

        if (difference & (is_head ? 0xffffff : UINT64_MAX)) {
            return false;
        }
    }
    return true;
}

const char *vm_check_quiet(const struct vpsci_vm *vm, struct spec *spec)
{
    static uint8_t record[4096];
    const char *wrong = vm_project(vm, spec);
    uint64_t census = vpsci__load(&vm->census);
    ptrdiff_t size;

    if (wrong) {
        return wrong;
    }
    if (vpsci__count_of(census) != spec_count(spec)) {
        return "the count is not that of the vCPUs that are not off";
    }
    if (vpsci__journal_of(census) != VPSCI__NOBODY) {
        return "a vCPU is left in the journal";
    }
    if (!domains_are_right(vm, spec)) {
        return "a domain is not in the state that its cores say";
    }
    size = vpsci_save(vm, record, sizeof(record));
    if (size < 0 || vm_record_digest(vm, record, (size_t)size) != spec_digest(spec)) {
        return "what is saved is not what is";
    }
    return counts_are_right(vm) ? NULL : "a domain counts what is not so";
}

/* The head, the counts or the votes of a domain. */
static void name_domain_cell(const struct vpsci_vm *vm, uint32_t index, char *text, size_t size)
{
    static const char *const cells_of[] = {"head", "counts", "votes"};
    size_t start = (size_t)(vpsci__domain_row(vm, 0) - (const struct vpsci__cell *)vm);
    size_t cells = vm->row_at[VPSCI_LEVEL_MAX];
    size_t at = cells ? (index - start) % cells : 0;
    uint32_t level;

    if (index < start || index >= start + cells * vm->vcpu_count) {
        return;
    }
    for (level = 1; at >= vm->row_at[level]; level++) {
    }
    at -= vm->row_at[level - 1];
    (void)snprintf(text, size, "%s of level %u of vCPU %zu", cells_of[at < 2 ? at : 2],
                   (unsigned)level, (index - start) / cells);
}

void vm_cell_name(const struct vpsci_vm *vm, uint32_t index, char *text, size_t size)
{
    static const struct {
        size_t offset;
        const char *name;
    } of_vm[] = {
        {offsetof(struct vpsci_vm, census), "census"},
        {offsetof(struct vpsci_vm, system), "system"},
        {offsetof(struct vpsci_vm, version), "version"},
        {offsetof(struct vpsci_vm, offers), "offers"},
        {offsetof(struct vpsci_vm, protect), "protect"},
        {offsetof(struct vpsci_vm, resident), "resident"},
    };
    static const char *const of_vcpu[] = {"word", "entry", "context", "form"};
    size_t start = sizeof(*vm) / 8;
    size_t each = sizeof(struct vpsci_vcpu) / 8;
    size_t i;

    (void)snprintf(text, size, "cell %u", index);
    for (i = 0; i < sizeof(of_vm) / sizeof(of_vm[0]); i++) {
        if (of_vm[i].offset == index * sizeof(uint64_t)) {
            (void)snprintf(text, size, "%s", of_vm[i].name);
        }
    }
    if (index >= start && index < start + each * vm->vcpu_count) {
        (void)snprintf(text, size, "%s of vCPU %zu", of_vcpu[(index - start) % each],
                       (index - start) / each);
    }
    name_domain_cell(vm, index, text, size);
}
