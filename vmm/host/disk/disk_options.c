/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/disk/disk_options.h"

#include <string.h>

#include "base/report.h"
#include "base/word.h"
#include "host/disk/disk_settings.h"

char *disk_name(const struct disk_settings *settings)
{
    return word_name(word_first_name(settings->value));
}

static bool set_serial(struct disk_settings *disk, struct word serial)
{
    if (serial.length == 0 || serial.length > DISK_SERIAL_MAX) {
        return false;
    }
    for (size_t i = 0; i < serial.length; i++) {
        if (serial.text[i] <= ' ' || serial.text[i] > '~') {
            return false;
        }
    }
    memcpy(disk->serial, serial.text, serial.length);
    disk->serial[serial.length] = '\0';
    return true;
}

/* A word after the file's name, and what it sets. */
struct disk_word {
    const char *word;
    size_t offset; /* of an enum in the settings, */
    int value;     /* and what it becomes */
};

#define MEANS(member, means) .offset = offsetof(struct disk_settings, member), .value = (means)

static const struct disk_word disk_words[] = {
    {"on-error=report", MEANS(on_error, DISK_REPORT_ERRORS)},
    {"on-error=pause", MEANS(on_error, DISK_PAUSE_ON_ERROR)},
    {"aio=io_uring", MEANS(aio, DISK_AIO_URING)},
    {"aio=threads", MEANS(aio, DISK_AIO_THREADS)},
};

static bool set_word(struct disk_settings *disk, struct word word)
{
    if (word_begins(&word, "serial=")) {
        return set_serial(disk, word);
    }
    if (word_is(word, "ro")) {
        disk->read_only = true;
        return true;
    }
    if (word_is(word, "format=raw")) {
        disk->raw = true;
        return true;
    }
    for (size_t i = 0; i < sizeof(disk_words) / sizeof(disk_words[0]); i++) {
        if (word_is(word, disk_words[i].word)) {
            memcpy((char *)disk + disk_words[i].offset, &disk_words[i].value,
                   sizeof(disk_words[i].value));
            return true;
        }
    }
    return false;
}

/* A socket's name may follow this word. What else there is about that disk its program knows. */
static bool set_socket(const struct option_row *row, struct disk_settings *disk, const char *value)
{
    const char prefix[] = "vhost-user=";

    if (strncmp(value, prefix, sizeof(prefix) - 1) != 0) {
        return true;
    }
    disk->vhost_user = true;
    disk->value = value + sizeof(prefix) - 1;
    struct word name = word_first_name(disk->value);
    if (word_next(&name)) {
        report("%s %s: nothing may follow a vhost-user socket: the program behind it decides on "
               "the rest; a comma in a name is written twice",
               row->name, value);
        return false;
    }
    return true;
}

static bool set_disk(const struct option_row *row, void *settings, const char *value)
{
    struct disk_list *list = settings;
    struct disk_settings disk = {.value = value};

    if (!set_socket(row, &disk, value)) {
        return false;
    }
    struct word word = word_first_name(disk.value);
    if (word.length == 0) {
        report("%s %s: the name of a file is missing", row->name, value);
        return false;
    }
    while (word_next(&word)) {
        if (!set_word(&disk, word)) {
            report("%s %s: '%.*s' is not one of ro, serial=S (1 to %d characters), format=raw, "
                   "on-error=report, on-error=pause, aio=io_uring, aio=threads; a comma in a name "
                   "is written twice",
                   row->name, value, (int)word.length, word.text, DISK_SERIAL_MAX);
            return false;
        }
    }
    if (list->count == DISKS_MAX) {
        report("%s %s: a VM has at most %d disks", row->name, value, DISKS_MAX);
        return false;
    }
    disk.number = list->count;
    list->at[list->count++] = disk;
    return true;
}

static const struct option_row rows[] = {
    {OPTION("--disk", "FILE[,ro][,serial=S][,on-error=report|pause] or vhost-user=SOCKET",
            "a raw disk image or a block device, or a disk of another program,\n"
            "such as qemu-storage-daemon; repeat it for up to 16 disks;\n"
            "a comma in the file's name is written twice",
            set_disk)},
};

const struct option_table disk_options = {rows, sizeof(rows) / sizeof(rows[0])};
