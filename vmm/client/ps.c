/* SPDX-License-Identifier: BSD-2-Clause */
/* Verbs that show VMs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/report.h"
#include "client/ps.h"
#include "client/verb.h"
#include "client/vm_state.h"

static json_t *ps_object(const struct vm *vm, const struct vm_state *state)
{
    json_t *object = vm->record != NULL ? json_deep_copy(vm->record) : json_object();

    json_object_set_new(object, "name", json_string(vm->name));
    json_object_set_new(object, "qmp", json_string(vm->qmp));
    json_object_set_new(object, "state", json_string(state->word));
    if (state->resident != 0) {
        json_object_set_new(object, "resident", json_integer((json_int_t)state->resident));
    }
    if (state->state_ms >= 0) {
        json_object_set_new(object, "state-ms", json_integer(state->state_ms));
    }
    if (state->wakes >= 0) {
        json_object_set_new(object, "wakes", json_integer(state->wakes));
    }
    if (json_is_boolean(state->can_wake)) {
        json_object_set(object, "can-wake", state->can_wake);
    }
    if (state->vcpus != NULL) {
        json_object_set(object, "vcpus", state->vcpus);
    }
    if (!vm->running) {
        json_object_del(object, "pid");
    }
    return object;
}

void ps_print_heading(void)
{
    (void)printf("%-20s  %-12s  %8s  %6s  %8s  %11s", "NAME", "STATE", "FOR", "WAKES", "PID",
                 "MEMORY");
}

static void ps_print(const struct vm *vm, const struct vm_state *state)
{
    char time[24] = "-";
    char wakes[24] = "-";
    char pid[24] = "-";
    char resident[24] = "-";

    if (state->state_ms >= 0) {
        vm_state_time(time, sizeof(time), state->state_ms);
    }
    if (state->wakes >= 0) {
        (void)snprintf(wakes, sizeof(wakes), "%lld", (long long)state->wakes);
    }
    if (vm_pid(vm) != 0) {
        (void)snprintf(pid, sizeof(pid), "%ld", vm_pid(vm));
    }
    if (state->resident != 0) {
        vm_state_size(resident, sizeof(resident), state->resident);
    }
    (void)printf("%-20s  %-12s  %8s  %6s  %8s  %11s", vm->name, state->word, time, wakes, pid,
                 resident);
}

void ps_print_vm(const struct vm *vm, int64_t deadline)
{
    struct vm_state state;

    (void)vm_state_read(&state, vm, false, deadline);
    ps_print(vm, &state);
    vm_state_free(&state);
}

static void ps_print_object(const struct vm *vm, int64_t deadline)
{
    struct vm_state state;

    (void)vm_state_read(&state, vm, false, deadline);
    (void)verb_print(ps_object(vm, &state));
    vm_state_free(&state);
}

/* A VM that has ended, or that another user has, is no failure of the command. */
int ps_run(const struct verb *verb, const struct vm_list *list,
           const struct verb_settings *settings)
{
    if (!settings->json) {
        ps_print_heading();
        (void)putchar('\n');
    }
    for (size_t i = 0; i < list->count; i++) {
        if (settings->json) {
            ps_print_object(&list->vms[i], verb_deadline(verb, settings));
        } else {
            ps_print_vm(&list->vms[i], verb_deadline(verb, settings));
            (void)putchar('\n');
        }
    }
    return VERB_DONE;
}

static void status_line(const char *what, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        char clean[512];

        qmp_ask_clean(clean, sizeof(clean), value);
        (void)printf("  %-9s %s\n", what, clean);
    }
}

static void status_vcpus(const struct vm_state *state)
{
    const json_t *vcpu;
    size_t i;

    if (state->vcpus == NULL) {
        return;
    }
    (void)printf("  %-9s", "vCPUs");
    json_array_foreach(state->vcpus, i, vcpu)
    {
        char clean[32];

        qmp_ask_clean(clean, sizeof(clean), json_string_value(vcpu));
        (void)printf("%s %s", i == 0 ? "" : ",", clean);
    }
    (void)putchar('\n');
}

static void status_life(const struct vm_state *state)
{
    char text[24];

    if (state->state_ms >= 0) {
        vm_state_time(text, sizeof(text), state->state_ms);
        status_line("for", text);
    }
    if (state->wakes >= 0) {
        (void)snprintf(text, sizeof(text), "%lld", (long long)state->wakes);
        status_line("wakes", text);
    }
}

static void status_print(const struct vm *vm, const struct vm_state *state)
{
    (void)printf("%s: %s\n", vm->name, state->word);
    status_life(state);
    if (vm_pid(vm) != 0) {
        char resident[24];

        vm_state_size(resident, sizeof(resident), state->resident);
        (void)printf("  %-9s %ld, %s of memory\n", "process", vm_pid(vm), resident);
    }
    status_vcpus(state);
    status_line("QMP", vm->qmp);
    status_line("console", vm_text(vm, vm_text(vm, "pty") != NULL ? "pty" : "console"));
    status_line("events", vm_text(vm, "events"));
    status_line("vsock", vm_text(vm, "vsock"));
    status_line("ssh", vm_text(vm, "ssh"));
}

int status_run(const struct verb *verb, const struct vm_list *list,
               const struct verb_settings *settings)
{
    int worst = VERB_DONE;

    for (size_t i = 0; i < list->count; i++) {
        const struct vm *vm = &list->vms[i];
        struct vm_state state;

        enum ask_result result = vm_state_read(&state, vm, true, verb_deadline(verb, settings));
        if (settings->json) {
            (void)verb_print(ps_object(vm, &state));
        } else {
            status_print(vm, &state);
        }
        worst = verb_exit(result) > worst ? verb_exit(result) : worst;
        vm_state_free(&state);
    }
    return worst;
}
