/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Users by /etc/passwd alone: what the C library loads to ask for more has no place in a monitor,
 * and does not work in a static program.
 */
#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/report.h"
#include "sandbox/sandbox.h"

enum { OVERFLOW_ID = 65534 }; /* nobody, and nogroup */

/* Decimal digits at *text, which moves behind them. (uid_t)-1 is no user. */
static bool read_id(const char **text, unsigned *id)
{
    char *end;

    if (!isdigit((unsigned char)**text)) {
        return false;
    }
    errno = 0;
    unsigned long long number = strtoull(*text, &end, 10);
    *text = end;
    *id = (unsigned)number;
    return errno == 0 && number < UINT32_MAX;
}

static bool read_ids(struct sandbox_user *user, const char *name)
{
    if (!read_id(&name, &user->uid) || *name != ':') {
        return false;
    }
    name++;
    return read_id(&name, &user->gid) && *name == '\0';
}

static bool look_up(struct sandbox_user *user, const char *name)
{
    FILE *file = fopen("/etc/passwd", "re");
    struct passwd *entry = NULL;

    while (file != NULL && (entry = fgetpwent(file)) != NULL) {
        if (strcmp(entry->pw_name, name) == 0) {
            user->uid = entry->pw_uid;
            user->gid = entry->pw_gid;
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return entry != NULL;
}

bool sandbox_find_user(struct sandbox_user *user, const char *name)
{
    size_t length = strlen(name);

    if (length == 0 || length >= sizeof(user->name) ||
        (!read_ids(user, name) && !look_up(user, name))) {
        report("--user %s: there is no such user in /etc/passwd; give another name, or UID:GID",
               name);
        return false;
    }
    memcpy(user->name, name, length + 1);
    if (geteuid() != 0 && (user->uid != geteuid() || user->gid != getegid())) {
        report("--user %s: only root can run the VM as another user; leave the option out", name);
        return false;
    }
    return true;
}

void sandbox_default_user(struct sandbox_user *user)
{
    const char *name = geteuid() == 0 ? "nobody" : "self";

    if (geteuid() != 0) {
        user->uid = geteuid();
        user->gid = getegid();
    } else if (!look_up(user, name)) {
        user->uid = OVERFLOW_ID;
        user->gid = OVERFLOW_ID;
    }
    memcpy(user->name, name, strlen(name) + 1);
}
