/* SPDX-License-Identifier: BSD-2-Clause */
#include "monitor.h"

#include <stdlib.h>
#include <string.h>

#include "visited.h"

enum { OUTSIDE, BEGUN, DONE };

/* One way: the state, and for each thread whether its call has taken effect, and how. */
struct way {
    struct spec spec;
    struct result results[THREAD_MAX];
    uint8_t status[THREAD_MAX];
    bool was_running[THREAD_MAX]; /* the system was, at some moment of the thread's call */
    uint8_t zero[6];
};

/* The ways of one moment, sorted, from `start` to `end` of all. */
struct moment {
    uint32_t start;
    uint32_t end;
    struct digest digest;
    uint8_t actions[THREAD_MAX]; /* that threads are in; NO_ACTION */
};

enum { NO_ACTION = 0xff };

struct monitor {
    const struct program *program;
    uint32_t now; /* index of the present moment */
    uint32_t moment_count;
    uint32_t moment_room;
    uint32_t way_room;
    struct moment *moments;
    struct way *ways;
    struct visited known; /* moments by their digests, and by what led to them */
};

static void *enlarge_array(void *array, uint32_t *room, size_t size)
{
    void *larger;

    *room = *room ? *room * 2 : 64;
    larger = realloc(array, *room * size);
    if (!larger) {
        abort();
    }
    return larger;
}

static struct moment *present_moment(struct monitor *monitor)
{
    return &monitor->moments[monitor->now];
}

static bool has_ways(struct monitor *monitor)
{
    return present_moment(monitor)->end > present_moment(monitor)->start;
}

static int compare_ways(const void *one, const void *other)
{
    return memcmp(one, other, sizeof(struct way));
}

/* Adds a way to the present moment, which is the last, once. */
static void add_way(struct monitor *monitor, const struct way *way)
{
    struct moment *moment = present_moment(monitor);
    uint32_t i;

    for (i = moment->start; i < moment->end; i++) {
        if (compare_ways(&monitor->ways[i], way) == 0) {
            return;
        }
    }
    if (moment->end == monitor->way_room) {
        monitor->ways =
            (struct way *)enlarge_array(monitor->ways, &monitor->way_room, sizeof(struct way));
    }
    monitor->ways[moment->end++] = *way;
}

/* A new moment, without ways so far. */
static void open_moment(struct monitor *monitor)
{
    const struct moment before = *present_moment(monitor);
    struct moment *moment;

    if (monitor->moment_count == monitor->moment_room) {
        monitor->moments = (struct moment *)enlarge_array(monitor->moments, &monitor->moment_room,
                                                          sizeof(struct moment));
    }
    moment = &monitor->moments[monitor->moment_count];
    *moment = before;
    if (monitor->moment_count > 0) {
        moment->start = moment->end = monitor->moments[monitor->moment_count - 1].end;
    }
    monitor->now = monitor->moment_count++;
}

static void digest_moment(struct monitor *monitor)
{
    struct moment *moment = present_moment(monitor);
    const uint8_t *bytes = (const uint8_t *)&monitor->ways[moment->start];
    size_t size = (moment->end - moment->start) * sizeof(struct way);
    size_t i;

    moment->digest = (struct digest){size, size};
    for (i = 0; i < THREAD_MAX; i++) {
        moment->digest = digest_add(moment->digest, moment->actions[i]);
    }
    for (i = 0; i < size; i += sizeof(uint64_t)) {
        uint64_t value;

        memcpy(&value, bytes + i, sizeof(value));
        moment->digest = digest_add(moment->digest, value);
    }
}

/* The new moment may be one that is known: then it is that. It is what comes after `cause`. */
static bool close_moment(struct monitor *monitor, struct digest cause)
{
    struct moment *moment = present_moment(monitor);
    struct entry *entry;
    bool is_new;

    qsort(&monitor->ways[moment->start], moment->end - moment->start, sizeof(struct way),
          compare_ways);
    digest_moment(monitor);
    entry = visited_find(&monitor->known, moment->digest, &is_new);
    if (is_new) {
        entry->moment = monitor->now;
    } else {
        monitor->moment_count--;
        monitor->now = entry->moment;
    }
    visited_find(&monitor->known, cause, &is_new)->moment = monitor->now;
    return has_ways(monitor);
}

/* Has this been worked out before? */
static bool is_known(struct monitor *monitor, struct digest cause)
{
    bool is_new;
    struct entry *entry = visited_find(&monitor->known, cause, &is_new);

    if (!is_new) {
        monitor->now = entry->moment;
    }
    return !is_new;
}

/* What leads from the present moment to another. */
static struct digest cause_of(const struct monitor *monitor, uint32_t kind, uint32_t thread,
                              const void *what, size_t size)
{
    struct digest cause = digest_add(monitor->moments[monitor->now].digest, kind << 8 | thread);
    uint64_t value;
    size_t i;

    for (i = 0; i < size; i += sizeof(value)) {
        memcpy(&value, (const uint8_t *)what + i, sizeof(value));
        cause = digest_add(cause, value);
    }
    return cause;
}

static const struct action *action_of(const struct monitor *monitor, uint32_t thread)
{
    const struct moment *moment = &monitor->moments[monitor->now];

    return &monitor->program->threads[thread].actions[moment->actions[thread]];
}

static void look_around(const struct monitor *monitor, const struct way *way, uint32_t thread,
                        struct circumstances *around)
{
    uint32_t i;

