#!/bin/sh
# A machine below the directory $1 with the real systemd as its first process: this machine's programs,
# read-only, /etc and /var of its own on the disk $1.disk, no network. Started again, it is the same machine
# after a boot. To be started in a mount namespace of its own.
set -eu
root=$1
disk=$1.disk
if [ "${2-}" != inside ]; then
    # systemd takes the whole tree of control groups that it finds: it shall find one of its own.
    mkdir -p "$root/groups" "$disk"
    mount -t cgroup2 groups "$root/groups"
    mkdir -p "$root/groups/$(basename "$root")"
    echo $$ >"$root/groups/$(basename "$root")/cgroup.procs"
    exec unshare --net --mount --pid --uts --ipc --cgroup --fork --kill-child --propagation private \
        sh "$0" "$root" inside
fi
mount -t tmpfs -o mode=755 root "$root"
cd "$root"
mkdir usr etc var run tmp root proc sys dev old
mkdir -p $disk/upper/etc $disk/upper/var $disk/work/etc $disk/work/var
for link in bin sbin lib lib64; do ln -s usr/$link $link; done
mount --bind /usr usr
mount -o remount,bind,ro usr
for own in etc var; do
    mount -t overlay -o "lowerdir=/$own,upperdir=$disk/upper/$own,workdir=$disk/work/$own" own $own
done
mount -t tmpfs -o mode=755 run run
mount -t proc proc proc
# The kernel stays, so that its name of the boot would.
cat /proc/sys/kernel/random/uuid >run/boot
mount --bind run/boot proc/sys/kernel/random/boot_id
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 groups sys/fs/cgroup
mount -t tmpfs -o mode=755 dev dev
for device in null zero full random urandom tty; do
    : >dev/$device
    mount --bind /dev/$device dev/$device
done
# Of the machine around it nothing is to be touched: no devices, clock, kernel variables or terminals.
units=etc/systemd/system
[ -e $disk/old ] || rm -rf $units/*.wants var/lib/ketupa
: >$disk/old
for unit in systemd-udevd systemd-udev-trigger systemd-logind systemd-networkd systemd-resolved \
    systemd-timesyncd systemd-modules-load systemd-sysctl systemd-random-seed console-getty; do
    ln -sf /dev/null $units/$unit.service
done
for unit in getty.target systemd-udevd-kernel.socket systemd-udevd-control.socket \
    sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount dev-hugepages.mount \
    dev-mqueue.mount proc-sys-fs-binfmt_misc.automount; do
    ln -sf /dev/null $units/$unit
done
ln -sf /lib/systemd/system/multi-user.target $units/default.target
: >etc/fstab
: >etc/machine-id
pivot_root . old
umount -l /old
exec env -i container=ketupa PATH=/usr/sbin:/usr/bin /lib/systemd/systemd
