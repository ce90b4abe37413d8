/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * with_tty [--limit SECONDS] [STEP]... [--] COMMAND [ARGUMENT]...
 *
 * Runs a command on a terminal of its own and plays its user. The steps are taken in the order
 * given:
 *   --after TEXT    wait until TEXT has come since the step before that waited
 *   --keys STRING   type it; \r \n \t \e \\ and \xHH mean what they do in C
 *   --kill SIGNAL   send the command a signal: a name such as TERM, or a number
 *   --wait MS       let time pass
 *   --raw, --cooked wait until the terminal is raw, or is not
 *   --cook          put the terminal's settings back, as a shell does when a job stops
 *
 * What the command prints goes to standard output, and behind it a line that says whether it left
 * the terminal as it was: "with_tty: terminal restored" or "with_tty: terminal not restored: ...".
 * Exit status: the command's, 128 + N where signal N ended it; 124 after the time limit (60 s if
 * not told otherwise); 125 where the command ended before all steps were taken, or with_tty failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
    STATUS_TIME_LIMIT = 124,
    STATUS_FAILED = 125,
    STATUS_NOT_RUN = 127,
    STATUS_SIGNAL = 128,
    STEP_MAX = 64,
    TEXT_SIZE = 65536,
    TICK_MS = 10,
    DEFAULT_LIMIT_S = 60,
};

enum step_kind {
    STEP_AFTER,
    STEP_KEYS,
    STEP_KILL,
    STEP_WAIT,
    STEP_RAW,
    STEP_COOKED,
    STEP_COOK,
};

struct step {
    enum step_kind kind;
    const char *option; /* as given, for messages */
    const char *argument;
};

struct session {
    struct step steps[STEP_MAX];
    unsigned step_count;
    unsigned next;      /* the step to take */
    int64_t step_since; /* when it became the next step */
    int master;
    int slave; /* kept open: settings and output outlive the command */
    struct termios before;
    pid_t child;
    int child_fd; /* a pidfd */
    /* Output since the last text that was waited for. */
    char text[TEXT_SIZE];
    size_t length;
};

__attribute__((noreturn)) static void fail(const char *what)
{
    fprintf(stderr, "with_tty: %s: %s\n", what, strerror(errno));
    exit(STATUS_FAILED);
}

__attribute__((noreturn)) static void usage(const char *why, const char *word)
{
    fprintf(stderr, "with_tty: %s: %s\n", why, word);
    exit(STATUS_FAILED);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static long number(const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (*text == '\0' || *end != '\0' || value < 0) {
        usage("not a number", text);
    }
    return value;
}

static int signal_number(const char *name)
{
    static const struct {
        const char *name;
        int number;
    } signals[] = {
        {"HUP", SIGHUP},   {"INT", SIGINT},     {"QUIT", SIGQUIT}, {"KILL", SIGKILL},
        {"USR1", SIGUSR1}, {"TERM", SIGTERM},   {"STOP", SIGSTOP}, {"TSTP", SIGTSTP},
        {"CONT", SIGCONT}, {"WINCH", SIGWINCH},
    };

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (strcmp(name, signals[i].name) == 0) {
            return signals[i].number;
        }
    }
    return (int)number(name);
}

/* Returns one character of a string of keys, with escapes resolved; *keys moves past it. */
static char next_key(const char **keys)
{
    static const char escapes[] = "r\rn\nt\te\033\\\\";
    const char *at = *keys;
    char digits[3] = "";

    if (at[0] != '\\') {
        *keys = at + 1;
        return at[0];
    }
    if (at[1] == 'x' && at[2] != '\0' && at[3] != '\0') {
        memcpy(digits, at + 2, 2);
        *keys = at + 4;
        return (char)strtol(digits, NULL, 16);
    }
    for (const char *escape = escapes; *escape != '\0'; escape += 2) {
        if (at[1] == escape[0]) {
            *keys = at + 2;
            return escape[1];
        }
    }
    usage("unknown escape", at);
}

