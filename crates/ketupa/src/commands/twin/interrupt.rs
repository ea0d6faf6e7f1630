//! Ctrl-C while a twin comes up: what was started goes again, so that nothing is left half up.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use std::thread::JoinHandle;
use std::time::Duration;
use twin::{Site, Twin};

/// While it lives, a signal takes the twin down and ends the program.
pub(super) struct Undo(Option<(Handle, JoinHandle<()>)>);

impl Undo {
    /// Watches over the twin of this name. Where signals cannot be had, nothing is watched and the
    /// next `up` or `down` clears what an interruption left.
    pub(super) fn watch(name: &str) -> Self {
        let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else { return Self(None) };
        let handle = signals.handle();
        let name = name.to_owned();
        let thread = std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                leave(&name, signal);
            }
        });
        Self(Some((handle, thread)))
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        if let Some((handle, thread)) = self.0.take() {
            handle.close();
            // A signal that came already is being obeyed: the program ends there.
            drop(thread.join());
        }
    }
}

/// Takes the twin down and ends the program as the signal would have.
#[expect(clippy::exit, reason = "the main thread is in the middle of what is undone here")]
fn leave(name: &str, signal: i32) -> ! {
    // Its own start may hold the lock for a moment.
    for _ in 0..100 {
        let cleared = Site::here().and_then(|site| Twin::clear(&site, name));
        if cleared.is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    std::process::exit(128 + signal)
}
