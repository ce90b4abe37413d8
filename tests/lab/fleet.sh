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

# agent ACTION [NAME=VALUE]...: as Pacemaker calls it, on $node. Sets $status.
agent() {
    agent_action=$1
    shift
    run_status ${node:+on_node $node} env OCF_ROOT=/usr/lib/ocf OCF_RESOURCE_INSTANCE=web OCF_RESKEY_image="$work/shared/web.image" \
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

# Two nodes of a cluster: each has a network of its own, behind one switch, a /run and a folder $work/local.
start_nodes() {
    mkdir "$work/local"
    ip link add fleet0 type bridge
    trap 'stop_nodes; end_vm; clean_up' EXIT
    ip link set fleet0 up
    for node in a b; do
        ip netns add "$node"
        ip link add "fleet-$node" type veth peer name up0 netns "$node"
        ip link set "fleet-$node" master fleet0 up
        ip -n "$node" link add switch0 type bridge
        ip -n "$node" link set up0 master switch0 up
        ip -n "$node" link set switch0 up
        ip -n "$node" tuntap add dormouse0 mode tap
        ip -n "$node" link set dormouse0 master switch0 up
        # shellcheck disable=SC2016 # for the shell in there
        /usr/bin/ip netns exec "$node" unshare -m -u sh -c 'hostname "$1" && mount -t tmpfs -o mode=755 run /run &&
            mount -t tmpfs -o mode=777 local "$2" && : >"/run/is-$1" && exec sleep 100000' sh "$node" "$work/local" &
        echo $! >"$work/node.$node"
        wait_until 30 on_node "$node" test -e "/run/is-$node" || fail "node $node is not there"
    done
    cat >"$work/ssh" <<'END'
#!/bin/sh
# As ssh: NODE COMMAND.
pid=$(cat "${0%/*}/node.$1")
exec nsenter -t "$pid" -m -u -n sh -c "$2"
END
    chmod +x "$work/ssh"
}

on_node() { # NODE COMMAND...
    node_pid=$(cat "$work/node.$1")
    shift
    nsenter -t "$node_pid" -m -u -n "$@"
}

stop_nodes() {
    for node in a b; do
        [ -e "$work/node.$node" ] || continue
        on_node "$node" "$DORMOUSE" quit web >/dev/null 2>&1 || true
        kill -KILL "$(cat "$work/node.$node")" || true
        ip netns delete "$node"
    done
    node=''
    ip link delete fleet0
}

# The VM runs on that node and on no other one, in that state.
expect_only_on() { # NODE STATE
    for node in a b; do
        if [ "$node" = "$1" ]; then
            expect_agent 0 monitor
            on_node "$node" "$DORMOUSE" ps web | grep -q " $2 " ||
                fail "on $node: $(on_node "$node" "$DORMOUSE" ps web), expected $2"
        else
            expect_agent 7 monitor
        fi
    done
}

# move FROM TO [NAME=VALUE]...: as Pacemaker does it.
move() {
    move_from=$1 move_to=$2
    shift 2
    node=$move_from
    expect_agent 0 migrate_to OCF_RESKEY_CRM_meta_migrate_target="$move_to" "$@"
    node=$move_to
    expect_agent 0 migrate_from OCF_RESKEY_CRM_meta_migrate_source="$move_from" "$@"
    node=$move_from
    expect_agent 0 stop "$@"
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
    be_silent
    expect_agent 0 monitor
    be_silent
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

# As if dormouse wrote the guest's memory, longer than `dormouse ps` waits.
be_silent() {
    silent_pid=$("$DORMOUSE" ps --json web | sed 's/.*"pid":\([0-9]*\).*/\1/')
    kill -STOP "$silent_pid"
    (sleep 8 && kill -CONT "$silent_pid") &
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
    expect_agent 1 migrate_from OCF_RESKEY_CRM_meta_migrate_source=b # A guest that moves is not booted in place of it.
    expect_reason "$work/shared/web.image has not come"
    echo "memory = lots" >>/etc/dormouse/web.conf
    expect_agent 2 start
    expect_reason "dormouse: /etc/dormouse/web.conf:"
    expect_agent 7 migrate_to OCF_RESKEY_CRM_meta_migrate_target=b
    expect_agent 7 monitor
    expect_event_count boot 2
}

# Two nodes with a bare guest that has slept all the time, and Pacemaker's calls. It moves over shared storage and by a copy,
# also after a move that has broken off; it outlives the death of its node; and it never runs twice.
# once nodes
# limit nodes 300
test_nodes() {
    make_vm
    truncate -s 1M "$work/shared/web.disk"
    chmod 666 "$work/shared/web.disk"
    echo "disk = $work/shared/web.disk" >>/etc/dormouse/web.conf
    start_nodes
    node=a
    expect_agent 0 start
    wait_ready 1
    on_node a "$DORMOUSE" suspend web
    moves_over_shared_storage
    moves_by_a_copy
    expect_events_of_moves
    outlives_its_node
    on_node a "$DORMOUSE" wake web
    wait_event "$work/events" resumed 2
    node=a
    expect_agent 0 stop
    wait_event "$work/events" off 2
}

# Only the guest that was to shut down was woken.
expect_events_of_moves() {
    wait_event "$work/events" off
    expect_event_count wake 1
    expect_event_count off 1
}

moves_over_shared_storage() {
    move a b
    expect_only_on b suspended
    node=a
    expect_agent 1 start # As if the cluster believed that node b is dead.
    expect_reason "web has ended with status 1: dormouse: web: --disk $work/shared/web.disk: "
    expect_only_on b suspended
    # The cluster's manager restarts between the two halves of a move.
    node=b
    expect_agent 0 migrate_to OCF_RESKEY_CRM_meta_migrate_target=a
    expect_agent 0 stop
    node=a
    expect_agent 7 monitor
    expect_agent 0 stop
    expect_agent 0 start
    expect_only_on a suspended
    expect_equal "files" "$(cd "$work/shared" && echo *)" "web.disk web.image.restored"
}

moves_by_a_copy() {
    set -- OCF_RESKEY_transport=ssh OCF_RESKEY_image="$work/local/web.image" OCF_RESKEY_ssh="$work/ssh"
    node=a
    # The VM was started with another file, as the configuration of the cluster was another one.
    expect_agent 0 stop OCF_RESKEY_on_stop=save
    mv "$work/shared/web.image" "$work/copy"
    on_node a cp "$work/copy" "$work/local/web.image"
    expect_agent 0 migrate_from OCF_RESKEY_CRM_meta_migrate_source=b "$@"
    expect_only_on a suspended
    printf '#!/bin/sh\nhead -c 3000 | %s "$@"\n' "$work/ssh" >"$work/cut-off"
    chmod +x "$work/cut-off"
    for way in false "$work/cut-off"; do
        node=a
        expect_agent 1 migrate_to OCF_RESKEY_CRM_meta_migrate_target=b "$@" OCF_RESKEY_ssh="$way"
        expect_reason "the file of web cannot be sent to b; web continues here"
        expect_only_on a suspended
        expect_equal "files on b" "$(on_node b ls "$work/local")" ""
    done
    move a b "$@"
    expect_only_on b suspended
    expect_equal "files on a" "$(on_node a ls "$work/local")" "$(printf 'web.image.moved\nweb.image.restored')"
    # It moves back, and the cluster's manager dies half way: neither node continues from a file that may be old by now.
    node=b
    expect_agent 0 migrate_to OCF_RESKEY_CRM_meta_migrate_target=a "$@"
    node=a
    expect_agent 0 start "$@"
    wait_ready 2
    expect_only_on a running
    on_node a test -s "$work/local/web.image.stale" || fail "the file that came is lost"
    on_node a "$DORMOUSE" suspend web
    move a b "$@"
    expect_only_on b suspended
    node=b
    expect_agent 0 stop "$@"
}

# The VM of a node that dies while it sleeps is the file already, and another node continues from it; also if that one dies
# before anything has woken the guest.
outlives_its_node() {
    echo "sleep-memory = disk=$work/shared/web.image" >>/etc/dormouse/web.conf
    node=b
    expect_agent 0 start
    wait_ready 3
    on_node b "$DORMOUSE" suspend web
    for other in a b a; do
        wait_until 60 is_whole "$work/shared/web.image" || fail "the guest sleeps, and is no file"
        kill_vm
        node=$other
        expect_agent 0 start
        expect_only_on "$other" suspended
        node=$other
    done
}

# As if $node had died.
kill_vm() {
    kill -KILL "$(on_node "$node" "$DORMOUSE" ps --json web | sed 's/.*"pid":\([0-9]*\).*/\1/')"
    wait_until 30 agent_says 7 monitor || fail "the VM has not ended"
}

agent_says() { # STATUS ACTION
    agent "$2"
    [ "$status" = "$1" ]
}

is_whole() { # IMAGE
    "$DORMOUSE" image check "$1" >/dev/null 2>&1
}

# A stock Debian server that sleeps. It moves as a file, and the switch finds it on the other node while it sleeps; a request
# wakes it there, at the address that it had. It serves on, also after a node has died while it slept.
server_moves() { # MOVES
    make_vm
    start_nodes
    ip address add 10.9.0.1/24 dev fleet0
    echo 60 >/proc/sys/net/ipv4/neigh/fleet0/mcast_solicit
    printf '%s\n' "kernel = $LAB_GUEST/vmlinuz" "initrd = $LAB_GUEST/initrd" \
        "append = console=ttyAMA0 quiet test=net address=10.9.0.2/24" "net = tap=dormouse0,mac=52:54:00:12:34:56" "console = $work/console" \
        "events = $work/events" "sleep-memory = disk=$work/shared/web.image" >/etc/dormouse/web.conf
    node=a other=b
    expect_agent 0 start
    wait_event "$work/events" saved 1 200
    for _ in $(seq "$1"); do
        move "$node" "$other"
        server_answers "$other"
        node=$other other=$move_from
    done
    kill_vm
    node=$other
    expect_agent 0 start
    server_answers "$node"
    expect_event_count boot "$(($(event_count "$work/events" restored) + 1))"
}

# It sleeps there, answers a request, and sleeps again as a file.
server_answers() { # NODE
    expect_only_on "$1" suspended
    wakes=$(event_count "$work/events" wake)
    node_served=$1
    bridge fdb show br fleet0 >"$work/known"
    grep -q "^52:54:00:12:34:56 dev fleet-$1 " "$work/known" || fail "the switch has not heard of it: $(cat "$work/known")"
    said=$(printf 'GET /index.html HTTP/1.0\r\n\r\n' | socat -t 60 -T 60 - "TCP:10.9.0.2:80,shut-none" | tail -n 1)
    expect_equal answer "$said" "the guest says hello"
    [ "$(event_count "$work/events" wake)" -gt "$wakes" ] || fail "it did not sleep before"
    wait_until 100 sleeps_as_file || fail "it does not sleep again"
}

sleeps_as_file() {
    on_node "$node_served" "$DORMOUSE" ps web | grep -q suspended && is_whole "$work/shared/web.image"
}
