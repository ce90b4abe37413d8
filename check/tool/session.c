/* SPDX-License-Identifier: BSD-2-Clause */
#include "session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "dialogue.h"
#include "lines.h"
#include "must.h"
#include "process.h"

enum {
    CHUNK_SIZE = 65536,
    DRAIN_MAX = 64,      /* chunks that are read from a command that has ended */
    ENDING_LIMIT_S = 10, /* from "# end" until the command has ended */
    CLOSING_MS = 1000,   /* from the end of its output until the command has ended */
    NOISE_FACTOR = 10    /* the factor of a scenario's limit if the machine prints only noise */
};

#define LOG_MAX (UINT64_C(64) << 20)

struct session {
    const struct session_settings *settings;
    struct run *run;
    struct progress *progress;
    struct dialogue dialogue;
    struct process process;
    struct lines lines;
    enum dialogue_step step;
    enum dialogue_phase phase; /* at the last check */
    int64_t began;             /* of the run; milliseconds, like all that follow */
    int64_t phase_began;
    int64_t heard; /* anything */
    int64_t heard_ours;
    int64_t closed; /* when the output ended; 0: not yet */
    uint64_t logged;
    int signals; /* a signalfd */
    int signal;  /* that ends the run */
    char chunk[CHUNK_SIZE];
};

static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP};

static void fill_signals(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGCHLD);
    for (size_t i = 0; i < sizeof(ending_signals) / sizeof(ending_signals[0]); i++) {
        (void)sigaddset(set, ending_signals[i]);
    }
}

void session_block_signals(void)
{
    sigset_t set;

    fill_signals(&set);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
}

static void send_answer(const struct session *session)
{
    const char *answer = session->dialogue.answer;

    /* If the answer does not arrive, the image continues alone, or prints nothing more. */
    (void)!write(session->process.in, answer, strlen(answer));
}

static bool session_take_line(void *context, const char *line, bool cut)
{
    struct session *session = context;
    bool ours = false;

    session->step = dialogue_line(&session->dialogue, line, cut, &ours);
    if (ours) {
        session->heard_ours = session->heard;
    }
    if (session->step == DIALOGUE_ANSWER) {
        send_answer(session);
        session->step = DIALOGUE_GO_ON;
    }
    progress_show(session->progress, session->run, session->dialogue.settled,
                  session->dialogue.begun ? session->dialogue.scenario : 0, session->dialogue.name);
    return session->step == DIALOGUE_GO_ON;
}

static void log_bytes(struct session *session, size_t count)
{
    static const char end[] = "\n[vpsci-check: the log is full]\n";
    FILE *log = session->settings->log;

    if (log == NULL || session->logged > LOG_MAX) {
        return;
    }
    session->logged += count;
    (void)fwrite(session->chunk, 1, count, log);
    if (session->logged > LOG_MAX) {
        (void)fputs(end, log);
    }
}

/* Reads once. @return false if there is nothing (more). */
static bool read_output(struct session *session)
{
    ssize_t count = read(session->process.out, session->chunk, sizeof(session->chunk));

    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (count <= 0) {
        session->closed = clock_now_ms();
        return false;
    }
    session->heard = clock_now_ms();
    log_bytes(session, (size_t)count);
    return lines_feed(&session->lines, session->chunk, (size_t)count, session_take_line, session);
}

static void take_end(struct session *session)
{
    char how[96];

    for (int chunks = 0; chunks < DRAIN_MAX && session->closed == 0; chunks++) {
        if (!read_output(session)) {
            break;
        }
    }
    if (session->step == DIALOGUE_GO_ON) {
        (void)lines_finish(&session->lines, session_take_line, session);
    }
    if (session->step == DIALOGUE_GO_ON) {
        process_how(&session->process, how, sizeof(how));
        session->step = dialogue_ended(&session->dialogue, how);
    }
}

static void session_stop(struct session *session, const char *why)
{
    dialogue_stop(&session->dialogue, why);
    session->step = DIALOGUE_FAILED;
}

static void take_signals(struct session *session)
{
    struct signalfd_siginfo info;
    char *why;

    while (read(session->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo != SIGCHLD) {
            session->signal = (int)info.ssi_signo;
        }
    }
    if (session->signal != 0) {
        why = must_format("ended by SIG%s", sigabbrev_np(session->signal));
        session_stop(session, why);
        free(why);
    }
}

