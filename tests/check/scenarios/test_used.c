/* SPDX-License-Identifier: BSD-2-Clause */
/* All scenarios one after the other on one system, as a guest runs them: none fails for what
 * another has left, and trial_tidy() makes each system usable again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../../check/host/host_view.h"

/* What a guest cannot do: be on none of the CPUs, and see its own end. */
enum { MISSING = VIEW_FRESH | VIEW_OUTSIDE | VIEW_END | VIEW_RESTART };

static void run_all(const struct adapter *original)
{
    struct machine machine = *original->machine;
    struct adapter adapter = *original;
    struct host_view host;
    struct trial t;

    machine.abilities &= ~(uint32_t)MISSING;
    machine.most_rounds = 20;
    adapter.machine = &machine;
    assert_true(host_view_open(&host, &adapter, NULL));
    for (uint32_t n = 0; scenario_at(n) != NULL; n++) {
        trial_run(&t, scenario_at(n), &host.view);
        if (t.verdict == VERDICT_FAILED) {
            fail_msg("%s: %s: %s", adapter.name, scenario_at(n)->name, t.reason);
        }
        if (!trial_tidy(&t)) {
            fail_msg("%s: nothing can be run after %s", adapter.name, scenario_at(n)->name);
        }
    }
    host_view_close(&host);
}

static void none_fails_on_a_used_system(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < adapter_count; i++) {
        run_all(&adapters[i]);
    }
}

/* Scenarios of OS-initiated mode come early enough to be run at all. */
static void modes_are_not_too_late(void **state)
{
    static const char too_late[] = "a CPU has suspended itself before, and so the mode stays";
    struct machine machine;
    struct adapter adapter;
    struct host_view host;
    struct trial t;

    (void)state;
    for (uint32_t i = 0; i < adapter_count; i++) {
        machine = *adapters[i].machine;
        machine.abilities &= ~(uint32_t)MISSING;
        machine.most_rounds = 1;
        adapter = adapters[i];
        adapter.machine = &machine;
        assert_true(host_view_open(&host, &adapter, NULL));
        for (uint32_t n = 0; scenario_at(n) != NULL; n++) {
            trial_run(&t, scenario_at(n), &host.view);
            if (t.verdict == VERDICT_SKIPPED && strcmp(t.reason, too_late) == 0) {
                fail_msg("%s: %s comes too late", adapter.name, scenario_at(n)->name);
            }
            assert_true(trial_tidy(&t));
        }
        host_view_close(&host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_fails_on_a_used_system),
        cmocka_unit_test(modes_are_not_too_late),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
