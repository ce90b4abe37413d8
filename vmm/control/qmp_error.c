/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors, in QEMU's words where QEMU has them: programs look for those. */
#include <stdio.h>
#include <string.h>

#include "control/qmp_internal.h"

json_t *qmp_refuse(const char *class, const char *words)
{
    return json_pack("{s:{s:s, s:s}}", "error", "class", class, "desc", words);
}

json_t *qmp_error(const char *words)
{
    return qmp_refuse("GenericError", words);
}

/* How much of a client's name an error shows. It is not cut inside a character. */
static int shown_length(const char *name)
{
    enum { NAME_SHOWN = 64 };
    size_t length = strlen(name);

    if (length <= NAME_SHOWN) {
        return (int)length;
    }
    length = NAME_SHOWN;
    while (length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80) {
        length--;
    }
    return (int)length;
}

json_t *qmp_error_about(const char *class, const char *before, const char *name, const char *after)
{
    char words[200];

    (void)snprintf(words, sizeof(words), "%s%.*s%s", before, shown_length(name), name, after);
    return qmp_refuse(class, words);
}

json_t *qmp_not_found(const char *name)
{
    return qmp_error_about("CommandNotFound", "The command ", name, " has not been found");
}
