/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/vsock/vsock_options.h"

#include <string.h>

#include "base/report.h"
#include "base/word.h"
#include "host/vsock/vsock_settings.h"

/* Reads what follows "cid=": at least `least`, and not the number that means "any" (vsock(7)). */
static bool vsock_read_number(const struct word *word, uint64_t least, uint32_t *number)
{
    const char *end = word->text;
    uint64_t value;

    if (!option_number(&end, &value) || end != word->text + word->length || value < least ||
        value >= UINT32_MAX) {
        return false;
    }
    *number = (uint32_t)value;
    return true;
}

/* A word after the path. */
static bool vsock_set_word(struct vsock_settings *settings, struct word word)
{
    if (word_begins(&word, "cid=")) {
        return vsock_read_number(&word, VSOCK_CID_HOST + 1, &settings->cid);
    }
    return word_begins(&word, "ready=") && vsock_read_number(&word, 1, &settings->ready_port);
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
    settings->ready_port = 0;
    while (word_next(&word)) {
        if (!vsock_set_word(settings, word)) {
            report("%s %s: only ',cid=N' (3 to 4294967294) and ',ready=PORT' (1 to 4294967294) may "
                   "follow the path",
                   row->name, value);
            return false;
        }
    }
    return true;
}

static const struct option_row vsock_rows[] = {
    {OPTION("--vsock", "PATH[,cid=N][,ready=PORT]",
            "give the guest a vsock with address N (3), and listen on this Unix\n"
            "socket for programs that connect to the guest (CONNECT port);\n"
            "at PORT its systemd says when the service is ready",
            set_vsock)},
};

const struct option_table vsock_options = {vsock_rows, sizeof(vsock_rows) / sizeof(vsock_rows[0])};
