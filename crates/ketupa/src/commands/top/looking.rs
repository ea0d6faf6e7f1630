//! What is looked at: the order, the part of the list, and what the hosts' names contain. Keys change it.

use super::hosts::Host;
use super::keys::Key;
use std::cmp::Ordering;

/// What comes first in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Worst,
    Name,
    Load,
    Cpu,
    Memory,
    Disk,
    Traffic,
}

impl Order {
    const ALL: [Self; 7] =
        [Self::Worst, Self::Name, Self::Load, Self::Cpu, Self::Memory, Self::Disk, Self::Traffic];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Worst => "worst first",
            Self::Name => "by name",
            Self::Load => "by load",
            Self::Cpu => "by processor",
            Self::Memory => "by memory",
            Self::Disk => "by disk",
            Self::Traffic => "by traffic",
        }
    }

    fn next(self) -> Self {
        let after = Self::ALL.iter().skip_while(|order| **order != self).nth(1);
        after.copied().unwrap_or(Self::Worst)
    }

    /// Which of two hosts comes first; the most of something, and what is unknown last.
    fn of(self, one: &Host, other: &Host) -> Ordering {
        let most = |value: fn(&Host) -> Option<f64>| {
            let number = |host| value(host).unwrap_or(f64::NEG_INFINITY);
            number(other).total_cmp(&number(one))
        };
        let first = match self {
            Self::Worst => one.order(other),
            Self::Name => Ordering::Equal,
            Self::Load => most(|host| host.load),
            Self::Cpu => most(|host| host.cpu),
            Self::Memory => most(|host| host.memory),
            Self::Disk => most(|host| host.disk),
            Self::Traffic => most(|host| Some(host.incoming? + host.outgoing?)),
        };
        first.then_with(|| one.name.cmp(&other.name))
    }
}

/// What keys do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Looking,
    /// What is typed becomes the filter.
    Typing,
    Help,
    /// Nobody can type.
    Silent,
}

/// What somebody looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Looking {
    pub(super) order: Order,
    /// So many hosts are above the screen.
    pub(super) above: usize,
    /// What names must contain.
    pub(super) filter: String,
    mode: Mode,
}

/// What follows from a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Stay,
    Leave,
}

impl Looking {
    pub(super) fn new() -> Self {
        let filter = String::new();
        Self { order: Order::Worst, above: 0, filter, mode: Mode::Looking }
    }

    /// Where nobody can type.
    pub(super) fn silent() -> Self {
        Self { mode: Mode::Silent, ..Self::new() }
    }

    /// The hosts that are chosen, in their order.
    pub(super) fn chosen(&self, hosts: &[Host]) -> Vec<Host> {
        let wanted = self.filter.to_lowercase();
        let named = |host: &&Host| host.name.to_lowercase().contains(&wanted);
        let mut chosen: Vec<Host> = hosts.iter().filter(named).cloned().collect();
        chosen.sort_by(|one, other| self.order.of(one, other));
        chosen
    }

    /// Follows a key, with so many hosts chosen of which so many are on the screen.
    pub(super) fn press(&mut self, key: Key, rows: usize, page: usize) -> Next {
        if key == Key::Interrupt {
            return Next::Leave;
        }
        match self.mode {
            Mode::Typing => self.typed(key),
            Mode::Help => self.mode = Mode::Looking,
            Mode::Silent => {}
            Mode::Looking => return self.looked(key, rows, page),
        }
        Next::Stay
    }

    fn typed(&mut self, key: Key) {
        match key {
            Key::Letter(letter) => self.filter.push(letter),
            Key::Erase => drop(self.filter.pop()),
            Key::Enter => self.mode = Mode::Looking,
            Key::Escape => {
                self.filter.clear();
                self.mode = Mode::Looking;
            }
            Key::Up
            | Key::Down
            | Key::PageUp
            | Key::PageDown
            | Key::Home
            | Key::End
            | Key::Interrupt => {}
        }
        self.above = 0;
    }

    fn looked(&mut self, key: Key, rows: usize, page: usize) -> Next {
        let last = rows.saturating_sub(page);
        match key {
            // The first Escape gives all hosts back.
            Key::Escape if !self.filter.is_empty() => self.filter.clear(),
            Key::Letter('q') | Key::Escape | Key::Interrupt => return Next::Leave,
            Key::Letter('j') | Key::Down => self.above = self.above.saturating_add(1),
            Key::Letter('k') | Key::Up => self.above = self.above.saturating_sub(1),
            Key::PageDown | Key::Letter(' ') => self.above = self.above.saturating_add(page),
            Key::PageUp | Key::Letter('b') => self.above = self.above.saturating_sub(page),
            Key::Home | Key::Letter('g') => self.above = 0,
            Key::End | Key::Letter('G') => self.above = last,
            Key::Letter('s') => (self.order, self.above) = (self.order.next(), 0),
            Key::Letter('/') => self.mode = Mode::Typing,
            Key::Letter('?' | 'h') => self.mode = Mode::Help,
            Key::Letter(_) | Key::Enter | Key::Erase => {}
        }
        self.above = self.above.min(last);
        Next::Stay
    }

