# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# The resource agent for Pacemaker, fleet/ocf/vm.

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"

# The VM web, a bare guest that its keys turn off and put to sleep.
make_vm() {
    make_work
    mkdir -p /etc/dormouse "$work/shared"
    chmod 777 "$work/shared"
    printf '%s\n' "kernel = $LAB_BARE" "append = scenario=keys timer=0" "memory = 32M" "console = $work/console" \
        "events = $work/events" >/etc/dormouse/web.conf
    trap 'end_vm; clean_up' EXIT
}

end_vm() {
    "$DORMOUSE" quit web >/dev/null 2>&1 || true
    rm -f /etc/dormouse/web.conf
}

# agent ACTION [NAME=VALUE]...: as Pacemaker calls it. Sets $status.
agent() {
    agent_action=$1
    shift
    run_status env OCF_ROOT=/usr/lib/ocf OCF_RESOURCE_INSTANCE=web OCF_RESKEY_image="$work/shared/web.image" \
        OCF_RESKEY_CRM_meta_timeout=300000 OCF_RESKEY_CRM_meta_interval=10000 "$@" \
        "$LAB_AGENT" "$agent_action" >"$work/agent.out" 2>"$work/agent.err"
}

expect_agent() { # STATUS ACTION [NAME=VALUE]...
    agent_expected=$1
    shift
    agent "$@"
    [ "$status" = "$agent_expected" ] || {
        cat "$work/agent.err"
        fail "the agent's $* has status $status, expected $agent_expected"
    }
}

expect_reason() { # TEXT
    grep -qF -- "ocf-exit-reason:$1" "$work/agent.err" || fail "no reason \"$1\": $(cat "$work/agent.err")"
}

wait_ready() { # COUNT
    wait_until 60 is_ready "$1" || fail "the guest is not ready: $(cat "$work/console")"
}

is_ready() { # COUNT
    [ "$(grep -c '^# ready' "$work/console" 2>/dev/null)" -ge "$1" ]
}

# The tester of the package resource-agents passes, with a dormouse and a guest that are real, and the agent's description is
# as the schemas of OCF say.
# once agent
test_agent() {
    make_vm
    "$LAB_AGENT" meta-data >"$work/description"
    xmllint --noout --relaxng /usr/share/resource-agents/metadata.rng "$work/description" || fail "the description is wrong"
    run_status ocf-tester -v -n web -o image="$work/shared/web.image" "$LAB_AGENT" >"$work/tester" 2>&1
    [ "$status" = 0 ] || fail "ocf-tester: $(cat "$work/tester")"
    grep -q "passed all tests" "$work/tester" || fail "ocf-tester: $(cat "$work/tester")"
    [ "$(event_count "$work/events" boot)" -ge 2 ] || fail "no VM has run"
    tells_states
    tells_mistakes
}

# A guest that sleeps runs, and nothing that the agent asks wakes it. A stop that saves keeps the guest, in its state.
tells_states() {
    rm "$work/events" "$work/console"
    expect_agent 7 monitor
    expect_agent 0 start OCF_RESKEY_on_stop=save
    wait_ready 1
    "$DORMOUSE" suspend web
    for _ in 1 2 3; do
        expect_agent 0 monitor
    done
    expect_agent 0 start
    expect_event_count wake 0
    expect_agent 0 stop OCF_RESKEY_on_stop=save
    expect_agent 7 monitor
    [ -s "$work/shared/web.image" ] || fail "there is no file"
    expect_agent 0 start
    "$DORMOUSE" ps web | grep -q suspended || fail "the guest does not sleep on: $("$DORMOUSE" ps web)"
    "$DORMOUSE" wake web
    wait_event "$work/events" resumed
    expect_agent 0 stop
    expect_agent 0 stop
    expect_event off kind off
    [ ! -e "$work/shared/web.image" ] || fail "the guest is off, and there is a file"
}

# What is wrong in the cluster's configuration, on this node, and in the node's file.
tells_mistakes() {
    expect_agent 0 validate-all
    expect_agent 6 start OCF_RESKEY_transport=pigeon
    expect_reason "transport: pigeon is neither shared nor ssh"
    expect_agent 6 start OCF_RESKEY_transport=ssh OCF_RESKEY_on_stop=save
    expect_agent 6 validate-all OCF_RESKEY_name=a/b
    expect_agent 6 validate-all OCF_RESKEY_image=web.image
    expect_agent 5 start OCF_RESKEY_image=/nowhere/web.image
    expect_agent 5 start OCF_RESKEY_name=other
    expect_reason "there is no /etc/dormouse/other.conf"
    expect_agent 5 start OCF_RESKEY_binary=/nowhere/dormouse
    expect_agent 7 monitor OCF_RESKEY_binary=/nowhere/dormouse OCF_RESKEY_CRM_meta_interval=0
    expect_agent 5 monitor OCF_RESKEY_binary=/nowhere/dormouse
    expect_agent 0 stop OCF_RESKEY_binary=/nowhere/dormouse
    expect_agent 3 promote
    echo "memory = lots" >>/etc/dormouse/web.conf
    expect_agent 2 start
    expect_reason "dormouse: /etc/dormouse/web.conf:"
    expect_agent 7 migrate_to OCF_RESKEY_CRM_meta_migrate_target=b
    expect_agent 7 monitor
    expect_event_count boot 2
}
