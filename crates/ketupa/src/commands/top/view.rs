//! Hosts as lines. What is bad is a word or a `!`; colour only says it again.

use super::hosts::{Host, State};
use super::looking::Looking;
use crate::commands::query::short;
use crate::report::plain;
use model::finding::Paint;

/// What is over this many percent is marked.
const FULL: f64 = 90.0;
const RED: &str = "\u{1b}[31m";
const PLAIN: &str = "\u{1b}[0m";
/// To the first corner; the rest of a line; the rest of the screen.
const HOME: &str = "\u{1b}[H";
const REST_OF_LINE: &str = "\u{1b}[K\r\n";
const REST: &str = "\u{1b}[J";

/// A line, and whether it is about something bad.
pub(super) struct Line {
    pub(super) text: String,
    bad: bool,
}

const HEAD: [&str; 9] =
    ["STATE", "LOAD", "CPU%", "MEM%", "DISK%", "IN b/s", "OUT b/s", "BGP", "ALERTS"];

/// A head, and a line for each host, or that there is none.
pub(super) fn lines(hosts: &[Host]) -> Vec<Line> {
    let mut lines = table(hosts);
    lines.extend(hosts.is_empty().then(nobody));
    lines
}

/// A head, and a line for each host.
fn table(hosts: &[Host]) -> Vec<Line> {
    let names = hosts.iter().map(|host| host.name.chars().count());
    let width = names.max().unwrap_or_default().max("HOST".len());
    let head = line("HOST", width, &HEAD.map(str::to_owned));
    let mut lines = vec![Line { text: head, bad: false }];
    for host in hosts {
        let bad = host.state != State::Up || host.alerts > 0.0;
        lines.push(Line { text: line(&plain(&host.name), width, &cells(host)), bad });
    }
    lines
}

/// What is said where nobody sent anything.
fn nobody() -> Line {
    Line { text: "no host has sent metrics within a day".to_owned(), bad: false }
}

fn line(name: &str, width: usize, cells: &[String; 9]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| format!("{cell:>8}")).collect();
    format!("{name:width$} {}", cells.join(""))
}

fn cells(host: &Host) -> [String; 9] {
    let none = || "-".to_owned();
    let number = |value: Option<f64>| value.map_or_else(none, |value| format!("{value:.2}"));
    let percent = |value: Option<f64>| value.map_or_else(none, percent);
    let bits = |value: Option<f64>| value.map_or_else(none, short);
    let sessions = host.sessions.map_or_else(none, |(up, all)| {
        let mark = if up < all { "!" } else { "" };
        format!("{mark}{up}/{all}")
    });
    [
        host.state.word().to_owned(),
        number(host.load),
        percent(host.cpu),
        percent(host.memory),
        percent(host.disk),
        bits(host.incoming),
        bits(host.outgoing),
        sessions,
        if host.alerts > 0.0 { format!("!{}", host.alerts) } else { none() },
    ]
}

fn percent(value: f64) -> String {
    let mark = if value > FULL { "!" } else { "" };
    format!("{mark}{value:.0}")
}

/// How many hosts are on a screen of so many rows: a title, a head and a foot are there too.
pub(super) fn page(height: usize) -> usize {
    height.saturating_sub(4).max(1)
}

/// What is on the screen.
pub(super) struct Seen<'a> {
    pub(super) all: &'a [Host],
    /// Those that are looked at, in their order.
    pub(super) chosen: &'a [Host],
    pub(super) looking: &'a Looking,
}

