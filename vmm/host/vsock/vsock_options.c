/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/vsock/vsock_options.h"

#include <string.h>

#include "base/report.h"
#include "host/vsock/vsock_settings.h"

/* Reads what follows the path. */
static bool vsock_parse_cid(const char *text, uint32_t *cid)
{
    static const char word[] = ",cid=";
    uint64_t number;

    *cid = VSOCK_CID_DEFAULT;
    if (*text == '\0') {
        return true;
    }
    if (strncmp(text, word, strlen(word)) != 0) {
        return false;
    }
    text += strlen(word);
    if (!option_number(&text, &number) || *text != '\0' || number <= VSOCK_CID_HOST ||
        number >= UINT32_MAX) {
        return false;
    }
    *cid = (uint32_t)number;
    return true;
}

static bool set_vsock(const struct option_row *row, void *all, const char *value)
{
    struct vsock_settings *settings = all;
    size_t length = strcspn(value, ",");

    if (length == 0 || length >= sizeof(settings->path)) {
        report("%s %s: the path has 1 to %zu characters", row->name, value,
               sizeof(settings->path) - 1);
        return false;
    }
    if (!vsock_parse_cid(value + length, &settings->cid)) {
        report("%s %s: only ',cid=N' may follow the path, with an N of 3 to 4294967294", row->name,
               value);
        return false;
    }
    memcpy(settings->path, value, length);
    settings->path[length] = '\0';
    return true;
}

static const struct option_row vsock_rows[] = {
    {OPTION("--vsock", "PATH[,cid=N]",
            "give the guest a vsock with address N (3), and listen on this Unix\n"
            "socket for programs that connect to the guest (CONNECT port)",
            set_vsock)},
};

const struct option_table vsock_options = {vsock_rows, sizeof(vsock_rows) / sizeof(vsock_rows[0])};
