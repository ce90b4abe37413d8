/* SPDX-License-Identifier: BSD-2-Clause */
/* A build without a sanitizer: nothing is allowed besides the lists. */
#include "sandbox/sandbox_parts.h"

const struct sandbox_list sandbox_list_instruments = {.title = "instruments"};
const struct sandbox_path sandbox_path_instruments = {.use = SANDBOX_READS};
