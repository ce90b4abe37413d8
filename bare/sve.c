/* SPDX-License-Identifier: BSD-2-Clause */
#include "sve.h"

#include <stddef.h>

#include "exceptions.h"
#include "pattern.h"
#include "smp.h"
#include "string.h"
#include "sysreg.h"

_Static_assert(offsetof(struct sve_state, p) == SVE_P, "layout.h");
_Static_assert(offsetof(struct sve_state, ffr) == SVE_FFR, "layout.h");

enum { PFR0_SVE_SHIFT = 32, PFR0_FIELD = 0xf };

/* ZCR_ELx.LEN and the fields that may become more length. */
enum { ZCR_LONGEST = 0xf };

/* By number: the assembler has the names only with the extension. */
static void set_length(void)
{
    if (sysreg_is_el2()) {
        WRITE_SYSREG(S3_4_C1_C2_0, ZCR_LONGEST); /* ZCR_EL2 */
    } else {
        WRITE_SYSREG(S3_0_C1_C2_0, ZCR_LONGEST); /* ZCR_EL1 */
    }
}

bool sve_prepare(void)
{
    if ((READ_SYSREG(id_aa64pfr0_el1) >> PFR0_SVE_SHIFT & PFR0_FIELD) == 0) {
        return false;
    }
    /* A firmware or hypervisor that does not let us have them may answer with an exception. */
    exceptions_expect();
    set_length();
    return !exceptions_seen();
}

/* The FFR is a row of ones from the bottom, of any length: anything else is not for it. */
static void fill_ffr(struct sve_state *state, uint64_t random)
{
    uint64_t bytes = sve_length() / 8;
    uint64_t ones = random % (bytes + 1);

    for (uint64_t i = 0; i < bytes; i++) {
        state->ffr[i] = i < ones ? 0xff : 0;
    }
}

static void sve_fill_bytes(uint8_t *bytes, uint64_t count, uint64_t *random)
{
    for (uint64_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(pattern_random(random) >> 8);
    }
}

void sve_fill(struct sve_state *state, uint64_t seed)
{
    uint64_t length = sve_length();

    memset(state, 0, sizeof(*state));
    sve_fill_bytes(state->z, SVE_Z_COUNT * length, &seed);
    sve_fill_bytes(state->p, SVE_P_COUNT * length / 8, &seed);
    fill_ffr(state, seed);
    sve_load(state);
}

void sve_read(struct sve_state *state)
{
    memset(state, 0, sizeof(*state));
    sve_store(state);
}

const char *sve_difference(const struct sve_state *before, const struct sve_state *after)
{
    if (memcmp(before->z, after->z, sizeof(before->z)) != 0) {
        return "an SVE vector register differs";
    }
    if (memcmp(before->p, after->p, sizeof(before->p)) != 0) {
        return "an SVE predicate register differs";
    }
    return memcmp(before->ffr, after->ffr, sizeof(before->ffr)) != 0 ? "the SVE FFR differs" : NULL;
}
