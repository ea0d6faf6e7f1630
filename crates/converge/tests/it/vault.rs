//! The operator's own secrets.

use converge::{Keys, Vault as _};

#[test]
fn reads_the_environment() {
    let path = std::env::var("PATH").unwrap();
    assert_eq!(Keys::default().reveal("env:PATH").unwrap(), path);
}

#[test]
fn says_what_is_wrong_with_a_reference() {
    let why = |reference: &str| Keys::default().reveal(reference).unwrap_err().why;
    assert_eq!(why("env:KETUPA_NOT_SET"), "environment variable not found");
    assert_eq!(why("vault:x"), "secrets do not come from \"vault\"");
    for malformed in ["pass", "pass:", "pass:--help", ""] {
        assert_eq!(why(malformed), "a reference looks like pass:NAME, age:FILE or env:NAME");
    }
}

/// In a process of its own, whose `pass` and `age` are those of [`asks_pass_and_age`].
#[test]
#[ignore = "is a part of asks_pass_and_age"]
fn asking_process() {
    let keys = Keys::new(Some("/root/key".into()));
    assert_eq!(keys.reveal("pass:infra/bgp").unwrap(), "show -- infra/bgp");
    assert_eq!(
        keys.reveal("age:wg.age").unwrap(),
        "--decrypt --identity /root/key -- wg.age\nsecond line"
    );
    // The second time nobody is asked.
    keys.reveal("pass:infra/bgp").unwrap();
    let lack = keys.reveal("pass:lost").unwrap_err();
    assert_eq!(lack.why, "pass failed (exit status: 1): lost is not in the store");
    assert!(keys.reveal("pass:empty").unwrap_err().why.contains("it is empty"));
    assert!(!format!("{keys:?}").contains("infra"));
}

#[test]
fn asks_pass_and_age() {
    let programs = std::env::temp_dir().join(format!("ketupa-vault-{}", std::process::id()));
    std::fs::create_dir_all(&programs).unwrap();
    let pass = "#!/bin/sh\necho asked >>$(dirname $0)/asked\n\
                [ $3 = lost ] && { echo lost is not in the store >&2; exit 1; }\n\
                [ $3 = empty ] || echo \"$*\"\necho url: https://example.org\n";
    let empty = pass.replace("echo url", "[ $3 = empty ] && echo; echo url");
    for (name, text) in
        [("pass", empty.as_str()), ("age", "#!/bin/sh\necho \"$*\"\necho second line\n")]
    {
        std::fs::write(programs.join(name), text).unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(programs.join(name), executable).unwrap();
    }
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "vault::asking_process", "--ignored", "--nocapture"])
        .env("PATH", format!("{}:/usr/bin:/bin", programs.display()))
        .output()
        .unwrap();
    let asked = std::fs::read_to_string(programs.join("asked")).unwrap_or_default();
    std::fs::remove_dir_all(programs).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(asked.lines().count(), 3);
}
