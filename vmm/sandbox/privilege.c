/* SPDX-License-Identifier: BSD-2-Clause */
/* User, groups, capabilities, limits. Everything that can be asked for afterwards is asked for. */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/report.h"
#include "sandbox/sandbox_parts.h"

/*
 * Some file systems know no owners, and some servers do not let root change one: then the file
 * stays as it is, and only opening it again will fail.
 */
static void files_give(const struct sandbox_options *options)
{
    if (geteuid() != 0) {
        return;
    }
    for (size_t i = 0; i < options->created_count; i++) {
        if (options->created[i] >= 0) {
            (void)!fchown(options->created[i], options->user->uid, options->user->gid);
        }
    }
}

static bool is_user(const struct sandbox_user *user)
{
    uid_t uid[3];
    gid_t gid[3];

    return getresuid(&uid[0], &uid[1], &uid[2]) == 0 && getresgid(&gid[0], &gid[1], &gid[2]) == 0 &&
           uid[0] == user->uid && uid[1] == user->uid && uid[2] == user->uid &&
           gid[0] == user->gid && gid[1] == user->gid && gid[2] == user->gid;
}

/* A user namespace that an ordinary user has made keeps that user's groups: user_namespaces(7). */
static bool groups_are_fixed(void)
{
    char word[8] = "";
    FILE *file = fopen("/proc/self/setgroups", "re");

    if (file == NULL) {
        return false;
    }
    bool fixed = fgets(word, sizeof(word), file) != NULL && strncmp(word, "deny", 4) == 0;
    fclose(file);
    return fixed;
}

/* 0 or -errno. */
static int groups_leave(void)
{
    if (setgroups(0, NULL) == 0) {
        return 0;
    }
    int error = -errno;
    return error == -EPERM && (getgroups(0, NULL) == 0 || groups_are_fixed()) ? 0 : error;
}

/* Groups first: the user may not be allowed to change them. */
static int user_become(const struct sandbox_user *user)
{
    if (geteuid() != 0) {
        return is_user(user) ? 0 : -EPERM;
    }
    int error = groups_leave();
    if (error != 0) {
        return error;
    }
    if (setresgid(user->gid, user->gid, user->gid) != 0 ||
        setresuid(user->uid, user->uid, user->uid) != 0) {
        return -errno;
    }
    return is_user(user) ? 0 : -EPERM;
}

/*
 * A program that this process would start could not get them back. Only a process that has CAP_SETPCAP may drop from this
 * set (EPERM); for any other one no_new_privs makes the set useless. EINVAL is after the last capability.
 */
static int empty_bounding_set(void)
{
    unsigned long capability = 0;

    while (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) {
        capability++;
    }
    return errno == EPERM || errno == EINVAL ? 0 : -errno;
}

/* Effective, permitted, inheritable and ambient. */
static int drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    memset(data, 0, sizeof(data));
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 ||
        syscall(SYS_capset, &header, data) != 0 || syscall(SYS_capget, &header, data) != 0) {
        return -errno;
    }
    for (int i = 0; i < 2; i++) {
        if ((data[i].effective | data[i].permitted | data[i].inheritable) != 0) {
            return -EPERM;
        }
    }
    return 0;
}

/*
 * No core file: it would carry the guest's secrets. No more descriptors than there is need for. The
 * number of processes is not limited: it counts all of the user's, those of other VMs as well, and
 * the filter lets none be made. File sizes stay the operator's to limit.
 */
static int limits_lower(void)
{
    const struct rlimit none = {0, 0};
    struct rlimit files;

    if (setrlimit(RLIMIT_CORE, &none) != 0 || getrlimit(RLIMIT_NOFILE, &files) != 0) {
        return -errno;
    }
    files.rlim_max = files.rlim_cur;
    return setrlimit(RLIMIT_NOFILE, &files) == 0 ? 0 : -errno;
}

static int privilege_fail(const char *what, int error)
{
    report("sandbox: cannot %s: %s; --no-sandbox runs the VM without one", what, strerror(-error));
    return -1;
}

int privilege_drop(const struct sandbox_options *options)
{
    const struct sandbox_user *user = options->user;
    int error = limits_lower();

    if (error != 0) {
        return privilege_fail("set the limits", error);
    }
    error = empty_bounding_set();
    if (error != 0) {
        return privilege_fail("empty the bounding set of capabilities", error);
    }
    files_give(options);
    error = user_become(user);
    if (error != 0) {
        report("sandbox: cannot become user %s (%u:%u): %s; give another one with --user",
               user->name, user->uid, user->gid, strerror(-error));
        return -1;
    }
    error = drop_capabilities();
    if (error != 0) {
        return privilege_fail("drop the capabilities", error);
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return privilege_fail("set no_new_privs", -errno);
    }
    return 0;
}
