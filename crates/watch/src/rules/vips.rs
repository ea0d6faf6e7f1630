//! Virtual addresses: who holds them.

use super::{Alarm, Means, Severity, duty, record};
use crate::group::Rule;
use model::Isp;

/// Who holds what: a host that fell silent holds nothing.
fn held(isp: &Isp) -> String {
    format!("last_over_time(ketupa_vip_held[{}s])", isp.watch.interval.0 * 3)
}

/// One series for each VIP, and one that says who should hold it.
pub(super) fn records(isp: &Isp) -> Vec<Rule> {
    let mut rules = Vec::new();
    for vip in isp.vips.values() {
        let watched = |id: &&model::Id<model::kinds::Host>| derive::checks::has_agent(isp, **id);
        if vip.hosts.iter().filter(watched).count() < vip.hosts.len() {
            // Who is not asked may hold it.
            continue;
        }
        let Some(first) = vip.hosts.first().map(|id| &isp.hosts[*id]) else { continue };
        let key = vip.at.key.as_str();
        let labels = [("vip", key), ("object", key), ("duty", duty(isp, first.owner))];
        rules.push(record("ketupa:vip:info", "1", &labels));
        let labels = [("vip", key), ("instance", first.name.as_str())];
        rules.push(record("ketupa:vip:master", "1", &labels));
    }
    rules
}

pub(super) fn alarms(isp: &Isp) -> Vec<Rule> {
    let held = held(isp);
    let sum = ["sum by (vip) (", &held, ")"].concat();
    let unheld = Alarm {
        name: "VipUnheld",
        severity: Severity::Critical,
        means: Means::Down,
        hold_s: 30,
        expr: ["ketupa:vip:info and on (vip) (", &sum, " == 0)"].concat(),
        summary: [
            "Nobody answers for {{ $labels.vip }}",
            "Personne ne répond pour {{ $labels.vip }}",
        ],
        act: [
            "systemctl status keepalived on its hosts: do they run, do their tracked interfaces?",
            "systemctl status keepalived sur ses hôtes : tournent-ils, et leurs interfaces suivies ?",
        ],
        labels: &[],
    };
    let twice = Alarm {
        name: "VipHeldTwice",
        severity: Severity::Critical,
        means: Means::Down,
        // Longer than what a host said counts after it died, and another one took the address over.
        hold_s: i64::try_from((isp.watch.interval.0 * 4).clamp(60, 3600)).unwrap_or(60),
        expr: ["ketupa:vip:info and on (vip) (", &sum, " > 1)"].concat(),
        summary: [
            "Several hosts answer for {{ $labels.vip }}",
            "Plusieurs hôtes répondent pour {{ $labels.vip }}",
        ],
        act: [
            "They do not hear each other's VRRP: tcpdump -ni IFACE vrrp on both, then the switch between them.",
            "Ils n'entendent pas leur VRRP : tcpdump -ni IFACE vrrp sur les deux, puis le commutateur entre eux.",
        ],
        labels: &[],
    };
    let expr = [
        "(ketupa:vip:info and on (vip) (",
        &held,
        " == 1 unless on (vip, instance) ketupa:vip:master)) unless on (vip) (",
        &held,
        " == 1 and on (vip, instance) ketupa:vip:master)",
    ]
    .concat();
    let moved = Alarm {
        name: "VipMoved",
        severity: Severity::Info,
        means: Means::Follows,
        hold_s: 120,
        expr,
        summary: [
            "{{ $labels.vip }} is not where it usually is",
            "{{ $labels.vip }} n'est pas à sa place habituelle",
        ],
        act: [
            "It works. See why the preferred host gave it away before the other one has trouble, too.",
            "Elle fonctionne. Voir pourquoi l'hôte préféré l'a cédée avant que l'autre n'ait un souci aussi.",
        ],
        labels: &[],
    };
    vec![unheld.rule(), twice.rule(), moved.rule()]
}
