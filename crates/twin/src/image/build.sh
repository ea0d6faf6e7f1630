# Fills a package layer. Runs with mounts of its own; $1 is the layer's folder, the rest packages.
# Nothing is written outside $1.
folder=$1
shift
cd "$folder"
mkdir upper work merged
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" merged
cd merged
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs tmpfs tmp
mount -t tmpfs tmpfs run
mkdir -p run/lock
# No daemon may start because its package was installed.
printf '#!/bin/sh\nexit 101\n' > usr/sbin/policy-rc.d
chmod 755 usr/sbin/policy-rc.d

export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
chroot . apt-get -q update || echo "package lists could not be renewed: using those of this machine"
chroot . apt-get -q -y -o Dpkg::Use-Pty=0 -o APT::Sandbox::User=root \
    install --no-install-recommends "$@"
rm usr/sbin/policy-rc.d

# Raising an interface takes half as long without asking for what a twin never has: addresses
# that are still tentative, and systemd-resolved.
[ ! -e lib/ifupdown/settle-dad.sh ] || printf '#!/bin/sh\n' > lib/ifupdown/settle-dad.sh
[ ! -e etc/network/if-up.d/resolved ] || chmod -x etc/network/if-*.d/resolved

# /etc: as it is now, without what is this machine's own: its network, its units, its secrets.
cp -a etc ../etc
cd "$folder/etc"
rm -rf systemd/system systemd/network network/interfaces network/interfaces.d NetworkManager netplan
rm -rf ssh/ssh_host_* ssl/private/* letsencrypt wireguard ppp/*-secrets machine-id fstab crontab
rm -rf tmpfiles.d/* cron.*/* sudoers.d/* resolv.conf hostname hosts sysctl.d/* sysctl.conf modules-load.d/*
mkdir -p systemd/system network/interfaces.d
printf 'source /etc/network/interfaces.d/*\n' > network/interfaces
: > resolv.conf
: > fstab

# /var: the folders that packages declare, and what this installation wrote.
cd "$folder/merged"
{
    grep -hs '^/var/' var/lib/dpkg/info/*.list | sed 's|^/||'
    cd ../upper
    find var ! -type c ! -path 'var/cache/apt/*' ! -path 'var/lib/apt/lists/*' ! -path 'var/log/*'
} | sort -u > ../var.list
mkdir ../kept
tar --no-recursion --ignore-failed-read -cf - -T ../var.list 2>/dev/null | tar -C ../kept -xpf -
mv ../kept/var ../var
for name in backups cache lib local log mail opt spool tmp; do mkdir -p "../var/$name"; done
chmod 1777 ../var/tmp
[ -e ../var/run ] || ln -s /run ../var/run
[ -e ../var/lock ] || ln -s /run/lock ../var/lock

cd "$folder"
umount -l merged
mv upper/usr usr
mkdir mount
rm -rf upper work merged kept var.list
