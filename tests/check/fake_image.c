/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_image [HABIT]... [--] SCENARIO...
 *
 * Prints on standard output what the conformance image would print on a machine's serial line, and
 * obeys the answers, as the protocol says. Each SCENARIO is what the scenario of that number does:
 *   pass, fail, skip, often, choose
 *                  what they say; `often` fails and says how often, `choose` has characteristics
 *   reset, off     ends the machine on purpose, after a log, and passes if the log comes back;
 *                  `reset` boots again in the same process
 *   twice          as reset, and once more
 *   fresh          wants a machine that has just started
 *   crash, die     resets, or ends, without a word
 *   hang, babble   prints nothing more, or only noise
 *   lost           its result gets lost
 *   noise, endless, interrupted
 *                  binary noise, a line of 1 MB, and a line of something else inside of the block;
 *                  then what pass and fail do
 * A HABIT is of all of the machine:
 *   --prompt       a boot loader's prompt is before the first word
 *   --deaf         answers are not heard
 *   --terminal     answers are heard only from a raw terminal
 *   --mute         boots, and is never ready
 *   --ends         ends at once, with status 7
 *   --flood        prints without an end and without a newline
 *   --ignore-term  SIGTERM does nothing
 *   --child        a process in a session of its own stays behind, whose number goes into the file
 *                  "child"
 *   --stays        does not end where the machine turns off
 *   --boots        after the end it boots once more
 *   --version      speaks version 1 of the protocol
 *   --gives-up     bails out instead of a plan
 *   --closes       closes its output and stays, in place of the first scenario
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

enum {
    ANSWER_SIZE = 2048,
    UART_SIZE = 16,
    HEX_MAX = 1000,
    STATUS_OFF = 0,
    STATUS_ENDS = 7,
    STATUS_USAGE = 64
};

static struct {
    bool prompt, deaf, terminal, mute, ends, flood, ignore_term, child, stays, boots, version,
        gives_up, closes;
} habits;

static const struct {
    const char *name;
    bool *is_set;
} habit_names[] = {
    {"--prompt", &habits.prompt},     {"--deaf", &habits.deaf},
    {"--mute", &habits.mute},         {"--ends", &habits.ends},
    {"--flood", &habits.flood},       {"--ignore-term", &habits.ignore_term},
    {"--child", &habits.child},       {"--stays", &habits.stays},
    {"--boots", &habits.boots},       {"--version", &habits.version},
    {"--gives-up", &habits.gives_up}, {"--closes", &habits.closes},
    {"--terminal", &habits.terminal},
};

/* What the answer said. */
struct answer {
    unsigned scenario;
    const char *how;
    const char *log;
};

/* What comes of a scenario: whether the machine goes on, or starts anew. */
enum course { GOES_ON, BOOTS_AGAIN };

static void sleep_for_ever(void)
{
    for (;;) {
        (void)pause();
    }
}

static void print_point(bool ok, unsigned number, const char *name, const char *message)
{
    printf("%s %u - fake-%s\r\n", ok ? "ok" : "not ok", number, name);
    if (!ok) {
        printf("  ---\r\n  message: \"%s\"\r\n  clause: \"5.%u\"\r\n  severity: \"lost CPU\"\r\n"
               "  consequence: \"a guest would miss it\"\r\n  ...\r\n",
               message, number);
    }
}

/* The log of a scenario is its number and step, in the longest form that there can be. */
static void make_log(unsigned number, unsigned step, char *log)
{
    memset(log, 'a', HEX_MAX);
    (void)snprintf(log, HEX_MAX, "%04x%02x", number, step);
    log[strlen(log)] = 'f';
    log[HEX_MAX] = '\0';
}

static void print_log(unsigned number, unsigned step)
{
    char log[HEX_MAX + 1];

    make_log(number, step, log);
    printf("# log %u %s\r\n", number, log);
    (void)fflush(stdout);
}

static bool is_log(const char *text, unsigned number, unsigned step)
{
    char log[HEX_MAX + 1];

    make_log(number, step, log);
    return strcmp(text, log) == 0;
}

static void print_noise(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        putchar((int)((i * 167 + i / 7) % 256));
    }
    (void)fputs("\r\n", stdout);
}

