//! What filters do to packets, whoever sent them: asked once for each way through one.

use super::{Does, Gate, GateNumber, Onward};
use crate::places::PlaceNumber;
use crate::plane::{NicNumber, Position};
use crate::seen::Found;
use crate::walk::{Sent, Walker};
use crate::world::Forward;
use derive::packet::judge::Ends;

impl Onward<'_> {
    /// Whether a filter lets packets pass; where it looks at their source, it is taken to, and noted.
    pub(super) fn passes(
        &mut self,
        found: &mut Found,
        place: PlaceNumber,
        output: Option<NicNumber>,
    ) -> bool {
        let does = self.gate(place, output);
        found.gates.extend(does.gate());
        does != Does::Drops
    }

    /// What a filter does to packets of the course that is looked at.
    pub(super) fn gate(&mut self, place: PlaceNumber, output: Option<NicNumber>) -> Does {
        if !self.plane.gates.filters(self.places.at(place).host) {
            return Does::Passes;
        }
        let way = self.places.way(place, output);
        let sure = &self.courses[self.looked_at].sure;
        if let Some(known) = sure.get(way as usize).copied().flatten() {
            return known;
        }
        let does = match self.sure((place, output), way) {
            Some(true) => Does::Passes,
            Some(false) => Does::Drops,
            None => Does::LooksAtSource(self.source_gate((place, output))),
        };
        let sure = &mut self.courses[self.looked_at].sure;
        if sure.len() <= way as usize {
            sure.resize(way as usize + 1, None);
        }
        sure[way as usize] = Some(does);
        does
    }

    fn source_gate(&mut self, gate: Gate) -> GateNumber {
        let next = self.gates.len() as GateNumber;
        let number = *self.numbers.entry(gate).or_insert(next);
        if number == next {
            self.gates.push(gate);
        }
        number
    }

    /// Whether a filter lets packets pass wherever they come from; none where that counts.
    fn sure(&mut self, gate: Gate, way: u32) -> Option<bool> {
        let port = self.courses[self.looked_at].port;
        let known = self.open.get(&(way, port)).copied();
        let open = known.unwrap_or_else(|| self.ask(gate, Ends::Any));
        if known.is_none() {
            self.open.insert((way, port), open);
        }
        open.or_else(|| self.ask(gate, Ends::AnySource))
    }

    fn ask(&self, (place, output): Gate, ends: Ends) -> Option<bool> {
        let (to, port) = (self.courses[self.looked_at].to, self.courses[self.looked_at].port);
        let content = crate::flows::question(port);
        // The source does not count; the destination is of its family.
        let source = self.destinations.all[to].address;
        let sent = Sent { source, content, known_to: &[] };
        let at = self.places.at(place);
        let packet = self.walker(to, sent).packet(at, output);
        self.plane.gates.judge_any(at.host, &packet, ends)
    }

    /// Whether a filter lets a packet pass.
    pub(crate) fn lets_pass(&self, gate: GateNumber, to: usize, sent: Sent<'_>) -> bool {
        let (place, output) = self.gates[gate as usize];
        self.walker(to, sent).passes(self.places.at(place), output)
    }

    /// One that goes nowhere: it is asked about single filters only.
    fn walker<'s>(
        &'s self,
        to: usize,
        sent: Sent<'s>,
    ) -> Walker<'s, impl Fn(Position) -> &'static Forward> {
        let forward = |_: Position| &Forward::Unreachable;
        Walker { plane: self.plane, destination: &self.destinations.all[to], forward, sent }
    }
}
