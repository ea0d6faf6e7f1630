//! What the marks and lines mean.

use crate::State;
use crate::page::MARGIN;
use crate::shape::{Picture, Px, Rect, Shape, Style, Text};

/// One sign of the map: the same for the picture and for a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The sign.
    pub mark: &'static str,
    /// What it means.
    pub says: &'static str,
}

/// The signs that do not depend on a state: class, word, meaning.
const SIGNS: &[(&str, &str, &str)] = &[
    ("bgp", "", "BGP session"),
    ("lan", "", "interface, with the end of its address"),
    ("vip", "VIP", "virtual address: the first of its hosts that lives answers"),
    ("management", "name", "a segment that the machine touches without a line"),
    ("service", "name", "a service that the machine runs"),
];

/// The marks of the states, in the order in which a picture explains them.
pub fn legend() -> Vec<Entry> {
    State::ALL.iter().map(|state| Entry { mark: state.mark(), says: state.says() }).collect()
}

/// Writes the legend below everything; the picture ends there.
pub(crate) fn place(picture: &mut Picture, top: Px) {
    let (mut x, mut y) = (MARGIN, top + 18);
    let signs = SIGNS.iter().map(|(look, word, says)| (*look, *word, *says, ""));
    let states = State::ALL.iter().map(|s| ("state", "", s.says(), s.class()));
    for (look, word, says, state) in signs.chain(states) {
        let wide = match (word, state) {
            ("", "") => 28,
            ("", _) => 14,
            (_, _) => Style::Port.width(word) + 10,
        };
        let w = wide + 7 + Style::Note.width(says);
        if x > MARGIN && x + w > picture.width - MARGIN {
            (x, y) = (MARGIN, y + 22);
        }
        let rect = Rect { x, y: y - 11, w: wide, h: 15 };
        let look = if state.is_empty() { look } else { state };
        let mut sign = Shape { rect, look, ..Shape::default() };
        if !word.is_empty() {
            sign.texts.push(Text::new(x + 5, y, Style::Port, word.to_owned()));
        }
        let text = Text::new(x + wide + 7, y, Style::Note, says.to_owned());
        picture.texts.push(text);
        picture.legend.push(sign);
        x += w + 22;
    }
    picture.height = y + 24;
}
