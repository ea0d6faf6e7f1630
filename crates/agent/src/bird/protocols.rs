//! The answer to `show protocols all`, taken apart.

use jiff::civil::{Date, DateTime, Time};

/// The rows of BIRD's table of changes, as metrics name them.
pub(super) const DIRECTIONS: [(&str, &str); 4] =
    [("update", "import"), ("withdraw", "import"), ("update", "export"), ("withdraw", "export")];
const ROWS: [&str; 4] =
    ["Import updates:", "Import withdraws:", "Export updates:", "Export withdraws:"];
/// The columns of BIRD's table of changes.
pub(super) const VERDICTS: [&str; 5] = ["receive", "reject", "filter", "ignore", "accept"];

/// A protocol in one address family.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Channel {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) state: String,
    pub(super) since: String,
    /// What BIRD says beside the state: `Established`, or what went wrong. Told once for a protocol.
    pub(super) says: String,
    /// `4`, `6`, or nothing if the protocol has no channel.
    pub(super) ip: &'static str,
    /// Whether it is the protocol's first.
    pub(super) is_first: bool,
    pub(super) import_filter: String,
    pub(super) export_filter: String,
    pub(super) routes: Vec<(String, u64)>,
    pub(super) changes: [[u64; 5]; 4],
}

pub(super) fn parse(text: &str) -> Vec<Channel> {
    let mut channels: Vec<Channel> = Vec::new();
    for line in text.lines() {
        if let Some(row) = line.strip_prefix("1002-") {
            channels.extend(protocol(row));
            continue;
        }
        let line = line.strip_prefix("1006-").unwrap_or(line).trim();
        let Some(current) = channels.last_mut() else { continue };
        if let Some(ip) = family(line) {
            if current.ip.is_empty() {
                current.ip = ip;
            } else {
                let next = current.beside(ip);
                channels.push(next);
            }
        } else {
            current.take(line);
        }
    }
    channels
}

/// The line of a protocol: name, kind, table, state, since, and what else BIRD says.
fn protocol(row: &str) -> Option<Channel> {
    let mut rest = row;
    let mut word = || {
        let trimmed = rest.trim_start();
        let (word, after) = trimmed.split_at(trimmed.find(' ').unwrap_or(trimmed.len()));
        rest = after;
        Some(word.to_owned()).filter(|word| !word.is_empty())
    };
    let (name, kind, _, state, mut since) = (word()?, word()?, word()?, word()?, word()?);
    // With the format `iso long` a date and a time stand there.
    let says = rest.trim();
    let says = match says.split_once(' ').unwrap_or((says, "")) {
        (time, after) if since.parse::<Date>().is_ok() && time.parse::<Time>().is_ok() => {
            since = format!("{since} {time}");
            after.trim()
        }
        _ => says,
    };
    let says = says.to_owned();
    Some(Channel { name, kind, state, since, says, is_first: true, ..Channel::default() })
}

fn family(line: &str) -> Option<&'static str> {
    match line.strip_prefix("Channel ")? {
        name if name.starts_with("ipv4") => Some("4"),
        name if name.starts_with("ipv6") => Some("6"),
        _ => None,
    }
}

impl Channel {
    /// The same protocol in another family.
    fn beside(&self, ip: &'static str) -> Self {
        Self {
            name: self.name.clone(),
            kind: self.kind.clone(),
            state: self.state.clone(),
            since: self.since.clone(),
            ip,
            ..Self::default()
        }
    }

    fn take(&mut self, line: &str) {
        let Some((key, value)) = line.split_once(':') else { return };
        let value = value.trim();
        match key {
            "Input filter" => value.clone_into(&mut self.import_filter),
            "Output filter" => value.clone_into(&mut self.export_filter),
            "Routes" => self.routes = value.split(", ").filter_map(counted).collect(),
            _ => {
                let row = self.changes.iter_mut().zip(ROWS).find(|(_, row)| line.starts_with(row));
                let Some((counts, _)) = row else { return };
                for (count, word) in counts.iter_mut().zip(value.split_whitespace()) {
                    // What cannot be counted is `---`.
                    *count = word.parse().unwrap_or_default();
                }
            }
        }
    }
}

/// `12 imported` is `imported` and 12.
fn counted(text: &str) -> Option<(String, u64)> {
    let (count, name) = text.split_once(' ')?;
    Some((name.to_owned(), count.parse().ok()?))
}

/// The seconds since BIRD's word for a moment: a time of today or yesterday, a date, or both.
pub(super) fn since(text: &str, now: DateTime) -> Option<f64> {
    let began = if text.contains(' ') {
        text.parse::<DateTime>().ok()?
    } else if text.contains(':') {
        let time = text.parse::<Time>().ok()?;
        let today = now.date().to_datetime(time);
        if today > now { now.date().yesterday().ok()?.to_datetime(time) } else { today }
    } else {
        text.parse::<Date>().ok()?.to_datetime(Time::midnight())
    };
    let seconds = now.duration_since(began).as_secs_f64().floor();
    Some(seconds.max(0.0))
}
