/* SPDX-License-Identifier: BSD-2-Clause */
/* The conformance image's memory over a reset: what its scripts have seen is seen again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bare/timer.h"
#include "bare/uart.h"
#include "check/image/image_view.h"
#include "check/image/journal.h"
#include "check/image/link.h"
#include "check/image/nature.h"
#include "check/image/watch.h"
#include "check/image/watchdog.h"

/* ---- A machine that answers with what the test says, and counts how often it was asked ------ */

static struct event answer;
static unsigned asked;
static unsigned kept;

void watch_call(uint32_t cpu, const struct guest_call *call, struct event *event)
{
    (void)cpu;
    (void)call;
    asked++;
    *event = answer;
}

void watch_begin(uint32_t cpu, const struct guest_call *call, struct event *event)
{
    watch_call(cpu, call, event);
}

void watch_await(uint32_t cpu, struct event *event)
{
    watch_call(cpu, NULL, event);
}

void watch_together(struct team_call *calls, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        watch_call(calls[i].cpu, &calls[i].call, &calls[i].event);
    }
}

void watch_interrupt(uint32_t cpu)
{
    (void)cpu;
    asked++;
}

void watch_interrupt_soon(uint32_t cpu)
{
    watch_interrupt(cpu);
}

uint64_t watch_microseconds(void)
{
    asked++;
    return 1000;
}

void watch_pass(uint64_t microseconds)
{
    (void)microseconds;
    asked++;
}

/*
 * The serial line. Its UART keeps 16 bytes of what is sent; the program at the other end sends the
 * next piece of its answer when it has read SAY_READY or SAY_MORE.
 */
static struct {
    const char *all; /* the answer */
    const char *rest;
    char kept[ANSWER_PIECE];
    uint32_t count, taken;
    char line[80];
    size_t length;
    unsigned pieces;
    unsigned lost; /* this piece of the answer is lost, counted from 1; and the same piece of the
                    * next answers */
    unsigned losses;
    unsigned repeats;
} serial;

static void serial_send_piece(void)
{
    serial.count = serial.taken = 0;
    while (serial.count < ANSWER_PIECE && *serial.rest != '\0') {
        serial.kept[serial.count++] = *serial.rest++;
    }
    serial.pieces += serial.count > 0;
    if (serial.pieces == serial.lost && serial.losses > 0) {
        serial.losses--;
        serial.count = 0;
    }
}

static void serial_answer(const char *line)
{
    serial.all = serial.rest = line;
    serial.pieces = serial.lost = serial.losses = serial.repeats = 0;
}

void uart_put(char c)
{
    if (c != '\n') {
        serial.line[serial.length] = c;
        serial.length += serial.length + 1 < sizeof(serial.line);
        return;
    }
    serial.line[serial.length - 1] = '\0'; /* CR */
    serial.length = 0;
    bool again = strcmp(serial.line, SAY_AGAIN) == 0;
    bool more = strcmp(serial.line, SAY_READY) == 0 || strcmp(serial.line, SAY_MORE) == 0;
    if (again) {
        serial.rest = serial.all;
        serial.pieces = 0;
        serial.repeats++;
    }
    if (serial.rest != NULL && (more || again)) {
        serial_send_piece();
    }
}

bool uart_read(uint8_t *byte)
{
    if (serial.taken == serial.count) {
        return false;
    }
    *byte = (uint8_t)serial.kept[serial.taken++];
    return true;
}

uint64_t timer_now(enum timer timer)
{
    static uint64_t now;

    (void)timer;
    return now++;
}

uint64_t timer_milliseconds(uint64_t count)
{
    return count;
}

void watchdog_feed(void)
{
}

static const char *keep(struct image_view *view)
{
    (void)view;
    kept++;
    return NULL;
}

/* ---- What a script does --------------------------------------------------------------------- */

static const struct machine machine = {.cpu_count = 2};

static const struct guest_call version = {.function = FID32(FN_VERSION)};
static const struct guest_call start = {.function = FID64(FN_CPU_ON), .args = {1, 0x40000000, 7}};
static const struct guest_call reset = {.function = FID32(FN_SYSTEM_RESET)};
static const struct guest_call warm = {.function = FID64(FN_SYSTEM_RESET2),
                                       .args = {UINT64_C(0xdead00000000), UINT64_C(0x123456789a)}};

static struct event call(struct image_view *view, const struct guest_call *call)
{
    struct event event;

    view->view.ops->call(view, 0, call, &event);
    return event;
}

static struct event await(struct image_view *view)
{
    struct event event;

    view->view.ops->await(view, 1, &event);
    return event;
}

static enum end_kind ending(struct image_view *view)
{
    struct end end;

    view->view.ops->end(view, &end);
    return end.kind;
}

static void open_view(struct image_view *view)
{
    memset(view, 0, sizeof(*view));
    image_view_open(view, &machine);
    view->keep = keep;
    asked = 0;
    kept = 0;
}

/* The next boot of the image, by what this one had kept. */
static void boot_again(struct image_view *view, struct image_view *next, bool was_reset)
{
    char text[2 * JOURNAL_SIZE + 1];

    journal_write(&view->journal, text);
    open_view(next);
    assert_true(journal_read(&next->journal, text));
    next->resumes = true;
    next->was_reset = was_reset;
}

