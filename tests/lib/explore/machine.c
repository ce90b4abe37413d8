/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine.h"

#include <setjmp.h>
#include <string.h>

struct machine machine;

/* The step that is being taken. */
static struct {
    jmp_buf leave;
    struct thread *thread;
    struct event *event;
    uint16_t read; /* values of the log that have been handed out */
    bool done;     /* the access of this step */
    bool endless;  /* the log is full */
    int quiet;     /* accesses are no steps */
} step = {.quiet = 1};

void explore_quietly(bool begins)
{
    step.quiet += begins ? 1 : -1;
}

/* How a cell's value counts in the digest of memory: a sum, so that one can be replaced. */
static struct digest digest_of_cell(uint32_t index, uint64_t value)
{
    return digest_add((struct digest){index + 1, index + 1}, value);
}

static void write_cell(uint32_t index, uint64_t value)
{
    uint64_t *cell = &machine.arena.cells[index];
    struct digest old = digest_of_cell(index, *cell);
    struct digest new = digest_of_cell(index, value);

    machine.memory.a += new.a - old.a;
    machine.memory.b += new.b - old.b;
    *cell = value;
}

/* What the cell holds after an access. */
static uint64_t value_after_access(enum access_op op, uint64_t before, uint64_t value,
                                   uint64_t expected)
{
    switch (op) {
    case ACCESS_STORE:
        return value;
    case ACCESS_SWAP:
        return before == expected ? value : before;
    case ACCESS_ADD:
        return before + value;
    default:
        return before;
    }
}

static void push_value(struct thread *thread, uint64_t value)
{
    thread->values[thread->top] = value;
    thread->digests[thread->top + 1] = digest_add(thread->digests[thread->top], value);
    thread->top++;
}

/* The one access of this step. */
static uint64_t perform_access(enum access_op op, uint32_t index, uint64_t value, uint64_t expected)
{
    uint64_t before = machine.arena.cells[index];
    uint64_t after = value_after_access(op, before, value, expected);
    bool returns = op != ACCESS_STORE;

    step.event->op = (uint8_t)op;
    step.event->cell = (uint16_t)index;
    step.event->before = before;
    step.event->after = after;
    write_cell(index, after);
    push_value(step.thread, returns ? before : 0);
    step.read++;
    step.done = true;
    return before;
}

uint64_t shared_access(enum access_op op, const struct vpsci__cell *cell, uint64_t value,
                       uint64_t expected)
{
    uint64_t *direct = (uint64_t *)(uintptr_t)&cell->value;
    size_t index;

    if (step.quiet) {
        uint64_t before = *direct;

        *direct = value_after_access(op, before, value, expected);
        return before;
    }
    index = (size_t)(direct - machine.arena.cells);
    if (step.thread->base + step.read < step.thread->top) {
        return step.thread->values[step.thread->base + step.read++];
    }
    if (!step.done && step.thread->top < LOG_MAX) {
        return perform_access(op, (uint32_t)index, value, expected);
    }
    step.endless = !step.done;
    step.thread->pending = (uint16_t)(index + 1);
    step.thread->looks = op == ACCESS_LOAD;
    longjmp(step.leave, 1);
}

static void make_memory_digest(void)
{
    uint32_t i;

    machine.memory = (struct digest){0, 0};
    for (i = 0; i < CELL_MAX; i++) {
        struct digest cell = digest_of_cell(i, machine.arena.cells[i]);

        machine.memory.a += cell.a;
        machine.memory.b += cell.b;
    }
}

/* The digest of a thread begins anew with each action. */
static void begin_log(struct thread *thread, uint16_t base)
{
    thread->base = thread->top = base;
    thread->pending = 0;
    thread->digests[base] =
        digest_add((struct digest){1, 1}, (uint64_t)(thread - machine.threads) << 32 | thread->at);
}

bool machine_start(const struct program *program)
{
    uint32_t i;

    machine.thread_count = program->thread_count;
    for (i = 0; i < program->thread_count; i++) {
        machine.threads[i].script = &program->threads[i];
        machine.threads[i].at = 0;
        begin_log(&machine.threads[i], 0);
    }
    machine.vm = vm_make(&machine.arena, program->scenario);
    make_memory_digest();
    return machine.vm;
}

void machine_run(const struct action *action, struct result *result)
{
    vm_do(machine.vm, action, result);
    make_memory_digest();
}

bool machine_is_over(uint32_t thread)
{
    return machine.threads[thread].at == machine.threads[thread].script->count;
}

bool machine_is_inside(uint32_t thread)
{
    return machine.threads[thread].top > machine.threads[thread].base;
}

bool machine_step(uint32_t index, struct event *event)
{
    struct thread *thread = &machine.threads[index];
    const struct action *action = &thread->script->actions[thread->at];

    *event = (struct event){.thread = (uint8_t)index,
                            .action = thread->at,
                            .begins = !machine_is_inside(index),
                            .base = thread->base,
                            .top = thread->top,
                            .pending = thread->pending,
                            .looks = thread->looks};
    step.thread = thread;
    step.event = event;
    step.read = 0;
    step.done = step.endless = false;
    step.quiet--;
    if (setjmp(step.leave) == 0) {
        vm_do(machine.vm, action, &event->result);
        event->ends = true;
    }
    step.quiet = 1;
    if (event->ends) {
        thread->at++;
        begin_log(thread, thread->top);
    }
    return !step.endless;
}

void machine_step_back(const struct event *event)
{
    struct thread *thread = &machine.threads[event->thread];

    write_cell(event->cell, event->before);
    thread->at = event->action;
    thread->base = event->base;
    thread->top = event->top;
    thread->pending = event->pending;
    thread->looks = event->looks;
}

struct digest machine_digest(void)
{
    struct digest digest = machine.memory;
    uint32_t i;

    for (i = 0; i < machine.thread_count; i++) {
        const struct thread *thread = &machine.threads[i];

        digest = digest_add(digest, thread->digests[thread->top].a);
        digest.b ^= thread->digests[thread->top].b;
        digest = digest_add(digest, thread->at);
    }
    return digest;
}
