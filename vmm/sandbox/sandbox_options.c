/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/option.h"
#include "base/report.h"
#include "sandbox/sandbox.h"

static bool set_user(const struct option_row *row, void *settings, const char *value)
{
    struct sandbox_settings *sandbox = settings;

    (void)row;
    sandbox->user_given = true;
    return sandbox_find_user(&sandbox->user, value);
}

const struct option_row sandbox_options[SANDBOX_OPTION_COUNT] = {
    {OPTION("--user", "NAME|UID:GID", "the user that root becomes before the guest runs (nobody)",
            set_user)},
    {OPTION("--no-sandbox", NULL, "keep user, capabilities and all system calls", option_set_flag),
     .offset = offsetof(struct sandbox_settings, none)},
};

bool sandbox_settings_agree(const struct sandbox_settings *settings)
{
    if (settings->user_given && settings->none) {
        report("--user: the sandbox changes the user; leave out --no-sandbox");
        return false;
    }
    return true;
}
