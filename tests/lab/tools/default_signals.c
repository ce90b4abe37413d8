/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * default_signals COMMAND [ARGUMENT]...
 *
 * Runs a command as a shell runs one in the foreground: shells that are no terminal's ignore SIGINT
 * and SIGQUIT for what they start in the background, and what is ignored stays ignored.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGQUIT, SIG_DFL);
    (void)signal(SIGHUP, SIG_DFL);
    if (argc > 1) {
        execvp(argv[1], argv + 1);
        perror(argv[1]);
    }
    return 127;
}
