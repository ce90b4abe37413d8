/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/vm_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/report.h"
#include "client/vm_claim.h"

enum { RECORD_MAX = 64 * 1024 };

const char *vm_text(const struct vm *vm, const char *name)
{
    return json_string_value(json_object_get(vm->record, name));
}

long vm_pid(const struct vm *vm)
{
    return vm->running ? (long)json_integer_value(json_object_get(vm->record, "pid")) : 0;
}

void vm_list_free(struct vm_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        json_decref(list->vms[i].record);
    }
    free(list->vms);
    *list = (struct vm_list){0};
}

static bool cannot_list(const char *folder, int error)
{
    report("cannot list the VMs in %s: %s", folder, strerror(error));
    return false;
}

/* Takes over the VM's record. */
static bool list_add(struct vm_list *list, const struct vm *vm)
{
    struct vm *vms =
        list->count < VM_LIST_MAX ? realloc(list->vms, (list->count + 1) * sizeof(*vms)) : NULL;

    if (vms == NULL) {
        json_decref(vm->record);
        report("cannot list the VMs: %s", strerror(ENOMEM));
        return false;
    }
    list->vms = vms;
    vms[list->count++] = *vm;
    return true;
}

/* Reads what the process has written, if that is a file at all. */
static json_t *read_record(int fd)
{
    struct stat status;

    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > RECORD_MAX) {
        return NULL;
    }
    return json_loadfd(fd, 0, NULL);
}

static const char name_characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

/* The name of the VM whose file this is. Returns false if it is another file. */
static bool read_file_name(const char *file, char *name)
{
    const char *end = strrchr(file, '.');
    size_t length = end != NULL ? (size_t)(end - file) : 0;

    if (length == 0 || length >= VM_NAME_SIZE || strcmp(end, ".vm") != 0 ||
        strspn(file, name_characters) != strlen(file)) {
        return false;
    }
    memcpy(name, file, length);
    name[length] = '\0';
    return true;
}

/* A file that this user may not read is a VM of somebody else. */
static bool list_add_file(struct vm_list *list, const char *folder, int folder_fd, const char *file)
{
    struct vm vm = {0};

    if (!read_file_name(file, vm.name)) {
        return true;
    }
    int fd = openat(folder_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        list->unreadable += errno == EACCES;
        return true;
    }
    vm.running = vm_claim_is_held(fd);
    vm.record = read_record(fd);
    close(fd);
    const char *qmp = vm_text(&vm, "qmp");
    int length = qmp != NULL ? snprintf(vm.qmp, sizeof(vm.qmp), "%s", qmp)
                             : snprintf(vm.qmp, sizeof(vm.qmp), "%s/%s.qmp", folder, vm.name);
    if ((size_t)length >= sizeof(vm.qmp)) {
        vm.qmp[0] = '\0';
    }
    return list_add(list, &vm);
}

/* The next file's name, or NULL; then errno tells the end from an error. */
static const char *next_file(DIR *stream)
{
    errno = 0;
    const struct dirent *entry = readdir(stream);
    return entry != NULL ? entry->d_name : NULL;
}

static bool list_add_files(struct vm_list *list, const char *folder, DIR *stream)
{
    const char *file;

    while ((file = next_file(stream)) != NULL) {
        if (!list_add_file(list, folder, dirfd(stream), file)) {
            return false;
        }
    }
    return errno == 0 || cannot_list(folder, errno);
}

/* A folder that may be read but not searched gives the names of its files, and nothing else. */
static DIR *list_open_folder(const char *folder)
{
    DIR *stream = opendir(folder);
    struct stat status;

    if (stream != NULL && fstatat(dirfd(stream), ".", &status, 0) != 0) {
        int error = errno;

        closedir(stream);
        errno = error;
        return NULL;
    }
    return stream;
}

/* Without the folder there are no VMs. A `foreign` one that this user may not read has VMs of other users. */
static bool list_add_folder(struct vm_list *list, const char *folder, bool foreign)
{
    DIR *stream = list_open_folder(folder);

    if (stream == NULL) {
        return errno == ENOENT || (errno == EACCES && foreign) || cannot_list(folder, errno);
    }
    bool good = list_add_files(list, folder, stream);
    closedir(stream);
    return good;
}

