/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many configurations, many random steps in each: the library against the model. A difference is
 * shrunk, told and ends the run; --only repeats its configuration.
 */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lockstep.h"
#include "spoil.h"

enum { STEPS_MAX = 1 << 14, JOBS_MAX = 256 };

/* What all jobs add to. */
struct progress {
    _Atomic uint64_t calls;
    _Atomic uint64_t configurations;
    _Atomic uint32_t differences;
};

struct options {
    uint64_t calls;
    uint64_t seed;
    uint32_t vcpus; /* 0: any number */
    uint32_t jobs;
    bool only; /* one configuration, of this very seed */
};

static struct lockstep lockstep;
static struct world world;
static struct step steps[STEPS_MAX];

static size_t walk_steps(struct choices *c, size_t count)
{
    size_t done = 0;

    if (!lockstep_begin(&lockstep, &world)) {
        return 0;
    }
    while (done < count) {
        step_choose(&steps[done], c, &lockstep.model, &world);
        if (!lockstep_step(&lockstep, &steps[done])) {
            break;
        }
        done++;
    }
    return done;
}

/* In one piece, for another job may have found something too. */
static void report_seed(uint64_t seed, size_t done)
{
    size_t count = lockstep_shrink(&lockstep, &world, steps, done + 1);
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    if (to == NULL) {
        abort();
    }
    (void)fprintf(to, "lockstep_random --only 0x%" PRIx64 ", shrunk to %zu steps:\n", seed, count);
    lockstep_report(&lockstep, &world, steps, count, to);
    (void)fclose(to);
    (void)fwrite(text, 1, size, stderr);
    free(text);
}

/* The same configuration with something wrong must be refused, with the right word. */
static bool try_spoiled(uint64_t seed, struct choices *c)
{
    struct spoiled spoiled;
    bool right = spoil(&world, c, &spoiled);

    if (!right) {
        (void)fprintf(stderr,
                      "lockstep_random --only 0x%" PRIx64 "\n"
                      "DIFFERENCE: vpsci_init (%s): expected %d, got %d%s\n",
                      seed, spoiled.what, spoiled.error, spoiled.got,
                      spoiled.vm_is_null ? "" : ", and a VM");
    }
    return right;
}

/* Returns the number of steps, or 0 after a difference. */
static uint64_t run_configuration(uint64_t seed, uint32_t vcpus)
{
    struct choices c = choices_of_seed(seed);
    bool right;
    size_t count;
    size_t done;

    world_make(&world, &c, vcpus);
    right = try_spoiled(seed, &c);
    count = (size_t)64 << choose(&c, 9);
    done = walk_steps(&c, count);
    lockstep_end(&lockstep);
    if (done < count) {
        report_seed(seed, done);
    }
    world_drop(&world);
    return done < count || !right ? 0 : done;
}

static void run_job(const struct options *o, uint64_t seed, struct progress *progress)
{
    while (atomic_load(&progress->calls) < o->calls && atomic_load(&progress->differences) == 0) {
        uint64_t done = run_configuration(seed, o->vcpus);
        atomic_fetch_add(&progress->calls, done);
        atomic_fetch_add(&progress->configurations, 1);
        if (done == 0) {
            atomic_fetch_add(&progress->differences, 1);
        }
        seed = choices_mix(seed);
    }
}

static double read_seconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void show_progress(struct progress *progress, double since, const char *end)
{
    double took = read_seconds() - since;
    uint64_t calls = atomic_load(&progress->calls);

    (void)fprintf(stderr,
                  "lockstep_random: %" PRIu64 " calls, %" PRIu64
                  " configurations, %.1f s, %.2f M calls/s, %" PRIu32 " differences%s",
                  calls, atomic_load(&progress->configurations), took, (double)calls / took / 1e6,
                  atomic_load(&progress->differences), end);
}

static bool start_job(const struct options *o, uint32_t job, struct progress *progress)
{
    pid_t pid = fork();

    if (pid == 0) {
        /* The jobs end with the process that started them. */
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        run_job(o, choices_mix(o->seed + ((uint64_t)job << 32)), progress);
        exit(EXIT_SUCCESS);
    }
    return pid > 0;
}

/* A job that dies is a difference: nothing that a guest does may crash the library. */
static void wait_for_jobs(struct progress *progress, double since)
{
    static const struct timespec nap = {.tv_nsec = 100000000};
    bool tty = isatty(STDERR_FILENO) == 1;
    int naps = 0;

    for (;;) {
        int status = 0;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid < 0) {
            return;
        }
        if (pid > 0 && status != 0) {
            (void)fprintf(stderr, "lockstep_random: a job ended with status 0x%x\n",
                          (unsigned int)status);
            atomic_fetch_add(&progress->differences, 1);
        }
        if (pid == 0) {
            (void)nanosleep(&nap, NULL);
            naps++;
        }
        if (tty && naps >= 20) {
            show_progress(progress, since, "\r");
            naps = 0;
        }
    }
}

static int run_jobs(const struct options *o)
{
    double since = read_seconds();
    struct progress *progress =
        mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (progress == MAP_FAILED) {
        perror("lockstep_random: memory");
        return EXIT_FAILURE;
    }
    if (o->only) {
        atomic_fetch_add(&progress->calls, run_configuration(o->seed, o->vcpus));
        atomic_store(&progress->configurations, 1);
        atomic_store(&progress->differences, atomic_load(&progress->calls) == 0 ? 1 : 0);
    }
    for (uint32_t job = 0; !o->only && job < o->jobs; job++) {
        if (!start_job(o, job, progress)) {
            perror("lockstep_random: fork");
            return EXIT_FAILURE;
        }
    }
    wait_for_jobs(progress, since);
    show_progress(progress, since, "\n");
    return atomic_load(&progress->differences) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int print_usage(void)
{
    (void)fprintf(stderr, "usage: lockstep_random [--calls N] [--seed N] [--vcpus N] [--jobs N] "
                          "[--only SEED]\n");
    return 2;
}

static bool set_option(struct options *o, int option, const char *text)
{
    double real = strtod(text, NULL); /* 1e8 is easier to write out */
    uint64_t number = real >= 1 && real < 1e18 ? (uint64_t)real : 0;

    switch (option) {
    case 'c':
        o->calls = number;
        return number >= 1;
    case 's':
        o->seed = strtoull(text, NULL, 0);
        return true;
    case 'v':
        o->vcpus = (uint32_t)number;
        return number >= 1 && number <= MODEL_VCPU_MAX;
    case 'j':
        o->jobs = (uint32_t)number;
        return number >= 1 && number <= JOBS_MAX;
    case 'o':
        o->only = true;
        o->seed = strtoull(text, NULL, 0);
        return true;
    default:
        return false;
    }
}

static uint32_t count_processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count < 1 ? 1 : (uint32_t)(count > JOBS_MAX ? JOBS_MAX : count);
}

int main(int argc, char **argv)
{
    static const struct option names[] = {
        {"calls", required_argument, NULL, 'c'}, {"seed", required_argument, NULL, 's'},
        {"vcpus", required_argument, NULL, 'v'}, {"jobs", required_argument, NULL, 'j'},
        {"only", required_argument, NULL, 'o'},  {NULL, 0, NULL, 0}};
    struct options o = {.calls = 100000000, .seed = 1, .jobs = count_processors()};
    int option;

    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (!set_option(&o, option, optarg != NULL ? optarg : "")) {
            return print_usage();
        }
    }
    return optind == argc ? run_jobs(&o) : print_usage();
}
