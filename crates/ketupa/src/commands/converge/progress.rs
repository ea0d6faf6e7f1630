//! What is going on, for whoever watches: on a terminal a line for each host that is on its way, gone when it is
//! over; elsewhere a line for each change that ended.

use super::told::{hosts, verdict};
use crate::report::plain;
use converge::Step;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// More hosts than these are only counted.
const SHOWN: usize = 8;

/// Tells how far many hosts are.
pub(super) struct Progress {
    begun: Instant,
    terminal: bool,
    now: Mutex<Now>,
}

/// What stands on the terminal.
struct Now {
    all: usize,
    over: usize,
    running: BTreeSet<String>,
    /// Lines that have to be taken away again.
    drawn: usize,
}

impl Progress {
    /// For so many hosts.
    pub(super) fn new(all: usize) -> Self {
        let now = Now { all, over: 0, running: BTreeSet::new(), drawn: 0 };
        let terminal = std::io::stderr().is_terminal();
        Self { begun: Instant::now(), terminal, now: Mutex::new(now) }
    }

    /// Something happens to a host.
    pub(super) fn step(&self, host: &str, step: Step<'_>) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let line = match step {
            Step::Begins => {
                now.running.insert(host.to_owned());
                None
            }
            Step::Seen => now.ended(host),
            Step::Changed(outcome) => {
                let said = verdict(outcome);
                let first = plain(said.lines().next().unwrap_or_default());
                now.ended(host);
                Some(format!("{host}: {first}"))
            }
        };
        self.show(&mut now, line.as_deref());
    }

    /// A wave begins.
    pub(super) fn wave(&self, number: usize, of: usize, names: &[&str]) {
        if !names.is_empty() {
            let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
            self.show(&mut now, Some(&format!("wave {number} of {of}: {}", names.join(", "))));
        }
    }

    /// Adds a line that stays, and draws anew what does not.
    fn show(&self, now: &mut Now, line: Option<&str>) {
        let mut text = if self.terminal { now.cleared() } else { String::new() };
        if let Some(line) = line {
            let _ = writeln!(text, "{:6.1} s  {line}", self.begun.elapsed().as_secs_f32());
        }
        if self.terminal {
            text += &now.drawn_anew();
        }
        // Nobody is left to tell that standard error is closed.
        drop(std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes()));
    }
}

impl Now {
    fn ended(&mut self, host: &str) -> Option<String> {
        self.over += 1;
        self.running.remove(host);
        None
    }

    /// What takes away the lines that were drawn.
    fn cleared(&self) -> String {
        if self.drawn == 0 { String::new() } else { format!("\r\x1b[{}A\x1b[J", self.drawn) }
    }

    fn drawn_anew(&mut self) -> String {
        let mut lines: Vec<String> =
            self.running.iter().take(SHOWN).map(|host| format!("  … {host}\n")).collect();
        if !self.running.is_empty() {
            let more = self.running.len().saturating_sub(SHOWN);
            let more =
                if more > 0 { format!(", and {more} more on their way") } else { String::new() };
            lines.push(format!("  {} of {}{more}\n", self.over, hosts(self.all)));
        }
        self.drawn = lines.len();
        lines.concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_away_exactly_what_it_drew() {
        let mut now = Now { all: 12, over: 0, running: BTreeSet::new(), drawn: 0 };
        now.running = (0..10).map(|number| format!("h{number}")).collect();
        let drawn = now.drawn_anew();
        assert_eq!(drawn.matches('\n').count(), SHOWN + 1);
        assert!(drawn.ends_with("  0 of 12 hosts, and 2 more on their way\n"), "{drawn}");
        assert_eq!(now.cleared(), "\r\x1b[9A\x1b[J");
        now.running.clear();
        assert_eq!((now.drawn_anew(), now.cleared()), (String::new(), String::new()));
    }
}
