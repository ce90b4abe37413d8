/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/net/net_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/word.h"
#include "host/net/net_settings.h"

static int net_hex(char digit)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *at = digit == '\0' ? NULL : strchr(digits, digit);

    if (at == NULL) {
        return -1;
    }
    return (int)(at - digits) < 16 ? (int)(at - digits) : (int)(at - digits) - 6;
}

enum { NET_MAC_TEXT = 3 * NET_MAC_SIZE - 1 };

/* Six pairs of hexadecimal digits, for one station: not a group's address, and not all zeros. */
static bool net_set_mac(struct net_settings *settings, struct word word)
{
    uint8_t any = 0;

    if (word.length != NET_MAC_TEXT) {
        return false;
    }
    for (size_t i = 0; i < NET_MAC_SIZE; i++) {
        int high = net_hex(word.text[3 * i]);
        int low = net_hex(word.text[3 * i + 1]);

        if (high < 0 || low < 0 || (i > 0 && word.text[3 * i - 1] != ':')) {
            return false;
        }
        settings->mac[i] = (uint8_t)(high << 4 | low);
        any |= settings->mac[i];
    }
    settings->mac_given = true;
    return any != 0 && (settings->mac[0] & 1) == 0;
}

/* An interface's name, as the kernel takes it. */
static bool net_set_tap(struct net_settings *settings, struct word word)
{
    if (word.length == 0 || word.length >= NET_TAP_SIZE || word.text[0] == '.' ||
        strcspn(word.text, "/: \t%") < word.length) {
        return false;
    }
    memcpy(settings->tap, word.text, word.length);
    settings->tap[word.length] = '\0';
    return true;
}

/* Reads a port number in [*at, end), and moves *at past it. */
static bool net_read_port(const char **at, const char *end, unsigned *port)
{
    uint64_t number;

    if (!option_number(at, &number) || *at > end || number < 1 || number > 65535) {
        return false;
    }
    *port = (unsigned)number;
    return true;
}

/* HOSTPORT[:GUESTPORT] in [text, end). */
static bool net_read_ports(const char *text, const char *end, unsigned *host, unsigned *guest)
{
    if (!net_read_port(&text, end, host)) {
        return false;
    }
    *guest = *host;
    if (text < end && *text == ':') {
        text++;
        return net_read_port(&text, end, guest) && text == end;
    }
    return text == end;
}

/* tcp:[ADDRESS/]HOSTPORT[:GUESTPORT], or the same with udp. */
static bool net_add_forward(struct net_settings *settings, struct word word)
{
    struct net_forward *forward = &settings->forwards[settings->forward_count];
    unsigned host;
    unsigned guest;

    if (settings->forward_count == NET_FORWARDS_MAX) {
        return false;
    }
    forward->udp = word_begins(&word, "udp:");
    if (!forward->udp && !word_begins(&word, "tcp:")) {
        return false;
    }
    const char *slash = memchr(word.text, '/', word.length);
    const char *ports = slash != NULL ? slash + 1 : word.text;
    if (slash == word.text || !net_read_ports(ports, word.text + word.length, &host, &guest)) {
        return false;
    }
    int length = snprintf(forward->spec, sizeof(forward->spec), "%.*s%u:%u",
                          (int)(ports - word.text), word.text, host, guest);
    settings->forward_count++;
    return length < NET_FORWARD_SIZE;
}

static bool net_set_vhost(struct net_settings *settings, struct word word)
{
    static const char *const words[] = {
        [NET_VHOST_AUTO] = "auto",
        [NET_VHOST_ON] = "on",
        [NET_VHOST_OFF] = "off",
    };

    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (word_is(word, words[i])) {
            settings->vhost = (enum net_vhost)i;
            return settings->tap[0] != '\0';
        }
    }
    return false;
}

