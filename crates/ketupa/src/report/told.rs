//! A violation in words: what every output says, each in its own form.

use super::Proved;
use super::escape::{plain, word};
use model::finding::{self, FindingJson};
use model::source::Place;
use model::{Isp, Source};
use serde::Serialize;
use verify::{End, Failure, Flow, Hop, Property, Violation};

/// A violation as JSON and as the page's data.
#[derive(Serialize)]
pub(crate) struct Told<'a> {
    id: &'a str,
    title: &'a str,
    finding: FindingJson<'a>,
    /// The reason, where the operator accepts it.
    accepted: Option<&'a str>,
    failure: Vec<String>,
    flow: Option<FlowTold<'a>>,
    ways: Vec<Vec<HopTold<'a>>>,
    end: Option<&'a End>,
    back: Vec<Vec<HopTold<'a>>>,
    back_end: Option<&'a End>,
    answerers: &'a [String],
    route: Option<&'a str>,
    others: Vec<Vec<String>>,
    replay: String,
}

/// A flow as JSON.
#[derive(Serialize)]
pub(crate) struct FlowTold<'a> {
    family: u8,
    from: &'a str,
    source: String,
    to: &'a str,
    destination: String,
    port: Option<String>,
}

/// A hop as JSON: what the report says, and the place in the files.
#[derive(Serialize)]
pub(crate) struct HopTold<'a> {
    #[serde(flatten)]
    hop: &'a Hop,
    file: Option<&'a str>,
    line: Option<usize>,
}

/// A violation in words.
pub(crate) fn told<'a>(
    proved: &Proved<'a>,
    violation: &'a Violation,
    accepted: Option<&'a str>,
) -> Told<'a> {
    let Proved { isp, sources, directory, .. } = *proved;
    let shown = &violation.shown;
    Told {
        id: &violation.id,
        title: Property::of(violation.finding.code).map_or("", |property| property.title),
        finding: finding::json(&violation.finding, sources),
        accepted,
        failure: names(isp, &shown.failure),
        flow: shown.flow.as_ref().map(flow_told),
        ways: ways_told(&shown.hops, sources),
        end: shown.end.as_ref(),
        back: ways_told(&shown.back, sources),
        back_end: shown.back_end.as_ref(),
        answerers: &shown.answerers,
        route: shown.route.as_deref(),
        others: violation.others.iter().map(|failure| names(isp, failure)).collect(),
        replay: replay(&violation.id, directory),
    }
}

/// A flow as JSON.
pub(crate) fn flow_told(flow: &Flow) -> FlowTold<'_> {
    FlowTold {
        family: flow.family.digit(),
        from: &flow.from,
        source: flow.source.to_string(),
        to: &flow.to,
        destination: flow.destination.to_string(),
        port: flow.port.map(|port| port.to_string()),
    }
}

/// Several ways with the places of their hops.
pub(crate) fn ways_told<'a>(hops: &'a [Hop], sources: &'a [Source]) -> Vec<Vec<HopTold<'a>>> {
    ways(hops).into_iter().map(|way| way_told(way, sources)).collect()
}

/// One way with the places of its hops.
pub(crate) fn way_told<'a>(way: &'a [Hop], sources: &'a [Source]) -> Vec<HopTold<'a>> {
    let hop = |hop: &'a Hop| {
        let place = hop.place.and_then(|place| position(place, sources));
        HopTold { hop, file: place.map(|(file, _)| file), line: place.map(|(_, line)| line) }
    };
    way.iter().map(hop).collect()
}

/// The failed elements, as people write them.
pub(crate) fn names(isp: &Isp, failure: &Failure) -> Vec<String> {
    failure.elements().iter().map(|element| element.text(isp)).collect()
}

/// The ways among hops: each begins at a hop without an input.
pub(crate) fn ways(hops: &[Hop]) -> Vec<&[Hop]> {
    hops.chunk_by(|_, next| next.input.is_some()).collect()
}

/// File and line of a place.
pub(crate) fn position(place: Place, sources: &[Source]) -> Option<(&str, usize)> {
    let source = sources.get(place.file as usize)?;
    Some((&source.path, source.line_column(place.start).0))
}

/// `members.toml:12`.
pub(crate) fn where_declared(hop: &Hop, sources: &[Source]) -> String {
    let place = hop.place.and_then(|place| position(place, sources));
    place.map_or_else(String::new, |(file, line)| format!("{file}:{line}"))
}

/// `segment.patata (10.1.0.20) to internet (9.9.9.9), tcp/443`.
pub(crate) fn flow_words(flow: &Flow) -> String {
    let port = flow.port.map_or_else(|| "any protocol".to_owned(), |port| port.to_string());
    format!("{} ({}) to {} ({}), {port}", flow.from, flow.source, flow.to, flow.destination)
}

/// How a way ends, as a sentence without a subject.
pub(crate) fn end_words(end: &End) -> String {
    match end {
        End::Delivered(what) => format!("arrives at {what}"),
        End::Left(what) => format!("leaves to another network by {what}"),
        End::Strayed(what) => {
            format!(
                "is lost, it leaves by {what} to another network, which does not have the address"
            )
        }
        End::Filtered(what) => format!("is dropped by a filter: {what}"),
        End::Unreachable(what) => format!("is refused, no route: {what}"),
        End::Blackholed(what) => format!("is dropped in silence: {what}"),
        End::Unanswered(what) => format!("is lost, nobody answers for the next hop: {what}"),
        End::Loop(what) => format!("goes in a circle: {what}"),
    }
}

/// Whether what was sent gets where it should.
pub(crate) fn arrives(end: &End) -> bool {
    match end {
        End::Delivered(_) | End::Left(_) => true,
        End::Strayed(_)
        | End::Filtered(_)
        | End::Unreachable(_)
        | End::Blackholed(_)
        | End::Unanswered(_)
        | End::Loop(_) => false,
    }
}

/// The command that replays a violation with real daemons.
pub(crate) fn replay(id: &str, directory: &str) -> String {
    format!("ketupa twin replay {} {}", plain(id), word(directory))
}
