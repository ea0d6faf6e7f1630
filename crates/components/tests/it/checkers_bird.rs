//! A real BIRD reads what is rendered for every case.
#![expect(clippy::disallowed_methods, reason = "this test starts a real daemon's checker")]

use crate::folder;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn bird_accepts_every_case() {
    testkit::cases::render(&components::bird::Bird, &folder("bird"));
    let mut checked = 0;
    for case in testkit::cases::folders(&folder("bird").join("cases")) {
        for host in testkit::cases::folders(&case) {
            accepts(&host);
            checked += 1;
        }
    }
    assert!(checked > 10, "only {checked} routers were checked");
}

/// Runs `bird -p` on the rendered files of one host, with every secret in place.
fn accepts(host: &Path) {
    let parts: Vec<_> = host.components().rev().take(2).map(|p| p.as_os_str().to_owned()).collect();
    let stage = std::env::temp_dir().join(format!("ketupa-bird-{}", std::process::id()));
    let stage = parts.iter().rev().fold(stage, |path, part| path.join(part));
    fs::create_dir_all(&stage).expect("make a folder");
    for name in ["bird.conf", "filters.conf"] {
        let text =
            fs::read_to_string(host.join("etc/bird").join(name)).expect("read a golden file");
        let references = component::tree::secret_references(&text).into_iter().map(str::to_owned);
        let text =
            references.collect::<Vec<_>>().into_iter().fold(text.clone(), |text, reference| {
                text.replace(&component::tree::secret_mark(&reference), "secret")
            });
        fs::write(stage.join(name), text).expect("write a staged file");
    }
    let output = command().arg("-p").arg("-c").arg(stage.join("bird.conf")).output();
    let output = output.expect("run BIRD");
    let says = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {says}", host.display());
    fs::remove_dir_all(&stage).expect("take the folder away");
}

/// Where a BIRD may be: `KETUPA_BIRD`, the path, the newest image of the twin.
fn binary() -> PathBuf {
    if let Ok(path) = std::env::var("KETUPA_BIRD") {
        return PathBuf::from(path);
    }
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/usr/local/sbin";
    let installed = path.split(':').map(|folder| Path::new(folder).join("bird"));
    let images = fs::read_dir("/var/cache/ketupa/images").into_iter().flatten().flatten();
    let mut packed: Vec<PathBuf> =
        images.map(|image| image.path().join("usr/sbin/bird")).filter(|p| p.is_file()).collect();
    packed.sort_by_key(|path| fs::metadata(path).and_then(|about| about.modified()).ok());
    installed.filter(|path| path.is_file()).chain(packed.into_iter().rev()).next().expect(
        "no BIRD found. Install bird2, build an image of the twin, or unpack it: `apt-get download \
         bird2 libssh-gcrypt-4 && for p in *.deb; do dpkg -x $p /tmp/bird2; done`, then set \
         KETUPA_BIRD=/tmp/bird2/usr/sbin/bird",
    )
}

/// BIRD with the libraries beside it, when it is not installed on the host.
fn command() -> Command {
    let binary = binary();
    let root = binary.ancestors().nth(3).unwrap_or(Path::new("/"));
    let folders = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib", "lib"];
    let libraries = folders.map(|folder| root.join(folder).display().to_string()).join(":");
    let loader = root.join("lib64/ld-linux-x86-64.so.2");
    let whole = root != Path::new("/") && loader.exists();
    let mut command = Command::new(if whole { &loader } else { &binary });
    if whole {
        command.arg("--library-path").arg(&libraries).arg(&binary);
    } else if root != Path::new("/") {
        command.env("LD_LIBRARY_PATH", &libraries);
    }
    command
}
