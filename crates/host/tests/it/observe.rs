//! What the executor sees, and that it never takes unreadable for empty.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;

use host::wire::{Answer, Entry, Observe, Package, Request};

use crate::lab::{Lab, orders};
use crate::resources::rights;

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn sends_the_text_of_a_file_only_when_it_differs() {
    let lab = Lab::new();
    lab.put("/etc/same", "same");
    lab.put("/etc/other", "other");
    let hash = host::hash(b"same");
    let files = [("/etc/same".into(), hash.clone()), ("/etc/other".into(), hash)].into();
    let seen = lab.observe(Observe { files, ..Observe::default() });
    let text = |path: &str| {
        let Entry::File(file) = &seen.files[path] else { panic!() };
        file.text.clone()
    };
    assert_eq!(text("/etc/same"), None);
    assert_eq!(text("/etc/other"), Some("other".into()));
}

#[test]
fn absent_is_not_unreadable_is_not_a_directory() {
    let lab = Lab::new();
    lab.put("/etc/file", "x");
    fs::create_dir(lab.at("/etc/directory")).unwrap();
    symlink("circle", lab.at("/etc/circle")).unwrap();
    assert_eq!(lab.look("/etc/nothing"), Entry::Absent);
    assert_eq!(lab.look("/nowhere/nothing"), Entry::Absent);
    assert_eq!(lab.look("/etc/directory"), Entry::Directory(rights(0o755)));
    assert!(matches!(lab.look("/etc/file/below"), Entry::Unreadable { .. }));
    assert!(matches!(lab.look("/etc/circle/below"), Entry::Unreadable { .. }));
}

#[test]
fn knows_packages_from_dpkgs_list_and_says_when_it_cannot_read_it() {
    let lab = Lab::new();
    let packages = set(&["bird2", "haproxy", "nginx"]);
    let asked = Observe { packages, ..Observe::default() };
    assert!(lab.observe(asked.clone()).packages.is_err());
    lab.put(
        "/var/lib/dpkg/status",
        "Package: bird2\nStatus: install ok installed\nVersion: 2.0.12-7\n\nPackage: haproxy\n\
         Status: deinstall ok config-files\nVersion: 2.6\n\nPackage: nginx\n\
         Status: hold ok installed\nPriority: optional\nVersion: 1.22.1-9\n\n\
         Package: vim\nStatus: install ok installed\nVersion: 9\n",
    );
    let package = |version: &str, held| Package { version: version.into(), held };
    let expected = [("bird2", package("2.0.12-7", false)), ("nginx", package("1.22.1-9", true))];
    let expected = expected.map(|(name, package)| (name.to_owned(), package));
    assert_eq!(lab.observe(asked).packages, Ok(expected.into()));
}

#[test]
fn asks_for_all_units_at_once_and_says_when_systemctl_fails() {
    let lab = Lab::new();
    lab.unit("bird.service", "active", "enabled");
    let asked = Observe { units: set(&["bird.service", "other.service"]), ..Observe::default() };
    let units = lab.observe(asked.clone()).units.unwrap();
    assert!(units["bird.service"].runs() && units["bird.service"].is_enabled());
    assert_eq!(units["other.service"].load, "not-found");
    assert!(!units["other.service"].runs() && !units["other.service"].is_enabled());
    lab.program("systemctl", "#!/bin/sh\nexit 1\n");
    assert!(lab.observe(asked.clone()).units.is_err());
    lab.program("systemctl", "#!/bin/sh\necho ActiveState=active\n");
    assert!(lab.observe(asked).units.is_err());
}

#[test]
fn an_unreadable_manifest_is_an_error_and_not_a_host_without_files() {
    let lab = Lab::new();
    lab.apply(&orders(vec![lab.write("/etc/a", "a")]));
    assert_eq!(lab.observe(Observe::default()).files.len(), 1);
    lab.put("/var/lib/ketupa/manifest.json", "{ broken");
    assert!(lab.observe(Observe::default()).owned.is_err());
}

#[test]
fn reads_texts_on_request() {
    let lab = Lab::new();
    lab.put("/etc/a", "text");
    let request = Request::Read { paths: set(&["/etc/a", "/etc/b"]) };
    let Answer::Texts(texts) = host::answer(&lab.place(), &request) else { panic!() };
    let Entry::File(file) = &texts["/etc/a"] else { panic!() };
    assert_eq!(file.text.as_deref(), Some("text"));
    assert_eq!(texts["/etc/b"], Entry::Absent);
}

#[test]
fn tells_when_a_file_was_touched_and_a_package_taken_away() {
    let lab = Lab::new();
    lab.put("/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
    lab.put("/etc/a", "touched");
    lab.put(
        "/var/log/dpkg.log",
        "2026-11-20 10:00:00 remove bird2:amd64 2.0.12 <none>\n\
         2026-11-21 11:00:00 install bird2:amd64 <none> 2.0.12\n\
         2026-11-22 12:00:00 purge bird2:amd64 2.0.12 <none>\n\
         2026-11-23 13:00:00 remove other:all 1 <none>\n",
    );
    let request =
        Request::Trace { paths: set(&["/etc/a", "/etc/none"]), packages: set(&["bird2"]) };
    let Answer::Traced(known) = host::answer(&lab.place(), &request) else { panic!() };
    assert_eq!(known.keys().collect::<Vec<_>>(), ["/etc/a", "bird2"]);
    assert!(known["/etc/a"].ends_with("s ago, its owner is root"), "{known:?}");
    assert_eq!(known["bird2"], "removed by dpkg on 2026-11-22 at 12:00:00");
    let outside = Request::Trace { paths: set(&["/etc/../x"]), packages: set(&[]) };
    assert!(matches!(host::answer(&lab.place(), &outside), Answer::Refused { .. }));
}
