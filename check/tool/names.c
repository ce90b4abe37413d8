/* SPDX-License-Identifier: BSD-2-Clause */
#include "names.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "must.h"

struct name {
    const char *name;
    size_t number;
};

static int names_compare(const void *a, const void *b)
{
    const struct name *first = a;
    const struct name *second = b;

    return strcmp(first->name, second->name);
}

size_t names_add(struct names *names, const char *name)
{
    struct name *entry = must_alloc(1, sizeof(*entry));
    struct name **found;

    *entry = (struct name){.name = name, .number = names->count};
    found = tsearch(entry, &names->tree, names_compare);
    if (found == NULL) {
        report("no memory left");
        exit(3);
    }
    if (*found != entry) {
        free(entry);
        return (*found)->number;
    }
    names->list = must_resize(names->list, names->count + 1, sizeof(*names->list));
    names->list[names->count] = name;
    return names->count++;
}

void names_free(struct names *names)
{
    tdestroy(names->tree, free);
    free(names->list);
    *names = (struct names){0};
}
