//! The agent's one loop: it waits for scrapers, answers a few at once, and ends when it is told to.

use crate::collect::Source;
use crate::logs::Followers;
use crate::outbox::Outbox;
use crate::probe::Prober;
use crate::text::{Families, Metric};
use crate::watch::{self, Watch};
use crate::{collect, http, own};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// More scrapers at once are sent away: each costs a thread.
const MOST: usize = 4;
/// How long the loop waits before it looks whether it shall end.
const TICK: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// How long the loop rests after an error that lasts.
const BREATH: Duration = Duration::from_millis(100);
/// Errors of accepting that say that one scraper went away, or that none is there.
const PASSING: [io::ErrorKind; 3] =
    [io::ErrorKind::WouldBlock, io::ErrorKind::ConnectionAborted, io::ErrorKind::Interrupted];
const TOOK: Metric<'_> =
    Metric::gauge("ketupa_agent_scrape_duration_seconds", "How long all collectors took together.");

/// What there is to tell besides what the collectors find.
#[derive(Debug, Clone, Copy, Default)]
pub struct Besides<'a> {
    /// The disks, where they are watched.
    pub watch: Option<&'a Watch>,
    /// What is to be sent, where something is.
    pub outbox: Option<&'a Outbox>,
    /// What is tried from here, where something is.
    pub prober: Option<&'a Prober>,
    /// The logs that are followed, where some are.
    pub logs: Option<&'a Followers>,
}

/// All metrics as text.
pub fn metrics(source: &Source, besides: Besides<'_>) -> String {
    let begin = Instant::now();
    let mut found = collect::gather(source);
    collect::time(&mut found, "process", own::process);
    if let Some(watch) = besides.watch {
        watch.tell(&mut found);
    }
    if let Some(outbox) = besides.outbox {
        outbox.tell(&mut found);
    }
    if let Some(prober) = besides.prober {
        prober.tell(&mut found);
    }
    if let Some(logs) = besides.logs {
        logs.tell(&mut found);
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
    pub fn run(
        &self,
        source: &Source,
        (watch, besides): (&Watch, Besides<'_>),
        stop: &AtomicBool,
    ) -> io::Result<()> {
        let besides = Besides { watch: Some(watch), ..besides };
        let busy = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            while !stop.load(Ordering::Relaxed) {
                let hears = watch.hears();
                let mut ready =
                    [PollFd::new(&self.listener, PollFlags::IN), PollFd::new(watch, PollFlags::IN)];
                let asked = ready.get_mut(..if hears { 2 } else { 1 }).unwrap_or_default();
                match poll(asked, Some(&TICK)) {
                    Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                    Ok(_) => {}
                    Err(error) => return Err(error.into()),
                }
                if hears {
                    let (events, trouble) = watch.events();
                    watch::log(&events, trouble.as_ref());
                }
                let Some(stream) = self.accept() else { continue };
                let Some(slot) = Slot::take(&busy) else {
                    drop(http::send_away(&stream));
                    continue;
                };
                let answer = move || {
                    // A scraper that went away has nothing to be told.
                    drop(http::answer(&stream, || metrics(source, besides)));
                    // In this order: who sees the end of the answer may ask again at once.
                    drop(slot);
                    drop(stream);
                };
                // A host that has no thread to give closes the connection, and gives the slot back.
                drop(Builder::new().spawn_scoped(scope, answer));
            }
            Ok(())
        })
    }

    /// The next scraper, if it is still there. An error that will be there the next time too, such
    /// as too many open files, shall not take a processor for itself.
    fn accept(&self) -> Option<TcpStream> {
        match self.listener.accept() {
            Ok((stream, _)) => Some(stream),
            Err(error) => {
                if !PASSING.contains(&error.kind()) {
                    std::thread::sleep(BREATH);
                }
                None
            }
        }
    }
}

/// One of the few threads that answer; it is free again when this goes, however it goes.
struct Slot<'a>(&'a AtomicUsize);

impl<'a> Slot<'a> {
    /// A slot, if one is free. Only the one loop takes some.
    fn take(busy: &'a AtomicUsize) -> Option<Self> {
        if busy.load(Ordering::Relaxed) >= MOST {
            return None;
        }
        busy.fetch_add(1, Ordering::Relaxed);
        Some(Self(busy))
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{Besides, MOST, Server, Slot};
    use crate::tree::Root;
    use crate::watch::Watch;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    #[test]
    fn a_slot_comes_back_also_from_a_thread_that_panics() {
        let busy = AtomicUsize::new(0);
        let slots: Vec<Slot<'_>> = (0..MOST).filter_map(|_| Slot::take(&busy)).collect();
        assert_eq!(slots.len(), MOST);
        assert!(Slot::take(&busy).is_none());
        drop(slots);
        let slot = Slot::take(&busy).expect("they are free again");
        std::thread::scope(|scope| {
            let panics = scope.spawn(move || {
                let _slot = slot;
                panic!("a collector of this test");
            });
            assert!(panics.join().is_err());
        });
        assert_eq!(busy.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn news_that_cannot_be_had_do_not_make_the_loop_spin() {
        let nothing = std::fs::File::open("/dev/null").expect("it");
        rests(&server(), &Watch::over(nothing.into()));
    }

    #[test]
    fn scrapers_that_cannot_be_accepted_do_not_make_the_loop_spin() {
        let server = server();
        // From here on there is always something to accept, and accepting it always fails.
        rustix::net::shutdown(&server.listener, rustix::net::Shutdown::Both).expect("it listens");
        let (watch, _) = Watch::start(Root::new("/nowhere"), None).expect("the kernel's news");
        rests(&server, &watch);
    }

    fn server() -> Server {
        Server::bind(([127, 0, 0, 1], 0).into()).expect("a port")
    }

    /// Runs a server for a second, in which it has nothing to do.
    fn rests(server: &Server, watch: &Watch) {
        let source = crate::Source {
            root: Root::new("/nowhere"),
            textfile: None,
            smart: None,
            bird: "/nowhere".into(),
            with: vec![],
        };
        let stop = AtomicBool::new(false);
        let (begin, before) = (Instant::now(), used());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_secs(1));
                stop.store(true, Ordering::Relaxed);
            });
            server.run(&source, (watch, Besides::default()), &stop).expect("no error of its own");
        });
        let ticks = used() - before;
        assert!(begin.elapsed() >= Duration::from_secs(1));
        assert!(ticks < 10, "{ticks} hundredths of a second of a processor in one second");
    }

    /// What this thread used of processors, in hundredths of a second.
    fn used() -> u64 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").expect("it");
        let words = stat.rsplit_once(')').expect("a name").1.split_whitespace();
        words.skip(11).take(2).map(|word| word.parse::<u64>().expect("a number")).sum()
    }
}