static bool net_take_word(struct net_settings *settings, struct word word)
{
    if (word_begins(&word, "mac=")) {
        return net_set_mac(settings, word);
    }
    if (word_begins(&word, "forward=")) {
        return settings->tap[0] == '\0' && net_add_forward(settings, word);
    }
    if (word_begins(&word, "vhost=")) {
        return net_set_vhost(settings, word);
    }
    return false;
}

static bool net_take_kind(struct net_settings *settings, struct word word)
{
    if (word_begins(&word, "tap=")) {
        return net_set_tap(settings, word);
    }
    return word_is(word, "user");
}

/* Returns the first word that is wrong, or one without text. */
static struct word net_read(struct net_settings *settings, const char *value)
{
    struct word word = word_first(value);
    bool good = net_take_kind(settings, word);

    while (good && word_next(&word)) {
        good = net_take_word(settings, word);
    }
    return good ? (struct word){NULL, 0} : word;
}

static bool net_complain(const char *value, struct word bad)
{
    if (bad.text == value) {
        report("--net %s: '%.*s' is not a network; give user, tap=NAME or none", value,
               (int)bad.length, bad.text);
    } else if (word_begins(&bad, "mac=")) {
        report("--net %s: '%.*s' is not the MAC address of a station; give six pairs of "
               "hexadecimal digits, such as 52:54:00:12:34:56",
               value, (int)bad.length, bad.text);
    } else if (word_begins(&bad, "forward=")) {
        report("--net %s: '%.*s' is not a port to forward; give tcp:[ADDRESS/]PORT[:GUESTPORT] or "
               "udp:..., at most %d, after user",
               value, (int)bad.length, bad.text, NET_FORWARDS_MAX);
    } else if (word_begins(&bad, "vhost=")) {
        report("--net %s: '%.*s': give vhost=auto, on or off, after tap=NAME", value,
               (int)bad.length, bad.text);
    } else {
        report("--net %s: '%.*s' cannot follow the network; give mac=ADDRESS, forward=PORTS or "
               "vhost=WHEN",
               value, (int)bad.length, bad.text);
    }
    return false;
}

static bool set_net(const struct option_row *row, void *settings, const char *value)
{
    struct net_list *list = settings;

    (void)row;
    if (strcmp(value, "none") == 0) {
        list->count = 0;
        return true;
    }
    if (list->count == NET_DEVICES_MAX) {
        report("--net %s: a guest has at most %d networks", value, NET_DEVICES_MAX);
        return false;
    }
    struct net_settings *added = &list->at[list->count];
    *added = (struct net_settings){0};
    struct word bad = net_read(added, value);
    if (bad.text != NULL) {
        return net_complain(value, bad);
    }
    list->count++;
    return true;
}

static uint64_t net_hash(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < size; i++) { /* FNV-1a */
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

void net_choose_macs(struct net_list *list, const char *name)
{
    for (unsigned i = 0; i < list->count; i++) {
        struct net_settings *settings = &list->at[i];
        const uint8_t number = (uint8_t)i;
        uint64_t hash = UINT64_C(0xcbf29ce484222325);

        if (settings->mac_given) {
            continue;
        }
        hash = net_hash(hash, name, strlen(name) + 1);
        hash = net_hash(hash, &number, sizeof(number));
        hash = net_hash(hash, settings->tap, strlen(settings->tap));
        for (unsigned byte = 0; byte < NET_MAC_SIZE; byte++) {
            settings->mac[byte] = (uint8_t)(hash >> (8 * byte + 16));
        }
        settings->mac[0] = (uint8_t)((settings->mac[0] & 0xfc) | 2);
    }
}

static const struct option_row net_rows[] = {
    {OPTION("--net", "NETWORK",
            "user (passt) or tap=NAME, with [,mac=ADDRESS], after user\n"
            "[,forward=tcp:[ADDRESS/]PORT[:GUESTPORT]], and after tap\n"
            "[,vhost=auto|on|off]; may be given again (none)",
            set_net)},
};

const struct option_table net_options = {net_rows, sizeof(net_rows) / sizeof(net_rows[0])};
