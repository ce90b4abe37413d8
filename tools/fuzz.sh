# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# `./dev fuzz`: libFuzzer on code that reads untrusted bytes. Each fuzz/NAME.c is a target; inputs that
# are worth keeping are in fuzz/corpus/NAME.

fuzz_seconds=60
fuzz_long_seconds=3600
fuzz_long_calls=10000000000
fuzz_soak_runs=10000000
fuzz_step_runs=250000 # What an interruption of --runs can lose.

# The largest input of a target in bytes, if 1024 are too few.
declare -A fuzz_sizes=([guest_tree]=4096 [hyp_bundle]=12288 [image]=8192 [image_import]=16384 [state_image]=16384)

fuzz_help() {
    cat <<EOF
./dev fuzz [--seconds N|--runs N|--long] [--keep] [TARGET...]

Searches for inputs that break a program, under the address and undefined-behaviour sanitizers:
all targets, or those named, each for N seconds ($fuzz_seconds). It begins with the inputs of
fuzz/corpus and with those that earlier runs found, which are in build/fuzz/found. An input that
breaks a target is kept in build/fuzz/broken. The targets are

$(fuzz_names | paste -sd' ' | fold -sw 90 | sed 's/^/  /; s/ *$//')

  --runs  until each target has run N times in all. Earlier calls with --runs count, if the
          target's program is still the same; build/fuzz/runs has the numbers
  --long  each target for an hour, then 10^10 random calls to libvpsci and to its model in
          tests/lib/model, side by side: most of a day
  --keep  afterwards, adds to fuzz/corpus each found input that reaches code which no input
          there reaches, for you to commit
EOF
}

fuzz_names() {
    grep -l '^int LLVMFuzzerTestOneInput(.*)$' "$root"/fuzz/*.c | sed 's|.*/\(.*\)\.c|\1|'
}

fuzz_command() {
    local targets=() target seconds=$fuzz_seconds runs='' long='' keep='' failed=0
    while (($#)); do
        case $1 in
        --seconds)
            [[ ${2-} =~ ^[1-9][0-9]{0,5}$ ]] || die "fuzz: --seconds needs a number, not '${2-}'; see ./dev fuzz --help"
            seconds=$2
            shift
            ;;
        --runs)
            [[ ${2-} =~ ^[1-9][0-9]{0,11}$ ]] || die "fuzz: --runs needs a number, not '${2-}'; see ./dev fuzz --help"
            runs=$2
            shift
            ;;
        --long) long=yes seconds=$fuzz_long_seconds ;;
        --keep) keep=yes ;;
        *)
            fuzz_names | grep -qxF -- "$1" || die "fuzz: no target '$1'; use one of" "$(fuzz_names | paste -sd' ')"
            targets+=("$1")
            ;;
        esac
        shift
    done
    ((${#targets[@]})) || readarray -t targets < <(fuzz_names)
    need build instruments
    fuzz_build
    for target in "${targets[@]}"; do
        if [[ $runs ]]; then
            fuzz_soak "$target" "$runs" || failed=1
        else
            fuzz_search "$target" "$seconds" || failed=1
        fi
        [[ ! $keep ]] || fuzz_keep "$target" || failed=1
    done
    [[ ! $long ]] || fuzz_lockstep || failed=1
    return "$failed"
}

fuzz_build() {
    CC=clang-19 with_lock compile fuzz/build -Dfuzz=true -Dwerror=false -Ddefault_library=static \
        -Db_sanitize=address,undefined -Db_lundef=false \
        "-Dc_args=-fsanitize=fuzzer-no-link -fno-sanitize-recover=all"
}

# The inputs in fuzz/corpus, once.
fuzz_test() { # TARGET
    fuzz_build
    mkdir -p "$build/fuzz/none"
    fuzz_run "$1" -runs=0 "$build/fuzz/none" "$(fuzz_corpus "$1")"
}

fuzz_search() { # TARGET SECONDS
    local found=$build/fuzz/found/$1
    mkdir -p "$found"
    say "fuzz: $1 for $2 s"
    if ! fuzz_run "$1" -max_total_time="$2" -print_final_stats=1 "$found" "$(fuzz_corpus "$1")"; then
        complain "fuzz: an input breaks $1; it is in build/fuzz/broken"
        return 1
    fi
}

# Runs a target in steps until it has run RUNS times in all. Each step begins with what the steps before have found.
fuzz_soak() { # TARGET RUNS
    local found=$build/fuzz/found/$1 state=$build/fuzz/runs/$1 log=$build/fuzz/runs/$1.log program count
    mkdir -p "$found" "$build/fuzz/runs"
    program=$(cksum <"$build/fuzz/build/fuzz/fuzz_$1")
    count=$(fuzz_count "$program" "$state")
    while ((count < $2)); do
        if ! fuzz_run "$1" -runs=$(($2 - count < fuzz_step_runs ? $2 - count : fuzz_step_runs)) -print_final_stats=1 \
            "$found" "$(fuzz_corpus "$1")" >"$log" 2>&1; then
            show_tail "$log" 60
            complain "fuzz: an input breaks $1; it is in build/fuzz/broken"
            return 1
        fi
        ((count += $(fuzz_statistic number_of_executed_units "$log")))
        printf '%s\n' "$program" "$count" >"$state"
        say "fuzz: $1 has run $count of $2 times, now $(fuzz_statistic average_exec_per_sec "$log") times a second"
    done
}

# The runs of a program so far: those of another program do not count.
fuzz_count() { # PROGRAM FILE
    local lines=()
    [[ ! -e $2 ]] || readarray -t lines <"$2"
    if [[ ${lines[0]-} == "$1" ]]; then
        printf '%s' "${lines[1]-0}"
    else
        printf 0
    fi
}

fuzz_statistic() { # NAME LOG
    sed -n "s/^stat::$1: *//p" "$2"
}

# The fuzzers of devices, of the back-ends that talk to them, and of images.
soak_names() {
    fuzz_names | grep -xE 'device|cfi_chip|net_wake|vhost_user|virtio_.*|state_image|image_import|image_restore'
}

soak_test() { # TARGET
    fuzz_build
    fuzz_soak "$1" "$fuzz_soak_runs"
}

fuzz_keep() { # TARGET
    mkdir -p "$root/fuzz/corpus/$1"
    fuzz_run "$1" -merge=1 "$root/fuzz/corpus/$1" "$build/fuzz/found/$1"
    say "fuzz: fuzz/corpus/$1 has $(find "$root/fuzz/corpus/$1" -type f | wc -l) inputs now"
}

# What an input has freed need not outlive the input: fresh pages for every one would cost much of the time.
fuzz_run() { # TARGET WORD...
    mkdir -p "$build/fuzz/broken"
    ASAN_OPTIONS=quarantine_size_mb=4 "$build/fuzz/build/fuzz/fuzz_$1" -timeout=10 -rss_limit_mb=2048 \
        -max_len="${fuzz_sizes[$1]-1024}" \
        -artifact_prefix="$build/fuzz/broken/$1-" "${@:2}"
}

# A target without a corpus begins with nothing.
fuzz_corpus() { # TARGET
    if [[ -d $root/fuzz/corpus/$1 ]]; then
        echo "$root/fuzz/corpus/$1"
    else
        echo "$build/fuzz/none"
    fi
}

fuzz_lockstep() {
    build_for native
    say "fuzz: $fuzz_long_calls calls to libvpsci and its model"
    "$build/native/tests/lib/model/lockstep_random" --calls "$fuzz_long_calls"
}