static int64_t seconds_to_ms(unsigned seconds)
{
    return (int64_t)seconds * 1000;
}

/* When the phase's time limit ends. */
static int64_t phase_deadline(const struct session *session)
{
    int64_t silence = session->heard + seconds_to_ms(session->settings->limit);
    int64_t noise = session->heard_ours + seconds_to_ms(session->settings->limit) * NOISE_FACTOR;

    switch (session->dialogue.phase) {
    case DIALOGUE_BOOTING:
        return session->phase_began + seconds_to_ms(session->settings->boot_limit);
    case DIALOGUE_ENDING:
        return session->phase_began + seconds_to_ms(ENDING_LIMIT_S);
    case DIALOGUE_RUNNING:
        break;
    }
    return silence < noise ? silence : noise;
}

static int64_t earlier_time(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_deadline(const struct session *session)
{
    int64_t deadline = phase_deadline(session);

    if (session->settings->total > 0) {
        deadline = earlier_time(deadline, session->began + seconds_to_ms(session->settings->total));
    }
    return session->closed != 0 ? earlier_time(deadline, session->closed + CLOSING_MS) : deadline;
}

static void check_time(struct session *session)
{
    unsigned total = session->settings->total;
    int64_t now = clock_now_ms();
    char words[64];

    if (total > 0 && now >= session->began + seconds_to_ms(total)) {
        (void)snprintf(words, sizeof(words), "it took more than %u s (--total)", total);
        session_stop(session, words);
    } else if (session->closed != 0 && now >= session->closed + CLOSING_MS) {
        take_end(session);
    } else if (now >= phase_deadline(session)) {
        (void)snprintf(words, sizeof(words), "%u s", session->settings->boot_limit);
        session->step = dialogue_silent(&session->dialogue, words);
    }
}

static void note_phase(struct session *session, bool anew)
{
    if (!anew && session->phase == session->dialogue.phase) {
        return;
    }
    session->phase = session->dialogue.phase;
    session->phase_began = session->heard = session->heard_ours = clock_now_ms();
}

/* Waits for an event, and handles it. */
static void session_turn(struct session *session)
{
    struct pollfd fds[] = {
        {.fd = session->signals, .events = POLLIN},
        {.fd = session->closed != 0 ? -1 : session->process.out, .events = POLLIN},
    };
    int64_t left = next_deadline(session) - clock_now_ms();

    (void)poll(fds, 2, left < 0 ? 0 : left > 1000000 ? 1000000 : (int)left);
    take_signals(session);
    if (session->step == DIALOGUE_GO_ON && fds[1].revents != 0) {
        (void)read_output(session);
    }
    note_phase(session, false);
    if (session->step == DIALOGUE_GO_ON && process_has_ended(&session->process)) {
        take_end(session);
    }
    if (session->step == DIALOGUE_GO_ON) {
        check_time(session);
    }
}

/* From the start of the command to its end. */
static void session_boot(struct session *session)
{
    int error =
        process_start(&session->process, session->settings->command, session->settings->pty);
    char *why;

    session->step = DIALOGUE_GO_ON;
    session->lines.length = 0;
    session->lines.cut = false;
    session->closed = 0;
    if (error != 0) {
        why = must_format("cannot start %s: %s", session->settings->command[0], strerror(error));
        session_stop(session, why);
        free(why);
        return;
    }
    note_phase(session, true);
    while (session->step == DIALOGUE_GO_ON) {
        session_turn(session);
    }
    process_stop(&session->process);
}

static bool open_signals(struct session *session)
{
    sigset_t set;

    fill_signals(&set);
    session->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (session->signals < 0) {
        run_stop(session->run, strerror(errno));
    }
    return session->signals >= 0;
}

int session_run(const struct session_settings *settings, struct run *run, struct progress *progress)
{
    struct session *session = must_alloc(1, sizeof(*session));
    int ended_by;

    session->settings = settings;
    session->run = run;
    session->progress = progress;
    session->began = clock_now_ms();
    dialogue_start(&session->dialogue, run);
    if (open_signals(session)) {
        do {
            session_boot(session);
        } while (session->step == DIALOGUE_RESTART);
        close(session->signals);
    }
    run_finish(run);
    ended_by = session->signal;
    dialogue_free(&session->dialogue);
    free(session);
    return ended_by;
}
