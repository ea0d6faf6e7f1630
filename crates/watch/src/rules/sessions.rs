//! BIRD: whether it runs, its sessions with others and with our own routers, and what it hears.

use super::{Alarm, Means, Severity, duty, heard, links, record};
use crate::group::Rule;
use derive::routing::symbol;
use model::ask::Family;
use model::kinds::{Host, Neighbor, Relation, Session};
use model::{Id, Isp};

/// One series for each session that a router of ours has, by the name of its protocol.
pub(super) fn records(isp: &Isp) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (id, host) in isp.hosts.iter().filter(|(id, _)| derive::checks::has_agent(isp, *id)) {
        let own = sessions_at(isp, id);
        let inside = inside(isp, id);
        if !own.is_empty() || !inside.is_empty() || host.role.routes() {
            let labels = [
                ("instance", host.name.as_str()),
                ("object", &host.at.key),
                ("duty", duty(isp, host.owner)),
            ];
            rules.push(record("ketupa:router:info", "1", &labels));
        }
        rules.extend(own);
        rules.extend(inside);
    }
    rules
}

/// Sessions with other networks, seen from our end and, where that is ours too, from theirs.
fn sessions_at(isp: &Isp, id: Id<Host>) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (neighbor, session) in isp.sessions() {
        if session.host != id && session.remote != Some(id) {
            continue;
        }
        for family in Family::BOTH.into_iter().filter(|f| session.address(*f).is_some()) {
            rules.extend(session_at(isp, (neighbor, session), id, family));
        }
    }
    rules
}

fn session_at(
    isp: &Isp,
    (neighbor, session): (&Neighbor, &Session),
    id: Id<Host>,
    family: Family,
) -> Vec<Rule> {
    let host = &isp.hosts[id];
    let protocol = session.protocol(neighbor, family);
    let severity = match neighbor.relation {
        Relation::Transit | Relation::Customer => "critical",
        Relation::Peer | Relation::RouteServer => "warning",
    };
    let labels = [
        ("instance", host.name.as_str()),
        ("name", &protocol),
        ("object", &session.at.key),
        ("neighbor", &neighbor.at.key),
        ("duty", duty(isp, host.owner)),
        ("severity", severity),
    ];
    let mut rules = vec![record("ketupa:session:info", "1", &labels)];
    let limit = match family {
        Family::V4 => neighbor.limit4,
        Family::V6 => neighbor.limit6,
    };
    if let Some(limit) = limit.filter(|limit| *limit > 0 && session.host == id) {
        let labels: Vec<_> = labels.into_iter().filter(|(name, _)| *name != "severity").collect();
        rules.push(record("ketupa:session:limit", &limit.to_string(), &labels));
    }
    rules
}

/// Internal sessions of a router.
fn inside(isp: &Isp, id: Id<Host>) -> Vec<Rule> {
    let host = &isp.hosts[id];
    let mut rules = Vec::new();
    for (_, peer) in isp.internal_peers(id) {
        for family in Family::BOTH {
            if host.loopback(family).is_none() || peer.loopback(family).is_none() {
                continue;
            }
            let protocol = format!("ibgp_{}_{}", symbol(&peer.name), family.digit());
            let labels = [
                ("instance", host.name.as_str()),
                ("name", &protocol),
                ("object", &host.at.key),
                ("peer", &peer.at.key),
                ("duty", duty(isp, host.owner)),
            ];
            rules.push(record("ketupa:ibgp:info", "1", &labels));
        }
    }
    rules
}

pub(super) fn alarms(isp: &Isp) -> Vec<Rule> {
    vec![bird(isp), links::ospf(), session(isp), internal(isp), limit(), few()]
}

/// A session that is not up, on a router whose BIRD is heard.
fn not_up(isp: &Isp, info: &str) -> String {
    [info, " unless on (instance, name) (bird_protocol_up == 1) and on (instance) ", &heard(isp)]
        .concat()
}

