//! The agent's one loop: it waits for scrapers, answers a few at once, and ends when it is told to.

use crate::collect::Source;
use crate::text::{Families, Metric};
use crate::watch::{self, Watch};
use crate::{collect, http, own};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

/// More scrapers at once are sent away: each costs a thread.
const MOST: usize = 4;
/// How long the loop waits before it looks whether it shall end.
const TICK: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
const TOOK: Metric<'_> =
    Metric::gauge("ketupa_agent_scrape_duration_seconds", "How long all collectors took together.");

/// All metrics as text, with those of the disks if they are watched.
pub fn metrics(source: &Source, watch: Option<&Watch>) -> String {
    let begin = Instant::now();
    let mut found = collect::gather(source);
    collect::time(&mut found, "process", own::process);
    if let Some(watch) = watch {
        watch.tell(&mut found);
    }
    found.add(&TOOK, &[], begin.elapsed().as_secs_f64());
    Families::write(found)
}

/// Where scrapers are answered.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
}

impl Server {
    /// Listens there.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener })
    }

    /// The address, with the port that was found where none was asked for.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers scrapers and logs what happens to disks until `stop`; those who were being answered
    /// are answered to the end.
    pub fn run(&self, source: &Source, watch: &Watch, stop: &AtomicBool) -> io::Result<()> {
        let busy = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            while !stop.load(Ordering::Relaxed) {
                let mut ready =
                    [PollFd::new(&self.listener, PollFlags::IN), PollFd::new(watch, PollFlags::IN)];
                match poll(&mut ready, Some(&TICK)) {
                    Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                    Ok(_) => {}
                    Err(error) => return Err(error.into()),
                }
                let (events, trouble) = watch.events();
                watch::log(&events, trouble.as_ref());
                let Some(stream) = self.accept() else { continue };
                if busy.load(Ordering::Relaxed) >= MOST {
                    continue;
                }
                busy.fetch_add(1, Ordering::Relaxed);
                let busy = &busy;
                scope.spawn(move || {
                    // A scraper that went away has nothing to be told.
                    drop(http::answer(&stream, || metrics(source, Some(watch))));
                    busy.fetch_sub(1, Ordering::Relaxed);
                });
            }
            Ok(())
        })
    }

    /// The next scraper, if it is still there.
    fn accept(&self) -> Option<TcpStream> {
        self.listener.accept().ok().map(|(stream, _)| stream)
    }
}
