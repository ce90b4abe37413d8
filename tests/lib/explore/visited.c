/* SPDX-License-Identifier: BSD-2-Clause */
#include "visited.h"

#include <stdlib.h>

static struct entry *allocate_entries(size_t size)
{
    struct entry *entries = (struct entry *)calloc(size, sizeof(*entries));

    if (!entries) {
        abort();
    }
    return entries;
}

void visited_make(struct visited *visited)
{
    *visited = (struct visited){.entries = allocate_entries(1 << 10), .size = 1 << 10};
}

void visited_free(struct visited *visited)
{
    free(visited->entries);
}

static struct entry *find_place(struct entry *entries, size_t size, struct digest digest)
{
    size_t i = digest.a & (size - 1);

    while ((entries[i].digest.a || entries[i].digest.b) &&
           (entries[i].digest.a != digest.a || entries[i].digest.b != digest.b)) {
        i = (i + 1) & (size - 1);
    }
    return &entries[i];
}

static void grow_table(struct visited *visited)
{
    size_t size = visited->size * 2;
    struct entry *entries = allocate_entries(size);
    size_t i;

    for (i = 0; i < visited->size; i++) {
        if (visited->entries[i].digest.a || visited->entries[i].digest.b) {
            *find_place(entries, size, visited->entries[i].digest) = visited->entries[i];
        }
    }
    free(visited->entries);
    visited->entries = entries;
    visited->size = size;
}

struct entry *visited_find(struct visited *visited, struct digest digest, bool *is_new)
{
    struct entry *entry;

    if (visited->count > visited->size / 2) {
        grow_table(visited);
    }
    entry = find_place(visited->entries, visited->size, digest);
    *is_new = !entry->digest.a && !entry->digest.b;
    if (*is_new) {
        entry->digest = digest;
        visited->count++;
    }
    return entry;
}
