//! Real nft, keepalived and conntrackd read what is rendered for every case.
//!
//! The programs come from `KETUPA_ROOT`, where Debian's packages are unpacked, or from the newest
//! image of the twin. Needs root: every program runs in a network namespace of its own.
#![expect(clippy::disallowed_methods, reason = "this test starts real daemons' checkers")]

use crate::folder;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const NEEDED: &str = "no nft, keepalived and conntrackd found: build an image of the twin, or unpack \
    them with their libraries (`apt-get download nftables keepalived conntrackd … && for p in *.deb; \
    do dpkg -x $p /tmp/root; done`) and set KETUPA_ROOT=/tmp/root";

/// keepalived wants the interfaces of its instances to exist.
const KEEPALIVED: &str = r#"
set -eu
mkdir -p /etc/conntrackd
mount -t tmpfs tmpfs /etc/conntrackd
printf '#!/bin/sh\n' > /etc/conntrackd/primary-backup
chmod 755 /etc/conntrackd/primary-backup
for nic in $(sed -n 's/^ *interface \(.*\)/\1/p; s/^ *\(.*\) weight -.*/\1/p' "$1" | sort -u); do
    ip link add "$nic" type veth peer name "p-$nic"
done
env --ignore-signal=TERM "$2/usr/sbin/keepalived" -t -f "$1"
"#;

/// conntrackd has no checker: it is started, asked and stopped.
const CONNTRACKD: &str = r#"
set -eu
mount -t tmpfs tmpfs /run
mkdir -p /run/lock
nic=$(sed -n 's/^ *Interface \(.*\)/\1/p' "$1")
address=$(sed -n 's/^ *IPv[46]_address \(.*\)/\1/p' "$1" | head -n 1)
ip link set lo up
ip link add "$nic" type veth peer name peer
ip link set "$nic" up
ip link set peer up
case $address in
*:*) ip address add "$address/64" dev "$nic" nodad ;;
*) ip address add "$address/29" dev "$nic" ;;
esac
timeout 20 "$2/usr/sbin/conntrackd" -C "$1" &
for try in 1 2 3 4 5 6 7 8 9 10; do
    "$2/usr/sbin/conntrackd" -C "$1" -s network > /run/says 2>&1 && break
    sleep 0.3
done
cat /run/says
"$2/usr/sbin/conntrackd" -C "$1" -s network
for command in -c -f -R -B -t -n; do "$2/usr/sbin/conntrackd" -C "$1" $command; done
kill %1
wait || true
"#;

/// Where the programs are: `KETUPA_ROOT`, or the newest image of the twin that has them.
pub(crate) fn root() -> PathBuf {
    let has = |root: &PathBuf| {
        ["nft", "keepalived", "conntrackd"]
            .iter()
            .all(|name| root.join("usr/sbin").join(name).is_file())
    };
    let images = fs::read_dir("/var/cache/ketupa/images").into_iter().flatten().flatten();
    let mut images: Vec<PathBuf> = images.map(|image| image.path()).collect();
    images.sort_by_key(|path| fs::metadata(path).and_then(|about| about.modified()).ok());
    let named = std::env::var("KETUPA_ROOT").ok().map(PathBuf::from);
    named.into_iter().chain(images.into_iter().rev()).find(has).expect(NEEDED)
}

/// Runs a script in network and mount namespaces of its own; all of it ends with the script.
pub(crate) fn alone(script: &str, arguments: &[&Path]) -> Output {
    let root = root();
    let libraries = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"]
        .map(|path| root.join(path).display().to_string())
        .join(":");
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", "120", "unshare", "--net", "--mount", "--pid", "--fork"]);
    command.args(["--kill-child", "--mount-proc", "bash", "-c", script, "script"]);
    command.args(arguments).env("LD_LIBRARY_PATH", libraries);
    command.output().expect("run a script in namespaces")
}

/// Runs a script on one file of every host of every case of a component; gives how many.
fn every(component: &str, path: &str, script: &str) -> usize {
    let root = root();
    let mut files = Vec::new();
    for case in testkit::cases::folders(&folder(component).join("cases")) {
        files.extend(testkit::cases::folders(&case).into_iter().map(|host| host.join(path)));
    }
    for file in &files {
        let output = alone(script, &[file.as_path(), root.as_path()]);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.success(), "{}: {said}", file.display());
        assert!(!said.contains("WARNING"), "{}: {said}", file.display());
    }
    files.len()
}

#[test]
fn nft_accepts_every_case_twice() {
    let script = r#"set -eu
        for time in 1 2; do "$2/usr/sbin/nft" -c -f "$1"; "$2/usr/sbin/nft" -f "$1"; done"#;
    assert!(every("nftables", "etc/nftables.conf", script) > 10);
}

#[test]
fn keepalived_accepts_every_case() {
    assert!(every("keepalived", "etc/keepalived/keepalived.conf", KEEPALIVED) >= 6);
}

#[test]
fn conntrackd_starts_with_every_case_and_obeys() {
    assert!(every("conntrackd", "etc/conntrackd/conntrackd.conf", CONNTRACKD) >= 4);
}
