//! Debian's own programs read what is rendered for users, packages and units.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "this test starts real checkers, and ends where one surprises it"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The golden files of a component whose names end so.
fn kept(component: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![crate::folder(component).join("cases")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            let named = path.to_string_lossy().ends_with(ending);
            if path.is_dir() {
                folders.push(path);
            } else if named {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "{component} renders no *{ending}");
    found
}

/// What a program prints; it must succeed.
fn says(program: &str, words: &[&str], file: &Path) -> String {
    let output = Command::new(program).args(words).arg(file).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(output.status.success(), "{program} {}: {said}", file.display());
    said
}

#[test]
fn openssh_knows_every_key() {
    for file in kept("accounts", "authorized_keys") {
        let keys = std::fs::read_to_string(&file).unwrap();
        let keys = keys.lines().filter(|line| line.contains("ssh-")).count();
        let known = says("ssh-keygen", &["-l", "-f"], &file).matches("SHA256:").count();
        assert_eq!(known, keys, "{}", file.display());
    }
}

#[test]
fn systemd_accepts_every_unit_under_its_name() {
    for file in [kept("local", ".mount"), kept("local", ".timer")].concat() {
        assert_eq!(says("systemd-analyze", &["verify", "--man=no"], &file), "");
    }
    for file in kept("local", ".mount") {
        let text = std::fs::read_to_string(&file).unwrap();
        let path = text.lines().find_map(|line| line.strip_prefix("Where=")).unwrap();
        let name = says("systemd-escape", &["--path", "--suffix=mount"], Path::new(path));
        assert_eq!(name.trim(), file.file_name().unwrap().to_string_lossy());
    }
}

#[test]
fn apt_reads_every_repository() {
    for file in kept("apt", ".sources") {
        let list = format!("Dir::Etc::SourceList={}", file.display());
        let words = ["-o", &list, "-o", "Dir::Etc::SourceParts=-", "update", "--print-uris"];
        let output = Command::new("apt-get").args(words).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let said = said + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("/InRelease'"), "{said}");
    }
}
