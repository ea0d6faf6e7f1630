//! Nothing stays: after down, after the death of whoever brought it up, after a failed start.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use twin::{Image, Site, Twin};

use crate::bench::{Bench, Cleared, any_image, lan, site, soon};

/// Processes of a test twin on this machine.
fn processes(name: &str) -> usize {
    let state = format!("{}/{name}", site().run.display());
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let cmdlines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    cmdlines.filter(|raw| raw.split(|byte| *byte == 0).any(|word| word == state.as_bytes())).count()
}

/// The namespaces that processes of this machine are in, by process.
fn namespaces() -> BTreeMap<i32, BTreeSet<u64>> {
    let numbers = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let of = |pid: i32| {
        let link = |kind| std::fs::metadata(format!("/proc/{pid}/ns/{kind}")).ok();
        ["net", "mnt", "pid"].into_iter().filter_map(link).map(|link| link.ino()).collect()
    };
    numbers.map(|pid| (pid, of(pid))).collect()
}

fn nothing_left(name: &str) {
    assert_eq!(processes(name), 0);
    assert!(!site().run.join(name).exists());
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap();
    assert!(!mounts.contains("ketupa"), "{mounts}");
    let links = Command::new("ip").args(["-br", "link"]).output().unwrap();
    assert!(!String::from_utf8_lossy(&links.stdout).contains(".eth0"));
}

#[test]
fn twin_leaves_nothing_when_it_goes_down() {
    let bench = Bench::up(&lan("down", &["a", "b"]));
    bench.addressed("a", "eth0", &["10.0.0.1/24"]);
    bench.says("a", "(setsid sleep 1000 > /dev/null 2>&1 &); systemctl start nftables");
    let visitor = bench.command("b", &["sleep", "1000"]).unwrap().spawn().unwrap();
    let inside = namespaces().remove(&bench.pid("a").unwrap()).unwrap();
    assert_eq!(inside.len(), 3);
    assert!(processes("down") >= 3);
    Twin::open(&site(), "down").unwrap().down().unwrap();
    nothing_left("down");
    let status = {
        let mut visitor = visitor;
        visitor.wait().unwrap()
    };
    assert!(!status.success());
    assert!(namespaces().values().all(|others| others.is_disjoint(&inside)));
    assert!(Twin::open(&site(), "down").is_err());
}

#[test]
fn twin_outlives_the_process_that_brought_it_up() {
    let _cleared = Cleared("orphan");
    assert!(up_in_another("orphan").wait().unwrap().success());
    let twin = Twin::open(&site(), "orphan").unwrap();
    assert_eq!(twin.exec("b", &["hostname"]).unwrap().stdout, b"b\n");
    assert!(Twin::all(&site()).contains(&"orphan".to_owned()));
    twin.down().unwrap();
    nothing_left("orphan");
}

#[test]
fn twin_leaves_nothing_when_its_starter_is_killed() {
    let _cleared = Cleared("killed");
    for delay in [1, 5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200] {
        let mut other = up_in_another("killed");
        std::thread::sleep(Duration::from_millis(delay));
        other.kill().unwrap();
        other.wait().unwrap();
        Twin::clear(&site(), "killed").unwrap();
        nothing_left("killed");
    }
}

#[test]
fn twin_up_replaces_an_earlier_one() {
    let first = Bench::up(&lan("again", &["a"]));
    first.says("a", "touch /srv/old");
    let old = first.pid("a").unwrap();
    let second = Bench::up(&lan("again", &["a", "b"]));
    assert!(!std::path::Path::new(&format!("/proc/{old}/ns")).join("net").exists());
    second.says("b", "true");
    assert_ne!(second.tries("a", "ls /srv/old").0, 0);
}

#[test]
fn twin_that_cannot_start_leaves_nothing() {
    let _cleared = Cleared("broken");
    let mut lab = lan("broken", &["a"]);
    lab.hosts[0].ports[0].mac = "ff:ff:ff:ff:ff:ff".to_owned();
    let error = Twin::up(&lab, &any_image()).unwrap_err();
    assert!(error.chain().contains("fabric refused"), "{error:?}");
    nothing_left("broken");
}

#[test]
fn twin_is_brought_up_by_one_process_at_a_time() {
    let _cleared = Cleared("two");
    let mut others: Vec<_> = (0..4).map(|_| up_in_another("two")).collect();
    let won = others.iter_mut().map(|other| other.wait().unwrap().success());
    assert!(won.filter(|success| *success).count() >= 1);
    soon("one twin is up", || Twin::open(&site(), "two").is_ok());
    assert_eq!(
        Twin::open(&site(), "two").unwrap().exec("a", &["true"]).unwrap().status.code(),
        Some(0)
    );
}

/// Another process that brings a twin up and ends.
fn up_in_another(name: &str) -> Child {
    another("leaks::helper_brings_a_twin_up", name)
}

/// This very test program, told to do something else.
fn another(test: &str, name: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", test])
        .env("TWIN_NAME", name)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "the other process of the tests above"]
fn helper_brings_a_twin_up() {
    let Ok(name) = std::env::var("TWIN_NAME") else { return };
    Twin::up(&lan(&name, &["a", "b", "c", "d"]), &any_image()).unwrap();
}

/// A place for images that only this file's tests use.
fn own_cache() -> Site {
    Site { cache: PathBuf::from("/var/tmp/ketupa-test-images"), ..site() }
}

#[test]
fn twin_image_whose_build_was_killed_is_not_used() {
    let site = own_cache();
    let _ = std::fs::remove_dir_all(&site.cache);
    let status = std::fs::read("/var/lib/dpkg/status").unwrap();
    let mut other = another("leaks::helper_builds_an_image", "image");
    let folders = || {
        let entries = std::fs::read_dir(&site.cache).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    soon("it builds", || folders().iter().any(|folder| folder.join("upper").exists()));
    other.kill().unwrap();
    other.wait().unwrap();
    assert!(folders().iter().all(|folder| folder.extension().is_some()), "{:?}", folders());
    let image = Image::ensure(&site, &["netcat-openbsd"], &mut |_| ()).unwrap();
    assert_eq!(folders(), [image.folder()]);
    let words = ["nc.openbsd", "-h"].map(str::to_owned);
    assert!(image.run(&words).unwrap().status.success());
    assert_eq!(std::fs::read("/var/lib/dpkg/status").unwrap(), status);
    std::fs::remove_dir_all(&site.cache).unwrap();
}

#[test]
#[ignore = "the other process of the test above"]
fn helper_builds_an_image() {
    if std::env::var("TWIN_NAME").is_ok() {
        Image::ensure(&own_cache(), &["netcat-openbsd"], &mut |_| ()).unwrap();
    }
}
