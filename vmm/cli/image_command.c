/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/image_command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/report.h"
#include "core/signals.h"
#include "machine/machine.h"
#include "state/reader.h"
#include "state/stream.h"

static void print_size(const char *what, uint64_t bytes)
{
    printf("%s%" PRIu64 ".%" PRIu64 " MiB", what, bytes >> 20, (bytes & 0xfffff) * 10 >> 20);
}

static void print_time(uint64_t ns)
{
    time_t seconds = (time_t)(ns / 1000000000);
    struct tm parts;
    char text[64];

    /* The file may say any number, also a year that has no name. */
    if (gmtime_r(&seconds, &parts) == NULL ||
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &parts) == 0) {
        (void)snprintf(text, sizeof(text), "%" PRIu64 " s", ns / 1000000000);
    }
    printf("written   %s\n", text);
}

static void print_space(const char *path, uint64_t size)
{
    enum { BLOCK = 512 }; /* of st_blocks */
    struct stat status;

    print_size("file      ", size);
    if (stat(path, &status) == 0) {
        print_size(", on the disk ", (uint64_t)status.st_blocks * BLOCK);
    }
    printf("\n");
}

static void print_sections(const struct state_reader *reader, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct state_section section = state_reader_at(reader, i);

        printf("section   %s.%" PRIu32 ", %" PRIu64 " bytes%s\n", section.tag, section.instance,
               section.length, section.mandatory ? "" : ", optional");
    }
}

/* Whether standard output has taken everything. */
static int image_end(void)
{
    if (fflush(stdout) != 0) {
        report("cannot write to standard output");
        return STATUS_ERROR;
    }
    return 0;
}

static int image_info(const char *path)
{
    struct state_reader *reader;

    if (state_reader_examine(path, &reader) != 0) {
        return STATUS_ERROR;
    }
    struct state_facts facts = state_reader_facts(reader);
    printf("format    %" PRIu32 "\nid        ", facts.version);
    for (size_t i = 0; i < sizeof(facts.id); i++) {
        printf("%02x", facts.id[i]);
    }
    printf("\n");
    print_time(facts.written_ns);
    print_space(path, facts.file_size);
    print_size("memory    ", facts.ram_size);
    printf(" at 0x%" PRIx64, facts.ram_base);
    print_size(", in the file ", state_reader_ram_data(reader));
    printf("\n");
    print_sections(reader, facts.sections);
    state_reader_close(reader);
    return image_end();
}

static int image_check(const char *path)
{
    struct state_reader *reader;

    if (state_reader_examine(path, &reader) != 0) {
        return STATUS_ERROR;
    }
    int error = state_reader_check_ram(reader);
    if (error == 0) {
        printf("%s is whole: %" PRIu32 " sections", path, state_reader_facts(reader).sections);
        print_size(" and ", state_reader_ram_data(reader));
        printf(" of memory have the right checksums\n");
    }
    state_reader_close(reader);
    return error == 0 ? image_end() : STATUS_ERROR;
}

static int image_export(const char *path)
{
    if (isatty(STDOUT_FILENO)) {
        report("image export: standard output is a terminal; send it to a file or a pipe");
        return STATUS_USAGE;
    }
    return stream_export(path, STDOUT_FILENO) == 0 ? 0 : STATUS_ERROR;
}

/* A signal that ends the process does so after the file is gone that the import has begun. */
static int image_import_until(const char *path)
{
    signals_block();
    int stop = signals_open_ends();
    if (stop < 0) {
        report("image import: %s", strerror(errno));
        return -1;
    }
    int error = stream_import(path, STDIN_FILENO, stop);
    close(stop);
    signals_let_end(true);
    return error;
}

static int image_import(const char *path)
{
    if (isatty(STDIN_FILENO)) {
        report("image import: standard input is a terminal; it should be what image export gave");
        return STATUS_USAGE;
    }
    return image_import_until(path) == 0 ? 0 : STATUS_ERROR;
}

static const struct {
    const char *name;
    int (*call)(const char *path);
} image_actions[] = {
    {"info", image_info},
    {"check", image_check},
    {"export", image_export},
    {"import", image_import},
};

int image_command(const char *action, const char *path)
{
    for (size_t i = 0; i < sizeof(image_actions) / sizeof(image_actions[0]); i++) {
        if (strcmp(action, image_actions[i].name) == 0) {
            return image_actions[i].call(path);
        }
    }
    report("image: there is no action %s; there are info, check, export and import",
           file_shown(action));
    return STATUS_USAGE;
}
