//! Sockets and the protocols' own counters.

use super::{Source, Went};
use crate::text::{Families, Metric};
use crate::tree::{Root, float};
use std::collections::BTreeMap;

pub(super) fn netstat(source: &Source, found: &mut Families) -> Went {
    for file in ["proc/net/netstat", "proc/net/snmp"] {
        let text = source.root.read(file)?;
        let mut lines = text.lines();
        // A line of names is followed by its line of values.
        while let (Some(names), Some(values)) = (lines.next(), lines.next()) {
            let Some((protocol, names)) = names.split_once(':') else { continue };
            let values = values.split_whitespace().skip(1);
            for (name, value) in names.split_whitespace().zip(values) {
                statistic(found, protocol, name, value);
            }
        }
    }
    // Without IPv6 this file is not there.
    let text = source.root.read("proc/net/snmp6").unwrap_or_default();
    for line in text.lines() {
        let Some((key, value)) = line.split_once(char::is_whitespace) else { continue };
        if let Some((protocol, name)) = key.split_once('6') {
            statistic(found, &format!("{protocol}6"), name, value.trim());
        }
    }
    Ok(())
}

fn statistic(found: &mut Families, protocol: &str, name: &str, value: &str) {
    let (true, Ok(value)) = (is_told(protocol, name), value.parse()) else { return };
    let help = format!("Statistic {protocol}{name}.");
    let name = format!("node_netstat_{protocol}_{name}");
    found.add(&Metric::untyped(&name, &help), &[], value);
}

/// Of some hundred counters those that `node_exporter` tells, and two that its later versions do.
fn is_told(protocol: &str, name: &str) -> bool {
    let named: &[&str] = match protocol {
        "Ip" => &["Forwarding"],
        "Ip6" | "IpExt" => &["InOctets", "OutOctets"],
        "Icmp" | "Icmp6" => &["InMsgs", "OutMsgs"],
        "TcpExt" => &["TCPSynRetrans", "TCPTimeouts", "TCPOFOQueue", "TCPRcvQDrop"],
        "Tcp" => &[
            "ActiveOpens",
            "InSegs",
            "OutSegs",
            "OutRsts",
            "PassiveOpens",
            "RetransSegs",
            "CurrEstab",
        ],
        "Udp" | "Udp6" => {
            &["InDatagrams", "OutDatagrams", "NoPorts", "RcvbufErrors", "SndbufErrors"]
        }
        _ => &[],
    };
    let starts =
        protocol == "TcpExt" && (name.starts_with("Listen") || name.starts_with("Syncookies"));
    starts || named.contains(&name) || matches!(name, "InErrors" | "InErrs")
}

pub(super) fn sockstat(source: &Source, found: &mut Families) -> Went {
    stat_file(&source.root.read("proc/net/sockstat")?, found);
    // Without IPv6 this file is not there.
    stat_file(&source.root.read("proc/net/sockstat6").unwrap_or_default(), found);
    Ok(())
}

fn stat_file(text: &str, found: &mut Families) {
    for line in text.lines() {
        let Some((protocol, rest)) = line.split_once(':') else { continue };
        let words: Vec<&str> = rest.split_whitespace().collect();
        for pair in words.chunks_exact(2) {
            let &[key, value] = pair else { continue };
            let Ok(value) = value.parse() else { continue };
            of_protocol(found, protocol, key, value);
            if key == "mem" {
                let page = float(rustix::param::page_size() as u64);
                of_protocol(found, protocol, "mem_bytes", value * page);
            }
        }
    }
}

fn of_protocol(found: &mut Families, protocol: &str, key: &str, value: f64) {
    let name = format!("node_sockstat_{protocol}_{key}");
    let help = match protocol {
        "sockets" => "Number of IPv4 sockets in use.".to_owned(),
        _ => format!("Number of {protocol} sockets in state {key}."),
    };
    found.add(&Metric::gauge(&name, &help), &[], value);
}

/// The states of TCP, by their number in `/proc/net/tcp`.
const STATES: [&str; 13] = [
    "",
    "established",
    "syn_sent",
    "syn_recv",
    "fin_wait1",
    "fin_wait2",
    "time_wait",
    "close",
    "close_wait",
    "last_ack",
    "listen",
    "closing",
    "new_syn_recv",
];
const CONNECTIONS: Metric<'_> =
    Metric::gauge("node_tcp_connection_states", "Number of connection states.");

pub(super) fn tcp(source: &Source, found: &mut Families) -> Went {
    let mut states: BTreeMap<&str, u64> =
        BTreeMap::from([("rx_queued_bytes", 0), ("tx_queued_bytes", 0)]);
    let mut count = |socket: Socket| {
        if let Some(state) = STATES.get(socket.state) {
            *states.entry(state).or_default() += 1;
        }
        *states.entry("rx_queued_bytes").or_default() += socket.received;
        *states.entry("tx_queued_bytes").or_default() += socket.sent;
    };
    sockets(&source.root, "proc/net/tcp", &mut count)?;
    match sockets(&source.root, "proc/net/tcp6", &mut count) {
        Err(trouble) if !trouble.is_absence() => return Err(trouble),
        // Without IPv6 this file is not there.
        Ok(()) | Err(_) => {}
    }
    for (state, number) in states {
        found.add(&CONNECTIONS, &[("state", state)], float(number));
    }
    Ok(())
}

const QUEUES: Metric<'_> = Metric::gauge(
    "node_udp_queues",
    "Number of allocated memory in the kernel for UDP datagrams in bytes.",
);

pub(super) fn udp(source: &Source, found: &mut Families) -> Went {
    let (v4, v6) = (queues(&source.root, "proc/net/udp"), queues(&source.root, "proc/net/udp6"));
    if v4.is_err() && v6.is_err() {
        return v4.map(drop);
    }
    for (ip, queues) in [("v4", v4), ("v6", v6)] {
        let (received, sent) = match queues {
            Err(trouble) if trouble.is_absence() => continue,
            queues => queues?,
        };
        found.add(&QUEUES, &[("ip", ip), ("queue", "rx")], float(received));
        found.add(&QUEUES, &[("ip", ip), ("queue", "tx")], float(sent));
    }
    Ok(())
}

fn queues(root: &Root, file: &str) -> Result<(u64, u64), crate::tree::Trouble> {
    let mut sum = (0_u64, 0_u64);
    sockets(root, file, &mut |socket| {
        sum = (sum.0.saturating_add(socket.received), sum.1.saturating_add(socket.sent));
    })?;
    Ok(sum)
}

/// One line of a table of sockets.
struct Socket {
    state: usize,
    sent: u64,
    received: u64,
}

/// Tells every socket of a table.
fn sockets(root: &Root, file: &str, tell: &mut dyn FnMut(Socket)) -> Went {
    for line in root.read(file)?.lines().skip(1) {
        let mut words = line.split_whitespace().skip(3);
        let state = words.next().and_then(|word| usize::from_str_radix(word, 16).ok());
        let queues = words.next().and_then(|word| word.split_once(':'));
        let (Some(state), Some((sent, received))) = (state, queues) else { continue };
        let bytes = |word| u64::from_str_radix(word, 16).unwrap_or_default();
        tell(Socket { state, sent: bytes(sent), received: bytes(received) });
    }
    Ok(())
}
