/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: any bytes, as a saved TAP document. Either it is refused, or its results can be reported.
 */
#include <stdio.h>
#include <stdlib.h>

#include "check_tool.h"
#include "must.h"
#include "replay.h"
#include "tap_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct results results = {0};
    char *text = NULL;
    size_t length = 0;
    FILE *file = must_stream(&text, &length);

    (void)fwrite(bytes, 1, size, file);
    (void)fclose(file);
    file = length > 0 ? fmemopen(text, length, "r") : NULL;
    if (file != NULL) {
        if (tap_read(&results, file, "fuzz.tap")) {
            results_name(&results);
            check_results(&results);
        }
        (void)fclose(file);
    }
    free(text);
    results_free(&results);
    return 0;
}
