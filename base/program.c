/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/report.h"

/* Text that could not be written to standard output is an error. */
static int finish_output(int output_status)
{
    if (fflush(stdout) == EOF || ferror(stdout) != 0) {
        report("cannot write to standard output: %s", strerror(errno));
        return output_status;
    }
    return 0;
}

int program_end(enum option_result parsed, const struct option_command *command, int usage_status,
                int output_status)
{
    if (parsed != OPTION_HELP) {
        return usage_status;
    }
    option_help(command, stdout);
    return finish_output(output_status);
}

static int print_usage(const struct program *program)
{
    printf("Usage: %s COMMAND [OPTION]...\n%s\n\n", program->name, program->summary);
    for (size_t i = 0; i < program->count; i++) {
        printf("  %-9s %s\n", program->commands[i].name, program->commands[i].help);
    }
    printf("  %-9s %s\n  %-9s %s\n\nSee %s COMMAND --help for the options of a command.\n", "help",
           "print this text, or the help of a command: help COMMAND", "version",
           "print the version", program->name);
    return finish_output(program->output_status);
}

static int print_version(const struct program *program)
{
    printf("%s %s", program->name, program->version);
    if (strcmp(program_revision, program->version) != 0) {
        printf(" (%s)", program_revision);
    }
    putchar('\n');
    return finish_output(program->output_status);
}

static const struct program_command *find_command(const struct program *program, const char *name)
{
    for (size_t i = 0; i < program->count; i++) {
        if (strcmp(name, program->commands[i].name) == 0) {
            return &program->commands[i];
        }
    }
    return NULL;
}

static int refuse_command(const struct program *program, const char *name)
{
    report("%s is not a command; see %s help", name, program->name);
    return program->usage_status;
}

static int help_on(const struct program *program, const char *name)
{
    const struct program_command *command = find_command(program, name);
    char help[] = "--help";
    char *const argv[] = {help, NULL};

    if (command != NULL) {
        return command->call(1, argv);
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "version") == 0) {
        return print_usage(program);
    }
    return refuse_command(program, name);
}

static bool is_one_of(const char *name, const char *a, const char *b, const char *c)
{
    return strcmp(name, a) == 0 || strcmp(name, b) == 0 || strcmp(name, c) == 0;
}

static int call_command(const struct program *program, int argc, char *const *argv)
{
    if (argc < 2) {
        report("no command given; see %s help", program->name);
        return program->usage_status;
    }
    if (is_one_of(argv[1], "help", "--help", "-h")) {
        return argc > 2 ? help_on(program, argv[2]) : print_usage(program);
    }
    if (is_one_of(argv[1], "version", "--version", "-V")) {
        return print_version(program);
    }
    const struct program_command *command = find_command(program, argv[1]);
    return command != NULL ? command->call(argc - 2, argv + 2) : refuse_command(program, argv[1]);
}

/*
 * If the program is started with a standard descriptor closed, no file of its own must get that
 * number. The file that fills the gap fails in the way in which a closed descriptor would.
 */
static void fill_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        }
    }
}

static struct ignored_signal {
    int number;
    void (*before)(int);
} ignored_signals[4];
static size_t ignored_count;

void program_ignore_signal(int number)
{
    void (*before)(int) = signal(number, SIG_IGN);

    if (before != SIG_ERR && ignored_count < sizeof(ignored_signals) / sizeof(ignored_signals[0])) {
        ignored_signals[ignored_count++] = (struct ignored_signal){number, before};
    }
}

void program_restore_signals(void)
{
    for (size_t i = 0; i < ignored_count; i++) {
        (void)signal(ignored_signals[i].number, ignored_signals[i].before);
    }
}

int program_main(const struct program *program, int argc, char *const *argv)
{
    fill_standard_descriptors();
    report_open(program->name);
    /* A file at its limit is an error like a full disk, and must not end the program. */
    program_ignore_signal(SIGXFSZ);
    int status = call_command(program, argc, argv);
    report_close();
    return status;
}