static struct event returned(uint64_t x0)
{
    return (struct event){.kind = EVENT_RETURNED, .x0 = x0};
}

/* ---- Tests ---------------------------------------------------------------------------------- */

static void test_same_is_seen_again(void **state)
{
    static const uint64_t results[] = {0, 1, 0x10003, UINT64_MAX, UINT32_MAX, UINT64_C(1) << 63};
    struct image_view view;
    struct image_view next;
    struct event event;

    (void)state;
    open_view(&view);
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        answer = returned(results[i]);
        call(&view, &version);
    }
    answer = (struct event){
        .kind = EVENT_ENTERED,
        .entry = {.address = 0x40201040, .context = UINT64_MAX - 6, .big_endian = true}};
    await(&view);
    answer = (struct event){.kind = EVENT_NONE};
    await(&view);
    boot_again(&view, &next, true);

    answer = returned(0xbad);
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        event = call(&next, &version);
        assert_int_equal(event.kind, EVENT_RETURNED);
        assert_int_equal(event.x0, results[i]);
    }
    event = await(&next);
    assert_int_equal(event.kind, EVENT_ENTERED);
    assert_int_equal(event.entry.address, 0x40201040);
    assert_int_equal(event.entry.context, UINT64_MAX - 6);
    assert_true(event.entry.big_endian);
    assert_int_equal(await(&next).kind, EVENT_NONE);
    assert_int_equal(asked, 0);
    assert_int_equal(call(&next, &version).x0, 0xbad);
    assert_int_equal(asked, 1);
}

/* Up to `resets` of them have been; the next one is made, and nothing comes of it. */
static void run_script(struct image_view *view, unsigned resets)
{
    answer = returned(0x10003);
    call(view, &version);
    for (unsigned i = 0; i <= resets; i++) {
        answer = returned(0);
        call(view, &start);
        answer = (struct event){.kind = EVENT_NONE};
        assert_int_equal(call(view, &reset).kind, EVENT_NONE);
        if (i < resets) {
            assert_int_equal(ending(view), END_RESET);
            view->view.ops->restart(view);
        }
    }
}

static void test_three_resets(void **state)
{
    struct image_view boots[4];

    (void)state;
    open_view(&boots[0]);
    for (unsigned i = 0; i < 3; i++) {
        run_script(&boots[i], i);
        assert_int_equal(kept, 1);
        /* What was seen of the last reset is not in the journal of the boot that made it. */
        boots[i].journal.used--;
        boot_again(&boots[i], &boots[i + 1], true);
    }
    asked = 0;
    run_script(&boots[3], 3);
    assert_int_equal(asked, 2); /* CPU_ON and SYSTEM_RESET: the fourth round's */
}

static void test_how_it_ended(void **state)
{
    struct image_view view;
    struct image_view next;
    struct end end;

    (void)state;
    open_view(&view);
    boot_again(&view, &next, true);
    call(&next, &warm);
    next.view.ops->end(&next, &end);
    assert_int_equal(end.kind, END_RESET2);
    assert_int_equal(end.type, 0);
    assert_int_equal(end.cookie, UINT64_C(0x123456789a));
    boot_again(&view, &next, false);
    call(&next, &reset);
    assert_int_equal(ending(&next), END_OFF);
    boot_again(&view, &next, true);
    call(&next, &(struct guest_call){.function = FID32(FN_SYSTEM_OFF)});
    assert_int_equal(ending(&next), END_RESET);
}

/* A call that could end the machine and does not: the script goes on, and so does the journal. */
static void test_refused_reset_is_no_end(void **state)
{
    struct image_view view;
    struct image_view next;

    (void)state;
    open_view(&view);
    answer = returned((uint64_t)RET_INVALID_PARAMETERS);
    call(&view, &warm);
    assert_int_equal(ending(&view), END_NOT);
    boot_again(&view, &next, true);
    assert_int_equal(call(&next, &warm).x0, (uint64_t)RET_INVALID_PARAMETERS);
    assert_int_equal(ending(&next), END_NOT);
    call(&next, &reset);
    assert_int_equal(ending(&next), END_RESET);
}

static void test_several_at_once(void **state)
{
    struct team_call calls[2] = {{.cpu = 0, .call = version}, {.cpu = 1, .call = reset}};
    struct image_view view;
    struct image_view next;

    (void)state;
    open_view(&view);
    boot_again(&view, &next, true);
    next.view.ops->together(&next, calls, 2);
    assert_int_equal(ending(&next), END_RESET);
    assert_int_equal(asked, 0);
}

static void test_full_journal_is_said(void **state)
{
    struct image_view view;

    (void)state;
    open_view(&view);
    answer = returned(UINT64_MAX / 3);
    for (unsigned i = 0; i < JOURNAL_SIZE; i++) {
        call(&view, &version);
    }
    assert_true(view.journal.full);
    assert_int_equal(view.journal.used, JOURNAL_SIZE);
}

