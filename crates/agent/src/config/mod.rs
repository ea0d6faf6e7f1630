//! What an agent is told to do: one TOML file, read once and checked before anything begins.

mod size;

use crate::logs::Log;
use crate::probe::Probe;
use metrics::{Labels, NAME, is_label_name};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use size::Size;

/// Where the file is if nobody says so.
pub const PATH: &str = "/etc/ketupa/agent.toml";
/// Where BIRD's control socket is on Debian.
const BIRD: &str = "/run/bird/bird.ctl";
/// The directory that systemd makes for the agent.
const STATE: &str = "/var/lib/ketupa-agent";
/// Each scraped program is a thread of its own.
const MOST_SCRAPES: usize = 16;

/// All that an agent is told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where scrapers are answered.
    pub listen: SocketAddr,
    /// The directory of `*.prom` files that others write.
    pub textfile: Option<PathBuf>,
    /// The directory of what `smartctl --json -a` printed, one file a disk.
    pub smart: Option<PathBuf>,
    /// BIRD's control socket, if there is one.
    pub bird: PathBuf,
    /// Where the list of known disks is kept.
    pub disks: Option<PathBuf>,
    /// Collectors that are asked only if somebody wants them.
    pub with: Vec<String>,
    /// Labels of everything that is sent: `instance` and `job` have defaults.
    pub labels: BTreeMap<String, String>,
    /// Where measurements go; without it they are only served.
    pub send: Option<Send>,
    /// Programs of this host that tell metrics of their own.
    pub scrape: Vec<Scrape>,
    /// What is tried from here.
    pub probe: Vec<Probe>,
    /// Logs that are followed.
    pub log: Vec<Log>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 9100).into(),
            textfile: None,
            smart: None,
            bird: BIRD.into(),
            disks: None,
            with: Vec::new(),
            labels: BTreeMap::new(),
            send: None,
            scrape: Vec::new(),
            probe: Vec::new(),
            log: Vec::new(),
        }
    }
}

/// Where measurements and logs go, and how they wait for it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// The server's address; the paths of its interfaces are appended.
    pub url: String,
    /// A file with the token that the server wants.
    pub token_file: Option<PathBuf>,
    /// Certificates (PEM) that are believed instead of the system's.
    pub ca: Option<PathBuf>,
    /// Where measurements wait.
    #[serde(default = "state")]
    pub directory: PathBuf,
    /// How much may wait; beyond it the oldest goes.
    #[serde(default)]
    pub most: Size,
    /// The time between measurements, in seconds.
    #[serde(default = "interval", rename = "interval")]
    pub interval_s: u32,
    /// Where lines of logs go, if not to the same server.
    pub logs: Option<Elsewhere>,
}

/// Another server, such as Loki.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Elsewhere {
    /// Its address; `/loki/api/v1/push` is appended.
    pub url: String,
    /// A file with the token that it wants: it is never shown the other server's.
    pub token_file: Option<PathBuf>,
    /// Certificates (PEM) that are believed instead of the system's.
    pub ca: Option<PathBuf>,
}

impl Send {
    /// The time between measurements.
    pub fn interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.interval_s))
    }
}

fn state() -> PathBuf {
    STATE.into()
}

fn interval() -> u32 {
    15
}

/// A program of this host that tells metrics of its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scrape {
    /// What its series are called by.
    pub job: String,
    /// Where it tells them.
    pub url: String,
    /// Labels of its series, besides those of everything.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The time between scrapes in seconds, if it is not that of everything.
    #[serde(rename = "interval")]
    pub interval_s: Option<u32>,
}

impl Config {
    /// Reads and checks a file's text; a mistake is told with its line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        config.check()?;
        Ok(config)
    }

    /// Reads and checks a file; a mistake is told with the file.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = crate::tree::plain_text(path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        Self::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn check(&self) -> Result<(), String> {
        labels("[labels]", &self.labels)?;
        crate::logs::check(&self.log)?;
        crate::collect::known(&self.with).map_err(|why| format!("with: {why}"))?;
        crate::probe::check(&self.probe)?;
        if let Some(send) = &self.send {
            address("[send] url", &send.url)?;
            if let Some(logs) = &send.logs {
                address("[send.logs] url", &logs.url)?;
            }
            every("[send] interval", send.interval_s)?;
        }
        if self.scrape.len() > MOST_SCRAPES {
            return Err(format!("there may be {MOST_SCRAPES} [[scrape]] tables at most"));
        }
        let mut seen = BTreeSet::from([self.own_labels()]);
        seen.extend((!self.probe.is_empty()).then(|| self.probe_labels()));
        for scrape in &self.scrape {
            let place = format!("[[scrape]] {}", scrape.job);
            if scrape.job.is_empty() {
                return Err("[[scrape]]: job is empty: give it a name".into());
            }
            address(&format!("{place}: url"), &scrape.url)?;
            labels(&format!("{place}: labels"), &scrape.labels)?;
            every(&format!("{place}: interval"), scrape.interval_s.unwrap_or_else(interval))?;
            if !seen.insert(self.labels_of(scrape)) {
                return Err(format!(
                    "{place}: another table has the same job and labels: their series could not be told apart; \
                     give one of them another job or label"
                ));
            }
        }
        Ok(())
    }

    /// The labels of what the agent says of its own host.
    pub fn own_labels(&self) -> Labels {
        let own = [("job", "node".to_owned()), ("instance", hostname())];
        let told = self.labels.iter().map(|(name, value)| (name.as_str(), value.clone()));
        Labels::new(own.into_iter().chain(told))
    }

    /// The labels of what is tried from here.
    pub fn probe_labels(&self) -> Labels {
        let all = self.own_labels();
        Labels::new(all.iter().chain([("job", "probe")]))
    }

    /// The labels of what a program tells: those of everything, its job, its own.
    pub fn labels_of(&self, scrape: &Scrape) -> Labels {
        let own = scrape.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let own: Vec<(&str, &str)> =
            std::iter::once(("job", scrape.job.as_str())).chain(own).collect();
        let all = self.own_labels();
        Labels::new(all.iter().chain(own))
    }
}

