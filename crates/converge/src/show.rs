//! A plan for people and for programs: text, Markdown, JSON. Secrets stay marks.

use std::fmt::{self, Write as _};

use host::wire::Entry;
use serde::Serialize;
use similar::TextDiff;

use crate::accounts;
use crate::packages;
use crate::places::{self, LinkChange};
use crate::plan::{FileAct, FileChange, Plan};
use crate::units::{UnitAct, UnitChange};

impl fmt::Display for Plan {
    /// The plan as the operator reads it, with a diff of every file.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}: {}", self.host, self.summary())?;
        for file in &self.files {
            writeln!(out, "  {}", file.headline())?;
            for line in file.diff().lines() {
                writeln!(out, "    {line}")?;
            }
        }
        self.lines().iter().try_for_each(|line| writeln!(out, "  {line}"))
    }
}

impl Plan {
    /// One line: what changes, in numbers.
    pub fn summary(&self) -> String {
        let units = self.units.iter().filter(|unit| unit.act != UnitAct::Leave).count();
        let counts = [
            (self.packages.len(), "package"),
            (self.holds.len(), "hold"),
            (self.groups.len(), "group"),
            (self.users.len(), "user"),
            (self.directories.len(), "directory"),
            (self.files.len(), "file"),
            (self.links.len(), "link"),
            (self.forgets.len(), "thing to forget"),
            (units, "unit"),
            (self.adopts.len(), "adoption"),
            (self.obstacles.len(), "obstacle"),
        ];
        let parts: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| counted(*count, what))
            .collect();
        if parts.is_empty() { "as desired".into() } else { parts.join(", ") }
    }

    /// The plan as a Markdown section.
    pub fn markdown(&self) -> String {
        let mut text = format!("## {}: {}\n", self.host, self.summary());
        for file in &self.files {
            let diff = file.diff();
            let fence = fence(&diff);
            // Writing to a string cannot fail.
            let _ok = write!(text, "\n{}\n", file.headline());
            if !diff.is_empty() {
                let _ok = write!(text, "\n{fence}diff\n{diff}{fence}\n");
            }
        }
        let lines = self.lines();
        if !lines.is_empty() {
            text.push('\n');
        }
        for line in lines {
            let _ok = writeln!(text, "- {line}");
        }
        text
    }

    /// The plan as JSON, for programs.
    pub fn json(&self) -> String {
        let view = View {
            host: &self.host,
            empty: self.is_empty(),
            packages: &self.packages,
            holds: self.holds.iter().map(packages::hold_line).collect(),
            groups: self.groups.iter().map(accounts::group_line).collect(),
            users: self.users.iter().map(accounts::user_line).collect(),
            directories: self.directories.iter().map(places::directory_line).collect(),
            links: self.links.iter().map(LinkChange::line).collect(),
            forgets: &self.forgets,
            files: self.files.iter().map(FileView::of).collect(),
            units: self.units.iter().map(UnitView::of).collect(),
            adopts: &self.adopts,
            checks: self.checks.iter().map(|check| check.command.as_slice()).collect(),
            probes: self.probes.iter().map(|probe| probe.name.as_str()).collect(),
            obstacles: self
                .obstacles
                .iter()
                .map(|one| format!("{}: {}", one.about, one.why))
                .collect(),
            interruption: self.interruption.as_deref(),
            cuts_off: self.cuts_off,
        };
        serde_json::to_string_pretty(&view).expect("a view of strings and lists is always JSON")
    }

    /// Everything but the files.
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        lines.extend(self.interruption.clone());
        lines.extend(
            self.obstacles.iter().map(|one| format!("OBSTACLE {}: {}", one.about, one.why)),
        );
        lines.extend(self.packages.iter().map(|name| format!("install {name}")));
        lines.extend(self.holds.iter().map(packages::hold_line));
        lines.extend(self.groups.iter().map(accounts::group_line));
        lines.extend(self.users.iter().map(accounts::user_line));
        lines.extend(self.directories.iter().map(places::directory_line));
        lines.extend(self.links.iter().map(LinkChange::line));
        lines.extend(self.forgets.iter().cloned());
        lines.extend(self.units.iter().filter_map(UnitChange::line));
        lines.extend(self.adopts.iter().map(|name| format!("adopt {name}, it is as desired")));
        for check in &self.checks {
            lines.push(format!("check {}: {}", check.component, check.command.join(" ")));
        }
        for probe in &self.probes {
            lines.push(format!("probe \"{}\" within {} s", probe.name, probe.within_s));
        }
        lines
    }
}

/// "1 file", "2 files", "3 directories".
fn counted(count: usize, what: &str) -> String {
    match (count, what.split_once(' '), what.strip_suffix('y')) {
        (1, _, _) => format!("1 {what}"),
        (_, Some((thing, rest)), _) => format!("{count} {thing}s {rest}"),
        (_, None, Some(stem)) => format!("{count} {stem}ies"),
        (_, None, None) => format!("{count} {what}s"),
    }
}

