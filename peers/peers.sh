# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# `./dev check-peers`: the conformance image on other PSCI servers, those that Debian packages. How each of
# them is made and started is in peers/servers.sh.

check_peers_help() {
    cat <<'EOF'
./dev check-peers [OPTION]... [NAME...]
./dev check-peers --boot NAME [OPTION]...
./dev check-peers --list | --table

Boots the conformance image on PSCI servers that Debian packages, all of them or those named, and collects
the results in build/peers. Each server has a folder with run.tap (the results), run.log (the messages of
vpsci-check), serial.log (the serial line) and about (the version of the server, and the date). report.html
compares all runs in that folder. A server that fails scenarios is a result, not an error. Nothing that
is fetched is installed. kvmtool, which Debian does not package, is among them if LKVM=FILE names the program,
for arm64 and linked statically.

  --list             list all servers, with a description of each
  --table            print what failed in the collected runs, as a table in Markdown
  --limit SECONDS    time limit for each server (1800)
  --image FILE       another image
  --append WORDS     the image's kernel command line

  --boot NAME        only start the image on that server, with its serial line on standard input and
                     output (for servers that run in the lab, on standard output only)
  --icount           with --boot: one instruction is one nanosecond of the machine's time
EOF
}

check_peers_command() {
    local peers_limit=1800 peers_image='' peers_append='' \
        peers_boot='' peers_icount='' names=() known
    readarray -t known < <(peers_known)
    check_peers_options "$@"
    case $peers_boot in
    list | table) "check_peers_$peers_boot" ;;
    ?*) check_peers_boot "$peers_boot" ;;
    *) check_peers_run ;;
    esac
}

# Sets names and the peers_ variables.
check_peers_options() { # OPTION...
    while (($#)); do
        case $1 in
        --list | --table) peers_boot=${1#--} ;;
        --icount) peers_icount=yes ;;
        --limit | --image | --append | --boot)
            (($# >= 2)) || die "check-peers: $1 needs a value; see ./dev check-peers --help"
            check_peers_option "$1" "$2"
            shift
            ;;
        -*) die "check-peers: unknown option $1; see ./dev check-peers --help" ;;
        *)
            check_peers_name "$1"
            names+=("$1")
            ;;
        esac
        shift
    done
    ((${#names[@]})) || names=("${known[@]}")
}

check_peers_option() { # OPTION VALUE
    case $1 in
    --limit)
        [[ $2 =~ ^[1-9][0-9]{0,5}$ ]] || die "check-peers: --limit needs a number, not '$2'"
        peers_limit=$2
        ;;
    --image)
        [[ -f $2 && -r $2 ]] || die "check-peers: cannot read the image $2"
        peers_image=$(realpath -- "$2")
        ;;
    --append) peers_append=$2 ;;
    --boot)
        check_peers_name "$2"
        peers_boot=$2
        ;;
    esac
}

check_peers_name() { # NAME
    [[ " ${known[*]} " == *" $1 "* ]] ||
        die "check-peers: no peer is called '$1'; ./dev check-peers --list names all"
}

check_peers_list() {
    local name
    for name in "${known[@]}"; do
        printf '%-16s %s\n' "$name" "$(peer_what "$name")"
    done
}

# Sets taps to the runs that there are, in the order of the list.
check_peers_find_taps() {
    local name
    taps=()
    for name in "${known[@]}"; do
        [[ ! -s $build/peers/$name/run.tap ]] || taps+=("$build/peers/$name/run.tap")
    done
}

