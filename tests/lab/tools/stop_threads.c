/* SPDX-License-Identifier: BSD-2-Clause */
/*
 *   stop_threads [--seed N] [--seconds N] PID
 *
 * Stops single threads of a process at random moments for random times, up to a fifth of a second,
 * as a busy host would: SIGSTOP stops them all, so that it is done by ptrace. Ends after so many
 * seconds (10), or with the process; says how many stops there were. Exit status 1 where none was
 * possible.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

enum { THREADS_MAX = 1024, STOP_MS_MAX = 200, GAP_MS_MAX = 30 };

static unsigned long random_state = 1;

static unsigned draw(unsigned below)
{
    random_state = random_state * 6364136223846793005ul + 1442695040888963407ul;
    return (unsigned)(random_state >> 33) % below;
}

static void wait_ms(unsigned milliseconds)
{
    struct timespec time = {.tv_sec = milliseconds / 1000,
                            .tv_nsec = (long)(milliseconds % 1000) * 1000000};

    nanosleep(&time, NULL);
}

/* Finds the threads of the process; returns their number. */
static unsigned list(const char *pid, pid_t threads[THREADS_MAX])
{
    char path[64];
    unsigned count = 0;
    const struct dirent *entry;

    (void)snprintf(path, sizeof(path), "/proc/%s/task", pid);
    DIR *folder = opendir(path);
    while (folder != NULL && count < THREADS_MAX && (entry = readdir(folder)) != NULL) {
        pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);
        if (thread > 0) {
            threads[count++] = thread;
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return count;
}

/* Stops a thread once. If the thread ends meanwhile, that is no stop. */
static bool stop_one(pid_t thread)
{
    int status;

    if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) != 0) {
        return false;
    }
    bool stopped = ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) == 0 &&
                   waitpid(thread, &status, __WALL) == thread && WIFSTOPPED(status);
    int signal = stopped && status >> 16 != PTRACE_EVENT_STOP ? WSTOPSIG(status) : 0;
    if (stopped) {
        wait_ms(1 + draw(STOP_MS_MAX));
    }
    /* A signal that came before, such as dormouse's kick, is passed on to the thread. */
    ptrace(PTRACE_DETACH, thread, NULL, (void *)(long)signal);
    return stopped;
}

int main(int argc, char **argv)
{
    pid_t threads[THREADS_MAX];
    unsigned count;
    unsigned stops = 0;
    long seconds = 10;
    int at = 1;

    for (; at + 2 < argc; at += 2) {
        if (strcmp(argv[at], "--seed") == 0) {
            random_state = strtoul(argv[at + 1], NULL, 10);
        } else if (strcmp(argv[at], "--seconds") == 0) {
            seconds = strtol(argv[at + 1], NULL, 10);
        }
    }
    if (at + 1 != argc) {
        fprintf(stderr, "usage: stop_threads [--seed N] [--seconds N] PID\n");
        return 2;
    }
    time_t end = time(NULL) + seconds;
    while (time(NULL) < end && (count = list(argv[at], threads)) > 0) {
        stops += stop_one(threads[draw(count)]);
        wait_ms(draw(GAP_MS_MAX));
    }
    printf("stop_threads: %u stops\n", stops);
    return stops > 0 ? 0 : 1;
}
