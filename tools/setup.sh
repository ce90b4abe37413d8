# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The Debian packages that ./dev needs, in sets, and their installation.

# The packages of a set. Packages that a compiler only recommends (its C library) are in the list, because
# recommended packages are not installed.
packages_of() { # SET
    case $1 in
    build)
        echo gcc libc6-dev meson ninja-build pkg-config device-tree-compiler \
            libfdt-dev libinih-dev libjansson-dev libpcap0.8-dev libseccomp-dev liburing-dev zlib1g-dev libzstd-dev libcmocka-dev
        ;;
    cross)
        echo gcc libc6-dev libseccomp-dev meson ninja-build pkg-config device-tree-compiler \
            gcc-aarch64-linux-gnu libc6-dev-arm64-cross mmdebstrap
        ;;
    image) echo clang-19 lld-19 ;;
    images) echo mmdebstrap cpio kmod xz-utils e2fsprogs ;;
    disks) echo fakeroot fdisk dosfstools mtools openssh-client ;;
    emulator) echo qemu-system-arm ;;
    tools) echo "${tools_packages[@]}" "${tools_firmware[@]}" ;;
    clients) echo socat zsh ;;
    lint) echo clang-format-19 clang-tidy-19 clang-19 shellcheck pmccabe ;;
    library) echo gcc g++ libc6-dev clang-19 pkg-config python3 ;;
    rust) echo cargo rustc rustfmt rust-clippy bindgen clang-19 libc6-dev gcc pkg-config ;;
    targets)
        echo meson ninja-build qemu-user "$(compiler_for_arm64)" \
            gcc-arm-linux-gnueabihf gcc-riscv64-linux-gnu
        ;;
    instruments) echo meson ninja-build clang-19 llvm-19 libclang-rt-19-dev ;;
    mutants)
        echo gcc libc6-dev patch libcmocka-dev libfdt-dev
        [[ $machine == aarch64 ]] || echo gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
        ;;
    models) echo spin gcc libc6-dev ;;
    proofs)
        if [[ $debian_suite == trixie ]]; then
            echo gcc libc6-dev cbmc
        else
            echo gcc libc6-dev mmdebstrap
        fi
        ;;
    counting) echo gcc libc6-dev valgrind "$(compiler_for_arm64)" ;;
    peers) echo qemu-system-arm device-tree-compiler mmdebstrap ;;
    packages) echo mmdebstrap xz-utils ;;
    packaging) echo debhelper dpkg-dev gcc libc6-dev meson ninja-build pkg-config python3 xz-utils ;;
    esac
}

purpose_of() { # SET
    case $1 in
    build) echo "compile and test on this machine" ;;
    cross) echo "compile for arm64" ;;
    image) echo "compile the conformance image" ;;
    images) echo "fetch Debian's arm64 kernels and build initramfs images" ;;
    disks) echo "make a disk image of Debian" ;;
    emulator) echo "run an arm64 machine with KVM" ;;
    tools) echo "give guests disks, networks and firmware" ;;
    clients) echo "speak QMP with socat, and complete commands in zsh" ;;
    lint) echo "check the source" ;;
    library) echo "compile other programs against libvpsci" ;;
    rust) echo "compile and test the crates for Rust" ;;
    targets) echo "compile libvpsci for other processors, and run it" ;;
    instruments) echo "measure coverage, and run fuzzers" ;;
    mutants) echo "put mistakes into the source that tests have to find" ;;
    models) echo "search through models of the library" ;;
    proofs) echo "prove claims about libvpsci" ;;
    counting) echo "count instructions" ;;
    peers) echo "run the conformance image on other PSCI servers" ;;
    packages) echo "make roots of Debian, to build packages in" ;;
    packaging) echo "build packages of libvpsci on this machine" ;;
    esac
}

# On arm64 Debian's native compiler also has the name of the cross-compiler.
compiler_for_arm64() {
    if [[ $machine == aarch64 ]]; then
        echo gcc
    else
        echo gcc-aarch64-linux-gnu
    fi
}

