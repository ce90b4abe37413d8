/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/journal.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/datagram.h"

enum { JOURNAL_ENTRY_SIZE = 5120 };

struct journal_entry {
    uint8_t bytes[JOURNAL_ENTRY_SIZE];
    size_t length;
};

static int journal_fd = -1;

bool journal_open(const char *path)
{
    journal_close();
    journal_fd = datagram_connect(path);
    return journal_fd >= 0;
}

void journal_close(void)
{
    if (journal_fd >= 0) {
        close(journal_fd);
    }
    journal_fd = -1;
}

bool journal_is_open(void)
{
    return journal_fd >= 0;
}

static bool journal_add(struct journal_entry *entry, const void *bytes, size_t length)
{
    if (length > sizeof(entry->bytes) - entry->length) {
        return false;
    }
    memcpy(entry->bytes + entry->length, bytes, length);
    entry->length += length;
    return true;
}

/*
 * The name, a newline, the value's length as 64 bits in little-endian order, the value, a newline. The shorter form NAME=VALUE
 * would let a value with a newline in it make fields of its own.
 */
static bool journal_add_field(struct journal_entry *entry, const struct journal_field *field)
{
    size_t length = strlen(field->value);
    uint8_t size[8];

    for (size_t i = 0; i < sizeof(size); i++) {
        size[i] = (uint8_t)((uint64_t)length >> (8 * i));
    }
    return journal_add(entry, field->name, strlen(field->name)) && journal_add(entry, "\n", 1) &&
           journal_add(entry, size, sizeof(size)) && journal_add(entry, field->value, length) &&
           journal_add(entry, "\n", 1);
}

bool journal_send(const struct journal_field *fields, size_t count)
{
    struct journal_entry entry = {.length = 0};

    for (size_t i = 0; i < count; i++) {
        if (fields[i].value != NULL && !journal_add_field(&entry, &fields[i])) {
            return false;
        }
    }
    return journal_fd >= 0 &&
           send(journal_fd, entry.bytes, entry.length, MSG_NOSIGNAL) == (ssize_t)entry.length;
}
