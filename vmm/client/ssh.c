/* SPDX-License-Identifier: BSD-2-Clause */
/* `dormouse ssh`: becomes ssh, which reaches the guest by a forwarded port or by vsock. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/program.h"
#include "base/report.h"
#include "client/verb.h"

enum { SSH_WORDS = 8 };

struct ssh_words {
    char *words[SSH_WORDS];
    size_t count;
};

/* Takes over `word`, which is NULL without memory. */
static bool ssh_add(struct ssh_words *ssh, char *word)
{
    if (word == NULL) {
        return false;
    }
    ssh->words[ssh->count++] = word;
    return true;
}

/* The file of this program, for ssh's shell; NULL if its name has a quote in it. */
static const char *own_file(char *path, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", path, size - 1);

    if (length <= 0) {
        return NULL;
    }
    path[length] = '\0';
    return strpbrk(path, "'%") == NULL ? path : NULL;
}

static bool ssh_add_vsock(struct ssh_words *ssh, const struct vm *vm)
{
    char path[PATH_MAX];
    char *word;

    if (own_file(path, sizeof(path)) == NULL) {
        return false;
    }
    return asprintf(&word, "-oProxyCommand='%s' connect -- '%s' 22", path, vm->name) >= 0 &&
           ssh_add(ssh, word);
}

/* "[ADDRESS/]PORT:22" */
static bool ssh_add_forward(struct ssh_words *ssh, const char *forward)
{
    const char *slash = strrchr(forward, '/');
    const char *port = slash != NULL ? slash + 1 : forward;
    char *word;

    if (asprintf(&word, "-p%.*s", (int)strcspn(port, ":"), port) < 0 || !ssh_add(ssh, word)) {
        return false;
    }
    int length = slash != NULL ? (int)(slash - forward) : 0;
    return asprintf(&word, "-oHostName=%.*s", length > 0 ? length : 9,
                    length > 0 ? forward : "127.0.0.1") >= 0 &&
           ssh_add(ssh, word);
}

/* The host's key belongs to the VM, whatever its address is. */
static bool ssh_make(struct ssh_words *ssh, const struct vm *vm, const char *user)
{
    const char *forward = vm_text(vm, "ssh");
    char *word;

    if (!ssh_add(ssh, strdup("ssh")) ||
        asprintf(&word, "-oHostKeyAlias=dormouse-%s", vm->name) < 0 || !ssh_add(ssh, word)) {
        return false;
    }
    bool good = forward != NULL ? ssh_add_forward(ssh, forward) : ssh_add_vsock(ssh, vm);
    if (!good || asprintf(&word, "%s%s", user, vm->name) < 0) {
        return false;
    }
    return ssh_add(ssh, word);
}

/* Returns only if ssh could not be started. */
static int ssh_become(const struct ssh_words *ssh, char *const *rest)
{
    size_t more = 0;

    while (rest[more] != NULL) {
        more++;
    }
    char **argv = calloc(ssh->count + more + 1, sizeof(*argv));
    if (argv == NULL) {
        return -ENOMEM;
    }
    memcpy(argv, ssh->words, ssh->count * sizeof(*argv));
    memcpy(argv + ssh->count, rest, more * sizeof(*argv));
    program_restore_signals();
    execvp("ssh", argv);
    int error = -errno;
    free(argv);
    return error;
}

static void ssh_free(struct ssh_words *ssh)
{
    for (size_t i = 0; i < ssh->count; i++) {
        free(ssh->words[i]);
    }
}

int ssh_run(const struct verb *verb, const struct vm_list *list,
            const struct verb_settings *settings)
{
    const struct vm *vm = &list->vms[0];
    struct ssh_words ssh = {.count = 0};

    if (!vm->running) {
        return verb_report(verb, vm, NULL, ASK_GONE);
    }
    if (vm_text(vm, "ssh") == NULL && vm_text(vm, "vsock") == NULL) {
        report("%s %s: no way to the guest's ssh is known; give the VM --vsock PATH, or "
               "--net user,forward=tcp:PORT:22",
               verb_word(verb), vm->name);
        return VERB_FAILED;
    }
    int error = ssh_make(&ssh, vm, settings->user) ? ssh_become(&ssh, settings->rest) : -ENOMEM;
    ssh_free(&ssh);
    report("%s %s: cannot run ssh: %s", verb_word(verb), vm->name, strerror(-error));
    return VERB_FAILED;
}
