//! A real BIRD reads what is rendered for every case.
#![expect(clippy::disallowed_methods, reason = "this test starts a real daemon's checker")]

use crate::folder;
use component::tree::{secret_mark, secret_references};
use component::{Component as _, Templates};
use components::bird::Bird;
use model::Named as _;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn bird_accepts_every_case() {
    testkit::cases::render(&Bird, &folder("bird"));
    let cases = testkit::cases::folders(&folder("bird").join("cases"));
    let checked: usize = cases.iter().map(|case| accepts(case)).sum();
    assert!(checked > 10, "only {checked} routers were checked");
}

#[test]
fn bird_accepts_the_examples() {
    for example in ["minimal", "neutrinet"] {
        assert!(accepts(&testkit::example(example)) > 0, "{example} has no router");
    }
}

/// Runs `bird -p` on what is rendered for every router, with every secret in place.
fn accepts(directory: &Path) -> usize {
    let isp = testkit::isp(directory);
    let builtin = Bird.templates().iter().copied();
    let templates = Templates::new(builtin, &BTreeMap::new()).expect("built-in templates");
    let routers = isp.hosts.iter().filter(|(id, _)| Bird.runs_on(&isp, *id));
    let checked = routers.map(|(id, host)| {
        let tree = Bird.render(&isp, id, &templates).expect("built-in templates");
        let stage = std::env::temp_dir().join(format!("ketupa-bird-{}", std::process::id()));
        let stage = stage.join(directory.file_name().unwrap_or_default()).join(host.name());
        fs::create_dir_all(&stage).expect("make a folder");
        for (path, file) in &tree.files {
            let name = Path::new(path).file_name().expect("a file's path");
            fs::write(stage.join(name), revealed(&file.text)).expect("write a staged file");
        }
        let output = command().arg("-p").arg("-c").arg(stage.join("bird.conf")).output();
        let output = output.expect("run BIRD");
        let says = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} of {}: {says}", host.name(), directory.display());
        fs::remove_dir_all(&stage).expect("take the folder away");
    });
    checked.count()
}

/// A text with something in the place of every secret.
fn revealed(text: &str) -> String {
    secret_references(text)
        .into_iter()
        .fold(text.to_owned(), |text, name| text.replace(&secret_mark(name), "secret"))
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
