/* SPDX-License-Identifier: BSD-2-Clause */
/* The lists as data. A .def file is a list; docs/sandbox.md tells what its rows mean. */
#include <errno.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "sandbox/rows.h"
#include "sandbox/sandbox_parts.h"

static const struct sandbox_rule main_rules[] = {
#include "sandbox/main.def"
};

static const struct sandbox_rule vcpu_rules[] = {
#include "sandbox/vcpu.def"
};

static const struct sandbox_rule reopen_rules[] = {
#include "sandbox/reopen.def"
};

static const struct sandbox_rule connect_rules[] = {
#include "sandbox/connect.def"
};

static const struct sandbox_rule back_ends_rules[] = {
#include "sandbox/back_ends.def"
};

static const struct sandbox_rule save_rules[] = {
#include "sandbox/save.def"
};

static const struct sandbox_rule vhost_rules[] = {
#include "sandbox/vhost.def"
};

static const struct sandbox_list main_list = {"main", main_rules, ROWS(main_rules)};
static const struct sandbox_list vcpu_list = {"vcpu", vcpu_rules, ROWS(vcpu_rules)};
static const struct sandbox_list reopen_list = {"reopen", reopen_rules, ROWS(reopen_rules)};
static const struct sandbox_list connect_list = {"connect", connect_rules, ROWS(connect_rules)};
static const struct sandbox_list back_ends_list = {"back-ends", back_ends_rules,
                                                   ROWS(back_ends_rules)};
static const struct sandbox_list save_list = {"save", save_rules, ROWS(save_rules)};
static const struct sandbox_list vhost_list = {"vhost", vhost_rules, ROWS(vhost_rules)};

const char *sandbox_role_name(enum sandbox_role role)
{
    return role == SANDBOX_MAIN ? main_list.title : vcpu_list.title;
}

static void lists_add(struct sandbox_lists *lists, const struct sandbox_list *list)
{
    lists->list[lists->count++] = list;
}

struct sandbox_lists sandbox_lists_of(enum sandbox_role role, unsigned needs)
{
    struct sandbox_lists lists = {.count = 0};

    lists_add(&lists, &vcpu_list);
    if (role == SANDBOX_MAIN) {
        lists_add(&lists, &main_list);
    }
    if ((needs & SANDBOX_NEEDS_REOPEN) != 0) {
        lists_add(&lists, &reopen_list);
    }
    if ((needs & SANDBOX_NEEDS_CONNECT) != 0) {
        lists_add(&lists, &connect_list);
    }
    if ((needs & SANDBOX_NEEDS_BACK_ENDS) != 0) {
        lists_add(&lists, &back_ends_list);
    }
    if ((needs & SANDBOX_NEEDS_SAVE) != 0) {
        lists_add(&lists, &save_list);
    }
    if ((needs & SANDBOX_NEEDS_VHOST) != 0) {
        lists_add(&lists, &vhost_list);
    }
    lists_add(&lists, &sandbox_list_instruments);
    return lists;
}
