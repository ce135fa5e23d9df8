#!/bin/sh
# usage: sh scripts/vps.sh start DIR [--name NAME] | stop DIR | reset DIR [--bare] | checkpoint DIR
#
# A server for tests: bare Debian 12 with systemd as PID 1 and sshd, in a container of systemd-nspawn. Each has an address of
# its own (10.77.N.2, reachable from this machine only) and goes out through it, so apt and pip work inside. As root.
#
#   start       boots the server of DIR, a new one if DIR has none, and waits until `ssh -F DIR/ssh_config NAME true` works
#   stop        shuts it down, what it has on its disk stays in DIR; nothing is left mounted or running
#   checkpoint  what is on its disk now is what `reset` goes back to
#   reset       as after a loss of power, back to the last checkpoint (or, `--bare`, to the bare server), and booted again
#
# One that does not boot is tried once more; DIR/not-booted.log then says why.
#
# User `ubuntu` has sudo without a password. nginx, PostgreSQL and Redis are not installed; their packages are in apt's cache.
# DIR then has: ssh_config, key, known_hosts, address, interface, pid (of systemd-nspawn), console.log, root/ (its files).
# The bare system is made once, below ${RUNNER_VPS_CACHE:-$HOME/.cache/runner/vps}; remove that folder to have it made anew.
set -eu

suite=bookworm
mirror=http://deb.debian.org
installed=systemd,systemd-sysv,dbus,libnss-systemd,openssh-server,sudo,python3,python3-venv,rsync,curl,iproute2,procps,ca-certificates
# What a server usually gets next: downloaded, not installed.
cached='nginx-light postgresql redis-server'
# They manage what the host manages for a container, or wait for it.
masked='systemd-networkd.service systemd-networkd.socket systemd-resolved.service systemd-udevd.service systemd-logind.service
    systemd-modules-load.service systemd-sysctl.service systemd-timesyncd.service getty.target console-getty.service
    apt-daily.timer apt-daily-upgrade.timer'
# The servers of this machine, one folder each: N in their addresses.
claims=/run/runner-vps

fail() {
    echo "error: $1" >&2
    if [ -n "${2:-}" ]; then echo "hint: $2" >&2; fi
    exit 1
}

usage() {
    sed -n '2s/^# //p' "$0" >&2
    exit 2
}

# needs PROGRAM PACKAGE
needs() { command -v "$1" >/dev/null || fail "\`$1\` is not installed" "apt-get install $2"; }

check_tools() {
    [ "$(id -u)" = 0 ] || fail 'a server can only be run by root' 'sudo sh scripts/vps.sh ...'
    needs systemd-nspawn systemd-container
    needs dbus-daemon dbus
    needs mmdebstrap mmdebstrap
    needs ssh openssh-client
    needs ip iproute2
    needs nft nftables
    needs nsenter util-linux
}

# ---- the bare system, once ----

# debian_sources: the mirrors of this machine if it runs the same suite, else Debian's own.
debian_sources() {
    if grep -qs "^VERSION_CODENAME=$suite" /etc/os-release && [ -s /etc/apt/sources.list.d/debian.sources ]; then
        cat /etc/apt/sources.list.d/debian.sources
        return
    fi
    cat <<END
Types: deb
URIs: $mirror/debian
Suites: $suite $suite-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: $mirror/debian-security
Suites: $suite-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
}

# make_base FOLDER: only a whole one gets this name. Several who come at once wait for the first.
make_base() {
    mkdir -p "$cache"
    exec 9>"$cache/lock"
    flock 9
    if [ ! -d "$1" ]; then
        echo "vps: making $1, once, about a minute and a half" >&2
        rm -rf "$cache/new"
        mkdir "$cache/new"
        # Not in a condition: there, it would go on after what fails.
        set +e
        (
            set -e
            build_base "$cache/new/root"
        ) >"$cache/make.log" 2>&1
        code=$?
        set -e
        if [ "$code" != 0 ]; then
            tail -n 20 "$cache/make.log" >&2
            fail "the bare system could not be made" "read $cache/make.log"
        fi
        mv "$cache/new/root" "$1"
        rm -rf "$cache/new"
    fi
    exec 9>&-
}

