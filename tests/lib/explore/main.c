/* SPDX-License-Identifier: BSD-2-Clause */
/* explore: the library's code, under every interleaving of its accesses to shared memory. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "search.h"

static int print_usage(void)
{
    (void)fputs("explore [NAME...]      all scenarios, or those named\n"
                "explore --list\n"
                "explore --try VCPUS FLAGS SETUP THREAD...\n"
                "                       one that is described: FLAGS of a ask, n no ON_PENDING,\n"
                "                       d domains, t Trusted OS, s statistics,\n"
                "                       l with d: two levels of domains, or -;\n"
                "                       SETUP like '0: on 1; 1: next', THREAD like '1: off, next'\n"
                "                       or, with a choice, 'host: wake 0, save | save'\n",
                stderr);
    return 2;
}

static double read_seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool run_scenario(const struct scenario *scenario, struct tally *total)
{
    static struct program program;
    uint32_t combinations = scenario_combinations(scenario);
    struct tally sum = {.states = 0};
    double start = read_seconds();
    uint32_t i;

    for (i = 0; i < combinations; i++) {
        struct tally tally;

        if (!scenario_read(scenario, i, &program) || !search(&program, &tally)) {
            return false;
        }
        sum.states += tally.states;
        sum.executions += tally.executions;
    }
    (void)printf("%-24s %5u programs %10zu states %9.3g executions %7.2f s\n", scenario->name,
                 combinations, sum.states, sum.executions, read_seconds() - start);
    (void)fflush(stdout);
    total->states += sum.states;
    total->executions += sum.executions;
    return true;
}

static int list_scenarios(void)
{
    size_t i;

    for (i = 0; i < scenario_count; i++) {
        (void)printf("%s\n", scenarios[i].name);
    }
    return 0;
}

static bool is_wanted(const char *name, int count, char **names)
{
    int i;

    for (i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return count == 0;
}

static int run_named(int count, char **names)
{
    struct tally total = {.states = 0};
    int failed = 0;
    int found = 0;
    size_t i;

    for (i = 0; i < scenario_count; i++) {
        if (is_wanted(scenarios[i].name, count, names)) {
            found++;
            failed += !run_scenario(&scenarios[i], &total);
        }
    }
    if (found < count) {
        (void)fprintf(stderr, "explore: no scenario has such a name; --list lists them\n");
        return 2;
    }
    (void)printf("%d scenarios, %d failed: %zu states, %.3g executions\n", found, failed,
                 total.states, total.executions);
    return failed ? 1 : 0;
}

static int try_actions(int count, char **words)
{
    static const char letters[] = "andtsl"; /* in the order of enum scenario_flags */
    struct scenario scenario = {.name = "try", .vcpu_count = (uint32_t)(words[0][0] - '0')};
    struct tally total = {.states = 0};
    int i;

    if (count < 4 || count - 3 > THREAD_MAX || scenario.vcpu_count > VCPU_MAX) {
        return print_usage();
    }
    for (i = 0; letters[i]; i++) {
        scenario.flags |= strchr(words[1], letters[i]) ? 1U << i : 0;
    }
    scenario.setup = words[2];
    for (i = 3; i < count; i++) {
        scenario.threads[i - 3] = words[i];
    }
    return run_scenario(&scenario, &total) ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--list") == 0) {
        return list_scenarios();
    }
    if (argc > 5 && strcmp(argv[1], "--try") == 0) {
        return try_actions(argc - 2, argv + 2);
    }
    if (argc > 1 && argv[1][0] == '-') {
        return print_usage();
    }
    return run_named(argc - 1, argv + 1);
}
