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
