/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/vsock/vsock_options.h"

#include <string.h>

#include "base/report.h"
#include "base/word.h"
#include "host/vsock/vsock_settings.h"

/* A word after the path. */
static bool vsock_set_cid(struct vsock_settings *settings, struct word word)
{
    uint64_t number;

    if (!word_begins(&word, "cid=")) {
        return false;
    }
    const char *end = word.text;
    if (!option_number(&end, &number) || end != word.text + word.length ||
        number <= VSOCK_CID_HOST || number >= UINT32_MAX) {
        return false;
    }
    settings->cid = (uint32_t)number;
    return true;
}

static bool set_vsock(const struct option_row *row, void *all, const char *value)
{
    struct vsock_settings *settings = all;
    struct word word = word_first(value);

    if (word.length == 0 || word.length >= sizeof(settings->path)) {
        report("%s %s: the path has 1 to %zu characters", row->name, value,
               sizeof(settings->path) - 1);
        return false;
    }
    memcpy(settings->path, word.text, word.length);
    settings->path[word.length] = '\0';
    settings->cid = VSOCK_CID_DEFAULT;
    while (word_next(&word)) {
        if (!vsock_set_cid(settings, word)) {
            report("%s %s: only ',cid=N' may follow the path, with an N of 3 to 4294967294",
                   row->name, value);
            return false;
        }
    }
    return true;
}

static const struct option_row vsock_rows[] = {
    {OPTION("--vsock", "PATH[,cid=N]",
            "give the guest a vsock with address N (3), and listen on this Unix\n"
            "socket for programs that connect to the guest (CONNECT port)",
            set_vsock)},
};

const struct option_table vsock_options = {vsock_rows, sizeof(vsock_rows) / sizeof(vsock_rows[0])};
