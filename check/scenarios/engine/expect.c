/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of script.h that judges. */
#include "script.h"
#include "text.h"

static struct text trial_fail(struct trial *t, const char *what)
{
    struct text text;

    t->over = true;
    t->verdict = VERDICT_FAILED;
    text_start(&text, t->reason, sizeof(t->reason));
    text_add(&text, what);
    return text;
}

void skip(struct trial *t, const char *reason)
{
    struct text text;

    if (t->over) {
        return;
    }
    t->over = true;
    t->verdict = VERDICT_SKIPPED;
    text_start(&text, t->reason, sizeof(t->reason));
    text_add(&text, reason);
}

void need_aarch64(struct trial *t)
{
    if (t->machine->aarch32) {
        skip(t, "the guest is in AArch32 state");
    }
}

int64_t code(const struct event *e)
{
    return (int32_t)(uint32_t)e->x0;
}

/* "1.3", "ON"; a number without a name is printed as a number. */
static void add_number(struct text *text, enum number_kind kind, uint64_t number)
{
    static const char *const states[] = {"ON", "OFF", "ON_PENDING", "ON", "OFF", "STANDBY"};

    if (kind == NUMBER_VERSION && number >> 31 == 0) {
        text_add_number(text, number >> 16);
        text_add(text, ".");
        text_add_number(text, number & 0xffff);
    } else if (kind >= NUMBER_AFFINITY && number <= 2) {
        text_add(text, states[number + (kind == NUMBER_HW_STATE ? 3 : 0)]);
    } else {
        text_add_hex(text, number);
    }
}

/* Adds what was seen, for the second half of a reason. */
static void add_event(struct text *text, const struct event *e, enum number_kind kind)
{
    if (e->kind == EVENT_RETURNED && kind != NUMBER_PLAIN && code(e) >= 0) {
        add_number(text, kind, (uint32_t)e->x0);
    } else if (e->kind == EVENT_RETURNED) {
        text_add_result(text, code(e));
    } else if (e->kind == EVENT_ENTERED) {
        text_add(text, "an entry at ");
        text_add_hex(text, e->entry.address);
        text_add(text, " with context ");
        text_add_hex(text, e->entry.context);
    } else {
        text_add(text, "nothing: the CPU is gone");
    }
}

static void fail_event_as(struct trial *t, const struct event *e, enum number_kind kind,
                          const char *what, const char *expected)
{
    struct text text = trial_fail(t, what);

    text_add(&text, ": expected ");
    text_add(&text, expected);
    text_add(&text, ", got ");
    add_event(&text, e, kind);
}

static void fail_event(struct trial *t, const struct event *e, const char *what,
                       const char *expected)
{
    fail_event_as(t, e, NUMBER_PLAIN, what, expected);
}

/* Counts a check that held; returns true if a failure is to be reported. */
static bool trial_finds(struct trial *t, bool holds)
{
    if (t->over) {
        return false;
    }
    t->checks += holds;
    return !holds;
}

/* The codes that a version has, by DEN0022, and by Linux for 0.1. */
static uint32_t codes_in_force(const struct trial *t, uint32_t codes)
{
    uint32_t invalid = t->version < V1_0 ? IS_INVALID_ADDRESS : 0;

    if (t->version < V0_2) {
        invalid |= IS_ALREADY_ON | IS_ON_PENDING | IS_NOT_PRESENT;
        if ((codes & (IS_INTERNAL_FAILURE | IS_DISABLED)) != 0) {
            codes |= IS_DENIED;
        }
        codes &= ~(uint32_t)(IS_INTERNAL_FAILURE | IS_DISABLED);
    }
    if ((codes & invalid) != 0) {
        codes |= IS_INVALID_PARAMETERS;
    }
    return codes & ~invalid;
}

static bool in_set(int64_t result, uint32_t codes)
{
    return result <= 0 && result >= RET_LOWEST && (codes & (1U << -result)) != 0;
}

/* Trouble that the view found with a call counts whenever the call is expected to return. */
static bool has_trouble(struct trial *t, const struct event *e, const char *what)
{
    if (t->over || e->kind != EVENT_RETURNED || e->trouble == NULL) {
        return false;
    }
    struct text text = trial_fail(t, what);

    text_add(&text, ": ");
    text_add(&text, e->trouble);
    return true;
}

void returns(struct trial *t, const struct event *e, uint32_t codes, const char *what)
{
    char expected[VALUE_SIZE * 3];
    struct text text;

    codes = codes_in_force(t, codes);
    if (has_trouble(t, e, what) ||
        !trial_finds(t, e->kind == EVENT_RETURNED && in_set(code(e), codes))) {
        return;
    }
    text_start(&text, expected, sizeof(expected));
    text_add_codes(&text, codes);
    fail_event(t, e, what, expected);
}

