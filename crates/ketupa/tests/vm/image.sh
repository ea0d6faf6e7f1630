# Makes a bare Debian 12 as the installer leaves it: systemd, sshd, Python, one network interface, the
# operator's key. $1 is a folder that appears only when all is done; the rest are packages, which go into an archive
# on the disk: a machine under test has no way out. Needs root; writes nowhere else.
folder=$1
shift
mkdir -p "$(dirname "$folder")"
exec 9>"$folder.lock"
flock 9
[ ! -e "$folder" ] || exit 0
rm -rf "$folder.unfinished"
mkdir -m 700 "$folder.unfinished"
cd "$folder.unfinished"

debootstrap --variant=minbase \
    --include=systemd-sysv,dbus,udev,openssh-server,sudo,iproute2,ifupdown,iputils-ping,curl,initramfs-tools,linux-image-cloud-amd64,python3,python3-apt \
    bookworm root "${KETUPA_MIRROR:-http://deb.debian.org/debian}"
cp root/boot/vmlinuz-* kernel
cp root/boot/initrd.img-* initrd

chroot root apt-get -q -y install --no-install-recommends --download-only "$@"
mkdir root/srv/archive
mv root/var/cache/apt/archives/*.deb root/srv/archive
(cd root/srv/archive && dpkg-scanpackages . >Packages)
echo 'deb [trusted=yes] file:/srv/archive ./' >root/etc/apt/sources.list
rm -rf root/var/lib/apt/lists/*
chroot root apt-get -q update

ssh-keygen -q -t ed25519 -N '' -C operator -f key
install -d -m 700 root/root/.ssh
cp key.pub root/root/.ssh/authorized_keys
cp root/etc/ssh/ssh_host_ed25519_key.pub host-key.pub
echo '/dev/vda / ext4 defaults 0 1' >root/etc/fstab
echo bare >root/etc/hostname
# What the installer was told differs from machine to machine, and comes on the kernel's command line.
cat >root/etc/network/interfaces <<'END'
auto lo
iface lo inet loopback
auto enp0s2
iface enp0s2 inet manual
    up ip address add $(sed 's/.* installed=\([^ ]*\).*/\1/' /proc/cmdline) dev enp0s2
END
mkfs.ext4 -q -d root disk 3G
rm -rf root
mv "$folder.unfinished" "$folder"
