//! What stands on a machine: names of users, paths, modes, keys, versions.

use super::{Value, Wrong, unexpected};
use crate::names::Names;
use serde::Serialize;
use toml::de::DeValue;

/// The text of a value that passes `fine`.
fn text<T: Value>(value: &DeValue<'_>, fine: impl Fn(&str) -> bool) -> Result<String, Wrong> {
    let text = value.as_str().filter(|text| fine(text));
    text.map(str::to_owned).ok_or_else(|| unexpected::<T>(value))
}

pub(super) fn alphanumeric_or(text: &str, more: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
}

/// The name of a user or group, as Debian takes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct AccountName(pub String);

impl AccountName {
    /// Can this be the name of a user or group?
    pub(crate) fn is_fine(name: &str) -> bool {
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        (1..=32).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && name.chars().all(fine)
    }
}

impl Value for AccountName {
    fn expects() -> String {
        "the name of a user or group: 1 to 32 lower-case letters, digits, `_` and `-`".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        text::<Self>(value, Self::is_fine).map(Self)
    }
}

/// An absolute path without detours, of characters that mean nothing to shells and to systemd.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct AbsolutePath(pub String);

impl Value for AbsolutePath {
    fn expects() -> String {
        "an absolute path such as \"/srv/www\", of letters, digits and `-_.+@/`".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        let plain = |part: &str| alphanumeric_or(part, "-_.+@") && part != "." && part != "..";
        let fine = |path: &str| {
            path.len() <= 200
                && path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(plain))
        };
        text::<Self>(value, fine).map(Self)
    }
}

/// Permission bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct FileMode(pub u32);

impl Value for FileMode {
    fn expects() -> String {
        "permission bits in quotes such as \"0755\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        let fine =
            |text: &str| matches!(text.len(), 3 | 4) && text.bytes().all(|b| b.is_ascii_digit());
        let text = text::<Self>(value, fine)?;
        u32::from_str_radix(&text, 8).map(Self).map_err(|_| unexpected::<Self>(value))
    }
}

/// A public key that lets somebody in: one line of `authorized_keys`, with its options if it has any.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct SshKey(pub String);

/// The kinds of keys that OpenSSH 9.2 takes, but DSA.
const SSH_KEYS: [&str; 7] = [
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-rsa",
];

impl Value for SshKey {
    fn expects() -> String {
        "a public key as in ~/.ssh/id_ed25519.pub: \"ssh-ed25519 AAAA… name\"".into()
    }
    fn read(value: &DeValue<'_>, names: &Names) -> Result<Self, Wrong> {
        let text = value.as_str().unwrap_or_default().trim();
        if text.contains("PRIVATE KEY") {
            // It is not repeated: whoever reads the message would have it.
            return Err(Wrong {
                code: crate::finding::UNQUOTED,
                says: format!("expected {}, found a private key", Self::expects()),
                hint: Some(
                    "it is no secret any more: make a new pair, and declare its .pub".into(),
                ),
            });
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let key = words.windows(2).find_map(|pair| match pair {
            [kind, key] if SSH_KEYS.contains(kind) => Some(*key),
            _ => None,
        });
        let whole =
            |key: &str| key.len() >= 48 && key.starts_with("AAAA") && alphanumeric_or(key, "+/=");
        if !key.is_some_and(whole) {
            return Err(unexpected::<Self>(value));
        }
        // One line, without control characters, as any text.
        String::read(value, names).map(|text| Self(text.trim().to_owned()))
    }
}

/// The version of a Debian package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct DebianVersion(pub String);

impl Value for DebianVersion {
    fn expects() -> String {
        "a version as `apt-cache policy` shows it, such as \"2.0.12-7\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        let fine = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_digit()) && alphanumeric_or(text, ".+-~:")
        };
        text::<Self>(value, fine).map(Self)
    }
}

/// The name of a Debian package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct PackageName(pub String);

impl Value for PackageName {
    fn expects() -> String {
        "the name of a Debian package such as \"bird2\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        let fine = |text: &str| {
            let small = text.chars().all(|c| !c.is_ascii_uppercase());
            small && !text.starts_with(['-', '+', '.']) && alphanumeric_or(text, "-+.")
        };
        text::<Self>(value, fine).map(Self)
    }
}

/// Where a repository of packages is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct RepositoryUrl(pub String);

impl Value for RepositoryUrl {
    fn expects() -> String {
        "the address of a repository such as \"https://deb.example.net/debian\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        let fine = |url: &str| {
            let rest = ["https://", "http://", "file:/"].iter().find_map(|s| url.strip_prefix(s));
            rest.is_some_and(|rest| alphanumeric_or(rest, "-_.~:/[]@+"))
        };
        text::<Self>(value, fine).map(Self)
    }
}

/// A word of a repository: its suite, or one of its components.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct SuiteName(pub String);

impl Value for SuiteName {
    fn expects() -> String {
        "a suite or component such as \"bookworm\", \"stable/\" or \"main\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        text::<Self>(value, |word| alphanumeric_or(word, "-_./")).map(Self)
    }
}

/// An `OpenPGP` public key in its armour, of several lines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct ArmoredKey(pub String);

