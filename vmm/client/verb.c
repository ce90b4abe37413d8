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

int64_t verb_turn(int64_t deadline, unsigned turn_ms)
{
    int64_t turn = clock_now_ms() + turn_ms;

    return deadline > turn ? deadline : turn;
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

/* "root@web": the part before the name is ssh's. */
static char *take_user(struct verb_settings *settings, char *word)
{
    const char *name = strchr(word, '@');
    size_t length = name != NULL ? (size_t)(name + 1 - word) : 0;

    if (length >= sizeof(settings->user)) {
        return word;
    }
    memcpy(settings->user, word, length);
    settings->user[length] = '\0';
    return word + length;
}

/* Parses the arguments; those that are no options go to `names`, which has room for all. */
static enum option_result verb_parse(const struct verb *verb, struct verb_settings *settings,
                                     int argc, char *const *argv, char **names, size_t *count)
{
    bool no_options = false;

    *count = 0;
    for (int at = 0; at < argc; at++) {
        int length = no_options ? 0 : option_first_operand(&verb->options, argc - at, argv + at);
        int operands;
        enum option_result result =
            option_parse(&verb->options, settings, length, argv + at, &operands);

        if (result != OPTION_GOOD) {
            return result;
        }
        at += length;
        if (at == argc) {
            break;
        }
        no_options = no_options || (length > 0 && strcmp(argv[at - 1], "--") == 0);
        names[(*count)++] = argv[at];
        if (verb->names == VERB_NAME_AND_REST) {
            names[0] = take_user(settings, argv[at]);
            settings->rest = argv + at + 1;
            break;
        }
    }
    return OPTION_GOOD;
}

/* Whether there are as many VMs as the verb is for. */
static bool verb_has_names(const struct verb *verb, size_t count)
{
    const char *what = verb->names == VERB_NAMES ? "the VMs" : "one VM";

    if (count == 0 ? verb->shows : (verb->names == VERB_NAMES || count == 1)) {
        return true;
    }
    report("%s: name %s; see dormouse %s --help, and dormouse ps", verb_word(verb), what,
           verb_word(verb));
    return false;
}

/* With one VM, or as many as the verb is for; `missing` is the status for those that were not found. */
static int verb_run_list(const struct verb *verb, const struct verb_settings *settings,
                         const struct vm_list *list, int missing)
{
    if (verb->names != VERB_NAMES && list->count != 1) {
        if (list->count > 1) {
            report("%s: the pattern fits several VMs; name one", verb_word(verb));
        }
        return list->count > 1 ? VERB_USAGE : missing;
    }
    int status = verb->run(verb, list, settings);
    return missing > status ? missing : status;
}

static int verb_choose(const struct verb *verb, const struct verb_settings *settings,
                       char *const *names, size_t count)
{
    struct vm_list list = {0};
    enum vm_choice choice = VM_CHOSEN;

    if (count == 0) {
        choice = vm_list_all(&list) ? VM_CHOSEN : VM_FAILED;
    } else {
        choice = vm_list_choose(&list, verb_word(verb), names, count, verb->shows);
    }
    if (choice == VM_FAILED) {
        vm_list_free(&list);
        return VERB_FAILED;
    }
    int status =
        verb_run_list(verb, settings, &list, choice == VM_UNKNOWN ? VERB_NOT_RUNNING : VERB_DONE);
    vm_list_free(&list);
    return status;
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

static int verb_run_words(const struct verb *verb, int argc, char *const *argv, char **names,
                          verb_log_fn *show_log)
{
    struct verb_settings settings = {.rest = argv + argc, .show_log = show_log};
    size_t count;
    enum option_result parsed = verb_parse(verb, &settings, argc, argv, names, &count);

    if (parsed != OPTION_GOOD) {
        return program_end(parsed, &verb->options, VERB_USAGE, VERB_FAILED);
    }
    if (!verb_has_names(verb, count)) {
        return VERB_USAGE;
    }
    settings.names = names;
    return verb_finish(verb, verb_choose(verb, &settings, names, count));
}

int verb_run(const struct verb *verb, int argc, char *const *argv, verb_log_fn *show_log)
{
    char **names = calloc((size_t)argc + 1, sizeof(*names));

    if (names == NULL) {
        report("%s: %s", verb_word(verb), strerror(ENOMEM));
        return VERB_FAILED;
    }
    int status = verb_run_words(verb, argc, argv, names, show_log);
    free(names);
    return status;
}