/* Of two VMs of one name the running one comes first. */
static int compare_vms(const void *a, const void *b)
{
    const struct vm *one = a;
    const struct vm *other = b;
    int order = strcmp(one->name, other->name);

    return order != 0 ? order : (int)other->running - (int)one->running;
}

bool vm_list_all(struct vm_list *list)
{
    struct vm_folders folders;
    bool good = true;

    *list = (struct vm_list){0};
    vm_folders(&folders);
    for (size_t i = 0; i < folders.count; i++) {
        good = good && list_add_folder(list, folders.at[i], i > 0);
    }
    if (!good) {
        vm_list_free(list);
        return false;
    }
    if (list->count > 1) {
        qsort(list->vms, list->count, sizeof(*list->vms), compare_vms);
    }
    return true;
}

static bool is_pattern(const char *word)
{
    return strpbrk(word, "*?[") != NULL;
}

static bool list_has(const struct vm_list *list, const struct vm *vm)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->vms[i].name, vm->name) == 0) {
            return true;
        }
    }
    return false;
}

static bool list_copy(struct vm_list *list, const struct vm *vm)
{
    if (list_has(list, vm)) {
        return true;
    }
    json_incref(vm->record);
    return list_add(list, vm);
}

static enum vm_choice choose_socket(struct vm_list *list, const char *verb, const char *path)
{
    struct vm vm = {.running = true};

    if (strlen(path) >= sizeof(vm.qmp)) {
        report("%s %s: a socket's path has at most %zu characters", verb, path, sizeof(vm.qmp) - 1);
        return VM_UNKNOWN;
    }
    (void)snprintf(vm.name, sizeof(vm.name), "%s", path);
    (void)snprintf(vm.qmp, sizeof(vm.qmp), "%s", path);
    return list_copy(list, &vm) ? VM_CHOSEN : VM_FAILED;
}

bool vm_is_meant(const struct vm *vm, const char *word, bool ended)
{
    if (!is_pattern(word)) {
        return strcmp(word, vm->name) == 0;
    }
    return (vm->running || ended) && fnmatch(word, vm->name, 0) == 0;
}

static enum vm_choice choose_named(struct vm_list *list, const struct vm_list *all,
                                   const char *verb, const char *word, bool ended)
{
    bool found = false;

    for (size_t i = 0; i < all->count; i++) {
        const struct vm *vm = &all->vms[i];
        bool fits = vm_is_meant(vm, word, ended);

        if (fits && !list_copy(list, vm)) {
            return VM_FAILED;
        }
        found = found || fits;
    }
    if (!found) {
        report(is_pattern(word) ? "%s: no VM of this user fits %s; see dormouse ps"
                                : "%s: this user has no VM called %s; see dormouse ps",
               verb, word);
    }
    return found ? VM_CHOSEN : VM_UNKNOWN;
}

static bool is_socket(const char *word)
{
    return strchr(word, '/') != NULL;
}

/* No folder is read for VMs that are named by their sockets. */
static bool list_for_words(struct vm_list *all, char *const *words, size_t count)
{
    *all = (struct vm_list){0};
    for (size_t i = 0; i < count; i++) {
        if (!is_socket(words[i])) {
            return vm_list_all(all);
        }
    }
    return true;
}

enum vm_choice vm_list_choose(struct vm_list *list, const char *verb, char *const *words,
                              size_t count, bool ended)
{
    enum vm_choice choice = VM_CHOSEN;
    struct vm_list all;

    *list = (struct vm_list){0};
    if (!list_for_words(&all, words, count)) {
        return VM_FAILED;
    }
    for (size_t i = 0; i < count && choice != VM_FAILED; i++) {
        enum vm_choice one = is_socket(words[i]) ? choose_socket(list, verb, words[i])
                                                 : choose_named(list, &all, verb, words[i], ended);

        choice = one > choice ? one : choice;
    }
    vm_list_free(&all);
    return choice;
}
