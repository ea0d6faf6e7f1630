//! Ports that stand for all those that no packet filter tells apart: what holds for these holds for
//! every port.

use super::gate::Gates;
use derive::packet::rules::{Match, Transport};
use model::value::Port;
use std::collections::BTreeSet;

/// What has no ports, as the model names it.
const PORTLESS: [Port; 4] = [Port::Icmp, Port::Esp, Port::Gre, Port::Vrrp];

/// For each transport, the first of every range of ports that filters treat alike.
#[derive(Debug)]
pub(crate) struct Atoms {
    tcp: BTreeSet<u16>,
    udp: BTreeSet<u16>,
}

impl Atoms {
    /// Of the filters of all hosts.
    pub(crate) fn of(gates: &Gates) -> Self {
        Self { tcp: firsts(gates, Transport::Tcp), udp: firsts(gates, Transport::Udp) }
    }

    /// Ports that stand for any traffic whatever.
    pub(crate) fn any(&self) -> Vec<Port> {
        let all = [Port::Tcp(1, u16::MAX), Port::Udp(1, u16::MAX)];
        all.into_iter().flat_map(|port| self.within(port)).chain(PORTLESS).collect()
    }

    /// Ports that stand for a declared range.
    pub(crate) fn within(&self, port: Port) -> Vec<Port> {
        let firsts = |known: &BTreeSet<u16>, first: u16, last: u16| {
            let inside = known.range(first..=last).copied();
            BTreeSet::from([first]).into_iter().chain(inside).collect::<BTreeSet<u16>>()
        };
        match port {
            Port::Tcp(first, last) => {
                firsts(&self.tcp, first, last).into_iter().map(|at| Port::Tcp(at, at)).collect()
            }
            Port::Udp(first, last) => {
                firsts(&self.udp, first, last).into_iter().map(|at| Port::Udp(at, at)).collect()
            }
            Port::Icmp | Port::Esp | Port::Gre | Port::Vrrp => vec![port],
        }
    }
}

fn firsts(gates: &Gates, transport: Transport) -> BTreeSet<u16> {
    let conditions = gates.conditions();
    let ranges = conditions.filter_map(|condition| match condition {
        Match::To(of, ranges) if *of == transport => Some(ranges),
        Match::To(..)
        | Match::Family(_)
        | Match::In(_)
        | Match::Out(_)
        | Match::Source(_)
        | Match::SourceOutside(_)
        | Match::Destination(_)
        | Match::Protocol(_)
        | Match::From(..)
        | Match::Underway
        | Match::Icmp(..)
        | Match::Fresh(_)
        | Match::State(_) => None,
    });
    ranges
        .flatten()
        .flat_map(|(first, last)| [Some(*first), last.checked_add(1)])
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Atoms;
    use model::value::Port;
    use std::collections::BTreeSet;

    #[test]
    fn one_port_stands_for_each_range_that_filters_tell_apart() {
        let atoms = Atoms { tcp: BTreeSet::from([80, 81, 443, 444]), udp: BTreeSet::new() };
        let tcp = |ports: &[u16]| ports.iter().map(|at| Port::Tcp(*at, *at)).collect::<Vec<_>>();
        assert_eq!(atoms.within(Port::Tcp(70, 443)), tcp(&[70, 80, 81, 443]));
        assert_eq!(atoms.within(Port::Tcp(90, 90)), tcp(&[90]));
        assert_eq!(atoms.within(Port::Icmp), [Port::Icmp]);
        let any = atoms.any();
        assert_eq!(any[..5], tcp(&[1, 80, 81, 443, 444]));
        assert_eq!(any[5..], [Port::Udp(1, 1), Port::Icmp, Port::Esp, Port::Gre, Port::Vrrp]);
    }
}