fn bird(isp: &Isp) -> Rule {
    let expr = [
        "ketupa:router:info unless on (instance) bird_protocol_up and on (instance) ",
        &heard(isp),
    ]
    .concat();
    let alarm = Alarm {
        name: "BirdDown",
        severity: Severity::Critical,
        means: Means::Down,
        hold_s: 60,
        expr,
        summary: [
            "BIRD on {{ $labels.instance }} does not answer",
            "BIRD sur {{ $labels.instance }} ne répond pas",
        ],
        act: [
            "systemctl status bird; bird -p checks its configuration. Its routes are gone until it runs.",
            "systemctl status bird ; bird -p vérifie sa configuration. Ses routes manquent tant qu'il est arrêté.",
        ],
        labels: &[("part", "bird")],
    };
    alarm.rule()
}

fn session(isp: &Isp) -> Rule {
    let alarm = Alarm {
        name: "SessionDown",
        severity: Severity::Told,
        means: Means::Down,
        hold_s: 120,
        expr: not_up(isp, "ketupa:session:info"),
        summary: [
            "The BGP session {{ $labels.name }} of {{ $labels.instance }} is down",
            "La session BGP {{ $labels.name }} de {{ $labels.instance }} est tombée",
        ],
        act: [
            "birdc show protocols all with its name says why. Ping the other end; is there news from them?",
            "birdc show protocols all avec son nom dit pourquoi. Pinger l'autre bout ; ont-ils annoncé des travaux ?",
        ],
        labels: &[],
    };
    alarm.rule()
}

fn internal(isp: &Isp) -> Rule {
    let expr =
        ["max by (instance, object, peer, duty) (", &not_up(isp, "ketupa:ibgp:info"), ")"].concat();
    let alarm = Alarm {
        name: "InternalSessionDown",
        severity: Severity::Warning,
        means: Means::Down,
        hold_s: 120,
        expr,
        summary: [
            "{{ $labels.instance }} has no BGP session with {{ $labels.peer }}",
            "{{ $labels.instance }} n'a pas de session BGP avec {{ $labels.peer }}",
        ],
        act: [
            "Ping the other's loopback: if it does not answer look at OSPF, else at BIRD there.",
            "Pinger la boucle locale de l'autre : sans réponse voir OSPF, sinon BIRD là-bas.",
        ],
        labels: &[],
    };
    alarm.rule()
}

fn limit() -> Rule {
    let heard = "(bird_protocol_prefix_import_count + bird_protocol_prefix_filter_count)";
    let expr = [
        heard,
        " * on (instance, name) group_left (object, neighbor, duty) (1 / ketupa:session:limit) > 0.9",
    ]
    .concat();
    let alarm = Alarm {
        name: "RoutesNearLimit",
        severity: Severity::Warning,
        means: Means::Itself,
        hold_s: 300,
        expr,
        summary: [
            "{{ $labels.name }} on {{ $labels.instance }} sends {{ $value | humanizePercentage }} of the routes that it may",
            "{{ $labels.name }} sur {{ $labels.instance }} envoie {{ $value | humanizePercentage }} des routes permises",
        ],
        act: [
            "Does it leak, or has it grown? Compare with its AS-SET; then raise limit4 or limit6, or write to them.",
            "Une fuite, ou a-t-il grandi ? Comparer à son AS-SET ; puis augmenter limit4 ou limit6, ou leur écrire.",
        ],
        labels: &[],
    };
    alarm.rule()
}

fn few() -> Rule {
    let usual = "avg_over_time(bird_protocol_prefix_import_count[1d] offset 1h)";
    let expr = [
        "((bird_protocol_prefix_import_count < 0.5 * ",
        usual,
        ") and ",
        usual,
        " > 20) * on (instance, name) group_left (object, neighbor, duty) ketupa:session:info",
        // One that is down sends none, and has its own alert.
        " and on (instance, name) bird_protocol_up == 1",
    ]
    .concat();
    let alarm = Alarm {
        name: "RoutesFew",
        severity: Severity::Warning,
        means: Means::Itself,
        hold_s: 1800,
        expr,
        summary: [
            "{{ $labels.name }} on {{ $labels.instance }} sends {{ $value }} routes, less than half of the usual",
            "{{ $labels.name }} sur {{ $labels.instance }} envoie {{ $value }} routes, moins de la moitié de l'habitude",
        ],
        act: [
            "birdc show route filtered protocol with its name: do we refuse them? Else ask the neighbour.",
            "birdc show route filtered protocol avec son nom : est-ce nous qui refusons ? Sinon demander au voisin.",
        ],
        labels: &[],
    };
    alarm.rule()
}
