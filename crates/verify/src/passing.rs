//! Which flows pass which hosts, by where they go: what a change at a host can touch is found without
//! looking at the others.

use crate::bits::Bits;
use crate::plane::Position;

/// The flows that pass each host, apart for each end.
#[derive(Debug)]
pub(crate) struct Passing {
    /// By end.
    groups: Vec<Group>,
    /// By flow: its end, and its place among the flows to it.
    places: Vec<(u32, u32)>,
}

/// The flows to one end.
#[derive(Debug, Clone)]
struct Group {
    flows: Vec<u32>,
    /// By host: which row is its own, counted from one; none has none.
    row: Vec<u16>,
    rows: Vec<Bits>,
}

impl Passing {
    /// No flow passes any of so many hosts yet; each flow goes to one of so many ends.
    pub(crate) fn new(hosts: usize, ends: usize, flows: impl Iterator<Item = usize>) -> Self {
        let empty = Group { flows: Vec::new(), row: Vec::new(), rows: Vec::new() };
        let mut passing = Self { groups: vec![empty; ends], places: Vec::new() };
        for (flow, end) in flows.enumerate() {
            let group = &mut passing.groups[end];
            group.row.resize(hosts, 0);
            passing.places.push((end as u32, group.flows.len() as u32));
            group.flows.push(flow as u32);
        }
        passing
    }

    /// A flow passes these hosts.
    pub(crate) fn add(&mut self, flow: usize, hosts: &[Position]) {
        let (end, place) = self.places[flow];
        let group = &mut self.groups[end as usize];
        for host in hosts {
            if group.row[*host] == 0 {
                group.rows.push(Bits::none(group.flows.len()));
                group.row[*host] = group.rows.len() as u16;
            }
            group.rows[usize::from(group.row[*host]) - 1].add(place as usize);
        }
    }

    /// A flow passes these hosts no more.
    pub(crate) fn remove(&mut self, flow: usize, hosts: &[Position]) {
        let (end, place) = self.places[flow];
        let group = &mut self.groups[end as usize];
        for row in hosts.iter().map(|host| group.row[*host]).filter(|row| *row > 0) {
            group.rows[usize::from(row) - 1].remove(place as usize);
        }
    }

    /// Adds the flows to an end that pass any of these hosts to a set of flows.
    pub(crate) fn join(&self, end: usize, hosts: &Bits, into: &mut Bits) {
        let group = &self.groups[end];
        let rows = hosts.iter().filter_map(|host| group.row.get(host)).filter(|row| **row > 0);
        let places = rows.flat_map(|row| group.rows[usize::from(*row) - 1].iter());
        places.for_each(|place| into.add(group.flows[place] as usize));
    }
}