impl UnitChange {
    fn line(&self) -> Option<String> {
        let boot = match (self.act, self.boot) {
            (UnitAct::Leave, _) => return None,
            (UnitAct::Start | UnitAct::Reload | UnitAct::Restart, host::wire::Boot::Enable) => {
                " and enable"
            }
            _ => "",
        };
        Some(format!("{}{boot} {}, {}", self.act.word(), self.name, self.why))
    }
}

impl FileChange {
    /// What happens to the file, in one line.
    pub fn headline(&self) -> String {
        let mut line = format!("{} {}", self.act.word(), self.path);
        if let Some(attributes) = self.attributes() {
            let _ok = write!(line, " ({attributes})");
        }
        if let Entry::Link { to } = &self.was {
            let _ok = write!(line, ", a link to {to} until now");
        }
        if self.by_hand {
            line.push_str(", changed by hand since Ketupa wrote it");
        }
        line
    }

    /// `root:bird 0640`, or what becomes of it where it changes.
    fn attributes(&self) -> Option<String> {
        let file = self.desired.as_ref()?;
        let new = format!("{}:{} {:04o}", file.owner, file.group, file.mode);
        let Entry::File(found) = &self.was else { return Some(new) };
        let old = format!("{}:{} {:04o}", found.owner, found.group, found.mode);
        (old != new).then(|| format!("{old} -> {new}"))
    }

    /// The change as a unified diff of texts with marks; empty when the text stays or goes.
    pub fn diff(&self) -> String {
        let Some(file) = &self.desired else { return String::new() };
        if self.act == FileAct::Permissions {
            return String::new();
        }
        if let Some(name) = file.program_name() {
            return self.program(name);
        }
        let (before, from) = match &self.was {
            Entry::File(found) => match &found.text {
                Some(text) => (text.as_str(), self.path.as_str()),
                None => return "what stands there is no text, or too long to show\n".into(),
            },
            Entry::Absent
            | Entry::Link { .. }
            | Entry::Directory(_)
            | Entry::Other { .. }
            | Entry::Unreadable { .. } => ("", "/dev/null"),
        };
        if before == file.text {
            return "only what is not shown differs: a secret or a line's end\n".into();
        }
        let diff = TextDiff::from_lines(before, &file.text);
        diff.unified_diff().context_radius(3).header(from, &self.path).to_string()
    }
}

impl FileChange {
    /// A program is told by its hashes.
    fn program(&self, name: &str) -> String {
        let short = |hash: &str| hash.chars().take(12).collect::<String>();
        let new = self.hash.as_deref().map(short).unwrap_or_default();
        match &self.was {
            Entry::File(found) => {
                format!("the program {name}: binary, {} -> {new}\n", short(&found.hash))
            }
            Entry::Absent
            | Entry::Link { .. }
            | Entry::Directory(_)
            | Entry::Other { .. }
            | Entry::Unreadable { .. } => format!("the program {name}: binary, {new}\n"),
        }
    }
}

impl FileAct {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change => "change",
            Self::Permissions => "change the permissions of",
            Self::Remove => "remove",
        }
    }
}

/// A fence longer than any that the text holds.
fn fence(text: &str) -> String {
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    fence
}

#[derive(Serialize)]
struct View<'a> {
    host: &'a str,
    empty: bool,
    packages: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    holds: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    users: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    directories: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    forgets: &'a [String],
    files: Vec<FileView<'a>>,
    units: Vec<UnitView<'a>>,
    adopts: &'a [String],
    checks: Vec<&'a [String]>,
    probes: Vec<&'a str>,
    obstacles: Vec<String>,
    interruption: Option<&'a str>,
    cuts_off: bool,
}

#[derive(Serialize)]
struct FileView<'a> {
    path: &'a str,
    act: &'a str,
    attributes: Option<String>,
    by_hand: bool,
    diff: String,
}

impl<'a> FileView<'a> {
    fn of(file: &'a FileChange) -> Self {
        let act = match file.act {
            FileAct::Permissions => "permissions",
            FileAct::Create | FileAct::Change | FileAct::Remove => file.act.word(),
        };
        Self {
            path: &file.path,
            act,
            attributes: file.attributes(),
            by_hand: file.by_hand,
            diff: file.diff(),
        }
    }
}

#[derive(Serialize)]
struct UnitView<'a> {
    name: &'a str,
    act: &'a str,
    why: &'a str,
}

impl<'a> UnitView<'a> {
    fn of(unit: &'a UnitChange) -> Self {
        Self { name: &unit.name, act: unit.act.word(), why: &unit.why }
    }
}
