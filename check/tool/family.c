/* SPDX-License-Identifier: BSD-2-Clause */
#include "family.h"

#include <string.h>

struct family family_of(const struct point *point)
{
    if (point->family != NULL) {
        return (struct family){point->family, strlen(point->family)};
    }
    return (struct family){point->name, strcspn(point->name, "- ")};
}

bool family_equal(struct family a, struct family b)
{
    return a.length == b.length && memcmp(a.name, b.name, a.length) == 0;
}
