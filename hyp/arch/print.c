/* SPDX-License-Identifier: BSD-2-Clause */
#include "print.h"

#include "arch.h"

static struct arch_lock print_lock;

void print_text(const char *text)
{
    for (; *text != '\0'; text++) {
        arch_put(*text);
    }
}

void print_number(uint64_t value)
{
    char digits[21];
    unsigned at = sizeof(digits) - 1;

    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    print_text(&digits[at]);
}

void print_hex(uint64_t value)
{
    int shift = 60;

    print_text("0x");
    while (shift > 0 && value >> shift == 0) {
        shift -= 4;
    }
    for (; shift >= 0; shift -= 4) {
        arch_put("0123456789abcdef"[value >> shift & 0xf]);
    }
}

void print_begin(void)
{
    arch_lock(&print_lock);
    print_text("hyp: ");
}

void print_end(void)
{
    print_text("\r\n");
    arch_unlock(&print_lock);
}
