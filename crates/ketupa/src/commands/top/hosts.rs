//! What is asked about hosts, and which of them is worse.

use crate::client::Client;
use crate::commands::Error;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Every host that sent something within a day.
const KNOWN: &str = r#"max by (instance) (last_over_time(up{job="node"}[1d]))"#;
/// Those of them that sent something just now: 0 is down.
const SEEN: &str = r#"min by (instance) (last_over_time(up{job="node"}[90s]))"#;
const LOAD: &str = "max by (instance) (node_load1)";
const CPU: &str = r#"100 - 100 * avg by (instance) (sum without (mode) (rate(node_cpu_seconds_total{mode=~"idle|iowait"}[2m])))"#;
const MEMORY: &str = "100 - 100 * max by (instance) (node_memory_MemAvailable_bytes) / \
    max by (instance) (node_memory_MemTotal_bytes)";
const DISK: &str = r#"100 - 100 * min by (instance) (node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660|devtmpfs"} / node_filesystem_size_bytes)"#;
const IN: &str =
    r#"8 * sum by (instance) (rate(node_network_receive_bytes_total{device!="lo"}[2m]))"#;
const OUT: &str =
    r#"8 * sum by (instance) (rate(node_network_transmit_bytes_total{device!="lo"}[2m]))"#;
const SESSIONS_UP: &str = r#"sum by (instance) (bird_protocol_up{proto="BGP"})"#;
const SESSIONS: &str = r#"count by (instance) (bird_protocol_up{proto="BGP"})"#;
const ALERTS: &str = r#"count by (instance) (ALERTS{alertstate="firing"})"#;

/// From where nothing was heard just now, what answers no scrape, and what is well: the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Unseen,
    Down,
    Up,
}

impl State {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Unseen => "unseen",
            Self::Down => "down",
            Self::Up => "up",
        }
    }
}

/// A host, as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Host {
    pub(super) name: String,
    pub(super) state: State,
    pub(super) load: Option<f64>,
    /// Percent.
    pub(super) cpu: Option<f64>,
    pub(super) memory: Option<f64>,
    pub(super) disk: Option<f64>,
    /// Bits per second.
    pub(super) incoming: Option<f64>,
    pub(super) outgoing: Option<f64>,
    /// BGP sessions: up, and all.
    pub(super) sessions: Option<(f64, f64)>,
    pub(super) alerts: f64,
}

impl Host {
    /// The fullest of what can be full, in percent.
    fn fullest(&self) -> f64 {
        [self.cpu, self.memory, self.disk].into_iter().flatten().fold(0.0, f64::max)
    }

    fn sessions_down(&self) -> f64 {
        self.sessions.map_or(0.0, |(up, all)| all - up)
    }

    /// What comes first in a list: less is worse.
    pub(super) fn order(&self, other: &Self) -> std::cmp::Ordering {
        let more = |one: f64, two: f64| two.total_cmp(&one);
        let by_state = self.state.cmp(&other.state);
        let by_alerts = by_state.then(more(self.alerts, other.alerts));
        let by_sessions = by_alerts.then(more(self.sessions_down(), other.sessions_down()));
        let by_load = by_sessions.then(more(self.fullest(), other.fullest()));
        by_load.then_with(|| self.name.cmp(&other.name))
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "host": self.name,
            "state": self.state.word(),
            "load1": self.load,
            "cpu_percent": self.cpu,
            "memory_percent": self.memory,
            "disk_percent": self.disk,
            "in_bits_per_second": self.incoming,
            "out_bits_per_second": self.outgoing,
            "bgp_up": self.sessions.map(|(up, _)| up),
            "bgp_all": self.sessions.map(|(_, all)| all),
            "alerts": self.alerts,
        })
    }
}

/// Values by host.
type Column = BTreeMap<String, f64>;

/// All hosts, the worst first.
pub(super) fn ask(client: &Client) -> Result<Vec<Host>, Error> {
    let column = |question: &str| {
        client.ask("/api/v1/query", &[("query", question)]).map(|answer| column(&answer))
    };
    let (known, seen) = (column(KNOWN)?, column(SEEN)?);
    let (load, cpu, memory, disk) = (column(LOAD)?, column(CPU)?, column(MEMORY)?, column(DISK)?);
    let (incoming, outgoing) = (column(IN)?, column(OUT)?);
    let (sessions_up, sessions) = (column(SESSIONS_UP)?, column(SESSIONS)?);
    let alerts = column(ALERTS)?;
    let of = |column: &Column, name: &str| column.get(name).copied();
    let host = |name: &String| Host {
        name: name.clone(),
        state: match of(&seen, name) {
            None => State::Unseen,
            Some(up) if up < 1.0 => State::Down,
            Some(_) => State::Up,
        },
        load: of(&load, name),
        cpu: of(&cpu, name),
        memory: of(&memory, name),
        disk: of(&disk, name),
        incoming: of(&incoming, name),
        outgoing: of(&outgoing, name),
        sessions: of(&sessions_up, name).zip(of(&sessions, name)),
        alerts: of(&alerts, name).unwrap_or_default(),
    };
    let mut hosts: Vec<Host> = known.keys().map(host).collect();
    hosts.sort_by(Host::order);
    Ok(hosts)
}

fn column(answer: &Value) -> Column {
    let result = answer.get("data").and_then(|data| data.get("result")).and_then(Value::as_array);
    let row = |row: &Value| {
        let name = row.get("metric")?.get("instance")?.as_str()?;
        let value = row.get("value")?.get(1)?.as_str()?.parse::<f64>().ok()?;
        value.is_finite().then(|| (name.to_owned(), value))
    };
    result.map(|rows| rows.iter().filter_map(row).collect()).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn host(name: &str, state: State) -> Host {
        let name = name.to_owned();
        let (load, cpu, memory, disk) = (Some(0.5), Some(3.0), Some(20.0), Some(40.0));
        let (incoming, outgoing) = (Some(1.5e6), Some(2e3));
        let (sessions, alerts) = (None, 0.0);
        Host { name, state, load, cpu, memory, disk, incoming, outgoing, sessions, alerts }
    }

    #[test]
    fn the_worst_comes_first() {
        let full = Host { disk: Some(99.0), ..host("full", State::Up) };
        let alerting = Host { alerts: 1.0, ..host("alerting", State::Up) };
        let lonely = Host { sessions: Some((1.0, 2.0)), ..host("lonely", State::Up) };
        let mut hosts = [
            host("b", State::Up),
            full,
            host("a", State::Up),
            lonely,
            alerting,
            host("down", State::Down),
            host("gone", State::Unseen),
        ];
        hosts.sort_by(Host::order);
        let names: Vec<&str> = hosts.iter().map(|host| host.name.as_str()).collect();
        assert_eq!(names, ["gone", "down", "alerting", "lonely", "full", "a", "b"]);
    }
}
