/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Guest physical addresses (Arm: intermediate physical addresses, IPA) as a type of their own, so
 * that no host address and no plain number is mistaken for one.
 */
#ifndef DORMOUSE_CORE_IPA_H
#define DORMOUSE_CORE_IPA_H

#include <stdint.h>

struct ipa {
    uint64_t value;
};

static inline struct ipa ipa(uint64_t value)
{
    return (struct ipa){value};
}

static inline struct ipa ipa_add(struct ipa base, uint64_t offset)
{
    return (struct ipa){base.value + offset};
}

#endif
