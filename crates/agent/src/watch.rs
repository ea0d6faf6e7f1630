//! The disks while the agent runs: the kernel's news, the known disks, and the log.

use crate::disks::{Disks, Event, News, Uevents};
use crate::text::Families;
use crate::tree::{Root, Trouble};
use rustix::fd::{AsFd, BorrowedFd};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The kernel's news and what they mean.
#[derive(Debug)]
pub struct Watch {
    news: Uevents,
    disks: Mutex<Disks>,
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
        Ok((Self { news, disks: Mutex::new(disks) }, events))
    }

    /// What happened since it was asked last. A list that cannot be written is told after it.
    pub fn events(&self) -> (Vec<Event>, Option<Trouble>) {
        let (mut events, mut trouble) = (Vec::new(), None);
        loop {
            match self.news.next() {
                Ok(News::Disk(news)) => events.extend(self.lock().follow(&news)),
                Ok(News::Lost) => match self.lock().look() {
                    Ok(more) => events.extend(more),
                    Err(error) => trouble = Some(error),
                },
                Ok(News::Other) => {}
                Ok(News::None) => break,
                Err(error) => {
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
        self.disks.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
