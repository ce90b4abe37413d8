/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool_options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/report.h"
#include "base/word.h"
#include "cli/run_values.h"
#include "tool_vm.h"

static bool tool_set_cpus(const struct option_row *row, void *settings, const char *value)
{
    struct tool_vm *vm = settings;
    const char *rest = value;
    uint64_t number;

    if (!option_number(&rest, &number) || *rest != '\0' || number < 1 || number > CORE_MAX) {
        report("%s %s: not a number of CPUs; give 1 to %d, as each needs a core of its own",
               row->name, value, CORE_MAX);
        return false;
    }
    vm->config.cpu_count = (unsigned)number;
    return true;
}

/* The bit that a word of --enable stands for; 0: none. */
static uint32_t tool_find_capability(struct word word)
{
    const struct describe_word *known = describe_capability_words;
    uint32_t all = 0;

    for (; known->word != NULL; known++) {
        if (word_is(word, known->word)) {
            return known->value;
        }
        all |= known->value;
    }
    return word_is(word, "all") ? all : 0;
}

static bool tool_set_enable(const struct option_row *row, void *settings, const char *value)
{
    struct tool_vm *vm = settings;
    struct word word = word_first(value);

    vm->capabilities = 0;
    if (word_is(word, "none")) {
        return true;
    }
    do {
        uint32_t bit = tool_find_capability(word);

        if (bit == 0) {
            report("%s: there is no function %.*s; see hyp-image make --help", row->name,
                   (int)word.length, word.text);
            return false;
        }
        vm->capabilities |= bit;
    } while (word_next(&word));
    return true;
}

#define AT(member) .offset = offsetof(struct tool_vm, member)

static const struct option_row vm_rows[] = {
    {OPTION("--kernel", "FILE", "Image, Image.gz, EFI zboot (gzip, zstd), UKI or ELF",
            option_set_text),
     AT(config.kernel)},
    {OPTION("--kernel-at", "OFFSET",
            "the kernel is a raw binary: load it at this offset in memory,\n"
            "such as 0x80000 or 2M, and start at its first byte",
            run_set_kernel_at)},
    {OPTION("--initrd", "FILE", "initial file system for the kernel", option_set_text),
     AT(config.initrd)},
    {OPTION("--append", "STRING", "kernel command line", option_set_text), AT(config.append)},
    {OPTION("--cpus", "N", "number of CPUs, each with a core of its own (1)", tool_set_cpus)},
    {OPTION("--memory", "SIZE", "memory: 512M, 2G (512M)", run_set_memory)},
    {OPTION("--name", "NAME", "name of the VM, at most 15 characters (vm)", run_set_name)},
    {OPTION("--psci-version", "V", "0.2, 1.0, 1.1, 1.2 or 1.3 (1.3)", run_set_psci_version)},
    {OPTION("--enable", "LIST",
            "optional functions of PSCI: system-suspend, system-reset2,\n"
            "vendor-reset, system-off2, os-initiated, cpu-freeze, statistics,\n"
            "cpu-default-suspend, node-hw-state, mem-protect, or all (none)",
            tool_set_enable)},
    {OPTION("--suspend", "POLICY",
            "SYSTEM_SUSPEND: honour, refuse, or control: another VM decides\n"
            "(honour); it needs --enable system-suspend",
            option_set_word),
     AT(suspend), .what = "policy", .words = describe_policy_words},
    {OPTION("--control", NULL, "this VM decides for those with the policy control",
            option_set_flag),
     AT(control)},
    {OPTION("--held", NULL, "this VM does not start by itself: the control VM starts it",
            option_set_flag),
     AT(held)},
    {OPTION("--idle", "STATES",
            "low-power states for idle CPUs, and with --clusters of clusters:\n"
            "none, standby or powerdown (none)",
            option_set_word),
     AT(config.idle), .what = "kind of idle states", .words = run_idle_words},
    {OPTION("--clusters", "N", "group the CPUs (no groups)", run_set_clusters)},
};

static const struct option_table vm_options = {vm_rows, sizeof(vm_rows) / sizeof(vm_rows[0])};

static const struct option_part file_parts[] = {{&vm_options, 0}, {NULL, 0}};

/* What a file may have. */
static const struct option_command tool_file = {
    .program = "hyp-image",
    .word = "make",
    .parts = file_parts,
};

/* The VM has the file's name, unless a line says another one. */
static bool tool_set_vm(const struct option_row *row, void *settings, const char *value)
{
    static const struct config_arguments none = {0};
    struct tool_vms *all = settings;
    const char *slash = strrchr(value, '/');
    const char *base = slash != NULL ? slash + 1 : value;

    if (all->count == VM_MAX) {
        report("%s %s: hyp has at most %d VMs", row->name, value, VM_MAX);
        return false;
    }
    struct tool_vm *vm = &all->vm[all->count];

    tool_vm_init(vm);
    (void)snprintf(vm->name, sizeof(vm->name), "%.*s", (int)strcspn(base, "."), base);
    vm->config.name = vm->name;
    return config_file_read(&all->files[all->count++], value, &tool_file, vm, &none);
}

static const struct option_row make_rows[] = {
    {OPTION("--vm", "FILE",
            "a VM, described by a file: its lines are the options below, as in\n"
            "`memory = 1G`; give it up to four times",
            tool_set_vm)},
};

static const struct option_table make_options = {make_rows,
                                                 sizeof(make_rows) / sizeof(make_rows[0])};

static const struct option_part make_parts[] = {
    {&make_options, 0},
    {&vm_options, offsetof(struct tool_vms, only)},
    {NULL, 0},
};
static const struct option_part no_parts[] = {{NULL, 0}};

const struct option_command tool_make = {
    .program = "hyp-image",
    .word = "make",
    .usage = "Usage: hyp-image make --kernel FILE [OPTION]... BUNDLE\n"
             "       hyp-image make --vm FILE [--vm FILE]... BUNDLE\n"
             "Makes the file that hyp starts VMs from.\n",
    .notes = "Exit status: 0 made, 1 error, 2 usage.\n",
    .parts = make_parts,
    .lacking = "make needs a file to write",
    .least = 1,
    .most = 1,
};

const struct option_command tool_show = {
    .program = "hyp-image",
    .word = "show",
    .usage = "Usage: hyp-image show BUNDLE\n"
             "Checks a bundle as hyp does, and shows what is in it and what machine it needs.\n",
    .notes = "Exit status: 0 shown, 1 hyp would refuse it, 2 usage.\n",
    .parts = no_parts,
    .lacking = "show needs a bundle",
    .least = 1,
    .most = 1,
};
