/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A register whose value after a reset is unknown, and that a core has only with some extension, must
 * be written exactly there: hence a table, with a row for each extension and register.
 */
#include "cpu_features.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch.h"
#include "board.h"
#include "sysreg.h"

/* By number, since not every assembler knows the names. */
#define ID_AA64SMFR0 S3_0_C0_C4_5
#define ID_AA64ISAR2 S3_0_C0_C6_2
#define ID_AA64MMFR3 S3_0_C0_C7_3
#define ID_AA64PFR2  S3_0_C0_C4_2
#define ZCR_EL2      S3_4_C1_C2_0
#define SMCR_EL2     S3_4_C1_C2_6
#define HCRX_EL2     S3_4_C1_C2_2
#define HFGRTR_EL2   S3_4_C1_C1_4
#define HFGWTR_EL2   S3_4_C1_C1_5
#define HFGITR_EL2   S3_4_C1_C1_6
#define HDFGRTR_EL2  S3_4_C3_C1_4
#define HDFGWTR_EL2  S3_4_C3_C1_5
#define HAFGRTR_EL2  S3_4_C3_C1_6
#define HFGRTR2_EL2  S3_4_C3_C1_2
#define HFGWTR2_EL2  S3_4_C3_C1_3
#define HFGITR2_EL2  S3_4_C3_C1_7
#define HDFGRTR2_EL2 S3_4_C3_C1_0
#define HDFGWTR2_EL2 S3_4_C3_C1_1
#define MPAM2_EL2    S3_4_C10_C5_0
#define MPAMHCR_EL2  S3_4_C10_C4_0
#define MPAMIDR_EL1  S3_0_C10_C4_4
#define BRBCR_EL2    S2_4_C9_C0_0
#define BRBCR_EL1    S2_1_C9_C0_0
#define PMSCR_EL1    S3_0_C9_C9_0
#define PMBLIMITR    S3_0_C9_C10_0
#define TRFCR_EL1    S3_0_C1_C2_1
#define TRBLIMITR    S3_0_C9_C11_0
#define GCSCR_EL2    S3_4_C2_C5_0
#define GCSCR_EL1    S3_0_C2_C5_0
#define GCSCRE0_EL1  S3_0_C2_C5_2
#define SVCR         S3_3_C4_C2_2
#define TCR2_EL1     S3_0_C2_C0_3
#define SCTLR2_EL1   S3_0_C1_C0_3

#define READ_NUMBERED(name)         READ_SYSREG(name)
#define WRITE_NUMBERED(name, value) WRITE_SYSREG(name, value)

enum id {
    ID_PFR0,
    ID_PFR1,
    ID_PFR2,
    ID_DFR0,
    ID_ISAR1,
    ID_ISAR2,
    ID_MMFR0,
    ID_MMFR1,
    ID_MMFR3,
    ID_SMFR0,
    ID_COUNT,
};

enum el2_register {
    EL2_HCR,
    EL2_CPTR,
    EL2_MDCR,
    EL2_ZCR,
    EL2_SMCR,
    EL2_HCRX,
    EL2_FGT,       /* HFGRTR and HFGWTR */
    EL2_FGT_DEBUG, /* HDFGRTR and HDFGWTR */
    EL2_FGT_CODE,  /* HFGITR */
    EL2_COUNT,
};

/* An extension that the field says is there from this value on, and the bits that then are one. */
struct feature_bits {
    uint8_t id;
    uint8_t shift;
    uint8_t least;
    uint8_t target;
    uint64_t bits;
};

#define BIT(n) (UINT64_C(1) << (n))

/* HCR_EL2: VM, SWIO, FMO, IMO, AMO, TSC, RW; TIDCP and TACR, as what is the vendor's own may reach other
 * cores. Set and way of caches are the core's, and so the guest's. CPTR_EL2: bits that are one without
 * SVE and SME. */
#define HCR_BASE                                                                                   \
    (BIT(0) | BIT(1) | BIT(3) | BIT(4) | BIT(5) | BIT(19) | BIT(20) | BIT(21) | BIT(31))
#define CPTR_BASE UINT64_C(0x22ff)
#define CPTR_TZ   BIT(8)
#define CPTR_TSM  BIT(12)

#define MPAM_HAS_HCR BIT(17)

