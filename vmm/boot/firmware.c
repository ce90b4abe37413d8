/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/firmware.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/report.h"

/* A machine type of QEMU, as the patterns of descriptors name it. */
#define FIRMWARE_MACHINE "virt-dormouse"

/* What a descriptor says of this machine. */
enum firmware_rank { FIRMWARE_USELESS, FIRMWARE_SECURE, FIRMWARE_BEST };

struct firmware_search {
    enum firmware_rank rank; /* of what is found */
    struct firmware *found;
};

static bool firmware_list_has(const json_t *list, const char *wanted)
{
    size_t index;
    const json_t *item;

    json_array_foreach(list, index, item)
    {
        if (json_is_string(item) && strcmp(json_string_value(item), wanted) == 0) {
            return true;
        }
    }
    return false;
}

static bool firmware_target_fits(const json_t *target)
{
    const char *architecture = json_string_value(json_object_get(target, "architecture"));
    size_t index;
    const json_t *pattern;

    if (architecture == NULL || strcmp(architecture, "aarch64") != 0) {
        return false;
    }
    json_array_foreach(json_object_get(target, "machines"), index, pattern)
    {
        if (json_is_string(pattern) &&
            fnmatch(json_string_value(pattern), FIRMWARE_MACHINE, 0) == 0) {
            return true;
        }
    }
    return false;
}

static bool firmware_fits(const json_t *descriptor)
{
    size_t index;
    const json_t *target;

    if (!firmware_list_has(json_object_get(descriptor, "interface-types"), "uefi")) {
        return false;
    }
    json_array_foreach(json_object_get(descriptor, "targets"), index, target)
    {
        if (firmware_target_fits(target)) {
            return true;
        }
    }
    return false;
}

/* The file under `key` of a flash device's mapping, or NULL unless its format is raw. */
static const char *firmware_file(const json_t *mapping, const char *key)
{
    const json_t *file = json_object_get(mapping, key);
    const char *format = json_string_value(json_object_get(file, "format"));

    if (format == NULL || strcmp(format, "raw") != 0) {
        return NULL;
    }
    return json_string_value(json_object_get(file, "filename"));
}

static enum firmware_rank firmware_rank(const json_t *descriptor, const char **code)
{
    const json_t *mapping = json_object_get(descriptor, "mapping");
    const char *device = json_string_value(json_object_get(mapping, "device"));
    const char *mode = json_string_value(json_object_get(mapping, "mode"));

    *code = NULL;
    if (!firmware_fits(descriptor) || device == NULL || strcmp(device, "flash") != 0) {
        return FIRMWARE_USELESS;
    }
    if (mode != NULL && strcmp(mode, "combined") == 0) {
        return FIRMWARE_USELESS; /* Its variables would be in the bank that is only read. */
    }
    *code = firmware_file(mapping, "executable");
    if (*code == NULL) {
        return FIRMWARE_USELESS;
    }
    return firmware_list_has(json_object_get(descriptor, "features"), "secure-boot")
               ? FIRMWARE_SECURE
               : FIRMWARE_BEST;
}

static void firmware_take(struct firmware_search *search, const json_t *descriptor)
{
    const char *code;
    enum firmware_rank rank = firmware_rank(descriptor, &code);

    if (rank <= search->rank) {
        return;
    }
    const char *template = firmware_file(json_object_get(descriptor, "mapping"), "nvram-template");
    struct firmware taken = {.code = strdup(code),
                             .template = template != NULL ? strdup(template) : NULL};

    if (taken.code == NULL || (template != NULL && taken.template == NULL)) {
        firmware_free(&taken);
        return;
    }
    firmware_free(search->found);
    *search->found = taken;
    search->rank = rank;
}

static bool firmware_is_hidden(const char *const *folders, const char *const *folder,
                               const char *name)
{
    char path[PATH_MAX];
    struct stat info;

    for (; folders != folder; folders++) {
        if (snprintf(path, sizeof(path), "%s/%s", *folders, name) < (int)sizeof(path) &&
            stat(path, &info) == 0) {
            return true;
        }
    }
    return false;
}

/* A file that is no JSON, such as an empty one that hides others, describes nothing. */
static void firmware_read(struct firmware_search *search, const char *folder, const char *name)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path)) {
        return;
    }
    json_t *descriptor = json_load_file(path, 0, NULL);
    if (descriptor != NULL) {
        firmware_take(search, descriptor);
        json_decref(descriptor);
    }
}

static int firmware_is_descriptor(const struct dirent *entry)
{
    const char *end = strrchr(entry->d_name, '.');

    return end != NULL && strcmp(end, ".json") == 0;
}

static void firmware_read_folder(struct firmware_search *search, const char *const *folders,
                                 const char *const *folder)
{
    struct dirent **entries;
    int count = scandir(*folder, &entries, firmware_is_descriptor, alphasort);

    for (int i = 0; i < count; i++) {
        if (!firmware_is_hidden(folders, folder, entries[i]->d_name)) {
            firmware_read(search, *folder, entries[i]->d_name);
        }
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
}

int firmware_find_in(const char *const *folders, struct firmware *firmware)
{
    struct firmware_search search = {.found = firmware};

    *firmware = (struct firmware){0};
    for (const char *const *folder = folders; *folder != NULL; folder++) {
        firmware_read_folder(&search, folders, folder);
    }
    if (search.rank == FIRMWARE_USELESS) {
        report("--firmware auto: no UEFI for arm64 is installed; install qemu-efi-aarch64 (Debian) "
               "or give --firmware FILE");
        return -1;
    }
    return 0;
}

/* QEMU's order: the user's, the machine's, the distribution's. */
static int firmware_find_installed(struct firmware *firmware)
{
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    char user[PATH_MAX] = "";
    const char *folders[] = {"/etc/qemu/firmware", "/usr/share/qemu/firmware", NULL, NULL};

    if (config != NULL && *config != '\0') {
        (void)snprintf(user, sizeof(user), "%s/qemu/firmware", config);
    } else if (home != NULL) {
        (void)snprintf(user, sizeof(user), "%s/.config/qemu/firmware", home);
    }
    if (*user != '\0') {
        folders[2] = folders[1];
        folders[1] = folders[0];
        folders[0] = user;
    }
    return firmware_find_in(folders, firmware);
}

int firmware_find(const char *wanted, struct firmware *firmware)
{
    if (strcmp(wanted, "auto") == 0) {
        return firmware_find_installed(firmware);
    }
    *firmware = (struct firmware){.code = strdup(wanted)};
    if (firmware->code == NULL) {
        report("--firmware %s: %s", wanted, strerror(ENOMEM));
        return -1;
    }
    return 0;
}

void firmware_free(struct firmware *firmware)
{
    free(firmware->code);
    free(firmware->template);
    *firmware = (struct firmware){0};
}
