/* SPDX-License-Identifier: BSD-2-Clause */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/program.h"
#include "terminal.h"

enum {
    PATIENCE_MS = 2000, /* from SIGTERM to SIGKILL */
    TICK_MS = 10,
    STATUS_NOT_RUN = 127,
    ORPHAN_ROUNDS = 200
};

/* What the child and its parent share. */
struct channels {
    int in[2];
    int out[2];
    int error[2]; /* a successful exec closes it; otherwise it carries errno */
};

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0) {
            close(pair[i]);
        }
        pair[i] = -1;
    }
}

static void close_all(struct channels *channels)
{
    close_pair(channels->in);
    close_pair(channels->out);
    close_pair(channels->error);
}

/* One terminal is both directions. */
static bool open_terminal(struct channels *channels)
{
    if (!terminal_open(channels->in)) {
        return false;
    }
    channels->out[0] = fcntl(channels->in[1], F_DUPFD_CLOEXEC, 0);
    channels->out[1] = fcntl(channels->in[0], F_DUPFD_CLOEXEC, 0);
    return channels->out[0] >= 0 && channels->out[1] >= 0;
}

static bool open_pipes(struct channels *channels)
{
    return pipe2(channels->in, O_CLOEXEC) == 0 && pipe2(channels->out, O_CLOEXEC) == 0;
}

static bool open_all(struct channels *channels, bool pty)
{
    *channels = (struct channels){{-1, -1}, {-1, -1}, {-1, -1}};
    return (pty ? open_terminal(channels) : open_pipes(channels)) &&
           pipe2(channels->error, O_CLOEXEC) == 0;
}

__attribute__((noreturn)) static void be_command(const struct channels *channels,
                                                 char *const *command, pid_t parent)
{
    sigset_t none;
    int error;

    /* Without a controlling terminal, no use of a terminal can stop it. */
    (void)setsid();
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(STATUS_NOT_RUN);
    }
    program_restore_signals();
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)dup2(channels->in[0], STDIN_FILENO);
    (void)dup2(channels->out[1], STDOUT_FILENO);
    (void)execvp(command[0], command);
    error = errno;
    (void)!write(channels->error[1], &error, sizeof(error));
    _exit(STATUS_NOT_RUN);
}

/* Returns 0 if the command runs, or else an errno value. */
static int read_error(struct channels *channels)
{
    int error = 0;
    ssize_t count;

    close(channels->error[1]);
    channels->error[1] = -1;
    do {
        count = read(channels->error[0], &error, sizeof(error));
    } while (count < 0 && errno == EINTR);
    return count == (ssize_t)sizeof(error) ? error : 0;
}

static void process_keep(struct process *process, struct channels *channels)
{
    process->in = channels->in[1];
    process->out = channels->out[0];
    channels->in[1] = channels->out[0] = -1;
    (void)fcntl(process->in, F_SETFL, O_NONBLOCK);
    (void)fcntl(process->out, F_SETFL, O_NONBLOCK);
}

int process_start(struct process *process, char *const *command, bool pty)
{
    struct channels channels;
    pid_t parent = getpid();
    int error;

    *process = (struct process){.in = -1, .out = -1};
    /* Processes that a command leaves behind become our children, so that they can be found. */
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (!open_all(&channels, pty) || (process->pid = fork()) < 0) {
        error = errno;
        close_all(&channels);
        process->pid = 0;
        return error;
    }
    if (process->pid == 0) {
        be_command(&channels, command, parent);
    }
    error = read_error(&channels);
    if (error == 0) {
        process_keep(process, &channels);
    }
    close_all(&channels);
    if (error != 0) {
        (void)waitpid(process->pid, NULL, 0);
        process->pid = 0;
    }
    return error;
}

/* Leaves it a zombie. */
static bool process_look(const struct process *process, siginfo_t *info)
{
    *info = (siginfo_t){0};
    return waitid(P_PID, (id_t)process->pid, info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info->si_pid == process->pid;
}

bool process_has_ended(const struct process *process)
{
    siginfo_t info;

    return process_look(process, &info);
}

void process_how(const struct process *process, char *text, size_t size)
{
    siginfo_t info;

    if (!process_look(process, &info)) {
        (void)snprintf(text, size, "its output");
    } else if (info.si_code == CLD_EXITED) {
        (void)snprintf(text, size, "with status %d", info.si_status);
    } else {
        (void)snprintf(text, size, "by signal %d (%s)", info.si_status, strsignal(info.si_status));
    }
}

static void process_tick(void)
{
    const struct timespec time = {.tv_nsec = TICK_MS * 1000000L};

    (void)nanosleep(&time, NULL);
}

/* Kills all our children. All kernels that containers use have the list; without it, a process
 * that left the command's process group cannot be found. */
static void kill_children(void)
{
    char path[64];
    FILE *file;
    long pid;

    (void)snprintf(path, sizeof(path), "/proc/self/task/%ld/children", (long)getpid());
    file = fopen(path, "re");
    if (file == NULL) {
        return;
    }
    char word[32];
    while (fscanf(file, "%31s", word) == 1) {
        pid = strtol(word, NULL, 10);
        if (pid > 1) {
            (void)kill((pid_t)pid, SIGKILL);
        }
    }
    (void)fclose(file);
}

/* Repeats until there are no children, because those that die leave us theirs. */
static void end_orphans(void)
{
    for (int round = 0; round < ORPHAN_ROUNDS; round++) {
        pid_t pid;

        do {
            pid = waitpid(-1, NULL, WNOHANG);
        } while (pid > 0);
        if (pid < 0) {
            return;
        }
        kill_children();
        process_tick();
    }
}

void process_stop(struct process *process)
{
    if (process->pid == 0) {
        return;
    }
    if (!process_has_ended(process)) {
        (void)kill(-process->pid, SIGTERM);
    }
    for (int ms = 0; ms < PATIENCE_MS && !process_has_ended(process); ms += TICK_MS) {
        process_tick();
    }
    /* The group's number stays in use until its leader is reaped. */
    (void)kill(-process->pid, SIGKILL);
    (void)waitpid(process->pid, NULL, 0);
    end_orphans();
    close(process->in);
    close(process->out);
    *process = (struct process){.in = -1, .out = -1};
}
