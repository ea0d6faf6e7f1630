//! What somebody types, as keys; and a terminal that gives each one at once.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Another screen, without a cursor; and back to what was there before.
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l";
const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Letter(char),
    Enter,
    Escape,
    Erase,
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    /// Ctrl-C, Ctrl-D, a signal, or a terminal that went away.
    Interrupt,
}

/// The keys in what a terminal sends. An escape with nothing behind it is the key itself.
pub(super) fn keys(bytes: &[u8]) -> Vec<Key> {
    let text = String::from_utf8_lossy(bytes);
    let mut rest = text.as_ref();
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        let special = SEQUENCES.iter().find_map(|(sequence, key)| {
            rest.strip_prefix(sequence).map(|behind| (behind, Some(*key)))
        });
        let (behind, key) = special.unwrap_or_else(|| plain(rest, first));
        found.extend(key);
        rest = behind;
    }
    found
}

const SEQUENCES: &[(&str, Key)] = &[
    ("\u{1b}[A", Key::Up),
    ("\u{1b}OA", Key::Up),
    ("\u{1b}[B", Key::Down),
    ("\u{1b}OB", Key::Down),
    ("\u{1b}[5~", Key::PageUp),
    ("\u{1b}[6~", Key::PageDown),
    ("\u{1b}[H", Key::Home),
    ("\u{1b}[1~", Key::Home),
    ("\u{1b}OH", Key::Home),
    ("\u{1b}[F", Key::End),
    ("\u{1b}[4~", Key::End),
    ("\u{1b}OF", Key::End),
    ("\r", Key::Enter),
    ("\n", Key::Enter),
    ("\u{7f}", Key::Erase),
    ("\u{8}", Key::Erase),
    ("\u{3}", Key::Interrupt),
    ("\u{4}", Key::Interrupt),
];

/// A letter, an escape, or a key that means nothing here: its whole sequence is skipped.
fn plain(text: &str, first: char) -> (&str, Option<Key>) {
    let behind = text.strip_prefix(first).unwrap_or_default();
    match first {
        '\u{1b}' => match behind.strip_prefix('[') {
            Some(sequence) => {
                let end = sequence.find(|letter: char| ('@'..='~').contains(&letter));
                let skipped = end.and_then(|end| sequence.get(end + 1..));
                (skipped.unwrap_or_default(), None)
            }
            None => (behind, Some(Key::Escape)),
        },
        letter if letter.is_control() => (behind, None),
        letter => (behind, Some(Key::Letter(letter))),
    }
}

/// A terminal that gives keys at once and shows none of them; it is as it was when this goes.
pub(super) struct Terminal {
    before: Termios,
    ended: Arc<AtomicBool>,
}

impl Terminal {
    /// Takes the terminal, if somebody sits at it.
    pub(super) fn take() -> Option<Self> {
        let input = std::io::stdin();
        if !input.is_terminal() {
            return None;
        }
        let before = tcgetattr(&input).ok()?;
        let ended = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&ended)).ok()?;
        }
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
        tcsetattr(&input, OptionalActions::Now, &silent).ok()?;
        write(ENTER);
        Some(Self { before, ended })
    }

    /// The keys that come within a time, in milliseconds.
    pub(super) fn wait(&self, millis: u32) -> Vec<Key> {
        let input = std::io::stdin();
        let mut watched = [PollFd::new(&input, PollFlags::IN)];
        let time = Timespec { tv_sec: 0, tv_nsec: i64::from(millis.min(999)) * 1_000_000 };
        let came = poll(&mut watched, Some(&time));
        if self.ended.load(Ordering::Relaxed) {
            return vec![Key::Interrupt];
        }
        match came {
            Ok(0) | Err(Errno::INTR) => return Vec::new(),
            Ok(_) => {}
            Err(_) => return vec![Key::Interrupt],
        }
        let mut bytes = [0; 64];
        match rustix::io::read(&input, &mut bytes) {
            Ok(0) => vec![Key::Interrupt],
            Ok(count) => keys(bytes.get(..count).unwrap_or_default()),
            Err(Errno::INTR | Errno::AGAIN) => Vec::new(),
            Err(_) => vec![Key::Interrupt],
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        write(LEAVE);
        // A terminal that went away needs nothing any more.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before);
    }
}

fn write(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::{Key, keys};

    #[test]
    fn what_terminals_send_is_understood() {
        assert_eq!(keys(b"sq"), [Key::Letter('s'), Key::Letter('q')]);
        let arrows = [Key::Up, Key::Down, Key::Up, Key::PageDown, Key::Home, Key::End];
        assert_eq!(keys(b"\x1b[A\x1b[B\x1bOA\x1b[6~\x1b[1~\x1b[F"), arrows);
        assert_eq!(keys(b"\x1b"), [Key::Escape]);
        assert_eq!(keys(b"\r\x7f\x03"), [Key::Enter, Key::Erase, Key::Interrupt]);
        assert_eq!(keys("é\u{1b}[24~j\u{1}".as_bytes()), [Key::Letter('é'), Key::Letter('j')]);
        assert_eq!(keys(b"\x1b["), []);
        assert_eq!(keys(b"\xff"), [Key::Letter('\u{fffd}')]);
    }
}
