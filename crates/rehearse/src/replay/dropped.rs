//! Packets of our own that a filter drops: the rule that does it counts them.
//!
//! Whether a session is up would show less: BGP comes up if either end may open it, and BFD alone takes
//! nothing down that it never saw.

use super::{Compared, Replay};
use crate::ask;
use std::thread::sleep;
use std::time::Duration;

/// How often the counter is read, a second apart: daemons try again within less.
const READINGS: u32 = 30;

impl Replay<'_> {
    /// What the rule that the last hop names has counted. Nothing where it counts nothing: what comes to
    /// the end of a chain is dropped without a rule.
    pub(super) fn dropped(&self) -> Result<Vec<Compared>, String> {
        let Some(hop) = self.shown.hops.last() else { return Ok(Vec::new()) };
        let Some(rule) = hop.by.strip_prefix("filter: ") else { return Ok(Vec::new()) };
        let read = || {
            let listing = ask::output(self.twin, &hop.host, &["nft", "list", "ruleset"])?;
            Ok::<_, String>(counted(&listing, rule))
        };
        let Some(mut packets) = read()? else { return Ok(Vec::new()) };
        for _ in 1..READINGS {
            if packets > 0 {
                break;
            }
            sleep(Duration::from_secs(1));
            packets = read()?.unwrap_or_default();
        }
        Ok(vec![Compared {
            what: format!("packets that rule {rule} drops on {}", hop.host),
            predicted: "some".to_owned(),
            seen: if packets > 0 { packets.to_string() } else { "none".to_owned() },
            agrees: packets > 0,
        }])
    }
}

/// How many packets the rules of a name met; nothing if there is none that counts.
fn counted(listing: &str, rule: &str) -> Option<u64> {
    let comment = format!(" comment \"{rule}\"");
    let of_rule = listing.lines().filter(|line| line.trim_end().ends_with(&comment));
    let counts = of_rule.filter_map(|line| {
        let (_, rest) = line.split_once(" counter packets ")?;
        rest.split_whitespace().next()?.parse::<u64>().ok()
    });
    counts.fold(None, |sum, count| Some(sum.unwrap_or_default() + count))
}

#[test]
fn packets_are_counted_by_the_name_of_a_rule() {
    let listing = r#"table inet filter {
	chain input {
		iifname "patata" meta l4proto 112 counter packets 40 bytes 1600 drop comment "no-strangers.1"
		meta l4proto 112 counter packets 2 bytes 80 drop comment "no-strangers.1"
		counter packets 9 bytes 700 accept comment "no-strangers.11"
		iifname vmap { "lan" : jump from_lan } comment "zones"
	}
}"#;
    assert_eq!(counted(listing, "no-strangers.1"), Some(42));
    assert_eq!(counted(listing, "zones"), None);
    assert_eq!(counted(listing, "strangers.1"), None);
}
