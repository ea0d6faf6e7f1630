//! Where packets are, as far as filters can tell: at a host, having come in by one of several interfaces
//! that its filter treats alike.

use crate::plane::{NicNumber, Plane, Position};
use crate::walk::At;

/// The number of a place.
pub(crate) type PlaceNumber = u32;

/// The places that packets came by, numbered as they came.
pub(crate) struct Places<'a> {
    plane: &'a Plane<'a>,
    /// By interface, then by host for those that start there.
    numbers: Vec<Option<PlaceNumber>>,
    /// By place: the first that was met.
    all: Vec<At>,
    /// By place: the interfaces that packets leave by, and the number of that way through its filter.
    ways: Vec<Vec<(Option<NicNumber>, u32)>>,
    count: u32,
}

impl<'a> Places<'a> {
    /// None so far.
    pub(crate) fn new(plane: &'a Plane<'a>) -> Self {
        let numbers = vec![None; plane.nics.len() + plane.isp.hosts.len()];
        Self { plane, numbers, all: Vec::new(), ways: Vec::new(), count: 0 }
    }

    /// The number of where a packet is.
    pub(crate) fn number(&mut self, at: At) -> PlaceNumber {
        let slot = at.input.unwrap_or(self.plane.nics.len() + at.host);
        if let Some(known) = self.numbers[slot] {
            return known;
        }
        let next = self.all.len() as PlaceNumber;
        self.all.push(at);
        self.ways.push(Vec::new());
        self.numbers[slot] = Some(next);
        if let Some(input) = at.input {
            for other in alike(self.plane, (at.host, input)) {
                self.numbers[other] = Some(next);
            }
        }
        next
    }

    /// Where a place is: any of those that it stands for.
    pub(crate) fn at(&self, place: PlaceNumber) -> At {
        self.all[place as usize]
    }

    /// The number of the way through a host's filter from a place to an interface, or to the host itself.
    pub(crate) fn way(&mut self, place: PlaceNumber, output: Option<NicNumber>) -> u32 {
        let ways = &mut self.ways[place as usize];
        if let Some((_, known)) = ways.iter().find(|(known, _)| *known == output) {
            return *known;
        }
        ways.push((output, self.count));
        self.count += 1;
        self.count - 1
    }
}

/// The interfaces of a host that its filter does not tell from one of them as packets come in.
fn alike<'a>(
    plane: &'a Plane<'a>,
    (host, input): (Position, NicNumber),
) -> impl Iterator<Item = NicNumber> {
    let treated = move |nic: NicNumber| plane.gates.coming_in(host, plane.nic_name(nic));
    let own = treated(input);
    plane.nics_of(host).filter(move |nic| treated(*nic) == own)
}
