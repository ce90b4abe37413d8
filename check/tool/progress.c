/* SPDX-License-Identifier: BSD-2-Clause */
#include "progress.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/report.h"
#include "must.h"
#include "words.h"

#define ERASE_LINE "\r\033[K"

void progress_start(struct progress *progress, bool quiet)
{
    *progress = (struct progress){.quiet = quiet, .terminal = isatty(STDOUT_FILENO) == 1};
}

static void progress_flush(struct progress *progress)
{
    if (progress->broken || (fflush(stdout) == 0 && !ferror(stdout))) {
        return;
    }
    progress->broken = true;
    report("cannot write to standard output: %s", strerror(errno));
}

static void print_failure(unsigned number, const struct point *point)
{
    printf("not ok %u - %s", number, point->name);
    if (point->message != NULL) {
        printf(": %s", point->message);
    }
    if (point->severity != NULL || point->clause != NULL) {
        printf(" [%s%s%s]", point->severity != NULL ? point->severity : "",
               point->severity != NULL && point->clause != NULL ? "; " : "",
               point->clause != NULL ? point->clause : "");
    }
    if (point_often(point) != NULL) {
        printf(" (%s rounds)", point_often(point));
    }
    putchar('\n');
}

static void show_failures(struct progress *progress, const struct run *run, unsigned settled)
{
    for (; progress->shown < settled; progress->shown++) {
        if (run_verdict(run, progress->shown + 1) != VERDICT_FAILED) {
            continue;
        }
        if (progress->terminal) {
            fputs(ERASE_LINE, stdout);
        }
        print_failure(progress->shown + 1, &run->points[progress->shown]);
        progress->running = 0;
    }
}

static unsigned terminal_width(void)
{
    struct winsize size;

    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* As many characters of the name as fit. */
static void print_cut(const char *text, size_t width)
{
    for (; *text != '\0'; text++) {
        bool begins = ((unsigned char)*text & 0xc0) != 0x80;

        if (begins && width-- == 0) {
            break;
        }
        putchar(*text);
    }
}

static void show_line(const struct run *run, unsigned running, const char *name)
{
    struct counts counts = run_count(run);
    char front[64];
    char back[96];
    size_t width = terminal_width();

    (void)snprintf(front, sizeof(front), "[%u/%u] ", running, run->planned);
    (void)snprintf(back, sizeof(back), "  %u passed, %u failed, %u skipped",
                   counts.of[VERDICT_PASSED], counts.of[VERDICT_FAILED],
                   counts.of[VERDICT_SKIPPED]);
    size_t taken = strlen(front) + strlen(back) + 1;
    fputs(ERASE_LINE, stdout);
    print_cut(front, width - 1);
    if (taken < width) {
        print_cut(name, width - taken);
        fputs(back, stdout);
    }
}

void progress_show(struct progress *progress, const struct run *run, unsigned settled,
                   unsigned running, const char *name)
{
    if (progress->quiet || progress->broken) {
        return;
    }
    if (progress->shown >= settled && (!progress->terminal || progress->running == running)) {
        return;
    }
    show_failures(progress, run, settled);
    if (progress->terminal && running != 0) {
        show_line(run, running, name);
        progress->running = running;
    }
    progress_flush(progress);
}

static bool print_counts(struct progress *progress, const struct counts *counts)
{
    counts_print(stdout, counts);
    progress_flush(progress);
    return !progress->broken;
}

bool progress_end(struct progress *progress, const struct run *run)
{
    struct counts counts = run_count(run);

    if (progress->quiet || progress->broken) {
        return !progress->broken;
    }
    show_failures(progress, run, run->point_count);
    if (progress->terminal) {
        fputs(ERASE_LINE, stdout);
    }
    return print_counts(progress, &counts);
}

void progress_report(struct progress *progress, const struct run *run)
{
    struct counts counts = run_count(run);

    if (progress->quiet || progress->broken) {
        return;
    }
    printf("%s: ", run->name);
    (void)print_counts(progress, &counts);
    progress->shown = 0;
    show_failures(progress, run, run->point_count);
    if (run->incomplete != NULL) {
        printf("not completed: %s\n", run->incomplete);
    }
}

bool progress_total(struct progress *progress, const struct results *results)
{
    struct counts counts = results_count(results);

    if (progress->quiet || progress->broken) {
        return !progress->broken;
    }
    return print_counts(progress, &counts);
}