static void test_bad_journals(void **state)
{
    static char text[2 * JOURNAL_SIZE + 3];
    struct journal journal;
    struct event event;

    (void)state;
    memset(text, 'f', sizeof(text) - 1);
    assert_false(journal_read(&journal, text)); /* too long */
    assert_false(journal_read(&journal, "01zz"));
    assert_false(journal_read(&journal, "012"));
    assert_true(journal_read(&journal, "01ffffffffffffffffffffffffffff"));
    journal_event(&journal, &event); /* a number without an end */
    assert_true(journal_read(&journal, "01"));
    journal_event(&journal, &event);
    assert_false(journal_replays(&journal));
}

static void test_answers(void **state)
{
    static const char *const bad[] = {
        "",        "go",          "go 1",       "go 0 start", "going 1 start",
        "1 start", "go 1 starts", "go x start", "stop"};
    struct errand errand;

    (void)state;
    assert_true(link_parse("go 1 start", &errand));
    assert_int_equal(errand.number, 1);
    assert_int_equal(errand.how, HOW_START);
    assert_true(link_parse("go 233 reset 0182", &errand));
    assert_int_equal(errand.number, 233);
    assert_int_equal(errand.how, HOW_RESET);
    assert_string_equal(errand.kept, "0182");
    assert_true(link_parse("go 7 hang", &errand));
    assert_int_equal(errand.how, HOW_HANG);
    assert_string_equal(errand.kept, "");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(link_parse(bad[i], &errand));
    }
}

/* A UART that keeps 16 bytes loses nothing of a long answer. */
static void test_answers_in_pieces(void **state)
{
    static const char *const lines[] = {"go 1 start\n", "go 12345 start\r\n", "go 7 reset 01234\n",
                                        "go 223 off 0123456789abcdef0123456789abcdef0123\n"};
    struct errand errand;

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        serial_answer(lines[i]);
        assert_true(link_ask(&errand));
        assert_int_equal(serial.pieces, (strlen(lines[i]) + ANSWER_PIECE - 1) / ANSWER_PIECE);
        assert_string_equal(serial.rest, "");
    }
    assert_int_equal(errand.number, 223);
    assert_int_equal(errand.how, HOW_OFF);
    assert_string_equal(errand.kept, "0123456789abcdef0123456789abcdef0123");
    assert_int_equal(serial.repeats, 0);
    serial_answer("");
    assert_false(link_ask(&errand));
    assert_int_equal(serial.repeats, 0);
    serial.rest = NULL;
}

/* If another port took a piece, the image asks for the whole line again, but not for ever. */
static void test_lost_piece(void **state)
{
    struct errand errand;

    (void)state;
    for (unsigned losses = 1; losses <= ANSWER_REPEATS + 1; losses++) {
        for (unsigned piece = 2; piece <= 3; piece++) {
            serial_answer("go 223 off 0123456789abcdef0123456789abcdef\n");
            serial.lost = piece;
            serial.losses = losses;
            assert_int_equal(link_ask(&errand), losses <= ANSWER_REPEATS);
            assert_int_equal(serial.repeats, losses < ANSWER_REPEATS ? losses : ANSWER_REPEATS);
        }
    }
    serial_answer("go 223 off 0123456789abcdef0123456789abcdef\n");
    serial.lost = 2;
    serial.losses = 1;
    assert_true(link_ask(&errand));
    assert_string_equal(errand.kept, "0123456789abcdef0123456789abcdef");
    /* Of what never began to come nothing was lost. */
    serial_answer("go 1 start\n");
    serial.lost = 1;
    serial.losses = 1;
    assert_false(link_ask(&errand));
    assert_int_equal(serial.repeats, 0);
    serial.rest = NULL;
}

static void test_natures(void **state)
{
    const struct machine old = {.ids_0_1 = {0x95c1ba5e, 0x95c1ba5f, 0x95c1ba60, 0}};

    (void)state;
    assert_int_equal(nature_of(&machine, FID64(FN_CPU_SUSPEND)), NATURE_WAITS);
    assert_int_equal(nature_of(&machine, GARBAGE | FID32(FN_CPU_OFF)), NATURE_LEAVES);
    assert_int_equal(nature_of(&machine, FID32(FN_SYSTEM_OFF)), NATURE_ENDS);
    assert_int_equal(nature_of(&machine, 0x84000020), NATURE_PLAIN);
    assert_int_equal(nature_of(&machine, 0x95c1ba60), NATURE_PLAIN);
    assert_int_equal(nature_of(&old, 0x95c1ba60), NATURE_STARTS);
    assert_int_equal(nature_of(&old, 0), NATURE_PLAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_is_seen_again),
        cmocka_unit_test(test_three_resets),
        cmocka_unit_test(test_how_it_ended),
        cmocka_unit_test(test_refused_reset_is_no_end),
        cmocka_unit_test(test_several_at_once),
        cmocka_unit_test(test_full_journal_is_said),
        cmocka_unit_test(test_bad_journals),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_answers_in_pieces),
        cmocka_unit_test(test_lost_piece),
        cmocka_unit_test(test_natures),
    };

    return cmocka_run_group_tests_name("check_image", tests, NULL, NULL);
}