check_debian() {
    local id='' name='' line
    debian_suite=''
    while IFS= read -r line; do
        line=${line//\"/}
        case $line in
        ID=*) id=${line#*=} ;;
        PRETTY_NAME=*) name=${line#*=} ;;
        VERSION_CODENAME=*) debian_suite=${line#*=} ;;
        esac
    done </etc/os-release
    if [[ $id != debian || ! $debian_suite =~ ^(bookworm|trixie)$ ]]; then
        die "./dev sets itself up on Debian 12 and 13 only, and this is ${name:-unknown};" \
            "a container or chroot of one of them will do"
    fi
    case $machine in
    x86_64) debian_arch=amd64 ;;
    aarch64) debian_arch=arm64 ;;
    *) die "./dev works on x86-64 and arm64 machines, and this is $machine" ;;
    esac
}

# Sets `missing` to the packages that are not installed for this machine's architecture.
find_missing() { # PACKAGE...
    local -A installed=()
    local package status arch
    while read -r package status arch; do
        if [[ $status == installed && ($arch == "$debian_arch" || $arch == all) ]]; then
            installed[$package]=yes
        fi
    # dpkg-query fails if it does not know a package; that package is then missing.
    done < <(dpkg-query -W -f '${Package} ${db:Status-Status} ${Architecture}\n' "$@" 2>/dev/null)
    missing=()
    for package; do
        [[ ${installed[$package]-} ]] || missing+=("$package")
    done
}

# Installs the missing packages of the sets, or explains why it cannot.
need() { # SET...
    local set words=() purposes=() missing
    check_debian
    for set; do
        read -ra words <<<"$(packages_of "$set") ${words[*]-}"
    done
    find_missing "${words[@]}"
    ((${#missing[@]})) || return 0
    for set; do
        read -ra words <<<"$(packages_of "$set")"
        find_missing "${words[@]}"
        ((${#missing[@]} == 0)) || {
            say "these Debian packages are missing to $(purpose_of "$set"): ${missing[*]}"
            purposes+=("${missing[@]}")
        }
    done
    readarray -t missing < <(printf '%s\n' "${purposes[@]}" | sort -u)
    with_lock install_packages "${missing[@]}"
}

install_packages() { # PACKAGE...
    local missing start=$SECONDS log=$build/apt.log
    find_missing "$@" # Another ./dev may have installed them while this one waited.
    ((${#missing[@]})) || return 0
    if ! can_be_root; then
        die "please install them as root: apt-get install --no-install-recommends ${missing[*]}"
    fi
    say "installing them with apt-get (on a fresh machine 1 to 5 minutes)"
    start_ticker "$log"
    if ! run_apt "${missing[@]}" >>"$log" 2>&1; then
        die_of "$log" 0 "apt-get could not install ${missing[*]}: $(first_cause "$log"); its whole output is in $log"
    fi
    stop_ticker
    say "done in $((SECONDS - start)) s"
}

# The first error causes the others: if package lists could not be fetched, packages are unknown.
first_cause() { # LOG
    local cause
    cause=$(sed -n '/^E: /{s///p;q}' "$1" | tr -cd '[:print:]')
    printf '%s' "${cause:-no reason is given}"
}

can_be_root() {
    command -v apt-get >/dev/null || return 1
    ((EUID == 0)) && return
    command -v sudo >/dev/null || return 1
    # sudo can ask for a password only on a terminal.
    sudo -n true 2>/dev/null || { [[ -t 0 ]] && sudo -v; }
}

as_root() { # COMMAND...
    if ((EUID == 0)); then
        "$@"
    else
        sudo -- "$@"
    fi
}

# Error-Mode=any turns a package list that could not be fetched from a warning into an error. The error is ignored
# here, because one source of many may be down; it shows up as the first cause if a package then is missing.
run_apt() { # PACKAGE...
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
    as_root "${apt[@]}" -o APT::Update::Error-Mode=any update </dev/null || true
    as_root "${apt[@]}" install -y --no-install-recommends "$@" </dev/null
}

setup_help() {
    cat <<'EOF'
./dev setup

Installs the Debian packages that the other commands need, all at once: 1 to 5 minutes on a fresh machine.
It changes nothing else on the machine. If ./dev cannot become root, it prints the command instead.
EOF
}

setup_command() {
    local sets
    take_nothing setup "$@"
    readarray -t sets < <(lab_needs)
    need build clients lint library targets instruments mutants proofs counting peers packages packaging image disks "${sets[@]}"
    say "all packages are installed"
}
