/* SPDX-License-Identifier: BSD-2-Clause */
#include "html_text.h"

#include <stdarg.h>

#include "words.h"

enum { MANY_RUNS = 4 };

/* Only %s, %u and %zu are allowed. */
void html_put(FILE *file, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            (void)fputc(*format, file);
        } else if (*++format == 's') {
            words_markup(file, va_arg(arguments, const char *));
        } else if (*format == 'u') {
            (void)fprintf(file, "%u", va_arg(arguments, unsigned));
        } else {
            (void)fprintf(file, "%zu", va_arg(arguments, size_t));
            format++;
        }
    }
    va_end(arguments);
}

void html_name(FILE *file, const char *name)
{
    for (; *name != '\0'; name++) {
        char letter[2] = {*name, '\0'};

        words_markup(file, letter);
        if (*name == '-') {
            (void)fputs("<wbr>", file);
        }
    }
}

void html_frame(FILE *file, const struct results *results, const char *label)
{
    html_put(file, "<div class=\"frame%s\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">",
             results->count > MANY_RUNS ? " many" : "", label);
}
