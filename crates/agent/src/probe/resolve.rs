//! Where a name is, within a time: the system's resolver has limits of its own, and they are long.

use super::stream::left;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread::Builder;
use std::time::Instant;

/// Names that may be looked up at once, those that nobody waits for any more among them: the resolver
/// cannot be told to stop.
const MOST: usize = 64;

static LOOKING: AtomicUsize = AtomicUsize::new(0);

/// Counts one that is being looked up.
struct Turn;

impl Turn {
    fn take() -> Option<Self> {
        let one_more = |looking: usize| (looking < MOST).then_some(looking + 1);
        LOOKING.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok().map(|_| Self)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        LOOKING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The first address of a name, if it is found until then.
pub(super) fn resolve(to: &str, port: u16, until: Instant) -> Result<SocketAddr, String> {
    if let Ok(address) = to.parse::<IpAddr>() {
        return Ok((address, port).into());
    }
    let name = to.to_owned();
    look(to, until, move || {
        let mut found = (name.as_str(), port).to_socket_addrs().map_err(|e| e.to_string())?;
        found.next().ok_or_else(|| "it has no address".to_owned())
    })
}

/// Looks on a thread of its own, which is left alone when the time is over.
fn look(
    to: &str,
    until: Instant,
    found: impl FnOnce() -> Result<SocketAddr, String> + Send + 'static,
) -> Result<SocketAddr, String> {
    let told = |why: &dyn std::fmt::Display| format!("{to}: {why}");
    let turn = Turn::take().ok_or_else(|| {
        told(&format_args!("{MOST} names are being looked up already, and nothing answers"))
    })?;
    let (send, receive) = channel();
    let thread = Builder::new().name("resolve".into()).spawn(move || {
        let _turn = turn;
        // Nobody may wait for it any more.
        drop(send.send(found()));
    });
    thread.map_err(|error| told(&error))?;
    let patience = left(until).map_err(|error| told(&error))?;
    match receive.recv_timeout(patience) {
        Ok(found) => found.map_err(|why| told(&why)),
        Err(_) => Err(told(&"its address was not found in time")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn an_address_needs_nobody_and_a_name_of_this_host_is_found() {
        let soon = Instant::now() + Duration::from_secs(5);
        assert_eq!(resolve("2001:db8::1", 7, soon), Ok("[2001:db8::1]:7".parse().unwrap()));
        assert!(resolve("localhost", 7, soon).is_ok_and(|found| found.ip().is_loopback()));
        let odd = resolve("no.such.name.invalid", 7, soon);
        assert!(odd.is_err_and(|why| why.starts_with("no.such.name.invalid: ")));
    }

    #[test]
    fn a_resolver_that_hangs_costs_no_more_than_the_time_and_a_bounded_number_of_threads() {
        let (release, held) = channel::<()>();
        let held = std::sync::Arc::new(std::sync::Mutex::new(held));
        let begin = Instant::now();
        let hangs = || {
            let held = std::sync::Arc::clone(&held);
            look("x", Instant::now() + Duration::from_millis(20), move || {
                // It goes on when the other end is gone.
                drop(held.lock().map(|held| held.recv()));
                Err("released".into())
            })
        };
        for _ in 0..MOST {
            assert_eq!(hangs(), Err("x: its address was not found in time".into()));
        }
        assert!(hangs().is_err_and(|why| why.contains("64 names are being looked up")));
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
        drop(release);
        let all_ended = || LOOKING.load(Ordering::Relaxed) == 0;
        while !all_ended() {
            assert!(begin.elapsed() < Duration::from_secs(20), "turns are given back");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
