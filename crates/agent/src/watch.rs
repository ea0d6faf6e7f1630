//! The disks while the agent runs: the kernel's news, the known disks, and the log.

use crate::disks::{Disks, Event, News, Uevents};
use crate::text::Families;
use crate::tree::{Root, Trouble};
use rustix::fd::{AsFd, BorrowedFd};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So many messages are followed before whoever asked may do something else.
const AT_ONCE: usize = 256;
/// A socket that fails is left alone for this long: it may well fail for good.
const DEAF: Duration = Duration::from_secs(60);

/// The kernel's news and what they mean.
#[derive(Debug)]
pub struct Watch {
    news: Uevents,
    disks: Mutex<Disks>,
    deaf_until: Mutex<Option<Instant>>,
}

impl Watch {
    /// Listens to the kernel, then looks at the disks: in this order nothing is missed between.
    pub fn start(root: Root, known: Option<PathBuf>) -> Result<(Self, Vec<Event>), Trouble> {
        let news = Uevents::open()
            .map_err(|error| Trouble::Silent(format!("the kernel's news of devices: {error}")))?;
        let (disks, events, troubles) = Disks::start(root, known);
        for trouble in &troubles {
            log(&[], Some(trouble));
        }
        Ok((Self { news, disks: Mutex::new(disks), deaf_until: Mutex::default() }, events))
    }

    /// Listens to something else than the kernel, and knows no disks.
    #[cfg(test)]
    pub(crate) fn over(socket: rustix::fd::OwnedFd) -> Self {
        let (disks, ..) = Disks::start(Root::new("/nowhere"), None);
        let news = Uevents::over(socket);
        Self { news, disks: Mutex::new(disks), deaf_until: Mutex::default() }
    }

    /// Whether it is of use to wait for news.
    pub fn hears(&self) -> bool {
        lock(&self.deaf_until).is_none_or(|until| Instant::now() >= until)
    }

    /// What happened since it was asked last, or the first part of it. A list that cannot be written is told after it.
    pub fn events(&self) -> (Vec<Event>, Option<Trouble>) {
        let (mut events, mut trouble) = (Vec::new(), None);
        for _ in 0..AT_ONCE {
            match self.news.next() {
                Ok(News::Disk(news)) => events.extend(self.lock().follow(&news)),
                Ok(News::Lost) => match self.lock().look() {
                    Ok(more) => events.extend(more),
                    Err(error) => trouble = Some(error),
                },
                Ok(News::Other) => {}
                Ok(News::None) => break,
                Err(error) => {
                    *lock(&self.deaf_until) = Some(Instant::now() + DEAF);
                    trouble =
                        Some(Trouble::Silent(format!("the kernel's news of devices: {error}")));
                    break;
                }
            }
        }
        if !events.is_empty() {
            trouble = trouble.or(self.lock().keep().err());
        }
        (events, trouble)
    }

    /// Tells the disks.
    pub fn tell(&self, found: &mut Families) {
        self.lock().tell(found);
    }

    fn lock(&self) -> MutexGuard<'_, Disks> {
        lock(&self.disks)
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.news.as_fd()
    }
}

/// Writes events to the log, one JSON object a line.
pub fn log(events: &[Event], trouble: Option<&Trouble>) {
    let mut out = std::io::stderr().lock();
    let told = trouble.map(|trouble| {
        serde_json::json!({ "event": "trouble", "says": trouble.to_string() }).to_string()
    });
    for line in events.iter().map(Event::line).chain(told) {
        // Of a log that is closed nobody is left to tell.
        drop(writeln!(out, "{line}"));
    }
}

#[cfg(test)]
mod tests {
    use super::Watch;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_storm_of_news_lets_scrapers_have_their_turn() {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        // A socket whose other end is closed always has something to read.
        drop(theirs);
        let watch = Watch::over(ours.into());
        assert!(watch.events().0.is_empty());
        assert!(watch.hears());
    }

    #[test]
    fn a_socket_that_fails_is_left_alone_for_a_while() {
        let watch = Watch::over(std::fs::File::open("/dev/null").expect("it").into());
        assert!(watch.hears());
        let trouble = watch.events().1.expect("it is no socket");
        assert!(trouble.to_string().starts_with("the kernel's news of devices: "), "{trouble}");
        assert!(!watch.hears());
    }
}
