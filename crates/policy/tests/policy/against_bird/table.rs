//! Reads `birdc show route all`.

use std::collections::BTreeMap;

use ipnet::IpNet;
use policy::{Community, Large, Origin, Path, Route, Segment, Source};

use super::destination;

/// What a filter decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    Accepted,
    Refused,
}

/// A route in BIRD's table, and whether the filter let it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) judged: Judged,
    pub(crate) route: Route,
}

/// The rows of an answer. Lines begin with a code and `-`, or a blank when the code is the same.
pub(crate) fn read(answer: &str, judged: Judged) -> BTreeMap<IpNet, Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut last = "";
    for line in answer.lines() {
        let text = line.strip_prefix(' ').unwrap_or(line.get(5..).unwrap_or_default());
        if let Some((key, value)) = text.trim_start().split_once(": ").filter(|_| indented(text)) {
            last = key;
            attribute(&mut rows.last_mut().expect("a route first").route, key, value.trim());
        } else if text.starts_with("\tvia ") || text.starts_with("\tdev ") {
            // Where packets go: the first line told already whether they go at all.
        } else if indented(text) {
            attribute(&mut rows.last_mut().expect("a route first").route, last, text.trim());
        } else if let Some(route) = first_line(text) {
            rows.push(Row { judged, route });
        }
    }
    rows.into_iter().map(|row| (row.route.net, row)).collect()
}

fn indented(text: &str) -> bool {
    text.starts_with('\t')
}

fn first_line(text: &str) -> Option<Route> {
    let mut words = text.split_whitespace();
    let net: IpNet = words.next()?.parse().ok()?;
    let word = words.next()?;
    let mut route = Route::bare(net, Source::Static);
    route.destination = destination(word);
    Some(route)
}

fn attribute(route: &mut Route, key: &str, value: &str) {
    match key {
        "Type" => {
            route.source = if value.starts_with("BGP") { Source::Bgp } else { Source::Static };
        }
        "BGP.origin" => {
            route.origin = Some(match value {
                "IGP" => Origin::Igp,
                "EGP" => Origin::Egp,
                _ => Origin::Incomplete,
            });
        }
        "BGP.as_path" => route.path = path(value),
        "BGP.next_hop" => route.next_hop = value.split_whitespace().next().map(number),
        "BGP.local_pref" => route.local_pref = Some(number(value)),
        "BGP.med" => route.med = Some(number(value)),
        "BGP.community" => {
            let one = |[a, b]: [u16; 2]| Community(a, b);
            route.communities.extend(tuples(value).into_iter().map(one));
        }
        "BGP.large_community" => {
            let one = |[a, b, c]: [u32; 3]| Large(a, b, c);
            route.large.extend(tuples(value).into_iter().map(one));
        }
        _ => assert_eq!(key, "", "BIRD told something that this test does not know: {value}"),
    }
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse().ok().expect("BIRD tells numbers where numbers belong")
}

fn tuples<T: std::str::FromStr + std::fmt::Debug, const N: usize>(text: &str) -> Vec<[T; N]> {
    let bare = |part: &str| part.trim().trim_start_matches('(').to_owned();
    let parts = text.split(')').map(bare).filter(|part| !part.is_empty());
    let numbers = |part: String| {
        let list: Vec<T> = part.split(',').map(|word| number(word.trim())).collect();
        list.try_into().expect("a community has as many numbers as its kind")
    };
    parts.map(numbers).collect()
}

fn path(text: &str) -> Path {
    let mut segments = Vec::new();
    let mut set: Option<Vec<u32>> = None;
    for word in text.split_whitespace() {
        let (opens, closes) = (word.starts_with('{'), word.ends_with('}'));
        let asn = word.trim_matches(['{', '}']);
        if opens {
            set = Some(Vec::new());
        }
        match &mut set {
            _ if asn.is_empty() => {}
            Some(asns) => asns.push(number(asn)),
            None => segments.push(Segment::Sequence(vec![number(asn)])),
        }
        if closes {
            segments.push(Segment::Set(set.take().unwrap_or_default()));
        }
    }
    Path::new(segments)
}
