/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/vm_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint64_t read_resident(long pid)
{
    char path[48];
    char line[128];
    unsigned long long kib = 0;

    (void)snprintf(path, sizeof(path), "/proc/%ld/status", pid);
    FILE *file = pid > 0 ? fopen(path, "re") : NULL;
    while (file != NULL && kib == 0 && fgets(line, sizeof(line), file) != NULL) {
        (void)sscanf(line, "VmRSS: %llu kB", &kib);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kib * 1024;
}

static enum ask_result state_ask_status(struct vm_state *state, struct qmp_ask *ask,
                                        int64_t deadline)
{
    json_t *value;
    enum ask_result result = qmp_ask(ask, "query-status", NULL, deadline, &value);

    if (result != ASK_DONE) {
        return result;
    }
    const char *word = json_string_value(json_object_get(value, "status"));
    qmp_ask_clean(state->word, sizeof(state->word), word != NULL ? word : "unknown");
    json_decref(value);
    return ASK_DONE;
}

static int64_t read_count(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value)
                                                                    : -1;
}

/* A dormouse before 1.1 does not know it. */
static void state_ask_power(struct vm_state *state, struct qmp_ask *ask, int64_t deadline)
{
    json_t *value;

    if (qmp_ask(ask, "x-dormouse-query-power", NULL, deadline, &value) != ASK_DONE) {
        return;
    }
    state->state_ms = read_count(json_object_get(value, "state-ms"));
    state->wakes = read_count(json_object_get(value, "wakes"));
    json_decref(value);
}

static void state_ask_wake(struct vm_state *state, struct qmp_ask *ask, int64_t deadline)
{
    json_t *value;

    if (qmp_ask(ask, "query-current-machine", NULL, deadline, &value) == ASK_DONE) {
        state->can_wake = json_incref(json_object_get(value, "wakeup-suspend-support"));
        json_decref(value);
    }
}

static void state_ask_vcpus(struct vm_state *state, struct qmp_ask *ask, int64_t deadline)
{
    json_t *value;
    const json_t *vcpu;
    size_t i;

    if (qmp_ask(ask, "query-cpus-fast", NULL, deadline, &value) != ASK_DONE) {
        return;
    }
    state->vcpus = json_array();
    json_array_foreach(value, i, vcpu)
    {
        const char *word = json_string_value(json_object_get(vcpu, "x-dormouse-state"));

        json_array_append_new(state->vcpus, json_string(word != NULL ? word : "unknown"));
    }
    json_decref(value);
}

static const char *word_without_answer(enum ask_result result)
{
    switch (result) {
    case ASK_GONE:
        return "not running";
    case ASK_LATE:
        return "no answer";
    default:
        return "no access";
    }
}

enum ask_result vm_state_read(struct vm_state *state, const struct vm *vm, bool all,
                              int64_t deadline)
{
    struct qmp_ask ask = {.fd = -1};
    enum ask_result result = ASK_GONE;

    *state = (struct vm_state){.state_ms = -1, .wakes = -1};
    if (vm->running) {
        state->resident = read_resident(vm_pid(vm));
        result = qmp_ask_open(&ask, vm->qmp, deadline);
    }
    if (result == ASK_DONE) {
        result = state_ask_status(state, &ask, deadline);
    }
    if (result == ASK_DONE) {
        state_ask_power(state, &ask, deadline);
        state_ask_wake(state, &ask, deadline);
    }
    if (result == ASK_DONE && all) {
        state_ask_vcpus(state, &ask, deadline);
    }
    if (result != ASK_DONE) {
        (void)snprintf(state->word, sizeof(state->word), "%s", word_without_answer(result));
    }
    qmp_ask_close(&ask);
    return result;
}

void vm_state_free(struct vm_state *state)
{
    json_decref(state->vcpus);
    json_decref(state->can_wake);
    *state = (struct vm_state){0};
}

void vm_state_size(char *text, size_t size, uint64_t bytes)
{
    uint64_t tenths = (bytes * 10 + (1 << 19)) >> 20;

    (void)snprintf(text, size, "%" PRIu64 ".%" PRIu64 " MiB", tenths / 10, tenths % 10);
}

/* The two greatest units. */
void vm_state_time(char *text, size_t size, int64_t milliseconds)
{
    static const struct {
        int64_t seconds;
        char letter;
    } units[] = {{24 * 60 * 60, 'd'}, {60 * 60, 'h'}, {60, 'm'}, {1, 's'}};
    enum { UNITS = sizeof(units) / sizeof(units[0]) };
    int64_t seconds = milliseconds / 1000;
    size_t i = 0;

    while (i + 1 < UNITS && seconds < units[i].seconds) {
        i++;
    }
    int length = snprintf(text, size, "%" PRId64 "%c", seconds / units[i].seconds, units[i].letter);
    if (i + 1 < UNITS && (size_t)length < size) {
        (void)snprintf(text + length, size - (size_t)length, " %" PRId64 "%c",
                       seconds % units[i].seconds / units[i + 1].seconds, units[i + 1].letter);
    }
}
