/* SPDX-License-Identifier: BSD-2-Clause */
/* vpsci-scenarios: the program around runner.c, on a system with a C library and threads. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner.h"

static const char usage[] =
    "vpsci-scenarios configurations       the PSCI servers that can be examined\n"
    "vpsci-scenarios list                 the scenarios: name, clause, consequence\n"
    "vpsci-scenarios run [OPTION]... [NAME]...\n"
    "                                     run them, all or those named; PREFIX* names several\n"
    "  -c, --configuration NAME           on this server only\n"
    "      --no-threads                   races one call after the other\n"
    "\n"
    "Results are in the Test Anything Protocol, version 14. The exit status is 0 if nothing "
    "failed,\n"
    "1 if something did, 2 if the command line was wrong.\n";

enum { EXIT_USAGE = 2, THREAD_MAX = VIEW_CPU_MAX + 1 };

static void put_line(void *context, const char *line)
{
    FILE *stream = context;

    fputs(line, stream);
    fputc('\n', stream);
}

/* ---- Threads ------------------------------------------------------------------------------ */

struct team {
    uint32_t count;
    atomic_uint ready;
    void (*body)(void *context, uint32_t i);
    void *context;
};

struct member {
    struct team *team;
    uint32_t index;
};

/* A barrier that threads leave at the same time, if there are enough processors. A barrier of
 * pthread wakes its threads one after the other, so races would be rare. */
static void team_meet(struct team *team)
{
    atomic_fetch_add(&team->ready, 1);
    for (unsigned spins = 0; atomic_load(&team->ready) < team->count; spins++) {
        if (spins % 256 == 255) {
            sched_yield();
        }
    }
}

static void *member_main(void *argument)
{
    const struct member *member = argument;

    team_meet(member->team);
    member->team->body(member->team->context, member->index);
    return NULL;
}

static void in_parallel(void (*body)(void *context, uint32_t i), void *context, uint32_t count)
{
    struct team team = {.count = count, .body = body, .context = context};
    struct member members[THREAD_MAX];
    pthread_t threads[THREAD_MAX];

    for (uint32_t i = 0; i < count; i++) {
        members[i] = (struct member){.team = &team, .index = i};
        if (pthread_create(&threads[i], NULL, member_main, &members[i]) != 0) {
            perror("vpsci-scenarios: cannot start a thread; try --no-threads");
            exit(EXIT_USAGE);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* ---- Commands ----------------------------------------------------------------------------- */

static int configurations_command(void)
{
    for (uint32_t i = 0; i < adapter_count; i++) {
        printf("%s\t%s\n", adapters[i].name, adapters[i].description);
    }
    return EXIT_SUCCESS;
}

static int list_command(void)
{
    struct runner runner = {.tap = {.line = put_line, .context = stdout}};

    runner_list(&runner);
    return EXIT_SUCCESS;
}

static const struct adapter *find_adapter(const char *name)
{
    for (uint32_t i = 0; i < adapter_count; i++) {
        if (strcmp(adapters[i].name, name) == 0) {
            return &adapters[i];
        }
    }
    fprintf(stderr,
            "vpsci-scenarios: there is no configuration '%s'; 'configurations' lists them\n", name);
    exit(EXIT_USAGE);
}

struct run_options {
    const struct adapter *first;
    uint32_t count;
    bool threads;
};

/* Returns how many of the words were options. */
static int parse_options(struct run_options *options, int count, char *const *words)
{
    int used = 0;

    while (used < count && words[used][0] == '-') {
        const char *word = words[used++];

        if (strcmp(word, "--no-threads") == 0) {
            options->threads = false;
        } else if ((strcmp(word, "-c") == 0 || strcmp(word, "--configuration") == 0) &&
                   used < count) {
            options->first = find_adapter(words[used++]);
            options->count = 1;
        } else {
            fprintf(stderr, "vpsci-scenarios: do not understand '%s'; see --help\n", word);
            exit(EXIT_USAGE);
        }
    }
    return used;
}

static int run_command(int count, char *const *words)
{
    struct run_options options = {.first = adapters, .count = adapter_count, .threads = true};
    int used = parse_options(&options, count, words);
    struct runner runner = {
        .tap = {.line = put_line, .context = stdout},
        .parallel = options.threads ? in_parallel : NULL,
        .names = (const char *const *)(words + used),
        .name_count = (uint32_t)(count - used),
    };

    for (uint32_t i = 0; i < runner.name_count; i++) {
        if (!runner_knows(runner.names[i])) {
            fprintf(stderr, "vpsci-scenarios: there is no scenario '%s'; 'list' lists them\n",
                    runner.names[i]);
            return EXIT_USAGE;
        }
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (options.count == 1) {
        runner_run(&runner, options.first);
    } else {
        runner_run_all(&runner, options.first, options.count);
    }
    return runner.tap.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";

    if (strcmp(command, "run") == 0) {
        return run_command(argc - 2, argv + 2);
    }
    if (strcmp(command, "list") == 0) {
        return list_command();
    }
    if (strcmp(command, "configurations") == 0) {
        return configurations_command();
    }
    fputs(usage, stdout);
    return strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0 ? EXIT_SUCCESS : EXIT_USAGE;
}
