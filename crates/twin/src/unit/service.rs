//! A service: what its unit file means to the first process of a host.

use std::time::Duration;

use crate::unit::command::{self, Exec};
use crate::unit::file::UnitFile;
use crate::unit::{span, words};

/// When a service counts as started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Simple,
    Exec,
    Forking,
    Oneshot,
    Notify,
}

/// When it is started again without being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Restart {
    No,
    Always,
    OnSuccess,
    OnFailure,
    OnAbnormal,
    OnAbort,
}

/// Which of its processes a stop ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KillMode {
    All,
    Mixed,
    Process,
    Nothing,
}

/// A folder made before the service starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Folder {
    pub(crate) path: String,
    pub(crate) mode: u32,
    /// The variable that tells the service.
    pub(crate) variable: &'static str,
    /// Whether it goes when the service stops.
    pub(crate) passing: bool,
    /// Whether it belongs to the service's user.
    pub(crate) owned: bool,
}

/// The commands of each moment of a service's life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Commands {
    pub(crate) before: Vec<Exec>,
    pub(crate) start: Vec<Exec>,
    pub(crate) after: Vec<Exec>,
    pub(crate) reload: Vec<Exec>,
    pub(crate) stop: Vec<Exec>,
    pub(crate) stopped: Vec<Exec>,
}

/// Who runs the commands, with which rights and surroundings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Surroundings {
    pub(crate) user: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) ambient: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    /// Files of variables; true: it may be missing.
    pub(crate) environment_files: Vec<(String, bool)>,
    pub(crate) folder: Option<String>,
    pub(crate) folders: Vec<Folder>,
    /// Files and folders shown in a second place: from, to.
    pub(crate) binds: Vec<(String, String)>,
    pub(crate) umask: u32,
    pub(crate) files_limit: Option<u64>,
    pub(crate) no_new_privileges: bool,
}

/// When and how often a service that ended starts again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Again {
    pub(crate) when: Restart,
    pub(crate) after: Duration,
    pub(crate) most: usize,
    pub(crate) within: Duration,
    pub(crate) good_codes: Vec<i32>,
}

/// A service, ready to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) kind: Kind,
    pub(crate) commands: Commands,
    pub(crate) around: Surroundings,
    pub(crate) again: Again,
    pub(crate) kill_mode: KillMode,
    pub(crate) kill_signal: String,
    pub(crate) start_limit: Duration,
    pub(crate) stop_limit: Duration,
    pub(crate) pid_file: Option<String>,
    pub(crate) remains: bool,
    /// `Condition…=` that this program can judge: the key and its value.
    pub(crate) conditions: Vec<(String, String)>,
    /// Keys that have no effect here.
    pub(crate) ignored: Vec<String>,
}

/// A twin does not wait longer than this for a daemon to stop.
const STOP_LIMIT: Duration = Duration::from_secs(20);

impl Service {
    /// Understands a unit file. Never fails: a mistake shows when the unit is started.
    pub(crate) fn new(name: &str, file: &UnitFile) -> Self {
        let commands = commands(name, file);
        let kind = kind(file, &commands);
        let limit = |key: &str| file.value("Service", key).and_then(span::parse);
        let both = limit("TimeoutSec");
        let start_limit = match kind {
            Kind::Oneshot => Duration::from_secs(300),
            Kind::Simple | Kind::Exec | Kind::Forking | Kind::Notify => Duration::from_secs(90),
        };
        Self {
            kind,
            commands,
            around: surroundings(name, file),
            again: again(file),
            kill_mode: kill_mode(file),
            kill_signal: file.value("Service", "KillSignal").unwrap_or("SIGTERM").to_owned(),
            start_limit: limit("TimeoutStartSec").or(both).unwrap_or(start_limit),
            stop_limit: limit("TimeoutStopSec").or(both).unwrap_or(STOP_LIMIT).min(STOP_LIMIT),
            pid_file: file.value("Service", "PIDFile").map(|path| {
                let path = words::specify(path, name);
                if path.starts_with('/') { path } else { format!("/run/{path}") }
            }),
            remains: file.yes("Service", "RemainAfterExit"),
            conditions: conditions(name, file),
            ignored: ignored(file),
        }
    }
}

