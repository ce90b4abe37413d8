/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fuzz target as a plain program, for any compiler: runs the target once on each of its files, or
 * writes the first corpus.
 */
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 1 << 20 };

static uint8_t input[INPUT_MAX];

static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t size;

    if (file == NULL) {
        perror(path);
        return EXIT_FAILURE;
    }
    size = fread(input, 1, sizeof(input), file);
    (void)fclose(file);
    (void)LLVMFuzzerTestOneInput(input, size);
    return EXIT_SUCCESS;
}

static int write_seed(const char *folder, unsigned int n, size_t size)
{
    char path[4096];
    FILE *file;
    size_t written;

    (void)snprintf(path, sizeof(path), "%s/seed-%02u", folder, n);
    file = fopen(path, "wb");
    if (file == NULL) {
        perror(path);
        return EXIT_FAILURE;
    }
    written = fwrite(input, 1, size, file);
    if (fclose(file) != 0 || written != size) {
        perror(path);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

static int write_seeds(const char *folder)
{
    size_t size;

    for (unsigned int n = 0; (size = fuzz_seed(n, input, sizeof(input))) != 0; n++) {
        if (write_seed(folder, n, size) != EXIT_SUCCESS) {
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int result = EXIT_SUCCESS;

    if (argc == 3 && strcmp(argv[1], "--seeds") == 0) {
        return write_seeds(argv[2]);
    }
    if (argc < 2) {
        (void)fprintf(stderr, "usage: %s FILE... or --seeds FOLDER\n", argv[0]);
        return 2;
    }
    for (int i = 1; i < argc && result == EXIT_SUCCESS; i++) {
        result = replay(argv[i]);
    }
    if (result == EXIT_SUCCESS) {
        (void)printf("%d inputs, nothing found\n", argc - 1);
    }
    return result;
}