impl Value for ArmoredKey {
    fn expects() -> String {
        "a key between \"\"\" and \"\"\" that begins with -----BEGIN PGP PUBLIC KEY BLOCK-----"
            .into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        let lines = |text: &str| -> Vec<String> {
            text.trim().lines().map(|line| line.trim().to_owned()).collect()
        };
        let fine = |text: &str| {
            let lines = lines(text);
            let first = lines.first().is_some_and(|l| l == "-----BEGIN PGP PUBLIC KEY BLOCK-----");
            let last = lines.last().is_some_and(|l| l == "-----END PGP PUBLIC KEY BLOCK-----");
            let plain = |line: &String| line.is_empty() || alphanumeric_or(line, "+/=-:. ()@<>");
            first && last && lines.iter().all(plain)
        };
        let armored = text::<Self>(value, fine)?;
        Ok(Self(lines(&armored).join("\n") + "\n"))
    }
}

/// When a timer runs out, as systemd.time(7) writes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct CalendarEvent(pub String);

impl Value for CalendarEvent {
    fn expects() -> String {
        "a calendar event such as \"daily\", \"Mon 03:00\" or \"*-*-* 04:10:00\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        text::<Self>(value, |event| alphanumeric_or(event, " *-:/,.~")).map(Self)
    }
}

/// A command without a shell: a program's path and its words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct CommandLine(pub String);

impl Value for CommandLine {
    fn expects() -> String {
        "a command without a shell: a program's path, then words of letters, digits and `-_.+@/:=,`"
            .into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        let fine = |command: &str| {
            command.starts_with('/') && command.split(' ').all(|w| alphanumeric_or(w, "-_.+@/:=,"))
        };
        text::<Self>(value, fine).map(Self)
    }
}

/// A service of systemd, by its full name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct ServiceUnit(pub String);

impl Value for ServiceUnit {
    fn expects() -> String {
        "a service of systemd such as \"borgmatic.service\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        let fine = |unit: &str| {
            let name = unit.strip_suffix(".service");
            unit.len() <= 200 && name.is_some_and(|name| alphanumeric_or(name, "-_.@:"))
        };
        text::<Self>(value, fine).map(Self)
    }
}

/// What is mounted: a device, `LABEL=` or `UUID=`, `host:/path`, or `tmpfs`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct MountSource(pub String);

impl Value for MountSource {
    fn expects() -> String {
        "what is mounted, such as \"/dev/vdb1\", \"LABEL=data\", \"nas:/export\" or \"tmpfs\""
            .into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        text::<Self>(value, |source| alphanumeric_or(source, "-_./:=[]+@")).map(Self)
    }
}

/// One option of a mount.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct MountOption(pub String);

impl Value for MountOption {
    fn expects() -> String {
        "an option such as \"noatime\" or \"size=64M\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        text::<Self>(value, |option| alphanumeric_or(option, "-_./:=+@")).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::super::said;

    const BLOB: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIPVEm7Qh8pCWyDtD5qZJ8hJxX3sWvNh9sVb4kq3mM1yX";

    #[test]
    fn takes_public_keys_with_options_and_nothing_else() {
        let key = |line: &str| said(&format!("[account.alice]\nkeys = ['{line}']"));
        for fine in [
            format!("ssh-ed25519 {BLOB} alice"),
            format!("from=\"10.0.0.0/8\",command=\"/bin/date -u\" ssh-ed25519 {BLOB}"),
            format!("sk-ssh-ed25519@openssh.com {BLOB} token"),
        ] {
            assert_eq!(key(&fine), "", "{fine}");
        }
        for wrong in ["", "alice", "ssh-dss AAAA", "ssh-ed25519", "ssh-ed25519 AAAA", BLOB] {
            assert!(key(wrong).contains("expected a public key"), "{wrong}: {}", key(wrong));
        }
        let two = said(&format!("[account.alice]\nkeys = [\"ssh-ed25519 {BLOB}\\nssh-rsa AAAA\"]"));
        assert!(!two.is_empty());
    }

    #[test]
    fn a_private_key_is_refused_and_not_repeated() {
        let lines = "[account.alice]\nkeys = ['-----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNz']";
        let says = said(lines);
        assert!(says.contains("found a private key") && !says.contains("b3BlbnNz"), "{says}");
    }

    #[test]
    fn a_service_of_systemd_has_its_full_name_and_no_path() {
        let refused = |unit: &str| {
            let says = said(&format!("[backup.x]\nunit = '{unit}'"));
            says.contains("a service of systemd such as")
        };
        for wrong in
            ["borg", ".service", "borg.timer", "../borg.service", "a b.service", "%i.service"]
        {
            assert!(refused(wrong), "{wrong}");
        }
        assert!(!refused("borgmatic.service") && !refused("borg@home.service"));
    }

    #[test]
    fn what_becomes_part_of_a_line_or_a_command_is_plain() {
        for wrong in [
            "[account.alice]\nshell = '/bin/sh:x'",
            "[account.alice]\nhome = '/home/../etc'",
            "[account.1a]",
            "[account.alice]\ngroups = ['a,b']",
            "[account.bot]\nsystem = true\nkeys = ['ssh-ed25519 AAAA']",
            "[directory.x]\npath = 'srv'",
            "[directory.x]\npath = '/srv'\nmode = '0999'",
            "[package.x]\nversion = '-1'",
            "[package.x]\npackage = '--purge'",
            "[repository.x]\nurl = 'http://a b/'\nsuite = 's'\nkey = 'k'",
            "[mount.x]\npath = '/srv/%h'\nwhat = 'tmpfs'",
            "[timer.x]\nwhen = 'daily\\nUser=root'\ncommand = '/bin/true'",
            "[timer.x]\nwhen = 'daily'\ncommand = '/bin/sh -c \"rm\"'",
            "[timer.x]\nwhen = 'daily'\ncommand = 'true'",
            "[link.x]\npath = '/a b'\nto = '/x'",
        ] {
            assert_ne!(said(wrong), "", "{wrong}");
        }
    }
}
