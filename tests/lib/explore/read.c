/* SPDX-License-Identifier: BSD-2-Clause */
/* From the words of a scenario to actions. */
#include <stdio.h>
#include <string.h>

#include "scenario.h"

/* A part of a string. */
struct words {
    const char *at;
    const char *end;
};

/* Takes off what comes before `separator`, and the spaces around it. */
static struct words take_words(struct words *from, char separator)
{
    const char *found = memchr(from->at, separator, (size_t)(from->end - from->at));
    struct words taken = {from->at, found ? found : from->end};

    from->at = found ? found + 1 : from->end;
    while (taken.at < taken.end && *taken.at == ' ') {
        taken.at++;
    }
    while (taken.end > taken.at && taken.end[-1] == ' ') {
        taken.end--;
    }
    return taken;
}

/* Reads "on 1, off". Every action gets a token of its own, from `token` up. */
static bool read_actions(struct words words, uint8_t vcpu, uint32_t token, struct script *script)
{
    while (words.at < words.end) {
        struct words one = take_words(&words, ',');
        struct action *action = &script->actions[script->count];

        action->vcpu = vcpu;
        if (script->count == ACTION_MAX ||
            !action_read(one.at, (size_t)(one.end - one.at), action)) {
            return false;
        }
        action->token = (uint8_t)(token + script->count++);
    }
    return true;
}

/* Reads a thread, of what it may do alternative number `which`. */
static bool read_thread(struct words words, uint32_t which, uint32_t token, struct script *script)
{
    struct words name = take_words(&words, ':');
    struct words chosen = take_words(&words, '|');
    bool owns = name.at < name.end && *name.at >= '0' && *name.at < '0' + VCPU_MAX;

    *script = (struct script){.count = 0};
    if ((size_t)(name.end - name.at) >= sizeof(script->name)) {
        return false;
    }
    memcpy(script->name, name.at, (size_t)(name.end - name.at));
    while (which-- > 0) {
        chosen = take_words(&words, '|');
    }
    return read_actions(chosen, (uint8_t)(owns ? *name.at - '0' : VCPU_MAX), token, script);
}

static bool is_possible(const struct scenario *scenario, const struct script *script)
{
    uint8_t i;

    for (i = 0; i < script->count; i++) {
        const struct action *action = &script->actions[i];

        if (action->kind != DO_COUNT && action->kind != DO_SAVE &&
            action->vcpu >= scenario->vcpu_count) {
            return false;
        }
    }
    return true;
}

static bool read_setup(const struct scenario *scenario, struct program *program)
{
    struct words words = {scenario->setup, scenario->setup + strlen(scenario->setup)};

    while (words.at < words.end) {
        uint32_t token = THREAD_MAX * ACTION_MAX + 1 + program->setup_count;
        struct script step;

        if (!read_thread(take_words(&words, ';'), 0, token, &step) ||
            !is_possible(scenario, &step) || program->setup_count + step.count > SETUP_MAX) {
            return false;
        }
        memcpy(&program->setup[program->setup_count], step.actions,
               step.count * sizeof(step.actions[0]));
        program->setup_count += step.count;
    }
    return true;
}

static uint32_t count_alternatives(const char *text)
{
    uint32_t count = 1;

    while ((text = strchr(text, '|'))) {
        text++;
        count++;
    }
    return count;
}

uint32_t scenario_combinations(const struct scenario *scenario)
{
    uint32_t product = 1;
    uint32_t i;

    for (i = 0; i < THREAD_MAX && scenario->threads[i]; i++) {
        product *= count_alternatives(scenario->threads[i]);
    }
    return product;
}

bool scenario_read(const struct scenario *scenario, uint32_t combination, struct program *program)
{
    uint32_t i;

    *program = (struct program){.scenario = scenario};
    if (!read_setup(scenario, program)) {
        (void)fprintf(stderr, "%s: '%s' is no setup\n", scenario->name, scenario->setup);
        return false;
    }
    for (i = 0; i < THREAD_MAX && scenario->threads[i]; i++) {
        const char *text = scenario->threads[i];
        struct words words = {text, text + strlen(text)};
        uint32_t count = count_alternatives(text);

        if (!read_thread(words, combination % count, i * ACTION_MAX + 1, &program->threads[i]) ||
            !is_possible(scenario, &program->threads[i])) {
            (void)fprintf(stderr, "%s: '%s' is no thread\n", scenario->name, text);
            return false;
        }
        combination /= count;
    }
    program->thread_count = i;
    return true;
}
