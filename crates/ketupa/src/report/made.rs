//! Reports made by hand over the example, so that every form of output is tested without an engine.

use super::Proved;
use model::ask::Family;
use model::source::Place;
use model::value::Port;
use model::{Finding, Isp, Named as _, Source};
use verify::report::Extent;
use verify::{
    Change, Counterexample, Diff, Element, End, Failure, Flow, Hop, Report, Violation, WhatIf,
};

/// The example and a report on it.
pub(super) struct Made {
    pub(super) isp: Isp,
    pub(super) sources: Vec<Source>,
    pub(super) report: Report,
    pub(super) singles: Vec<WhatIf>,
    pub(super) conditions: Vec<String>,
}

impl Made {
    pub(super) fn proved(&self) -> Proved<'_> {
        let Self { isp, sources, report, conditions, .. } = self;
        Proved { isp, sources, directory: "examples/neutrinet", conditions, report }
    }
}

const EXTENT: Extent = Extent {
    failures: 2,
    elements: 178,
    scenarios: 15_931,
    simulated: 612,
    destinations: 41,
    flows: 964,
};

/// A network that holds.
pub(super) fn whole() -> Made {
    let directory = testkit::example("neutrinet");
    let sources = testkit::sources(&directory);
    let report = Report { extent: EXTENT, ..Report::default() };
    Made {
        isp: testkit::isp(&directory),
        sources,
        report,
        singles: Vec::new(),
        conditions: Vec::new(),
    }
}

/// A network with four violations, one of them accepted, and what every single failure changes.
pub(super) fn broken() -> Made {
    let mut made = whole();
    made.report.violations =
        vec![two_owners(&made), edge_transit(&made), asymmetric(&made), leak(&made), web(&made)];
    made.report.accepted = vec![(oob(&made), "the second 4G box comes in March".to_owned())];
    made.singles = made
        .isp
        .hosts
        .iter()
        .map(|(id, host)| WhatIf {
            failure: Failure::of([Element::Host(id)]),
            changes: vec![change(host.name())],
            violations: Vec::new(),
            accepted: Vec::new(),
        })
        .collect();
    made
}

fn change(host: &str) -> Change {
    Change {
        what: "segment.patata to internet, tcp/443".to_owned(),
        before: Some("core-01, edge-01, leaves by verixi/edge-01".to_owned()),
        after: (host != "core-01").then(|| "core-01, edge-02, leaves by verixi/edge-02".to_owned()),
        lost: host == "core-01",
    }
}

/// A network whose names and sentences attack every form of output.
pub(super) fn hostile() -> Made {
    const WORDS: &str =
        "</script><img src=x onerror=alert(1)>`|\n]]>&\"' @all #12 \u{1b}[31m\u{202e} http://x";
    let mut made = broken();
    let mut one = two_owners(&made);
    one.id = WORDS.to_owned();
    one.finding.says = WORDS.to_owned();
    one.finding.hint = Some(WORDS.to_owned());
    one.shown.route = Some(WORDS.to_owned());
    one.shown.answerers = vec![WORDS.to_owned()];
    one.shown.end = Some(End::Filtered(WORDS.to_owned()));
    one.shown.back_end = Some(End::Filtered(WORDS.to_owned()));
    for hop in &mut one.shown.hops {
        hop.by = WORDS.to_owned();
        hop.host = WORDS.to_owned();
    }
    made.report.accepted = vec![(one.clone(), WORDS.to_owned())];
    made.report.violations = vec![one];
    made
}

/// A difference between two versions.
pub(super) fn difference() -> Diff {
    Diff {
        flows: vec![change("core-01"), change("edge-01")],
        routes: vec![Change {
            what: "0.0.0.0/0 on core-03".to_owned(),
            before: None,
            after: Some("BGP from edge-02".to_owned()),
            lost: false,
        }],
        broken: Vec::new(),
        mended: vec![("V-OWNER", "fw-01 and fw-02 answer for vip.services".to_owned())],
    }
}

fn element(made: &Made, text: &str) -> Element {
    Element::parse(&made.isp, text).expect("the example has it")
}

fn failure(made: &Made, texts: &[&str]) -> Failure {
    Failure::of(texts.iter().map(|text| element(made, text)))
}

/// Where a text stands in a file of the example.
fn place(made: &Made, file: &str, text: &str) -> Place {
    let index = made.sources.iter().position(|source| source.path == file).expect("a file");
    let start = made.sources[index].text.find(text).expect("the text is in the file");
    let number = |at: usize| u32::try_from(at).expect("files are small");
    Place { file: number(index), start: number(start), end: number(start + text.len()) }
}

fn hop(host: &str, input: &str, output: &str, by: &str, place: Option<Place>) -> Hop {
    let nic = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    Hop { host: host.to_owned(), input: nic(input), output: nic(output), by: by.to_owned(), place }
}

fn flow(from: (&str, &str), to: (&str, &str), port: Option<Port>) -> Flow {
    Flow {
        family: Family::V4,
        from: from.0.to_owned(),
        source: from.1.parse().expect("an address"),
        to: to.0.to_owned(),
        destination: to.1.parse().expect("an address"),
        port,
    }
}

fn two_owners(made: &Made) -> Violation {
    let vip = place(made, "network/vips.toml", "[vip.patata]");
    let finding = Finding::error("V-OWNER", vip, "core-01 and core-02 both answer for vip.patata")
        .hint("let both hear each other's advertisements on segment.patata")
        .about("vip.patata");
    let others = ["host.edge-01", "host.edge-02", "segment.bnix", "daemon.core-03/bird"];
    Violation {
        id: "V-OWNER-1f3a9c".to_owned(),
        finding,
        shown: Counterexample {
            failure: failure(made, &["link.core-01/bb-a", "daemon.core-02/keepalived"]),
            answerers: vec!["core-01".to_owned(), "core-02".to_owned()],
            hops: vec![hop("core-01", "", "patata", "its VRRP master, priority 200", Some(vip))],
            ..Counterexample::default()
        },
        others: others.into_iter().map(|text| failure(made, &[text])).collect(),
    }
}

