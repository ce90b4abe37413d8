/* SPDX-License-Identifier: BSD-2-Clause */
/* Verbs that show VMs: of many VMs some are asked, then the answer of each is shown. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/clock.h"
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

struct ps_view {
    bool all; /* vCPUs are asked for, too */
    void (*show)(const struct vm *vm, const struct vm_state *state, const char *end);
    const char *end; /* of a line */
};

/* VMs that are asked at once: each takes a descriptor. */
enum { PS_AT_ONCE = 256 };

/* Returns the highest exit status of the VMs. */
static int ps_view_some(const struct ps_view *view, const struct vm *vms, struct vm_state *states,
                        size_t count, int64_t deadline)
{
    enum { TURN_MS = 100 };
    int worst = VERB_DONE;

    for (size_t i = 0; i < count; i++) {
        vm_state_ask(&states[i], &vms[i], view->all);
    }
    for (size_t i = 0; i < count; i++) {
        int status = verb_exit(vm_state_read(&states[i], &vms[i], verb_turn(deadline, TURN_MS)));

        view->show(&vms[i], &states[i], view->end);
        vm_state_free(&states[i]);
        worst = status > worst ? status : worst;
    }
    return worst;
}

/* Returns the highest exit status of the VMs, or -ENOMEM after a report(). */
static int ps_view_all(const struct ps_view *view, const struct verb *verb,
                       const struct vm_list *list, const struct verb_settings *settings)
{
    struct vm_state *states = calloc(PS_AT_ONCE, sizeof(*states));
    int worst = VERB_DONE;

    if (states == NULL) {
        report("%s: %s", verb_word(verb), strerror(ENOMEM));
        return -ENOMEM;
    }
    for (size_t i = 0; i < list->count; i += PS_AT_ONCE) {
        size_t left = list->count - i;
        int status =
            ps_view_some(view, &list->vms[i], states, left < PS_AT_ONCE ? left : PS_AT_ONCE,
                         verb_deadline(verb, settings));

        worst = status > worst ? status : worst;
    }
    free(states);
    return worst;
}

static void ps_show_line(const struct vm *vm, const struct vm_state *state, const char *end)
{
    ps_print(vm, state);
    (void)fputs(end, stdout);
}

static void ps_show_object(const struct vm *vm, const struct vm_state *state, const char *end)
{
    (void)end;
    (void)verb_print(ps_object(vm, state));
}

bool ps_print_vms(const struct verb *verb, const struct vm_list *list,
                  const struct verb_settings *settings, const char *end)
{
    const struct ps_view view = {.show = ps_show_line, .end = end};

    return ps_view_all(&view, verb, list, settings) >= 0;
}

/* An empty table would say that there are no VMs. */
static void ps_tell_unreadable(const struct verb *verb, const struct vm_list *list)
{
    if (list->unreadable == 1) {
        report("%s: a VM of another user is not shown", verb_word(verb));
    } else if (list->unreadable > 1) {
        report("%s: %zu VMs of other users are not shown", verb_word(verb), list->unreadable);
    }
}

/* A VM that has ended, or that another user has, is no failure of the command. */
int ps_run(const struct verb *verb, const struct vm_list *list,
           const struct verb_settings *settings)
{
    const struct ps_view view = {.show = settings->json ? ps_show_object : ps_show_line,
                                 .end = "\n"};

    if (!settings->json) {
        ps_print_heading();
        (void)putchar('\n');
    }
    int worst = ps_view_all(&view, verb, list, settings);
    (void)fflush(stdout);
    ps_tell_unreadable(verb, list);
    return worst >= 0 ? VERB_DONE : VERB_FAILED;
}

static void status_line(const char *what, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        char clean[512];

        clean_copy(clean, sizeof(clean), value);
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

        clean_copy(clean, sizeof(clean), json_string_value(vcpu));
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

static void status_show(const struct vm *vm, const struct vm_state *state, const char *end)
{
    (void)end;
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
    const struct ps_view view = {.all = true,
                                 .show = settings->json ? ps_show_object : status_show};
    int worst = ps_view_all(&view, verb, list, settings);

    return worst >= 0 ? worst : VERB_FAILED;
}
