# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# `./dev image`: a disk image of Debian for arm64, for machines with EFI firmware.

# The essential packages come first: mmdebstrap unpacks only what it is told.
image_packages=(base-files base-passwd bash bsdutils coreutils dash debconf debianutils diffutils dpkg findutils grep
    gzip hostname init-system-helpers libc-bin login mawk mount ncurses-bin ncurses-base passwd perl-base sed
    sysvinit-utils tar util-linux e2fsprogs netbase
    linux-image-cloud-arm64 systemd systemd-sysv systemd-resolved systemd-boot-efi udev dbus libpam-systemd
    openssh-server qemu-guest-agent iproute2 iputils-ping util-linux-extra busybox-static apt less procps
    kmod)

image_help() {
    cat <<'EOF'
./dev image [OPTION]...

Makes a disk image of Debian 13 for arm64, of stock packages: a GPT with systemd-boot and a cloud kernel for EFI
firmware, and a root file system with systemd, networkd (DHCP), an SSH server and the QEMU guest agent. The last line of
output is the image's path. It takes about half a minute, and no privilege; an image with the same options is made once
and kept in the build folder until ./dev clean. Use a copy, or --output.

  --output FILE       copy the image to FILE
  --ssh-key FILE      root may log in over SSH with the public keys in FILE (default: no key)
  --autologin         the serial console (ttyAMA0) is logged in as root
  --include PKG,...   unpack these packages, too
  --size MIB          size of the image (2048); it is sparse
  --suite trixie      the release of Debian; there is only this one

Root has no password: it can log in on the console, and nowhere else. The server's keys are made with the image, so
copies of it have the same ones. The packages are unpacked and not configured, because their scripts cannot run on
another processor; what these would do for the boot, the network and SSH is done. In the guest, `dpkg --configure -a`
runs the scripts.
EOF
}

image_command() {
    image_take_options "$@"
    image_make
    if [[ $image_output ]]; then
        image_copy
        image_path=$image_output
    fi
    printf '%s\n' "$image_path"
}

image_defaults() {
    image_output='' image_key='' image_autologin='' image_include=() image_size=2048
}

image_take_options() { # OPTION...
    image_defaults
    while (($#)); do
        case $1 in
        --output | --ssh-key | --include | --size | --suite)
            [[ ${2-} ]] || die "image: $1 needs a value; see ./dev image --help"
            image_option "$1" "$2"
            shift
            ;;
        --*=*)
            set -- "${1%%=*}" "${1#*=}" "${@:2}"
            continue
            ;;
        --autologin) image_autologin=yes ;;
        -*) die "image: unknown option $1; see ./dev image --help" ;;
        *) die "image takes options only, and '$1' is none; see ./dev image --help" ;;
        esac
        shift
    done
}

image_option() { # NAME VALUE
    case $1=$2 in
    --output=*) image_check_output "$2" ;;
    --ssh-key=*) image_check_key "$2" ;;
    --include=*)
        [[ $2 =~ ^[a-z0-9][a-z0-9.+-]*(,[a-z0-9][a-z0-9.+-]*)*$ ]] ||
            die "image: --include needs names of packages with commas between them, not '$2'"
        image_include+=("$2")
        ;;
    --size=*)
        [[ $2 =~ ^[1-9][0-9]{3,5}$ && $2 -ge 1024 ]] || die "image: --size needs MiB, from 1024 on, not '$2'"
        image_size=$2
        ;;
    --suite=trixie) ;;
    --suite=*) die "image: no release '$2'; use trixie" ;;
    esac
}

image_check_output() { # FILE
    [[ ! -d $1 ]] || die "image: --output needs a file, and $1 is a folder"
    [[ -d $(dirname -- "$1") && -w $(dirname -- "$1") ]] || die "image: cannot create $1 in $(dirname -- "$1")"
    image_output=$1
}

# A private key in the image would be a secret given away.
image_check_key() { # FILE
    [[ -r $1 && -f $1 ]] || die "image: cannot read the key $1"
    ! grep -q 'PRIVATE KEY' "$1" || die "image: $1 is a private key; --ssh-key needs the public one, $1.pub"
    grep -qE '^[^#]*(ssh|ecdsa|sk)-[a-z0-9@.-]+ +AAAA' "$1" || die "image: $1 has no public key of SSH"
    image_key=$(realpath -- "$1")
}

# Sets `image_path` to an image with these options, which it makes unless the cache has it. The folder's name has checksums of
# all that the image is made of: of the recipe, and of the options. Images of other recipes are of no use any more.
image_make() {
    local images=$build/lab/disks recipe options
    recipe=$(image_recipe | cksum)
    options=$(image_spell | cksum)
    image_path=$images/${recipe%% *}-${options%% *}/disk
    [[ ! -e $image_path ]] || return 0
    need images disks
    open_folder
    folder_check_room 2097152
    make_once "${image_path%/*}" "making a disk image of Debian 13" "30 s" image_fill "${recipe%% *}"
}

image_recipe() {
    printf '%s\n' "${image_packages[@]}"
    (cd "$root" && find tools/image -type f -exec cksum {} + | sort)
}

image_spell() {
    printf '%s\n' "$image_size" "$image_autologin" "${image_include[@]}"
    [[ ! $image_key ]] || cat -- "$image_key"
}

image_fill() { # RECIPE FOLDER
    local packages status=0 log=$build/fetch.log old fetch_options=(--skip=cleanup/apt)
    packages=$(comma_list "${image_packages[@]}" "${image_include[@]}")
    for old in "$build"/lab/disks/*; do
        [[ ! -d $old || ${old##*/} == "$1"-* ]] || rm -r "$old"
    done
    fetch_tar trixie "$packages" 2>"$log" |
        fakeroot -- "$root/tools/image/make" "$2" "$image_size" "$image_key" "$image_autologin" 2>>"$log" || status=$?
    if ((status == 130)); then
        exit 130
    elif ((status)); then
        die_of "$log" 15 "could not make the image (is there a network?)"
    fi
}

# The image of the lab: its key logs in, and so does its console. Sets `image_path`.
image_make_for_lab() { # OPTION...
    make_once "$build/lab/key" "making a key for the lab" "1 s" image_fill_key
    image_take_options --autologin --ssh-key "$build/lab/key/id.pub" "$@"
    image_make
}

image_fill_key() { # FOLDER
    ssh-keygen -q -t ed25519 -N '' -C lab -f "$1/id"
}

# A copy appears under its name when it is complete.
image_copy() {
    local new
    new=$(mktemp -- "$image_output.XXXXXX")
    # shellcheck disable=SC2064 # that file
    trap "rm -f -- ${new@Q}" EXIT
    cp --sparse=always --reflink=auto -- "$image_path" "$new" 2>"$build/fetch.log" ||
        die "image: cannot copy the image to $image_output: $(sed -n 's/.*: //p' "$build/fetch.log" | head -n 1)"
    chmod 644 "$new"
    mv -f -- "$new" "$image_output"
    trap - EXIT
}
