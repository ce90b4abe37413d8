/* SPDX-License-Identifier: BSD-2-Clause */
/* `dormouse top`: the table of VMs, again and again. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "client/ps.h"
#include "client/verb.h"

/* Sequences of ECMA-48: to the first place; the rest of the line, and of the screen, becomes blank. */
#define TOP_HOME       "\033[H"
#define TOP_CLEAR_LINE "\033[K"
#define TOP_CLEAR_REST "\033[J"

static bool is_wanted(const struct vm *vm, const struct verb_settings *settings)
{
    bool wanted = settings->names[0] == NULL;

    for (size_t i = 0; settings->names[i] != NULL; i++) {
        wanted = wanted || vm_is_meant(vm, settings->names[i], true);
    }
    return wanted;
}

static void top_drop_others(struct vm_list *list, const struct verb_settings *settings)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++) {
        if (is_wanted(&list->vms[i], settings)) {
            list->vms[kept++] = list->vms[i];
        } else {
            json_decref(list->vms[i].record);
        }
    }
    list->count = kept;
}

/* Returns false after a report(). */
static bool top_print(const struct verb *verb, const struct verb_settings *settings, bool screen)
{
    const char *end = screen ? TOP_CLEAR_LINE "\n" : "\n";
    struct vm_list list;

    if (!vm_list_all(&list)) {
        return false;
    }
    (void)fputs(screen ? TOP_HOME : "", stdout);
    ps_print_heading();
    (void)fputs(end, stdout);
    top_drop_others(&list, settings);
    bool good = ps_print_vms(verb, &list, settings, end);
    (void)fputs(screen ? TOP_CLEAR_REST : "", stdout);
    vm_list_free(&list);
    return good;
}

/* On a terminal until a signal ends it; elsewhere one table, unless more are asked for. */
int top_run(const struct verb *verb, const struct vm_list *list,
            const struct verb_settings *settings)
{
    bool screen = isatty(STDOUT_FILENO) != 0;
    unsigned count = settings->count == 0 && !screen ? 1 : settings->count;
    const struct timespec pause = {.tv_sec = settings->every != 0 ? settings->every : 2};

    (void)list;
    for (unsigned i = 0; count == 0 || i < count; i++) {
        if (i > 0) {
            (void)nanosleep(&pause, NULL);
            (void)fputs(screen ? "" : "\n", stdout);
        }
        if (!top_print(verb, settings, screen)) {
            return VERB_FAILED;
        }
        if (fflush(stdout) != 0) {
            break;
        }
    }
    return VERB_DONE;
}