static void type(const struct session *session, const char *keys)
{
    while (*keys != '\0') {
        char key = next_key(&keys);

        if (write(session->master, &key, 1) != 1) {
            fail("cannot type");
        }
    }
}

static bool is_raw(const struct session *session)
{
    struct termios settings;

    return tcgetattr(session->slave, &settings) == 0 &&
           (settings.c_lflag & (ICANON | ECHO | ISIG)) == 0;
}

/* Forgets the output up to and including the text, so that each wait is for something new. */
static bool text_came(struct session *session, const char *text)
{
    size_t length = strlen(text);
    char *found = memmem(session->text, session->length, text, length);

    if (found == NULL) {
        return false;
    }
    session->length -= (size_t)(found - session->text) + length;
    memmove(session->text, found + length, session->length);
    return true;
}

/* Takes the step if it can be taken now. */
static bool take(struct session *session, const struct step *step)
{
    switch (step->kind) {
    case STEP_AFTER:
        return text_came(session, step->argument);
    case STEP_KEYS:
        type(session, step->argument);
        return true;
    case STEP_KILL:
        kill(session->child, signal_number(step->argument));
        return true;
    case STEP_WAIT:
        return now_ms() - session->step_since >= number(step->argument);
    case STEP_RAW:
        return is_raw(session);
    case STEP_COOKED:
        return !is_raw(session);
    case STEP_COOK:
        tcsetattr(session->slave, TCSANOW, &session->before);
        return true;
    }
    return true;
}

static void take_steps(struct session *session)
{
    while (session->next < session->step_count && take(session, &session->steps[session->next])) {
        session->next++;
        session->step_since = now_ms();
    }
}

static void keep(struct session *session, const char *bytes, size_t count)
{
    /* The oldest output is dropped first; a text to wait for is far shorter than the rest. */
    if (session->length + count > TEXT_SIZE) {
        size_t excess = session->length + count - TEXT_SIZE;

        session->length -= excess;
        memmove(session->text, session->text + excess, session->length);
    }
    memcpy(session->text + session->length, bytes, count);
    session->length += count;
}

/* Passes on what is there without waiting for more. */
static void copy_output(struct session *session)
{
    char bytes[4096];
    ssize_t count;

    while ((count = read(session->master, bytes, sizeof(bytes))) > 0) {
        fwrite(bytes, 1, (size_t)count, stdout);
        fflush(stdout);
        keep(session, bytes, (size_t)count);
        take_steps(session);
    }
}

static void start(struct session *session, char **command)
{
    if (openpty(&session->master, &session->slave, NULL, NULL, NULL) != 0) {
        fail("cannot make a terminal");
    }
    fcntl(session->master, F_SETFD, FD_CLOEXEC);
    fcntl(session->slave, F_SETFD, FD_CLOEXEC);
    fcntl(session->master, F_SETFL, O_NONBLOCK);
    tcgetattr(session->slave, &session->before);
    session->child = fork();
    if (session->child < 0) {
        fail("cannot fork");
    }
    if (session->child == 0) {
        setsid();
        ioctl(session->slave, TIOCSCTTY, 0);
        for (int i = 0; i < 3; i++) {
            dup2(session->slave, i);
        }
        /*
         * Signals have their defaults, as in a shell on a terminal, whatever program runs the
         * tests.
         */
        signal(SIGINT, SIG_DFL);
        signal(SIGQUIT, SIG_DFL);
        signal(SIGHUP, SIG_DFL);
        execvp(command[0], command);
        fprintf(stderr, "with_tty: cannot run %s: %s\n", command[0], strerror(errno));
        _exit(STATUS_NOT_RUN);
    }
    session->child_fd = (int)syscall(SYS_pidfd_open, session->child, 0);
    if (session->child_fd < 0) {
        fail("cannot watch the command");
    }
}

