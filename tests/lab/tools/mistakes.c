/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mistakes MISTAKE main|vcpu: makes one that a sanitizer has to report, in the sandbox, on a thread of that role.
 * It ends with 0 if nothing stops it.
 */
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/sandbox.h"

static int touched;

static void heap_overflow(void)
{
    volatile size_t size = 16;
    char *volatile bytes = malloc(size); /* or UndefinedBehaviorSanitizer would see it first */

    *(volatile char *)(bytes + size) = 1;
    free(bytes);
}

static void signed_overflow(void)
{
    volatile int number = INT_MAX;

    number = number + 1;
}

static void *touch(void *arg)
{
    touched++;
    return arg;
}

static void data_race(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, touch, NULL) != 0) {
        exit(2);
    }
    touched++;
    pthread_join(thread, NULL);
}

static const struct {
    const char *name;
    void (*make)(void);
} mistakes[] = {
    {"heap-overflow", heap_overflow},
    {"signed-overflow", signed_overflow},
    {"data-race", data_race},
};

static bool make_mistake(const char *name)
{
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        if (strcmp(mistakes[i].name, name) == 0) {
            mistakes[i].make();
            return true;
        }
    }
    return false;
}

static void *run_vcpu(void *name)
{
    sandbox_enter_vcpu();
    return make_mistake(name) ? name : NULL;
}

static bool make_in_vcpu(char *name)
{
    void *made = NULL;
    pthread_t thread;

    return pthread_create(&thread, NULL, run_vcpu, name) == 0 && pthread_join(thread, &made) == 0 &&
           made != NULL;
}

int main(int argc, char **argv)
{
    struct sandbox_user user;
    const struct sandbox_options options = {.user = &user};

    if (argc != 3) {
        (void)fprintf(stderr, "usage: mistakes MISTAKE main|vcpu\n");
        return 2;
    }
    sandbox_default_user(&user);
    if (sandbox_enter(&options) != 0) {
        return 2;
    }
    bool made = strcmp(argv[2], "vcpu") == 0 ? make_in_vcpu(argv[1]) : make_mistake(argv[1]);
    return made ? 0 : 2;
}