fn edge_transit(made: &Made) -> Violation {
    let edge = place(made, "network/routers.toml", "[host.edge-02]");
    let link = place(
        made,
        "network/routers.toml",
        "nic.bb-a    = { segment = \"backbone-a\", ipv4 = \"10.255.1.2\"",
    );
    let finding =
        Finding::error("V-EDGE-TRANSIT", edge, "a packet of belgiumix crosses edge-02 and edge-01")
            .hint("give edge-02 a way to the cores that does not lead through edge-01")
            .about("host.edge-02");
    Violation {
        id: "V-EDGE-TRANSIT-77b0e2".to_owned(),
        finding,
        shown: Counterexample {
            failure: failure(made, &["link.edge-02/bb-b"]),
            flow: Some(flow(
                ("neighbor.belgiumix/edge-02", "198.51.100.1"),
                ("host.friend", "80.67.181.10"),
                Some(Port::Tcp(443, 443)),
            )),
            hops: vec![
                hop("edge-02", "ix", "bb-a", "OSPF to 10.255.255.1, cost 10", Some(link)),
                hop("edge-01", "bb-a", "bb-b", "BGP 80.67.181.0/26 from core-01", Some(edge)),
                hop("core-01", "bb-b", "patata", "connected 80.67.181.0/26", None),
                hop("friend", "eth0", "", "its own address", None),
            ],
            end: Some(End::Delivered("host.friend".to_owned())),
            ..Counterexample::default()
        },
        others: Vec::new(),
    }
}

fn asymmetric(made: &Made) -> Violation {
    let vip = place(made, "network/vips.toml", "[vip.services]");
    let finding = Finding::error(
        "V-ASYMMETRIC",
        vip,
        "answers of the services miss the firewall that let the question in",
    )
    .about("vip.services");
    let question = |firewall: &str| {
        [
            hop("core-01", "bb-a", "fw", "static 80.67.181.64/26 via vip.fw-outside", Some(vip)),
            hop(firewall, "outside", "inside", "rules.world-to-web, rule 1: accept", None),
        ]
    };
    let answer = [
        hop("core-01", "fw", "bb-a", "BGP 0.0.0.0/0 from edge-01", None),
        hop("edge-01", "bb-a", "transit", "BGP 0.0.0.0/0 from verixi", None),
    ];
    let start = hop("edge-01", "", "bb-a", "BGP 80.67.181.0/24 from core-01", None);
    Violation {
        id: "V-ASYMMETRIC-03aa51".to_owned(),
        finding,
        shown: Counterexample {
            failure: Failure::none(),
            flow: Some(flow(
                ("neighbor.verixi/edge-01", "192.0.2.1"),
                ("vip.services", "80.67.181.65"),
                None,
            )),
            hops: [start.clone()]
                .into_iter()
                .chain(question("fw-01"))
                .chain([start])
                .chain(question("fw-02"))
                .collect(),
            end: Some(End::Left("verixi/edge-01".to_owned())),
            back_end: Some(End::Filtered("fw-02, no state for the answer".to_owned())),
            back: [hop("fw-02", "", "outside", "default via vip.fw-uplink", None)]
                .into_iter()
                .chain(answer)
                .collect(),
            ..Counterexample::default()
        },
        others: Vec::new(),
    }
}

fn leak(made: &Made) -> Violation {
    let finding = Finding::error(
        "V-LEAK",
        place(made, "neighbors/transit.toml", "[neighbor.verixi]"),
        "a route of belgiumix would be announced to verixi",
    );
    Violation {
        id: "V-LEAK-9c01d4".to_owned(),
        finding,
        shown: Counterexample {
            route: Some("193.190.0.0/15 from belgiumix/edge-02, path 3513 2611".to_owned()),
            hops: vec![hop("edge-02", "", "", "import filter accepts: no rule refuses", None)],
            end: Some(End::Left("verixi/edge-01".to_owned())),
            ..Counterexample::default()
        },
        others: Vec::new(),
    }
}

fn web(made: &Made) -> Violation {
    let at = place(made, "invariants.toml", "[invariant.web-in]");
    let finding = Finding::error("V-INVARIANT", at, "invariant.web-in does not hold")
        .about("invariant.web-in");
    Violation {
        id: "V-INVARIANT-5d20ff".to_owned(),
        finding,
        shown: Counterexample {
            failure: failure(made, &["site.louise"]),
            flow: Some(flow(
                ("internet", "9.9.9.9"),
                ("vip.proxy", "80.67.181.66"),
                Some(Port::Tcp(443, 443)),
            )),
            hops: vec![hop("edge-01", "transit", "", "no route", None)],
            end: Some(End::Blackholed("edge-01, 80.67.181.0/24".to_owned())),
            ..Counterexample::default()
        },
        others: Vec::new(),
    }
}

fn oob(made: &Made) -> Violation {
    let at = place(made, "network/segments.toml", "[segment.management]");
    let finding = Finding::error("V-OOB", at, "management is reached through core-01 alone");
    let failure = failure(made, &["host.hv-01", "host.hv-02"]);
    let shown = Counterexample { failure, ..Counterexample::default() };
    Violation { id: "V-OOB-000001".to_owned(), finding, shown, others: Vec::new() }
}
