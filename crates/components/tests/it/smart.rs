//! The line that asks disks, as systemd gives it to a shell; a stand-in answers, because no disk here has SMART.
#![expect(clippy::disallowed_methods, reason = "this test runs a shell and reads what it wrote")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

const UNIT: &str = include_str!(
    "../../src/agent/cases/a-server-elsewhere-and-every-daemon/edge-01/etc/systemd/system/ketupa-agent-smart.service"
);
/// Two disks that are asked, one of them with a trouble that its status tells, and one that does not open.
const SMARTCTL: &str = r#"#!/bin/sh
case $1 in
--scan-open)
    echo '/dev/sda -d sat # /dev/sda [SAT], ATA device'
    echo '# /dev/sdb -d scsi # /dev/sdb, SCSI device, open failed: no medium'
    echo '/dev/bus/0 -d megaraid,7 # /dev/bus/0 [megaraid_disk_07], SCSI device' ;;
*) echo "{\"asked\": \"$*\"}"; exit 4 ;;
esac
"#;

/// The shell's line of a unit: continued lines are one, and a dollar is written twice.
fn line() -> String {
    let unit = UNIT.replace("\\\n", " ");
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/bin/sh -euc '"));
    line.and_then(|line| line.strip_suffix('\'')).expect("a shell's line").replace("$$", "$")
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).expect("it is there").flatten();
    let mut names: Vec<String> =
        names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn each_disk_has_its_file_and_one_that_is_pulled_has_none_any_more() {
    let folder = std::env::temp_dir().join(format!("ketupa-smart-{}", std::process::id()));
    let (programs, answers) = (folder.join("bin"), folder.join("answers"));
    fs::create_dir_all(&programs).expect("it is made");
    fs::create_dir_all(&answers).expect("it is made");
    let smartctl = programs.join("smartctl");
    fs::write(&smartctl, SMARTCTL).expect("it is written");
    fs::set_permissions(&smartctl, fs::Permissions::from_mode(0o755)).expect("it is ours");
    fs::write(answers.join("sdc-sat.json"), "{}").expect("it is written");
    // One that was asked a while ago.
    let mut touch = Command::new("touch");
    touch.args(["--date=-1hour", "sdc-sat.json"]).current_dir(&answers);
    assert!(touch.status().expect("it runs").success());

    let path = format!("{}:/usr/bin:/bin", programs.display());
    let mut shell = Command::new("/bin/sh");
    shell.args(["-euc", &line()]).env("PATH", path).current_dir(&answers);
    assert!(shell.status().expect("it runs").success());
    assert_eq!(names(&answers), ["0-megaraid,7.json", "begun", "sda-sat.json"]);
    let said = fs::read_to_string(answers.join("0-megaraid,7.json")).expect("it is there");
    let asked = "--json=c --all --device=megaraid,7 /dev/bus/0";
    assert_eq!(said, format!("{{\"asked\": \"{asked}\"}}\n"));
    fs::remove_dir_all(folder).expect("it is there");
}
