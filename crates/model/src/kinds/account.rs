//! Who may log in to hosts, and the groups there.

use super::{Kind, On};
use crate::fields::{At, Fields};
use crate::finding::Finding;
use crate::table::Named;
use crate::value::{AbsolutePath, AccountName, SshKey};

/// A user on hosts: an operator, or a daemon that no package brings.
///
/// An operator's `authorized_keys` holds the declared keys and no others. A user that Ketupa made and
/// that is no longer declared is shut out, and keeps its home; one that was there before is left alone.
///
/// ```toml
/// [account.alice]
/// description = "Alice, network team"
/// uid    = 2001
/// groups = ["sudo"]
/// keys   = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPVEm7Qh8pCWyDtD5qZJ8hJxX3sWvNh9sVb4kq3mM1yX alice"]
/// on     = ["role.edge", "wiki-01"]
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name on hosts.
    pub name: String,
    /// Who or what it is: the comment field of `/etc/passwd`.
    pub description: Option<String>,
    /// Its number, the same on every host. Default: what the host gives it.
    pub uid: Option<u32>,
    /// Whether it is a daemon's: a low number, and nobody logs in. Default: false.
    pub system: bool,
    /// Its home directory. Default: `/home/NAME`, `/root` for root, `/nonexistent` for a daemon's.
    pub home: AbsolutePath,
    /// Its shell. Default: `/bin/bash`, `/usr/sbin/nologin` for a daemon's.
    pub shell: AbsolutePath,
    /// All groups that it is in besides its own: those of `[group.NAME]`, or of Debian.
    pub groups: Vec<AccountName>,
    /// The keys that let it in, as lines of `authorized_keys`, options included.
    pub keys: Vec<SshKey>,
    /// Where it is: hosts, or roles as `role.edge`. Default: on every host that Ketupa configures.
    pub on: Vec<On>,
    /// Where it is declared.
    pub at: At,
}

impl Named for Account {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Account {
    const KIND: &'static str = "account";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        check(name, fields);
        let system = fields.or("system", false);
        let (home, shell) = match (name, system) {
            ("root", _) => ("/root".to_owned(), "/bin/bash"),
            (_, true) => ("/nonexistent".to_owned(), "/usr/sbin/nologin"),
            (name, false) => (format!("/home/{name}"), "/bin/bash"),
        };
        let homeless = system && !fields.at().has("home");
        if homeless && fields.at().has("keys") {
            let says = format!("{} has keys, but no home to keep them in", fields.at().key);
            let finding = Finding::error("M-VALUE", fields.at().field("keys"), says);
            fields.finding(finding.hint("give it a `home`, or leave `system` out for a person"));
        }
        Self {
            name: name.to_owned(),
            description: fields.get("description"),
            uid: fields.get("uid"),
            system,
            home: fields.or("home", AbsolutePath(home)),
            shell: fields.or("shell", AbsolutePath(shell.to_owned())),
            groups: fields.list("groups"),
            keys: fields.list("keys"),
            on: fields.list("on"),
            at: fields.at(),
        }
    }
}

/// A group on hosts.
///
/// It is made where it is missing, and stays when it is no longer declared: files may belong to it.
///
/// ```toml
/// [group.network]
/// gid = 3000
/// on  = ["role.edge"]
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name on hosts.
    pub name: String,
    /// Its number, the same on every host. Default: what the host gives it.
    pub gid: Option<u32>,
    /// Where it is: hosts, or roles as `role.edge`. Default: on every host that Ketupa configures.
    pub on: Vec<On>,
    /// Where it is declared.
    pub at: At,
}

impl Named for Group {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Group {
    const KIND: &'static str = "group";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        check(name, fields);
        Self {
            name: name.to_owned(),
            gid: fields.get("gid"),
            on: fields.list("on"),
            at: fields.at(),
        }
    }
}

/// Names in headers may begin with a digit and be longer than those of users.
fn check(name: &str, fields: &Fields<'_>) {
    if !AccountName::is_fine(name) {
        let says = format!("`{name}` cannot be the name of a user or group");
        let hint = "1 to 32 lower-case letters, digits and `-`, starting with a letter";
        fields.finding(Finding::error("M-NAME", fields.at().place, says).hint(hint));
    }
}