fn commands(name: &str, file: &UnitFile) -> Commands {
    let of = |key: &str| -> Vec<Exec> {
        file.list("Service", key).iter().flat_map(|value| command::parse(value, name)).collect()
    };
    Commands {
        before: of("ExecStartPre"),
        start: of("ExecStart"),
        after: of("ExecStartPost"),
        reload: of("ExecReload"),
        stop: of("ExecStop"),
        stopped: of("ExecStopPost"),
    }
}

fn kind(file: &UnitFile, commands: &Commands) -> Kind {
    match file.value("Service", "Type") {
        Some("exec") => Kind::Exec,
        Some("forking") => Kind::Forking,
        Some("oneshot") => Kind::Oneshot,
        Some("notify" | "notify-reload") => Kind::Notify,
        None if commands.start.is_empty() => Kind::Oneshot,
        Some(_) | None => Kind::Simple,
    }
}

fn kill_mode(file: &UnitFile) -> KillMode {
    match file.value("Service", "KillMode") {
        Some("mixed") => KillMode::Mixed,
        Some("process") => KillMode::Process,
        Some("none") => KillMode::Nothing,
        Some(_) | None => KillMode::All,
    }
}

fn again(file: &UnitFile) -> Again {
    let when = match file.value("Service", "Restart") {
        Some("always") => Restart::Always,
        Some("on-success") => Restart::OnSuccess,
        Some("on-failure") => Restart::OnFailure,
        Some("on-abnormal" | "on-watchdog") => Restart::OnAbnormal,
        Some("on-abort") => Restart::OnAbort,
        Some(_) | None => Restart::No,
    };
    let within = file.value("Unit", "StartLimitIntervalSec").and_then(span::parse);
    let most = file.value("Unit", "StartLimitBurst").and_then(|most| most.parse().ok());
    let codes = file.list("Service", "SuccessExitStatus").join(" ");
    Again {
        when,
        after: file
            .value("Service", "RestartSec")
            .and_then(span::parse)
            .unwrap_or(Duration::from_millis(100)),
        most: most.unwrap_or(5),
        within: within.unwrap_or(Duration::from_secs(10)),
        good_codes: codes.split_whitespace().filter_map(|code| code.parse().ok()).collect(),
    }
}

