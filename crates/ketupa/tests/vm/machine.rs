//! One virtual machine: its disk over the common image, its cables, and the power switch.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sha2::{Digest as _, Sha256};

const SCRIPT: &str = include_str!("image.sh");
/// What the machines install while they are converged, from an archive on their own disk.
const PACKAGES: &[&str] = &[
    "bird2",
    "ca-certificates",
    "caddy",
    "conntrackd",
    "haproxy",
    "keepalived",
    "nftables",
    "openssl",
    // What the role of the last scene installs.
    "ntp",
];

/// The folder with the kernel, the disk of a bare machine and the key that opens it; made if need be.
pub(crate) fn image() -> PathBuf {
    let hash = Sha256::digest(format!("{SCRIPT}{PACKAGES:?}"));
    let name = format!("{:016x}", u64::from_be_bytes(*hash.first_chunk().unwrap()));
    let folder = Path::new("/var/cache/ketupa/machines").join(name);
    let log = folder.with_extension("log");
    std::fs::create_dir_all(folder.parent().unwrap()).unwrap();
    let said = std::fs::File::create(&log).unwrap();
    let made = Command::new("sh")
        .args(["-euc", &format!("exec 2>&1\n{SCRIPT}"), "image"])
        .arg(&folder)
        .args(PACKAGES)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("LC_ALL", "C.UTF-8")
        .stdout(said)
        .status();
    assert!(made.unwrap().success(), "see {}", log.display());
    folder
}

/// What makes one machine differ from another.
pub(crate) struct Spec {
    /// Its name in the model.
    pub(crate) name: &'static str,
    /// Its address on the management segment.
    pub(crate) address: &'static str,
    /// The last byte of its Ethernet addresses.
    pub(crate) number: u8,
}

/// A machine that is switched on.
pub(crate) struct Machine {
    pub(crate) spec: Spec,
    /// Where its sshd answers on this machine's loopback.
    pub(crate) port: u16,
    words: Vec<String>,
    running: Child,
}

impl Machine {
    /// A fresh disk over the image, and power. Machines in one folder share the LAN.
    pub(crate) fn begin(spec: Spec, other: &str, image: &Path, folder: &Path) -> Self {
        let disk = folder.join(format!("{}.qcow2", spec.name));
        let made = Command::new("qemu-img")
            .args(["create", "-q", "-f", "qcow2", "-F", "raw", "-b"])
            .args([&image.join("disk"), &disk])
            .status();
        assert!(made.unwrap().success());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let words = words(&spec, other, port, [image, folder, &disk]);
        let running = power(&words);
        Self { spec, port, words, running }
    }

    /// Pulls the plug and puts it back: what the kernel had not written is gone.
    pub(crate) fn lose_power(&mut self) {
        self.running.kill().unwrap();
        self.running.wait().unwrap();
        self.running = power(&self.words);
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ended = self.running.kill().and_then(|()| self.running.wait());
    }
}

fn power(words: &[String]) -> Child {
    Command::new("qemu-system-x86_64").args(words).stdin(Stdio::null()).spawn().unwrap()
}

/// Management over loopback and nothing else (`restrict`), the LAN a cable between two sockets, the
/// backbone a cable that ends nowhere.
fn words(spec: &Spec, other: &str, port: u16, [image, folder, disk]: [&Path; 3]) -> Vec<String> {
    let Spec { name, address, number } = spec;
    let (image, folder, disk) = (image.display(), folder.display(), disk.display());
    let accelerator = std::env::var("KETUPA_VM_ACCEL").unwrap_or("tcg,thread=multi".into());
    let append = "root=/dev/vda rw console=ttyS0 mitigations=off net.ifnames=1";
    let nic = |id: &str, slot: u8| {
        format!(
            "virtio-net-pci,netdev={id},bus=pcie.0,addr={slot},mac=02:00:00:00:0{slot}:{number:02}"
        )
    };
    let words = [
        "-M",
        "q35",
        "-accel",
        &accelerator,
        "-cpu",
        "max",
        "-smp",
        "2",
        "-m",
        "1024",
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-no-reboot",
        "-serial",
        &format!("file:{folder}/{name}.log"),
        "-kernel",
        &format!("{image}/kernel"),
        "-initrd",
        &format!("{image}/initrd"),
        "-append",
        &format!("{append} installed={address}/24 quiet"),
        "-drive",
        &format!("file={disk},if=virtio,cache=writeback"),
        "-object",
        "rng-random,id=chance,filename=/dev/urandom",
        "-device",
        "virtio-rng-pci,rng=chance",
        "-netdev",
        &format!(
            "user,id=mgmt,net=10.9.0.0/24,host=10.9.0.200,ipv6=off,restrict=on,\
             hostfwd=tcp:127.0.0.1:{port}-{address}:22"
        ),
        "-device",
        &nic("mgmt", 2),
        "-netdev",
        &format!(
            "dgram,id=lan,local.type=unix,local.path={folder}/{name}.lan,\
             remote.type=unix,remote.path={folder}/{other}.lan"
        ),
        "-device",
        &nic("lan", 3),
        "-netdev",
        "hubport,id=backbone,hubid=1",
        "-device",
        &nic("backbone", 4),
    ];
    words.map(str::to_owned).to_vec()
}