    /// How to go on.
    pub(super) fn hint(&self) -> &'static str {
        if self.mode == Mode::Silent { "Ctrl-C ends" } else { "? shows the keys" }
    }

    /// The line at the foot of the screen, where there is something to say.
    pub(super) fn foot(&self) -> Option<String> {
        match self.mode {
            Mode::Help => Some(HELP.to_owned()),
            Mode::Typing => Some(format!("/{}_", self.filter)),
            Mode::Silent => None,
            Mode::Looking if self.filter.is_empty() => None,
            Mode::Looking => Some(format!("/{}  (Esc: all hosts)", self.filter)),
        }
    }
}

/// What the keys are, in a line.
const HELP: &str =
    "q Esc leave  j k arrows PgDn PgUp g G move  s order  / hosts whose name contains  ? this";

#[cfg(test)]
mod tests {
    use super::super::hosts::tests::host;
    use super::super::hosts::{Host, State};
    use super::super::keys::keys;
    use super::{Looking, Next, Order};

    fn hosts() -> Vec<Host> {
        let mut hosts: Vec<Host> = (0..9).map(|n| host(&format!("core-0{n}"), State::Up)).collect();
        hosts.push(Host { load: Some(7.0), ..host("Edge-01", State::Up) });
        hosts.push(Host { load: None, ..host("wiki", State::Unseen) });
        hosts
    }

    /// What is seen first, and how it ended, after some keys on a screen of four hosts.
    fn after(typed: &str) -> (Looking, String, Next) {
        let (mut looking, mut next) = (Looking::new(), Next::Stay);
        for key in keys(typed.as_bytes()) {
            let rows = looking.chosen(&hosts()).len();
            next = looking.press(key, rows, 4);
        }
        let chosen = looking.chosen(&hosts());
        let first = chosen.get(looking.above).map_or(String::new(), |host| host.name.clone());
        (looking, first, next)
    }

    #[test]
    fn keys_move_and_end_at_the_ends() {
        for (typed, first) in [
            ("", "wiki"),
            ("j", "Edge-01"),
            ("jjk", "Edge-01"),
            ("k", "wiki"),
            ("\u{1b}[B\u{1b}[B\u{1b}[A", "Edge-01"),
            ("G", "core-05"),
            (" ", "core-02"),
            ("   ", "core-05"),
            ("Gb", "core-01"),
            ("Gg", "wiki"),
        ] {
            assert_eq!(after(typed).1, first, "{typed:?}");
        }
    }

    #[test]
    fn s_changes_the_order_all_around() {
        let (looking, first, _) = after("jjss");
        assert_eq!((looking.order, looking.above, first.as_str()), (Order::Load, 0, "Edge-01"));
        assert_eq!(after("s").1, "Edge-01", "by name, as computers sort");
        assert_eq!(looking.chosen(&hosts()).last().map(|host| host.name.as_str()), Some("wiki"));
        assert_eq!(after("sssssss").0.order, Order::Worst);
    }

    #[test]
    fn a_filter_is_typed_kept_and_given_up() {
        let (looking, first, _) = after("jj/edgx\u{7f}e\r");
        assert_eq!((looking.filter.as_str(), first.as_str()), ("edge", "Edge-01"));
        assert!(looking.foot().is_some_and(|foot| foot.contains("/edge")));
        // Letters are no commands while it is typed.
        assert_eq!(after("/q").0.foot(), Some("/q_".to_owned()));
        assert_eq!(after("/q").2, Next::Stay);
        assert_eq!(after("/edge\u{1b}").0, Looking::new());
        let (looking, _, next) = after("/edge\r\u{1b}");
        assert_eq!((looking, next), (Looking::new(), Next::Stay));
        assert_eq!(after("/nobody\rj").1, "");
    }

    #[test]
    fn it_is_left_by_q_escape_and_ctrl_c() {
        for typed in ["q", "\u{1b}", "\u{3}", "/x\u{3}", "?\u{3}", "?xq"] {
            assert_eq!(after(typed).2, Next::Leave, "{typed:?}");
        }
        assert!(after("?").0.foot().is_some_and(|foot| foot.contains("order")));
        assert_eq!(after("?q").2, Next::Stay, "any key ends the help");
    }
}
