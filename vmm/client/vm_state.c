/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/vm_state.h"
#include "base/clean.h"

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

static void state_take_status(struct vm_state *state, const json_t *value)
{
    const char *word = json_string_value(json_object_get(value, "status"));

    clean_copy(state->word, sizeof(state->word), word != NULL ? word : "unknown");
}

static int64_t read_count(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value)
                                                                    : -1;
}

static void state_take_power(struct vm_state *state, const json_t *value)
{
    state->state_ms = read_count(json_object_get(value, "state-ms"));
    state->wakes = read_count(json_object_get(value, "wakes"));
}

static void state_take_wake(struct vm_state *state, const json_t *value)
{
    state->can_wake = json_incref(json_object_get(value, "wakeup-suspend-support"));
}

static void state_take_vcpus(struct vm_state *state, const json_t *value)
{
    const json_t *vcpu;
    size_t i;

    state->vcpus = json_array();
    json_array_foreach(value, i, vcpu)
    {
        const char *word = json_string_value(json_object_get(vcpu, "x-dormouse-state"));

        json_array_append_new(state->vcpus, json_string(word != NULL ? word : "unknown"));
    }
}

/* The first one has to be answered. A dormouse before 1.1 does not know the second one. */
static const struct state_question {
    const char *command;
    void (*take)(struct vm_state *state, const json_t *value);
} state_questions[] = {
    {"query-status", state_take_status},
    {"x-dormouse-query-power", state_take_power},
    {"query-current-machine", state_take_wake},
    {"query-cpus-fast", state_take_vcpus},
};

static size_t state_question_count(const struct vm_state *state)
{
    size_t count = sizeof(state_questions) / sizeof(state_questions[0]);

    return state->all ? count : count - 1;
}

static void state_begin(struct vm_state *state, const struct vm *vm, int64_t deadline)
{
    size_t count = state_question_count(state);

    state->asked = qmp_ask_begin(&state->ask, vm->qmp, NULL, deadline);
    for (size_t i = 0; i < count && state->asked == ASK_DONE; i++) {
        state->asked = qmp_ask_send(&state->ask, state_questions[i].command, deadline);
    }
}

/* Returns how the first question ended. After an answer that is late the next one would be taken for it. */
static enum ask_result state_take_answers(struct vm_state *state, int64_t deadline)
{
    enum ask_result first = ASK_DONE;
    enum ask_result result = ASK_DONE;
    size_t count = state_question_count(state);

    for (size_t i = 0; i < count && (result == ASK_DONE || result == ASK_REFUSED); i++) {
        json_t *value = NULL;

        result = qmp_ask_reply(&state->ask, deadline, &value);
        if (result == ASK_DONE) {
            state_questions[i].take(state, value);
        }
        json_decref(value);
        first = i == 0 ? result : first;
    }
    return first;
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

void vm_state_ask(struct vm_state *state, const struct vm *vm, bool all)
{
    *state = (struct vm_state){
        .state_ms = -1, .wakes = -1, .ask = {.fd = -1}, .asked = ASK_GONE, .all = all};
    if (vm->running) {
        state->resident = read_resident(vm_pid(vm));
        state_begin(state, vm, 0);
    }
}

/* A VM that had no room for a connection is asked again. */
enum ask_result vm_state_read(struct vm_state *state, const struct vm *vm, int64_t deadline)
{
    if (state->asked == ASK_LATE) {
        qmp_ask_close(&state->ask);
        state_begin(state, vm, deadline);
    }
    enum ask_result result = state->asked;
    if (result == ASK_DONE) {
        result = qmp_ask_greet(&state->ask, deadline);
    }
    if (result == ASK_DONE) {
        result = state_take_answers(state, deadline);
    }
    if (result != ASK_DONE) {
        (void)snprintf(state->word, sizeof(state->word), "%s", word_without_answer(result));
    }
    qmp_ask_close(&state->ask);
    return result;
}

void vm_state_free(struct vm_state *state)
{
    json_decref(state->vcpus);
    json_decref(state->can_wake);
    qmp_ask_close(&state->ask);
    *state = (struct vm_state){.ask = {.fd = -1}};
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
