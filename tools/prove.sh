# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# `./dev prove`: CBMC on the functions of lib/, for all inputs. proofs/README.md explains what is proved and how.

# The limits of one run of CBMC. The slowest takes a minute alone, on a machine with nothing else to do.
prove_minutes=40
prove_gigabytes=8

prove_help() {
    cat <<EOF
./dev prove [NAME...]
./dev prove --touched [BASE]
./dev prove --list

Proves claims about the functions of libvpsci with CBMC, for all inputs and all states of a small VM: all claims, or
those named. NAME is the name of a proof, of a proof's mutant (PROOF/MUTANT), or quick. A proof passes if all its claims
hold, and if CBMC finds a way to each place that has to be reachable. Its mutants are mistakes that are put into a copy
of lib/; each passes if CBMC finds that a claim then fails. proofs/README.md explains all of it.

About a quarter of an hour on two processors. The output of each run is in build/prove. CBMC is Debian 13's; on Debian 12 it is
fetched, and not installed.

  --touched  prints the proofs that a change since BASE concerns: those that reach a function whose text after the
             preprocessor is another than in the commit BASE (without BASE: in HEAD). Needs no CBMC
  --list     prints the names of all proofs and mutants
EOF
}

# Columns of proofs/list.
prove_rows() {
    sed '/^#/d' "$root/proofs/list"
}

prove_mutant_rows() {
    sed '/^#/d' "$root/proofs/mutants"
}

prove_all() {
    prove_rows | while read -r name _; do
        printf '%s\n' "$name"
        prove_mutant_rows | awk -v proof="$name" '$1 == proof { print $1 "/" $2 }'
    done
}

prove_loops() {
    sed '/^#/d; s/ /:/' "$root/proofs/loops" | paste -sd,
}

# A small one of each kind: part of ./dev test.
prove_quick=(migrate_info_type restore find find/any_bits dispatch dispatch/too_early)

# For ./dev test.
prove_names() {
    printf '%s\n' quick all
}

prove_test() { # quick|all
    local names=()
    [[ $1 == all ]] || names=("${prove_quick[@]}")
    prove_run "${names[@]}"
}

prove_command() {
    local name names=()
    case ${1-} in
    --list)
        take_nothing "prove --list" "${@:2}"
        prove_all
        return
        ;;
    --touched)
        (($# <= 2)) || die "prove: --touched takes one commit; see ./dev prove --help"
        prove_touched "${2-HEAD}"
        return
        ;;
    -*) die "prove: unknown option $1; see ./dev prove --help" ;;
    esac
    for name; do
        if [[ $name == quick ]]; then
            names+=("${prove_quick[@]}")
            continue
        fi
        grep -qxF -- "$name" < <(prove_all) || die "prove: no proof '$name'; ./dev prove --list lists them"
        readarray -t -O "${#names[@]}" names < <(prove_all | grep -E "^$name(/|\$)")
    done
    need proofs
    prove_run "${names[@]}"
}

# Sets the words before the name of each of CBMC's programs: none if it is installed.
prove_find_tools() {
    local folder=$build/lab/debian/trixie-cbmc
    prove_loader=() prove_folder=''
    if ! command -v cbmc >/dev/null; then
        make_once "$folder" "fetching Debian 13's CBMC" "20 s" fetch_cbmc
        prove_loader=("$folder/loader" --library-path "$folder")
        prove_folder=$folder/
    fi
}

fetch_cbmc() { # FOLDER
    fetch_native "$1" cbmc "cbmc goto-cc goto-instrument" './usr/lib/*-linux-gnu/*.so*' './usr/lib/*.so*'
}

prove_tool() { # PROGRAM ARGUMENT...
    "${prove_loader[@]}" "$prove_folder$1" "${@:2}"
}

