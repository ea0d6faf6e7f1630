//! How objects do: a colour and a mark for each, so that colour never carries meaning alone.

use std::collections::BTreeMap;

/// How an object does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It works.
    Up,
    /// It works in part.
    Degraded,
    /// It does not work.
    Down,
    /// Nobody could tell.
    Unknown,
    /// It is played by something else, in the twin.
    Emulated,
}

impl State {
    /// Every state, in the order of the legend.
    pub const ALL: [Self; 5] =
        [Self::Up, Self::Degraded, Self::Down, Self::Unknown, Self::Emulated];

    /// Class, mark and word.
    fn face(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Up => ("up", "✓", "up"),
            Self::Degraded => ("degraded", "!", "degraded"),
            Self::Down => ("down", "✗", "down"),
            Self::Unknown => ("unknown", "?", "unknown"),
            Self::Emulated => ("emulated", "~", "emulated in the twin"),
        }
    }

    /// Its class in the style sheet.
    pub(crate) fn class(self) -> &'static str {
        self.face().0
    }

    /// Its mark in a line of text.
    pub fn mark(self) -> &'static str {
        self.face().1
    }

    /// The words for it.
    pub fn says(self) -> &'static str {
        self.face().2
    }
}

/// The states of objects, by key: `host.edge-01`, `segment.bnix`, `vip.patata`, `service.wiki`,
/// `neighbor.verixi`, `session.verixi/edge-01`, `nic.edge-01/bb-a`, `site.louise`.
/// What has no state is drawn without a mark.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Colours(BTreeMap<String, (State, String)>);

impl Colours {
    /// Says how an object does, and a sentence about it for its tooltip: which host holds a
    /// virtual address, since when a session is down. The last word counts.
    pub fn set(&mut self, key: &str, state: State, says: &str) {
        self.0.insert(key.to_owned(), (state, says.to_owned()));
    }

    /// How an object does.
    pub fn get(&self, key: &str) -> Option<(State, &str)> {
        self.0.get(key).map(|(state, says)| (*state, says.as_str()))
    }
}
