# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# SPIN's models of libvpsci's protocol, and their traces against the library. models/README.md says what they are.

# MODEL|SET|DEFINES|WHAT|NUMBER|PROPERTY. SET is quick or long, MODEL.pml is in models/. WHAT is what SPIN must say:
#   holds    no assertion fails and no thread waits for ever; or, if there is a PROPERTY, it holds provided that no
#            thread is left out for ever (weak fairness)
#   breaks   with mistake NUMBER that is not so
#   reached  place NUMBER is reached; the way there is replayed against the library
# Each set of a model is a test, models/MODEL or models/long/MODEL.
models_checks=(
    "start|quick|-DN=2|holds||"
    "start|quick|-DN=2|breaks|2|"
    "start|quick|-DN=2|breaks|8|"
    "start|quick|-DN=2|holds||starts"
    "start|quick|-DN=2|breaks|10|starts"
    "start|quick|-DN=3 -DROLES|breaks|1|"
    "start|quick|-DN=3 -DROLES|breaks|3|"
    "start|quick|-DN=3 -DROLES|reached|1|"
    "start|quick|-DN=3 -DROLES|reached|2|"
    "start|quick|-DN=3 -DROLES|reached|3|"
    "start|long|-DN=3 -DROLES|holds||"
    "start|long|-DN=3 -DROLES|holds||starts"
    "off|quick|-DN=2|holds||"
    "off|quick|-DN=2|breaks|4|"
    "off|quick|-DN=2|breaks|5|"
    "off|long|-DN=2|holds||leaves"
    "off|quick|-DN=3 -DROLES|reached|4|"
    "off|quick|-DN=3 -DROLES|reached|5|"
    "off|long|-DN=3 -DROLES|breaks|6|"
    "off|long|-DN=3 -DROLES|breaks|7|"
    "off|long|-DN=3 -DROLES|holds||"
    "suspend|quick|-DN=1|holds||"
    "suspend|quick|-DN=1|breaks|12|"
    "suspend|quick|-DN=1|breaks|13|"
    "suspend|quick|-DN=1|reached|6|"
    "suspend|long|-DN=1|holds||ends"
    "suspend|quick|-DN=1|holds||wakes"
    "suspend|quick|-DN=1|breaks|11|wakes"
    "suspend|long|-DN=2|holds||"
    "answer|quick|-DN=1|holds||"
    "answer|quick|-DN=1|breaks|14|"
    "answer|long|-DN=1 -DSPURIOUS|breaks|17|"
    "answer|quick|-DN=1|reached|7|"
    "answer|long|-DN=1 -DSPURIOUS|holds||"
    "answer|long|-DN=1|holds||decides"
    "answer|long|-DN=1|holds||returns"
    "ask|quick|-DN=2 -DHOSTS=1|holds||"
    "ask|long|-DN=2 -DHOSTS=1 -DSPURIOUS|breaks|16|"
    "ask|long|-DN=2 -DHOSTS=1|holds||answers_come"
    "ask|long|-DN=2 -DHOSTS=2|holds||"
    "ask|long|-DN=2 -DHOSTS=1|holds||starts"
    "save|quick|-DN=1 -DSLEEPS|holds||"
    "save|quick|-DN=2|breaks|18|"
    "save|quick|-DN=2|reached|9|"
    "save|quick|-DN=2|reached|10|"
    "save|quick|-DN=2|reached|11|"
    "save|quick|-DN=2 -DASKS|breaks|15|"
    "save|long|-DN=2|holds||"
    "domains|quick|-DFIRST=0 -DSECOND=6 -DTHIRD=5|breaks|20|"
    "domains|quick|-DFIRST=0 -DSECOND=6 -DTHIRD=5|breaks|21|"
    "domains|quick|-DFIRST=0 -DSECOND=6 -DTHIRD=5|breaks|23|"
    "domains|quick|-DFIRST=0 -DSECOND=6 -DTHIRD=5|breaks|24|"
    "domains|quick|-DFIRST=0 -DSECOND=6 -DTHIRD=5|breaks|25|"
    "domains|long|-DFIRST=0 -DSECOND=6 -DTHIRD=5|breaks|22|"
    "domains|long|-DFIRST=6 -DSECOND=6 -DTHIRD=6|holds||"
)

# MODEL|DEFINES|LENGTH|SEEDS: all traces of that many steps, and random ones by so many seeds, are run against the
# library.
models_replays=(
    "start|-DN=3 -DROLES|8|20"
    "start|-DN=3||20"
    "off|-DN=3 -DROLES|6|20"
    "off|-DN=2||20"
    "suspend|-DN=2|8|20"
    "answer|-DN=2|8|20"
    "ask|-DN=3 -DROLES -DHOSTS=1|8|20"
    "save|-DN=2||20"
    "save|-DN=2 -DASKS|8|20"
    "save|-DN=2 -DSLEEPS||20"
)

models_seconds=900     # limit of one check
models_megabytes=2500  # ... of its memory
models_depth=4000000   # ... of a path
models_steps=2000      # the length of a random trace

models_names() {
    models_of quick
    models_of long | sed 's|^|long/|'
}