# build_base FOLDER
build_base() {
    debian_sources >"$cache/new/debian.sources"
    # How this machine reaches its mirrors, the server does too.
    apt-config dump | sed -n -E '/^Acquire::(Check-|https?::)/p' >"$cache/new/apt.conf"
    mmdebstrap --variant=minbase --mode=root --format=directory --include="$installed" \
        --aptopt='Acquire::Languages "none"' --aptopt="$cache/new/apt.conf" \
        "$suite" "$1" "$cache/new/debian.sources"
    # It is thrown away, not kept safe: much of the time of an installation is waiting for the disk.
    echo force-unsafe-io >"$1/etc/dpkg/dpkg.cfg.d/unsafe-io"
    cp /etc/resolv.conf "$1/etc/resolv.conf"
    chroot "$1" apt-get update -qq
    # One word each.
    # shellcheck disable=SC2086
    chroot "$1" apt-get install -qq -y --no-install-recommends --download-only $cached
    rm -rf "$1"/var/lib/apt/lists/*
    for unit in $masked; do ln -sf /dev/null "$1/etc/systemd/system/$unit"; done
    rm -f "$1"/etc/ssh/ssh_host_* "$1/etc/machine-id"
    chroot "$1" useradd --create-home --shell /bin/bash ubuntu
    echo 'ubuntu ALL=(ALL) NOPASSWD:ALL' >"$1/etc/sudoers.d/ubuntu"
    chmod 440 "$1/etc/sudoers.d/ubuntu"
}

# ---- one server's folder ----

# make_server: keys and name, once a folder.
make_server() {
    mkdir layers
    ssh-keygen -q -t ed25519 -N '' -C "runner-vps" -f key
    ssh-keygen -q -t ed25519 -N '' -C "$name" -f host_key
    echo "$base" >base
    echo "$name" >name
}

# lower: the folders below the one that is written to, the newest first.
lower() {
    for layer in $(find layers -mindepth 1 -maxdepth 1 | sort -rV); do printf '%s:' "$layer"; done
    printf '%s' "$base"
}

mount_root() {
    mkdir -p upper work root
    mount -t overlay overlay -o "lowerdir=$(lower),upperdir=upper,workdir=work" root ||
        fail "\`$dir\` cannot hold a server's files" 'take a folder of a local ext4 or xfs file system, not of an overlay or a share'
}

# furnish: what differs from server to server and from host to host.
furnish() {
    echo "$name" >root/etc/hostname
    if [ ! -s root/etc/machine-id ]; then tr -d - </proc/sys/kernel/random/uuid >root/etc/machine-id; fi
    printf '127.0.0.1 localhost\n::1 localhost\n127.0.1.1 %s\n' "$name" >root/etc/hosts
    # A resolver on the host's own loopback does not answer to others.
    if grep -q '^nameserver 127\.' /etc/resolv.conf && [ -s /run/systemd/resolve/resolv.conf ]; then
        cp /run/systemd/resolve/resolv.conf root/etc/resolv.conf
    else
        cp /etc/resolv.conf root/etc/resolv.conf
    fi
    for file in /etc/ssl/certs/ca-certificates.crt /etc/pip.conf /etc/npmrc; do
        if [ -f "$file" ]; then install -D -m 644 "$file" "root$file"; fi
    done
    install -m 600 host_key root/etc/ssh/ssh_host_ed25519_key
    install -m 644 host_key.pub root/etc/ssh/ssh_host_ed25519_key.pub
    home=root/home/ubuntu
    owner=$(stat -c %u:%g "$home")
    install -d -m 700 -o "${owner%:*}" -g "${owner#*:}" "$home/.ssh"
    install -m 600 -o "${owner%:*}" -g "${owner#*:}" key.pub "$home/.ssh/authorized_keys"
}

# ---- address ----

# claim: a number that no other server of this machine has, now in $number.
claim() {
    mkdir -p "$claims"
    number=1
    while [ "$number" -lt 250 ]; do
        # Made by one only. The interface of a server whose folder was removed while it ran is still there.
        if ! ip link show "ve-rvps$number" >/dev/null 2>&1 && { mkdir "$claims/$number" 2>/dev/null || abandoned "$claims/$number"; }; then
            echo "$dir" >"$claims/$number/dir"
            return
        fi
        number=$((number + 1))
    done
    fail 'all 249 addresses for servers are taken' "see $claims"
}

# abandoned CLAIM: whether its server is this one, or its folder was removed.
abandoned() {
    owner_dir=$(cat "$1/dir" 2>/dev/null) || return 1
    # Who has just made it has not yet said who they are.
    [ "$owner_dir" = "$dir" ] || { [ -n "$owner_dir" ] && [ ! -d "$owner_dir" ]; }
}

# Packets from the server go out as this machine's. The rules are in a table of their own.
connect() {
    ip addr add "10.77.$number.1/30" dev "$interface" && ip link set "$interface" up || return 1
    nsenter --target "$leader" --net sh -c "ip link set lo up && ip addr add $address/30 dev host0 && ip link set host0 up &&
        ip route add default via 10.77.$number.1" || return 1
    if [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 0 ]; then echo 1 >/proc/sys/net/ipv4/ip_forward; fi
    nft -f - <<END
table ip runner_vps_$number
delete table ip runner_vps_$number
table ip runner_vps_$number {
    chain out {
        type nat hook postrouting priority srcnat
        ip saddr $address oifname != "$interface" masquerade
    }
}
END
}

write_ssh_config() {
    echo "$address $(cut -d ' ' -f 1-2 host_key.pub)" >known_hosts
    cat >ssh_config <<END
Host $name
    HostName $address
    User ubuntu
    ConnectTimeout 10
    IdentityFile "$dir/key"
    IdentitiesOnly yes
    UserKnownHostsFile "$dir/known_hosts"
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
END
}

# ---- running ----

# running: whether the process of `pid` is this server's; a pid is used again by others.
running() {
    [ -s pid ] || return 1
    tr '\0' ' ' 2>/dev/null <"/proc/$(cat pid)/cmdline" | grep -qF -- "systemd-nspawn --quiet --boot --directory=$dir/root "
}

# leader_of PID: the server's own PID 1, as this machine sees it.
leader_of() { tr -d ' ' 2>/dev/null <"/proc/$1/task/$1/children"; }

# identity PID: the process, and when it began.
identity() { echo "$1 $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20)"; }

# led: whether PID 1 of the server is still there. It outlives a systemd-nspawn that was killed.
led() { [ -s leader ] && [ "$(identity "$(cut -d ' ' -f 1 leader)")" = "$(cat leader)" ]; }

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
    tries=$(($1 * 10))
    shift
    while ! "$@" 2>/dev/null; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.1
    done
}

boot() {
    claim
    interface=ve-rvps$number
    address=10.77.$number.2
    echo "$number" >number
    echo "$interface" >interface
    echo "$address" >address
    # Of a systemd that is not this one's parent, it wants no scope.
    unit=--keep-unit
    if [ -d /run/systemd/system ]; then unit=; fi
    leader=
    # Its session is its own, so that Ctrl-C in the terminal of the caller does not end it.
    # shellcheck disable=SC2086
    setsid systemd-nspawn --quiet --boot --directory="$dir/root" --machine="rvps$number" --hostname="$name" $unit \
        --register=no --console=pipe --network-veth --resolv-conf=off --timezone=off --link-journal=no \
        </dev/null >console.log 2>&1 &
    pid=$!
    echo "$pid" >pid
    wait_for 10 has_interface || return 1
    leader=$(leader_of "$pid")
    identity "$leader" >leader
    connect && write_ssh_config && wait_for 30 answers
}

has_interface() { [ -n "$(leader_of "$pid")" ] && ip link show "$interface" >/dev/null && nsenter --target "$(leader_of "$pid")" --net ip link show host0 >/dev/null; }

# All that was to be started at boot has been.
answers() {
    ssh -F ssh_config -o BatchMode=yes -o ConnectTimeout=2 "$name" \
        'case $(systemctl is-system-running) in running | degraded) ;; *) exit 1 ;; esac' </dev/null
}

# why_not: what it says itself, what its sshd says, and what of it has not started.
why_not() {
    tail -n 20 console.log
    answers || :
    if [ -z "$leader" ]; then return; fi
    nsenter --target "$leader" --all sh -c 'systemctl is-system-running; systemctl list-jobs --no-pager; systemctl --failed --no-pager
        journalctl --boot --no-pager --lines 30' || :
}

# halt how: `orderly` as by `poweroff`, or `power` as by pulling the plug. Cleans up after a server that is already gone, too.
halt() {
    if running; then
        pid=$(cat pid)
        if [ "$1" = orderly ]; then
            kill -TERM "$pid"
            wait_for 30 gone || echo "vps: \`$name\` does not shut down, its power is cut" >&2
        fi
        leader=$(leader_of "$pid" || :)
        if [ -n "$leader" ]; then kill -KILL "$leader" 2>/dev/null || :; fi
        wait_for 10 gone || fail "systemd-nspawn does not end" "kill $pid"
    fi
    if led; then kill -KILL "$(cut -d ' ' -f 1 leader)"; fi
    if [ -s number ]; then
        number=$(cat number)
        if [ "$(cat "$claims/$number/dir" 2>/dev/null)" = "$dir" ]; then
            nft delete table ip "runner_vps_$number" 2>/dev/null || :
            rm -rf "${claims:?}/$number"
        fi
    fi
    if mountpoint -q root 2>/dev/null; then
        wait_for 10 umount root || fail "\`$dir/root\` is still in use" "see what uses it: fuser -vm $dir/root"
    fi
    rm -f pid leader number interface address
}

gone() { ! running; }

# ---- commands ----

# enter: into the folder of a server that exists.
enter() {
    [ -f "$dir/name" ] || fail "there is no server in \`$dir\`" 'make it: vps.sh start DIR'
    cd "$dir"
    name=$(cat name)
    # The one that its layers are on, whatever this script would make now.
    base=$(cat base)
    [ -d "$base" ] || fail "\`$base\`, below the files of \`$dir\`, is gone" "remove \`$dir\` and make the server anew"
}

up() {
    # Half a server is left to nobody.
    trap 'halt power' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    mount_root
    furnish
    if ! boot; then
        why_not >not-booted.log 2>&1
        echo "vps: \`$name\` did not boot, once more: $dir/not-booted.log" >&2
        halt power
        mount_root
        furnish
        if ! boot; then
            why_not >&2
            fail "the server of \`$dir\` did not boot" "read $dir/console.log"
        fi
    fi
    trap - EXIT INT TERM HUP
    echo "vps: \`$name\` runs: ssh -F $dir/ssh_config $name" >&2
}

start() {
    if [ ! -f "$dir/name" ]; then
        make_base "$base"
        cd "$dir"
        make_server
    fi
    enter
    if running; then fail "the server of \`$dir\` runs already" 'stop it, or reset it'; fi
    halt power
    up
}

stop() {
    enter
    halt orderly
}

checkpoint() {
    enter
    halt orderly
    mv upper "layers/$(($(find layers -mindepth 1 -maxdepth 1 | wc -l) + 1))"
    rm -rf work
    up
}

reset() {
    enter
    halt power
    rm -rf upper work
    if [ "$bare" = yes ]; then
        rm -rf layers
        mkdir layers
    fi
    up
}

script=$0
[ $# -ge 2 ] || usage
command=$1
if [ "$command" = start ]; then mkdir -p "$2" 2>/dev/null || :; fi
dir=$(cd "$2" 2>/dev/null && pwd -P) || fail "\`$2\` is not a folder"
shift 2
name=vps
bare=no
while [ $# -gt 0 ]; do
    case $1 in
    --name)
        [ $# -ge 2 ] || usage
        name=$2
        shift
        ;;
    --bare) bare=yes ;;
    *) usage ;;
    esac
    shift
done
case $name in '' | *[!a-z0-9-]*) fail "\`$name\` is not a name for a server: a-z, 0-9 and \`-\`" ;; esac

cache=${RUNNER_VPS_CACHE:-${HOME:?}/.cache/runner/vps}
# How it is made is in its name.
base=$cache/$suite-$(sed -n '/^suite=/,/^# ---- one/p' "$script" | cksum | cut -d ' ' -f 1)
# The options of the overlay mount are cut at them.
case $base$dir in *[:,\\\"]*) fail "\`$base\` or \`$dir\` has a character that a mount option cannot have" 'use a folder without : , \ and "' ;; esac

case $command in
start | stop | reset | checkpoint) ;;
*) usage ;;
esac
check_tools
"$command"
