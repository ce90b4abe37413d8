/* SPDX-License-Identifier: BSD-2-Clause */
/** The commands for running VMs: `dormouse VERB NAME...`. */
#ifndef DORMOUSE_CLIENT_VERB_H
#define DORMOUSE_CLIENT_VERB_H

#include "base/option.h"
#include "client/qmp_ask.h"
#include "client/vm_list.h"

/** Exit statuses. Of several VMs the highest one counts. */
enum {
    VERB_DONE,
    VERB_FAILED,      /* a VM has refused it, or something failed */
    VERB_USAGE,       /* nothing was done */
    VERB_NOT_RUNNING, /* no such VM, or it does not run */
    VERB_LATE,        /* a VM has not done it in time */
};

/** Shows an event log in words. Returns an exit status. */
typedef int verb_log_fn(const char *path);

struct verb_settings {
    unsigned seconds; /* 0: the verb's own limit */
    bool json;
    bool no_wait;
    bool follow;
    char *const *rest;  /* arguments after the name, if the verb has one name; then NULL */
    char user[64];      /* "USER@", or "" */
    char *const *names; /* that were given; then NULL */
    unsigned every;     /* seconds; 0: the default */
    unsigned count;
    verb_log_fn *show_log;
};

/** What may follow the options. */
enum verb_names {
    VERB_NAMES,
    VERB_NAME,          /* one VM */
    VERB_NAME_AND_REST, /* one VM, and arguments that are not this command's */
};

struct verb {
    struct option_command options;
    /* Does it with the VMs that were named. Returns an exit status. */
    int (*run)(const struct verb *verb, const struct vm_list *list,
               const struct verb_settings *settings);
    const char *command; /* of QMP */
    const char *event;   /* which says that it is done; NULL: the reply does */
    bool ends;           /* the VM's process ends then */
    enum verb_names names;
    bool shows;       /* also of VMs that have ended, and of all VMs if no name is given */
    unsigned seconds; /* how long it may take */
};

#define VERB(word, ...) extern const struct verb verb_##word;
#include "client/verbs.def"

/** Runs a command with its arguments. Returns an exit status. */
int verb_run(const struct verb *verb, int argc, char *const *argv, verb_log_fn *show_log);

/** The deadline of what begins now. */
int64_t verb_deadline(const struct verb *verb, const struct verb_settings *settings);

enum { VERB_TURN_MS = 1000 };

/**
 * The deadline for one of several VMs that were all asked: what it has sent in time is read, even if the others have
 * used up the time until `deadline`. It has `turn_ms` at least.
 */
int64_t verb_turn(int64_t deadline, unsigned turn_ms);

/** What `verb` is called in messages. */
const char *verb_word(const struct verb *verb);

/** Prints an object as a line; takes it over. Returns an exit status. */
int verb_print(json_t *object);

/** The exit status for a result. */
int verb_exit(enum ask_result result);

/** Report()s one line about a VM, unless it is done, and returns verb_exit(). */
int verb_report(const struct verb *verb, const struct vm *vm, const struct qmp_ask *ask,
                enum ask_result result);

/* The kinds of verbs: act.c, attach.c, follow.c, ps.c, ssh.c. */
int act_run(const struct verb *verb, const struct vm_list *list,
            const struct verb_settings *settings);
int ps_run(const struct verb *verb, const struct vm_list *list,
           const struct verb_settings *settings);
int status_run(const struct verb *verb, const struct vm_list *list,
               const struct verb_settings *settings);
int events_run(const struct verb *verb, const struct vm_list *list,
               const struct verb_settings *settings);
int console_run(const struct verb *verb, const struct vm_list *list,
                const struct verb_settings *settings);
int connect_run(const struct verb *verb, const struct vm_list *list,
                const struct verb_settings *settings);
int ssh_run(const struct verb *verb, const struct vm_list *list,
            const struct verb_settings *settings);
int top_run(const struct verb *verb, const struct vm_list *list,
            const struct verb_settings *settings);

#endif
