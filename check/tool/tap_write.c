/* SPDX-License-Identifier: BSD-2-Clause */
#include "tap_write.h"

#include <string.h>

#include "../protocol.h"

enum { FACTS_WIDTH = 100 };

/* Writes a backslash before each character that is in `special`. */
static void write_escaped(FILE *file, const char *text, const char *special)
{
    for (; *text != '\0'; text++) {
        if (strchr(special, *text) != NULL) {
            (void)fputc('\\', file);
        }
        (void)fputc(*text, file);
    }
}

static void write_comment(FILE *file, const char *key, const char *value)
{
    if (value != NULL && *value != '\0') {
        (void)fprintf(file, "# %s %s\n", key, value);
    }
}

/* As many to a line as fit. */
static void write_facts(FILE *file, const char *words, const struct facts *facts)
{
    size_t width = 0;

    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = &facts->list[i];
        size_t length = strlen(fact->key) + strlen(fact->value) + 3;

        if (width == 0 || width + length > FACTS_WIDTH) {
            (void)fprintf(file, "%s%s", width > 0 ? "\n" : "", words);
            width = 0;
        } else {
            (void)fputs(", ", file);
        }
        (void)fprintf(file, "%s%s%s", fact->key, *fact->value != '\0' ? " " : "", fact->value);
        width += length;
    }
    if (width > 0) {
        (void)fputc('\n', file);
    }
}

static void write_pair(FILE *file, const char *key, const char *value)
{
    if (value != NULL) {
        (void)fprintf(file, "  %s: \"", key);
        write_escaped(file, value, "\"\\");
        (void)fputs("\"\n", file);
    }
}

static void write_block(FILE *file, const struct point *point)
{
    (void)fputs("  ---\n", file);
    write_pair(file, "message", point->message);
    write_pair(file, "clause", point->clause);
    write_pair(file, "severity", point->severity);
    write_pair(file, "consequence", point->consequence);
    (void)fputs("  ...\n", file);
}

static void write_point(FILE *file, unsigned number, const struct point *point)
{
    (void)fprintf(file, "%s %u - ", point->verdict == VERDICT_FAILED ? "not ok" : "ok", number);
    write_escaped(file, point->name, "#\\");
    if (point->verdict == VERDICT_SKIPPED) {
        (void)fprintf(file, " # SKIP %s", point->reason != NULL ? point->reason : "");
    }
    (void)fputc('\n', file);
    if (point->verdict == VERDICT_FAILED) {
        write_block(file, point);
    }
    for (size_t i = 0; i < point->characteristics.count; i++) {
        (void)fprintf(file, SAY_CHARACTERISTIC "%s: %s\n", point->characteristics.list[i].key,
                      point->characteristics.list[i].value);
    }
    if (point->often != NULL) {
        (void)fprintf(file, SAY_OFTEN "%s\n", point->often);
    }
}

/* Writes the family if it differs from the last point's. A point without one has an empty
 * family. */
static const char *write_family(FILE *file, const char *last, const struct point *point)
{
    const char *family = point->family != NULL ? point->family : "";

    if (strcmp(last, family) != 0) {
        (void)fprintf(file, SAY_FAMILY "%s\n", family);
    }
    return family;
}

void tap_write(FILE *file, const struct run *run)
{
    struct counts counts = run_count(run);
    const char *family = "";

    (void)fputs(SAY_TAP "\n", file);
    if (run->has_plan) {
        (void)fprintf(file, "1..%u\n", run->planned);
    }
    write_comment(file, "run", run->name);
    write_comment(file, "date", run->date);
    write_comment(file, "command", run->command);
    write_facts(file, SAY_MACHINE, &run->machine);
    write_facts(file, SAY_SERVER, &run->server);
    for (unsigned number = 1; number <= run->point_count; number++) {
        if (run_verdict(run, number) != VERDICT_NONE) {
            family = write_family(file, family, &run->points[number - 1]);
            write_point(file, number, &run->points[number - 1]);
        }
    }
    for (size_t i = 0; i < run->notes.count; i++) {
        write_comment(file, "note", run->notes.list[i].value);
    }
    (void)fprintf(file, SAY_PASSED "%u, failed %u, skipped %u\n", counts.of[VERDICT_PASSED],
                  counts.of[VERDICT_FAILED], counts.of[VERDICT_SKIPPED]);
    if (run->incomplete != NULL) {
        (void)fprintf(file, SAY_BAIL_OUT " %s\n", run->incomplete);
    }
}
