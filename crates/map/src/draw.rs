//! Writes a laid out picture as SVG. Decides no place but those of marks.

use crate::card::BAND;
use crate::shape::{Picture, Px, Shape, Text, Wire};
use crate::state::{Colours, State};
use std::fmt::Write as _;

/// Colours and letters. The background is part of the picture: it reads on dark pages too.
const STYLE: &str = include_str!("style.css");

/// The picture as text.
pub(crate) fn svg(picture: &Picture, colours: &Colours) -> String {
    let mut pen = Pen { out: String::new(), colours };
    let Picture { width, height, .. } = picture;
    pen.line(&format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">"#
    ));
    pen.line(&format!("<title>{}</title>", escaped(&picture.title)));
    pen.line(&format!("<style>\n{STYLE}</style>"));
    pen.line(&format!(r#"<rect class="page" width="{width}" height="{height}" rx="14"/>"#));
    pen.shapes("frames", &picture.frames, 12);
    pen.line(r#"<g class="wires">"#);
    for wire in &picture.wires {
        pen.wire(wire);
    }
    pen.line("</g>");
    pen.shapes("bands", &picture.bands, 8);
    pen.shapes("cards", &picture.cards, 7);
    pen.line(r#"<g class="dots">"#);
    for wire in &picture.wires {
        pen.end(wire);
    }
    pen.line("</g>");
    pen.line(r#"<g class="legend">"#);
    for sign in &picture.legend {
        pen.sign(sign);
    }
    pen.line("</g>");
    pen.texts(&picture.texts);
    pen.line("</svg>");
    pen.out
}

struct Pen<'a> {
    out: String,
    colours: &'a Colours,
}

impl Pen<'_> {
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn shapes(&mut self, class: &str, shapes: &[Shape], round: Px) {
        self.line(&format!(r#"<g class="{class}">"#));
        for shape in shapes {
            self.shape(shape, round);
        }
        self.line("</g>");
    }

    fn shape(&mut self, shape: &Shape, round: Px) {
        self.open(&shape.key, shape.look, &shape.title);
        let rect = shape.rect;
        self.line(&format!(
            r#"<rect x="{}" y="{}" width="{}" height="{}" rx="{round}"/>"#,
            rect.x, rect.y, rect.w, rect.h
        ));
        self.texts(&shape.texts);
        for part in &shape.parts {
            self.shape(part, 4);
        }
        if let Some((state, _)) = self.colours.get(&shape.key) {
            let top = if rect.h > BAND { rect.y + 1 } else { rect.y + rect.h / 2 };
            self.mark(state, rect.x, top, if rect.h < 20 { " small" } else { "" });
        }
        self.line("</g>");
    }

    /// Opens a group with the object's key, its state and its tooltip.
    fn open(&mut self, key: &str, look: &str, title: &str) {
        let told = self.colours.get(key);
        let state = told.map_or("", |(state, _)| state.class());
        let class = format!("{look} {state}");
        let _ = write!(self.out, r#"<g class="{}""#, class.trim_end());
        if !key.is_empty() {
            let _ = write!(self.out, r#" data-key="{}""#, escaped(key));
        }
        self.out.push('>');
        let says = told.map_or_else(String::new, |(state, says)| {
            format!("\n{}: {says}", state.says()).trim_end_matches([' ', ':']).to_owned()
        });
        if !title.is_empty() {
            let _ = write!(self.out, "<title>{}{}</title>", escaped(title), escaped(&says));
        }
        self.out.push('\n');
    }

    /// Writes texts; what goes on behind another is part of it.
    fn texts(&mut self, texts: &[Text]) {
        let mut rest = texts.iter().peekable();
        while let Some(text) = rest.next() {
            let Text { x, y, style, words, .. } = text;
            let (class, words) = (style.class(), escaped(words));
            let _ = write!(self.out, r#"<text class="{class}" x="{x}" y="{y}">{words}"#);
            while let Some(more) = rest.next_if(|more| more.goes_on) {
                let (class, words) = (more.style.class(), escaped(&more.words));
                let _ = write!(self.out, r#"<tspan class="{class}" dx="8">{words}</tspan>"#);
            }
            self.line("</text>");
        }
    }

    /// A sign of the legend: a state's mark, a line, or a box with a word.
    fn sign(&mut self, sign: &Shape) {
        let (x, y) = (sign.rect.x, sign.rect.y + sign.rect.h / 2);
        if let Some(state) = State::ALL.into_iter().find(|state| state.class() == sign.look) {
            self.mark(state, x + 7, y, "");
        } else if sign.texts.is_empty() {
            let points = vec![(x, y), (sign.rect.right(), y)];
            let (look, title) = (sign.look, String::new());
            let wire = Wire { key: String::new(), look, title, points, label: None };
            self.line(r#"<g class="wires">"#);
            self.wire(&wire);
            self.line("</g>");
            self.end(&wire);
        } else {
            self.shape(sign, 4);
        }
    }

    fn wire(&mut self, wire: &Wire) {
        self.open(&wire.key, wire.look, &wire.title);
        let points: Vec<String> = wire.points.iter().map(|(x, y)| format!("{x} {y}")).collect();
        self.line(&format!(r#"<path d="M{}"/>"#, points.join("L")));
        self.texts(wire.label.as_slice());
        self.line("</g>");
    }

    /// A dot where a line meets its bus, and where it leaves its box the mark of its state.
    fn end(&mut self, wire: &Wire) {
        let Wire { look, points, .. } = wire;
        if let Some((x, y)) = points.last() {
            self.line(&format!(r#"<circle class="{look}" cx="{x}" cy="{y}" r="3"/>"#));
        }
        if let (Some((state, _)), [start, next, ..]) = (self.colours.get(&wire.key), &points[..]) {
            let along = |from: Px, to: Px| from + (to - from).signum() * 10;
            self.mark(state, along(start.0, next.0), along(start.1, next.1), "");
        }
    }

    /// A disc with a sign: the sign is drawn, because not every font has it.
    fn mark(&mut self, state: State, x: Px, y: Px, size: &str) {
        let sign = match state {
            State::Up => "M-3 0l2 2.5 4-5",
            State::Degraded => "M0 -4v5M0 3.2v.6",
            State::Down => "M-2.6 -2.6l5.2 5.2M2.6 -2.6l-5.2 5.2",
            State::Unknown => "M-2 -1.8c0-3 4.2-2.6 4-.2 0 1.6-2 1.4-2 3.2M0 3.4v.4",
            State::Emulated => "M-3.4 .8c1.6-3 3.4-2.2 3.6-.8.4 1.6 2 1.8 3.2-.8",
        };
        let class = state.class();
        self.line(&format!(
            r#"<g class="mark {class}{size}" transform="translate({x} {y})"><circle r="7"/><path d="{sign}"/></g>"#
        ));
    }
}

/// Text as it may stand in XML; what XML cannot hold becomes a sign for it.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
