//! What a proof found: violations, each with the smallest failure, the flow, and the hops that show it.

use crate::element::Failure;
use model::Finding;
use model::ask::Family;
use model::source::Place;
use model::value::Port;
use serde::Serialize;
use std::net::IpAddr;

/// Everything that a proof has to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What does not hold, in the order of the files.
    pub violations: Vec<Violation>,
    /// What the operator accepts: the violation, and the reason.
    pub accepted: Vec<(Violation, String)>,
    /// How much was looked at.
    pub extent: Extent,
}

/// How much was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Extent {
    /// How many things may fail at once.
    pub failures: u8,
    /// Things that can fail.
    pub elements: usize,
    /// Sets of failures that the proof covers, the empty one included.
    pub scenarios: usize,
    /// Those among them that had to be simulated: the others change nothing.
    pub simulated: usize,
    /// Destinations told apart, of both families.
    pub destinations: usize,
    /// Flows followed in the network without failures.
    pub flows: usize,
}

/// One thing that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Stable name, such as `V-OWNER-1f3a9c`: what `ketupa twin replay` takes.
    pub id: String,
    /// What, where in the files, and one way out.
    pub finding: Finding,
    /// What shows it.
    pub shown: Counterexample,
    /// Further failures that show the same, not counting those that include this one.
    pub others: Vec<Failure>,
}

impl Violation {
    /// Whether another one breaks the same property of the same thing, whatever shows it.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        let (one, other) = (&self.finding, &other.finding);
        one.code == other.code && one.about.first() == other.about.first()
    }
}

/// What shows a violation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counterexample {
    /// The smallest set of failures.
    pub failure: Failure,
    /// The packet that is followed, if it is about one.
    pub flow: Option<Flow>,
    /// Where it goes; several paths where routers share load.
    pub hops: Vec<Hop>,
    /// How it ends.
    pub end: Option<End>,
    /// The way back, where that is what is wrong.
    pub back: Vec<Hop>,
    /// How that ends.
    pub back_end: Option<End>,
    /// Hosts that answer for an address, where it is about who does.
    pub answerers: Vec<String>,
    /// The addresses that they answer for: of one family, if it is so in one only.
    pub addresses: Vec<IpAddr>,
    /// A route, where it is about one: `193.190.0.0/15 from verixi/edge-01, path 6696 2611`.
    pub route: Option<String>,
}

/// A packet that opens a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Its family.
    pub family: Family,
    /// Where it starts: `segment.patata`, `host.friend`, `neighbor.verixi/edge-01`.
    pub from: String,
    /// Its source.
    pub source: IpAddr,
    /// Where it shall go: `vip.proxy`, `neighbor.verixi`, `internet`.
    pub to: String,
    /// Its destination.
    pub destination: IpAddr,
    /// Its protocol and port; none for any.
    pub port: Option<Port>,
}

/// One host on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// The host, or the neighbour.
    pub host: String,
    /// The interface that it came in by; none at its start.
    pub input: Option<String>,
    /// The interface that it leaves by; none at its end.
    pub output: Option<String>,
    /// What decided: a route, a filter rule, an address.
    pub by: String,
    /// Where that is declared.
    #[serde(skip)]
    pub place: Option<Place>,
}

/// How a packet's way ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "end", content = "what")]
pub enum End {
    /// A host of ours has it.
    Delivered(String),
    /// It leaves to another network, over a session: `verixi/edge-01`.
    Left(String),
    /// It leaves to another network, which does not have what is ours or private: `verixi/edge-01`.
    Strayed(String),
    /// A filter's rule drops it.
    Filtered(String),
    /// A router has no route for it, or one that says unreachable.
    Unreachable(String),
    /// A router drops it in silence: a blackhole.
    Blackholed(String),
    /// Nobody answers for the next hop.
    Unanswered(String),
    /// It goes in a circle.
    Loop(String),
}
