//! What a host has besides daemons: directories, links, mounts and timers.

use super::{Kind, On};
use crate::fields::{At, Fields};
use crate::table::Named;
use crate::value::{
    AbsolutePath, AccountName, CalendarEvent, CommandLine, FileMode, MountOption, MountSource,
};

/// A directory on hosts, with its owner and mode.
///
/// One that Ketupa made and that is no longer declared goes once it is empty.
///
/// ```toml
/// [directory.www]
/// path  = "/srv/www"
/// owner = "www-data"
/// group = "www-data"
/// mode  = "2775"
/// on    = ["wiki-01"]
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub path: AbsolutePath,
    /// Its owner. Default: `root`.
    pub owner: AccountName,
    /// Its group. Default: `root`.
    pub group: AccountName,
    /// Its permission bits. Default: `"0755"`.
    pub mode: FileMode,
    /// Where it is: hosts, or roles as `role.edge`. Default: on every host that Ketupa configures.
    pub on: Vec<On>,
    /// Where it is declared.
    pub at: At,
}

impl Named for Directory {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Directory {
    const KIND: &'static str = "directory";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            path: fields.need("path"),
            owner: fields.or("owner", AccountName("root".into())),
            group: fields.or("group", AccountName("root".into())),
            mode: fields.or("mode", FileMode(0o755)),
            on: fields.list("on"),
            at: fields.at(),
        }
    }
}

/// A symbolic link on hosts.
///
/// ```toml
/// [link.current]
/// path = "/srv/www/current"
/// to   = "/srv/www/releases/42"
/// on   = ["wiki-01"]
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub path: AbsolutePath,
    /// Where it points.
    pub to: AbsolutePath,
    /// Where it is: hosts, or roles as `role.edge`. Default: on every host that Ketupa configures.
    pub on: Vec<On>,
    /// Where it is declared.
    pub at: At,
}

impl Named for Link {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Link {
    const KIND: &'static str = "link";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            path: fields.need("path"),
            to: fields.need("to"),
            on: fields.list("on"),
            at: fields.at(),
        }
    }
}

/// A file system that hosts mount, as a unit of systemd: `/etc/fstab` is left alone.
///
/// ```toml
/// [mount.data]
/// path    = "/srv/data"
/// what    = "LABEL=data"
/// type    = "ext4"
/// options = ["noatime"]
/// on      = ["wiki-01"]
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Its name.
    pub name: String,
    /// Where it is mounted.
    pub path: AbsolutePath,
    /// What is mounted.
    pub what: MountSource,
    /// The type of the file system. Default: what the kernel finds out.
    pub r#type: Option<AccountName>,
    /// Its options. Default: none.
    pub options: Vec<MountOption>,
    /// Where it is: hosts, or roles as `role.edge`. Default: on every host that Ketupa configures.
    pub on: Vec<On>,
    /// Where it is declared.
    pub at: At,
}

impl Named for Mount {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Mount {
    const KIND: &'static str = "mount";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            path: fields.need("path"),
            what: fields.need("what"),
            r#type: fields.get("type"),
            options: fields.list("options"),
            on: fields.list("on"),
            at: fields.at(),
        }
    }
}

/// A command that hosts run again and again, as a timer of systemd.
///
/// ```toml
/// [timer.tidy]
/// description = "Sweeps up old drafts"
/// when        = "*-*-* 04:10:00"
/// command     = "/usr/bin/find /srv/www/drafts -mtime 30 -delete"
/// user        = "www-data"
/// on          = ["wiki-01"]
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// Its name; its units are `ketupa-NAME.timer` and `ketupa-NAME.service`.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// When it runs. A moment that was missed because the host was down is made up for.
    pub when: CalendarEvent,
    /// What runs.
    pub command: CommandLine,
    /// As whom. Default: `root`.
    pub user: AccountName,
    /// Where it is: hosts, or roles as `role.edge`. Default: on every host that Ketupa configures.
    pub on: Vec<On>,
    /// Where it is declared.
    pub at: At,
}

impl Named for Timer {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Timer {
    const KIND: &'static str = "timer";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            description: fields.get("description"),
            when: fields.need("when"),
            command: fields.need("command"),
            user: fields.or("user", AccountName("root".into())),
            on: fields.list("on"),
            at: fields.at(),
        }
    }
}
