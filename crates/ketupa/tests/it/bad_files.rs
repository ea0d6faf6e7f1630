//! Directories that are no ISP: each gets a clear answer, soon, with little memory.

use crate::run::{Folder, Ran, ketupa};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::process::Command;

const VERBS: [&str; 4] = ["check", "cost", "map", "render"];

/// A valid file beside the bad one: it must not be lost.
const GOOD: &str = "[isp]\nname = \"A\"\nasn = 64500\ndomain = \"isp.example\"\n";

fn beside(name: &str) -> Folder {
    Folder::with(name, &[("good.toml", GOOD.as_bytes())])
}

/// Every command that reads an ISP says the same of it.
fn refused(folder: &Folder, says: &[&str]) {
    for verb in VERBS {
        folder.ketupa(verb).ends(1, says);
    }
}

#[test]
fn an_empty_directory_says_where_to_start() {
    refused(&Folder::new("empty"), &["M-EMPTY", "start from examples/minimal"]);
}

#[test]
fn what_is_not_there_or_no_directory_is_named() {
    let folder = beside("nowhere");
    for verb in VERBS {
        let nowhere = folder.path().join("nowhere").display().to_string();
        ketupa(&[verb, &nowhere])
            .ends(3, &["cannot open", "nowhere: No such file", "*.toml files"]);
        let file = folder.path().join("good.toml").display().to_string();
        ketupa(&[verb, &file])
            .ends(3, &["cannot open", "good.toml: Not a directory", "directory that holds it"]);
    }
}

#[test]
fn a_hundred_megabytes_are_refused_and_not_read() {
    let folder = beside("large");
    let file = fs::File::create(folder.path().join("dump.toml")).expect("make a file");
    file.set_len(100_000_000).expect("make it large");
    refused(&folder, &["M-FILE", "dump.toml", "100000000 bytes are too many", "right file?"]);
}

#[test]
fn many_large_files_are_refused_together() {
    let folder = beside("together");
    let comments = "# nothing\n".repeat(400_000);
    for number in 0..40 {
        folder.write(&format!("{number}.toml"), comments.as_bytes());
    }
    refused(&folder, &["M-FILE", "at most", "of all files together"]);
}

#[test]
fn bytes_that_are_no_text_are_named_with_their_line() {
    let folder = beside("latin");
    folder.write("latin.toml", b"# one\n# two\ncity = \"Li\xe8ge\"\n");
    refused(&folder, &["M-FILE", "latin.toml:3: not valid UTF-8"]);
}

#[test]
fn pipes_sockets_and_devices_are_never_opened() {
    let folder = beside("odd");
    let pipe = Command::new("mkfifo").arg(folder.path().join("pipe.toml")).status();
    assert!(pipe.expect("run mkfifo").success());
    let socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket.toml"));
    symlink("/dev/zero", folder.path().join("zero.toml")).expect("make a link");
    symlink("/dev/stdin", folder.path().join("stdin.toml")).expect("make a link");
    refused(
        &folder,
        &[
            "pipe.toml: cannot be read: it is not a regular file",
            "socket.toml: cannot be read: it is not a regular file",
            "zero.toml: cannot be read: it is not a regular file",
            "stdin.toml: cannot be read: it is not a regular file",
        ],
    );
    drop(socket);
}

#[test]
fn a_template_that_is_a_pipe_or_huge_is_never_read() {
    let folder = Folder::example("pipe-template", "minimal");
    fs::create_dir_all(folder.path().join("templates/bird")).expect("make a folder");
    let path = folder.path().join("templates/bird/bird.conf.j2");
    assert!(Command::new("mkfifo").arg(&path).status().expect("run mkfifo").success());
    folder.ketupa("render").ends(3, &["bird.conf.j2: it is not a regular file"]);
    fs::remove_file(&path).expect("take the pipe away");
    let file = fs::File::create(&path).expect("make a file");
    file.set_len(3_000_000_000).expect("make it large");
    folder.ketupa("render").ends(3, &["bird.conf.j2", "too large"]);
}

#[test]
fn links_that_lead_nowhere_or_in_circles_are_named() {
    let folder = beside("links");
    symlink("gone.toml", folder.path().join("dangling.toml")).expect("make a link");
    symlink("circle.toml", folder.path().join("circle.toml")).expect("make a link");
    symlink(".", folder.path().join("folder")).expect("make a link");
    symlink(".", folder.path().join("folder.toml")).expect("make a link");
    refused(
        &folder,
        &[
            "dangling.toml: cannot be read: No such file",
            "circle.toml: cannot be read: Too many levels of symbolic links",
            "folder.toml: cannot be read: it is not a regular file",
        ],
    );
}

#[test]
fn a_link_to_a_file_is_read() {
    let folder = Folder::example("linked", "minimal");
    fs::rename(folder.path().join("isp.toml"), folder.path().join("real")).expect("rename");
    symlink("real", folder.path().join("isp.toml")).expect("make a link");
    folder.ketupa("check").ends(0, &["1 file: 0 errors"]);
}

#[test]
fn a_folder_named_like_a_file_is_a_folder() {
    let folder = Folder::new("named");
    folder.write("x.toml/isp.toml", GOOD.as_bytes());
    folder.ketupa("cost").ends(0, &["total"]);
}

#[test]
fn a_file_that_may_not_be_read_is_named() {
    let folder = beside("forbidden");
    folder.write("secret.toml", b"");
    folder.write("closed/isp.toml", b"");
    let close = |path: &str, mode: u32| {
        use std::os::unix::fs::PermissionsExt as _;
        let path = folder.path().join(path);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("change a mode");
    };
    close("secret.toml", 0);
    without_rights(&folder).ends(1, &["secret.toml: cannot be read: Permission denied"]);
    close("closed", 0);
    without_rights(&folder).ends(3, &["cannot open", "closed: Permission denied"]);
    close("closed", 0o755);
}

/// The check as it is for everybody but root.
fn without_rights(folder: &Folder) -> Ran {
    if !fs::read("/etc/shadow").is_ok_and(|bytes| !bytes.is_empty()) {
        return folder.ketupa("check");
    }
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]);
    command.args([crate::run::KETUPA, "check", folder.text()]);
    command.output().expect("run setpriv").into()
}

#[test]
fn names_that_are_no_text_are_shown_as_well_as_may_be() {
    let folder = beside("names");
    let odd = folder.path().join(OsStr::from_bytes(b"caf\xe9 \x1b[31m.toml"));
    fs::write(&odd, "[host.x]\nrule = 1\n").expect("write a file");
    for verb in VERBS {
        let ran = folder.ketupa(verb).ends(1, &["caf\u{fffd}", "did you mean `role`?"]);
        assert!(!ran.out.contains('\x1b') && !ran.err.contains('\x1b'), "{}", ran.out);
    }
    ketupa(&["check", "--format", "json", folder.text()]).ends(1, &[]).json();
}

#[test]
fn a_whole_file_system_is_not_walked() {
    let folder = beside("many");
    for number in 0..10_001 {
        folder.write(&format!("{}/{number}.toml", number / 1000), b"");
    }
    folder.ketupa("check").ends(3, &["more than 10000 files", "directory of one ISP?"]);
    let folder = beside("deep");
    let deep = "d/".repeat(1500);
    folder.write(&format!("{deep}x.toml"), b"[hots.x]\n");
    folder.ketupa("check").ends(1, &["did you mean `host`?"]);
}