/* In the trap registers these bits trap if they are zero, but for TERR. */
static const struct feature_bits feature_rows[] = {
    {ID_ISAR1, 4, 1, EL2_HCR, BIT(40) | BIT(41)},  /* pointer authentication: APK, API */
    {ID_ISAR1, 8, 1, EL2_HCR, BIT(40) | BIT(41)},  /* the same, by another algorithm */
    {ID_ISAR2, 12, 1, EL2_HCR, BIT(40) | BIT(41)}, /* the same */
    {ID_PFR1, 8, 2, EL2_HCR, BIT(56)},             /* memory tagging: ATA */
    {ID_PFR0, 56, 2, EL2_HCR, BIT(53)},            /* SCXTNUM: EnSCXT */
    {ID_PFR0, 28, 1, EL2_HCR, BIT(36)},            /* records of errors trap: TERR */
    {ID_PFR0, 32, 1, EL2_ZCR, 0xf},                /* SVE: the longest vectors */
    {ID_PFR1, 24, 1, EL2_SMCR, 0xf},               /* SME: the same */
    {ID_SMFR0, 63, 1, EL2_SMCR, BIT(31)},          /* FA64 */
    {ID_SMFR0, 56, 1, EL2_SMCR, BIT(30)},          /* SME2: EZT0 */
    {ID_DFR0, 8, 4, EL2_MDCR, BIT(17)}, /* guests' event counters do not count at EL2: HPMD */
    {ID_DFR0, 8, 6, EL2_MDCR, BIT(23)}, /* nor does their cycle counter: HCCD */
    {ID_DFR0, 32, 1, EL2_MDCR, BIT(12) | BIT(13)},      /* statistical profiling: E2PB */
    {ID_DFR0, 44, 1, EL2_MDCR, BIT(24) | BIT(25)},      /* trace buffer: E2TB */
    {ID_ISAR2, 16, 1, EL2_HCRX, BIT(11)},               /* memory copies: MSCEn */
    {ID_PFR2, 32, 1, EL2_HCRX, BIT(23)},                /* FPMR: EnFPM */
    {ID_ISAR1, 60, 1, EL2_HCRX, BIT(1)},                /* accesses of 64 bytes: EnALS */
    {ID_ISAR1, 60, 2, EL2_HCRX, BIT(2)},                /* the same, with a status: EnASR */
    {ID_ISAR1, 60, 3, EL2_HCRX, BIT(0)},                /* the same, with ACCDATA_EL1: EnAS0 */
    {ID_ISAR1, 60, 3, EL2_FGT, BIT(50)},                /* nACCDATA */
    {ID_MMFR3, 0, 1, EL2_HCRX, BIT(14)},                /* TCR2En */
    {ID_MMFR3, 4, 1, EL2_HCRX, BIT(15)},                /* SCTLR2En */
    {ID_PFR1, 44, 1, EL2_HCRX, BIT(22)},                /* guarded control stacks: GCSEn */
    {ID_PFR1, 24, 1, EL2_FGT, BIT(54) | BIT(55)},       /* SME: nSMPRI, nTPIDR2 */
    {ID_PFR1, 44, 1, EL2_FGT, BIT(52) | BIT(53)},       /* nGCS */
    {ID_MMFR3, 8, 1, EL2_FGT, BIT(57) | BIT(58)},       /* permission indirection: nPIR */
    {ID_MMFR3, 16, 1, EL2_FGT, BIT(59) | BIT(60)},      /* permission overlays: nPOR */
    {ID_PFR1, 44, 1, EL2_FGT_CODE, UINT64_C(7) << 57},  /* nGCS of instructions */
    {ID_DFR0, 52, 1, EL2_FGT_CODE, BIT(55) | BIT(56)},  /* branch records: nBRB */
    {ID_DFR0, 52, 1, EL2_FGT_DEBUG, UINT64_C(7) << 59}, /* the same */
    {ID_DFR0, 32, 3, EL2_FGT_DEBUG, BIT(62)},           /* nPMSNEVFR */
};

static bool feature_is_there(const uint64_t *ids, unsigned id, unsigned shift, unsigned least)
{
    unsigned value = ids[id] >> shift & 0xf;

    /* A debug extension that is the vendor's own is 15. FA64 is one bit, at the top. */
    return value >= least && !(id == ID_DFR0 && value == 0xf);
}

