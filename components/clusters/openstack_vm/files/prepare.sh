#!/bin/sh
# Before K3s starts for the first time on a machine: its disk, its program, its authorities. Safe to run again.
# Usage: prepare.sh VOLUME URL SHA256
set -eu

volume=$1 url=$2 sha256=$3
data=/var/lib/rancher
program=/usr/local/bin/k3s

say() { echo "arcos: $*" >&2; }

# Debian's and Ubuntu's cloud images have them; a smaller one may not.
need_programs() {
    if ! command -v curl >/dev/null || [ ! -x /usr/sbin/nft ]; then
        apt-get -q update &&
            apt-get -qy -o DPkg::Lock::Timeout=300 install --no-install-recommends ca-certificates curl nftables
    fi
    [ -x /usr/sbin/nft ] || { say "nftables is not in the image: pods could read what this machine was told"; exit 1; }
}

# The volume outlives the machine. Hypervisors name the device by the first 20 characters of its id.
find_disk() {
    short=$(printf '%.20s' "$volume")
    for device in /dev/disk/by-id/*"$short"*; do
        case $device in *-part*) continue ;; esac
        if [ -b "$device" ]; then
            readlink -f "$device"
            return 0
        fi
    done
    return 1
}

# Whether it could be read and holds neither a file system nor partitions: blkid says 2 where it found nothing.
is_empty() {
    head -c 1048576 "$1" >/dev/null || return 1
    found=0
    blkid -p "$1" >/dev/null 2>&1 || found=$?
    [ "$found" -eq 2 ]
}

mount_disk() {
    mountpoint -q "$data" && return
    for _ in $(seq 60); do
        disk=$(find_disk) && break
        sleep 5
    done
    [ -n "${disk:-}" ] || { say "volume $volume is not attached"; exit 1; }
    # Only a disk that holds nothing at all is ever written to.
    if is_empty "$disk"; then
        say "volume $volume is new"
        mkfs.ext4 -q -L arcos-data "$disk"
    fi
    mkdir -p "$data"
    # The volume may have grown: now, and at each start that follows.
    grep -q LABEL=arcos-data /etc/fstab ||
        echo "LABEL=arcos-data $data ext4 defaults,noatime,x-systemd.growfs 0 2" >>/etc/fstab
    mount "$data"
    resize2fs "$disk" || true
}

# K3s knows a machine again by a password that it makes here; with another one it is turned away under the same name.
# https://docs.k3s.io/architecture#how-agent-node-registration-works
keep_identity() {
    mkdir -p -m 700 "$data/node"
    mkdir -p /etc/rancher
    ln -sfn "$data/node" /etc/rancher/node
}

fetch_program() {
    if echo "$sha256  $program" | sha256sum --check --status 2>/dev/null; then
        return
    fi
    until curl --fail --silent --show-error --location --proto '=https' --max-time 600 --output "$program.new" "$url"; do
        say "$url cannot be fetched, again in 10 s"
        sleep 10
    done
    echo "$sha256  $program.new" | sha256sum --check --status || { say "$url has another checksum"; exit 1; }
    chmod 755 "$program.new"
    mv "$program.new" "$program"
}

# Authorities made beforehand count only where there is no cluster yet.
place_authorities() {
    [ -d /etc/arcos/tls ] || return 0
    tls=$data/k3s/server/tls
    if [ ! -e "$tls/server-ca.key" ]; then
        mkdir -p -m 700 "$tls"
        install -m 600 /etc/arcos/tls/* "$tls/"
    fi
    rm -rf /etc/arcos/tls
}

# A cluster that answers already is joined, never begun a second time: its first machine may have lost its disk.
begin_or_join() {
    [ -e /etc/arcos/first ] || return 0
    balancer=$(cat /etc/arcos/first)
    if [ ! -d "$data/k3s/server/db/etcd" ] &&
        curl --silent --insecure --max-time 10 --output /dev/null "https://$balancer:6443/cacerts"; then
        printf 'server: https://%s:6443\n' "$balancer" >/etc/rancher/k3s/config.yaml.d/role.yaml
    else
        printf 'cluster-init: true\n' >/etc/rancher/k3s/config.yaml.d/role.yaml
    fi
}

need_programs
mount_disk
keep_identity
fetch_program
place_authorities
mkdir -p /etc/rancher/k3s/config.yaml.d
begin_or_join