impl Seen<'_> {
    /// The whole screen, drawn over what was there.
    pub(super) fn screen(
        &self,
        trouble: Option<&str>,
        (width, height): (usize, usize),
        paint: Paint,
    ) -> String {
        let title = Line { text: self.title(trouble), bad: trouble.is_some() };
        let mut rows = table(self.chosen).into_iter();
        let head = rows.next();
        let rows = rows.skip(self.looking.above).take(page(height));
        let foot = self.looking.foot().map(|text| Line { text: plain(&text), bad: false });
        let none = self.all.is_empty().then(nobody);
        let shown = std::iter::once(title).chain(head).chain(rows).chain(none).chain(foot);
        let drawn = shown.take(height.saturating_sub(1)).map(|line| {
            let text: String = line.text.chars().take(width).collect();
            match (paint, line.bad) {
                (Paint::Colour, true) => format!("{RED}{text}{PLAIN}{REST_OF_LINE}"),
                (Paint::Colour, false) | (Paint::Plain, _) => format!("{text}{REST_OF_LINE}"),
            }
        });
        format!("{HOME}{}{REST}", drawn.collect::<Vec<_>>().concat())
    }

    fn title(&self, trouble: Option<&str>) -> String {
        if let Some(trouble) = trouble {
            return format!("as it was: {}", plain(trouble));
        }
        let up = self.all.iter().filter(|host| host.state == State::Up).count();
        let alerts: f64 = self.all.iter().map(|host| host.alerts).sum();
        let (order, hint) = (self.looking.order.word(), self.looking.hint());
        format!("{up} of {} hosts up, {alerts} alerts; {order}; {hint}", self.all.len())
    }
}

#[cfg(test)]
mod tests {
    use super::super::hosts::tests::host;
    use super::super::keys::Key;
    use super::*;

    #[test]
    fn what_is_bad_is_said_without_colour() {
        let full =
            Host { disk: Some(93.4), sessions: Some((1.0, 2.0)), ..host("edge-01", State::Up) };
        let gone = Host { alerts: 2.0, cpu: None, ..host("core\u{1b}[2J", State::Unseen) };
        let lines: Vec<String> = lines(&[gone, full]).into_iter().map(|line| line.text).collect();
        let cells: Vec<&str> = lines[1].split_whitespace().collect();
        assert_eq!(cells[1..], ["unseen", "0.50", "-", "20", "40", "1.50M", "2k", "-", "!2"]);
        let cells: Vec<&str> = lines[2].split_whitespace().collect();
        assert_eq!(cells[..7], ["edge-01", "up", "0.50", "3", "20", "!93", "1.50M"]);
        assert_eq!(cells[8..], ["!1/2", "-"]);
        assert!(!lines.concat().contains('\u{1b}'));
    }

    fn drawn(hosts: &[Host], looking: &Looking, size: (usize, usize)) -> Vec<String> {
        let seen = Seen { all: hosts, chosen: hosts, looking };
        let drawn = seen.screen(None, size, Paint::Plain).replace(HOME, "").replace(REST, "");
        drawn.split(REST_OF_LINE).map(str::to_owned).collect()
    }

    #[test]
    fn the_screen_is_never_left() {
        let hosts: Vec<Host> = (10..60).map(|n| host(&format!("host-{n}"), State::Up)).collect();
        let mut looking = Looking::new();
        let lines = drawn(&hosts, &looking, (40, 10));
        assert_eq!(lines.len(), 9, "a title, a head, six hosts and what follows them");
        assert!(lines.iter().all(|line| line.chars().count() <= 40), "{lines:?}");
        assert!(lines[2].starts_with("host-10"), "{lines:?}");
        looking.press(Key::End, hosts.len(), page(10));
        looking.press(Key::Letter('?'), hosts.len(), page(10));
        let lines = drawn(&hosts, &looking, (40, 10));
        assert_eq!(lines.len(), 10, "and a foot");
        assert!(lines[7].starts_with("host-59"), "{lines:?}");
        assert!(lines[8].starts_with("q Esc leave"), "{lines:?}");
        for height in 0..4 {
            assert!(drawn(&hosts, &looking, (40, height)).len() <= height.max(1), "{height}");
        }
        let seen = Seen { all: &hosts, chosen: &hosts, looking: &looking };
        let told = seen.screen(Some("it does not answer"), (80, 10), Paint::Colour);
        assert!(told.contains("as it was: it does not answer"), "{told}");
    }

    #[test]
    fn nobody_whose_name_contains_it_is_no_empty_network() {
        let mut looking = Looking::new();
        looking.filter = "nobody".to_owned();
        let seen = Seen { all: &[host("wiki", State::Up)], chosen: &[], looking: &looking };
        let told = seen.screen(None, (80, 10), Paint::Plain);
        assert!(told.contains("1 of 1 hosts up"), "{told}");
        assert!(!told.contains("no host has sent"), "{told}");
        assert!(told.contains("/nobody"), "{told}");
    }
}
