/* SPDX-License-Identifier: BSD-2-Clause */
/* A build with a sanitizer, whose runtime looks at the process and reports in its own way. */
#include <sys/mman.h>

#include "sandbox/rows.h"
#include "sandbox/sandbox_parts.h"

static const struct sandbox_rule rules[] = {
#include "sandbox/sanitizer.def"
};

const struct sandbox_list sandbox_list_instruments = {"sanitizer", rules, ROWS(rules)};
