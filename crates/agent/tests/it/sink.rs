//! A server for remote write that counts, and fails when it is told to.

use metrics::{Matcher, NAME, Op, Point, Settings, Store};
use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// How a request is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is kept.
    Well,
    /// It is not kept, and this is said.
    Status(u16, &'static str),
    /// It is kept, and the connection ends in the middle of the answer.
    Cut,
    /// It is kept, and nothing is said.
    Silence,
}

struct Shared {
    store: Mutex<Store>,
    /// How the next requests are answered; after them all goes well.
    plan: Mutex<VecDeque<Answer>>,
    heads: Mutex<Vec<String>>,
    stop: AtomicBool,
}

/// A server in this process.
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    path: PathBuf,
}

impl Sink {
    /// A server with a store of its own, at an address that was free, or at a given one.
    pub(crate) fn new(path: &Path, address: Option<SocketAddr>) -> Self {
        let store = Store::open(path, Settings::default()).expect("it opens");
        let listener = TcpListener::bind(address.unwrap_or(([127, 0, 0, 1], 0).into()));
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("it has one");
        let shared = Arc::new(Shared {
            store: Mutex::new(store),
            plan: Mutex::default(),
            heads: Mutex::default(),
            stop: AtomicBool::new(false),
        });
        let own = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if own.stop.load(Ordering::Relaxed) {
                    return;
                }
                // One connection after the other: an agent has one.
                let _ = serve(&own, &stream);
            }
        });
        Self { address, shared, thread: Some(thread), path: path.to_owned() }
    }

    pub(crate) fn plan(&self, answers: &[Answer]) {
        self.shared.plan.lock().expect("no panic").extend(answers.iter().cloned());
    }

    /// Heads of requests so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.shared.heads.lock().expect("no panic").clone()
    }

    /// The samples of a name, by series.
    pub(crate) fn samples(&self, name: &str) -> Vec<(String, Vec<Point>)> {
        let named = Matcher::new(NAME, Op::Matches, name).expect("it is right");
        let store = self.shared.store.lock().expect("no panic");
        let all = store.read(&[named], i64::MIN / 2, i64::MAX / 2).into_iter();
        all.map(|(labels, points)| (labels.to_string(), points)).collect()
    }

    /// Ends, and gives its address to the next.
    pub(crate) fn end(mut self) -> (PathBuf, SocketAddr) {
        self.halt();
        (self.path.clone(), self.address)
    }

    fn halt(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            thread.join().expect("no panic");
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.halt();
    }
}

fn serve(shared: &Shared, stream: &TcpStream) -> std::io::Result<()> {
    // Between two looks at whether it shall end.
    stream.set_read_timeout(Some(Duration::from_millis(200)))?;
    let mut reader = BufReader::new(stream);
    loop {
        while let Err(error) = reader.fill_buf() {
            let waits = matches!(
                error.kind(),
                std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
            );
            if !waits || shared.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
        }
        if reader.buffer().is_empty() || !answer(shared, &mut reader, stream)? {
            return Ok(());
        }
    }
}

/// Answers one request; whether the connection goes on.
fn answer(
    shared: &Shared,
    reader: &mut BufReader<&TcpStream>,
    mut stream: &TcpStream,
) -> std::io::Result<bool> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(false);
        }
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = vec![0; length.unwrap_or_default()];
    reader.read_exact(&mut body)?;
    shared.heads.lock().expect("no panic").push(head);
    let answer = shared.plan.lock().expect("no panic").pop_front().unwrap_or(Answer::Well);
    if !matches!(answer, Answer::Status(..)) {
        let now = jiff::Timestamp::now().as_millisecond();
        let kept = shared.store.lock().expect("no panic").remote_write(&body, now);
        assert_eq!(kept.expect("it is right").refused, 0);
    }
    match answer {
        Answer::Well => stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?,
        Answer::Status(status, more) => {
            let text = format!("HTTP/1.1 {status} No\r\n{more}Content-Length: 4\r\n\r\nwhy\n");
            stream.write_all(text.as_bytes())?;
        }
        Answer::Cut => {
            stream.write_all(b"HTTP/1.1 204 No Con")?;
            return Ok(false);
        }
        Answer::Silence => return Ok(false),
    }
    Ok(true)
}
