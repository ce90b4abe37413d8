/* SPDX-License-Identifier: BSD-2-Clause */
/* What a reader is made of, what it answers once the file is checked, and how it refuses. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/report.h"
#include "state/reader_parts.h"
#include "state/writer.h"

int reader_fail(const struct state_reader *reader, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    report("image %s: %s", reader->place.path, text);
    return -REPORTED;
}

int reader_allocate(struct state_place *place, struct state_reader **out)
{
    struct state_reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL) {
        report("image %s: out of memory", place->path);
        place_close(place);
        return -REPORTED;
    }
    reader->fd = -1;
    reader->place = *place;
    *out = reader;
    return 0;
}

void state_reader_close(struct state_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    if (reader->fd >= 0) {
        close(reader->fd);
    }
    free(reader->known);
    free(reader->entries);
    free(reader->tail);
    place_close(&reader->place);
    free(reader);
}

uint32_t reader_find(const struct state_reader *reader, const char *tag, uint32_t instance)
{
    uint32_t i = 0;

    while (i < reader->header.sections &&
           (reader->entries[i].instance != instance || strcmp(reader->entries[i].tag, tag) != 0)) {
        i++;
    }
    return i;
}

struct state_record reader_contents(const struct state_reader *reader, uint32_t index)
{
    const struct format_entry *entry = &reader->entries[index];

    return state_record_of(reader->tail + (entry->offset - reader->header.table_offset),
                           (size_t)entry->length);
}

const char *state_reader_path(const struct state_reader *reader)
{
    return reader->place.path;
}

struct ipa state_reader_ram_base(const struct state_reader *reader)
{
    return ipa(reader->header.ram_base);
}

uint64_t state_reader_ram_size(const struct state_reader *reader)
{
    return reader->header.ram_size;
}

bool state_reader_section(struct state_reader *reader, const char *tag, uint32_t instance,
                          struct state_record *record)
{
    uint32_t index = reader_find(reader, tag, instance);

    if (index == reader->header.sections) {
        return false;
    }
    reader->known[index] = true;
    *record = reader_contents(reader, index);
    return true;
}

int state_reader_check_known(const struct state_reader *reader)
{
    for (uint32_t i = 0; i < reader->header.sections; i++) {
        const struct format_entry *entry = &reader->entries[i];

        if (!reader->known[i] && (entry->flags & STATE_MANDATORY) != 0) {
            return reader_fail(
                reader,
                "section %s.%u: this dormouse does not know it, and without it the VM "
                "would not be the same; use a newer dormouse",
                entry->tag, entry->instance);
        }
    }
    return 0;
}

int state_reader_refuse(const struct state_reader *reader, const char *tag, uint32_t instance,
                        const char *why)
{
    return reader_fail(reader, "section %.4s.%u: %s", tag, instance, why);
}

struct state_facts state_reader_facts(const struct state_reader *reader)
{
    const struct format_header *header = &reader->header;
    struct state_facts facts = {
        .version = header->version,
        .written_ns = header->written_ns,
        .file_size = header->file_size,
        .ram_base = header->ram_base,
        .ram_size = header->ram_size,
        .sections = header->sections,
    };

    memcpy(facts.id, header->id, sizeof(facts.id));
    return facts;
}

struct state_section state_reader_at(const struct state_reader *reader, uint32_t index)
{
    const struct format_entry *entry = &reader->entries[index];
    struct state_section section = {
        .instance = entry->instance,
        .mandatory = (entry->flags & STATE_MANDATORY) != 0,
        .length = entry->length,
    };

    memcpy(section.tag, entry->tag, sizeof(section.tag));
    return section;
}