# A subshell for each run, as many at a time as there are processors.
prove_run() { # NAME...
    local prove_loader prove_folder work=$build/prove name names=() most start=$SECONDS failed
    (($#)) || {
        readarray -t names < <(prove_all)
        set -- "${names[@]}"
    }
    prove_find_tools
    most=$(nproc)
    rm -rf "$work"
    mkdir -p "$work/lib" "$work/failed" "$work/passed"
    prove_compile_lib "$root/lib" "$work/lib" >"$work/lib.log" 2>&1 ||
        die_of "$work/lib.log" 20 "prove: the library does not compile; its log is $work/lib.log"
    trap prove_stop EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    for name; do
        while (($(jobs -rp | wc -l) >= most)); do
            wait -n || true
        done
        test_progress "$name, for $((SECONDS - start)) s"
        prove_one "$name" &
    done
    wait
    trap - EXIT INT TERM
    failed=$(find "$work/failed" -type f | wc -l)
    test_progress ''
    printf '%d passed, %d failed\n' "$(find "$work/passed" -type f | wc -l)" "$failed"
    ((failed == 0))
}

prove_stop() {
    local children
    readarray -t children < <(jobs -rp)
    trap - EXIT
    ((${#children[@]} == 0)) || kill -TERM "${children[@]}" 2>/dev/null || true
    wait
}

# Compiles and runs a proof or a mutant, and prints its result.
prove_one() { # NAME
    local dir=$work/${1//\//+} start=$SECONDS reason
    mkdir -p "$dir"
    if reason=$(prove_judge "$1" "$dir"); then
        test_progress ''
        printf '%sok%s prove/%s (%s s)\n' "$green" "$plain" "$1" $((SECONDS - start))
        : >"$work/passed/${1//\//+}"
    else
        test_progress ''
        printf '%snot ok%s prove/%s: %s; see %s\n' "$red" "$plain" "$1" "$reason" "$dir"
        : >"$work/failed/${1//\//+}"
    fi
}

# Prints why it fails.
prove_judge() { # NAME DIR
    local file vcpus unwind stubs limits=() words=() status=0
    read -r _ file vcpus unwind stubs < <(prove_rows | awk -v name="${1%%/*}" '$1 == name')
    prove_prepare "$@" >"$2/compile.log" 2>&1 || {
        echo "it does not compile: $(tail -n 1 "$2/compile.log")"
        return 1
    }
    limits=(--unwind "${unwind%%,*}" --unwindset "$(prove_loops)${unwind#"${unwind%%,*}"}")
    words=("$2/proof.gb" --function "prove_${1%%/*}" --drop-unused-functions --slice-formula
        --sat-solver cadical "${limits[@]}")
    [[ $1 != */* ]] || words+=(--no-standard-checks --no-unwinding-assertions --stop-on-fail)
    prove_cbmc "$2/output.txt" "${words[@]}" || status=$?
    if ((status != 0 && status != 10)); then
        echo "$(prove_reason "$status"): $(tail -n 1 "$2/output.txt")"
        return 1
    fi
    if [[ $1 == */* ]]; then
        prove_judge_mutant "$2/output.txt"
    else
        prove_judge_proof "$2/output.txt"
    fi
}

# Ends with CBMC's status, and ends CBMC if this shell is ended.
prove_cbmc() { # OUTPUT ARGUMENT...
    local pid
    (
        ulimit -v $((prove_gigabytes << 20))
        exec timeout "$((prove_minutes * 60))" "${prove_loader[@]}" "${prove_folder}cbmc" "${@:2}"
    ) >"$1" 2>&1 </dev/null &
    pid=$!
    # shellcheck disable=SC2064 # the number as it is now
    trap "kill -TERM $pid 2>/dev/null; exit 143" TERM
    wait "$pid"
}

prove_reason() { # STATUS
    case $1 in
    124) echo "not done in $prove_minutes minutes" ;;
    6 | 134) echo "out of memory, or not for CBMC" ;;
    *) echo "CBMC ended with status $1" ;;
    esac
}

# Each claim holds, and each place that `reach` names is reached.
prove_judge_proof() { # OUTPUT
    local wrong
    wrong=$(sed -n 's/^\[\(.*\)\] \(line [0-9]* \)\?\(.*\): FAILURE$/\3 (\1)/p' "$1" | grep -v '^reach: ' | head -n 1)
    [[ ! $wrong ]] || {
        echo "$wrong fails"
        return 1
    }
    wrong=$(sed -n 's/^\[.*\] \(line [0-9]* \)\?\(reach: .*\): SUCCESS$/\2/p' "$1" | head -n 1)
    [[ ! $wrong ]] || {
        echo "no way to $wrong"
        return 1
    }
    grep -q 'reach: .*: FAILURE$' "$1" || {
        echo "it has no place to reach"
        return 1
    }
}

prove_judge_mutant() { # OUTPUT
    grep -q '^VERIFICATION FAILED' "$1" || {
        echo "the mistake breaks no claim"
        return 1
    }
}

# Into DIR/proof.gb: the library, or its mutant, without the functions that the proof replaces, and the proof.
prove_prepare() { # NAME DIR
    local objects=("$work"/lib/*.gb) parts=("$file" world) flags=("-DPROOF_VCPUS=$vcpus") removed=() part
    if [[ $1 == */* ]]; then
        prove_mutate "$1" "$2" || return 1
        flags+=(-DPROOF_WITHOUT_REACH)
    fi
    case $stubs in
    config) removed=(vpsci__find_prepare vpsci__offers) ;;
    world)
        parts+=(stubs)
        removed=(vpsci__checksum vpsci__digest vpsci__offers vpsci__target)
        ;;
    handlers)
        readarray -t removed < <(sed -n 's/^FUNCTION([^,]*, \([^,]*\),.*/vpsci__\1/p' "$root/lib/functions.def" |
            grep -vx vpsci__features)
        ;;
    esac
    prove_tool goto-cc "${objects[@]}" -o "$2/lib.gb" || return 1
    if ((${#removed[@]})); then
        readarray -t removed < <(printf -- '--remove-function-body\n%s\n' "${removed[@]}")
        prove_tool goto-instrument "${removed[@]}" "$2/lib.gb" "$2/lib.gb" || return 1
    fi
    objects=("$2/lib.gb")
    for part in "${parts[@]}"; do
        prove_compile "$root/proofs/$part.c" "$2/$part.gb" "${flags[@]}" || return 1
        objects+=("$2/$part.gb")
    done
    prove_tool goto-cc "${objects[@]}" -o "$2/proof.gb" || return 1
    if [[ $stubs == config ]]; then
        prove_tool goto-instrument --replace-calls copy_config:take_config "$2/proof.gb" "$2/proof.gb"
    fi
}

prove_compile() { # SOURCE OBJECT FLAG...
    prove_tool goto-cc -std=gnu11 -I "$root" -I "$root/include" -I "$root/lib" -include "$root/proofs/atomic.h" \
        -include "$root/proofs/placement.h" "${@:3}" -c "$1" -o "$2"
}

prove_compile_lib() { # FROM TO
    local source
    while read -r source; do
        prove_compile "$1/$source" "$2/${source%.c}.gb" || return 1
    done <"$1/sources.txt"
}

# Compiles the one file of the library that the mutant changes, and puts it into `objects` for the right one. A row of
# proofs/mutants is: proof, mutant, file, and a command of sed that changes it.
prove_mutate() { # NAME DIR
    local source edit i
    read -r _ _ source edit < <(prove_mutant_rows | awk -v name="$1" '$1 "/" $2 == name')
    sed -e "$edit" "$root/lib/$source.c" >"$2/$source.c" || return 1
    if cmp -s "$root/lib/$source.c" "$2/$source.c"; then
        echo "the mutant's edit changes nothing in lib/$source.c"
        return 1
    fi
    prove_compile "$2/$source.c" "$2/mutant.gb" || return 1
    for i in "${!objects[@]}"; do
        if [[ ${objects[i]} == */"$source.gb" ]]; then
            objects[i]=$2/mutant.gb
        fi
    done
}

# Prints the proofs that a change since BASE concerns. It compares, between the two trees, the text after the
# preprocessor of all that a proof reaches: tools/prove_reach.awk.
prove_touched() { # BASE
    local base temp name file vcpus stubs source
    base=$(git -C "$root" rev-parse --verify -q "$1^{commit}") || die "prove: there is no commit '$1'"
    temp=$(mktemp -d)
    # shellcheck disable=SC2064 # the folder as it is now
    trap "rm -rf '$temp'" EXIT
    mkdir "$temp/old"
    git -C "$root" archive "$base" include lib | tar -x -C "$temp/old"
    git -C "$root" archive "$base" proofs 2>/dev/null | tar -x -C "$temp/old" 2>/dev/null || true
    prove_texts "$root" "$temp/new.txt"
    prove_texts "$temp/old" "$temp/old.txt"
    prove_rows | while read -r name file vcpus _ stubs; do
        for source in old new; do
            awk -v start="prove_$name" -v parts=" $file world stubs " -v wanted="$vcpus $stubs" \
                -f "$root/tools/prove_reach.awk" "$temp/$source.txt" >"$temp/$source.reached"
        done
        cmp -s "$temp/old.reached" "$temp/new.reached" || printf '%s\n' "$name"
    done
}

# All files of lib/ and proofs/ after the preprocessor, each after a line with its name.
prove_texts() { # TREE OUTPUT
    local source
    for source in "$1"/lib/*.c "$1"/proofs/*.c; do
        [[ -e $source ]] || continue
        printf '# %s\n' "${source#"$1/"}"
        gcc -E -P -std=gnu11 -I "$1" -I "$1/include" -I "$1/lib" -include "$root/proofs/atomic.h" \
            -include "$root/proofs/placement.h" "$source" 2>/dev/null || true
    done >"$2"
}
