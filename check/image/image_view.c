/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_view.h"

#include <stddef.h>

#include "link.h"
#include "nature.h"
#include "watch.h"
#include "watchdog.h"

static const struct event nothing = {.kind = EVENT_NONE};

static bool call_ends(const struct image_view *view, const struct guest_call *call)
{
    return nature_of(view->view.machine, call->function) == NATURE_ENDS;
}

/* ---- The end ------------------------------------------------------------------------------ */

/* Determined by what the call asked for and whether the machine was off, because nothing else
 * can be seen. */
static enum end_kind end_kind(const struct image_view *view, uint32_t function)
{
    bool asked = function == FN_SYSTEM_RESET || function == FN_SYSTEM_RESET2;

    if (view->was_reset || (view->resets_end && asked)) {
        return function == FN_SYSTEM_RESET2 ? END_RESET2 : END_RESET;
    }
    return function == FN_SYSTEM_OFF2 ? END_HIBERNATE : END_OFF;
}

static void view_note_end(struct image_view *view, const struct guest_call *call)
{
    uint64_t mask = fid_is_64(call->function) ? UINT64_MAX : UINT32_MAX;

    view->ended = true;
    view->end = (struct end){.kind = end_kind(view, (uint32_t)call->function & 0xff),
                             .type = (uint32_t)call->args[0],
                             .cookie = call->args[1] & mask};
}

/* For a call in the journal: if a call that ends the machine had no event, it ended the machine. */
static void note_former_end(struct image_view *view, const struct guest_call *call,
                            const struct event *event)
{
    if (call != NULL && call_ends(view, call) && event->kind == EVENT_NONE) {
        view_note_end(view, call);
    }
}

/* Returns whether a call that ends the machine must not be made: the previous boot has made it,
 * or the image could not continue after it. */
static bool view_is_over(struct image_view *view, const struct guest_call *call)
{
    if (view->resumes) {
        view->resumes = false;
        view_note_end(view, call);
        return true;
    }
    if (view->why_not == NULL) {
        view->why_not = view->keep(view);
    }
    return view->why_not != NULL;
}

/* ---- Operations --------------------------------------------------------------------------- */

/* Returns whether `event` is known without any core acting. */
static bool is_settled(struct image_view *view, const struct guest_call *call, struct event *event)
{
    *event = nothing;
    link_pulse();
    watchdog_feed();
    if (view->ended) {
        return true;
    }
    if (journal_replays(&view->journal)) {
        journal_event(&view->journal, event);
        note_former_end(view, call, event);
        return true;
    }
    if (call != NULL && call_ends(view, call) && view_is_over(view, call)) {
        journal_event(&view->journal, event);
        return true;
    }
    return false;
}

static void op_call(void *self, uint32_t cpu, const struct guest_call *call, struct event *event)
{
    struct image_view *view = self;

    if (!is_settled(view, call, event)) {
        watch_call(cpu, call, event);
        journal_event(&view->journal, event);
    }
}

static void op_begin(void *self, uint32_t cpu, const struct guest_call *call, struct event *event)
{
    struct image_view *view = self;

    if (!is_settled(view, call, event)) {
        watch_begin(cpu, call, event);
        journal_event(&view->journal, event);
    }
}

static void op_await(void *self, uint32_t cpu, struct event *event)
{
    struct image_view *view = self;

    if (!is_settled(view, NULL, event)) {
        watch_await(cpu, event);
        journal_event(&view->journal, event);
    }
}

static const struct team_call *find_end(const struct image_view *view,
                                        const struct team_call *calls, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (call_ends(view, &calls[i].call)) {
            return &calls[i];
        }
    }
    return NULL;
}

/* If several calls end the machine, one of them does, and the others end with it. */
static void op_together(void *self, struct team_call *calls, uint32_t count)
{
    struct image_view *view = self;
    const struct team_call *end = find_end(view, calls, count);
    bool replays = journal_replays(&view->journal);

    for (uint32_t i = 0; i < count; i++) {
        calls[i].event = nothing;
    }
    if (view->ended) {
        return;
    }
    if (!replays && (end == NULL || !view_is_over(view, &end->call))) {
        watch_together(calls, count);
    }
    for (uint32_t i = 0; i < count; i++) {
        journal_event(&view->journal, &calls[i].event);
    }
    if (replays && end != NULL) {
        note_former_end(view, &end->call, &end->event);
    }
}

static void op_interrupt(void *self, uint32_t cpu)
{
    struct image_view *view = self;

    if (!view->ended && !journal_replays(&view->journal) && !view->resumes) {
        watch_interrupt(cpu);
    }
}

static void op_interrupt_soon(void *self, uint32_t cpu)
{
    struct image_view *view = self;

    if (!view->ended && !journal_replays(&view->journal) && !view->resumes) {
        watch_interrupt_soon(cpu);
    }
}

static void op_end(void *self, struct end *end)
{
    const struct image_view *view = self;

    *end = view->ended ? view->end : (struct end){.kind = END_NOT};
}

/* The machine has restarted already: this is its next boot. */
static void op_restart(void *self)
{
    struct image_view *view = self;

    view->ended = false;
}

static void op_pass(void *self, uint64_t microseconds)
{
    const struct image_view *view = self;

    if (!view->ended && !journal_replays(&view->journal)) {
        watch_pass(microseconds);
    }
}

static uint64_t op_now(void *self)
{
    struct image_view *view = self;
    uint64_t now = 0;

    if (!view->ended) {
        now = watch_microseconds();
        journal_number(&view->journal, &now);
    }
    return now;
}

static const struct view_ops ops = {
    .call = op_call,
    .begin = op_begin,
    .await = op_await,
    .together = op_together,
    .interrupt = op_interrupt,
    .interrupt_soon = op_interrupt_soon,
    .end = op_end,
    .restart = op_restart,
    .pass = op_pass,
    .now = op_now,
};

void image_view_open(struct image_view *view, const struct machine *machine)
{
    view->view = (struct view){.machine = machine, .ops = &ops, .self = view};
    view->ended = false;
    view->why_not = NULL;
}

void image_view_forget(struct image_view *view)
{
    view->resumes = false;
    view->ended = false;
    journal_clear(&view->journal);
}
