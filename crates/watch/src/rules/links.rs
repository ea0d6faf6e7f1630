//! Network interfaces of hosts, and whole segments.

use super::{Alarm, Means, Severity, duty, heard, on_host, record};
use crate::group::Rule;
use model::Isp;

/// One series for each interface of a host with an agent.
pub(super) fn records(isp: &Isp) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (_, host) in isp.hosts.iter().filter(|(id, _)| derive::checks::has_agent(isp, *id)) {
        for nic in &host.nic {
            let labels = [
                ("instance", host.name.as_str()),
                ("device", nic.name.as_str()),
                ("object", &host.at.key),
                ("segment", &isp.segments[nic.segment].at.key),
                ("duty", duty(isp, host.owner)),
            ];
            rules.push(record("ketupa:nic:info", "1", &labels));
        }
    }
    rules
}

/// An interface that is down or not there, on a host that is heard.
fn down(isp: &Isp) -> String {
    [
        "((ketupa:nic:info and on (instance, device) (node_network_up == 0)) or \
         (ketupa:nic:info unless on (instance, device) node_network_up)) and on (instance) ",
        &heard(isp),
    ]
    .concat()
}

pub(super) fn alarms(isp: &Isp) -> Vec<Rule> {
    let link = Alarm {
        name: "LinkDown",
        severity: Severity::Warning,
        means: Means::Down,
        hold_s: 60,
        expr: down(isp),
        summary: [
            "The interface {{ $labels.device }} of {{ $labels.instance }} to {{ $labels.segment }} is down",
            "L'interface {{ $labels.device }} de {{ $labels.instance }} vers {{ $labels.segment }} est coupée",
        ],
        act: [
            "ip -s link show: is there a carrier? Then the cable, the switch's port, the bridge of the hypervisor.",
            "ip -s link show : y a-t-il une porteuse ? Puis le câble, le port du commutateur, le pont de l'hyperviseur.",
        ],
        labels: &[],
    };
    // Of a segment on which one interface is ours, that interface alone is told.
    let expr = [
        "label_replace(count by (segment) (",
        &down(isp),
        ") == on (segment) (count by (segment) (ketupa:nic:info and on (instance) ",
        &heard(isp),
        ") > 1), \"object\", \"$1\", \"segment\", \"(.+)\")",
    ]
    .concat();
    let segment = Alarm {
        name: "SegmentDown",
        severity: Severity::Critical,
        means: Means::Down,
        hold_s: 60,
        expr,
        summary: [
            "All {{ $value }} interfaces on {{ $labels.segment }} are down",
            "Les {{ $value }} interfaces sur {{ $labels.segment }} sont toutes coupées",
        ],
        act: [
            "Its switch or its VLAN: is the switch powered, was it configured lately?",
            "Son commutateur ou son VLAN : est-il alimenté, l'a-t-on configuré récemment ?",
        ],
        // It is the object as a whole, and not a part of it.
        labels: &[("segment", "")],
    };
    vec![segment.rule(), link.rule(), flaps(), errors()]
}

/// What is told of an interface that the model knows.
fn on_nic(expr: &str) -> String {
    let info = " * on (instance, device) group_left (object, segment, duty) ketupa:nic:info";
    ["(", expr, ")", info].concat()
}

fn flaps() -> Rule {
    let alarm = Alarm {
        name: "LinkFlaps",
        severity: Severity::Warning,
        means: Means::Itself,
        hold_s: 0,
        expr: on_nic("increase(node_network_carrier_changes_total[15m]) > 4"),
        summary: [
            "The interface {{ $labels.device }} of {{ $labels.instance }} goes up and down",
            "L'interface {{ $labels.device }} de {{ $labels.instance }} va et vient",
        ],
        act: [
            "A cable, an optic or a port that dies: replace the cheapest first.",
            "Un câble, une optique ou un port en fin de vie : remplacer d'abord le moins cher.",
        ],
        labels: &[],
    };
    alarm.rule()
}

fn errors() -> Rule {
    let errors =
        "rate(node_network_receive_errs_total[5m]) + rate(node_network_transmit_errs_total[5m])";
    let packets = "rate(node_network_receive_packets_total[5m]) + rate(node_network_transmit_packets_total[5m])";
    let expr = ["(", errors, " > 1) / (", packets, ") > 0.01"].concat();
    let alarm = Alarm {
        name: "LinkErrors",
        severity: Severity::Warning,
        means: Means::Itself,
        hold_s: 600,
        expr: on_nic(&expr),
        summary: [
            "{{ $value | humanizePercentage }} of the packets on {{ $labels.device }} of {{ $labels.instance }} are broken",
            "{{ $value | humanizePercentage }} des paquets sur {{ $labels.device }} de {{ $labels.instance }} sont abîmés",
        ],
        act: [
            "ethtool -S: which errors. CRC: cable or optic. Else speed and duplex at both ends.",
            "ethtool -S : quelles erreurs. CRC : câble ou optique. Sinon vitesse et duplex des deux côtés.",
        ],
        labels: &[],
    };
    alarm.rule()
}

/// The whole of OSPF on a host, for the sessions' rules.
pub(super) fn ospf() -> Rule {
    let alarm = Alarm {
        name: "OspfDown",
        severity: Severity::Critical,
        means: Means::Down,
        hold_s: 60,
        expr: on_host("max by (instance, name) (bird_ospf_running) == 0"),
        summary: [
            "OSPF ({{ $labels.name }}) on {{ $labels.instance }} has no neighbour",
            "OSPF ({{ $labels.name }}) sur {{ $labels.instance }} n'a pas de voisin",
        ],
        act: [
            "birdc show ospf neighbors, then the links to the backbones, then the password.",
            "birdc show ospf neighbors, puis les liens vers les dorsales, puis le mot de passe.",
        ],
        labels: &[("part", "ospf")],
    };
    alarm.rule()
}
