/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <stdarg.h>
#include <stddef.h>

#include "platform.h"
#include "psci.h"
#include "uart.h"

static unsigned checks;

static void put_text(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            uart_put('\r');
        }
        uart_put(*text);
    }
}

static void put_number(uint64_t value, unsigned base)
{
    char digits[24];
    size_t at = sizeof(digits) - 1;

    digits[at] = '\0';
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    put_text(digits + at);
}

static void put_signed(int64_t value)
{
    if (value < 0) {
        uart_put('-');
    }
    put_number(value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10);
}

/* A va_list that a callee advances must be one it was given the address of. */
struct arguments {
    va_list list;
};

static void put_conversion(const char **format, struct arguments *arguments)
{
    bool is_long = (*format)[1] == 'l';

    *format += is_long ? 2 : 1;
    switch (**format) {
    case 's':
        put_text(va_arg(arguments->list, const char *));
        break;
    case 'u':
        put_number(is_long ? va_arg(arguments->list, unsigned long)
                           : va_arg(arguments->list, unsigned),
                   10);
        break;
    case 'd':
        put_signed(is_long ? va_arg(arguments->list, long) : va_arg(arguments->list, int));
        break;
    case 'x':
        put_number(is_long ? va_arg(arguments->list, unsigned long)
                           : va_arg(arguments->list, unsigned),
                   16);
        break;
    default:
        uart_put('%');
        break;
    }
}

static void put_formatted(const char *format, struct arguments *arguments)
{
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            put_text((const char[]){*format, '\0'});
            continue;
        }
        put_conversion(&format, arguments);
    }
}

void print(const char *format, ...)
{
    struct arguments arguments;

    va_start(arguments.list, format);
    put_formatted(format, &arguments);
    va_end(arguments.list);
}

void remark(const char *format, ...)
{
    struct arguments arguments;

    put_text("# ");
    va_start(arguments.list, format);
    put_formatted(format, &arguments);
    va_end(arguments.list);
    put_text("\n");
}

static void verdict(bool passed, const char *text)
{
    checks++;
    print("%sok %u - %s", passed ? "" : "not ", checks, text);
}

bool check(bool passed, const char *text)
{
    verdict(passed, text);
    put_text("\n");
    return passed;
}

bool check_equal(uint64_t got, uint64_t expected, const char *text)
{
    verdict(got == expected, text);
    if (got != expected) {
        print(": got 0x%lx, expected 0x%lx", got, expected);
    }
    put_text("\n");
    return got == expected;
}

static void put_result(int64_t result)
{
    const char *name = ret_name(result);

    if (name != NULL) {
        put_text(name);
    } else {
        print("%ld (0x%lx)", result, (uint64_t)result);
    }
}

bool check_result(int64_t got, int64_t expected, const char *text)
{
    verdict(got == expected, text);
    if (got != expected) {
        put_text(": got ");
        put_result(got);
        put_text(", expected ");
        put_result(expected);
    }
    put_text("\n");
    return got == expected;
}

bool check_at_most(uint64_t got, uint64_t limit, const char *unit, const char *text)
{
    verdict(got <= limit, text);
    print("%s%lu %s, at most %lu\n", got <= limit ? " # " : ": got ", got, unit, limit);
    return got <= limit;
}

bool check_at_least(uint64_t got, uint64_t limit, const char *unit, const char *text)
{
    verdict(got >= limit, text);
    print("%s%lu %s, at least %lu\n", got >= limit ? " # " : ": got ", got, unit, limit);
    return got >= limit;
}

bool check_none(const char *problem, const char *text)
{
    verdict(problem == NULL, text);
    if (problem != NULL) {
        print(": %s", problem);
    }
    put_text("\n");
    return problem == NULL;
}

void skip(const char *text, const char *why)
{
    verdict(true, text);
    print(" # SKIP %s\n", why);
}

void report_plan(void)
{
    print("1..%u\n", checks);
    uart_drain();
}

void report_end(void)
{
    report_plan();
    if (platform.psci_present) {
        psci_call2(FID32(FN_SYSTEM_OFF), 0, 0);
        print("not ok - SYSTEM_OFF returned\n");
    }
    for (;;) {
        __asm__ volatile("wfi");
    }
}

unsigned report_count(void)
{
    return checks;
}

void report_continue(unsigned count)
{
    checks = count;
}