/* The scenarios that end the machine, when they begin. */
static enum course end_machine(unsigned number, const char *name)
{
    if (strcmp(name, "off") == 0) {
        print_log(number, 0);
        exit(STATUS_OFF);
    }
    if (strcmp(name, "reset") == 0 || strcmp(name, "twice") == 0) {
        print_log(number, 0);
        return BOOTS_AGAIN;
    }
    if (strcmp(name, "die") == 0) {
        exit(STATUS_ENDS);
    }
    if (strcmp(name, "crash") == 0) {
        return BOOTS_AGAIN;
    }
    (void)fflush(stdout);
    if (strcmp(name, "hang") == 0) {
        sleep_for_ever();
    }
    while (strcmp(name, "babble") == 0) {
        printf("(XEN) still here\r\n");
        (void)fflush(stdout);
        (void)usleep(50000);
    }
    return GOES_ON;
}

static void print_oddities(unsigned number, const char *name)
{
    if (strcmp(name, "noise") == 0) {
        print_noise(5000);
    } else if (strcmp(name, "endless") == 0) {
        for (int i = 0; i < 1000000; i++) {
            putchar('.');
        }
        (void)fputs("\r\n", stdout);
    } else if (strcmp(name, "often") == 0) {
        print_point(false, number, name, "two CPUs were told SUCCESS");
        printf("# often: 3 of 1000\r\n");
    } else if (strcmp(name, "interrupted") == 0) {
        printf("not ok %u - fake-%s\r\n  ---\r\n(XEN) d0v0 says: \"hello\"\r\n"
               "  message: \"a \\\"quoted\\\" <word> & \xff\xfe\"\r\n  ...\r\n",
               number, name);
    }
}

static enum course run_scenario(unsigned number, const char *name)
{
    enum course course;

    printf("# running %u fake-%s\r\n", number, name);
    course = end_machine(number, name);
    if (course == BOOTS_AGAIN) {
        return course;
    }
    print_oddities(number, name);
    if (strcmp(name, "skip") == 0) {
        printf("ok %u - fake-skip # SKIP no \"SYSTEM_SUSPEND\" & <co>\r\n", number);
    } else if (strcmp(name, "fail") == 0) {
        print_point(false, number, name, "CPU_ON returned 0");
    } else if (strcmp(name, "often") != 0 && strcmp(name, "interrupted") != 0 &&
               strcmp(name, "lost") != 0) {
        print_point(true, number, name, "");
    }
    if (strcmp(name, "choose") == 0) {
        printf("# characteristic: bit 16 of an ID: ignored\r\n"
               "# characteristic: NODE_HW_STATE of a CPU: 0x2\r\n");
    }
    return GOES_ON;
}

/* A scenario that the machine ended in. */
static enum course resume(const struct answer *answer, const char *name)
{
    unsigned number = answer->scenario;
    bool second = strcmp(name, "twice") == 0 && is_log(answer->log, number, 1);

    if (strcmp(name, "twice") == 0 && is_log(answer->log, number, 0)) {
        print_log(number, 1);
        return BOOTS_AGAIN;
    }
    if (*answer->log == '\0') {
        char message[64];

        (void)snprintf(message, sizeof(message), "the machine ended by itself: %s", answer->how);
        print_point(false, number, name, message);
    } else if ((second || is_log(answer->log, number, 0)) &&
               strcmp(answer->how, strcmp(name, "off") == 0 ? "off" : "reset") == 0) {
        print_point(true, number, name, "");
    } else {
        print_point(false, number, name, "the log is not what it was");
    }
    return GOES_ON;
}

static void print_head(void)
{
    printf("%sTAP version 14\r\n# vpsci-check %d\r\n", habits.prompt ? "\033[0m=> \xf0go " : "",
           habits.version ? 1 : 2);
    printf("# machine: cpus 4, conduit HVC, level EL1\r\n# machine: gic GICv3\r\n"
           "# server: PSCI 1.3, SMCCC 1.1\r\n");
    (void)fflush(stdout);
    if (habits.mute) {
        sleep_for_ever();
    }
    printf("# ready\r\n");
    (void)fflush(stdout);
}

static bool wait_for_input(void)
{
    struct timeval time = {.tv_sec = 5};
    fd_set set;

    FD_ZERO(&set);
    FD_SET(STDIN_FILENO, &set);
    return select(STDIN_FILENO + 1, &set, NULL, NULL, &time) == 1;
}

/* Like a UART that keeps UART_SIZE bytes: what is sent before it is asked for is lost. */
static bool read_line(char *line, size_t size)
{
    int kept = 0;
    size_t length = 0;

    while (length + 1 < size && read(STDIN_FILENO, &line[length], 1) == 1) {
        if (length % UART_SIZE == 0 &&
            (ioctl(STDIN_FILENO, FIONREAD, &kept) != 0 || kept >= UART_SIZE)) {
            return false;
        }
        if (line[length++] == '\n') {
            line[length - 1] = '\0';
            return true;
        }
        if (length % UART_SIZE == 0) {
            printf("# more\r\n");
            (void)fflush(stdout);
        }
    }
    return false;
}

