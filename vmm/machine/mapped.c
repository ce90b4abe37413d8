/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that is mapped from an image: when, and what becomes of the process if the image cannot be read. */
#include "core/fault.h"
#include "host/console/terminal.h"
#include "machine/parts.h"
#include "state/reader.h"

bool mapped_may_be(const struct machine *machine)
{
    const struct config *config = machine->config;

    return config->restore != NULL || config->sleep_file != NULL || config->save != NULL;
}

int mapped_open(const struct machine *machine)
{
    const struct config *config = machine->config;

    return fault_open(config->name_given ? config->name : NULL, terminal_rescue);
}

void mapped_plan(const struct machine *machine, struct state_reader *reader)
{
    static const enum state_ram ways[] = {
        [RESTORE_MEMORY_AUTO] = STATE_RAM_AUTO,
        [RESTORE_MEMORY_EAGER] = STATE_RAM_EAGER,
        [RESTORE_MEMORY_LAZY] = STATE_RAM_LAZY,
    };

    if (!config_has_back_ends(machine->config)) {
        state_reader_plan_ram(reader, ways[machine->config->restore_memory]);
    }
}
