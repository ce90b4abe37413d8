/* SPDX-License-Identifier: BSD-2-Clause */
/** What a VM does now. */
#ifndef DORMOUSE_CLIENT_VM_STATE_H
#define DORMOUSE_CLIENT_VM_STATE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "client/qmp_ask.h"
#include "client/vm_list.h"

struct vm_state {
    char word[24];     /* QMP's, such as "suspended"; or "not running", "no answer", "no access" */
    uint64_t resident; /* bytes of the process that are in memory; 0: not known */
    int64_t state_ms;  /* how long it has been in that state; -1: not known */
    int64_t wakes;     /* since the process began; -1: not known */
    json_t *can_wake;  /* whether `wake` can wake the guest if it sleeps; NULL: not known */
    json_t *vcpus;     /* an array of words, or NULL */
    struct qmp_ask ask;
    enum ask_result asked;
    bool all;
};

/**
 * Asks for the state without waiting, and takes the answer: in two steps, so that of several VMs none waits for
 * another. With `all` vCPUs are asked for, too. vm_state_read() fills in `state`, whatever it returns: how the question
 * ended. vm_state_free() is for both.
 */
void vm_state_ask(struct vm_state *state, const struct vm *vm, bool all);
enum ask_result vm_state_read(struct vm_state *state, const struct vm *vm, int64_t deadline);
void vm_state_free(struct vm_state *state);

/** "12.5 MiB", "3d 4h" */
void vm_state_size(char *text, size_t size, uint64_t bytes);
void vm_state_time(char *text, size_t size, int64_t milliseconds);

#endif