fn surroundings(name: &str, file: &UnitFile) -> Surroundings {
    let value = |key: &str| file.value("Service", key).map(|value| words::specify(value, name));
    let all = |key: &str| -> Vec<String> {
        let text = words::specify(&file.list("Service", key).join(" "), name);
        words::split(&text).unwrap_or_default()
    };
    let pair = |word: String| {
        word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    Surroundings {
        user: value("User"),
        group: value("Group"),
        groups: all("SupplementaryGroups"),
        ambient: all("AmbientCapabilities"),
        environment: all("Environment").into_iter().filter_map(pair).collect(),
        environment_files: file
            .list("Service", "EnvironmentFile")
            .iter()
            .map(|path| words::specify(path, name))
            .map(|path| (path.trim_start_matches('-').to_owned(), path.starts_with('-')))
            .collect(),
        folder: value("WorkingDirectory"),
        folders: folders(name, file),
        binds: [all("BindPaths"), all("BindReadOnlyPaths")]
            .concat()
            .iter()
            .map(|text| bind(text))
            .collect(),
        umask: value("UMask").and_then(|mask| u32::from_str_radix(&mask, 8).ok()).unwrap_or(0o022),
        files_limit: value("LimitNOFILE").and_then(|limit| files_limit(&limit)),
        no_new_privileges: file.yes("Service", "NoNewPrivileges"),
    }
}

/// `from:to:options`, where `to` may be missing and a `-` in front means "if there is one".
fn bind(text: &str) -> (String, String) {
    let mut parts = text.trim_start_matches('-').split(':');
    let from = parts.next().unwrap_or_default();
    (from.to_owned(), parts.next().unwrap_or(from).to_owned())
}

fn files_limit(text: &str) -> Option<u64> {
    let last = text.rsplit(':').next()?;
    if last == "infinity" { Some(1_048_576) } else { last.parse().ok() }
}

fn folders(name: &str, file: &UnitFile) -> Vec<Folder> {
    const KINDS: &[(&str, &str, &str)] = &[
        ("RuntimeDirectory", "/run", "RUNTIME_DIRECTORY"),
        ("StateDirectory", "/var/lib", "STATE_DIRECTORY"),
        ("CacheDirectory", "/var/cache", "CACHE_DIRECTORY"),
        ("LogsDirectory", "/var/log", "LOGS_DIRECTORY"),
        ("ConfigurationDirectory", "/etc", "CONFIGURATION_DIRECTORY"),
    ];
    let keeps =
        matches!(file.value("Service", "RuntimeDirectoryPreserve"), Some("yes" | "restart"));
    let mut folders = Vec::new();
    for (key, above, variable) in KINDS {
        let mode = file.value("Service", &format!("{key}Mode"));
        let mode = mode.and_then(|mode| u32::from_str_radix(mode, 8).ok()).unwrap_or(0o755);
        let names = words::specify(&file.list("Service", key).join(" "), name);
        folders.extend(names.split_whitespace().map(|below| Folder {
            path: format!("{above}/{}", below.split(':').next().unwrap_or(below)),
            mode,
            variable,
            passing: *key == "RuntimeDirectory" && !keeps,
            owned: *key != "ConfigurationDirectory",
        }));
    }
    folders
}

fn conditions(name: &str, file: &UnitFile) -> Vec<(String, String)> {
    let judged = ["PathExists", "PathIsDirectory", "FileNotEmpty", "DirectoryNotEmpty"];
    let mut conditions = Vec::new();
    for key in judged {
        for value in file.list("Unit", &format!("Condition{key}")) {
            conditions.push((key.to_owned(), words::specify(value, name)));
        }
    }
    conditions
}

/// Keys of `[Service]` that are understood; all others are without effect here.
const UNDERSTOOD: &[&str] = &[
    "AmbientCapabilities",
    "BindPaths",
    "BindReadOnlyPaths",
    "CacheDirectory",
    "CacheDirectoryMode",
    "ConfigurationDirectory",
    "ConfigurationDirectoryMode",
    "Environment",
    "EnvironmentFile",
    "ExecReload",
    "ExecStart",
    "ExecStartPost",
    "ExecStartPre",
    "ExecStop",
    "ExecStopPost",
    "Group",
    "KillMode",
    "KillSignal",
    "LimitNOFILE",
    "LogsDirectory",
    "LogsDirectoryMode",
    "NoNewPrivileges",
    "NotifyAccess",
    "PIDFile",
    "RemainAfterExit",
    "Restart",
    "RestartSec",
    "RuntimeDirectory",
    "RuntimeDirectoryMode",
    "RuntimeDirectoryPreserve",
    "StandardInput",
    "StateDirectory",
    "StateDirectoryMode",
    "SuccessExitStatus",
    "SupplementaryGroups",
    "TimeoutSec",
    "TimeoutStartSec",
    "TimeoutStopSec",
    "Type",
    "UMask",
    "User",
    "WorkingDirectory",
];

fn ignored(file: &UnitFile) -> Vec<String> {
    let keys = file.keys("Service");
    keys.into_iter().filter(|key| !UNDERSTOOD.contains(key)).map(str::to_owned).collect()
}
