/* SPDX-License-Identifier: BSD-2-Clause */
/* A build with a sanitizer, whose runtime looks at the process and reports in its own way. */
#include <sys/mman.h>

#include "sandbox/rows.h"
#include "sandbox/sandbox_parts.h"

static const struct sandbox_rule rules[] = {
#include "sandbox/sanitizer.def"
};

const struct sandbox_list sandbox_list_instruments = {"sanitizer", rules, ROWS(rules)};

/*
 * The runtimes ask these what they are to do: the environment, where they ask as well, is closed to
 * the one that asks when it has something to report. The status is no other end's.
 */
#define OPTIONS "halt_on_error=1:exitcode=99:print_stacktrace=1"

const char *__asan_default_options(void);
const char *__tsan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
    return OPTIONS;
}

const char *__tsan_default_options(void)
{
    return OPTIONS;
}

const char *__ubsan_default_options(void)
{
    return OPTIONS;
}

/* For reports: the process's map of its memory, and the programs and libraries in it. */
const struct sandbox_path sandbox_path_instruments = {.path = "/", .use = SANDBOX_READS};