check_peers_table() {
    local taps
    check_peers_find_taps
    ((${#taps[@]})) || die "check-peers: nothing has been run yet; ./dev check-peers does"
    awk -f "$root/peers/table.awk" "${taps[@]}"
}

check_peers_need() {
    local sets
    readarray -t sets < <(lab_needs)
    need build peers image "${sets[@]}"
    build_for native
    build_image
    peers_image=${peers_image:-$build/arm64/check/image/vpsci-check.img}
}

# Becomes the machine. What the lab runs has no input.
check_peers_boot() { # NAME
    check_peers_need
    peer_prepare "$1"
    say "$1: $peer_version"
    if [[ $peer_host ]]; then
        # shellcheck disable=SC2154 # set by peer_prepare
        set -- "${peer_lab[@]}" "--limit=$peers_limit" --
    else
        set --
    fi
    cd "$root"
    exec "$@" "${peer_words[@]}"
}

check_peers_run() {
    local name without=()
    check_peers_need
    for name in "${names[@]}"; do
        peer_prepare "$name"
        if ! check_peers_one "$name"; then
            without+=("$name")
            complain "check-peers: $name gave no result; the last of $build/peers/$name/run.log:"
            show_tail "$build/peers/$name/run.log" 15
        fi
    done
    check_peers_report
    ((${#without[@]} == 0)) || die "check-peers: without a result: ${without[*]}"
}

# One peer, prepared; fails where it has no result at all.
check_peers_one() { # NAME
    local folder=$build/peers/$1 start=$SECONDS status=0
    rm -f "$folder"/{run.tap,run.log,serial.log}
    printf '%s, run on %s\n' "$peer_version" "$(date -u +%F)" >"$folder/about"
    say "$1: $peer_version"
    (check_peers_tool "$1" "$folder") >"$folder/run.log" 2>&1 </dev/null || status=$?
    ((status != 130 && status != 143)) || exit "$status" # Ctrl-C and SIGTERM need no explanation.
    # Whatever it ends with: a plan is what makes a result.
    grep -q '^1\.\.[1-9]' "$folder/run.tap" 2>/dev/null || return 1
    check_peers_add_version "$folder/run.tap"
    say "$1: $(check_peers_counts "$folder/run.tap"), in $((SECONDS - start)) s (status $status)"
}

# The host tool, which starts the machine and reads its serial line: here, or in the lab.
check_peers_tool() { # NAME FOLDER
    local words=(run --name "$1" "${peer_options[@]}" --total "$peers_limit" --tap)
    if [[ $peer_host ]]; then
        cd "$2"
        # The lab's own limit is only for when the tool's does not help.
        "${peer_lab[@]}" --limit $((peers_limit + 60)) --out run.tap --out serial.log -- \
            vpsci-check "${words[@]}" run.tap --log serial.log -- "${peer_words[@]}"
    else
        cd "$root"
        "$build/native/check/tool/vpsci-check" "${words[@]}" "$2/run.tap" --log "$2/serial.log" -- \
            "${peer_words[@]}"
    fi
}

# The image cannot know what it runs on, nor can vpsci-check; the page is to say it.
check_peers_add_version() { # TAP
    awk -v version="$peer_version" '{ print }
        /^# command / && !said { print "# machine: software " version; said = 1 }' "$1" >"$1.new"
    mv "$1.new" "$1"
}

check_peers_counts() { # TAP
    awk '/^ok / { if (/# SKIP/) skipped++; else passed++ } /^not ok / { failed++ }
        END { printf "%d passed, %d failed, %d skipped", passed, failed, skipped }' "$1"
}

# Of all that have a result by now.
check_peers_report() {
    local name status=0 taps
    check_peers_find_taps
    ((${#taps[@]})) || return 0
    # 1: some scenario failed; 3: some run was not completed, which has been said.
    "$build/native/check/tool/vpsci-check" report --quiet --html "$build/peers/report.html" \
        "${taps[@]}" || status=$?
    ((status <= 1 || status == 3)) || die "check-peers: vpsci-check made no report"
    for name in "${taps[@]}"; do
        name=${name%/run.tap}
        printf '%-16s %s\n%-16s %s\n' "${name##*/}" "$(check_peers_counts "$name/run.tap")" \
            '' "$(<"$name/about")"
    done
    printf 'the page that compares them is %s\n' "$build/peers/report.html"
}
