//! BIRD's sessions and routes, in the names of the `bird_exporter`: asked over its control socket, to
//! which the first word is that nothing may be changed.

mod protocols;
mod socket;

use crate::collect::{Source, Went};
use crate::text::{Families, Metric};
use crate::tree::{Trouble, float};
use protocols::{Channel, DIRECTIONS, VERDICTS};

/// Kinds of protocols that carry routes; of the others nothing is told.
const TOLD: [&str; 7] = ["BGP", "OSPF", "Static", "Kernel", "Direct", "Babel", "RIP"];

const UP: Metric<'_> = Metric::gauge("bird_protocol_up", "Protocol is up");
const UPTIME: Metric<'_> =
    Metric::gauge("bird_protocol_uptime", "Uptime of the protocol in seconds");
const COUNTS: [(&str, Metric<'_>); 4] = [
    ("imported", Metric::gauge("bird_protocol_prefix_import_count", "Number of imported routes")),
    ("exported", Metric::gauge("bird_protocol_prefix_export_count", "Number of exported routes")),
    ("filtered", Metric::gauge("bird_protocol_prefix_filter_count", "Number of filtered routes")),
    (
        "preferred",
        Metric::gauge("bird_protocol_prefix_preferred_count", "Number of preferred routes"),
    ),
];
const RUNNING: Metric<'_> = Metric::gauge(
    "bird_ospf_running",
    "State of OSPF: 0 = Alone, 1 = Running (Neighbor-Adjacencies established)",
);

/// The collector.
pub(crate) fn bird(source: &Source, found: &mut Families) -> Went {
    if !source.bird.exists() {
        return Err(Trouble::Nothing);
    }
    let text = socket::ask(&source.bird, "show protocols all")
        .map_err(|error| Trouble::Read(source.bird.clone(), error))?;
    tell(&text, jiff::ZonedDateTime::now().datetime(), found);
    Ok(())
}

/// Tells what BIRD answered at a moment.
fn tell(text: &str, now: jiff::civil::DateTime, found: &mut Families) {
    for channel in protocols::parse(text) {
        if TOLD.contains(&channel.kind.as_str()) {
            of_channel(&channel, now, found);
        }
    }
}

fn of_channel(channel: &Channel, now: jiff::civil::DateTime, found: &mut Families) {
    let kind = match (channel.kind.as_str(), channel.ip) {
        ("OSPF", "6") => "OSPFv3",
        (kind, _) => kind,
    };
    let labels = [
        ("name", channel.name.as_str()),
        ("proto", kind),
        ("ip_version", channel.ip),
        ("import_filter", &channel.import_filter),
        ("export_filter", &channel.export_filter),
    ];
    let up = channel.state == "up";
    let mut with_state = labels.to_vec();
    with_state.push(("state", &channel.says));
    found.add(&UP, &with_state, if up { 1.0 } else { 0.0 });
    if let Some(seconds) = protocols::since(&channel.since, now) {
        found.add(&UPTIME, &labels, seconds);
    }
    for (key, metric) in &COUNTS {
        let count =
            channel.routes.iter().find(|(name, _)| name == key).map_or(0, |(_, count)| *count);
        found.add(metric, &labels, float(count));
    }
    for ((what, way), counts) in DIRECTIONS.iter().zip(&channel.changes) {
        for (verdict, count) in VERDICTS.iter().zip(counts) {
            let name = format!("bird_protocol_changes_{what}_{way}_{verdict}_count");
            found.add(&Metric::gauge(&name, &said(what, way, verdict)), &labels, float(*count));
        }
    }
    if channel.kind == "OSPF" && channel.is_first {
        found.add(
            &RUNNING,
            &[("name", &channel.name)],
            if channel.says == "Running" { 1.0 } else { 0.0 },
        );
    }
}

/// The sentences of the `bird_exporter`.
fn said(what: &str, way: &str, verdict: &str) -> String {
    let direction = if way == "import" { "incoming" } else { "outgoing" };
    match (what, way, verdict) {
        ("update", "import", "receive") => "Number of received updates".to_owned(),
        ("update", "export", "receive") => "Number of sent updates".to_owned(),
        ("withdraw", "import", "receive") => "Number of received withdraws".to_owned(),
        ("withdraw", "export", "receive") => "Number of outgoing withdraws".to_owned(),
        (_, _, "filter") => format!("Number of {direction} {what}s being filtered"),
        (_, _, "ignore") => format!("Number of {direction} {what}s being ignored"),
        (_, _, "accept") => format!("Number of {direction} {what}s being accepted"),
        (_, _, _) => format!("Number of {direction} {what}s being rejected"),
    }
}

#[cfg(test)]
mod tests {
    use super::tell;
    use crate::text::Families;
    use std::collections::BTreeSet;

    /// Both were recorded at the same moment of one BIRD 2.0.12. The exporter, 1.4.1, takes times of
    /// today for no time, so that its uptimes are 0.
    const ANSWER: &str = include_str!("../../tests/recorded/bird-protocols.txt");
    const EXPORTER: &str = include_str!("../../tests/recorded/bird-exporter.txt");

    fn told(text: &str) -> String {
        let mut found = Families::default();
        tell(text, jiff::civil::date(2026, 11, 26).at(4, 51, 17, 0), &mut found);
        found.write()
    }

    #[test]
    fn tells_what_the_bird_exporter_tells() {
        let lines = |text: &str| -> BTreeSet<String> {
            let kept = text.lines().filter(|line| !line.starts_with("bird_protocol_uptime{"));
            kept.map(str::to_owned).collect()
        };
        let (ours, theirs) = (lines(&told(ANSWER)), lines(EXPORTER));
        assert_eq!(theirs.difference(&ours).collect::<Vec<_>>(), Vec::<&String>::new(), "missing");
        assert_eq!(
            ours.difference(&theirs).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "nobody else has"
        );
    }

    #[test]
    fn knows_since_when_in_all_of_birds_formats() {
        let now = jiff::civil::date(2026, 11, 26).at(4, 51, 17, 0);
        let since = |text| super::protocols::since(text, now);
        assert_eq!(since("04:51:07.268"), Some(9.0));
        assert_eq!(since("04:52:17"), Some(24.0 * 3600.0 - 60.0), "yesterday");
        assert_eq!(since("2026-11-25"), Some(24.0 * 3600.0 + 4.0 * 3600.0 + 51.0 * 60.0 + 17.0));
        assert_eq!(since("2026-11-26 04:51:07"), Some(10.0));
        assert_eq!(since("never"), None);
        let told = told(
            "1002-a  BGP  ---  up  2026-11-26 04:51:07  Established\n1006-  Channel ipv4\n0000 \n",
        );
        assert!(told.contains("state=\"Established\"} 1\n"), "{told}");
        assert!(told.contains("bird_protocol_uptime{export_filter=\"\",import_filter=\"\",ip_version=\"4\",name=\"a\",proto=\"BGP\"} 10\n"), "{told}");
    }

    #[test]
    fn falls_over_no_answer() {
        for text in [
            "",
            "1002-",
            "1002-a",
            "1002-a BGP t up",
            "1006-  Channel ipv4",
            "1002-a BGP t up x\n Import updates: x y\n Routes: 1\n Channel ipvX",
        ] {
            told(text);
        }
    }
}