/* Runs until the command ends. Returns false if the time limit is over. */
static bool run(struct session *session, int64_t deadline)
{
    struct pollfd fds[2] = {
        {.fd = session->master, .events = POLLIN},
        {.fd = session->child_fd, .events = POLLIN},
    };

    session->step_since = now_ms();
    while (now_ms() < deadline) {
        take_steps(session);
        poll(fds, 2, TICK_MS);
        copy_output(session);
        if ((fds[1].revents & POLLIN) != 0) {
            return true;
        }
    }
    return false;
}

static void tell_terminal(const struct session *session)
{
    struct termios after;
    const struct termios *before = &session->before;

    tcgetattr(session->slave, &after);
    if (after.c_iflag == before->c_iflag && after.c_oflag == before->c_oflag &&
        after.c_cflag == before->c_cflag && after.c_lflag == before->c_lflag &&
        memcmp(after.c_cc, before->c_cc, sizeof(after.c_cc)) == 0) {
        printf("\nwith_tty: terminal restored\n");
        return;
    }
    printf("\nwith_tty: terminal not restored: iflag %#x was %#x, oflag %#x was %#x, "
           "cflag %#x was %#x, lflag %#x was %#x\n",
           after.c_iflag, before->c_iflag, after.c_oflag, before->c_oflag, after.c_cflag,
           before->c_cflag, after.c_lflag, before->c_lflag);
}

static int finish(struct session *session, bool in_time)
{
    int status = 0;
    const struct step *step = &session->steps[session->next];

    if (!in_time) {
        kill(-session->child, SIGKILL);
    }
    waitpid(session->child, &status, 0);
    copy_output(session);
    tell_terminal(session);
    if (session->next < session->step_count) {
        printf("with_tty: not reached: %s %s\n", step->option, step->argument);
    }
    if (!in_time) {
        printf("with_tty: time was up\n");
        return STATUS_TIME_LIMIT;
    }
    if (session->next < session->step_count) {
        return STATUS_FAILED;
    }
    return WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

static const struct {
    const char *name;
    enum step_kind kind;
    bool has_argument;
} step_options[] = {
    {"--after", STEP_AFTER, true}, {"--keys", STEP_KEYS, true}, {"--kill", STEP_KILL, true},
    {"--wait", STEP_WAIT, true},   {"--raw", STEP_RAW, false},  {"--cooked", STEP_COOKED, false},
    {"--cook", STEP_COOK, false},
};

/* Reads the step at `argv`; returns how many words it takes, 0 if it is none. */
static int read_step(struct session *session, char **argv)
{
    for (size_t i = 0; i < sizeof(step_options) / sizeof(step_options[0]); i++) {
        if (strcmp(argv[0], step_options[i].name) != 0) {
            continue;
        }
        if (session->step_count == STEP_MAX) {
            usage("too many steps", argv[0]);
        }
        if (step_options[i].has_argument && argv[1] == NULL) {
            usage("argument missing", argv[0]);
        }
        session->steps[session->step_count++] = (struct step){
            .kind = step_options[i].kind,
            .option = argv[0],
            .argument = step_options[i].has_argument ? argv[1] : "",
        };
        return step_options[i].has_argument ? 2 : 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static struct session session;
    long limit = DEFAULT_LIMIT_S;
    int at = 1;

    while (at < argc && strncmp(argv[at], "--", 2) == 0) {
        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        int taken = read_step(&session, argv + at);
        if (taken == 0 && strcmp(argv[at], "--limit") == 0 && argv[at + 1] != NULL) {
            limit = number(argv[at + 1]);
            taken = 2;
        }
        if (taken == 0) {
            usage("unknown option", argv[at]);
        }
        at += taken;
    }
    if (at >= argc) {
        usage("no command", argv[0]);
    }
    start(&session, argv + at);
    return finish(&session, run(&session, now_ms() + limit * 1000));
}
