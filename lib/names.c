/* SPDX-License-Identifier: BSD-2-Clause */
/* Words for people. No other file of the library needs them: a linker may leave this one out. */
#include "internal.h"

#define TEXT_COUNT(texts) (sizeof(texts) / sizeof((texts)[0]))

const char *vpsci_error_text(int error)
{
    static const char *const texts[] = {
        "no error",
        "an argument is null, out of range or misaligned",
        "the memory given is too small",
        "an MPIDR has other bits than affinity fields, or comes twice",
        "the table of power states or the tree of power domains is unsound",
        "no such version",
        "not possible in the vCPU's present state",
        "a call or a request is in progress",
        "the record ends early or is longer than it says",
        "this is no saved record",
        "the record has a newer format than this library knows",
        "the record was damaged: its checksum is wrong",
        "the record is of a VM that is configured otherwise",
        "the record holds a state that no VM can be in",
    };
    size_t index = (size_t)0 - (size_t)error;

    return error <= 0 && index < TEXT_COUNT(texts) ? texts[index] : "unknown error";
}

const char *vpsci_function_name(uint32_t id)
{
    static const struct {
        const char *name;
        uint8_t widths;
    } functions[] = {
#define FUNCTION(name, handler, widths, since, arguments, words, starts, needs)                    \
    [VPSCI_FN_##name] = {#name, widths},
#include "functions.def"
    };
    uint32_t number = id & (VPSCI_FID_COUNT - 1);
    uint32_t base = id - number;

    if (number >= TEXT_COUNT(functions) || (base != VPSCI_FID_32 && base != VPSCI_FID_64)) {
        return NULL;
    }
    return functions[number].widths & (base == VPSCI_FID_64 ? 2 : 1) ? functions[number].name
                                                                     : NULL;
}

const char *vpsci_result_name(int64_t result)
{
    static const char *const names[] = {
        "SUCCESS",    "NOT_SUPPORTED",    "INVALID_PARAMETERS", "DENIED",   "ALREADY_ON",
        "ON_PENDING", "INTERNAL_FAILURE", "NOT_PRESENT",        "DISABLED", "INVALID_ADDRESS",
    };
    uint64_t index = UINT64_C(0) - (uint64_t)result;

    return index < TEXT_COUNT(names) ? names[index] : NULL;
}