/// What this host calls itself.
fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

fn labels(place: &str, labels: &BTreeMap<String, String>) -> Result<(), String> {
    match labels.keys().find(|name| !is_label_name(name) || *name == NAME) {
        Some(name) => Err(format!(
            "{place}: {name:?} is no name of a label: letters, digits and _ make one, and no digit begins it"
        )),
        None => Ok(()),
    }
}

fn address(place: &str, url: &str) -> Result<(), String> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let good = |rest: &str| {
        !rest.is_empty()
            && !rest.starts_with('/')
            && !url.contains(char::is_whitespace)
            && !rest.contains('#')
    };
    if rest.is_some_and(good) {
        return Ok(());
    }
    Err(format!("{place}: {url:?} is no address: write it as https://host.example"))
}

fn every(place: &str, seconds: u32) -> Result<(), String> {
    if (1..=3600).contains(&seconds) {
        return Ok(());
    }
    Err(format!("{place}: {seconds} is not between 1 and 3600 seconds"))
}

#[cfg(test)]
mod tests {
    use super::Config;

    const WHOLE: &str = r#"
        listen = "10.0.0.1:9100"
        textfile = "/var/lib/textfile"
        with = ["interrupts"]
        [labels]
        instance = "edge-01"
        site = "brussels"
        [send]
        url = "https://watch.example"
        token_file = "/etc/ketupa/agent.token"
        most = "64 MiB"
        interval = 5
        [[scrape]]
        job = "haproxy"
        url = "http://127.0.0.1:8405/metrics"
        labels = { role = "front" }
    "#;

    #[test]
    fn reads_all_that_may_be_told() {
        let config = Config::parse(WHOLE).expect("it is right");
        let send = config.send.as_ref().expect("it is told");
        assert_eq!((send.most.bytes(), send.interval_s), (64 << 20, 5));
        assert_eq!(send.directory.to_str(), Some("/var/lib/ketupa-agent"));
        assert_eq!(
            config.own_labels().to_string(),
            r#"{instance="edge-01",job="node",site="brussels"}"#
        );
        let scrape = config.scrape.first().expect("it is told");
        assert_eq!(
            config.labels_of(scrape).to_string(),
            r#"{instance="edge-01",job="haproxy",role="front",site="brussels"}"#
        );
    }

    #[test]
    fn an_empty_file_tells_nothing_and_is_no_mistake() {
        let config = Config::parse("").expect("it is right");
        assert!(config.send.is_none());
        assert_eq!(config.own_labels().get("job"), "node");
        assert_ne!(config.own_labels().get("instance"), "");
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        let cases = [
            ("lisen = 1", "line 1"),
            ("\n[send]\nurl = \"https://x\"\nintervall = 5", "line 4"),
            ("[send]\nurl = \"watch.example\"", "[send] url"),
            ("[send]\nurl = \"https://x\"\nmost = \"many\"", "line 3"),
            ("[send]\nurl = \"https://x\"\ninterval = 0", "[send] interval"),
            ("[labels]\n\"a-b\" = \"\"", "[labels]"),
            ("with = [\"nothing\"]", "interrupts"),
            ("[[scrape]]\njob = \"node\"\nurl = \"http://x\"", "[[scrape]] node"),
            ("[[scrape]]\njob = \"\"\nurl = \"http://x\"", "job is empty"),
            ("[[scrape]]\njob = \"x\"\nurl = \"ftp://x\"", "[[scrape]] x: url"),
        ];
        for (text, place) in cases {
            let why = Config::parse(text).expect_err(text);
            assert!(why.contains(place), "{text}: {why}");
        }
    }
}