static void feature_read_ids(uint64_t *ids)
{
    ids[ID_PFR0] = READ_SYSREG(id_aa64pfr0_el1);
    ids[ID_PFR1] = READ_SYSREG(id_aa64pfr1_el1);
    ids[ID_PFR2] = READ_NUMBERED(ID_AA64PFR2);
    ids[ID_DFR0] = READ_SYSREG(id_aa64dfr0_el1);
    ids[ID_ISAR1] = READ_SYSREG(id_aa64isar1_el1);
    ids[ID_ISAR2] = READ_NUMBERED(ID_AA64ISAR2);
    ids[ID_MMFR0] = READ_SYSREG(id_aa64mmfr0_el1);
    ids[ID_MMFR1] = READ_SYSREG(id_aa64mmfr1_el1);
    ids[ID_MMFR3] = READ_NUMBERED(ID_AA64MMFR3);
    ids[ID_SMFR0] = READ_NUMBERED(ID_AA64SMFR0);
}

static bool feature_has_sve(const uint64_t *ids)
{
    return feature_is_there(ids, ID_PFR0, 32, 1);
}

static bool feature_has_sme(const uint64_t *ids)
{
    return feature_is_there(ids, ID_PFR1, 24, 1);
}

static void feature_write_vectors(const uint64_t *ids, const uint64_t *values)
{
    WRITE_SYSREG(cptr_el2, CPTR_BASE | (feature_has_sve(ids) ? 0 : CPTR_TZ) |
                               (feature_has_sme(ids) ? 0 : CPTR_TSM));
    if (feature_has_sve(ids)) {
        WRITE_NUMBERED(ZCR_EL2, values[EL2_ZCR]);
    }
    if (feature_has_sme(ids)) {
        WRITE_NUMBERED(SMCR_EL2, values[EL2_SMCR]);
    }
}

static void feature_write_fine_traps(const uint64_t *ids, const uint64_t *values)
{
    if (!feature_is_there(ids, ID_MMFR0, 56, 1)) {
        return;
    }
    WRITE_NUMBERED(HFGRTR_EL2, values[EL2_FGT]);
    WRITE_NUMBERED(HFGWTR_EL2, values[EL2_FGT]);
    WRITE_NUMBERED(HFGITR_EL2, values[EL2_FGT_CODE]);
    WRITE_NUMBERED(HDFGRTR_EL2, values[EL2_FGT_DEBUG]);
    WRITE_NUMBERED(HDFGWTR_EL2, values[EL2_FGT_DEBUG]);
    if (feature_is_there(ids, ID_PFR0, 44, 1)) {
        WRITE_NUMBERED(HAFGRTR_EL2, 0); /* activity monitors */
    }
    if (feature_is_there(ids, ID_MMFR0, 56, 2)) {
        WRITE_NUMBERED(HFGRTR2_EL2, UINT64_MAX); /* all of these trap if they are zero */
        WRITE_NUMBERED(HFGWTR2_EL2, UINT64_MAX);
        WRITE_NUMBERED(HFGITR2_EL2, BIT(1)); /* but for nDCCIVAPS, these trap if they are one */
        WRITE_NUMBERED(HDFGRTR2_EL2, UINT64_MAX);
        WRITE_NUMBERED(HDFGWTR2_EL2, UINT64_MAX);
    }
}

/* What branch records of EL2 would have, were there any; and no guarded control stack at EL2. */
static void feature_write_control(const uint64_t *ids)
{
    if (feature_is_there(ids, ID_DFR0, 52, 1)) {
        WRITE_NUMBERED(BRBCR_EL2, BIT(3) | BIT(4)); /* CC, MPRED */
    }
    if (feature_is_there(ids, ID_PFR1, 44, 1)) {
        WRITE_NUMBERED(GCSCR_EL2, 0);
    }
}

/* Every event counter is the guest's: MDCR_EL2.HPMN is PMCR_EL0.N. */
static uint64_t feature_counters(const uint64_t *ids)
{
    return feature_is_there(ids, ID_DFR0, 8, 1) ? READ_SYSREG(pmcr_el0) >> 11 & 0x1f : 0;
}

/* What a core has does not change, and a core that comes back is in a hurry. */
struct feature_set {
    bool is_known;
    uint64_t ids[ID_COUNT];
    uint64_t values[EL2_COUNT];
};

static struct feature_set feature_sets[BOARD_CORE_MAX];

