/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/verb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/program.h"
#include "base/report.h"

const char *verb_word(const struct verb *verb)
{
    return verb->options.word;
}

int64_t verb_deadline(const struct verb *verb, const struct verb_settings *settings)
{
    unsigned seconds = settings->seconds != 0 ? settings->seconds : verb->seconds;

    return clock_now_ms() + (int64_t)seconds * 1000;
}

int verb_print(json_t *object)
{
    if (object == NULL) {
        report("%s", strerror(ENOMEM));
        return VERB_FAILED;
    }
    (void)json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    (void)putchar('\n');
    json_decref(object);
    return VERB_DONE;
}

int verb_exit(enum ask_result result)
{
    static const int statuses[] = {
        [ASK_DONE] = VERB_DONE,
        [ASK_REFUSED] = VERB_FAILED,
        [ASK_GONE] = VERB_NOT_RUNNING,
        [ASK_LATE] = VERB_LATE,
    };

    return statuses[result];
}

int verb_report(const struct verb *verb, const struct vm *vm, const struct qmp_ask *ask,
                enum ask_result result)
{
    static const char *const reasons[] = {
        [ASK_DONE] = NULL,
        [ASK_REFUSED] = NULL,
        [ASK_GONE] = "the VM does not run, or has ended",
        [ASK_LATE] = "the VM has not done it in time; --limit gives it more",
    };

    if (result != ASK_DONE) {
        report("%s %s: %s", verb_word(verb), vm->name,
               result == ASK_REFUSED ? ask->why : reasons[result]);
    }
    return verb_exit(result);
}

/* Parses the arguments; those that are no options go to `names`, which has room for all. */
static enum option_result verb_parse(const struct verb *verb, struct verb_settings *settings,
                                     int argc, char *const *argv, char **names, size_t *count)
{
    *count = 0;
    for (int at = 0; at < argc; at++) {
        int length = option_first_operand(&verb->options, argc - at, argv + at);
        int operands;
        enum option_result result =
            option_parse(&verb->options, settings, length, argv + at, &operands);

        if (result != OPTION_GOOD) {
            return result;
        }
        at += length;
        if (at < argc) {
            names[(*count)++] = argv[at];
        }
    }
    return OPTION_GOOD;
}

static int verb_choose(const struct verb *verb, const struct verb_settings *settings,
                       char *const *names, size_t count)
{
    struct vm_list list;
    enum vm_choice choice = VM_CHOSEN;

    if (count == 0) {
        choice = vm_list_all(&list) ? VM_CHOSEN : VM_NO_MEMORY;
    } else {
        choice = vm_list_choose(&list, verb_word(verb), names, count, verb->shows);
    }
    if (choice == VM_NO_MEMORY) {
        report("%s: %s", verb_word(verb), strerror(ENOMEM));
        return VERB_FAILED;
    }
    int status = verb->run(verb, &list, settings);
    int missing = choice == VM_UNKNOWN ? VERB_NOT_RUNNING : VERB_DONE;
    vm_list_free(&list);
    return missing > status ? missing : status;
}

/* Text that could not be written to standard output is an error. */
static int verb_finish(const struct verb *verb, int status)
{
    if (fflush(stdout) != EOF && ferror(stdout) == 0) {
        return status;
    }
    report("%s: cannot write to standard output: %s", verb_word(verb), strerror(errno));
    return status > VERB_FAILED ? status : VERB_FAILED;
}

static int verb_run_words(const struct verb *verb, int argc, char *const *argv, char **names)
{
    struct verb_settings settings = {0};
    size_t count;
    enum option_result parsed = verb_parse(verb, &settings, argc, argv, names, &count);

    if (parsed != OPTION_GOOD) {
        return program_end(parsed, &verb->options, VERB_USAGE, VERB_FAILED);
    }
    if (count == 0 && !verb->shows) {
        report("%s: name the VMs; see dormouse %s --help, and dormouse ps", verb_word(verb),
               verb_word(verb));
        return VERB_USAGE;
    }
    return verb_finish(verb, verb_choose(verb, &settings, names, count));
}

int verb_run(const struct verb *verb, int argc, char *const *argv)
{
    char **names = calloc((size_t)argc + 1, sizeof(*names));

    if (names == NULL) {
        report("%s: %s", verb_word(verb), strerror(ENOMEM));
        return VERB_FAILED;
    }
    int status = verb_run_words(verb, argc, argv, names);
    free(names);
    return status;
}
