//! Hosts as lines. What is bad is a word or a `!`; colour only says it again.

use super::hosts::{Host, State};
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

/// A head, and a line for each host.
pub(super) fn lines(hosts: &[Host]) -> Vec<Line> {
    let names = hosts.iter().map(|host| host.name.chars().count());
    let width = names.max().unwrap_or_default().max("HOST".len());
    let head = line("HOST", width, &HEAD.map(str::to_owned));
    let mut lines = vec![Line { text: head, bad: false }];
    for host in hosts {
        let bad = host.state != State::Up || host.alerts > 0.0;
        lines.push(Line { text: line(&plain(&host.name), width, &cells(host)), bad });
    }
    if hosts.is_empty() {
        let text = "no host has sent metrics within a day".to_owned();
        lines.push(Line { text, bad: false });
    }
    lines
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

/// The whole screen, drawn over what was there.
pub(super) fn screen(
    hosts: &[Host],
    trouble: Option<&str>,
    (width, height): (usize, usize),
    paint: Paint,
) -> String {
    let up = hosts.iter().filter(|host| host.state == State::Up).count();
    let alerts: f64 = hosts.iter().map(|host| host.alerts).sum();
    let title = match trouble {
        Some(trouble) => format!("as it was: {}", plain(trouble)),
        None => format!("{up} of {} hosts up, {alerts} alerts; Ctrl-C ends", hosts.len()),
    };
    let title = Line { text: title, bad: trouble.is_some() };
    let lines = std::iter::once(title).chain(lines(hosts));
    let drawn = lines.take(height.saturating_sub(1)).map(|line| {
        let text: String = line.text.chars().take(width).collect();
        match (paint, line.bad) {
            (Paint::Colour, true) => format!("{RED}{text}{PLAIN}{REST_OF_LINE}"),
            (Paint::Colour, false) | (Paint::Plain, _) => format!("{text}{REST_OF_LINE}"),
        }
    });
    format!("{HOME}{}{REST}", drawn.collect::<Vec<_>>().concat())
}

#[cfg(test)]
mod tests {
    use super::super::hosts::tests::host;
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

    #[test]
    fn the_screen_is_never_left() {
        let hosts: Vec<Host> = (0..50).map(|n| host(&format!("host-{n}"), State::Up)).collect();
        let drawn = screen(&hosts, None, (40, 10), Paint::Plain);
        let lines: Vec<&str> = drawn.split(REST_OF_LINE).collect();
        assert_eq!(lines.len(), 10, "nine lines and what follows them");
        let bare = |line: &&str| line.replace(HOME, "").replace(REST, "").chars().count();
        assert!(lines.iter().map(bare).all(|width| width <= 40), "{lines:?}");
        let told = screen(&hosts, Some("it does not answer"), (80, 10), Paint::Colour);
        assert!(told.contains("as it was: it does not answer"), "{told}");
    }
}