models_of() { # SET
    printf '%s\n' "${models_checks[@]}" | awk -F '|' -v set="$1" '$2 == set && !seen[$1]++ { print $1 }'
}

models_test() { # NAME
    local row model=${1#long/} set=quick failed=0 check
    [[ $1 == "$model" ]] || set=long
    need models
    build_for native
    models_build=$build/models/$set-$model
    rm -rf "$models_build"
    mkdir -p "$models_build"
    for row in "${models_checks[@]}"; do
        IFS='|' read -ra check <<<"$row"
        if [[ ${check[0]} == "$model" && ${check[1]} == "$set" ]]; then
            models_check "${check[@]}" || failed=1
        fi
    done
    for row in "${models_replays[@]}"; do
        if [[ $row == "$model|"* && $set == quick ]]; then
            models_replay "$row" || failed=1
        fi
    done
    return "$failed"
}

# Runs SPIN's verifier. What it prints says whether it has seen every state.
models_check() { # MODEL SET DEFINES WHAT NUMBER PROPERTY
    local defines verifier options=(-DCOLLAPSE -DMEMLIM="$models_megabytes") search=() start=$SECONDS
    local log=$models_build/log
    read -ra defines <<<"$3"
    if [[ ${6-} ]]; then
        options+=(-DNFAIR=3)
        search=(-a -f -N "$6")
    else
        options+=(-DSAFETY -DNOCLAIM)
    fi
    verifier=$(models_compile "$1" "${options[@]}") || return 1
    (
        unset MISTAKE GOAL
        [[ $4 != breaks ]] || export MISTAKE=$5
        [[ $4 != reached ]] || export GOAL=$5
        cd "$verifier"
        rm -f ./*.trail
        timeout "$models_seconds" ./pan "${search[@]}" -m"$models_depth"
    ) >"$log" 2>&1 || true
    models_is "$4" "$verifier" || {
        echo "$1 $3: not so: $4 $5 ${6-}; SPIN said"
        tail -n 30 "$log"
        return 1
    }
    echo "$1 $3: $4 $5 ${6-} ($(models_states) states, $((SECONDS - start)) s)"
    [[ $4 != reached ]] || models_follow "$1" "$verifier"
}

# Prints the folder of the model's verifier, which is compiled once.
models_compile() { # MODEL OPTION...
    local key="$* ${defines[*]}" compiler=(gcc) level=-O0 folder
    [[ $set == quick ]] || level=-O2
    folder=$models_build/${key//[^A-Za-z0-9]/_}
    [[ ! -x $folder/pan ]] || {
        echo "$folder"
        return
    }
    mkdir "$folder"
    ! command -v ccache >/dev/null || compiler=(ccache gcc)
    (
        cd "$folder"
        spin "${defines[@]}" -a "$root/models/$1.pml" >spin.log
        "${compiler[@]}" "$level" -w "${@:2}" -o pan pan.c
    ) >&2 || return 1
    echo "$folder"
}

models_states() {
    sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$models_build/log"
}

models_is() { # WHAT FOLDER
    local log=$models_build/log
    case $1 in
    holds)
        grep -q 'errors: 0$' "$log" && models_states | grep -q . &&
            ! grep -qE 'max search depth too small|Search not completed|out of memory|memory limit' "$log"
        ;;
    *) grep -qE '^pan:.*(assertion violated|acceptance cycle|invalid end state)' "$log" && ls "$2"/*.trail >/dev/null ;;
    esac
}

# The way to a place, against the library.
models_follow() { # MODEL FOLDER
    local trail
    trail=$(printf '%s\n' "$2"/*.trail)
    (cd "$2" && spin "${defines[@]}" -k "$trail" -T "$root/models/$1.pml") | models_run_traces "the way there"
}

# Takes out the steps, and replays them. A trace that ends at a limit may end inside a line.
models_run_traces() { # WHAT
    local status=0
    grep -E '^@ .*: [0-9]+ [0-9]+ [0-9]+$' | "$build/native/tests/lib/explore/replay" >"$models_build/replay.log" ||
        status=$?
    sed "s/^/  $1: /" "$models_build/replay.log"
    return "$status"
}

models_replay() { # ROW
    local model defines length seeds verifier
    IFS='|' read -r model defines length seeds <<<"$1"
    read -ra defines <<<"$defines"
    echo "$model ${defines[*]}: traces against the library"
    models_seeds "$model" "$seeds" | models_run_traces "$seeds random ones" || return 1
    [[ $length ]] || return 0
    defines+=(-DLENGTH="$length" -DLIMIT=1)
    verifier=$(models_compile "$model" -DSAFETY -DNOCLAIM -DNOREDUCE -DPRINTF -DCOLLAPSE) || return 1
    (cd "$verifier" && timeout "$models_seconds" ./pan -E -m10000 2>&1) |
        models_run_traces "all of $length steps"
}

models_seeds() { # MODEL SEEDS
    local seed
    for ((seed = 1; seed <= $2; seed++)); do
        (cd "$models_build" && timeout 60 spin -n"$seed" -u"$models_steps" -T "${defines[@]}" "$root/models/$1.pml")
        echo
    done
}