static void returns_this(struct trial *t, const struct event *e, bool same, enum number_kind kind,
                         uint64_t number, const char *what)
{
    char expected[VALUE_SIZE];
    struct text text;

    if (has_trouble(t, e, what) || !trial_finds(t, e->kind == EVENT_RETURNED && same)) {
        return;
    }
    text_start(&text, expected, sizeof(expected));
    add_number(&text, kind, number);
    fail_event_as(t, e, kind, what, expected);
}

void returns_as(struct trial *t, const struct event *e, enum number_kind kind, uint32_t number,
                const char *what)
{
    returns_this(t, e, (uint32_t)e->x0 == number, kind, number, what);
}

void returns_number(struct trial *t, const struct event *e, uint32_t number, const char *what)
{
    returns_as(t, e, NUMBER_PLAIN, number, what);
}

void returns_wide(struct trial *t, const struct event *e, uint64_t number, const char *what)
{
    returns_this(t, e, e->x0 == number, NUMBER_PLAIN, number, what);
}

void comes_back(struct trial *t, const struct event *e, const char *what)
{
    if (!has_trouble(t, e, what) && trial_finds(t, e->kind == EVENT_RETURNED)) {
        fail_event(t, e, what, "a return");
    }
}

void vanishes(struct trial *t, const struct event *e, const char *what)
{
    if (trial_finds(t, e->kind == EVENT_NONE)) {
        fail_event(t, e, what, "nothing to be seen of the CPU");
    }
}

void enters(struct trial *t, const struct event *e, uint64_t address, uint64_t context,
            const char *what)
{
    char expected[VALUE_SIZE * 2];
    struct text text;

    if (!trial_finds(t, e->kind == EVENT_ENTERED && e->entry.address == address &&
                            e->entry.context == context)) {
        return;
    }
    text_start(&text, expected, sizeof(expected));
    text_add(&text, "an entry at ");
    text_add_hex(&text, address);
    text_add(&text, " with context ");
    text_add_hex(&text, context);
    fail_event(t, e, what, expected);
}

void stays(struct trial *t, uint32_t cpu, const char *what)
{
    vanishes(t, await(t, cpu), what);
}

void comes(struct trial *t, uint32_t cpu, uint64_t address, uint64_t context, const char *what)
{
    enters(t, await(t, cpu), address, context, what);
}

void expect(struct trial *t, bool holds, const char *what)
{
    if (trial_finds(t, holds)) {
        trial_fail(t, what);
    }
}

void expect_equal(struct trial *t, uint64_t got, uint64_t expected, const char *what)
{
    if (!trial_finds(t, got == expected)) {
        return;
    }
    struct text text = trial_fail(t, what);

    text_add(&text, ": expected ");
    text_add_hex(&text, expected);
    text_add(&text, ", got ");
    text_add_hex(&text, got);
}

static const char *end_text(enum end_kind kind)
{
    static const char *const texts[] = {"running on", "SYSTEM_OFF", "SYSTEM_RESET", "SYSTEM_RESET2",
                                        "SYSTEM_OFF2"};

    return texts[kind];
}

void expect_end(struct trial *t, enum end_kind kind, const char *what)
{
    struct end end = ending(t);

    if (!trial_finds(t, end.kind == kind)) {
        return;
    }
    struct text text = trial_fail(t, what);

    text_add(&text, ": expected ");
    text_add(&text, end_text(kind));
    text_add(&text, ", got ");
    text_add(&text, end_text(end.kind));
}

/* Starts the text of a new characteristic. A repeated key keeps its first value. */
static bool characteristic_start(struct trial *t, const char *key, struct text *text)
{
    struct characteristic *new = &t->characteristics[t->characteristic_count];

    if (t->over || t->characteristic_count == CHARACTERISTICS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < t->characteristic_count; i++) {
        if (text_equal(t->characteristics[i].key, key)) {
            return false;
        }
    }
    new->key = key;
    text_start(text, new->value, sizeof(new->value));
    t->characteristic_count++;
    return true;
}

void characteristic(struct trial *t, const char *key, const char *value)
{
    struct text text;

    if (characteristic_start(t, key, &text)) {
        text_add(&text, value);
    }
}

void characteristic_as(struct trial *t, const char *key, enum number_kind kind, uint64_t value)
{
    struct text text;

    if (characteristic_start(t, key, &text)) {
        add_number(&text, kind, value);
    }
}

void characteristic_number(struct trial *t, const char *key, uint64_t value)
{
    characteristic_as(t, key, NUMBER_PLAIN, value);
}

void characteristic_code(struct trial *t, const char *key, const struct event *e)
{
    struct text text;

    if (!characteristic_start(t, key, &text)) {
        return;
    }
    if (e->kind == EVENT_RETURNED) {
        text_add_result(&text, code(e));
    } else {
        text_add(&text, e->kind == EVENT_ENTERED ? "enters" : "does not return");
    }
}
