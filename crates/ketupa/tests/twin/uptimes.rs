//! Since when the sessions of routers are up, and that none began anew.

use std::collections::BTreeMap;

use rehearse::ask;

use crate::stage::Living;

/// No session began anew. BIRD computes the time of day from a span each time it is asked, so that the
/// last digit may differ by one.
pub(crate) fn kept(before: &Uptimes, after: &Uptimes) {
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (session, since) in before {
        let drift = milliseconds(since).abs_diff(milliseconds(&after[session]));
        assert!(drift <= 1_000, "{session:?}: {since} became {}", after[session]);
    }
}

/// The time of day in `17:35:28.479` or `2026-11-23 17:35:28`.
fn milliseconds(since: &str) -> u64 {
    let time = since.rsplit(' ').next().unwrap_or_default();
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let seconds = time.split(':').fold(0, |sum, part| sum * 60 + part.parse::<u64>().unwrap());
    seconds * 1_000 + fraction.parse::<u64>().unwrap()
}

/// By host and session.
pub(crate) type Uptimes = BTreeMap<(String, String), String>;

/// Since when each session of these hosts is up whose name is wanted.
pub(crate) fn uptimes(network: &Living, hosts: &[&str], wanted: impl Fn(&str) -> bool) -> Uptimes {
    let mut found = Uptimes::new();
    for host in hosts {
        let mut sessions = ask::sessions(network.twin(), host).unwrap();
        sessions.retain(|session| wanted(&session.name));
        for session in sessions {
            assert!(session.is_established(), "{host}: {session:?}");
            found.insert(((*host).to_owned(), session.name), session.since);
        }
    }
    found
}
