//! The agent as scrapers meet it: good ones, slow ones and bad ones.

use agent::serve::{Besides, Server};
use agent::tree::Root;
use agent::watch::Watch;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Ends the server also where an assertion fails: its scope waits for it.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs a server while `ask` asks it, and tells how long it then took to end.
fn serving(ask: impl FnOnce(SocketAddr)) -> Duration {
    let source = agent::Source {
        root: Root::new("/"),
        textfile: None,
        smart: None,
        bird: "/nowhere".into(),
        with: vec![],
    };
    let server = Server::bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let (watch, _) = Watch::start(Root::new("/"), None).expect("the kernel's news");
    let (stop, address) = (AtomicBool::new(false), server.address().expect("an address"));
    std::thread::scope(|scope| {
        let running = scope.spawn(|| server.run(&source, (&watch, Besides::default()), &stop));
        let told_to_stop = Stop(&stop);
        ask(address);
        drop(told_to_stop);
        let begin = Instant::now();
        running.join().expect("no panic").expect("no error");
        begin.elapsed()
    })
}

fn say(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
    stream.write_all(request).expect("it reads");
    let mut answer = Vec::new();
    // Who is sent away in the middle of a request may be told so by a reset.
    drop(stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_scraper_is_answered_while_others_dawdle_and_talk_nonsense() {
    let ended = serving(|address| {
        // One that says half of something and then nothing.
        let mut slow = TcpStream::connect(address).expect("it listens");
        slow.write_all(b"GET /met").expect("it reads");
        assert!(say(address, b"\x00\xff\r\n\r\n").starts_with("HTTP/1.1 400 "));
        assert!(say(address, b"POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
        assert!(say(address, b"GET /../etc/passwd HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
        assert!(say(address, &[b'a'; 8 * 1024]).starts_with("HTTP/1.1 400 "), "a head without end");

        let answer = say(address, b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        assert!(
            head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"),
            "{head}"
        );
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{head}");
        for name in ["node_load1 ", "process_resident_memory_bytes ", "ketupa_disk_events_total{"] {
            assert!(body.lines().any(|line| line.starts_with(name)), "{name} is not there");
        }
        drop(slow);
    });
    assert!(ended < Duration::from_secs(3), "it took {ended:?} to end");
}

#[test]
fn no_more_than_four_are_answered_at_once() {
    serving(|address| {
        let slow: Vec<TcpStream> =
            (0..4).map(|_| TcpStream::connect(address).expect("it listens")).collect();
        std::thread::sleep(Duration::from_millis(300));
        let fifth = say(address, b"GET /metrics HTTP/1.1\r\n\r\n");
        let first = fifth.lines().next();
        assert_eq!(first, Some("HTTP/1.1 503 Service Unavailable"), "the fifth is told so");
        assert!(fifth.ends_with("ask again later.\n"), "{fifth:?}");
        drop(slow);
        let begun = Instant::now();
        while !say(address, b"GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200 ") {
            assert!(begun.elapsed() < Duration::from_secs(20), "nobody is answered any more");
            std::thread::sleep(Duration::from_millis(50));
        }
    });
}

#[test]
fn whoever_was_answered_may_ask_again_at_once() {
    serving(|address| {
        let again = || {
            for _ in 0..200 {
                let answer = say(address, b"GET / HTTP/1.1\r\n\r\n");
                assert_eq!(answer.lines().next(), Some("HTTP/1.1 200 OK"));
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(again);
            }
        });
    });
}