    *around = (struct circumstances){.was_running = way->was_running[thread]};
    for (i = 0; i < monitor->program->thread_count; i++) {
        if (i != thread && way->status[i] != OUTSIDE) {
            around->others[around->other_count] = action_of(monitor, i);
            around->other_is_done[around->other_count] = way->status[i] == DONE;
            around->other_value[around->other_count++] = way->results[i].value;
        }
    }
}

static void note_running(const struct monitor *monitor, struct way *way)
{
    uint32_t i;

    for (i = 0; i < monitor->program->thread_count; i++) {
        way->was_running[i] |= way->status[i] == BEGUN && way->spec.stage == STAGE_RUNNING;
    }
}

/* The call of a thread takes effect now, in all ways that it can. */
static void take_effect(struct monitor *monitor, const struct way *way, uint32_t thread)
{
    uint32_t variant;

    for (variant = 0; variant < VARIANT_COUNT; variant++) {
        struct way next = *way;
        struct circumstances around;

        look_around(monitor, way, thread, &around);
        if (spec_do(&next.spec, action_of(monitor, thread), variant, &around,
                    &next.results[thread])) {
            next.status[thread] = DONE;
            next.was_running[thread] = false;
            note_running(monitor, &next);
            add_way(monitor, &next);
        }
    }
}

static void let_begin(struct monitor *monitor, uint32_t thread, uint32_t action)
{
    const struct moment before = *present_moment(monitor);
    uint32_t i;

    open_moment(monitor);
    present_moment(monitor)->actions[thread] = (uint8_t)action;
    for (i = before.start; i < before.end; i++) {
        struct way way = monitor->ways[i];

        way.status[thread] = BEGUN;
        note_running(monitor, &way);
        add_way(monitor, &way);
    }
}

bool monitor_begin(struct monitor *monitor, uint32_t thread, uint32_t action)
{
    uint64_t what = action;
    struct digest cause = cause_of(monitor, 1, thread, &what, sizeof(what));
    uint32_t i;

    if (is_known(monitor, cause)) {
        return has_ways(monitor);
    }
    let_begin(monitor, thread, action);
    /* Those that are added on the way come to their turn too. */
    for (i = present_moment(monitor)->start; i < present_moment(monitor)->end; i++) {
        const struct way way = monitor->ways[i];
        uint32_t other;

        for (other = 0; other < monitor->program->thread_count; other++) {
            if (way.status[other] == BEGUN) {
                take_effect(monitor, &way, other);
            }
        }
    }
    return close_moment(monitor, cause);
}

/* Whether a way explains what a thread's action returned; then the way goes on without it. */
static bool explains_result(struct monitor *monitor, struct way *way, uint32_t thread,
                            const struct result *result)
{
    const struct action *action = action_of(monitor, thread);
    struct circumstances around;

    look_around(monitor, way, thread, &around);
    if (way->status[thread] != DONE ||
        !spec_fits(&way->spec, action, &around, &way->results[thread], result)) {
        return false;
    }
    way->status[thread] = OUTSIDE;
    way->results[thread] = (struct result){0};
    if (is_owners(action) && way->spec.vcpus[action->vcpu].wake == MAYBE_WOKEN) {
        way->spec.vcpus[action->vcpu].wake = NOT_WOKEN;
    }
    return true;
}

bool monitor_end(struct monitor *monitor, uint32_t thread, const struct result *result)
{
    struct digest cause = cause_of(monitor, 2, thread, result, sizeof(*result));
    const struct moment before = *present_moment(monitor);
    uint32_t i;

    if (is_known(monitor, cause)) {
        return has_ways(monitor);
    }
    open_moment(monitor);
    for (i = before.start; i < before.end; i++) {
        struct way way = monitor->ways[i];

        if (explains_result(monitor, &way, thread, result)) {
            add_way(monitor, &way);
        }
    }
    present_moment(monitor)->actions[thread] = NO_ACTION;
    return close_moment(monitor, cause);
}

bool monitor_quiet(struct monitor *monitor, const struct spec *spec)
{
    struct digest cause = cause_of(monitor, 3, 0, spec, sizeof(*spec));
    const struct moment before = *present_moment(monitor);
    uint32_t i;

    if (is_known(monitor, cause)) {
        return has_ways(monitor);
    }
    open_moment(monitor);
    for (i = before.start; i < before.end; i++) {
        const struct way way = monitor->ways[i];

        if (memcmp(&way.spec, spec, sizeof(*spec)) == 0) {
            add_way(monitor, &way);
        }
    }
    return close_moment(monitor, cause);
}

uint32_t monitor_mark(const struct monitor *monitor)
{
    return monitor->now;
}

void monitor_back(struct monitor *monitor, uint32_t mark)
{
    monitor->now = mark;
}

struct digest monitor_digest(const struct monitor *monitor)
{
    return monitor->moments[monitor->now].digest;
}

struct monitor *monitor_make(const struct program *program, const struct spec *start)
{
    struct monitor *monitor = (struct monitor *)calloc(1, sizeof(*monitor));

    if (!monitor) {
        abort();
    }
    monitor->program = program;
    visited_make(&monitor->known);
    monitor->moments =
        (struct moment *)enlarge_array(NULL, &monitor->moment_room, sizeof(struct moment));
    monitor->moments[0] = (struct moment){.start = 0};
    memset(monitor->moments[0].actions, NO_ACTION, sizeof(monitor->moments[0].actions));
    monitor->moment_count = 1;
    add_way(monitor, &(struct way){.spec = *start});
    (void)close_moment(monitor, (struct digest){1, 1});
    return monitor;
}

void monitor_free(struct monitor *monitor)
{
    if (monitor) {
        visited_free(&monitor->known);
        free(monitor->moments);
        free(monitor->ways);
        free(monitor);
    }
}