static bool has_raw_terminal(void)
{
    struct termios settings;

    return isatty(STDOUT_FILENO) && tcgetattr(STDIN_FILENO, &settings) == 0 &&
           (settings.c_lflag & (tcflag_t)(ECHO | ICANON | ISIG)) == 0 &&
           (settings.c_oflag & (tcflag_t)OPOST) == 0;
}

static bool hears(void)
{
    return !habits.deaf && (!habits.terminal || has_raw_terminal());
}

/* false: there was none, or it makes no sense. */
static bool read_answer(struct answer *answer)
{
    static char line[ANSWER_SIZE];
    char *rest;
    const char *word;

    *answer = (struct answer){.how = "", .log = ""};
    if (!hears() || !wait_for_input() || !read_line(line, sizeof(line)) ||
        strncmp(line, "go ", 3) != 0) {
        return false;
    }
    answer->scenario = (unsigned)strtoul(line + 3, &rest, 10);
    (void)strsep(&rest, " ");
    word = strsep(&rest, " ");
    answer->how = word != NULL ? word : "";
    answer->log = rest != NULL ? rest : "";
    return word != NULL;
}

static void start_child(void)
{
    pid_t pid = fork();
    FILE *file;

    if (pid == 0) {
        (void)setsid();
        (void)signal(SIGTERM, SIG_IGN);
        sleep_for_ever();
    }
    file = fopen("child", "we");
    if (file == NULL) {
        exit(STATUS_USAGE);
    }
    (void)fprintf(file, "%d\n", (int)pid);
    (void)fclose(file);
}

static void obey_habits(void)
{
    if (habits.ignore_term) {
        (void)signal(SIGTERM, SIG_IGN);
    }
    if (habits.child) {
        start_child();
    }
    if (habits.ends) {
        exit(STATUS_ENDS);
    }
    while (habits.flood) {
        printf("%0*d", 4000, 0);
    }
    if (habits.gives_up) {
        printf("Bail out! no CPU is in the device tree\r\n");
        (void)fflush(stdout);
        sleep_for_ever();
    }
}

static void finish(void)
{
    printf("# passed 1, failed 2, skipped 3\r\n# end\r\n");
    (void)fflush(stdout);
    if (habits.boots) {
        print_head();
    }
    if (habits.stays || habits.boots) {
        sleep_for_ever();
    }
    exit(STATUS_OFF);
}

/* Runs those from `number` on. */
static enum course run_from(unsigned number, unsigned is_fresh_for, char **scenarios,
                            unsigned count)
{
    for (; number <= count; number++) {
        const char *name = scenarios[number - 1];

        if (strcmp(name, "fresh") == 0 && number != is_fresh_for) {
            printf("# fresh %u\r\n", number);
            (void)fflush(stdout);
            return BOOTS_AGAIN;
        }
        if (run_scenario(number, name) == BOOTS_AGAIN) {
            return BOOTS_AGAIN;
        }
    }
    finish();
    return GOES_ON;
}

static enum course boot(char **scenarios, unsigned count)
{
    struct answer answer;

    obey_habits();
    print_head();
    if (!read_answer(&answer) || strcmp(answer.how, "start") == 0) {
        printf("1..%u\r\n", count);
        if (habits.closes) {
            (void)fclose(stdout);
            (void)close(STDOUT_FILENO);
            sleep_for_ever();
        }
        return run_from(1, 0, scenarios, count);
    }
    if (answer.scenario < 1 || answer.scenario > count) {
        exit(STATUS_USAGE);
    }
    if (strcmp(answer.how, "again") == 0) {
        return run_from(answer.scenario, answer.scenario, scenarios, count);
    }
    if (resume(&answer, scenarios[answer.scenario - 1]) == BOOTS_AGAIN) {
        return BOOTS_AGAIN;
    }
    return run_from(answer.scenario + 1, 0, scenarios, count);
}

static bool take_habit(const char *word)
{
    for (size_t i = 0; i < sizeof(habit_names) / sizeof(habit_names[0]); i++) {
        if (strcmp(habit_names[i].name, word) == 0) {
            *habit_names[i].is_set = true;
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    int at = 1;

    while (at < argc && take_habit(argv[at])) {
        at++;
    }
    if (at < argc && argv[at][0] == '-') {
        (void)fprintf(stderr, "fake_image: %s is no habit\n", argv[at]);
        return STATUS_USAGE;
    }
    while (boot(argv + at, (unsigned)(argc - at)) == BOOTS_AGAIN) {
    }
    return 0;
}