static void feature_find_values(struct feature_set *set)
{
    set->values[EL2_HCR] = HCR_BASE;
    for (size_t i = 0; i < sizeof(feature_rows) / sizeof(*feature_rows); i++) {
        const struct feature_bits *row = &feature_rows[i];

        if (feature_is_there(set->ids, row->id, row->shift, row->least)) {
            set->values[row->target] |= row->bits;
        }
    }
}

static const struct feature_set *feature_here(void)
{
    struct feature_set *set = &feature_sets[arch_core()];

    if (!set->is_known) {
        feature_read_ids(set->ids);
        feature_find_values(set);
        set->is_known = true;
    }
    return set;
}

void cpu_features_open(void)
{
    const uint64_t *ids = feature_here()->ids;
    const uint64_t *values = feature_here()->values;

    WRITE_SYSREG(hcr_el2, values[EL2_HCR]);
    WRITE_SYSREG(mdcr_el2, values[EL2_MDCR] | feature_counters(ids));
    WRITE_SYSREG(hstr_el2, 0);
    WRITE_SYSREG(actlr_el2, 0); /* where it has bits, they allow the vendor's registers at EL1 */
    feature_write_vectors(ids, values);
    if (feature_is_there(ids, ID_MMFR1, 40, 1)) {
        WRITE_NUMBERED(HCRX_EL2, values[EL2_HCRX]);
    }
    feature_write_fine_traps(ids, values);
    feature_write_control(ids);
    if (feature_is_there(ids, ID_PFR0, 40, 1)) {
        WRITE_NUMBERED(MPAM2_EL2, 0);
        if ((READ_NUMBERED(MPAMIDR_EL1) & MPAM_HAS_HCR) != 0) {
            WRITE_NUMBERED(MPAMHCR_EL2, 0);
        }
    }
}

/* Sampling ends, then what was sampled is in memory (PSB CSYNC), then there is no buffer. */
static void feature_stop_profiling(void)
{
    WRITE_NUMBERED(PMSCR_EL1, 0);
    __asm__ volatile("hint #17\n\tdsb nsh" ::: "memory");
    WRITE_NUMBERED(PMBLIMITR, 0);
}

/* The same of trace (TSB CSYNC), which has ended. */
static void feature_close_trace(void)
{
    __asm__ volatile("hint #18\n\tdsb nsh" ::: "memory");
    WRITE_NUMBERED(TRBLIMITR, 0);
}

void cpu_features_stop_tracing(void)
{
    const uint64_t *ids = feature_here()->ids;

    if (feature_is_there(ids, ID_DFR0, 32, 1)) {
        feature_stop_profiling();
    }
    if (feature_is_there(ids, ID_DFR0, 40, 1)) {
        WRITE_NUMBERED(TRFCR_EL1, 0);
    }
    if (feature_is_there(ids, ID_DFR0, 44, 1)) {
        feature_close_trace();
    }
    if (feature_is_there(ids, ID_DFR0, 52, 1)) {
        WRITE_NUMBERED(BRBCR_EL1, 0);
    }
}

void cpu_features_reset(void)
{
    const uint64_t *ids = feature_here()->ids;

    cpu_features_stop_tracing();
    if (feature_has_sme(ids)) {
        WRITE_NUMBERED(SVCR, 0);
    }
    if (feature_is_there(ids, ID_DFR0, 8, 1)) {
        WRITE_SYSREG(pmcr_el0, 0x46); /* LC, C, P: counters off, at zero */
        WRITE_SYSREG(pmintenclr_el1, UINT32_MAX);
        WRITE_SYSREG(pmcntenclr_el0, UINT32_MAX);
        WRITE_SYSREG(pmovsclr_el0, UINT32_MAX);
        WRITE_SYSREG(pmuserenr_el0, 0);
    }
    if (feature_is_there(ids, ID_PFR1, 44, 1)) {
        WRITE_NUMBERED(GCSCR_EL1, 0);
        WRITE_NUMBERED(GCSCRE0_EL1, 0);
    }
    if (feature_is_there(ids, ID_MMFR3, 0, 1)) {
        WRITE_NUMBERED(TCR2_EL1, 0);
    }
    if (feature_is_there(ids, ID_MMFR3, 4, 1)) {
        WRITE_NUMBERED(SCTLR2_EL1, 0);
    }
}
